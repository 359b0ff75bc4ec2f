"""The codec: exact bytes, every rule of the format, never an exception, and of one mind with aiocoap."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUnknownLambdaType=false

from __future__ import annotations

from typing import Any

import aiocoap
import aiocoap.message
import pytest
from aiocoap.numbers.optionnumbers import OptionNumber
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.coap.codes import METHODS, RESERVED_CLASSES, Code, Type, dotted
from vendorlab.mocks.core.coap.message import LONGEST_REMEMBERED, Malformed, Message, decode, encode
from vendorlab.mocks.core.coap.options import NONE, REGISTRY, Format, Option, Options

CODES = [code for code in range(1, 256) if code >> 5 not in RESERVED_CLASSES]

options = st.lists(
    st.tuples(st.integers(0, 0xFFFF) | st.sampled_from(list(REGISTRY)), st.binary(max_size=300)), max_size=6
).map(Options)
messages = st.builds(
    Message,
    st.sampled_from(Type),
    st.sampled_from(CODES),
    st.integers(0, 0xFFFF),
    st.binary(max_size=8),
    options,
    st.binary(max_size=200),
)


def test_message_is_encoded_as_rfc_7252_draws_it() -> None:
    """Appendix A, figure 16: GET /temperature, and its answer in the acknowledgement."""
    request = Message(Type.CON, Code.GET, 0x7D34, b"", Options([(Option.URI_PATH, "temperature")]))
    assert request.encode() == bytes.fromhex("40017d34bb") + b"temperature"
    assert encode(Type.ACK, Code.CONTENT, 0x7D34, b"", b"", b"22.3 C") == bytes.fromhex("60457d34ff") + b"22.3 C"


@pytest.mark.parametrize(
    ("hexes", "code", "path", "payload"),
    [
        ("46020101313233343536b873657373696f6e7310ff3c4a57543e", Code.POST, ("sessions",), b"<JWT>"),
        ("66430103313233343536 63000003", Code.VALID, (), b""),
        ("56451a2b313233343536 63000004 613c 240000005a ff a2006474656d70", Code.CONTENT, (), b"\xa2\x00dtemp"),
    ],
)
def test_messages_as_the_vendor_sends_them_are_read(
    hexes: str, code: Code, path: tuple[str, ...], payload: bytes
) -> None:
    message = decode(data := bytes.fromhex(hexes))
    assert isinstance(message, Message)
    assert (message.code, message.options.path, message.payload) == (code, path, payload)
    assert message.token == b"123456"
    assert message.encode() == data


def test_leading_zeros_of_a_number_are_read_over() -> None:
    message = decode(bytes.fromhex("66430103313233343536 63000003"))
    assert isinstance(message, Message)
    assert message.options.uint(Option.OBSERVE) == 3


@given(messages)
def test_what_was_encoded_is_decoded_again(message: Message) -> None:
    assert decode(message.encode()) == message


@given(messages)
def test_what_was_decoded_is_encoded_to_the_same_bytes(message: Message) -> None:
    data = message.encode()
    again = decode(data)
    assert isinstance(again, Message)
    assert again.encode() == data
    assert encode(again.type, again.code, again.mid, again.token, again.options.wire, again.payload) == data


@given(st.binary(max_size=400))
def test_no_bytes_whatever_raise(data: bytes) -> None:
    found = decode(data)
    if isinstance(found, Message):
        assert found.encode() == data
    else:
        assert found.reason


@given(st.binary(max_size=60).map(lambda rest: b"\x44\x01\x00\x01tokn" + rest))
def test_no_options_whatever_raise(data: bytes) -> None:
    found = decode(data)
    assert isinstance(found, Malformed) or found.encode() == data


MALFORMED = {
    "": "shorter",
    "400100": "shorter",
    "00010001": "version",
    "80010001": "version",
    "c0010001": "version",
    "49010001112233445566778899": "longer than eight",
    "4f010001" + "11" * 15: "longer than eight",
    "4401000111": "within its token",
    "4100000111": "empty message",
    "41000001": "empty message",
    "40000001ff61": "empty message",
    "40000001b161": "empty message",
    "40200001": "reserved class",
    "40c00001": "reserved class",
    "40e10001": "reserved class",
    "40010001ff": "marker without a payload",
    "40010001b161ff": "marker without a payload",
    "40010001f0": "of 15",
    "400100010f": "of 15",
    "40010001f1aa": "of 15",
    "40010001d0": "within an option",
    "40010001e0": "within an option",
    "40010001e000": "within an option",
    "400100010d": "within an option",
    "400100010e00": "within an option",
    "40010001b5616263": "within an option",
    "40010001e0fef3": "over 65535",
    "40010001e0feef20": "",
    "40010001e0feefe00000": "over 65535",
}


@pytest.mark.parametrize(("hexes", "reason"), [(hexes, reason) for hexes, reason in MALFORMED.items() if reason])
def test_malformed_message_is_told_with_its_reason(hexes: str, reason: str) -> None:
    found = decode(bytes.fromhex(hexes))
    assert isinstance(found, Malformed)
    assert reason in found.reason


def test_malformed_message_of_our_version_names_type_and_id_so_that_it_can_be_rejected() -> None:
    assert decode(bytes.fromhex("40017d34ff")) == Malformed("a payload marker without a payload", Type.CON, 0x7D34)
    assert decode(bytes.fromhex("80017d34")).type is None


@pytest.mark.parametrize("length", [0, 1, 12, 13, 14, 268, 269, 270, 1034])
@pytest.mark.parametrize("number", [1, 12, 13, 14, 268, 269, 270, 2049, 65000, 65535])
def test_deltas_and_lengths_around_their_steps_survive(number: int, length: int) -> None:
    message = Message(Type.NON, Code.GET, 9, b"", Options([(number, bytes(length)), (number, b"x")]))
    assert decode(message.encode()) == message


def test_long_and_short_texts_are_decoded_alike() -> None:
    for size in (LONGEST_REMEMBERED - 10, LONGEST_REMEMBERED, LONGEST_REMEMBERED + 10):
        message = Message(Type.NON, Code.GET, 9, b"", Options([(11, b"a")]), bytes(size))
        assert decode(message.encode()) == decode(message.encode()) == message


def test_codes_have_the_registry_s_numbers_and_names() -> None:
    theirs = {code.name.upper(): int(code) for code in aiocoap.Code if int(code) < 0xE0}
    assert {code.name: int(code) for code in Code} == theirs | {"IPATCH": 7}
    assert {code.name for code in METHODS} == {"GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "IPATCH"}
    assert dotted(Code.CONTENT) == "2.05"
    assert dotted(Code.HOP_LIMIT_REACHED) == "5.08"


# --- the second opinion ----------------------------------------------------------------------------------------------


def value_for(number: int) -> st.SearchStrategy[bytes]:
    row = REGISTRY[number]
    if row.format is Format.UINT:
        # aiocoap drops the leading zeros that RFC 7252 has it accept, so it is shown none.
        return st.integers(1 if row.least else 0, 256**row.most - 1).map(
            lambda value: value.to_bytes((value.bit_length() + 7) // 8, "big")
        )
    if row.format is Format.STRING:
        return st.text(min_size=row.least, max_size=row.most // 4 or 1).map(str.encode)
    return st.binary(min_size=row.least, max_size=row.most)


def pair(number: int) -> st.SearchStrategy[tuple[int, bytes]]:
    return st.tuples(st.just(number), value_for(number))


# A string option may be of any text, but a surrogate is none.
valid_options = st.lists(st.sampled_from(sorted(REGISTRY)), unique=True, max_size=8).flatmap(
    lambda numbers: st.tuples(*(pair(number) for number in numbers))
)


@given(
    st.sampled_from(Type),
    st.sampled_from([code for code in Code if code]),
    st.integers(0, 0xFFFF),
    st.binary(max_size=8),
    valid_options,
    st.binary(max_size=50),
)
def test_aiocoap_reads_and_writes_the_same_bytes(
    kind: Type, code: Code, mid: int, token: bytes, items: tuple[tuple[int, bytes], ...], payload: bytes
) -> None:
    ours = Message(kind, code, mid, token, Options(items), payload)
    data = ours.encode()
    theirs: Any = aiocoap.Message.decode(data)
    assert (int(theirs.mtype), int(theirs.code), theirs.mid, theirs.token) == (kind, code, mid, token)
    assert theirs.payload == payload
    assert [(int(option.number), option.encode()) for option in theirs.opt.option_list()] == list(ours.options)
    if way := getattr(aiocoap.message, "Direction", None):  # before 0.4.16 a message has none
        theirs.direction = way.OUTGOING
    assert theirs.encode() == data


@pytest.mark.parametrize("number", [number for number in REGISTRY if number not in (124, 189)])
def test_registry_names_options_as_aiocoap_does(number: int) -> None:
    assert OptionNumber(number).name == Option(number).name


def test_no_options_is_one_value() -> None:
    found = decode(bytes.fromhex("40010001"))
    assert isinstance(found, Message)
    assert found.options is NONE
