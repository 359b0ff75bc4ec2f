"""Cuts a stream of bytes into packets, however it comes in pieces.

A packet that is not all there is held until it is, in one growing buffer, so that a large one in small pieces costs no
more than its length; one that announces more than may come is refused at its header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import kinds as k
from . import packets as p
from .decode import decode, peek_version
from .reasons import Reason
from .wire import LARGEST_LENGTH, Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_PACKET = LARGEST_LENGTH + 5
"""Bytes of the largest packet that can be."""

_LARGEST_HEADER = 5
_PEEK = 7  # bytes of a CONNECT's body up to its protocol level


class Framer:
    """The bytes of one direction of a connection.

    Attributes:
        largest: bytes of a packet, header included.
        minimal: a remaining length must take as few bytes as it needs, as version 5 has it.
        problem: set when the stream cannot be read any further.
    """

    __slots__ = ("_held", "_need", "largest", "minimal", "problem")

    def __init__(self, largest: int = LARGEST_PACKET) -> None:
        self.largest = largest
        self.minimal = False
        self.problem: Malformed | None = None
        self._held: bytearray | None = None
        self._need = 0

    @property
    def held(self) -> int:
        """Bytes of a packet that is not all there yet."""
        return len(self._held) if self._held else 0

    def frames(self, data: bytes) -> Iterator[tuple[int, bytes, int, int]]:
        """Take in bytes; for each packet that is whole: its first byte, and a buffer with its body's start and end."""
        held = self._held
        if held:
            held += data
            if len(held) < self._need:
                return
            data = bytes(held)
        self._held = None
        position, size = 0, len(data)
        self._need = 0
        while size - position >= 2 and self.problem is None:
            length = data[position + 1]
            start = position + 2
            if length > 127:
                length, start = self._long(data, start, size, length & 127)
                if length < 0:
                    break
            end = start + length
            if end - position > self.largest:
                self._too_large(data, position, start)
                break
            if end > size:
                self._need = end - position
                break
            yield data[position], data, start, end
            position = end
        if position < size and self.problem is None:
            self._held = bytearray(memoryview(data)[position:])

    def _long(self, data: bytes, start: int, size: int, length: int) -> tuple[int, int]:
        """A remaining length of more than one byte, and where the body starts; a negative one cannot be told yet."""
        shift = 7
        while start < size:
            byte = data[start]
            start += 1
            length |= (byte & 127) << shift
            if byte < 128:
                if not byte and self.minimal:
                    self._fail("MQTT-1.5.5-1", "the remaining length takes more bytes than it needs")
                    return -1, start
                return length, start
            shift += 7
            if shift > 21:
                self._fail("2.2.3", "the remaining length is longer than four bytes")
                break
        return -1, start

    def _fail(self, rule: str, text: str) -> None:
        self.problem = Malformed(Reason.MALFORMED_PACKET, rule, text)

    def _too_large(self, data: bytes, position: int, start: int) -> None:
        kind = data[position] >> 4
        version = 0
        if kind == k.CONNECT:
            if len(data) - start < _PEEK:
                self._need = start - position + _PEEK
                return  # who is told what depends on the version, which comes next
            version = peek_version(data[start : start + _PEEK + 2])
        text = f"a packet is larger than {self.largest} bytes"
        self.problem = Malformed(Reason.PACKET_TOO_LARGE, "3.1.2.11.4", text, kind, version)


class Parser:
    """A stream of packets: what a client, a test or a tool reads.

    Args:
        version: spoken on the connection; a CONNECT that passes sets it.
        largest: bytes of a packet.
    """

    def __init__(self, version: int = k.V311, largest: int = LARGEST_PACKET) -> None:
        self.version = version
        self._framer = Framer(largest)
        self._framer.minimal = version == k.V5

    def feed(self, data: bytes) -> list[p.Packet | Malformed]:
        """Take in bytes and give the packets that are whole; after something malformed nothing comes any more."""
        found: list[p.Packet | Malformed] = []
        if self._framer.problem is not None:
            return found
        for header, buffer, start, end in self._framer.frames(data):
            packet = decode(header, buffer[start:end], self.version)
            found.append(packet)
            if isinstance(packet, Malformed):
                self._framer.problem = packet
                return found
            if isinstance(packet, p.Connect):
                self.version = packet.version
                self._framer.minimal = packet.version == k.V5
        if self._framer.problem is not None:
            found.append(self._framer.problem)
        return found
