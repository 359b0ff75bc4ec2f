"""The message codec: RFC 7252, section 3, strictly, and never an exception whatever the bytes.

What follows the token is parsed once and remembered: who polls sends the same options again and again under another
message ID and token.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .codes import RESERVED_CLASSES, TYPES, Type, dotted
from .options import HIGHEST, NONE, Options

HEADER = 4
LONGEST_TOKEN = 8

MOST_REMEMBERED = 2_048
"""Parsed texts of options and payload: a few for each thing that clients poll."""

LONGEST_REMEMBERED = 192
"""Bytes of a text worth remembering: a polled URI; what carries a block of a payload is not sent twice."""

_MARKER = 0xFF
_VERSION = 1
_RESERVED = frozenset(code for code in range(256) if code >> 5 in RESERVED_CLASSES)


@dataclass(slots=True)
class Message:
    """One CoAP message.

    Attributes:
        type: CON, NON, ACK or RST.
        code: 0 to 255; ``codes.Code`` has the names.
        mid: the message ID, 0 to 65535.
        token: 0 to 8 bytes.
        options: what it is about.
        payload: may be empty.
    """

    type: Type
    code: int
    mid: int
    token: bytes = b""
    options: Options = NONE
    payload: bytes = b""

    def encode(self) -> bytes:
        """The datagram."""
        return encode(self.type, self.code, self.mid, self.token, self.options.wire, self.payload)

    def __str__(self) -> str:
        return f"{self.type.name} {dotted(self.code)} {self.mid} {self.token.hex()} {self.options} {self.payload!r}"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A datagram that is no message.

    Attributes:
        reason: what is wrong with it.
        type, mid: as far as there is a header of our version to read them from, so that it can be rejected.
    """

    reason: str
    type: Type | None = None
    mid: int = 0


def encode(type_: int, code: int, mid: int, token: bytes, options: bytes = b"", payload: bytes = b"") -> bytes:
    """A datagram from its parts; ``options`` is what ``Options.wire`` gives."""
    head = bytes((0x40 | type_ << 4 | len(token), code, mid >> 8, mid & 0xFF))
    if payload:
        return b"".join((head, token, options, b"\xff", payload))
    return head + token + options


def decode(data: bytes) -> Message | Malformed:
    """The message in a datagram, or why there is none. Never raises."""
    size = len(data)
    if size < HEADER:
        return Malformed("shorter than a header")
    first = data[0]
    if first >> 6 != _VERSION:
        return Malformed("of another version")
    kind = TYPES[first >> 4 & 3]
    code = data[1]
    mid = data[2] << 8 | data[3]
    length = first & 15
    start = HEADER + length
    if code == 0:
        if size > HEADER or length:
            return Malformed("an empty message that has something after its header", kind, mid)
        return Message(kind, 0, mid)
    if length > LONGEST_TOKEN:
        return Malformed("a token longer than eight bytes", kind, mid)
    if start > size:
        return Malformed("ends within its token", kind, mid)
    if code in _RESERVED:
        return Malformed("a code of a reserved class", kind, mid)
    rest = data[start:]
    parsed = _remembered(rest) if size - start <= LONGEST_REMEMBERED else _parse(rest)
    if isinstance(parsed, str):
        return Malformed(parsed, kind, mid)
    return Message(kind, code, mid, data[4:start], parsed[0], parsed[1])


def _parse(rest: bytes) -> tuple[Options, bytes] | str:
    """Options and payload from what follows the token, or what is wrong with it."""
    items: list[tuple[int, bytes]] = []
    number = at = 0
    size = len(rest)
    while at < size:
        byte = rest[at]
        if byte == _MARKER:
            if at + 1 == size:
                return "a payload marker without a payload"
            return Options.received(items, rest[:at]), rest[at + 1 :]
        at += 1
        delta, length = byte >> 4, byte & 15
        if delta == 15 or length == 15:
            return "an option's delta or length of 15"
        if delta >= 13 or length >= 13:
            more = (delta - 12 if delta > 12 else 0) + (length - 12 if length > 12 else 0)
            if at + more > size:
                return "ends within an option"
            delta, at = _extended(rest, at, delta)
            length, at = _extended(rest, at, length)
        number += delta
        if number > HIGHEST:
            return "an option's number over 65535"
        end = at + length
        if end > size:
            return "ends within an option"
        items.append((number, rest[at:end]))
        at = end
    return (Options.received(items, rest) if items else NONE), b""


_remembered = lru_cache(MOST_REMEMBERED)(_parse)


def _extended(rest: bytes, at: int, nibble: int) -> tuple[int, int]:
    """A delta or length with the bytes that extend its four bits, and where those end."""
    if nibble == 13:
        return rest[at] + 13, at + 1
    if nibble == 14:
        return (rest[at] << 8 | rest[at + 1]) + 269, at + 2
    return nibble, at
