"""The world's fault plan at the broker, and the journal's account of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.itron.broker_support import BrokerDesk, publishes

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p

if TYPE_CHECKING:
    from tests.mocks.core.mqtt.desk import Client
    from tests.mocks.itron.conftest import MakeCaller

ALERTS = 8


@pytest.fixture
def desk(caller_of: MakeCaller) -> BrokerDesk:
    return BrokerDesk(caller_of(mqtt_profile="hivemq4", mqtt_qos=1))


def rule(desk: BrokerDesk, action: dict[str, Any], nth: int | None = None, **match: Any) -> None:
    when = {} if nth is None else {"nth": nth}
    desk.world.faults.add({"name": "f", "match": {"vendor": "itron", **match}, "when": when, "action": action})


def hour(desk: BrokerDesk, client: Client) -> list[p.Publish]:
    """The alerts that reach a client within an hour; it acknowledges none, and needs not."""
    desk.pass_vendor(3_600)
    return publishes(client)


def test_without_a_rule_for_mqtt_packets_go_the_quick_way(desk: BrokerDesk) -> None:
    assert desk.core.gate is None
    desk.world.faults.add({"name": "http", "action": {"kind": "status", "status": 503}})
    assert desk.core.gate is None
    rule(desk, {"kind": "drop"}, type="PINGREQ")
    assert desk.core.gate is not None
    desk.world.faults.remove("f")
    assert desk.core.gate is None
    rule(desk, {"kind": "drop"})
    desk.world.reset()
    assert desk.core.gate is None


def test_nth_alert_is_lost(desk: BrokerDesk) -> None:
    client = desk.listener()
    whole = [packet.topic for packet in hour(desk, client)]
    rule(desk, {"kind": "drop"}, 3, type="PUBLISH", direction="out")
    assert [packet.topic for packet in hour(desk, client)] == whole[:2] + whole[3:]
    [struck] = [entry for entry in desk.journal if entry.fault]
    assert (struck.operation, struck.method, struck.cause, struck.fault) == ("fault", "PUBLISH", "drop", "f")
    assert (struck.path, struck.principal, struck.detail["client"]) == (whole[2], desk.tenant.id, "c")


def test_alert_comes_twice_and_again_marked_with_a_gap(desk: BrokerDesk) -> None:
    client = desk.listener()
    rule(desk, {"kind": "duplicate", "count": 2, "gap": 1}, 1, type="PUBLISH", direction="out")
    found = hour(desk, client)
    desk.pass_line(2.1)
    found += publishes(client)
    assert len(found) == ALERTS + 2
    assert found.count(found[0]) == 3


def test_alert_comes_late_and_those_behind_wait(desk: BrokerDesk) -> None:
    client = desk.listener()
    whole = [packet.topic for packet in hour(desk, client)]
    rule(desk, {"kind": "delay", "seconds": 5}, 4, type="PUBLISH", direction="out")
    assert [packet.topic for packet in hour(desk, client)] == whole[:3]
    desk.pass_line(5.1)
    assert [packet.topic for packet in publishes(client)] == whole[3:]


def test_alert_is_corrupted_at_a_byte(desk: BrokerDesk) -> None:
    client = desk.listener()
    rule(desk, {"kind": "corrupt", "offset": -1, "byte": 0}, 2, type="PUBLISH", direction="out")
    assert [packet.payload[-1] == 0 for packet in hour(desk, client)].count(True) == 1


@pytest.mark.parametrize(("phase", "passed"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("reset", [True, False])
def test_connection_is_cut_before_an_alert_or_after_it(desk: BrokerDesk, phase: str, passed: int, reset: bool) -> None:
    client = desk.listener()
    action = {"kind": "cut", "reset": reset}
    match = {"vendor": "itron", "type": "PUBLISH", "direction": "out"}
    desk.world.faults.add({"match": match, "action": action, "phase": phase, "when": {"nth": 1}})
    assert len(hour(desk, client)) == passed
    assert client.closed == ("reset" if reset and phase == "before" else "close")


@pytest.mark.parametrize(("version", "expected"), [(k.V311, 5), (k.V5, 0x87)])
def test_connect_is_refused(desk: BrokerDesk, version: int, expected: int) -> None:
    rule(desk, {"kind": "refuse"}, 1, type="CONNECT")
    _, (answer,) = desk.refused(version, **desk.login())
    assert answer.code == expected
    desk.enter("c", version)


def test_topic_is_refused(desk: BrokerDesk) -> None:
    rule(desk, {"kind": "refuse"}, topic=f"{desk.tenant.id}/alert/+/temp", type="SUBSCRIBE")
    client = desk.enter()
    assert client.subscribe(f"{desk.tenant.id}/alert/0013500500000000/temp").codes == (0x80,)
    assert client.subscribe(f"{desk.tenant.id}/alert/+/ncmth1").codes == (2,)


def test_session_is_forgotten(desk: BrokerDesk) -> None:
    client = desk.listener(clean=False)
    rule(desk, {"kind": "forget-session"}, 1, session="c", type="PINGREQ")
    client.send(p.Pingreq())
    assert client.closed is not None
    assert desk.enter("c", clean=False, present=False).closed is None


def test_stale_retained_data_come_again(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(mqtt_retain=True))
    client = desk.listener()
    old = {packet.topic: packet.payload for packet in hour(desk, client)}
    hour(desk, client)
    rule(desk, {"kind": "stale-retained"}, 1, type="PINGREQ")
    client.send(p.Pingreq())
    found = publishes(client)
    assert {packet.topic: packet.payload for packet in found} == old
    assert {packet.retain for packet in found} == {True}


def test_client_is_throttled(desk: BrokerDesk) -> None:
    client = desk.listener()
    rule(desk, {"kind": "throttle", "rate": 100}, 1, type="PUBLISH", direction="out")
    first = hour(desk, client)
    assert 1 <= len(first) < ALERTS
    desk.pass_line(60)
    assert len(first) + len(publishes(client)) == ALERTS


def test_half_open_connection_says_nothing_and_stays(desk: BrokerDesk) -> None:
    client = desk.listener(keep_alive=10)
    rule(desk, {"kind": "half-open"}, 3, type="PUBLISH", direction="out")
    assert len(hour(desk, client)) == 2
    client.send(p.Pingreq())
    desk.pass_line(60)
    assert (client.got(), client.closed) == ([], None)


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ({"operation": "deliver"}, True),
        ({"operation": "publish"}, False),
        ({"principal": "TENANT"}, True),
        ({"principal": "caas-operator"}, False),
        ({"session": "c"}, True),
        ({"session": "d"}, False),
        ({"topic": "+/alert/#"}, True),
        ({"topic": "ssni/#"}, False),
        ({"vendor": "slv"}, False),
        ({"protocol": "mqtt"}, True),
        ({"protocol": "coap"}, False),
    ],
)
def test_rules_name_packets_as_the_journal_does(desk: BrokerDesk, match: dict[str, Any], struck: bool) -> None:
    client = desk.listener()
    match = {name: desk.tenant.id if value == "TENANT" else value for name, value in match.items()}
    desk.world.faults.add(
        {"match": {"protocol": "mqtt"} | match, "action": {"kind": "drop"}}
        if match.get("protocol") != "coap"
        else {"match": match, "action": {"kind": "drop"}}
    )
    assert len(hour(desk, client)) == (0 if struck else ALERTS)


def test_rule_may_count_each_session_by_itself(desk: BrokerDesk) -> None:
    one, two = desk.listener("one"), desk.listener("two")
    desk.world.faults.add(
        {
            "match": {"type": "PUBLISH", "direction": "out"},
            "when": {"nth": 2, "per": "session"},
            "action": {"kind": "drop"},
        }
    )
    desk.pass_vendor(3_600)
    assert (len(publishes(one)), len(publishes(two))) == (ALERTS - 1, ALERTS - 1)


def test_journal_tells_a_clients_story(desk: BrokerDesk) -> None:
    client = desk.listener(qos=1)
    desk.caller.backend.estate.report(
        next(
            desk.caller.backend.estate.reports_between(
                next(desk.caller.backend.estate.devices(desk.tenant)), 1_700_000_000, 1_700_010_000
            )
        )
    )
    [packet] = publishes(client)
    client.send(p.Ack(k.PUBACK, packet.packet_id))
    client.leave()
    told = [(entry.operation, entry.method, entry.path, entry.status, entry.cause) for entry in desk.journal]
    tree = f"{desk.tenant.id}/alert"
    assert told == [
        ("connect", "CONNECT", "", 0, "ok"),
        ("subscribe", "SUBSCRIBE", f"{tree}/+/+", 1, "ok"),
        ("deliver", "PUBLISH", packet.topic, 0, "ok"),
        ("ack", "PUBACK", "", 0, "ok"),
        ("disconnect", "", "", 0, "disconnected"),
    ]
    assert {entry.vendor for entry in desk.journal} == {"itron"}


def test_token_put_where_it_does_not_belong_is_masked_in_the_journal(desk: BrokerDesk) -> None:
    token = desk.caller.token()
    client = desk.enter(token)
    client.subscribe(f"{token}/x", f"{desk.tenant.id}/{token}")
    desk.refused(client_id="x", username=token, password=token.encode())
    secret = desk.caller.known["client_secret"]
    desk.refused(client_id=secret, username=secret, password=secret.encode())
    password = desk.caller.backend.estate.caas.password
    desk.refused(client_id=password, username=password)
    told = repr(desk.journal)
    assert not any(text in told for text in (token, secret, password))


def test_long_names_are_cut_in_the_journal(desk: BrokerDesk) -> None:
    client = desk.enter("i" * 60_000)
    client.subscribe(*(f"{'a b ' * 10_000}{number}" for number in range(3)))
    client.subscribe(*(f"{number}" for number in range(5_000)))
    assert max(len(repr(entry)) for entry in desk.journal) < 5_000
