"""From bytes to packets, strictly: what breaks a rule becomes ``Malformed`` with the rule in it, never an exception."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import kinds as k
from . import packets as p
from .properties import NONE, WILL, Properties, read_properties
from .reasons import (
    AUTH_CODES,
    CONNACK_CODES,
    DISCONNECT_CODES,
    PUBACK_CODES,
    PUBREL_CODES,
    SUBACK_CODES,
    UNSUBACK_CODES,
    Reason,
)
from .topics import is_filter, is_name
from .wire import BrokenError, Malformed, Reader, malformed, protocol_error

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_FILTERS = 10_000
"""Filters in one SUBSCRIBE or UNSUBSCRIBE: each makes an object out of as few as four bytes."""

_NAMES = {"MQIsdp": k.V31, "MQTT": k.V311}
_WITH_FLAGS = (k.PUBREL, k.SUBSCRIBE, k.UNSUBSCRIBE)


def decode(header: int, body: bytes, version: int) -> p.Packet | Malformed:
    """The packet with this first byte and this body.

    Args:
        header: type and flags.
        body: what the remaining length counts.
        version: spoken on the connection; a CONNECT brings its own.
    """
    kind = header >> 4
    reader = Reader(body)
    try:
        read = _READERS.get(kind)
        if read is None or (kind == k.AUTH and version != k.V5):
            raise malformed("2.1.2", f"packet type {kind} is reserved")
        if kind != k.PUBLISH:
            _check_flags(header, version)
        packet = read(header, reader, version)
        reader.finish()
    except BrokenError as error:
        found = peek_version(body) if kind == k.CONNECT else version
        return Malformed(error.code, error.rule, error.text, kind, found)
    return packet


def peek_version(body: bytes) -> int:
    """The version in a CONNECT that may be broken or not all there; 0 if it does not say one that we know."""
    if body.startswith(b"\0\x04MQTT") and len(body) > 6:
        return body[6] if body[6] in (k.V311, k.V5) else 0
    return k.V31 if body.startswith(b"\0\x06MQIsdp\x03") else 0


def _check_flags(header: int, version: int) -> None:
    wanted = 0b0010 if header >> 4 in _WITH_FLAGS else 0
    flags = header & 15
    if version == k.V31 and wanted:
        flags &= 0b0111  # it has the DUP flag there too
    if flags != wanted:
        raise malformed("MQTT-2.2.2-2", "reserved flags are not as they must be")


def _properties(reader: Reader, version: int, packet: int) -> Properties:
    return read_properties(reader, packet) if version == k.V5 else NONE


def _packet_id(reader: Reader) -> int:
    packet_id = reader.two()
    if not packet_id:
        raise protocol_error("MQTT-2.3.1-1", "a packet id is not 0")
    return packet_id


def _code(reader: Reader, known: frozenset[int]) -> int:
    code = reader.byte()
    if code not in known:
        raise protocol_error("2.4", f"reason code 0x{code:02X} does not belong into this packet")
    return code


# --- CONNECT and CONNACK -------------------------------------------------------------------------------------------


def _connect(_header: int, reader: Reader, _version: int) -> p.Connect:
    name = reader.text()
    level = reader.byte()
    if name not in _NAMES:
        raise malformed("MQTT-3.1.2-1", "the protocol name is another")
    if level != _NAMES[name] and (name, level) != ("MQTT", k.V5):
        raise BrokenError(Reason.UNSUPPORTED_VERSION, "MQTT-3.1.2-2", f"there is no protocol level {level}")
    flags = reader.byte()
    _check_connect_flags(flags, level)
    keep_alive = reader.two()
    properties = _properties(reader, level, k.CONNECT)
    if "authentication_data" in properties and "authentication_method" not in properties:
        raise protocol_error("3.1.2.11.10", "authentication data comes without a method")
    client_id = reader.text()
    will = _will(reader, flags, level) if flags & 4 else None
    username = reader.text() if flags & 128 else None
    password = reader.binary() if flags & 64 else None
    return p.Connect(client_id, level, bool(flags & 2), keep_alive, will, username, password, properties)


def _check_connect_flags(flags: int, level: int) -> None:
    if flags & 1:
        raise malformed("MQTT-3.1.2-3", "the reserved flag is set")
    if flags & 0b11000 == 0b11000:
        raise malformed("MQTT-3.1.2-14", "there is no QoS 3")
    if not flags & 4 and flags & 0b111000:
        raise malformed("MQTT-3.1.2-13", "there is no will, and yet flags for one")
    if level != k.V5 and flags & 64 and not flags & 128:
        raise malformed("MQTT-3.1.2-22", "a password comes without a user name")


def _will(reader: Reader, flags: int, level: int) -> p.Will:
    properties = _properties(reader, level, WILL)
    topic = reader.text()
    if not is_name(topic):
        raise BrokenError(Reason.TOPIC_NAME_INVALID, "MQTT-4.7.1-1", "the will's topic is none")
    return p.Will(topic, reader.binary(), flags >> 3 & 3, bool(flags & 32), properties)


def _connack(_header: int, reader: Reader, version: int) -> p.Connack:
    flags = reader.byte()
    if flags > 1:
        raise malformed("3.2.2.1", "reserved flags are set")
    if version == k.V5:
        code = _code(reader, CONNACK_CODES)
    elif (code := reader.byte()) > 5:
        raise malformed("3.2.2.3", f"there is no return code {code}")
    if flags and code:
        raise protocol_error("MQTT-3.2.2-4", "a refusal says that there is a session")
    return p.Connack(bool(flags), code, _properties(reader, version, k.CONNACK))


# --- PUBLISH and what follows it -----------------------------------------------------------------------------------


def _publish(header: int, reader: Reader, version: int) -> p.Publish:
    qos = header >> 1 & 3
    if qos == 3:
        raise malformed("MQTT-3.3.1-4", "there is no QoS 3")
    dup = bool(header & 8)
    if dup and not qos:
        raise malformed("MQTT-3.3.1-2", "DUP is set with QoS 0")
    topic = reader.text()
    if topic and not is_name(topic):
        raise BrokenError(Reason.TOPIC_NAME_INVALID, "MQTT-3.3.2-2", "a topic name has wildcards")
    packet_id = _packet_id(reader) if qos else 0
    properties = _properties(reader, version, k.PUBLISH)
    if not topic and "topic_alias" not in properties:
        raise BrokenError(Reason.TOPIC_NAME_INVALID, "MQTT-4.7.3-1", "a topic name is empty")
    if properties.get("topic_alias", 1) == 0:
        raise BrokenError(Reason.TOPIC_ALIAS_INVALID, "MQTT-3.3.2-8", "a topic alias is not 0")
    if not is_name(properties.get("response_topic", "-")):
        raise BrokenError(Reason.TOPIC_NAME_INVALID, "MQTT-3.3.2-14", "a response topic has wildcards")
    return p.Publish(topic, reader.rest(), qos, bool(header & 1), dup, packet_id, properties)


def _ack(header: int, reader: Reader, version: int) -> p.Ack:
    kind = header >> 4
    packet_id = _packet_id(reader)
    code, properties = 0, NONE
    if version == k.V5 and reader.left:
        code = _code(reader, PUBACK_CODES if kind in (k.PUBACK, k.PUBREC) else PUBREL_CODES)
        if reader.left:
            properties = read_properties(reader, kind)
    return p.Ack(kind, packet_id, code, properties)


# --- subscriptions -------------------------------------------------------------------------------------------------


def _subscribe(_header: int, reader: Reader, version: int) -> p.Subscribe:
    packet_id = _packet_id(reader)
    properties = _properties(reader, version, k.SUBSCRIBE)
    if not reader.left:
        raise protocol_error("MQTT-3.8.3-3", "a SUBSCRIBE has no filter")
    found: list[p.Subscription] = []
    while reader.left:
        text = _filter(reader, len(found))
        found.append(_subscription(text, reader.byte(), version))
    return p.Subscribe(packet_id, tuple(found), properties)


def _filter(reader: Reader, count: int) -> str:
    if count >= MOST_FILTERS:
        raise BrokenError(Reason.QUOTA_EXCEEDED, "4.13", f"a packet has more than {MOST_FILTERS} filters")
    text = reader.text()
    if not is_filter(text):
        raise BrokenError(Reason.TOPIC_FILTER_INVALID, "MQTT-4.7.1-2", "a topic filter is none")
    return text


def _subscription(text: str, options: int, version: int) -> p.Subscription:
    qos, retain_handling = options & 3, options >> 4 & 3
    reserved = 0b11000000 if version == k.V5 else 0b11111100
    if qos == 3 or options & reserved:
        raise malformed("MQTT-3-8.3-4", "a filter's options are none that there are")
    if retain_handling == 3:
        raise protocol_error("3.8.3.1", "there is no retain handling 3")
    no_local = bool(options & 4)
    if no_local and text.startswith("$share/"):
        raise protocol_error("MQTT-3.8.3-4", "a shared subscription cannot be No Local")
    return p.Subscription(text, qos, no_local, bool(options & 8), retain_handling)


def _suback(_header: int, reader: Reader, version: int) -> p.Suback:
    packet_id = _packet_id(reader)
    properties = _properties(reader, version, k.SUBACK)
    codes = tuple(reader.rest())
    known = SUBACK_CODES if version == k.V5 else frozenset((0, 1, 2, 0x80))
    if not codes or not known.issuperset(codes):
        raise malformed("MQTT-3.9.3-2", "a SUBACK has codes that there are not")
    return p.Suback(packet_id, codes, properties)


def _unsubscribe(_header: int, reader: Reader, version: int) -> p.Unsubscribe:
    packet_id = _packet_id(reader)
    properties = _properties(reader, version, k.UNSUBSCRIBE)
    if not reader.left:
        raise protocol_error("MQTT-3.10.3-2", "an UNSUBSCRIBE has no filter")
    found: list[str] = []
    while reader.left:
        found.append(_filter(reader, len(found)))
    return p.Unsubscribe(packet_id, tuple(found), properties)


def _unsuback(_header: int, reader: Reader, version: int) -> p.Unsuback:
    packet_id = _packet_id(reader)
    if version != k.V5:
        return p.Unsuback(packet_id)
    properties = read_properties(reader, k.UNSUBACK)
    codes = tuple(reader.rest())
    if not codes or not UNSUBACK_CODES.issuperset(codes):
        raise malformed("MQTT-3.11.3-2", "an UNSUBACK has codes that there are not")
    return p.Unsuback(packet_id, codes, properties)


# --- the rest ------------------------------------------------------------------------------------------------------


def _pingreq(_header: int, _reader: Reader, _version: int) -> p.Pingreq:
    return p.Pingreq()


def _pingresp(_header: int, _reader: Reader, _version: int) -> p.Pingresp:
    return p.Pingresp()


def _disconnect(_header: int, reader: Reader, version: int) -> p.Disconnect:
    if version != k.V5 or not reader.left:
        return p.Disconnect()
    code = _code(reader, DISCONNECT_CODES)
    return p.Disconnect(code, read_properties(reader, k.DISCONNECT) if reader.left else NONE)


def _auth(_header: int, reader: Reader, _version: int) -> p.Auth:
    if not reader.left:
        return p.Auth()
    code = _code(reader, AUTH_CODES)
    return p.Auth(code, read_properties(reader, k.AUTH) if reader.left else NONE)


_READERS: dict[int, Callable[[int, Reader, int], p.Packet]] = {
    k.CONNECT: _connect,
    k.CONNACK: _connack,
    k.PUBLISH: _publish,
    k.PUBACK: _ack,
    k.PUBREC: _ack,
    k.PUBREL: _ack,
    k.PUBCOMP: _ack,
    k.SUBSCRIBE: _subscribe,
    k.SUBACK: _suback,
    k.UNSUBSCRIBE: _unsubscribe,
    k.UNSUBACK: _unsuback,
    k.PINGREQ: _pingreq,
    k.PINGRESP: _pingresp,
    k.DISCONNECT: _disconnect,
    k.AUTH: _auth,
}
