"""The gate between a protocol and its socket: where the bytes of an answer go wrong to order.

It stands in for the transport that uvicorn writes to. Until it is armed it only passes bytes on; armed, it lets one
answer go wrong as its ``Wire`` says, and keeps whatever is written behind it in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..web.message import Wire

_NO_LINGER = struct.pack("ii", 1, 0)
_END_OF_HEAD = b"\r\n\r\n"


class Gate:
    """A transport's stand-in.

    Args:
        transport: the real one.
        later: calls something after seconds of line time.
    """

    def __init__(self, transport: asyncio.Transport, later: Callable[[float, Callable[[], None]], Any]) -> None:
        self._transport = transport
        self._later = later
        self._wire: Wire | None = None
        self._held = bytearray()
        self._body_left = 0
        self._closing = False
        self.write: Callable[[bytes], object] = transport.write  # unarmed, it costs nothing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def arm(self, wire: Wire) -> None:
        """Hold what is written in this turn of the loop, an answer's head and body, and then let it go wrong."""
        self._wire = wire
        self.write = self._held.extend
        asyncio.get_running_loop().call_soon(self._start)

    def close(self) -> None:
        """Close as the protocol asks, once all that is held has been sent."""
        self._closing = True
        if self._wire is None:
            self._transport.close()

    def is_closing(self) -> bool:
        """Whether it closes, or will when all is sent."""
        return self._closing or self._transport.is_closing()

    def _start(self) -> None:
        wire = self._wire
        assert wire is not None
        head = self._held.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        if wire.silent:
            self._end()
        elif wire.delay:
            self._later(wire.delay, self._release)
        elif wire.cut_after is not None:
            self._pass(min(len(self._held), head + wire.cut_after))
            self._end()
        else:
            self._body_left = len(self._held) - head
            self._pass(head)
            self._drip()

    def _drip(self) -> None:
        wire = self._wire
        assert wire is not None
        if not self._body_left or not wire.chunk or self._transport.is_closing():
            self._release()
            return
        piece = min(self._body_left, wire.chunk)
        self._body_left -= piece
        self._pass(piece)
        self._later(wire.interval, self._drip)

    def _pass(self, count: int) -> None:
        self._transport.write(bytes(self._held[:count]))
        del self._held[:count]

    def _release(self) -> None:
        """Send all that is held and be an ordinary transport again."""
        self._wire = None
        self.write = self._transport.write
        if self._held and not self._transport.is_closing():
            self._pass(len(self._held))
        if self._closing:
            self._transport.close()

    def _end(self) -> None:
        """End the connection here and now; nothing more is sent."""
        wire = self._wire
        assert wire is not None
        self._closing = True
        self._held.clear()
        if not wire.reset:
            self._transport.close()
            return
        raw: socket.socket | None = self._transport.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        # With lingering off, closing sends a reset; what the socket has taken already arrives before it.
        self._transport.abort()
