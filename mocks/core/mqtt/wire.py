"""The primitives of the wire (MQTT 5, section 1.5): integers, texts, binary data, and a reader that is strict on them.

Inside the codec a broken rule is raised, as ``BrokenError``, for that keeps the reading plain; whoever calls the codec
from outside gets it as a value, ``Malformed``.
"""

from __future__ import annotations

import msgspec

from .reasons import Reason

LARGEST_LENGTH = 268_435_455
"""The largest that a variable byte integer can say: four bytes of seven bits."""

LONGEST_TEXT = 65_535


class Malformed(msgspec.Struct, frozen=True):
    """Why a packet is no packet.

    Attributes:
        code: the reason code of MQTT 5 that fits.
        rule: the statement or section that it breaks.
        text: in words.
        kind: the type of the packet, 0 if not even that could be read.
        version: of the protocol, as far as a CONNECT gave it; 0 if it did not.
    """

    code: int
    rule: str
    text: str
    kind: int = 0
    version: int = 0


class BrokenError(Exception):
    """A rule of the wire is broken; never leaves the codec."""

    def __init__(self, code: int, rule: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.rule = rule
        self.text = text


def malformed(rule: str, text: str) -> BrokenError:
    """A packet that cannot be read by the rules."""
    return BrokenError(Reason.MALFORMED_PACKET, rule, text)


def protocol_error(rule: str, text: str) -> BrokenError:
    """A packet that can be read, and says what may not be said."""
    return BrokenError(Reason.PROTOCOL_ERROR, rule, text)


class Reader:
    """Reads one packet's body from front to back."""

    __slots__ = ("body", "end", "position")

    def __init__(self, body: bytes, position: int = 0) -> None:
        self.body = body
        self.position = position
        self.end = len(body)

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self.end - self.position

    def byte(self) -> int:
        """One byte."""
        if self.position >= self.end:
            raise malformed("1.5.1", "the packet ends too early")
        self.position += 1
        return self.body[self.position - 1]

    def two(self) -> int:
        """A two byte integer."""
        return int.from_bytes(self.take(2), "big")

    def four(self) -> int:
        """A four byte integer."""
        return int.from_bytes(self.take(4), "big")

    def variable(self) -> int:
        """A variable byte integer, in as few bytes as it needs."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
            if shift > 21:
                raise malformed("1.5.5", "a variable byte integer is longer than four bytes")
        if shift and not byte:
            raise malformed("MQTT-1.5.5-1", "a variable byte integer takes more bytes than it needs")
        return value

    def take(self, count: int) -> bytes:
        """So many bytes."""
        start = self.position
        if count > self.end - start:
            raise malformed("1.5.1", "the packet ends too early")
        self.position = start + count
        return self.body[start : self.position]

    def binary(self) -> bytes:
        """Binary data with its length in front."""
        return self.take(self.two())

    def text(self) -> str:
        """A UTF-8 string with its length in front."""
        return decode_text(self.take(self.two()))

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.end - self.position)

    def finish(self) -> None:
        """The packet must end here."""
        if self.position != self.end:
            raise malformed("2.1.4", "the packet is longer than what is in it")


def decode_text(raw: bytes) -> str:
    """UTF-8 by the rules: no surrogates, nothing overlong (MQTT-1.5.3-1), no U+0000 (MQTT-1.5.3-2)."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise malformed("MQTT-1.5.3-1", "a text is not well-formed UTF-8") from error
    if "\0" in text:
        raise malformed("MQTT-1.5.3-2", "a text has U+0000 in it")
    return text


_SHORT = [bytes((number,)) for number in range(128)]


def encode_length(value: int) -> bytes:
    """A variable byte integer."""
    if value < 128:
        return _SHORT[value]
    if value < 16_384:
        return bytes((value & 127 | 128, value >> 7))
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_binary(raw: bytes) -> bytes:
    """Binary data with its length in front."""
    return len(raw).to_bytes(2, "big") + raw


def encode_text(text: str) -> bytes:
    """A UTF-8 string with its length in front."""
    return encode_binary(text.encode())
