"""What a broker sends, read strictly; amqtt and paho-mqtt, who write it, give the second opinion."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.answers import MalformedError, Message, Property, Reply, read, split
from vendorlab.contracts.core.mqtt.packets import Kind

ConnackPacket: Any = import_module("amqtt.mqtt.connack").ConnackPacket
PublishPacket: Any = import_module("amqtt.mqtt.publish").PublishPacket
SubackPacket: Any = import_module("amqtt.mqtt.suback").SubackPacket
UnsubackPacket: Any = import_module("amqtt.mqtt.unsuback").UnsubackPacket
Properties: Any = import_module("paho.mqtt.properties").Properties
NAME = st.text("abcTN/-0123456789", min_size=1, max_size=40)


def answer(content: bytes, *, five: bool = False) -> Reply | Message:
    found = split(content)
    assert found is not None
    packet, rest = found
    assert rest == b""
    return read(packet, five=five)


def test_what_amqtt_writes_is_read() -> None:
    assert answer(ConnackPacket.build(1, 0).to_bytes()) == Reply(Kind.CONNACK, codes=(0,), present=True)
    assert answer(ConnackPacket.build(0, 5).to_bytes()) == Reply(Kind.CONNACK, codes=(5,))
    assert answer(SubackPacket.build(9, [0, 1, 2, 0x80]).to_bytes()) == Reply(Kind.SUBACK, 9, (0, 1, 2, 0x80))
    assert answer(UnsubackPacket.build(9).to_bytes()) == Reply(Kind.UNSUBACK, 9)


@given(NAME, st.binary(max_size=300), st.integers(0, 2), st.booleans())
def test_publish_of_amqtt_is_read(topic: str, payload: bytes, qos: int, retain: bool) -> None:
    content = PublishPacket.build(topic, payload, 5 if qos else None, False, qos, retain).to_bytes()
    assert answer(content) == Message(topic, payload, qos, retain, False, 5 if qos else 0)


def test_properties_of_paho_are_read() -> None:
    written = Properties(Kind.CONNACK)
    written.ReceiveMaximum = 10
    written.TopicAliasMaximum = 5
    written.MaximumPacketSize = 70_000
    written.ReasonString = "Authentication failed"
    written.AssignedClientIdentifier = "x"
    written.UserProperty = [("a", "b"), ("c", "d")]
    found = answer(packets.packet(Kind.CONNACK, b"\0\0" + written.pack()), five=True)
    assert found.properties == {
        Property.RECEIVE_MAXIMUM: 10,
        Property.TOPIC_ALIAS_MAXIMUM: 5,
        Property.MAXIMUM_PACKET: 70_000,
        Property.REASON_STRING: "Authentication failed",
        0x12: "x",
        Property.USER: "c=d",
    }


@given(NAME, st.binary(max_size=300), st.integers(0, 2), st.booleans())
def test_publish_comes_back_as_it_was_written(topic: str, payload: bytes, qos: int, five: bool) -> None:
    content = packets.publish(topic, payload, qos=qos, number=9, flags=packets.RETAIN, five=five)
    assert answer(content, five=five) == Message(topic, payload, qos, True, False, 9 if qos else 0)


@pytest.mark.parametrize(
    ("content", "five"),
    [
        ("20020200", False),  # reserved bits of CONNACK
        ("20020105", False),  # a session, and refused
        ("20020006", False),  # a code that 3.1.1 does not know
        ("200100", False),  # cut off
        ("2003000000", False),  # too long
        ("9002 0001", False),  # no codes
        ("9003 0001 03", False),  # a QoS that there is not
        ("9003 0000 00", False),  # identifier 0
        ("b003 0001 00", False),  # codes that only version 5 has
        ("d001 00", False),
        ("d100", False),  # flags
        ("3001 00", False),  # half a length
        ("3004 0002 ff61", False),  # no UTF-8
        ("3003 0001 00", False),  # U+0000
        ("3003 0001 2b", False),  # to a filter
        ("3002 0000", False),  # to nothing
        ("3605 0001 61 0001", False),  # QoS 3
        ("3805 0001 61 0001", False),  # repeated with QoS 0
        ("3205 0001 61 0000", False),  # identifier 0
        ("e000", False),  # a DISCONNECT that 3.1.1 does not know of a broker
        ("1000", False),
        ("c000", False),
        ("8200", False),
        ("e003 00 01 7f", True),  # an unknown property
        ("200b 0000 08 21000a 21000a 2501", True),  # a property twice
        ("2004 0000 05 21", True),  # properties that are cut off
    ],
)
def test_what_no_broker_may_send_is_malformed(content: str, five: bool) -> None:
    with pytest.raises(MalformedError):
        answer(bytes.fromhex(content), five=five)


@pytest.mark.parametrize("content", ["00", "0000", "20ffffffff", "20ffffffff7f"])
def test_what_begins_no_packet_is_malformed(content: str) -> None:
    with pytest.raises(MalformedError):
        split(bytes.fromhex(content))


@given(st.lists(st.binary(max_size=200), max_size=4), st.data())
def test_split_finds_each_packet_however_it_comes(bodies: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(packets.packet(Kind.PUBLISH, body, 0) for body in bodies)
    found: list[bytes] = []
    buffer, at = b"", 0
    while at < len(whole):
        step = data.draw(st.integers(1, 50))
        buffer, at = buffer + whole[at : at + step], at + step
        while (one := split(buffer)) is not None:
            found.append(one[0].body)
            buffer = one[1]
    assert (found, buffer) == (bodies, b"")


@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_read_or_malformed_and_nothing_else(content: bytes, five: bool) -> None:
    with suppress(MalformedError):
        while (found := split(content)) is not None:
            packet, content = found
            read(packet, five=five)


@given(st.sampled_from(list(Kind)), st.binary(max_size=30), st.booleans())
def test_any_body_is_read_or_malformed_and_nothing_else(kind: Kind, body: bytes, five: bool) -> None:
    with suppress(MalformedError):
        answer(packets.packet(kind, body), five=five)
