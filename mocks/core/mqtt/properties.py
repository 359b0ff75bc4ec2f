"""The properties of MQTT 5 (section 2.2.2) as one table: number, name, form, where they may stand, how often."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from .kinds import (
    AUTH,
    CONNACK,
    CONNECT,
    DISCONNECT,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
)
from .reasons import Reason
from .wire import BrokenError, Reader, encode_binary, encode_length, encode_text, malformed, protocol_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WILL = 0
"""Stands beside the packet types for the properties of a will, which a CONNECT carries apart from its own."""

MOST_PAIRS = 1_000
"""User properties in one packet: each costs some hundred bytes of memory for as few as five on the wire."""

_ACKS = (PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK)
_EVERY = frozenset((WILL, CONNECT, CONNACK, PUBLISH, *_ACKS, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, AUTH))


class Properties(TypedDict, total=False):
    """The properties of one packet, by name; those that are not there were not sent."""

    payload_format_indicator: int
    message_expiry_interval: int
    content_type: str
    response_topic: str
    correlation_data: bytes
    subscription_identifier: list[int]
    session_expiry_interval: int
    assigned_client_identifier: str
    server_keep_alive: int
    authentication_method: str
    authentication_data: bytes
    request_problem_information: int
    will_delay_interval: int
    request_response_information: int
    response_information: str
    server_reference: str
    reason_string: str
    receive_maximum: int
    topic_alias_maximum: int
    topic_alias: int
    maximum_qos: int
    retain_available: int
    user_property: list[tuple[str, str]]
    maximum_packet_size: int
    wildcard_subscription_available: int
    subscription_identifier_available: int
    shared_subscription_available: int


NONE: Properties = {}
"""No properties; nobody may change it."""


class Form(NamedTuple):
    """How a value stands on the wire."""

    read: Callable[[Reader], Any]
    write: Callable[[Any], bytes]


def _pair(reader: Reader) -> tuple[str, str]:
    return reader.text(), reader.text()


def _write_pair(pair: tuple[str, str]) -> bytes:
    return encode_text(pair[0]) + encode_text(pair[1])


def _number(size: int, value: int) -> bytes:
    return value.to_bytes(size, "big")


BYTE = Form(Reader.byte, partial(_number, 1))
TWO = Form(Reader.two, partial(_number, 2))
FOUR = Form(Reader.four, partial(_number, 4))
VARIABLE = Form(Reader.variable, encode_length)
BINARY = Form(Reader.binary, encode_binary)
TEXT = Form(Reader.text, encode_text)
PAIR = Form(_pair, _write_pair)

_FLAG = (0, 1)
_ANY = (0, 1 << 32)
_POSITIVE = (1, 1 << 32)


class Property(NamedTuple):
    """One property.

    Attributes:
        identifier: its number.
        name: as a member of ``Properties``.
        form: how its value is written.
        packets: in which packets it may stand.
        bounds: of a number; outside of them it is a protocol error.
        repeatable: in which packets it may stand more than once.
    """

    identifier: int
    name: str
    form: Form
    packets: frozenset[int]
    bounds: tuple[int, int] = _ANY
    repeatable: frozenset[int] = frozenset()


def _in(*packets: int) -> frozenset[int]:
    return frozenset(packets)


TABLE = (
    Property(0x01, "payload_format_indicator", BYTE, _in(PUBLISH, WILL), _FLAG),
    Property(0x02, "message_expiry_interval", FOUR, _in(PUBLISH, WILL)),
    Property(0x03, "content_type", TEXT, _in(PUBLISH, WILL)),
    Property(0x08, "response_topic", TEXT, _in(PUBLISH, WILL)),
    Property(0x09, "correlation_data", BINARY, _in(PUBLISH, WILL)),
    Property(0x0B, "subscription_identifier", VARIABLE, _in(PUBLISH, SUBSCRIBE), _POSITIVE, _in(PUBLISH)),
    Property(0x11, "session_expiry_interval", FOUR, _in(CONNECT, CONNACK, DISCONNECT)),
    Property(0x12, "assigned_client_identifier", TEXT, _in(CONNACK)),
    Property(0x13, "server_keep_alive", TWO, _in(CONNACK)),
    Property(0x15, "authentication_method", TEXT, _in(CONNECT, CONNACK, AUTH)),
    Property(0x16, "authentication_data", BINARY, _in(CONNECT, CONNACK, AUTH)),
    Property(0x17, "request_problem_information", BYTE, _in(CONNECT), _FLAG),
    Property(0x18, "will_delay_interval", FOUR, _in(WILL)),
    Property(0x19, "request_response_information", BYTE, _in(CONNECT), _FLAG),
    Property(0x1A, "response_information", TEXT, _in(CONNACK)),
    Property(0x1C, "server_reference", TEXT, _in(CONNACK, DISCONNECT)),
    Property(0x1F, "reason_string", TEXT, _in(CONNACK, *_ACKS, DISCONNECT, AUTH)),
    Property(0x21, "receive_maximum", TWO, _in(CONNECT, CONNACK), _POSITIVE),
    Property(0x22, "topic_alias_maximum", TWO, _in(CONNECT, CONNACK)),
    Property(0x23, "topic_alias", TWO, _in(PUBLISH)),
    Property(0x24, "maximum_qos", BYTE, _in(CONNACK), _FLAG),
    Property(0x25, "retain_available", BYTE, _in(CONNACK), _FLAG),
    Property(0x26, "user_property", PAIR, _EVERY, _ANY, _EVERY),
    Property(0x27, "maximum_packet_size", FOUR, _in(CONNECT, CONNACK), _POSITIVE),
    Property(0x28, "wildcard_subscription_available", BYTE, _in(CONNACK), _FLAG),
    Property(0x29, "subscription_identifier_available", BYTE, _in(CONNACK), _FLAG),
    Property(0x2A, "shared_subscription_available", BYTE, _in(CONNACK), _FLAG),
)

_BY_NUMBER = {property_.identifier: property_ for property_ in TABLE}
_BY_NAME = {property_.name: property_ for property_ in TABLE}


def read_properties(reader: Reader, packet: int) -> Properties:
    """The properties of a packet; raises ``BrokenError``."""
    length = reader.variable()
    if not length:
        return NONE
    end = reader.position + length
    if end > reader.end:
        raise malformed("2.2.2.1", "the properties are longer than the packet")
    found: dict[str, Any] = {}
    inner = Reader(reader.body, reader.position)
    inner.end = end
    pairs = 0
    while inner.position < end:
        number = inner.variable()
        known = _BY_NUMBER.get(number)
        if known is None or packet not in known.packets:
            raise malformed("2.2.2.2", f"property 0x{number:02X} does not belong into this packet")
        value = known.form.read(inner)
        if isinstance(value, int) and not known.bounds[0] <= value <= known.bounds[1]:
            raise protocol_error("2.2.2.2", f"{known.name} cannot be {value}")
        if known.form is PAIR or known.form is VARIABLE:
            pairs += 1
            if pairs > MOST_PAIRS:
                raise BrokenError(Reason.QUOTA_EXCEEDED, "2.2.2.2", "more user properties than anybody needs")
            if known.name in found and packet not in known.repeatable:
                raise protocol_error("2.2.2.2", f"{known.name} comes twice")
            found.setdefault(known.name, []).append(value)
        elif known.name in found:
            raise protocol_error("2.2.2.2", f"{known.name} comes twice")
        else:
            found[known.name] = value
    reader.position = end
    return found  # type: ignore[return-value]  # the table says what each name holds


def write_properties(properties: Mapping[str, Any]) -> bytes:
    """Properties with their length in front; values are taken as they are."""
    if not properties:
        return b"\0"
    parts: list[bytes] = []
    for name, value in properties.items():
        known = _BY_NAME[name]
        prefix = encode_length(known.identifier)
        if known.form is PAIR or known.form is VARIABLE:
            for item in value:
                parts += (prefix, known.form.write(item))
        else:
            parts += (prefix, known.form.write(value))
    body = b"".join(parts)
    return encode_length(len(body)) + body
