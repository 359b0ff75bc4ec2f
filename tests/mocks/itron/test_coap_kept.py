"""What of the gateway and the mesh a snapshot, a reset and a folder carry: sessions and devices, not observations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cbor2
from tests.mocks.itron.coap_support import ECHO, TEMP, Desk, proxied
from tests.mocks.support import START

from vendorlab.mocks import registry
from vendorlab.mocks.core.coap.codes import Code
from vendorlab.mocks.core.coap.options import Option
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from pathlib import Path


HOUR = 3_600


def said(desk: Desk, path: str) -> str:
    return str(cbor2.loads(desk.get(path).payload)[1])


def test_snapshot_brings_back_sessions_and_devices(desk: Desk) -> None:
    desk.put(f"{TEMP}?cfg=C")
    desk.put(f"{ECHO}?cfg=hi")
    desk.get(f"{ECHO}?sens")
    desk.observe()
    before = said(desk, f"{TEMP}?sens")
    document = desk.world.snapshot()
    desk.put(f"{TEMP}?cfg=F")
    desk.put(f"{ECHO}?cfg=ho")
    desk.ask(Code.DELETE, proxied("coap://x", (Option.URI_PATH, "sessions")))
    desk.world.clock.advance(4 * HOUR)
    desk.take()
    assert desk.get().code == Code.UNAUTHORIZED
    desk.world.restore(document)
    assert said(desk, f"{TEMP}?sens") == before
    assert said(desk, f"{ECHO}?sens") == "hi 2"
    assert desk.observe().options.uint(Option.OBSERVE) == 4, "the counter goes on"


def test_restored_world_has_no_observers_and_no_timers_of_theirs(desk: Desk) -> None:
    desk.observe()
    desk.mesh.set_conditions(desk.mac(2), latency=100)
    desk.request(Code.GET, proxied(desk.uri(number=2)))
    desk.mesh.set_conditions(loss_in=0.5)
    document = desk.world.snapshot()
    desk.mesh.set_conditions(loss_in=0)
    desk.world.restore(document)
    fired = desk.world.clock.advance(HOUR)
    assert desk.take() == []
    assert {one.name for one in fired} <= {"itron.access-token-expired"}
    assert desk.mesh.conditions(desk.mesh.node(desk.mac(2))).latency == 100
    assert desk.mesh.conditions(desk.mesh.node(desk.mac(0))).loss_in == 0.5


def test_restored_session_still_ends_after_four_hours(desk: Desk) -> None:
    desk.world.clock.advance(HOUR)
    desk.get()
    desk.world.restore(desk.world.snapshot())
    desk.world.clock.advance(4 * HOUR - 1)
    assert len(desk.vendor.backend.sessions) == 1
    desk.world.clock.advance(1)
    assert len(desk.vendor.backend.sessions) == 0


def test_reset_ends_sessions_and_forgets_devices(desk: Desk) -> None:
    desk.put(f"{ECHO}?cfg=hi")
    desk.observe()
    desk.world.reset()
    assert desk.take() == []
    assert desk.get().code == Code.UNAUTHORIZED
    desk.open()
    assert said(desk, f"{ECHO}?sens") == "Hello World: 1"
    assert desk.advance(HOUR) == []


def test_reset_to_another_seed_has_other_devices(desk: Desk) -> None:
    old = desk.uri()
    desk.world.reset(8)
    desk.open()
    assert desk.ask(Code.GET, proxied(old)).code == Code.BAD_GATEWAY
    assert desk.get().code == Code.CONTENT


def test_snapshot_from_before_the_gateway_can_be_restored(desk: Desk) -> None:
    document = desk.vendor.snapshot()
    for table in ("itron_sessions", "itron_mesh"):
        del document[table]
    desk.vendor.restore(document)
    assert len(desk.vendor.backend.sessions) == 0


def kept(folder: Path, **settings: Any) -> World:
    options = WorldOptions(seed=7, start=START, rate=0.0, state=folder, settings={"itron": settings})
    return World(registry.factories(["itron"]), options)


def test_session_and_devices_outlive_the_process(tmp_path: Path) -> None:
    with kept(tmp_path) as world:
        desk = Desk(world)
        desk.open()
        desk.put(f"{TEMP}?cfg=C")
        desk.get(f"{ECHO}?sens")
        desk.observe()
        world.clock.advance(120)
        world.store.commit()
    with kept(tmp_path) as world:
        desk = Desk(world)
        assert said(desk, f"{ECHO}?sens") == "Hello World: 2"
        assert said(desk, f"{TEMP}?sens").endswith(",C")
        assert desk.observe().options.uint(Option.OBSERVE) == 6
        world.clock.advance(4 * HOUR)
        desk.take()
        assert desk.get().code == Code.UNAUTHORIZED


def test_state_shows_sessions_without_secrets(desk: Desk) -> None:
    state = desk.vendor.state()
    (session,) = state["sessions"]
    assert session["source"] == "127.0.0.1:40001"
    assert session["tenant"] == desk.tenants[0].id
