"""What the suites send: right where it should be, by the word of amqtt's codec, and wrong where a test wants it."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.packets import Kind

BufferReader: Any = import_module("amqtt.adapters").BufferReader
ConnectPacket: Any = import_module("amqtt.mqtt.connect").ConnectPacket
PublishPacket: Any = import_module("amqtt.mqtt.publish").PublishPacket
SubscribePacket: Any = import_module("amqtt.mqtt.subscribe").SubscribePacket
UnsubscribePacket: Any = import_module("amqtt.mqtt.unsubscribe").UnsubscribePacket
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
NAME = st.text("abcTN/-0123456789", min_size=1, max_size=40)


def amqtt_reads(kind: Any, content: bytes) -> Any:
    return asyncio.run(kind.from_stream(BufferReader(content)))


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "00"), (127, "7f"), (128, "8001"), (16_383, "ff7f"), (16_384, "808001"), (268_435_455, "ffffff7f")],
)
def test_length_is_written_as_the_standard_shows(number: int, expected: str) -> None:
    assert packets.length(number).hex() == expected


@pytest.mark.parametrize("number", [-1, 268_435_456])
def test_length_beyond_four_bytes_is_none(number: int) -> None:
    with pytest.raises(ValueError, match="no variable byte integer"):
        packets.length(number)


def test_flags_are_those_that_a_type_demands() -> None:
    assert [packets.packet(kind)[0] for kind in (Kind.PINGREQ, Kind.PUBREL, Kind.SUBSCRIBE)] == [0xC0, 0x62, 0x82]
    assert packets.packet(Kind.PINGREQ, flags=5)[0] == 0xC5
    assert packets.packet(0)[0] == 0


@given(NAME, st.none() | TEXT, st.none() | TEXT, st.booleans(), st.integers(0, 65_535))
def test_connect_is_read_by_amqtt_as_it_was_meant(
    client: str, username: str | None, password: str | None, clean: bool, keep_alive: int
) -> None:
    content = packets.connect(client, username=username, password=password, clean=clean, keep_alive=keep_alive)
    found = amqtt_reads(ConnectPacket, content)
    assert (found.proto_name, found.proto_level, found.client_id) == ("MQTT", 4, client)
    assert (found.clean_session_flag, found.keep_alive) == (clean, keep_alive)
    assert (found.username_flag, found.password_flag) == (username is not None, password is not None)
    assert (found.username or "", found.password or "") == (username or "", password or "")


@given(st.integers(1, 65_535), st.lists(st.tuples(NAME, st.integers(0, 2)), min_size=1, max_size=5))
def test_subscribe_and_unsubscribe_are_read_by_amqtt(number: int, wanted: list[tuple[str, int]]) -> None:
    found = amqtt_reads(SubscribePacket, packets.subscribe(number, wanted))
    assert (found.variable_header.packet_id, found.payload.topics) == (number, wanted)
    names = [name for name, _ in wanted]
    assert amqtt_reads(UnsubscribePacket, packets.unsubscribe(number, names)).payload.topics == names


@given(NAME, st.binary(min_size=1, max_size=300), st.integers(0, 2), st.booleans())
def test_publish_is_read_by_amqtt(topic: str, payload: bytes, qos: int, retain: bool) -> None:
    content = packets.publish(topic, payload, qos=qos, number=7, flags=packets.RETAIN if retain else 0)
    found = amqtt_reads(PublishPacket, content)
    assert (found.topic_name, found.data, found.qos, found.retain_flag) == (topic, payload, qos, retain)
    assert found.packet_id == (7 if qos else None)


def test_version_5_has_a_length_of_properties_and_3_1_1_has_none() -> None:
    assert packets.connect("a", level=5, properties=b"\x11\0\0\0\x09") == bytes.fromhex(
        "1013 0004 4d515454 05 02 003c 05 1100000009 0001 61"
    )
    assert packets.connect("a") == bytes.fromhex("100d 0004 4d515454 04 02 003c 0001 61")
    assert packets.subscribe(1, [("a", 1)], five=True) == bytes.fromhex("8207 0001 00 0001 61 01")
    assert packets.unsubscribe(1, ["a"], five=True) == bytes.fromhex("a206 0001 00 0001 61")
    assert packets.publish("a", b"b", qos=1, five=True) == bytes.fromhex("3207 0001 61 0001 00 62")


def test_will_goes_between_the_client_id_and_the_user_name() -> None:
    content = packets.connect("a", username="u", password="p", will=("t", b"w"))
    assert content == bytes.fromhex("1019 0004 4d515454 04 c6 003c 0001 61 0001 74 0001 77 0001 75 0001 70")
