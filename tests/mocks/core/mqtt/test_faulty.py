"""Packets that go wrong to order: every action, in both directions, exactly where it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.core.mqtt.desk import BOTH, Client, Desk

from vendorlab.mocks.core.mqtt import faulty
from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.profiles import HIVEMQ4, Bounds
from vendorlab.mocks.core.mqtt.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.mocks.core.mqtt.connection import Connection


class Plan:
    """Strikes the nth packet of a type in a direction; notes what it was asked."""

    def __init__(self, direction: str, packet: str, action: faulty.Action, nth: int = 1) -> None:
        self.wanted = direction, packet
        self.action = action
        self.nth = nth
        self.seen: list[dict[str, Any]] = []

    def __call__(
        self, direction: str, connection: Connection, packet: str, describe: Callable[[], Any]
    ) -> faulty.Action | None:
        if (direction, packet) != self.wanted:
            return None
        self.seen.append(describe())
        return self.action if len(self.seen) == self.nth else None


def pair(
    action: faulty.Action, direction: str, packet: str = "PUBLISH", nth: int = 1, **desk: Any
) -> tuple[Desk, Client, Client, Plan]:
    """A writer and a reader of ``a``, and a plan that is set once both are there."""
    made = Desk(**desk)
    writer, reader = made.client("w"), made.client("r")
    reader.subscribe("a", qos=1)
    plan = Plan(direction, packet, action, nth)
    made.core.gate = plan
    return made, writer, reader, plan


def numbered(count: int, qos: int = 0) -> list[p.Publish]:
    return [p.Publish("a", b"%d" % number, qos, packet_id=number if qos else 0) for number in range(1, count + 1)]


def payloads(client: Client) -> list[bytes]:
    return [payload for _, payload in client.messages()]


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_nth_packet_is_lost(direction: str, nth: int) -> None:
    _, writer, reader, plan = pair(faulty.Lose(), direction, nth=nth)
    writer.send(*numbered(4))
    assert payloads(reader) == [b"%d" % number for number in range(1, 5) if number != nth]
    assert len(plan.seen) == 4


@pytest.mark.parametrize("direction", ["in", "out"])
def test_packet_comes_twice(direction: str) -> None:
    _, writer, reader, _ = pair(faulty.Duplicate(3), direction, nth=2)
    writer.send(*numbered(3))
    assert payloads(reader) == [b"1", b"2", b"2", b"2", b"3"]


@pytest.mark.parametrize("direction", ["in", "out"])
def test_late_packet_holds_up_those_behind_it(direction: str) -> None:
    desk, writer, reader, _ = pair(faulty.Delay(2.0), direction, nth=2)
    writer.send(*numbered(3))
    assert payloads(reader) == [b"1"]
    desk.pass_line(1.9)
    assert payloads(reader) == []
    desk.pass_line(0.2)
    assert payloads(reader) == [b"2", b"3"]
    writer.send(*numbered(1))
    assert payloads(reader) == [b"1"]


@pytest.mark.parametrize("direction", ["in", "out"])
def test_delay_outlives_its_rule(direction: str) -> None:
    desk, writer, reader, _ = pair(faulty.Delay(2.0), direction)
    writer.send(*numbered(2))
    desk.core.gate = None
    writer.send(p.Publish("a", b"3"))
    assert payloads(reader) == []
    desk.pass_line(2.1)
    assert payloads(reader) == [b"1", b"2", b"3"]
    writer.send(*numbered(2))
    assert payloads(reader) == [b"1", b"2"]
    assert writer.connection._slow is None
    assert reader.connection._slow is None


def test_copies_may_come_with_a_gap() -> None:
    desk, writer, reader, _ = pair(faulty.Duplicate(3, 1.0), "out")
    writer.send(*numbered(1))
    counts = [len(payloads(reader))]
    for _ in range(3):
        desk.pass_line(1.01)
        counts.append(len(payloads(reader)))
    assert counts == [1, 1, 1, 0]


def test_corrupted_packet_comes_in_as_it_now_is() -> None:
    _, writer, reader, _ = pair(faulty.Corrupt(faulty.byte_at(4, ord("b"))), "in", nth=2)
    writer.send(*numbered(3))
    assert payloads(reader) == [b"1", b"3"]  # the second went to the topic b
    assert writer.closed is None


def test_corrupted_packet_goes_out_as_it_now_is() -> None:
    _, writer, reader, _ = pair(faulty.Corrupt(faulty.byte_at(99, 0)), "out", nth=1)
    writer.send(*numbered(2))
    assert payloads(reader) == [b"\0", b"2"]


def test_corrupted_length_brings_the_stream_out_of_step() -> None:
    """The packet after it is eaten as a part of its payload, just as a real line would do it."""
    desk, writer, _, _ = pair(faulty.Corrupt(faulty.byte_at(1, 10)), "in", nth=1)
    writer.send(*numbered(2))
    desk.core.gate = None
    watcher = desk.client("x")
    watcher.subscribe("a", qos=0)
    writer.raw(b"")
    assert watcher.got() == []
    assert desk.core.sessions["r"].connection is not None


def test_corrupted_length_reaches_the_client_as_it_is() -> None:
    _, writer, reader, _ = pair(faulty.Corrupt(faulty.byte_at(0, 0x0F)), "out")
    writer.send(*numbered(1))
    assert isinstance(reader.got()[-1], Malformed)


@pytest.mark.parametrize(("after", "reset"), [(False, True), (True, True), (False, False)])
@pytest.mark.parametrize("direction", ["in", "out"])
def test_connection_is_cut_before_or_after_the_packet(direction: str, after: bool, reset: bool) -> None:
    desk, writer, reader, _ = pair(faulty.Cut(after=after, reset=reset), direction, nth=2)
    writer.send(*numbered(3))
    arrived = payloads(reader)
    victim, other = (writer, reader) if direction == "in" else (reader, writer)
    desk.flush()
    assert victim.closed == ("reset" if reset and not after else "close")
    assert other.closed is None
    if direction == "in" or after or not reset:
        assert arrived == ([b"1", b"2"] if after else [b"1"])


def test_cut_before_the_acknowledgement_makes_the_client_send_again() -> None:
    desk, writer, reader, _ = pair(faulty.Cut(), "out", "PUBACK")
    writer.send(*numbered(1, qos=1))
    assert (writer.got(), writer.closed) == ([], "reset")
    assert payloads(reader) == [b"1"]
    writer = desk.client("w")
    writer.send(p.Publish("a", b"1", 1, dup=True, packet_id=1))
    assert writer.got() == [p.Ack(k.PUBACK, 1)]
    assert payloads(reader) == [b"1"]


@pytest.mark.parametrize(("version", "told"), [(k.V311, 5), (k.V5, 0x87)])
def test_connect_is_refused(version: int, told: int) -> None:
    desk = Desk()
    desk.core.gate = Plan("in", "CONNECT", faulty.Refuse(0x87))
    client, [answer] = desk.refused(version)
    assert (answer.code, client.closed) == (told, "close")
    desk.client("c", version)


@pytest.mark.parametrize(("version", "told"), [(k.V311, 0x80), (k.V5, 0x8F)])
def test_subscribe_is_refused(version: int, told: int) -> None:
    desk = Desk()
    client = desk.client("c", version)
    desk.core.gate = Plan("in", "SUBSCRIBE", faulty.Refuse(0x8F))
    assert client.subscribe("a", "b").codes == (told, told)
    assert desk.core.sessions["c"].subscriptions == {}
    assert client.subscribe("a").codes == (2,)


@pytest.mark.parametrize("version", BOTH)
def test_publish_is_refused_as_the_profile_does_it(version: int) -> None:
    desk = Desk()
    client = desk.client("c", version)
    desk.core.gate = Plan("in", "PUBLISH", faulty.Refuse(0x97))
    client.send(*numbered(1, qos=1))
    assert [packet.code for packet in client.got()] == ([0x97, 0x87] if version == k.V5 else [])
    assert client.closed == "close"


def test_refusal_of_a_packet_that_asks_for_nothing_lets_it_pass() -> None:
    desk = Desk()
    client = desk.client("c")
    desk.core.gate = Plan("in", "PINGREQ", faulty.Refuse(0x87))
    assert client.send(p.Pingreq()).one(p.Pingresp)


def test_session_is_forgotten() -> None:
    desk = Desk()
    client = desk.client("c", clean=False)
    client.subscribe("a")
    desk.core.gate = Plan("in", "PINGREQ", faulty.ForgetSession())
    client.send(p.Pingreq())
    assert client.closed == "reset"
    desk.client("c", clean=False, present=False)


@pytest.mark.parametrize("rule", ["PINGRESP", "PUBLISH"])
def test_stale_retained_data_comes_again(rule: str) -> None:
    """Even if the rule strikes every message: what it makes is not struck again."""
    desk = Desk()
    for payload in (b"old", b"new"):
        desk.core.publish("a", payload, 1, retain=True)
    client = desk.client("c")
    client.subscribe("a", qos=0)
    assert payloads(client) == [b"new"]

    def gate(direction: str, _connection: object, packet: str, _describe: object) -> faulty.Action | None:
        return faulty.StaleRetained() if (direction, packet) == ("out", rule) else None

    desk.core.gate = gate
    if rule == "PUBLISH":
        desk.core.publish("a", b"live")
        assert client.messages() == [("a", b"live"), ("a", b"old")]
    else:
        client.send(p.Pingreq())
        ping, message = client.got()
        assert (ping, message.payload, message.retain) == (p.Pingresp(), b"old", True)


def test_retained_data_are_sent_again_by_hand() -> None:
    desk = Desk()
    for topic in ("a", "b"):
        desk.core.publish(topic, b"1", retain=True)
    clients = [desk.client(f"c{number}") for number in range(2)]
    for client in clients:
        client.subscribe("+", qos=0)
        client.got()
    assert desk.core.resend_retained(client_id="c0") == 2
    assert [len(client.got()) for client in clients] == [2, 0]
    assert desk.core.resend_retained() == 4


@pytest.mark.parametrize("direction", ["in", "out"])
def test_half_open_connection_says_nothing_and_stays(direction: str) -> None:
    desk = Desk()
    client = desk.client("c", keep_alive=5)
    desk.core.gate = Plan(direction, "PINGREQ" if direction == "in" else "PINGRESP", faulty.HalfOpen())
    for _ in range(5):
        client.send(p.Pingreq(), p.Publish("a", b"", 1, packet_id=1), p.Disconnect())
    desk.core.publish("a", b"x")
    desk.pass_line(1_000)
    assert (client.got(), client.closed) == ([], None)
    client.drop()
    assert desk.core.connections == set()


def test_throttled_client_gets_so_many_bytes_a_second() -> None:
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("a", qos=0)
    desk.core.throttle(reader.connection, 100)
    for number in range(10):
        desk.core.publish("a", b"%05d" % number + bytes(40))  # 50 bytes each on the wire
    counts = [len(payloads(reader))]
    for _ in range(5):
        desk.pass_line(1.0)
        counts.append(len(payloads(reader)))
    assert counts == [1, 2, 2, 2, 2, 1]
    assert sum(counts) == 10


def test_gate_is_told_what_passes() -> None:
    desk = Desk()
    plan = Plan("in", "CONNECT", faulty.Lose(), nth=99)
    desk.core.gate = plan
    client = desk.client("c", username="ada")
    assert plan.seen[0]["session"] == "c"
    plan.wanted = "in", "SUBSCRIBE"
    client.subscribe("a/#", "b")
    assert plan.seen[1] == {"session": "c", "principal": "ada", "packet_id": 77, "filters": ["a/#", "b"]}
    plan.wanted = "out", "PUBLISH"
    desk.core.publish("a/x", b"1", 1)
    found = plan.seen[2]
    assert {name: found[name] for name in ("topic", "qos", "session")} == {"topic": "a/x", "qos": 1, "session": "c"}
    plan.wanted = "in", "UNSUBSCRIBE"
    client.send(p.Unsubscribe(1, ("b",)))
    assert plan.seen[3]["filters"] == ["b"]


def test_lost_message_takes_no_alias_with_it() -> None:
    import msgspec

    desk = Desk(msgspec.structs.replace(HIVEMQ4, aliases_to_clients=3))
    client = desk.client("c", k.V5, properties={"topic_alias_maximum": 3})
    client.subscribe("a", qos=0)
    desk.core.gate = Plan("out", "PUBLISH", faulty.Lose())
    for payload in (b"1", b"2", b"3"):
        desk.core.publish("a", payload)
    assert [(packet.topic, packet.payload) for packet in client.got()] == [("a", b"2"), ("", b"3")]


def test_what_is_held_back_is_bounded() -> None:
    desk = Desk(bounds=Bounds(held=10))
    client = desk.client("c")
    desk.core.gate = Plan("in", "PUBLISH", faulty.Delay(10.0))
    client.send(*numbered(20))
    assert client.closed == "reset"


def test_delayed_connect_is_still_cut_off_in_time() -> None:
    desk = Desk()
    desk.core.gate = Plan("in", "CONNECT", faulty.Delay(60.0))
    client = desk.connection().send(p.Connect("c"))
    desk.pass_line(10.1)
    assert client.closed == "close"


ACTIONS = {
    "lose": faulty.Lose(),
    "delay": faulty.Delay(1.0),
    "duplicate": faulty.Duplicate(),
    "shorten": faulty.Corrupt(lambda raw: raw[:1]),
    "cut before": faulty.Cut(),
    "cut after": faulty.Cut(after=True),
    "half-open": faulty.HalfOpen(),
    "forget": faulty.ForgetSession(),
    "throttle": faulty.Throttle(50.0),
    "stale": faulty.StaleRetained(),
    "refuse": faulty.Refuse(0x80),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
@pytest.mark.parametrize("direction", ["in", "out"])
def test_any_packet_may_go_wrong_in_any_way(direction: str, action: faulty.Action) -> None:
    """Every packet of a whole conversation in turn: the core always holds."""
    for nth in range(1, 16):
        count = 0

        def gate(where: str, *_: Any, nth: int = nth) -> faulty.Action | None:
            nonlocal count
            count += where == direction
            return action if where == direction and count == nth else None

        desk = Desk()
        desk.core.gate = gate
        client = desk.connection().send(p.Connect("c"))
        client.send(p.Subscribe(1, (p.Subscription("a", 2),)), *numbered(2), *numbered(2, qos=1))
        client.send(p.Publish("a", b"", 2, packet_id=9), p.Ack(k.PUBREL, 9), p.Pingreq(), p.Unsubscribe(2, ("a",)))
        client.send(*(p.Ack(kind, number) for number in range(1, 4) for kind in (k.PUBACK, k.PUBREC, k.PUBCOMP)))
        desk.pass_line(5)
        other = desk.client("other")
        assert other.send(p.Pingreq()).one(p.Pingresp)
