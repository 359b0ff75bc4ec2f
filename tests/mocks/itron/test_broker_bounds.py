"""What nobody should send to the broker: it stays within stated bounds, serves the others on, and breaks no rule."""

from __future__ import annotations

import random
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from tests.mocks.core.mqtt.test_fuzz import seeds, spoiled
from tests.mocks.itron.broker_support import BrokerDesk, publishes

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.encode import encode
from vendorlab.mocks.itron.broker import BOUNDS

if TYPE_CHECKING:
    from tests.mocks.core.mqtt.desk import Client
    from tests.mocks.itron.conftest import MakeCaller

PIECES = 150
MEGABYTE = 1 << 20


@pytest.fixture
def desk(caller_of: MakeCaller) -> BrokerDesk:
    return BrokerDesk(caller_of(mqtt_profile="hivemq4"))


def opened(desk: BrokerDesk, state: str, version: int) -> Client:
    """A connection in a state."""
    match state:
        case "waiting":
            return desk.connection(version)
        case "connected":
            return desk.enter("fuzz", version)
        case "subscribed":
            return desk.listener("fuzz", version, qos=2)
        case _:
            client = desk.listener("fuzz", version, qos=2, clean=False)
            desk.caller.backend.estate.report(
                next(
                    desk.caller.backend.estate.reports_between(
                        next(desk.caller.backend.estate.devices(desk.tenant)), 1_700_000_000, 1_700_010_000
                    )
                )
            )
            return client


@pytest.mark.parametrize("version", [k.V311, k.V5])
@pytest.mark.parametrize("state", ["waiting", "connected", "subscribed", "delivering"])
def test_spoiled_packets_break_nothing_in_any_state(desk: BrokerDesk, state: str, version: int) -> None:
    """The same with the vendor's rules, bridge and journal behind the engine, which has a longer run of its own."""
    chance = random.Random(f"{state}/{version}")
    good = [*seeds(version), encode(p.Connect("fuzz", version, **desk.login()), version)]
    witness = desk.listener("witness")
    for _ in range(PIECES):
        client = opened(desk, state, version)
        client.raw(spoiled(good, chance))
        client.drop()
    assert len(desk.core.sessions) <= 2 + PIECES
    publishes(witness)
    desk.pass_vendor(3_600)
    assert len(publishes(witness)) == 8


def test_endless_connects_leave_nothing_behind(desk: BrokerDesk) -> None:
    def flood(count: int) -> None:
        for number in range(count):
            desk.refused(client_id=f"c{number}", username="notused", password=b"guess")[0].drop()
            desk.enter(f"d{number}").drop()

    flood(300)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        desk.world.journal.clear()
        flood(1_000)
        desk.world.journal.clear()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert (desk.core.connections, desk.core.sessions) == (set(), {})
    assert grown < MEGABYTE


def test_ten_thousand_filters_are_as_many_as_one_may_have(desk: BrokerDesk) -> None:
    client = desk.enter()
    own = desk.tenant.id
    codes = client.subscribe(*(f"{own}/alert/{number:016x}/temp" for number in range(10_000)), qos=0).codes
    assert set(codes) == {0}
    assert client.subscribe(f"{own}/alert/+/+", qos=0).codes == (0x80,)
    assert client.closed is None
    desk.pass_vendor(3_000)
    assert desk.enter("other").closed is None


def test_subscriber_who_reads_nothing_holds_no_more_than_its_bound(desk: BrokerDesk) -> None:
    client = desk.listener()
    client.connection.choked = True
    witness = desk.listener("witness")
    desk.pass_vendor(10 * 86_400)
    assert len(publishes(witness)) == 10 * 24 * 8
    assert client.connection._pending == 0
    assert desk.core.sessions["c"].dropped == 10 * 24 * 8


def test_slow_subscriber_with_a_quality_keeps_a_thousand(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(mqtt_qos=1))
    desk.listener(qos=1, clean=False).drop()
    desk.pass_vendor(10 * 86_400)
    session = desk.core.sessions["c"]
    assert (len(session.queue), session.dropped) == (1_000, 10 * 24 * 8 - 1_000)


def test_what_is_retained_is_bounded_by_the_mesh(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(mqtt_retain=True, mesh_devices=200))
    desk.listener()
    desk.pass_vendor(2 * 86_400)
    assert len(desk.core.retained) == 2 * (200 + 2)
    desk.caller._tokens.clear()
    assert len(publishes(desk.listener("late"))) == 200


def test_bounds_are_the_engines_but_for_what_a_turned_clock_says_at_once() -> None:
    assert BOUNDS.unsent_bytes == 8 * MEGABYTE
    assert BOUNDS.filters == 10_000
