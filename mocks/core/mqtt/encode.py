"""From packets to bytes. What a version has no room for, properties and codes, is left out for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import kinds as k
from . import packets as p
from .properties import write_properties
from .wire import encode_binary, encode_length, encode_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PINGRESP = b"\xd0\x00"

_PROTOCOLS = {k.V31: b"\0\x06MQIsdp\x03", k.V311: b"\0\x04MQTT\x04", k.V5: b"\0\x04MQTT\x05"}


def frame(header: int, body: bytes) -> bytes:
    """A packet of its first byte and its body."""
    return bytes((header,)) + encode_length(len(body)) + body


def encode(packet: p.Packet, version: int) -> bytes:
    """The bytes of a packet in a version; the packet must be one that the version has."""
    return _WRITERS[type(packet)](packet, version)


def encode_ack(kind: int, packet_id: int, code: int = 0, properties: bytes = b"") -> bytes:
    """PUBACK, PUBREC, PUBREL or PUBCOMP, as short as may be; code and encoded properties are version 5's."""
    header = kind << 4 | (2 if kind == k.PUBREL else 0)
    if not code and not properties:
        return bytes((header, 2, packet_id >> 8, packet_id & 255))
    return frame(header, packet_id.to_bytes(2, "big") + bytes((code,)) + properties)


def _properties(properties: Mapping[str, Any], version: int) -> bytes:
    return write_properties(properties) if version == k.V5 else b""


def _connect(packet: p.Connect, _version: int) -> bytes:
    flags = packet.clean << 1 | (packet.username is not None) << 7 | (packet.password is not None) << 6
    parts = [_properties(packet.properties, packet.version), encode_text(packet.client_id)]
    if (will := packet.will) is not None:
        flags |= 4 | will.qos << 3 | will.retain << 5
        parts += (_properties(will.properties, packet.version), encode_text(will.topic), encode_binary(will.payload))
    if packet.username is not None:
        parts.append(encode_text(packet.username))
    if packet.password is not None:
        parts.append(encode_binary(packet.password))
    begin = _PROTOCOLS[packet.version] + bytes((flags,)) + packet.keep_alive.to_bytes(2, "big")
    return frame(0x10, begin + b"".join(parts))


def _connack(packet: p.Connack, version: int) -> bytes:
    present = packet.session_present and version != k.V31  # that has no such flag
    return frame(0x20, bytes((present, packet.code)) + _properties(packet.properties, version))


def _publish(packet: p.Publish, version: int) -> bytes:
    header = 0x30 | packet.dup << 3 | packet.qos << 1 | packet.retain
    packet_id = packet.packet_id.to_bytes(2, "big") if packet.qos else b""
    body = encode_text(packet.topic) + packet_id + _properties(packet.properties, version) + packet.payload
    return frame(header, body)


def _ack(packet: p.Ack, version: int) -> bytes:
    if version != k.V5:
        return encode_ack(packet.kind, packet.packet_id)
    properties = write_properties(packet.properties) if packet.properties else b""
    return encode_ack(packet.kind, packet.packet_id, packet.code, properties)


def _subscribe(packet: p.Subscribe, version: int) -> bytes:
    parts = [packet.packet_id.to_bytes(2, "big"), _properties(packet.properties, version)]
    for item in packet.subscriptions:
        options = item.qos
        if version == k.V5:
            options |= item.no_local << 2 | item.retain_as_published << 3 | item.retain_handling << 4
        parts += (encode_text(item.filter), bytes((options,)))
    return frame(0x82, b"".join(parts))


def _suback(packet: p.Suback, version: int) -> bytes:
    properties = _properties(packet.properties, version)
    return frame(0x90, packet.packet_id.to_bytes(2, "big") + properties + bytes(packet.codes))


def _unsubscribe(packet: p.Unsubscribe, version: int) -> bytes:
    filters = b"".join(encode_text(text) for text in packet.filters)
    return frame(0xA2, packet.packet_id.to_bytes(2, "big") + _properties(packet.properties, version) + filters)


def _unsuback(packet: p.Unsuback, version: int) -> bytes:
    body = packet.packet_id.to_bytes(2, "big")
    if version == k.V5:
        body += write_properties(packet.properties) + bytes(packet.codes)
    return frame(0xB0, body)


def _pingreq(_packet: p.Pingreq, _version: int) -> bytes:
    return b"\xc0\x00"


def _pingresp(_packet: p.Pingresp, _version: int) -> bytes:
    return PINGRESP


def _disconnect(packet: p.Disconnect, version: int) -> bytes:
    return _with_code(0xE0, packet.code, packet.properties, version)


def _auth(packet: p.Auth, version: int) -> bytes:
    return _with_code(0xF0, packet.code, packet.properties, version)


def _with_code(header: int, code: int, properties: Mapping[str, Any], version: int) -> bytes:
    if version != k.V5 or (not code and not properties):
        return bytes((header, 0))
    return frame(header, bytes((code,)) + (write_properties(properties) if properties else b""))


_WRITERS: dict[type, Callable[[Any, int], bytes]] = {
    p.Connect: _connect,
    p.Connack: _connack,
    p.Publish: _publish,
    p.Ack: _ack,
    p.Subscribe: _subscribe,
    p.Suback: _suback,
    p.Unsubscribe: _unsubscribe,
    p.Unsuback: _unsuback,
    p.Pingreq: _pingreq,
    p.Pingresp: _pingresp,
    p.Disconnect: _disconnect,
    p.Auth: _auth,
}
