"""The gate between a protocol and its socket: where the bytes of an answer go wrong to order.

It stands in for the transport that uvicorn writes to. Until it is armed it only passes bytes on. Armed, it holds one
answer, and when that is whole lets it go wrong as its ``Wire`` says; whatever is written behind it keeps its place.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ..web.message import Wire

_NO_LINGER = struct.pack("ii", 1, 0)
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(slots=True)
class _Held:
    """An answer that is to go wrong, or (without a wire) what was written behind one."""

    wire: Wire | None
    whole: bool
    data: bytearray = field(default_factory=bytearray)


class Gate:
    """A transport's stand-in.

    Args:
        transport: the real one.
        later: calls something after seconds of line time.
    """

    def __init__(self, transport: asyncio.Transport, later: Callable[[float, Callable[[], None]], Any]) -> None:
        self._transport = transport
        self._later = later
        self._held: deque[_Held] = deque()
        self._busy = False  # the first that is held is on its way
        self._closing = False
        self.write: Callable[[bytes], object] = transport.write  # unarmed, it costs nothing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def arm(self, wire: Wire) -> None:
        """Hold what is written from now on, one answer, until ``spoil``."""
        self._hold(_Held(wire, whole=False))

    def spoil(self) -> None:
        """The armed answer is whole: let it go wrong, once those before it have gone."""
        if not self._held:
            return  # the connection has ended meanwhile
        self._held[-1].whole = True
        self._hold(_Held(None, whole=True))
        self._go_on()

    def close(self) -> None:
        """Close as the protocol asks, once all that is held has been sent."""
        self._closing = True
        if not self._held:
            self._transport.close()

    def is_closing(self) -> bool:
        """Whether it closes, or will when all is sent."""
        return self._closing or self._transport.is_closing()

    def _hold(self, held: _Held) -> None:
        self._held.append(held)
        self.write = held.data.extend

    def _go_on(self) -> None:
        """Send what may go; with nothing held any more, be an ordinary transport again."""
        while self._held and self._held[0].whole and not self._busy:
            first = self._held[0]
            if first.wire is None:
                self._finish()
            else:
                self._busy = True
                self._start(first.data, first.wire)
        if not self._held and not self._closing:
            self.write = self._transport.write
        elif not self._held:
            self._transport.close()

    def _start(self, data: bytearray, wire: Wire) -> None:
        end = data.find(_END_OF_HEAD)
        head = end + len(_END_OF_HEAD) if end >= 0 else len(data)
        if wire.silent:
            self._end(wire)
        elif wire.delay:
            self._later(wire.delay, self._resume)
        elif wire.cut_after is not None:
            self._pass(head + wire.cut_after)
            self._end(wire)
        else:
            self._pass(head)
            self._drip()

    def _drip(self) -> None:
        if not self._held:
            return  # the connection was ended from elsewhere
        first = self._held[0]
        if first.wire is not None and 0 < first.wire.chunk < len(first.data) and not self._transport.is_closing():
            self._pass(first.wire.chunk)
            self._later(first.wire.interval, self._drip)
        else:
            self._resume()

    def _resume(self) -> None:
        self._finish()
        self._busy = False
        self._go_on()

    def _finish(self) -> None:
        """Send the first that is held, or what is left of it."""
        self._pass(len(self._held[0].data))
        self._held.popleft()

    def _pass(self, count: int) -> None:
        data = self._held[0].data
        if data and not self._transport.is_closing():
            self._transport.write(bytes(data[:count]))
        del data[:count]

    def _end(self, wire: Wire) -> None:
        """End the connection here and now; nothing more is sent."""
        self._closing = True
        self._held.clear()
        self.write = _discard
        if not wire.reset:
            self._transport.close()
            return
        raw: socket.socket | None = self._transport.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        # With lingering off, closing sends a reset; what the socket has taken already arrives before it.
        self._transport.abort()


def _discard(_data: bytes) -> None:
    """Where bytes go that come after the end."""
