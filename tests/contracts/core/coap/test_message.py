"""The suites' own reading of CoAP's message format, and aiocoap's as the second opinion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.coap.message import MalformedError, Message, Option, Type, block, number_of, told_options

aiocoap: Any = pytest.importorskip("aiocoap")

TEXTS = {3, 8, 11, 15, 20, 35, 39}
"""Options that hold text (RFC 7252, section 5.10): aiocoap does not read one that is no UTF-8."""
OPTIONS = st.lists(
    st.integers(0, 0xFFFF).flatmap(
        lambda number: st.tuples(
            st.just(number), st.text("aé/", max_size=90).map(str.encode) if number in TEXTS else st.binary(max_size=300)
        )
    ),
    max_size=6,
)
MESSAGES = st.builds(
    Message,
    type=st.sampled_from(Type),
    code=st.sampled_from(["0.01", "0.02", "0.31", "2.05", "4.04", "5.08"]),
    mid=st.integers(0, 0xFFFF),
    token=st.binary(max_size=8),
    options=OPTIONS.map(lambda each: tuple(sorted(each, key=lambda pair: pair[0]))),
    payload=st.binary(max_size=40),
)


@given(MESSAGES)
def test_message_is_read_back_as_it_was_written(message: Message) -> None:
    assert Message.decode(message.encode()) == message


@given(MESSAGES)
def test_message_is_what_aiocoap_reads(message: Message) -> None:
    found = aiocoap.Message.decode(message.encode())
    assert (int(found.mtype), int(found.code), found.mid) == (message.type, number_of(message.code), message.mid)
    assert (found.token, found.payload) == (message.token, message.payload)
    assert [int(option.number) for option in found.opt.option_list()] == [number for number, _ in message.options]


@given(st.binary(max_size=60))
def test_bytes_are_a_message_or_malformed(data: bytes) -> None:
    try:
        message = Message.decode(data)
    except MalformedError:
        return
    assert Message.decode(message.encode()) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x40\x01\x00",
        b"\x80\x01\x00\x00",
        b"\x49\x01\x00\x00" + b"x" * 9,
        b"\x44\x01\x00\x00xx",
        b"\x40\x01\x00\x00\xff",
        b"\x40\x01\x00\x00\xf0",
        b"\x40\x01\x00\x00\x0f",
        b"\x40\x01\x00\x00\xb8sess",
        b"\x40\x01\x00\x00\xd0",
        b"\x40\x01\x00\x00\xe0\xff\xff",
        b"\x40\x00\x00\x00\xb0",
        b"\x41\x00\x00\x00x",
    ],
    ids=bytes.hex,
)
def test_what_breaks_the_format_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        Message.decode(data)


def test_vendors_datagrams_are_written_byte_for_byte() -> None:
    opened = Message(
        Type.CON,
        "0.02",
        0x0101,
        b"123456",
        ((Option.URI_PATH, b"sessions"), (Option.CONTENT_FORMAT, b"")),
        b"<JWT>",
    )
    assert opened.encode().hex() == "46020101313233343536b873657373696f6e7310ff3c4a57543e"
    uri = b"coap://SSN001350050047dd92.SG.YEL01.SSN.SSNSGS.NET:4849/snsr/arduino/temp?sens"
    read = Message(Type.CON, "0.01", 0x0102, b"123456", ((Option.BLOCK2, b"\x03"), (Option.PROXY_URI, uri)))
    assert read.encode() == bytes.fromhex("46010102313233343536d10a03cd41") + uri


def test_vendors_notification_is_read() -> None:
    found = Message.decode(bytes.fromhex("56451a2b31323334353663000004613c240000005affa2006474656d70"))
    assert (found.type, found.code, found.token) == (Type.NON, "2.05", b"123456")
    assert [found.value(each) for each in (Option.OBSERVE, Option.CONTENT_FORMAT, Option.MAX_AGE)] == [
        b"\0\0\x04",
        b"\x3c",
        b"\0\0\0\x5a",
    ]
    assert (found.uint(Option.OBSERVE), found.uint(Option.ETAG)) == (4, None)


@pytest.mark.parametrize(
    ("number", "size", "value"), [(0, 128, b"\x03"), (0, 16, b""), (1, 16, b"\x10"), (40, 64, b"\x02\x82")]
)
def test_block_has_number_and_size(number: int, size: int, value: bytes) -> None:
    assert block(number, size=size) == value


def test_options_are_told_by_name_and_as_text_where_they_are_text() -> None:
    options = ((Option.URI_PATH, b"sessions"), (Option.OBSERVE, b""), (2_049, b"\x00"))
    assert list(told_options(options)) == ["URI_PATH=sessions", "OBSERVE=0x", "2049=0x00"]
