"""Messages from client to client: three qualities of service in both directions, order, queues and retained ones."""

from __future__ import annotations

import msgspec
import pytest
from tests.mocks.core.mqtt.desk import ALL, BOTH, Desk

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.policy import Anybody
from vendorlab.mocks.core.mqtt.profiles import HIVEMQ4, Bounds
from vendorlab.mocks.core.mqtt.session import MOST_IDS


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("published", [0, 1, 2])
@pytest.mark.parametrize("granted", [0, 1, 2])
def test_message_comes_with_the_lesser_quality(version: int, published: int, granted: int) -> None:
    """MQTT-3.8.4-6, MQTT-3.3.5-1."""
    desk = Desk()
    reader = desk.client("r", version)
    reader.subscribe("t/+", qos=granted)
    writer = desk.client("w", version)
    writer.send(p.Publish("t/a", b"payload", published, packet_id=9 if published else 0))
    message = reader.one(p.Publish)
    expected = min(published, granted)
    assert (message.topic, message.payload, message.qos) == ("t/a", b"payload", expected)
    assert (message.dup, message.retain, bool(message.packet_id)) == (False, False, bool(expected))
    answers = [(packet.kind, packet.packet_id) for packet in writer.got()]
    assert answers == {0: [], 1: [(k.PUBACK, 9)], 2: [(k.PUBREC, 9)]}[published]


@pytest.mark.parametrize("version", BOTH)
def test_message_without_a_reader_is_acknowledged(version: int) -> None:
    """In version 5 with the code that says so, as HiveMQ does."""
    client = Desk().client("c", version)
    client.send(p.Publish("a", b"", 1, packet_id=1), p.Publish("a", b"", 2, packet_id=2))
    expected = 0x10 if version == k.V5 else 0
    assert client.got() == [p.Ack(k.PUBACK, 1, expected), p.Ack(k.PUBREC, 2, expected)]


def test_exactly_once_from_the_client_in_every_step() -> None:
    """MQTT-4.3.3-2: until PUBREL a PUBLISH with the same id is the same message, with DUP or without."""
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("a", qos=0)
    writer = desk.client("w")
    message = p.Publish("a", b"x", 2, packet_id=5)
    writer.send(message, message, p.Publish("a", b"x", 2, dup=True, packet_id=5))
    assert writer.got() == [p.Ack(k.PUBREC, 5)] * 3
    writer.send(p.Ack(k.PUBREL, 5), p.Ack(k.PUBREL, 5))
    assert writer.got() == [p.Ack(k.PUBCOMP, 5)] * 2
    assert reader.messages() == [("a", b"x")]
    writer.send(p.Publish("a", b"y", 2, packet_id=5))
    assert reader.messages() == [("a", b"y")]


def test_exactly_once_from_the_client_survives_the_connection() -> None:
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("a", qos=0)
    writer = desk.client("w", clean=False)
    writer.send(p.Publish("a", b"x", 2, packet_id=5))
    writer.drop()
    writer = desk.client("w", clean=False)
    writer.send(p.Publish("a", b"x", 2, dup=True, packet_id=5))
    assert writer.got() == [p.Ack(k.PUBREC, 5)]
    assert reader.messages() == [("a", b"x")]


def test_exactly_once_to_the_client_in_every_step() -> None:
    """MQTT-4.3.3-1, MQTT-2.3.1-6."""
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("a", qos=2)
    desk.core.publish("a", b"x", 2)
    packet_id = reader.one(p.Publish).packet_id
    reader.send(p.Ack(k.PUBREC, packet_id), p.Ack(k.PUBREC, packet_id))
    assert reader.got() == [p.Ack(k.PUBREL, packet_id)] * 2
    reader.send(p.Ack(k.PUBCOMP, packet_id))
    assert desk.core.sessions["r"].inflight == {}
    assert reader.got() == []


def test_unacknowledged_message_comes_again_after_reconnection() -> None:
    """MQTT-4.4.0-1, MQTT-3.3.1-1: with DUP and the same id, in order; PUBREL for what was received."""
    desk = Desk()
    reader = desk.client("r", clean=False)
    reader.subscribe("a", qos=2)
    for number in range(4):
        desk.core.publish("a", b"%d" % number, 1 + number % 2)
    first = reader.got()
    reader.send(p.Ack(k.PUBACK, first[0].packet_id), p.Ack(k.PUBREC, first[1].packet_id))
    reader.drop()
    reader = desk.client("r", clean=False, present=True)
    released, third, fourth = reader.got()
    assert released == p.Ack(k.PUBREL, first[1].packet_id)
    assert [third, fourth] == [msgspec.structs.replace(packet, dup=True) for packet in first[2:]]


def test_nothing_comes_again_on_a_connection_that_lives() -> None:
    """MQTT 5, 4.4.0-1: at no other time are messages sent again."""
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("a", qos=1)
    desk.core.publish("a", b"x", 1)
    assert len(reader.got()) == 1
    desk.pass_line(100_000)
    desk.pass_vendor(100_000)
    assert reader.got() == []


def test_acknowledgement_of_the_wrong_kind_or_of_nothing_changes_nothing() -> None:
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("a", qos=2)
    desk.core.publish("a", b"1", 1)
    desk.core.publish("a", b"2", 2)
    one, two = (packet.packet_id for packet in reader.got())
    reader.send(p.Ack(k.PUBCOMP, one), p.Ack(k.PUBACK, two), p.Ack(k.PUBCOMP, two), p.Ack(k.PUBACK, 999))
    assert set(desk.core.sessions["r"].inflight) == {one, two}
    assert reader.closed is None


@pytest.mark.parametrize(("version", "code"), [(k.V311, 0), (k.V5, 0x92)])
def test_step_of_an_exchange_that_there_is_not_is_answered(version: int, code: int) -> None:
    """The other side may have missed an answer; version 5 says that the id is unknown."""
    client = Desk().client("c", version)
    client.send(p.Ack(k.PUBREL, 3), p.Ack(k.PUBREC, 4))
    assert client.got() == [p.Ack(k.PUBCOMP, 3, code), p.Ack(k.PUBREL, 4, code)]


def test_packet_ids_are_not_used_twice_at_once() -> None:
    """MQTT-2.3.1-2 and -4, all the way round."""
    desk = Desk(msgspec.structs.replace(HIVEMQ4, inflight=100))
    reader = desk.client("r")
    reader.subscribe("a", qos=1)
    desk.core.publish("a", b"stays", 1)
    held = reader.one(p.Publish).packet_id
    for _ in range(MOST_IDS + 10):
        desk.core.publish("a", b"x", 1)
        packet_id = reader.one(p.Publish).packet_id
        assert packet_id not in (0, held)
        reader.send(p.Ack(k.PUBACK, packet_id))
    assert set(desk.core.sessions["r"].inflight) == {held}


@pytest.mark.parametrize("qos", [1, 2])
def test_messages_keep_their_order_through_window_and_queue(qos: int) -> None:
    """MQTT-4.6.0-5 and -6, with a window that is much smaller than what is sent."""
    desk = Desk(msgspec.structs.replace(HIVEMQ4, inflight=3))
    reader = desk.client("r")
    reader.subscribe("a", qos=qos)
    for number in range(50):
        desk.core.publish("a", b"%d" % number, qos)
    seen: list[bytes] = []
    while found := reader.got():
        assert len(desk.core.sessions["r"].inflight) <= 3
        for packet in found:
            if isinstance(packet, p.Publish):
                seen.append(packet.payload)
                reader.send(p.Ack(k.PUBACK if qos == 1 else k.PUBREC, packet.packet_id))
            else:
                reader.send(p.Ack(k.PUBCOMP, packet.packet_id))
    assert seen == [b"%d" % number for number in range(50)]


def test_client_that_is_away_finds_what_was_published_meanwhile() -> None:
    """MQTT-3.1.2-5: QoS 1 and 2, in order, and not as retained; QoS 0 is not kept."""
    desk = Desk()
    reader = desk.client("r", clean=False)
    reader.subscribe("a", qos=2)
    reader.drop()
    for qos in (0, 1, 2):
        desk.core.publish("a", b"%d" % qos, qos)
    found = desk.client("r", clean=False, present=True).got()
    assert [(packet.payload, packet.qos, packet.retain, packet.dup) for packet in found] == [
        (b"1", 1, False, False),
        (b"2", 2, False, False),
    ]


@pytest.mark.parametrize(("discard", "expected"), [("newest", range(5)), ("oldest", range(5, 10))])
def test_queue_is_bounded_in_number(discard: str, expected: range) -> None:
    desk = Desk(msgspec.structs.replace(HIVEMQ4, queue=5, discard=discard))
    reader = desk.client("r", clean=False)
    reader.subscribe("a", qos=1)
    reader.drop()
    for number in range(10):
        desk.core.publish("a", b"%d" % number, 1)
    assert desk.core.sessions["r"].dropped == 5
    found = desk.client("r", clean=False).messages()
    assert found == [("a", b"%d" % number) for number in expected]


def test_queue_is_bounded_in_bytes() -> None:
    desk = Desk(bounds=Bounds(queued_bytes=2_500))
    reader = desk.client("r", clean=False)
    reader.subscribe("a", qos=1)
    reader.drop()
    for _ in range(10):
        desk.core.publish("a", bytes(1_000), 1)
    assert desk.core.sessions["r"].queued_bytes == 2_000
    assert len(desk.client("r", clean=False).messages()) == 2
    assert desk.core.sessions["r"].queued_bytes == 0


def test_client_that_does_not_read_costs_a_bounded_amount() -> None:
    """QoS 0 is lost, QoS 1 waits in its queue; when it reads again, it goes on."""
    desk = Desk(msgspec.structs.replace(HIVEMQ4, inflight=1_000, queue=10))
    reader = desk.client("r")
    reader.subscribe("a", qos=1)
    reader.connection.choked = True
    for _ in range(100):
        desk.core.publish("a", bytes(1_000), 0)
        desk.core.publish("a", bytes(1_000), 1)
    assert reader.got() == []
    assert desk.core.sessions["r"].dropped == 190
    reader.connection.choked = False
    session = reader.connection.session
    assert session is not None
    session.pump(desk.vendor)
    assert len(reader.messages()) == 10


def test_output_of_one_turn_is_bounded() -> None:
    desk = Desk(bounds=Bounds(unsent_bytes=10_000))
    reader = desk.client("r")
    reader.subscribe("a", qos=0)
    for _ in range(1_000):
        desk.core.publish("a", bytes(1_000))
    assert len(reader.messages()) <= 11


def test_message_to_oneself_arrives() -> None:
    client = Desk().client("c")
    client.subscribe("a", qos=0)
    client.send(p.Publish("a", b"x"))
    assert client.messages() == [("a", b"x")]


def test_overlapping_filters_bring_a_message_once_with_the_highest_quality() -> None:
    """MQTT-3.3.5-1."""
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("a/#", qos=0)
    reader.subscribe("a/+", qos=2)
    reader.subscribe("a/b", qos=1)
    desk.core.publish("a/b", b"x", 2)
    assert reader.one(p.Publish).qos == 2


def test_unacknowledged_message_of_a_filter_given_back_still_ends() -> None:
    """MQTT-3.10.4-2 and -3: no new messages, but what was begun is completed."""
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("a", qos=2)
    desk.core.publish("a", b"x", 2)
    packet_id = reader.one(p.Publish).packet_id
    reader.send(p.Unsubscribe(3, ("a",)))
    assert reader.one(p.Unsuback).packet_id == 3
    desk.core.publish("a", b"y", 2)
    reader.send(p.Ack(k.PUBREC, packet_id))
    assert reader.got() == [p.Ack(k.PUBREL, packet_id)]


def test_payload_is_passed_on_byte_for_byte() -> None:
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("a", qos=0)
    payload = bytes(range(256)) * 300
    desk.client("w").send(p.Publish("a", payload), p.Publish("a", b""))
    assert reader.messages() == [("a", payload), ("a", b"")]


def test_topic_is_passed_on_character_for_character() -> None:
    """MQTT-4.7.3-4, MQTT-1.5.3-3: no normalisation, and U+FEFF stays."""
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("#", qos=0)
    topics = ["\ufeffa", "é", "e\u0301", "/", "a//b/", " "]
    writer = desk.client("w")
    for topic in topics * 2:
        writer.send(p.Publish(topic, b""))
    assert [topic for topic, _ in reader.messages()] == topics * 2


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0"])
def test_inside_nobody_publishes_to_what_is_no_topic(topic: str) -> None:
    with pytest.raises(ValueError, match="no topic name"):
        Desk().core.publish(topic, b"")


# --- retained --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", BOTH)
def test_retained_message_waits_for_those_who_come_later(version: int) -> None:
    """MQTT-3.3.1-5, -6 and -8: flagged as retained for them, and not for those who were there (MQTT-3.3.1-9)."""
    desk = Desk()
    early = desk.client("early", version)
    early.subscribe("a/b")
    desk.client("w", version).send(p.Publish("a/b", b"x", 1, retain=True, packet_id=1))
    assert early.one(p.Publish).retain is False
    late = desk.client("late", version)
    late.subscribe("a/+", qos=1)
    message = late.one(p.Publish)
    assert (message.payload, message.qos, message.retain) == (b"x", 1, True)


def test_newest_retained_message_counts() -> None:
    """MQTT-3.3.1-5."""
    desk = Desk()
    for payload in (b"1", b"2"):
        desk.core.publish("a", payload, retain=True)
    reader = desk.client("r")
    reader.subscribe("a")
    assert reader.messages() == [("a", b"2")]


def test_message_that_is_not_retained_leaves_the_retained_one() -> None:
    """MQTT-3.3.1-12."""
    desk = Desk()
    desk.core.publish("a", b"kept", retain=True)
    desk.core.publish("a", b"passing")
    reader = desk.client("r")
    reader.subscribe("a")
    assert reader.messages() == [("a", b"kept")]


def test_empty_retained_message_forgets_and_is_passed_on() -> None:
    """MQTT-3.3.1-10 and -11."""
    desk = Desk()
    desk.core.publish("a", b"x", retain=True)
    reader = desk.client("r")
    reader.subscribe("a", qos=0)
    reader.got()
    desk.core.publish("a", b"", retain=True)
    assert reader.one(p.Publish) == p.Publish("a", b"")
    assert len(desk.core.retained) == 0
    late = desk.client("late")
    late.subscribe("a")
    assert late.got() == []


def test_every_subscription_brings_retained_messages_again() -> None:
    """MQTT-3.8.4-3: the same filter anew replaces the old one, and what is retained is sent once more."""
    desk = Desk()
    desk.core.publish("a", b"x", retain=True)
    reader = desk.client("r")
    for qos in (0, 1):
        reader.subscribe("a", qos=qos)
        assert reader.messages() == [("a", b"x")]
    desk.core.publish("a", b"y", 1)
    assert reader.one(p.Publish).qos == 1


def test_retained_messages_beyond_the_window_come_as_there_is_room() -> None:
    desk = Desk(msgspec.structs.replace(HIVEMQ4, inflight=2, queue=1))
    for number in range(20):
        desk.core.publish(f"t/{number}", b"x", 1, retain=True)
    reader = desk.client("r")
    reader.subscribe("#", qos=1)
    seen = 0
    while found := reader.got():
        assert len(found) <= 2
        seen += len(found)
        reader.send(*(p.Ack(k.PUBACK, packet.packet_id) for packet in found))
    assert seen == 20


def test_huge_set_of_retained_messages_reaches_a_slow_reader_whole() -> None:
    desk = Desk(bounds=Bounds(unsent_bytes=5_000))
    for number in range(1_000):
        desk.core.publish(f"t/{number}", bytes(100), retain=True)
    reader = desk.client("r")
    reader.subscribe("t/#", qos=0)
    assert len(reader.messages()) == 1_000


def test_replayed_message_is_the_newest_at_its_turn() -> None:
    """A reader that is served slowly must not end with an older state than another."""
    desk = Desk(msgspec.structs.replace(HIVEMQ4, inflight=1))
    for topic in ("a", "b"):
        desk.core.publish(topic, b"old", 1, retain=True)
    reader = desk.client("r")
    reader.subscribe("+", qos=1)
    first = reader.one(p.Publish)
    desk.core.publish("b" if first.topic == "a" else "a", b"new", 1, retain=True)
    reader.send(p.Ack(k.PUBACK, first.packet_id))
    assert reader.one(p.Publish).payload == b"new"


def test_retained_messages_are_bounded() -> None:
    desk = Desk(bounds=Bounds(retained=3, retained_bytes=1_000))
    for number in range(5):
        desk.core.publish(f"t/{number}", b"x", retain=True)
    assert (len(desk.core.retained), desk.core.retained.refused) == (3, 2)
    desk.core.publish("t/0", bytes(2_000), retain=True)
    assert (len(desk.core.retained), desk.core.retained.refused) == (3, 3)
    desk.core.publish("t/0", b"", retain=True)
    desk.core.publish("t/9", b"x", retain=True)
    assert len(desk.core.retained) == 3


def test_topics_of_very_many_levels_are_passed_on_and_few_of_them_retained() -> None:
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("#", qos=0)
    for number in range(10):
        desk.core.publish(str(number) + "/" * 60_000, b"x", retain=True)
    assert len(reader.messages()) == 10
    assert len(desk.core.retained) == 6
    assert desk.core.retained._nodes <= 400_000


# --- who may ---------------------------------------------------------------------------------------------------------


class OwnTopics(Anybody):
    """Everybody may publish below his own name."""

    def may_publish(self, principal: str, topic: str) -> bool:
        return topic.startswith(principal + "/")


@pytest.mark.parametrize("version", BOTH)
def test_forbidden_message_reaches_nobody(version: int) -> None:
    desk = Desk(policy=OwnTopics())
    reader = desk.client("r")
    reader.subscribe("#")
    writer = desk.client("w", version, username="ada")
    writer.send(p.Publish("ada/x", b""))
    assert reader.messages() == [("ada/x", b"")]
    writer.send(p.Publish("eve/x", b"", retain=True), p.Publish("ada/x", b""))
    assert (reader.messages(), writer.closed, len(desk.core.retained)) == ([], "close", 0)


def test_forbidden_will_keeps_its_client_out() -> None:
    desk = Desk(policy=OwnTopics())
    client, [answer] = desk.refused(k.V311, username="ada", will=p.Will("eve/x", b""))
    assert (answer.code, client.closed) == (5, "close")
    client, [answer] = desk.refused(k.V5, username="ada", will=p.Will("eve/x", b""))
    assert (answer.code, client.closed) == (0x87, "close")
