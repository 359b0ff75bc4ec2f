"""The network card of a device: its own few resources, and the board of sensors behind ``/snsr``.

Public: ``GET /`` is how the vendor's clients ping a device, ``/.well-known/core`` is there, and that there are more.
Texts are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.coap.codes import LINK_FORMAT, TEXT, Code
from ...core.coap.options import Option, Options
from ...core.coap.response import Response
from . import board

if TYPE_CHECKING:
    from .board import Asked, Reply
    from .device import Node

SENSORS = "snsr"
"""What the card takes off before the board sees a path."""

_TEXT = Options([(Option.CONTENT_FORMAT, TEXT)])
_LINKS = Options([(Option.CONTENT_FORMAT, LINK_FORMAT)])
_CORE = b'</>;title="Milli5",</time>;title="Time";ct=0,</snsr>;title="Sensors"'

_BAD_OPTION = Response(Code.BAD_OPTION)
_NOT_FOUND = Response(Code.NOT_FOUND)
_NOT_ALLOWED = Response(Code.METHOD_NOT_ALLOWED)


def answer(node: Node, asked: Asked, second: int) -> Reply:
    """What a device answers.

    Args:
        node: the device.
        asked: the request.
        second: when, in seconds since 1970.
    """
    path = asked.form.path
    if path[:1] == (SENSORS,):
        return board.answer(node, asked, path[1:], second)
    if asked.form.refused:
        return _BAD_OPTION
    match path:
        case () | ("",):
            found = Response(Code.CONTENT, b"Milli5 " + node.device.mac.encode(), _TEXT)
        case (".well-known", "core"):
            found = Response(Code.CONTENT, _CORE, _LINKS)
        case ("time",):
            found = Response(Code.CONTENT, str(second).encode(), _TEXT)
        case _:
            return _NOT_FOUND
    return found if asked.code == Code.GET else _NOT_ALLOWED
