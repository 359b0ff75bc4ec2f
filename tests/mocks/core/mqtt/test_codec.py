"""The codec: every packet there and back in every version, and bytes that are no packet as values that say why."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.mocks.core.mqtt.desk import ALL

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt import reasons
from vendorlab.mocks.core.mqtt.decode import decode
from vendorlab.mocks.core.mqtt.encode import encode
from vendorlab.mocks.core.mqtt.framing import LARGEST_PACKET, Parser
from vendorlab.mocks.core.mqtt.properties import BINARY, PAIR, TABLE, TEXT, VARIABLE, WILL, Property
from vendorlab.mocks.core.mqtt.reasons import Reason
from vendorlab.mocks.core.mqtt.wire import Malformed

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NAMES = st.text(st.characters(exclude_characters="\0+#", exclude_categories=["Cs"]), min_size=1, max_size=12)
FILTERS = st.sampled_from(["a", "a/#", "+", "#", "a/+/b", "$share/g/x/#", "/"])
IDS = st.integers(1, 65_535)
BYTES = st.binary(max_size=20)
WIDTHS = {"BYTE": 255, "TWO": 65_535, "FOUR": 2**32 - 1}


def values(property_: Property, packet: int) -> st.SearchStrategy[Any]:
    """Values that a property may have in a packet."""
    low, high = property_.bounds
    if property_.form is TEXT:
        return NAMES if property_.name == "response_topic" else TEXTS
    if property_.form is BINARY:
        return BYTES
    if property_.form is PAIR:
        return st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)
    if property_.form is VARIABLE:
        most = 3 if packet in property_.repeatable else 1
        return st.lists(st.integers(1, 268_435_455), min_size=1, max_size=most)
    two = property_.name in ("server_keep_alive", "receive_maximum", "topic_alias_maximum", "topic_alias")
    low = max(low, property_.name == "topic_alias")
    return st.integers(low, min(high, 65_535 if two else 2**32 - 1))


@st.composite
def properties(draw: st.DrawFn, packet: int, version: int) -> Any:
    """Properties that a packet may have."""
    if version != k.V5:
        return {}
    known = [property_ for property_ in TABLE if packet in property_.packets]
    chosen = draw(st.lists(st.sampled_from(known), unique=True, max_size=4))
    found = {property_.name: draw(values(property_, packet)) for property_ in chosen}
    if "authentication_data" in found:
        found.setdefault("authentication_method", "m")
    return found


@st.composite
def connects(draw: st.DrawFn, version: int) -> p.Connect:
    username = draw(st.none() | TEXTS)
    password = draw(st.none() | BYTES) if version == k.V5 or username is not None else None
    will = draw(
        st.none() | st.builds(p.Will, NAMES, BYTES, st.integers(0, 2), st.booleans(), properties(WILL, version))
    )
    return p.Connect(
        draw(TEXTS), version, draw(st.booleans()), draw(st.integers(0, 65_535)), will, username, password,
        draw(properties(k.CONNECT, version)),
    )  # fmt: skip


@st.composite
def publishes(draw: st.DrawFn, version: int) -> p.Publish:
    qos = draw(st.integers(0, 2))
    found = draw(properties(k.PUBLISH, version))
    topic = draw(NAMES | st.just("") if "topic_alias" in found else NAMES)
    return p.Publish(
        topic,
        draw(BYTES),
        qos,
        draw(st.booleans()),
        draw(st.booleans()) if qos else False,
        draw(IDS) if qos else 0,
        found,
    )


def acks(version: int) -> st.SearchStrategy[p.Ack]:
    def one(kind: int) -> st.SearchStrategy[p.Ack]:
        codes = reasons.PUBACK_CODES if kind in (k.PUBACK, k.PUBREC) else reasons.PUBREL_CODES
        code = st.sampled_from(sorted(codes)) if version == k.V5 else st.just(0)
        return st.builds(p.Ack, st.just(kind), IDS, code, properties(kind, version))

    return st.sampled_from((k.PUBACK, k.PUBREC, k.PUBREL, k.PUBCOMP)).flatmap(one)


def packets(version: int) -> st.SearchStrategy[Any]:
    """Every packet that a version has."""

    def coded(known: frozenset[int]) -> st.SearchStrategy[tuple[int, ...]]:
        return st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=4).map(tuple)

    five = version == k.V5
    option = st.booleans() if five else st.just(False)
    handling = st.integers(0, 2) if five else st.just(0)
    wanted = st.builds(p.Subscription, FILTERS, st.integers(0, 2), option, option, handling).filter(
        lambda item: not (item.no_local and item.filter.startswith("$share"))
    )
    connack = st.sampled_from(sorted(reasons.CONNACK_CODES) if five else range(6)).flatmap(
        lambda code: st.builds(
            p.Connack,
            st.just(False) if code or version == k.V31 else st.booleans(),
            st.just(code),
            properties(k.CONNACK, version),
        )
    )
    subacked = coded(reasons.SUBACK_CODES if five else frozenset((0, 1, 2, 0x80)))
    unsubacked = coded(reasons.UNSUBACK_CODES) if five else st.just(())
    kinds: list[st.SearchStrategy[Any]] = [
        connects(version),
        connack,
        publishes(version),
        acks(version),
        st.builds(
            p.Subscribe, IDS, st.lists(wanted, min_size=1, max_size=4).map(tuple), properties(k.SUBSCRIBE, version)
        ),
        st.builds(p.Suback, IDS, subacked, properties(k.SUBACK, version)),
        st.builds(
            p.Unsubscribe, IDS, st.lists(FILTERS, min_size=1, max_size=4).map(tuple), properties(k.UNSUBSCRIBE, version)
        ),
        st.builds(p.Unsuback, IDS, unsubacked, properties(k.UNSUBACK, version)),
        st.just(p.Pingreq()),
        st.just(p.Pingresp()),
    ]
    if five:
        disconnect = st.sampled_from(sorted(reasons.DISCONNECT_CODES))
        kinds.append(st.builds(p.Disconnect, disconnect, properties(k.DISCONNECT, version)))
        kinds.append(st.builds(p.Auth, st.sampled_from(sorted(reasons.AUTH_CODES)), properties(k.AUTH, version)))
    else:
        kinds.append(st.just(p.Disconnect()))
    return st.one_of(kinds)


SPOKEN = st.sampled_from(ALL).flatmap(lambda version: st.tuples(st.just(version), packets(version)))
STREAMS = st.sampled_from(ALL).flatmap(
    lambda version: st.tuples(
        st.just(version), st.lists(packets(version).filter(lambda x: not isinstance(x, p.Connect)))
    )
)


@given(SPOKEN)
def test_packet_comes_back_as_it_went(spoken: tuple[int, p.Packet]) -> None:
    version, packet = spoken
    assert Parser(version).feed(encode(packet, version)) == [packet]


@given(STREAMS, st.data())
def test_stream_reads_the_same_in_any_pieces(stream: tuple[int, list[p.Packet]], data: st.DataObject) -> None:
    version, sent = stream
    raw = b"".join(encode(packet, version) for packet in sent)
    single = Parser(version)
    assert [found for byte in raw for found in single.feed(bytes((byte,)))] == sent
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    pieced = Parser(version)
    assert [found for piece in pieces for found in pieced.feed(piece)] == sent


@given(st.sampled_from(ALL), st.binary(max_size=60))
@example(k.V5, b"\x10\x0d\0\x04MQTT\x05\0\0\0\xff\xff\xff\xff")
def test_any_bytes_give_packets_or_a_reason(version: int, raw: bytes) -> None:
    whole = Parser(version).feed(raw)
    single = Parser(version)
    assert [found for byte in raw for found in single.feed(bytes((byte,)))] == whole
    assert all(not isinstance(packet, Malformed) for packet in whole[:-1])


@given(SPOKEN, st.data())
def test_spoiled_packet_gives_packets_or_a_reason(spoken: tuple[int, p.Packet], data: st.DataObject) -> None:
    version, packet = spoken
    raw = bytearray(encode(packet, version))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255))
    for found in Parser(version).feed(bytes(raw)):
        if isinstance(found, Malformed):
            assert found.code >= Reason.UNSPECIFIED
            assert found.rule
            assert found.text


@given(st.sampled_from(ALL), st.integers(0, 255), st.binary(max_size=40))
def test_what_is_read_can_be_written_and_read_again(version: int, header: int, body: bytes) -> None:
    packet = decode(header, body, version)
    if not isinstance(packet, Malformed):
        spoken = packet.version if isinstance(packet, p.Connect) else version
        again = Parser(spoken).feed(encode(packet, spoken))
        assert again == [packet]


# --- every rule, broken ----------------------------------------------------------------------------------------------

V3, V4, V5 = ALL
CONNECT = b"\0\x04MQTT"
BROKEN = [
    # what is wrong; the version, first byte and body; the rule that it breaks and the code that fits
    ("a reserved type", V4, 0x00, b"", "2.1.2", 0x81),
    ("AUTH before version 5", V4, 0xF0, b"", "2.1.2", 0x81),
    ("flags on PINGREQ", V4, 0xC1, b"", "MQTT-2.2.2-2", 0x81),
    ("flags on CONNECT", V4, 0x11, CONNECT + b"\x04\x02\0\0\0\0", "MQTT-2.2.2-2", 0x81),
    ("no flags on SUBSCRIBE", V4, 0x80, b"\0\x01\0\x01a\0", "MQTT-2.2.2-2", 0x81),
    ("DUP on SUBSCRIBE", V4, 0x8A, b"\0\x01\0\x01a\0", "MQTT-2.2.2-2", 0x81),
    ("no flags on PUBREL", V5, 0x60, b"\0\x01", "MQTT-2.2.2-2", 0x81),
    ("another protocol name", V4, 0x10, b"\0\x04MQTX\x04\x02\0\0\0\0", "MQTT-3.1.2-1", 0x81),
    ("another protocol level", V4, 0x10, CONNECT + b"\x06\x02\0\0\0\0", "MQTT-3.1.2-2", 0x84),
    ("level 4 with the old name", V4, 0x10, b"\0\x06MQIsdp\x04\x02\0\0\0\0", "MQTT-3.1.2-2", 0x84),
    ("the reserved connect flag", V4, 0x10, CONNECT + b"\x04\x03\0\0\0\0", "MQTT-3.1.2-3", 0x81),
    ("a will QoS without a will", V4, 0x10, CONNECT + b"\x04\x0a\0\0\0\0", "MQTT-3.1.2-13", 0x81),
    ("a will retain without a will", V4, 0x10, CONNECT + b"\x04\x22\0\0\0\0", "MQTT-3.1.2-13", 0x81),
    ("a will with QoS 3", V4, 0x10, CONNECT + b"\x04\x1e\0\0\0\0\0\x01t\0\0", "MQTT-3.1.2-14", 0x81),
    ("a password without a user", V4, 0x10, CONNECT + b"\x04\x42\0\0\0\0\0\x01p", "MQTT-3.1.2-22", 0x81),
    ("a will with a wildcard", V4, 0x10, CONNECT + b"\x04\x06\0\0\0\0\0\x01#\0\0", "MQTT-4.7.1-1", 0x90),
    ("a user name that is missing", V4, 0x10, CONNECT + b"\x04\x82\0\0\0\0", "1.5.1", 0x81),
    ("a user name that is not wanted", V4, 0x10, CONNECT + b"\x04\x02\0\0\0\0\0\x01u", "2.1.4", 0x81),
    ("U+0000 in a client id", V4, 0x10, CONNECT + b"\x04\x02\0\0\0\x01\0", "MQTT-1.5.3-2", 0x81),
    ("a surrogate in a client id", V4, 0x10, CONNECT + b"\x04\x02\0\0\0\x03\xed\xa0\x80", "MQTT-1.5.3-1", 0x81),
    ("an overlong character", V4, 0x10, CONNECT + b"\x04\x02\0\0\0\x02\xc0\xaf", "MQTT-1.5.3-1", 0x81),
    ("authentication data alone", V5, 0x10, CONNECT + b"\x05\x02\0\0\x03\x16\0\0\0\0", "3.1.2.11.10", 0x82),
    ("a session that is and is not", V4, 0x20, b"\x01\x05", "MQTT-3.2.2-4", 0x82),
    ("reserved CONNACK flags", V4, 0x20, b"\x02\0", "3.2.2.1", 0x81),
    ("a return code that is none", V4, 0x20, b"\0\x06", "3.2.2.3", 0x81),
    ("QoS 3", V4, 0x36, b"\0\x01a\0\x01", "MQTT-3.3.1-4", 0x81),
    ("DUP with QoS 0", V4, 0x38, b"\0\x01a", "MQTT-3.3.1-2", 0x81),
    ("a wildcard in a topic", V4, 0x30, b"\0\x03a/+", "MQTT-3.3.2-2", 0x90),
    ("an empty topic", V4, 0x30, b"\0\0", "MQTT-4.7.3-1", 0x90),
    ("an empty topic without an alias", V5, 0x30, b"\0\0\0", "MQTT-4.7.3-1", 0x90),
    ("a topic alias of 0", V5, 0x30, b"\0\x01a\x03\x23\0\0", "MQTT-3.3.2-8", 0x94),
    ("a response topic with a wildcard", V5, 0x30, b"\0\x01a\x04\x08\0\x01#", "MQTT-3.3.2-14", 0x90),
    ("packet id 0 on PUBLISH", V4, 0x32, b"\0\x01a\0\0", "MQTT-2.3.1-1", 0x82),
    ("packet id 0 on PUBACK", V4, 0x40, b"\0\0", "MQTT-2.3.1-1", 0x82),
    ("packet id 0 on SUBSCRIBE", V4, 0x82, b"\0\0\0\x01a\0", "MQTT-2.3.1-1", 0x82),
    ("a PUBACK with more in it", V4, 0x40, b"\0\x01\0", "2.1.4", 0x81),
    ("a short PUBACK", V4, 0x40, b"\0", "1.5.1", 0x81),
    ("a code that PUBACK has not", V5, 0x40, b"\0\x01\x01", "2.4", 0x82),
    ("a code that PUBREL has not", V5, 0x62, b"\0\x01\x10", "2.4", 0x82),
    ("a SUBSCRIBE without a filter", V4, 0x82, b"\0\x01", "MQTT-3.8.3-3", 0x82),
    ("a filter without options", V4, 0x82, b"\0\x01\0\x01a", "1.5.1", 0x81),
    ("a filter with QoS 3", V4, 0x82, b"\0\x01\0\x01a\x03", "MQTT-3-8.3-4", 0x81),
    ("reserved bits in 3.1.1's options", V4, 0x82, b"\0\x01\0\x01a\x04", "MQTT-3-8.3-4", 0x81),
    ("reserved bits in 5's options", V5, 0x82, b"\0\x01\0\0\x01a\x40", "MQTT-3-8.3-4", 0x81),
    ("retain handling 3", V5, 0x82, b"\0\x01\0\0\x01a\x30", "3.8.3.1", 0x82),
    ("a shared filter with No Local", V5, 0x82, b"\0\x01\0\0\x0a$share/g/a\x04", "MQTT-3.8.3-4", 0x82),
    ("a filter that is none", V4, 0x82, b"\0\x01\0\x02a#\0", "MQTT-4.7.1-2", 0x8F),
    ("an empty filter", V4, 0x82, b"\0\x01\0\0\0", "MQTT-4.7.1-2", 0x8F),
    ("a SUBACK code that is none", V4, 0x90, b"\0\x01\x03", "MQTT-3.9.3-2", 0x81),
    ("an UNSUBSCRIBE without a filter", V4, 0xA2, b"\0\x01", "MQTT-3.10.3-2", 0x82),
    ("an UNSUBACK without a code", V5, 0xB0, b"\0\x01\0", "MQTT-3.11.3-2", 0x81),
    ("a PINGREQ with a body", V4, 0xC0, b"\0", "2.1.4", 0x81),
    ("a DISCONNECT with a body", V4, 0xE0, b"\0", "2.1.4", 0x81),
    ("a code that DISCONNECT has not", V5, 0xE0, b"\x01", "2.4", 0x82),
    ("a code that AUTH has not", V5, 0xF0, b"\x01", "2.4", 0x82),
    ("properties beyond the packet", V5, 0x30, b"\0\x01a\x05", "2.2.2.1", 0x81),
    ("an unknown property", V5, 0x30, b"\0\x01a\x02\x7f\0", "2.2.2.2", 0x81),
    ("a property of another packet", V5, 0x30, b"\0\x01a\x03\x21\0\x01", "2.2.2.2", 0x81),
    ("a property twice", V5, 0x30, b"\0\x01a\x04\x01\0\x01\0", "2.2.2.2", 0x82),
    ("a property out of bounds", V5, 0x30, b"\0\x01a\x02\x01\x02", "2.2.2.2", 0x82),
    ("a receive maximum of 0", V5, 0x10, CONNECT + b"\x05\x02\0\0\x03\x21\0\0\0\0", "2.2.2.2", 0x82),
    ("a subscription id of 0", V5, 0x82, b"\0\x01\x02\x0b\0\0\x01a\0", "2.2.2.2", 0x82),
    ("two subscription ids", V5, 0x82, b"\0\x01\x04\x0b\x01\x0b\x02\0\x01a\0", "2.2.2.2", 0x82),
    ("a property cut short", V5, 0x30, b"\0\x01a\x02\x02\0", "1.5.1", 0x81),
    ("a number in too many bytes", V5, 0x82, b"\0\x01\x03\x0b\x81\0\0\x01a\0", "MQTT-1.5.5-1", 0x81),
    ("a number of five bytes", V5, 0x30, b"\0\x01a\xff\xff\xff\xff\x01", "1.5.5", 0x81),
]


@pytest.mark.parametrize(
    ("version", "header", "body", "rule", "code"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_broken_rule_is_named(version: int, header: int, body: bytes, rule: str, code: int) -> None:
    found = decode(header, body, version)
    assert isinstance(found, Malformed), found
    assert (found.rule, found.code, found.kind) == (rule, code, header >> 4)


@pytest.mark.parametrize("header", [0x82, 0x8A])
def test_version_31_may_have_dup_where_it_was(header: int) -> None:
    assert decode(header, b"\0\x01\0\x01a\0", V3) == p.Subscribe(1, (p.Subscription("a"),))


@pytest.mark.parametrize("packet", [kind for kind in k.NAMES if kind not in (k.PINGREQ, k.PINGRESP)] + [WILL])
def test_every_property_is_in_its_packets_and_in_no_other(packet: int) -> None:
    """The table, read by the codec, against the standard's table 2-4 as a count for each packet."""
    counts = {
        WILL: 7,
        k.CONNECT: 9,
        k.CONNACK: 17,
        k.PUBLISH: 8,
        k.SUBSCRIBE: 2,
        k.UNSUBSCRIBE: 1,
        k.DISCONNECT: 4,
        k.AUTH: 4,
    }
    assert sum(packet in property_.packets for property_ in TABLE) == counts.get(packet, 2)


def test_property_of_text_that_is_no_name_is_refused() -> None:
    assert isinstance(decode(0x30, b"\0\x01a\x04\x03\0\x01\0", V5), Malformed)


# --- the stream ------------------------------------------------------------------------------------------------------


def test_length_of_five_bytes_ends_the_stream() -> None:
    parser = Parser()
    [problem] = parser.feed(b"\x30\xff\xff\xff\xff\x01" + b"\xc0\0")
    assert cast("Malformed", problem).rule == "2.2.3"
    assert parser.feed(b"\xc0\0") == []


def test_long_length_is_for_version_3_only() -> None:
    assert Parser(V4).feed(b"\xc0\x80\0") == [p.Pingreq()]
    [problem] = Parser(V5).feed(b"\xc0\x80\0")
    assert cast("Malformed", problem).rule == "MQTT-1.5.5-1"


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_every_length_is_written_as_short_as_may_be(size: int) -> None:
    packet = p.Publish("t", bytes(max(0, size - 3)))
    raw = encode(packet, V4)
    assert len(raw) == 1 + max(1, math.ceil(max(3, size).bit_length() / 7)) + max(3, size)
    assert Parser(V4, LARGEST_PACKET).feed(raw) == [packet]


def test_packet_over_the_limit_is_refused_at_its_header() -> None:
    largest = encode(p.Publish("t", bytes(95)), V4)
    assert len(largest) == 100
    assert len(Parser(V4, 100).feed(largest)) == 1
    [problem] = Parser(V4, 100).feed(b"\x30\x63")
    assert cast("Malformed", problem).code == Reason.PACKET_TOO_LARGE


def test_packet_in_many_pieces_is_gathered_in_one_place() -> None:
    """What is there already is not copied again for each piece, or a large packet would cost its length squared."""
    raw = encode(p.Publish("t", bytes(200_000)), V4)
    parser = Parser(V4)
    parser.feed(raw[:100])
    place = parser._framer._held
    for start in range(100, len(raw) - 100, 100):
        assert parser.feed(raw[start : start + 100]) == []
        assert parser._framer._held is place
    rest = len(raw) - parser._framer.held
    assert len(parser.feed(raw[-rest:])) == 1
