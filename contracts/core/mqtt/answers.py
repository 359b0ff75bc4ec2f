"""What a broker sends, read strictly: whatever the standards do not allow is ``MalformedError``."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from vendorlab.contracts.core.mqtt.packets import DEMANDED, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class MalformedError(ValueError):
    """Bytes that are not what a broker of MQTT may send."""


class Property:
    """Identifiers of MQTT 5.0's properties that a suite looks at or sends."""

    SESSION_EXPIRY = 0x11
    SERVER_KEEP_ALIVE = 0x13
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER = 0x26
    MAXIMUM_PACKET = 0x27
    WILDCARDS_AVAILABLE = 0x28
    SUBSCRIPTION_IDS_AVAILABLE = 0x29
    SHARED_AVAILABLE = 0x2A


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet as it came.

    Attributes:
        kind: Its type.
        flags: The lower half of its first byte.
        body: All after the length.
    """

    kind: Kind
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to something: CONNACK, an acknowledgement, SUBACK, UNSUBACK, or version 5's DISCONNECT.

    Attributes:
        kind: The type of the packet.
        number: The packet identifier; 0 where there is none.
        codes: The return or reason codes; none where the packet has none.
        present: Of CONNACK, whether a session was found.
        properties: Of version 5; of those that may be repeated the last.
    """

    kind: Kind
    number: int = 0
    codes: tuple[int, ...] = ()
    present: bool = False
    properties: Mapping[int, int | str | bytes] = field(default_factory=dict[int, "int | str | bytes"])

    @property
    def code(self) -> int:
        """The first code, or 0 where there is none."""
        return self.codes[0] if self.codes else 0


@dataclass(frozen=True, slots=True)
class Message:
    """A PUBLISH.

    Attributes:
        topic: Where it was published.
        payload: What it says.
        qos: With which it came.
        retain: Whether it had been kept for whom would come.
        repeated: Whether it may have come before.
        number: The packet identifier; 0 for QoS 0.
        properties: Of version 5.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    repeated: bool
    number: int
    properties: Mapping[int, int | str | bytes] = field(default_factory=dict[int, "int | str | bytes"])


def split(buffer: bytes) -> tuple[Packet, bytes] | None:
    """Take the first packet off some bytes.

    Returns:
        The packet and what follows it, or None while it is not all there.

    Raises:
        MalformedError: No packet begins so.
    """
    if not buffer:
        return None
    if buffer[0] >> 4 == 0:
        raise MalformedError("a packet of the reserved type 0")
    kind, flags = Kind(buffer[0] >> 4), buffer[0] & 0x0F
    if kind is not Kind.PUBLISH and flags != DEMANDED.get(kind, 0):
        raise MalformedError(f"{kind.name} with the flags {flags:04b}")
    found = _length(buffer[1:5])
    if found is None:
        return None
    size, width = found
    end = 1 + width + size
    if len(buffer) < end:
        return None
    return Packet(kind, flags, buffer[1 + width : end]), buffer[end:]


def read(packet: Packet, *, five: bool = False) -> Reply | Message:
    """Read a packet that a broker may send.

    Raises:
        MalformedError: Its content is wrong, or it is none that a broker sends.
    """
    body = _Body(packet.body)
    if packet.kind is Kind.PUBLISH:
        return _message(packet.flags, body, five=five)
    reader = _READERS.get(packet.kind)
    if reader is None or (packet.kind is Kind.DISCONNECT and not five):
        raise MalformedError(f"a broker sends no {packet.kind.name}")
    found = reader(packet.kind, body, five)
    body.end(packet.kind.name)
    return found


class _Body:
    """Bytes that are taken off from the front."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._content)

    def take(self, number: int) -> bytes:
        if self._at + number > len(self._content):
            raise MalformedError(f"{number} bytes are expected where {len(self._content) - self._at} are left")
        self._at += number
        return self._content[self._at - number : self._at]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width))

    def identifier(self) -> int:
        number = self.number(2)
        if not number:
            raise MalformedError("a packet identifier of 0")
        return number

    def data(self) -> bytes:
        return self.take(self.number(2))

    def text(self) -> str:
        try:
            text = self.data().decode()
        except UnicodeDecodeError as error:
            raise MalformedError(f"text that is not UTF-8: {error}") from error
        if "\0" in text:
            raise MalformedError("text with U+0000")
        return text

    def variable(self) -> int:
        found = _length(self._content[self._at : self._at + 4])
        if found is None:
            raise MalformedError("a length that is cut off")
        self._at += found[1]
        return found[0]

    def rest(self) -> bytes:
        return self.take(len(self._content) - self._at)

    def properties(self) -> dict[int, int | str | bytes]:
        inside = _Body(self.take(self.variable()))
        found: dict[int, int | str | bytes] = {}
        while inside:
            number = inside.variable()
            if number not in _PROPERTIES:
                raise MalformedError(f"the unknown property {number:#x}")
            if number in found and number not in _REPEATED:
                raise MalformedError(f"the property {number:#x} twice")
            found[number] = _PROPERTIES[number](inside)
        return found

    def end(self, name: str) -> None:
        if self:
            raise MalformedError(f"{name} with {len(self._content) - self._at} bytes too many")


def _length(head: bytes) -> tuple[int, int] | None:
    """Return a variable byte integer and its width, or None if it is cut off."""
    size = 0
    for place, byte in enumerate(head):
        size |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return size, place + 1
    if len(head) == 4:
        raise MalformedError("a length of more than four bytes")
    return None


def _message(flags: int, body: _Body, *, five: bool) -> Message:
    qos = flags >> 1 & 3
    if qos == 3:
        raise MalformedError("a PUBLISH with QoS 3")
    if flags & 0x08 and not qos:
        raise MalformedError("a PUBLISH with QoS 0 that says to be a repetition")
    topic = body.text()
    number = body.identifier() if qos else 0
    properties = body.properties() if five else {}
    if not topic and Property.TOPIC_ALIAS not in properties:
        raise MalformedError("a PUBLISH without a topic")
    if "+" in topic or "#" in topic:
        raise MalformedError(f"a PUBLISH to a filter: {topic!r}")
    return Message(topic, body.rest(), qos, bool(flags & 1), bool(flags & 8), number, properties)


def _connack(kind: Kind, body: _Body, five: bool) -> Reply:
    flags, code = body.number(1), body.number(1)
    if flags > 1 or (flags and code):
        raise MalformedError(f"CONNACK with the flags {flags:#x} and the code {code}")
    if not five and code > 5:
        raise MalformedError(f"CONNACK with the code {code}, which MQTT 3.1.1 does not know")
    # A broker that speaks no version 5 refuses it in the form of 3.1.1, which is two bytes.
    return Reply(kind, codes=(code,), present=bool(flags), properties=body.properties() if five and body else {})


def _acknowledgement(kind: Kind, body: _Body, five: bool) -> Reply:
    number = body.identifier()
    code = body.number(1) if five and body else 0
    return Reply(kind, number, (code,), properties=body.properties() if five and body else {})


def _suback(kind: Kind, body: _Body, five: bool) -> Reply:
    number, properties = body.identifier(), body.properties() if five else {}
    codes = tuple(body.rest())
    if not codes:
        raise MalformedError("SUBACK without codes")
    if not five and (wrong := set(codes) - {0, 1, 2, 0x80}):
        raise MalformedError(f"SUBACK with the codes {sorted(wrong)}, which MQTT 3.1.1 does not know")
    return Reply(kind, number, codes, properties=properties)


def _unsuback(kind: Kind, body: _Body, five: bool) -> Reply:
    number, properties = body.identifier(), body.properties() if five else {}
    return Reply(kind, number, tuple(body.rest()) if five else (), properties=properties)


def _pingresp(kind: Kind, _body: _Body, _five: bool) -> Reply:
    return Reply(kind)


def _disconnect(kind: Kind, body: _Body, _five: bool) -> Reply:
    code = body.number(1) if body else 0
    return Reply(kind, codes=(code,), properties=body.properties() if body else {})


_READERS: Mapping[Kind, Callable[[Kind, _Body, bool], Reply]] = MappingProxyType(
    {
        Kind.CONNACK: _connack,
        Kind.PUBACK: _acknowledgement,
        Kind.PUBREC: _acknowledgement,
        Kind.PUBREL: _acknowledgement,
        Kind.PUBCOMP: _acknowledgement,
        Kind.SUBACK: _suback,
        Kind.UNSUBACK: _unsuback,
        Kind.PINGRESP: _pingresp,
        Kind.DISCONNECT: _disconnect,
    }
)


def _one(body: _Body) -> int:
    return body.number(1)


def _two(body: _Body) -> int:
    return body.number(2)


def _four(body: _Body) -> int:
    return body.number(4)


def _pair(body: _Body) -> str:
    return f"{body.text()}={body.text()}"


_REPEATED = (Property.USER, 0x0B)
_PROPERTIES: Mapping[int, Callable[[_Body], int | str | bytes]] = MappingProxyType(
    {
        **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), _one),
        **dict.fromkeys((0x13, 0x21, 0x22, 0x23), _two),
        **dict.fromkeys((0x02, 0x11, 0x18, 0x27), _four),
        **dict.fromkeys((0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F), _Body.text),
        **dict.fromkeys((0x09, 0x16), _Body.data),
        0x0B: _Body.variable,
        Property.USER: _pair,
    }
)
"""MQTT 5.0, table 2-4: how the value of each property is written."""
