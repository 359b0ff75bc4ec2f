"""Packets of a broker: any bytes are one, or a network error; and what is written is what the standard says."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.itron import fake_broker as fake

from vendorlab.clients.itron import packets
from vendorlab.clients.itron.packets import Message, Packet, ProtocolError, read_message, read_packet


def read(data: bytes, largest: int = packets.LARGEST) -> Packet:
    async def reading() -> Packet:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await read_packet(reader, largest)

    return asyncio.run(reading())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_end_the_connection(data: bytes) -> None:
    with suppress(ProtocolError, EOFError):
        packet = read(data)
        assert data.startswith(packet.encode()[:1])
        for use in (packets.connack_code, packets.suback_codes, read_message):
            with suppress(ProtocolError):
                use(packet)


@given(
    topic=st.text(st.characters(exclude_characters="+#\0", codec="utf-8"), min_size=1, max_size=50),
    payload=st.binary(max_size=300),
    qos=st.integers(0, 2),
    number=st.integers(1, 65_535),
    again=st.booleans(),
)
def test_messages_come_back_as_they_were_sent(topic: str, payload: bytes, qos: int, number: int, again: bool) -> None:
    is_again = again and qos > 0
    packet = read(fake.publish(topic, payload, qos, number, dup=is_again))
    assert read_message(packet) == Message(topic, payload, qos, number if qos else 0, is_again)


@given(st.integers(0, 300_000))
def test_lengths_come_back_as_they_were_written(length: int) -> None:
    assert len(read(Packet(packets.PUBLISH, 0, bytes(length)).encode()).body) == length


@pytest.mark.parametrize("length", [127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_lengths_take_as_many_bytes_as_the_standard_says(length: int) -> None:
    assert Packet(packets.PUBLISH, 0, bytes(length)).encode() == fake.packet(fake.PUBLISH, bytes(length))


def test_packet_beyond_its_bound_is_refused_before_it_is_read() -> None:
    with pytest.raises(ProtocolError, match="at most 1,048,576"):
        read(b"\x30\x81\x80\x40")


def test_connect_is_a_clean_session_of_three_one_one() -> None:
    expected = b"\x10\x14\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02id\x00\x01u\x00\x01p"
    assert packets.connect("id", "u", "p", 60).encode() == expected


def test_subscribe_names_its_filters() -> None:
    assert packets.subscribe(1, ["a/+"], 1).encode() == b"\x82\x08\x00\x01\x00\x03a/+\x01"
