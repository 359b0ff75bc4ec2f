"""What only version 5 has: properties, aliases, flow control, subscription options, shared subscriptions, expiry."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.mocks.core.mqtt.desk import Client, Desk

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.policy import Accept, Anybody
from vendorlab.mocks.core.mqtt.profiles import HIVEMQ4, Profile

FORWARDED: Any = {
    "payload_format_indicator": 1,
    "content_type": "text/plain",
    "response_topic": "answers/1",
    "correlation_data": b"\0\xff",
    "user_property": [("a", "1"), ("a", "2"), ("b", "")],
}


def five(desk: Desk, client_id: str, **properties: Any) -> Client:
    """A client of version 5 with properties."""
    return desk.client(client_id, k.V5, properties=properties)


def changed(**values: Any) -> Profile:
    """HiveMQ with a habit changed."""
    return msgspec.structs.replace(HIVEMQ4, **values)


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_properties_of_a_message_are_passed_on(qos: int) -> None:
    """MQTT-3.3.2-4, -15, -16, -17 and -18, -20: unaltered, user properties in order."""
    desk = Desk()
    reader = five(desk, "r")
    reader.subscribe("a", qos=2)
    old = desk.client("old")
    old.subscribe("a", qos=0)
    five(desk, "w").send(p.Publish("a", b"x", qos, packet_id=1 if qos else 0, properties=FORWARDED))
    assert reader.one(p.Publish).properties == FORWARDED
    assert old.one(p.Publish) == p.Publish("a", b"x")


def test_properties_of_a_retained_message_are_kept() -> None:
    desk = Desk()
    five(desk, "w").send(p.Publish("a", b"x", retain=True, properties=FORWARDED))
    reader = five(desk, "r")
    reader.subscribe("a")
    assert reader.one(p.Publish).properties == FORWARDED


# --- CONNACK ---------------------------------------------------------------------------------------------------------


def connack(profile: Profile = HIVEMQ4, policy: Any = None, client_id: str = "c", **options: Any) -> Any:
    """The properties of the answer to a CONNECT."""
    desk = Desk(profile, policy)
    client = desk.connection(k.V5).send(p.Connect(client_id, k.V5, **options))
    return client.one(p.Connack).properties


def test_connack_says_what_hivemq_says() -> None:
    assert connack() == {"receive_maximum": 10, "topic_alias_maximum": 5}


def test_connack_says_what_is_not_offered() -> None:
    """MQTT-3.2.2-9 and the sections 3.2.2.3.4 to 3.2.2.3.13."""
    found = connack(changed(maximum_qos=1, retain=False, shared=False, largest_packet=1_000, topic_aliases=0))
    assert found == {
        "receive_maximum": 10,
        "maximum_qos": 1,
        "retain_available": 0,
        "maximum_packet_size": 1_000,
        "shared_subscription_available": 0,
    }


@pytest.mark.parametrize(
    ("most", "unlimited", "asked", "told"),
    [(60, True, 30, None), (60, True, 90, 60), (60, True, 0, None), (60, False, 0, 60), (65_535, True, 65_535, None)],
)
def test_server_sets_the_keep_alive(most: int, unlimited: bool, asked: int, told: int | None) -> None:
    """MQTT-3.1.2-21, MQTT-3.2.2-21 and -22."""
    profile = changed(server_keep_alive=most, unlimited_keep_alive=unlimited)
    assert connack(profile, keep_alive=asked).get("server_keep_alive") == told


def test_keep_alive_of_the_server_counts() -> None:
    desk = Desk(changed(server_keep_alive=10))
    client = desk.client("c", k.V5, keep_alive=1_000)
    desk.pass_line(15)
    assert client.closed == "close"


def test_response_information_is_given_to_those_who_ask() -> None:
    """MQTT-3.1.2-28, 3.2.2.3.14."""

    class Informed(Anybody):
        def authenticate(self, connect: p.Connect) -> Accept:
            return Accept("c", "answers/c")

    asked: Any = {"request_response_information": 1}
    assert connack(policy=Informed(), properties=asked)["response_information"] == "answers/c"
    assert "response_information" not in connack(policy=Informed())


def test_authentication_method_is_unknown() -> None:
    """MQTT-4.12.0-1: CONNACK 0x8C."""
    client, [answer] = Desk().refused(k.V5, properties={"authentication_method": "SCRAM"})
    assert (answer.code, client.closed) == (0x8C, "close")


def test_auth_has_no_place_without_a_method() -> None:
    """MQTT-4.12.0-6 and 3.15."""
    client = five(Desk(), "c").send(p.Auth(0x19, {"authentication_method": "x"}))
    assert [packet.code for packet in client.got()] == [0x82]


@pytest.mark.parametrize(
    "packet",
    [p.Connack(False, 0), p.Suback(1, (0,)), p.Unsuback(1, (0,)), p.Pingresp()],
    ids=lambda x: type(x).__name__,
)
def test_packet_that_only_a_server_sends_is_a_protocol_error(packet: p.Packet) -> None:
    client = five(Desk(), "c").send(packet)
    assert ([found.code for found in client.got()], client.closed) == ([0x82], "close")


@pytest.mark.parametrize(("wanted", "told"), [({}, True), ({"request_problem_information": 0}, False)])
def test_reasons_are_told_to_those_who_want_them(wanted: Any, told: bool) -> None:
    """MQTT-3.1.2-29: not on packets other than PUBLISH, CONNACK and DISCONNECT."""

    class Strict(Anybody):
        def may_subscribe(self, principal: str, topic_filter: str) -> bool:
            return False

        def may_publish(self, principal: str, topic: str) -> bool:
            return False

    desk = Desk(policy=Strict())
    client = five(desk, "c", **wanted)
    assert ("reason_string" in client.subscribe("a").properties) is told
    client.send(p.Publish("a", b"", 1, packet_id=1))
    refusal, end = client.got()
    assert ("reason_string" in refusal.properties) is told
    assert "reason_string" in end.properties


# --- flow ------------------------------------------------------------------------------------------------------------


def test_broker_keeps_to_the_clients_receive_maximum() -> None:
    """MQTT-3.3.4-9, MQTT-4.9.0-2; QoS 0 is not held back."""
    desk = Desk()
    reader = five(desk, "r", receive_maximum=2)
    reader.subscribe("a", qos=2)
    for number in range(4):
        desk.core.publish("a", b"%d" % number, 2)
    desk.core.publish("a", b"zero", 0)
    found = reader.got()
    assert [packet.payload for packet in found] == [b"0", b"1", b"zero"]
    reader.send(p.Ack(k.PUBREC, found[0].packet_id))
    assert reader.got() == [p.Ack(k.PUBREL, found[0].packet_id)]
    reader.send(p.Ack(k.PUBREC, found[1].packet_id, 0x80))
    assert [packet.payload for packet in reader.got()] == [b"2"]
    reader.send(p.Ack(k.PUBCOMP, found[0].packet_id))
    assert [packet.payload for packet in reader.got()] == [b"3"]


def test_client_keeps_to_the_brokers_receive_maximum() -> None:
    """MQTT-3.3.4-7 and -8: the eleventh ends it with 0x93; what is acknowledged at once does not count."""
    desk = Desk()
    client = five(desk, "c")
    client.send(*(p.Publish("a", b"", 1, packet_id=number) for number in range(1, 100)))
    client.got()
    client.send(*(p.Publish("a", b"", 2, packet_id=number) for number in range(1, 11)))
    assert len(client.got()) == 10
    client.send(p.Publish("a", b"", 2, dup=True, packet_id=1))
    assert len(client.got()) == 1
    client.send(p.Publish("a", b"", 2, packet_id=11))
    assert ([packet.code for packet in client.got()], client.closed) == ([0x93], "close")


def test_refused_message_with_qos_2_is_done() -> None:
    """MQTT-4.3.3-4: no PUBREL after a PUBREC that refuses."""
    desk = Desk()
    reader = five(desk, "r")
    reader.subscribe("a", qos=2)
    desk.core.publish("a", b"x", 2)
    reader.send(p.Ack(k.PUBREC, reader.one(p.Publish).packet_id, 0x97))
    assert reader.got() == []
    assert desk.core.sessions["r"].inflight == {}


def test_broker_keeps_to_the_clients_packet_size() -> None:
    """MQTT-3.1.2-24 and -25: what is larger is as good as delivered, and the rest goes on."""
    desk = Desk()
    reader = five(desk, "r", maximum_packet_size=60)
    reader.subscribe("a", qos=1)
    for size in (10, 100, 20):
        desk.core.publish("a", bytes(size), 1)
        desk.core.publish("a", bytes(size), 0)
    found = reader.got()
    assert [(len(packet.payload), packet.qos) for packet in found] == [(10, 1), (10, 0), (20, 1), (20, 0)]
    assert len(desk.core.sessions["r"].inflight) == 2


def test_answer_that_is_too_large_for_the_client_is_left_out() -> None:
    client = five(Desk(), "c", maximum_packet_size=8)
    client.send(p.Subscribe(1, tuple(p.Subscription(f"t/{number}") for number in range(10))))
    assert client.got() == []
    assert client.closed is None


def test_reason_is_left_out_where_it_does_not_fit() -> None:
    """MQTT-3.14.2-3, MQTT-3.4.2-2 of 5.0."""
    desk = Desk()
    old = five(desk, "c", maximum_packet_size=10)
    desk.client("c", k.V5)
    assert old.got() == [p.Disconnect(0x8E)]


# --- aliases ---------------------------------------------------------------------------------------------------------


def test_client_may_use_aliases() -> None:
    """MQTT-3.3.2-7 to -12; they may be set anew, and belong to the connection."""
    desk = Desk()
    reader = desk.client("r")
    reader.subscribe("#", qos=0)
    writer = five(desk, "w")
    for topic, alias in (("a", 1), ("", 1), ("b", 1), ("", 1), ("c", 5), ("", 5), ("", 1)):
        writer.send(p.Publish(topic, b"", properties={"topic_alias": alias}))
    assert [topic for topic, _ in reader.messages()] == ["a", "a", "b", "b", "c", "c", "b"]
    writer.drop()
    writer = five(desk, "w").send(p.Publish("", b"", properties={"topic_alias": 1}))
    assert [packet.code for packet in writer.got()] == [0x94]


@pytest.mark.parametrize(("topic", "alias"), [("a", 6), ("a", 65_535), ("", 5)])
def test_alias_that_is_unknown_or_too_large_ends_the_connection(topic: str, alias: int) -> None:
    """MQTT-3.2.2-17, MQTT-3.3.2-9."""
    client = five(Desk(), "c").send(p.Publish(topic, b"", properties={"topic_alias": alias}))
    assert ([packet.code for packet in client.got()], client.closed) == ([0x94], "close")


@pytest.mark.parametrize(("allowed", "expected"), [(0, 0), (2, 2), (100, 3)])
def test_broker_may_use_aliases(allowed: int, expected: int) -> None:
    """MQTT-3.1.2-26 and -27: never more than the client allows, and each is told once."""
    desk = Desk(changed(aliases_to_clients=3))
    reader = five(desk, "r", topic_alias_maximum=allowed)
    reader.subscribe("#", qos=1)
    topics = ["a", "b", "c", "d"] * 2
    known: dict[int, str] = {}
    seen: list[str] = []
    for number, topic in enumerate(topics):
        desk.core.publish(topic, b"", number % 2)
        packet = reader.one(p.Publish)
        alias = packet.properties.get("topic_alias", 0)
        if packet.topic and alias:
            assert alias not in known
            known[alias] = packet.topic
        seen.append(packet.topic or known[alias])
        if packet.qos:
            reader.send(p.Ack(k.PUBACK, packet.packet_id))
    assert seen == topics
    assert sorted(known) == list(range(1, expected + 1))


# --- subscription options --------------------------------------------------------------------------------------------


def test_no_local_keeps_ones_own_messages_away() -> None:
    """MQTT-3.8.3-3 of 5.0; another filter of the same client may still bring them."""
    desk = Desk()
    client = five(desk, "c")
    client.subscribe("a", "b/#", qos=0, no_local=True)
    client.subscribe("b/+", qos=0)
    client.send(p.Publish("a", b"1"), p.Publish("b/x", b"2"))
    assert client.messages() == [("b/x", b"2")]
    desk.client("other").send(p.Publish("a", b"3"))
    assert client.messages() == [("a", b"3")]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("qos", [0, 1])
def test_retain_as_published_keeps_the_flag(kept: bool, qos: int) -> None:
    """MQTT-3.3.1-12 and -13 of 5.0."""
    desk = Desk()
    client = five(desk, "c")
    client.subscribe("a", qos=qos, retain_as_published=kept)
    desk.core.publish("a", b"x", qos, retain=True)
    desk.core.publish("a", b"y", qos)
    assert [packet.retain for packet in client.got()] == [kept, False]


@pytest.mark.parametrize(("handling", "first", "second"), [(0, 1, 1), (1, 1, 0), (2, 0, 0)])
def test_retain_handling_says_when_retained_messages_come(handling: int, first: int, second: int) -> None:
    """MQTT-3.3.1-9, -10 and -11 of 5.0."""
    desk = Desk()
    desk.core.publish("a", b"x", retain=True)
    client = five(desk, "c")
    for expected in (first, second):
        client.subscribe("a", qos=0, retain_handling=handling)
        assert len(client.messages()) == expected


def test_subscription_identifiers_come_with_the_messages() -> None:
    """MQTT-3.3.4-3 to -5: all that matched, in one message; a new one replaces the old."""
    desk = Desk()
    client = five(desk, "c")
    client.subscribe("a/#", qos=0, properties={"subscription_identifier": [7]})
    client.subscribe("a/+", qos=1, properties={"subscription_identifier": [300]})
    client.subscribe("a/b", qos=0)
    desk.core.publish("a/b", b"x", 1)
    assert sorted(client.one(p.Publish).properties.get("subscription_identifier", [])) == [7, 300]
    client.subscribe("a/#", qos=0, properties={"subscription_identifier": [9]})
    desk.core.publish("a", b"x")
    assert client.one(p.Publish).properties.get("subscription_identifier") == [9]


def test_subscription_identifier_comes_with_retained_messages() -> None:
    desk = Desk()
    desk.core.publish("a", b"x", retain=True)
    client = five(desk, "c")
    client.subscribe("a", qos=0, properties={"subscription_identifier": [7]})
    assert client.one(p.Publish).properties == {"subscription_identifier": [7]}


def test_client_may_not_send_a_subscription_identifier() -> None:
    """MQTT-3.3.4-6."""
    client = five(Desk(), "c").send(p.Publish("a", b"", properties={"subscription_identifier": [1]}))
    assert [packet.code for packet in client.got()] == [0x82]


# --- shared subscriptions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("qos", [0, 1])
def test_shared_subscription_gives_each_message_to_one(qos: int) -> None:
    """MQTT 5, 4.8.2: in turn; another group and plain subscribers get it too."""
    desk = Desk()
    members = [five(desk, f"m{number}") for number in range(3)]
    for member in members:
        member.subscribe("$share/g/a/#", qos=qos)
    other, plain = five(desk, "o"), desk.client("p")
    other.subscribe("$share/h/a/#", qos=qos)
    plain.subscribe("a/b", qos=qos)
    for number in range(9):
        desk.core.publish("a/b", b"%d" % number, qos)
    shares = [member.messages() for member in members]
    assert [len(share) for share in shares] == [3, 3, 3]
    assert sorted(payload for share in shares for _, payload in share) == [b"%d" % number for number in range(9)]
    assert len(other.messages()) == len(plain.messages()) == 9


def test_shared_subscription_passes_by_those_who_are_away_or_busy() -> None:
    desk = Desk()
    away = desk.client("away", k.V5, properties={"session_expiry_interval": 60})
    busy = five(desk, "busy", receive_maximum=1)
    free = five(desk, "free")
    for member in (away, busy, free):
        member.subscribe("$share/g/a", qos=1)
    away.drop()
    for _ in range(6):
        desk.core.publish("a", b"x", 1)
    assert (len(busy.messages()), len(free.messages())) == (1, 5)


def test_shared_subscription_waits_when_all_are_away() -> None:
    desk = Desk()
    member = desk.client("m", k.V5, properties={"session_expiry_interval": 60})
    member.subscribe("$share/g/a", qos=1)
    member.drop()
    desk.core.publish("a", b"x", 1)
    assert desk.client("m", k.V5, clean=False, present=True).messages() == [("a", b"x")]


def test_shared_subscription_brings_nothing_retained() -> None:
    """MQTT 5, 4.8.2."""
    desk = Desk()
    desk.core.publish("a", b"x", retain=True)
    client = five(desk, "c")
    client.subscribe("$share/g/a", qos=0)
    assert client.messages() == []


def test_shared_subscription_is_given_back() -> None:
    desk = Desk()
    client = five(desk, "c")
    client.subscribe("$share/g/a", "a", qos=0)
    client.send(p.Unsubscribe(1, ("$share/g/a",)))
    client.got()
    desk.core.publish("a", b"x")
    assert client.messages() == [("a", b"x")]
    client.drop()
    assert desk.core.routes.nodes == 0


def test_shared_subscription_may_not_be_offered() -> None:
    client = five(Desk(changed(shared=False)), "c")
    client.send(p.Subscribe(1, (p.Subscription("$share/g/a"),)))
    assert [packet.code for packet in client.got()] == [0x9E]


# --- expiry ----------------------------------------------------------------------------------------------------------


def test_waiting_message_tells_what_is_left_of_its_time() -> None:
    """MQTT-3.3.2-5 and -6."""
    desk = Desk()
    reader = desk.client("r", k.V5, properties={"session_expiry_interval": 1_000})
    reader.subscribe("a", qos=1)
    reader.drop()
    for seconds in (10, 60):
        desk.core.publish("a", b"%d" % seconds, 1, properties={"message_expiry_interval": seconds})
    desk.pass_vendor(15)
    message = desk.client("r", k.V5, clean=False, present=True).one(p.Publish)
    assert (message.payload, message.properties) == (b"60", {"message_expiry_interval": 45})


def test_message_that_does_not_wait_keeps_its_time() -> None:
    desk = Desk()
    reader = five(desk, "r")
    reader.subscribe("a", qos=0)
    five(desk, "w").send(p.Publish("a", b"", properties={"message_expiry_interval": 9}))
    assert reader.one(p.Publish).properties == {"message_expiry_interval": 9}


def test_retained_message_expires() -> None:
    desk = Desk()
    desk.core.publish("a", b"x", retain=True, properties={"message_expiry_interval": 60})
    desk.pass_vendor(59.5)
    reader = five(desk, "r")
    reader.subscribe("a", qos=0)
    assert reader.one(p.Publish).properties == {"message_expiry_interval": 1}
    desk.pass_vendor(0.5)
    reader.subscribe("a", qos=0)
    assert reader.messages() == []
    assert len(desk.core.retained) == 0


def test_will_expires_like_any_message() -> None:
    desk = Desk()
    will = p.Will("will", b"x", retain=True, properties={"message_expiry_interval": 5})
    desk.client("c", k.V5, will=will).drop()
    desk.pass_vendor(5)
    reader = desk.client("r")
    reader.subscribe("will")
    assert reader.messages() == []


def test_what_is_not_offered_is_refused() -> None:
    """MQTT-3.2.2-11 and -14."""
    desk = Desk(changed(maximum_qos=1, retain=False))
    client = five(desk, "c").send(p.Publish("a", b"", 2, packet_id=1))
    assert [packet.code for packet in client.got()] == [0x9B]
    client = five(desk, "c").send(p.Publish("a", b"", retain=True))
    assert [packet.code for packet in client.got()] == [0x9A]
    assert five(desk, "c").subscribe("a", qos=2).codes == (1,)
    for will, code in ((p.Will("a", b"", 2), 0x9B), (p.Will("a", b"", retain=True), 0x9A)):
        assert [packet.code for packet in desk.refused(k.V5, will=will)[1]] == [code]
