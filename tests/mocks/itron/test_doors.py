"""The broker at its address: TLS as the vendor has it, other doors when asked for, and how all of it ends."""

from __future__ import annotations

import shutil
import socket
import ssl
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tests.mocks.core.mqtt.conftest import Raw, ended
from tests.mocks.itron.support import Caller
from tests.mocks.itron.test_kept import kept
from tests.mocks.support import eventually

from vendorlab.mocks.core.errors import WorldError
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.sockets import PortTakenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.mocks.conftest import MakeWorld

    from vendorlab.mocks.core.edges.certificates import TlsFiles
    from vendorlab.mocks.core.world import World

    Open = Callable[..., Raw]

FACE = "itron-mqtt"


@pytest.fixture
def enter() -> Iterator[Open]:
    """Connect to a world's broker, over TLS where its address says so, and be let in as the first tenant."""
    with ExitStack() as stack:

        def make(world: World, url: str | None = None, **options: Any) -> Raw:
            place = urlsplit(url or world.listen(FACE))
            wire: Any = socket.create_connection((place.hostname or "", place.port or 0), timeout=10)
            if place.scheme == "mqtts":
                context = ssl.create_default_context(cafile=world.ca(FACE))
                wire = context.wrap_socket(wire, server_hostname=place.hostname)
            raw = Raw(stack.enter_context(wire), 4)
            login: dict[str, Any] = {"username": "notused", "password": Caller(world).token().encode()}
            return raw.enter(**login | options)

        yield make


def tenant(world: World) -> str:
    return str(Caller(world).vendor.broker.credentials()["tenant"])


def subscribe(world: World, raw: Raw, qos: int = 0) -> None:
    raw.send(p.Subscribe(1, (p.Subscription(f"{tenant(world)}/alert/+/+", qos),)))
    assert raw.next().codes == (qos,)


def test_address_speaks_tls_where_nothing_else_does(world_of: MakeWorld, enter: Open) -> None:
    world = world_of("itron")
    assert world.listen("itron-platform").startswith("http://")
    assert world.listen(FACE).startswith("mqtts://127.0.0.1:")
    assert world.ca("itron-platform") is None
    raw = enter(world)
    subscribe(world, raw)
    world.clock.advance(3_600)
    assert raw.next().topic.startswith(f"{tenant(world)}/alert/00135005")


def test_made_certificate_ends_with_the_world(world_of: MakeWorld) -> None:
    world = world_of("itron")
    world.listen(FACE)
    ca = Path(str(world.ca(FACE)))
    assert ca.exists()
    assert ca.parent.stat().st_mode & 0o777 == 0o700
    world.stop()
    assert not ca.parent.exists()
    world.listen(FACE)
    assert Path(str(world.ca(FACE))).exists(), "and a world that starts again has another"


def test_world_over_https_shows_one_certificate(world_of: MakeWorld, tls_files: TlsFiles, enter: Open) -> None:
    world = world_of("itron", tls=tls_files)
    assert world.listen("itron-platform").startswith("https://")
    enter(world)
    assert world.ca(FACE) == world.ca("itron-platform") == str(tls_files.ca)
    world.stop()
    assert tls_files.ca.exists()


def test_tls_is_of_version_1_2_at_least_and_names_mqtt(world_of: MakeWorld) -> None:
    world = world_of("itron")
    place = urlsplit(world.listen(FACE))
    context = ssl.create_default_context(cafile=world.ca(FACE))
    context.set_alpn_protocols(["mqtt"])
    with (
        socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as wire,
        context.wrap_socket(wire, server_hostname="localhost") as tls,
    ):
        assert tls.selected_alpn_protocol() == "mqtt"
        assert tls.version() in ("TLSv1.2", "TLSv1.3")


def test_client_without_tls_gets_nothing(world_of: MakeWorld) -> None:
    place = urlsplit(world_of("itron").listen(FACE))
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as wire:
        wire.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00")
        assert wire.recv(100) in (b"", b"\x15\x03\x01\x00\x02\x02\x46")  # a close, perhaps after OpenSSL's alert


def test_plain_door_stands_beside_the_other_when_asked_for(world_of: MakeWorld, enter: Open) -> None:
    world = world_of("itron", settings={"mqtt_plain": True})
    broker = Caller(world).vendor.broker
    assert "plain_url" not in broker.credentials()
    world.listen(FACE)
    plain = broker.credentials()["plain_url"]
    assert plain.startswith("mqtt://127.0.0.1:")
    one, two = enter(world), enter(world, plain, client_id="plain")
    for raw in (one, two):
        subscribe(world, raw)
    world.clock.advance(600)
    assert one.next() == two.next()


def test_address_itself_may_be_plain(world_of: MakeWorld, enter: Open) -> None:
    world = world_of("itron", settings={"mqtt_tls": False})
    assert world.listen(FACE).startswith("mqtt://")
    assert world.ca(FACE) is None
    enter(world)


@pytest.mark.parametrize("tls", [True, False])
def test_websocket_door_stands_beside_the_other_when_asked_for(world_of: MakeWorld, tls: bool) -> None:
    world = world_of("itron", settings={"mqtt_websocket": True, "mqtt_tls": tls})
    world.listen(FACE)
    broker = Caller(world).vendor.broker
    url = broker.credentials()["websocket_url"]
    assert url.startswith("wss://" if tls else "ws://")
    door: Any = urlsplit(url)
    token = Caller(world).token()

    connected = threading.Event()
    client: Any = paho.Client(CallbackAPIVersion.VERSION2, "ws", transport="websockets", clean_session=True)
    client.username_pw_set("notused", token)

    def on_connect(_client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        assert not code.is_failure
        connected.set()

    client.on_connect = on_connect
    if tls:
        client.tls_set(world.ca(FACE))
    client.connect(door.hostname, door.port)
    client.loop_start()
    try:
        assert connected.wait(10)
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.parametrize("taken", ["first", "beside"])
def test_taken_port_leaves_nothing_listening(world_of: MakeWorld, monkeypatch: Any, taken: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        world = world_of("itron", settings={"mqtt_plain": True})
        if taken == "first":
            monkeypatch.setattr("vendorlab.mocks.itron.doors.PORT", -1)
            with pytest.raises(PortTakenError, match=f"port {port} on 127.0.0.1, for itron-mqtt, is in use"):
                world.listen(FACE, port)
        else:
            monkeypatch.setattr("vendorlab.mocks.itron.doors.PORT", 0)
            monkeypatch.setattr("vendorlab.mocks.itron.doors.PLAIN_PORT", port)
            with pytest.raises(PortTakenError, match=f"port {port} on 127.0.0.1, for itron-mqtt, is in use"):
                world.listen(FACE, 0)
        assert world.listeners() == []
        assert Caller(world).vendor.broker.credentials().keys().isdisjoint({"plain_url"})


def test_missing_extra_is_told_with_its_remedy_and_the_way_without(world_of: MakeWorld, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(WorldError) as told:
        world_of("itron").listen(FACE)
    assert "pip install 'vendorlab[tls]'" in str(told.value)
    assert "mqtt_tls=false" in str(told.value)
    assert world_of("itron", settings={"mqtt_tls": False}).listen(FACE)
    monkeypatch.setitem(sys.modules, "websockets", None)
    with pytest.raises(WorldError, match=r"vendorlab\[mqtt\]"):
        world_of("itron", settings={"mqtt_tls": False, "mqtt_websocket": True}).listen(FACE)


def test_stopped_world_sends_everybody_away_at_once(world_of: MakeWorld, enter: Open) -> None:
    world = world_of("itron")
    clients = [enter(world, client_id=str(number)) for number in range(5)]
    before = time.monotonic()
    world.stop()
    assert all(ended(raw) for raw in clients)
    assert time.monotonic() - before < 5


def test_started_again_it_serves_again(world_of: MakeWorld, enter: Open) -> None:
    world = world_of("itron", settings={"mqtt_qos": 1})
    raw = enter(world, client_id="kept", clean=False)
    subscribe(world, raw, 1)
    world.stop()
    assert ended(raw)
    world.clock.advance(600)
    again = enter(world, client_id="kept", clean=False)
    assert again.next().qos == 1


def test_reset_ends_connections_and_new_ones_are_served(world_of: MakeWorld, enter: Open) -> None:
    world = world_of("itron")
    raw = enter(world)
    world.reset()
    assert ended(raw)
    subscribe(world, enter(world))


def test_clock_and_clients_do_not_wait_for_each_other(world_of: MakeWorld, enter: Open) -> None:
    world = world_of("itron")
    clients = [enter(world, client_id=str(number)) for number in range(3)]
    for raw in clients:
        subscribe(world, raw)
    turning = [threading.Thread(target=lambda: [world.clock.advance(600) for _ in range(20)]) for _ in range(3)]
    for thread in turning:
        thread.start()
    for _ in range(50):
        for raw in clients:
            raw.send(p.Pingreq())
    for thread in turning:
        thread.join(30)
        assert not thread.is_alive()
    for raw in clients:
        seen = [raw.next() for _ in range(50)]
        assert {type(packet) for packet in seen} <= {p.Pingresp, p.Publish}


def test_fault_strikes_at_the_socket(world_of: MakeWorld, enter: Open) -> None:
    world = world_of("itron")
    raw = enter(world)
    subscribe(world, raw)
    world.faults.add({"match": {"type": "PUBLISH"}, "when": {"nth": 2}, "action": {"kind": "cut"}, "phase": "before"})
    world.clock.advance(3_600)
    assert raw.next().topic
    assert raw.next() is None
    assert world.journal.find(operation="fault", cause="cut")


def test_sessions_are_kept_before_anybody_is_told(tmp_path: Path, enter: Open) -> None:
    first = kept(tmp_path / "first", mqtt_qos=1)
    raw = enter(first.world, client_id="kept", clean=False)
    subscribe(first.world, raw, 1)
    shutil.copytree(tmp_path / "first", tmp_path / "second")  # as a kill would leave it
    second = kept(tmp_path / "second", mqtt_qos=1)
    second.world.clock.advance(600)
    again = enter(second.world, client_id="kept", clean=False)
    assert again.next().qos == 1
    second.world.close()
    first.world.close()


def test_what_comes_for_somebody_away_is_kept_soon_after(tmp_path: Path, enter: Open) -> None:
    first = kept(tmp_path, mqtt_qos=1)
    with enter(first.world, client_id="kept", clean=False).wire as wire:
        raw = Raw(wire, 4)
        subscribe(first.world, raw, 1)
        raw.send(p.Disconnect())
        assert ended(raw)
    first.world.clock.advance(3_600)

    def waits() -> int:
        with first.world.clock.lock:
            found: Any = first.world.store.saved("itron/mqtt")
        return sum(len(one["queue"]) for one in found["sessions"])

    assert eventually(lambda: waits() == 8)
    first.world.close()


def test_orderly_end_keeps_what_changed_just_before_it(tmp_path: Path, enter: Open) -> None:
    first = kept(tmp_path)
    subscribe(first.world, enter(first.world, client_id="kept", clean=False), 1)
    first.world.close()
    second = kept(tmp_path)
    assert set(second.vendor.broker.core.sessions) == {"kept"}
    second.world.close()


def test_line_time_may_follow_the_worlds_clock(world_of: MakeWorld, enter: Open) -> None:
    world = world_of("itron", line_on_clock=True)
    raw = enter(world, keep_alive=10)
    world.clock.advance(14)
    raw.send(p.Pingreq())
    assert isinstance(raw.next(), p.Pingresp)
    world.clock.advance(16)
    assert ended(raw)
