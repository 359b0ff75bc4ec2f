"""The board of sensors behind a network card: what its firmware answers to a request, row by row as it was read.

Rows S1 to S26 of the firmware (SAPI 1.0.2, CoAP server 1.4.8; public). Those of them that break an RFC are quirks, and
a world without quirks has what the RFC wants instead: S3, S4, S12, S13, S16 and S21 (the last two are the sender's).
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ...core.coap.codes import CBOR, LINK_FORMAT, OCTET_STREAM, TEXT, Code
from ...core.coap.options import Option, Options
from ...core.coap.response import Response
from .. import sapi
from ..models import Sensor

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .device import Node

BANNER = b"Itron Reference CoAP Server: 1.4.8"
BUFFER = 239
"""Bytes of the largest request that the board takes (S19)."""

UNDERSTOOD = frozenset({
    Option.URI_HOST, Option.URI_PORT, Option.URI_PATH, Option.URI_QUERY, Option.ACCEPT, Option.BLOCK2,
})  # fmt: skip
"""The critical options that the firmware lists (S20); Accept and Block2 it reads and does not heed (S19)."""

LONGEST_TEXT = 100
"""Bytes of the echo sensor's text: with a counter and its wrapping it stays within the 128 that SAPI allows (S19)."""

_SET_TIME = struct.Struct(">BBII")
_TIME, _TIME_SIZE = 6, 8
_STATISTICS = struct.Struct(">BB9I")
_COAP_STATISTICS = 7


class Form(NamedTuple):
    """What a request's options say; who polls sends the same again and again, so it is worked out once.

    Attributes:
        path, query: their segments and parts.
        observe: the value of Observe.
        refused: whether there is a critical option that the firmware does not list (S20).
        size: bytes of the request as the board reads it, without the payload: header, a token of four, options.
    """

    path: tuple[str, ...]
    query: tuple[str, ...]
    observe: int | None
    refused: bool
    size: int


@lru_cache(4_096)
def form_of(options: Options) -> Form:
    """What a request's options say."""
    path = options.path
    items = [item for item in options.items if item[0] != Option.URI_PATH]
    board = Options([*items, *((Option.URI_PATH, part) for part in path[1:])])
    refused = any(number & 1 for number in options.unrecognised) or not options.critical <= UNDERSTOOD
    return Form(path, options.query, options.uint(Option.OBSERVE), refused, 9 + len(board.wire))


class Asked:
    """A request as it reaches a device.

    Args:
        code: the method.
        options: without those that were for the proxy.
        payload: whole.
        who: names the asker and its token, for an observation.
        confirmable: whether it must be acknowledged.

    Attributes:
        form: what its options say.
    """

    __slots__ = ("code", "confirmable", "form", "options", "payload", "who")

    def __init__(self, code: int, options: Options, payload: bytes, who: Hashable, *, confirmable: bool = True) -> None:
        self.code = code
        self.options = options
        self.payload = payload
        self.who = who
        self.confirmable = confirmable
        self.form = form_of(options)


Reply = Response | None
"""An answer; with code 0.00 an acknowledgement that no answer follows; None for silence."""

ACKNOWLEDGED = Response(Code.EMPTY)

_TEXT = Options([(Option.CONTENT_FORMAT, TEXT)])
_LINKS = Options([(Option.CONTENT_FORMAT, LINK_FORMAT)])
_BYTES = Options([(Option.CONTENT_FORMAT, OCTET_STREAM)])
_CBOR = Options([(Option.CONTENT_FORMAT, CBOR)])

_CHANGED = Response(Code.CHANGED)
_BAD_OPTION = Response(Code.BAD_OPTION)
_FORBIDDEN = Response(Code.FORBIDDEN)
_NOT_FOUND = Response(Code.NOT_FOUND)
_NOT_ALLOWED = Response(Code.METHOD_NOT_ALLOWED)
_NOT_ACCEPTABLE = Response(Code.NOT_ACCEPTABLE)
_TOO_LARGE = Response(Code.REQUEST_ENTITY_TOO_LARGE)
_FAILED = Response(Code.INTERNAL_SERVER_ERROR)
_NOT_IMPLEMENTED = Response(Code.NOT_IMPLEMENTED)

CLASSIFIERS = {Sensor.TEMPERATURE: "arduino", Sensor.ECHO: "arduino", Sensor.METHANE: "rl78", Sensor.TILT: "logis"}
LOG = "log"
"""A second resource of the pole tilt board: the newest files together."""


def resources(sensors: tuple[Sensor, ...]) -> dict[str, Sensor]:
    """The resources of a board below its classifier."""
    found = {sensor.path.rpartition("/")[2]: sensor for sensor in sensors}
    return found | ({LOG: Sensor.TILT} if Sensor.TILT in sensors else {})


def answer(node: Node, asked: Asked, path: tuple[str, ...], second: int) -> Reply:
    """What the board answers; ``path`` without the ``snsr`` that the card takes off (S1)."""
    if asked.form.size + len(asked.payload) > BUFFER:
        return _TOO_LARGE
    if asked.form.refused:
        return _BAD_OPTION
    if not path:
        return Response(Code.CONTENT, BANNER, _TEXT) if asked.code == Code.GET else _FORBIDDEN
    first, rest = path[0], path[1:]
    if first == node.classifier:
        return _sensor(node, asked, rest, second)
    if first == ".well-known":
        return _well_known(node, asked, rest)
    return _system(node, asked, rest, second) if first == "sys" else _NOT_FOUND


def content(node: Node, value: sapi.Said, sensor: Sensor) -> Response:
    """A sensor's or its configuration's value as it is sent (S7 to S9)."""
    if node.mesh.unwrapped and sensor is Sensor.TEMPERATURE and isinstance(value, str):
        return Response(Code.CONTENT, value.encode(), _TEXT)
    return Response(Code.CONTENT, sapi.wrapped(sensor.key, value), _CBOR)


def observe_value(node: Node) -> bytes:
    """The next number of the one counter, in three bytes or as few as it takes (S12, S16)."""
    number = node.next_number()
    return number.to_bytes(3) if node.mesh.quirks else number.to_bytes((number.bit_length() + 7) // 8)


def _well_known(node: Node, asked: Asked, rest: tuple[str, ...]) -> Response:
    """S3: not quite RFC 6690, without the sensors, and 5.00 where the 4.04 that was set is overwritten."""
    quirks = node.mesh.quirks
    if rest != ("core",):
        return _FAILED if quirks else _NOT_FOUND
    if asked.code != Code.GET:
        return _NOT_IMPLEMENTED if quirks else _NOT_ALLOWED
    if quirks:
        text = (
            '</sys>;if="sys";title="System";ct=42;rev=1;,'
            f'</{node.classifier}>;if="arduino";title="Arduino Sensors";ct=42;,'
        )
    else:
        sensors = [f"</{node.classifier}/{name}>;ct=60" + (";obs" if name != LOG else "") for name in node.resources]
        text = ",".join(['</sys>;if="sys";title="System";ct=42', *sensors])
    return Response(Code.CONTENT, text.encode(), _LINKS)


def _system(node: Node, asked: Asked, rest: tuple[str, ...], second: int) -> Response:
    """S22."""
    if rest == ("time",) and asked.code == Code.GET:
        return Response(Code.CONTENT, ((second + node.offset) & 0xFFFFFFFF).to_bytes(4), _BYTES)
    if rest == ("time",) and asked.code == Code.PUT:
        if len(asked.payload) != _SET_TIME.size:
            return _NOT_ACCEPTABLE
        kind, size, seconds, _ = _SET_TIME.unpack(asked.payload)
        if (kind, size) != (_TIME, _TIME_SIZE):
            return _NOT_ACCEPTABLE
        node.set_clock(seconds - second)
        return _CHANGED
    if rest == ("stats",) and asked.code == Code.GET and asked.form.query == ("mod=coap",):
        return Response(Code.CONTENT, _STATISTICS.pack(_COAP_STATISTICS, 36, *node.counters), _BYTES)
    return _NOT_IMPLEMENTED


def _sensor(node: Node, asked: Asked, rest: tuple[str, ...], second: int) -> Reply:
    if not rest:
        return ACKNOWLEDGED if node.mesh.quirks else _NOT_FOUND  # S4
    name, *further = rest
    sensor = node.resources.get(name)
    if sensor is None or further:
        return _NOT_FOUND
    query = asked.form.query
    if not query or asked.code not in (Code.GET, Code.PUT):
        return _NOT_ALLOWED  # S5, S11
    if asked.code == Code.PUT:
        return _configure(node, sensor, query[0])
    return _get(node, asked, name, sensor, second)


def _get(node: Node, asked: Asked, name: str, sensor: Sensor, second: int) -> Reply:
    form = asked.form
    query = form.query[0]
    if query not in ("sens", "cfg"):
        return _NOT_IMPLEMENTED  # S6
    observe = form.observe
    if observe is not None and observe > 1:
        return _NOT_ACCEPTABLE  # S14
    if query == "cfg":
        found = _configuration(node, sensor, second)
        if found is None or observe != 0 or found.code != Code.CONTENT:
            return found
        # S14: it takes the observer's place, and never notifies.
        node.observe(name, asked.who, notifies=False)
        return found._replace(options=found.options.with_((Option.OBSERVE, observe_value(node))))
    if observe == 0:
        node.observe(name, asked.who)
        if node.mesh.quirks:
            return Response(Code.VALID, b"", Options([(Option.OBSERVE, observe_value(node))]))  # S12
    elif observe == 1:
        node.unobserve(name, asked.who)
        if node.mesh.quirks:
            return Response(Code.CONTENT)  # S13
    found = content(node, node.read(name, sensor, second), sensor)  # S7; S26: however the reading went
    if observe == 0:
        found = found._replace(options=found.options.with_((Option.OBSERVE, observe_value(node))))
    return found


def _configuration(node: Node, sensor: Sensor, second: int) -> Reply:
    """S9, S25: the echo sensor has no function to read its configuration, and the firmware calls it all the same."""
    if sensor is Sensor.TEMPERATURE:
        return content(node, f"{second + node.offset},{node.unit}", sensor)
    if sensor is Sensor.ECHO and node.mesh.quirks:
        node.reboot()
        return None
    return _NOT_IMPLEMENTED


def _configure(node: Node, sensor: Sensor, query: str) -> Response:
    """S10: a configuration travels in the query, and a payload is passed over."""
    name, equals, value = query.partition("=")
    if name != "cfg" or not equals:
        return _NOT_IMPLEMENTED
    if sensor is Sensor.TEMPERATURE and value in ("C", "F"):
        node.set_unit(value)
        return _CHANGED
    if sensor is Sensor.ECHO:
        if not 0 < len(value.encode()) <= LONGEST_TEXT:
            return _NOT_ACCEPTABLE
        node.set_text(value)
        return _CHANGED
    return _NOT_IMPLEMENTED
