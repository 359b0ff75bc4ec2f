"""MQTT 3.1.1 as a subscriber needs it: packets to bytes and back. No I/O but a stream to read from.

What comes is taken strictly and within bounds: a packet that breaks a rule, or is larger than it may be, is a
`ProtocolError`, whatever its bytes are.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..core.errors import NetworkError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)

FLAGS: Final = {CONNACK: 0, PUBACK: 0, PUBREC: 0, PUBREL: 2, PUBCOMP: 0, SUBACK: 0, UNSUBACK: 0, PINGRESP: 0}
"""What a broker may send, and the flags that it must have; those of a PUBLISH say something."""

LARGEST: Final = 1 << 20
"""Bytes of a packet's body, at most."""

LONGEST_TEXT: Final = 65_535
REFUSED: Final = 0x80
_LENGTH_BYTES = 4
_NUMBER = struct.Struct(">H")


class ProtocolError(NetworkError):
    """The broker broke a rule of MQTT."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet.

    Attributes:
        kind: Its type.
        flags: The four bits beside it.
        body: All behind the length.
    """

    kind: int
    flags: int = 0
    body: bytes = field(default=b"", repr=False)  # a CONNECT's has the password

    def encode(self) -> bytes:
        """Return it as bytes."""
        length, left = bytearray(), len(self.body)
        while True:
            left, digit = divmod(left, 128)
            length.append(digit | (0x80 if left else 0))
            if not left:
                return bytes([self.kind << 4 | self.flags]) + length + self.body

    @property
    def number(self) -> int:
        """The packet's number, of those whose body begins with it."""
        if len(self.body) < _NUMBER.size:
            raise ProtocolError("a packet without its number")
        (number,) = _NUMBER.unpack_from(self.body)
        if not number:
            raise ProtocolError("a packet with the number 0")
        return int(number)


@dataclass(frozen=True, slots=True)
class Message:
    """What a PUBLISH carries.

    Attributes:
        topic: Its topic.
        payload: Its bytes.
        qos: 0, 1 or 2.
        number: Of the packet; 0 for QoS 0.
        is_again: Whether the broker says that it has sent it before.
        is_retained: Whether it was kept from before the subscription.
    """

    topic: str
    payload: bytes
    qos: int = 0
    number: int = 0
    is_again: bool = False
    is_retained: bool = False


async def read_packet(reader: asyncio.StreamReader, largest: int = LARGEST) -> Packet:
    """Read one packet.

    Raises:
        ProtocolError: It is none that a broker may send.
        EOFError, OSError: The connection has ended.
    """
    kind, flags = divmod((await reader.readexactly(1))[0], 16)
    if kind != PUBLISH and FLAGS.get(kind) != flags:
        raise ProtocolError(f"a packet of type {kind} with flags {flags}")
    length = 0
    for shift in range(_LENGTH_BYTES):
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 127) << 7 * shift
        if not digit & 128:
            break
    else:
        raise ProtocolError("a length of more than four bytes")
    if length > largest:
        raise ProtocolError(f"a packet of {length:,} bytes, at most {largest:,}")
    return Packet(kind, flags, await reader.readexactly(length))


def read_message(packet: Packet) -> Message:
    """Read a PUBLISH.

    Raises:
        ProtocolError: It breaks a rule.
    """
    qos, body = packet.flags >> 1 & 3, packet.body
    if qos == 3 or (qos == 0 and packet.flags & 8):
        raise ProtocolError("a message of no quality of service")
    if len(body) < _NUMBER.size:
        raise ProtocolError("a message without a topic")
    at = _NUMBER.size + _NUMBER.unpack_from(body)[0]
    if at > len(body):
        raise ProtocolError("a topic that is longer than its message")
    try:
        topic = body[_NUMBER.size : at].decode()
    except UnicodeDecodeError:
        raise ProtocolError("a topic that is no UTF-8") from None
    if not topic or any(mark in topic for mark in "+#\0"):
        raise ProtocolError("a topic that is none")
    number = 0
    if qos:
        number, at = Packet(PUBLISH, 0, body[at:]).number, at + _NUMBER.size
    return Message(topic, body[at:], qos, number, bool(packet.flags & 8), bool(packet.flags & 1))


def connect(client_id: str, username: str, password: str, keep_alive: int) -> Packet:
    """Return the CONNECT of a clean session."""
    head = _text("MQTT") + bytes([4, 0xC2]) + _NUMBER.pack(keep_alive)
    return Packet(CONNECT, 0, head + _text(client_id) + _text(username) + _text(password))


def connack_code(packet: Packet) -> int:
    """Return what a CONNACK says; 0 is a welcome.

    Raises:
        ProtocolError: It is none.
    """
    if packet.kind != CONNACK or len(packet.body) != 2 or packet.body[0] > 1:
        raise ProtocolError("no CONNACK, where it must come first")
    return packet.body[1]


def subscribe(number: int, filters: Iterable[str], qos: int) -> Packet:
    """Return a SUBSCRIBE."""
    body = b"".join(_text(item) + bytes([qos]) for item in filters)
    return Packet(SUBSCRIBE, 2, _NUMBER.pack(number) + body)


def suback_codes(packet: Packet) -> bytes:
    """Return what a SUBACK grants, filter for filter; 0x80 is a refusal.

    Raises:
        ProtocolError: A code that there is not.
    """
    codes = packet.body[_NUMBER.size :]
    if not codes or any(code > 2 and code != REFUSED for code in codes):
        raise ProtocolError("a SUBACK that grants nothing that there is")
    return codes


def receipt(kind: int, number: int) -> Packet:
    """Return a PUBACK, PUBREC or PUBCOMP."""
    return Packet(kind, FLAGS[kind], _NUMBER.pack(number))


def _text(value: str) -> bytes:
    raw = value.encode()
    return _NUMBER.pack(len(raw)) + raw
