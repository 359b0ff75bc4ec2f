"""The registry's rows, and how the options of a message are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.coap.options import (
    NONE,
    REGISTRY,
    Option,
    Options,
    encode_uint,
    is_critical,
    is_no_cache_key,
    is_unsafe,
    name_of,
)

# Number, C, U, N, R, name, format, lengths: RFC 7252 table 4, RFC 7641 and 7959 and 7967 and 8768 and 9175 likewise.
TABLE = """
  1 C - - R If-Match       opaque 0-8
  3 C U - - Uri-Host       string 1-255
  4 - - - R ETag           opaque 1-8
  5 C - - - If-None-Match  empty  0-0
  6 - U - - Observe        uint   0-3
  7 C U - - Uri-Port       uint   0-2
  8 - - - R Location-Path  string 0-255
 11 C U - R Uri-Path       string 0-255
 12 - - - - Content-Format uint   0-2
 14 - U - - Max-Age        uint   0-4
 15 C U - R Uri-Query      string 0-255
 16 - - - - Hop-Limit      uint   1-1
 17 C - - - Accept         uint   0-2
 20 - - - R Location-Query string 0-255
 23 C U - - Block2         uint   0-3
 27 C U - - Block1         uint   0-3
 28 - - N - Size2          uint   0-4
 35 C U - - Proxy-Uri      string 1-1034
 39 C U - - Proxy-Scheme   string 1-255
 60 - - N - Size1          uint   0-4
124 - - N - Endpoint-ID-1  opaque 0-4
189 C - N - Endpoint-ID-2  opaque 0-4
252 - - N - Echo           opaque 1-40
258 - U - - No-Response    uint   0-1
292 - - - R Request-Tag    opaque 0-8
"""
ROWS = [row.split() for row in TABLE.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row[5] for row in ROWS])
def test_registry_has_the_rows_of_the_standards(row: list[str]) -> None:
    number, critical, unsafe, no_cache_key, repeatable, name, form, lengths = row
    definition = REGISTRY[int(number)]
    least, most = lengths.split("-")
    assert definition == (name, definition.format, int(least), int(most), repeatable == "R")
    assert definition.format.value == form
    assert is_critical(int(number)) == (critical == "C")
    assert is_unsafe(int(number)) == (unsafe == "U")
    if not is_unsafe(int(number)):
        assert is_no_cache_key(int(number)) == (no_cache_key == "N")


def test_registry_has_no_other_rows() -> None:
    assert sorted(REGISTRY) == [int(row[0]) for row in ROWS] == sorted(Option)


@given(st.integers(0, 2**64))
def test_numbers_take_as_few_bytes_as_they_need(value: int) -> None:
    data = encode_uint(value)
    assert int.from_bytes(data, "big") == value
    assert not data.startswith(b"\0")


def test_values_are_given_as_people_write_them() -> None:
    options = Options([(Option.ACCEPT, 60), (Option.URI_PATH, "a"), (Option.URI_PATH, "ü"), (Option.ETAG, b"\1")])
    assert list(options) == [(4, b"\1"), (11, b"a"), (11, "ü".encode()), (17, b"\x3c")]
    assert options.path == ("a", "ü")
    assert options.uint(Option.ACCEPT) == 60
    assert options.text(Option.URI_PATH) == "a"
    assert [options.get(Option.OBSERVE), options.uint(Option.OBSERVE), options.text(Option.URI_HOST)] == [None] * 3
    assert Option.ETAG in options
    assert len(options) == 4
    assert options.all(Option.OBSERVE) == []
    assert repr(options) == "Options(ETag=b'\\x01', Uri-Path=b'a', Uri-Path=b'\\xc3\\xbc', Accept=b'<')"
    assert name_of(2049) == "2049"


def test_options_are_replaced_and_left_out_without_changing_the_others() -> None:
    options = Options([(Option.URI_PATH, "a"), (Option.BLOCK2, 3), (Option.URI_PATH, "b")])
    assert options.with_((Option.BLOCK2, 19), (Option.ETAG, b"x")).items == (
        (4, b"x"),
        (11, b"a"),
        (11, b"b"),
        (23, b"\x13"),
    )
    assert options.without(Option.URI_PATH) == Options([(Option.BLOCK2, 3)])
    assert options.without(Option.URI_PATH, Option.BLOCK2) == NONE
    assert hash(options) == hash(Options(options))
    assert options != "options"


@pytest.mark.parametrize(
    ("item", "what"),
    [
        ((2049, b""), "unknown"),
        ((Option.URI_HOST, b""), "too short"),
        ((Option.URI_PATH, b"x" * 256), "too long"),
        ((Option.OBSERVE, b"1234"), "too long"),
        ((Option.IF_NONE_MATCH, b"1"), "not empty"),
        ((Option.HOP_LIMIT, b""), "too short"),
        ((Option.URI_PATH, b"\xff\xfe"), "not UTF-8"),
        ((Option.PROXY_URI, b"\xc3"), "not UTF-8"),
    ],
)
def test_option_that_nobody_can_read_is_kept_and_not_seen(item: tuple[int, bytes], what: str) -> None:
    options = Options([item])
    assert options.unrecognised == (item[0],), what
    assert options.get(item[0]) is None
    assert item[0] not in options
    assert options.all(item[0]) == []
    assert options.items == (item,)
    assert not options.plain


def test_option_that_may_not_be_repeated_counts_once() -> None:
    """RFC 7252, section 5.4.5: each further one is treated as if it were unknown."""
    options = Options([(Option.ACCEPT, 60), (Option.ACCEPT, 50), (Option.MAX_AGE, 1), (Option.MAX_AGE, 2)])
    assert options.uint(Option.ACCEPT) == 60
    assert options.uint(Option.MAX_AGE) == 1
    assert options.unrecognised == (Option.MAX_AGE, Option.ACCEPT)
    assert options.critical == {Option.ACCEPT}


def test_repeatable_options_keep_their_order_without_those_out_of_bounds() -> None:
    options = Options([(15, "b"), (15, "x" * 256), (15, "a")])
    assert options.query == ("b", "a")
    assert options.unrecognised == (15,)


def test_attribute_that_options_do_not_have_is_an_error() -> None:
    with pytest.raises(AttributeError):
        _ = NONE.nothing  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
