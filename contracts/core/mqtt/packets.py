"""What a suite sends: packets of MQTT 3.1.1 and 5.0 as bytes, wrong ones included.

Numbers are those of the OASIS standards "MQTT Version 3.1.1" and "MQTT Version 5.0".
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

V311, V5 = 4, 5
"""Protocol levels."""
CLEAN, WILL, WILL_RETAIN, PASSWORD, USERNAME = 0x02, 0x04, 0x20, 0x40, 0x80
"""Flags of CONNECT."""
RETAIN, DUP = 0x01, 0x08
"""Flags of PUBLISH."""
LONGEST = 268_435_455
"""The largest remaining length that four bytes can say."""


class Kind(IntEnum):
    """The type of a packet, the upper half of its first byte."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


DEMANDED = {Kind.PUBREL: 0x02, Kind.SUBSCRIBE: 0x02, Kind.UNSUBSCRIBE: 0x02}
"""The flags that a type must have; 0 where nothing is said, and PUBLISH has its own."""


def length(number: int) -> bytes:
    """Return a number as a variable byte integer.

    Raises:
        ValueError: It is negative, or more than four bytes can say.
    """
    if not 0 <= number <= LONGEST:
        raise ValueError(f"{number} is no variable byte integer")
    found = bytearray()
    while True:
        number, low = divmod(number, 128)
        found.append(low | (0x80 if number else 0))
        if not number:
            return bytes(found)


def data(value: str | bytes) -> bytes:
    """Return text or bytes with their length before them."""
    content = value.encode() if isinstance(value, str) else value
    return len(content).to_bytes(2) + content


def packet(kind: int, body: bytes = b"", flags: int | None = None) -> bytes:
    """Return a packet; its flags are those that its type demands unless others are given."""
    if flags is None:
        flags = DEMANDED.get(Kind(kind), 0) if kind in Kind.__members__.values() else 0
    return bytes([kind << 4 | flags]) + length(len(body)) + body


def connect(
    client: str | bytes,
    *,
    username: str | bytes | None = None,
    password: str | bytes | None = None,
    clean: bool = True,
    keep_alive: int = 60,
    level: int = V311,
    name: str | bytes = "MQTT",
    properties: bytes = b"",
    will: tuple[str, bytes] | None = None,
    flags: int = 0,
) -> bytes:
    """Return a CONNECT.

    Args:
        client: The client id.
        username: None sends none.
        password: None sends none.
        clean: Whether no session is to be kept.
        keep_alive: Seconds; 0 is never.
        level: The protocol level.
        name: The protocol's name.
        properties: Of version 5, without their length.
        will: Topic and payload.
        flags: More flags, to be wrong with.
    """
    flags |= (CLEAN if clean else 0) | (WILL if will else 0)
    flags |= (USERNAME if username is not None else 0) | (PASSWORD if password is not None else 0)
    five = level >= V5
    body = data(name) + bytes([level, flags]) + keep_alive.to_bytes(2)
    body += data_length(properties) if five else b""
    body += data(client)
    if will is not None:
        body += (data_length(b"") if five else b"") + data(will[0]) + data(will[1])
    body += b"".join(data(each) for each in (username, password) if each is not None)
    return packet(Kind.CONNECT, body)


def subscribe(
    number: int, filters: Iterable[tuple[str | bytes, int]], *, five: bool = False, properties: bytes = b""
) -> bytes:
    """Return a SUBSCRIBE of some filters, each with its QoS or, in version 5, its options."""
    head = number.to_bytes(2) + (data_length(properties) if five else b"")
    return packet(Kind.SUBSCRIBE, head + b"".join(data(each) + bytes([options]) for each, options in filters))


def unsubscribe(number: int, filters: Iterable[str | bytes], *, five: bool = False) -> bytes:
    """Return an UNSUBSCRIBE."""
    head = number.to_bytes(2) + (data_length(b"") if five else b"")
    return packet(Kind.UNSUBSCRIBE, head + b"".join(map(data, filters)))


def publish(
    topic: str | bytes,
    payload: bytes = b"",
    *,
    qos: int = 0,
    number: int = 1,
    flags: int = 0,
    five: bool = False,
    properties: bytes = b"",
) -> bytes:
    """Return a PUBLISH; a packet identifier goes with it unless ``qos`` is 0. ``flags`` are RETAIN and DUP."""
    body = data(topic) + (number.to_bytes(2) if qos else b"") + (data_length(properties) if five else b"")
    return packet(Kind.PUBLISH, body + payload, qos << 1 | flags)


def acknowledge(kind: Kind, number: int) -> bytes:
    """Return a PUBACK, PUBREC, PUBREL or PUBCOMP that all is well with."""
    return packet(kind, number.to_bytes(2))


def data_length(properties: bytes) -> bytes:
    """Return properties with their length before them."""
    return length(len(properties)) + properties


PING = packet(Kind.PINGREQ)
GOODBYE = packet(Kind.DISCONNECT)
