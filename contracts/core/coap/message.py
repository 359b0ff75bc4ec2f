"""CoAP messages as datagrams (RFC 7252, section 3): strict when reading, and able to write what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = 1
LONGEST_TOKEN = 8
_MARKER = 0xFF
_EXTENDED = {13: (1, 13), 14: (2, 269)}
"""For a nibble of an option how many bytes follow, and what is added to their value."""


class Type(IntEnum):
    """What a message is to the message layer."""

    CON = 0
    NON = 1
    ACK = 2
    RST = 3


class Option(IntEnum):
    """The numbers of the options that the suites know; 124 and 189 are nCoAP's own."""

    IF_MATCH = 1
    URI_HOST = 3
    ETAG = 4
    IF_NONE_MATCH = 5
    OBSERVE = 6
    URI_PORT = 7
    LOCATION_PATH = 8
    URI_PATH = 11
    CONTENT_FORMAT = 12
    MAX_AGE = 14
    URI_QUERY = 15
    HOP_LIMIT = 16
    ACCEPT = 17
    LOCATION_QUERY = 20
    BLOCK2 = 23
    BLOCK1 = 27
    SIZE2 = 28
    PROXY_URI = 35
    PROXY_SCHEME = 39
    SIZE1 = 60
    ENDPOINT_1 = 124
    ENDPOINT_2 = 189


Options = tuple[tuple[int, bytes], ...]


class MalformedError(ValueError):
    """A datagram that is no CoAP message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        type: Of the message layer.
        code: As the standard writes it: ``0.01`` is GET, ``2.05`` is Content, ``0.00`` is an empty message.
        mid: Its message ID.
        token: 0 to 8 bytes.
        options: Numbers and values, in the order of their numbers.
        payload: What follows the marker; without payload there is no marker.
    """

    type: Type
    code: str
    mid: int
    token: bytes = b""
    options: Options = ()
    payload: bytes = b""

    def encode(self) -> bytes:
        """Return the datagram; options are sorted by number, those of one number stay as they are."""
        head = bytes([VERSION << 6 | self.type << 4 | len(self.token), number_of(self.code)])
        parts = [head, self.mid.to_bytes(2), self.token]
        before = 0
        for number, value in sorted(self.options, key=lambda each: each[0]):
            parts.append(_option(number - before, value))
            before = number
        return b"".join([*parts, bytes([_MARKER]) + self.payload if self.payload else b""])

    @classmethod
    def decode(cls, data: bytes) -> Message:
        """Read a datagram.

        Raises:
            MalformedError: It breaks the format, or is of another version.
        """
        if len(data) < 4:
            raise MalformedError("shorter than a header")
        version, kind, length = data[0] >> 6, Type(data[0] >> 4 & 3), data[0] & 15
        if version != VERSION:
            raise MalformedError(f"version {version}")
        if length > LONGEST_TOKEN or len(data) < 4 + length:
            raise MalformedError("the token is too long")
        code = f"{data[1] >> 5}.{data[1] & 31:02}"
        if data[1] == 0 and len(data) > 4:
            raise MalformedError("an empty message with something in it")
        rest = data[4 + length :]
        options: list[tuple[int, bytes]] = []
        payload = _read_options(rest, options)
        return cls(kind, code, int.from_bytes(data[2:4]), data[4 : 4 + length], tuple(options), payload)

    @property
    def empty(self) -> bool:
        """Whether it is an empty message."""
        return self.code == "0.00"

    @property
    def is_response(self) -> bool:
        """Whether its code is one of answers."""
        return self.code[0] in "245"

    def values(self, number: int) -> list[bytes]:
        """Return the values of all options of a number."""
        return [value for each, value in self.options if each == number]

    def value(self, number: int) -> bytes | None:
        """Return the value of an option, of several the first."""
        return next(iter(self.values(number)), None)

    def uint(self, number: int) -> int | None:
        """Return the value of an option as a number."""
        value = self.value(number)
        return None if value is None else int.from_bytes(value)

    def with_options(self, *options: tuple[int, bytes]) -> Message:
        """Return the message with more options."""
        return replace(self, options=(*self.options, *options))


def number_of(code: str) -> int:
    """Return a code's byte: 69 for ``2.05``."""
    kind, _, detail = code.partition(".")
    return int(kind) << 5 | int(detail)


def uint(value: int) -> bytes:
    """Return a number in as few bytes as it needs: none for 0 (RFC 7252, section 3.2)."""
    return value.to_bytes((value.bit_length() + 7) // 8)


def block(number: int, *, more: bool = False, size: int) -> bytes:
    """Return the value of a block option (RFC 7959, section 2.2); a size is 16 to 1024."""
    return uint(number << 4 | more << 3 | size.bit_length() - 5)


def _nibble(value: int) -> tuple[int, bytes]:
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes([value - 13])
    return 14, (value - 269).to_bytes(2)


def _option(delta: int, value: bytes) -> bytes:
    step, more_step = _nibble(delta)
    length, more_length = _nibble(len(value))
    return bytes([step << 4 | length]) + more_step + more_length + value


def _read_options(data: bytes, found: list[tuple[int, bytes]]) -> bytes:
    number, at = 0, 0
    while at < len(data):
        if data[at] == _MARKER:
            if at + 1 == len(data):
                raise MalformedError("a marker without payload")
            return data[at + 1 :]
        first = data[at]
        at += 1
        sizes: list[int] = []
        for nibble in (first >> 4, first & 15):
            extra, base = _EXTENDED.get(nibble, (0, nibble))
            if nibble == 15 or at + extra > len(data):
                raise MalformedError("an option that ends too early")
            sizes.append(base + int.from_bytes(data[at : at + extra]))
            at += extra
        number += sizes[0]
        if number > 0xFFFF or at + sizes[1] > len(data):
            raise MalformedError("an option that ends too early")
        found.append((number, data[at : at + sizes[1]]))
        at += sizes[1]
    return b""


def told_options(options: Options) -> Iterator[str]:
    """Give options as a person reads them."""
    names = {each.value: each.name for each in Option}
    for number, value in options:
        text = value.decode("ascii") if value.isascii() and value.decode("ascii").isprintable() and value else ""
        yield f"{names.get(number, number)}={text or '0x' + value.hex()}"
