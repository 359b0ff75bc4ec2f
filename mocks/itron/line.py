"""What a CoAP message layer is given to speak on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Line:
    """A line.

    Attributes:
        now: line time, in seconds.
        send: puts a datagram on it, to an address.
        woken: is told that the message layer is due earlier than it was.
    """

    now: Callable[[], float]
    send: Callable[[bytes, Any], object]
    woken: Callable[[], None]
