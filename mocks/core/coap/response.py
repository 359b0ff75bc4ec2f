"""What a handler answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .codes import Code
from .options import NONE, Options

if TYPE_CHECKING:
    from .errors import CoapError


class Response(NamedTuple):
    """An answer without what belongs to the message layer.

    Attributes:
        code: of class 2, 4 or 5.
        payload: whole, however long; the engine cuts it into blocks.
        options: best made once and used again; they remember what they look like on the line.
    """

    code: int = Code.CONTENT
    payload: bytes = b""
    options: Options = NONE


def refusal(error: CoapError) -> Response:
    """An error as it is answered: its code, and a text for a person."""
    return Response(error.code, error.diagnostic.encode(), error.options)
