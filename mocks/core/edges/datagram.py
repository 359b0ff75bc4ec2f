"""A UDP socket on an asyncio loop: bounded, and able to send empty datagrams on every Python."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Address = tuple[Any, ...]
    """As sockets give it: host and port, for IPv6 also flow and scope."""

BUFFER = 4 << 20
"""Bytes that the system may keep for a socket: a burst of a thousand small datagrams overflows the usual 208 KiB."""


class Endpoint(asyncio.DatagramProtocol):
    """A UDP socket on the loop, bound or connected.

    Args:
        raw: the socket.
        take: takes what arrives, and from where.
        refused: hears that nobody listens there.

    Attributes:
        busy: as much waits to be sent as may.
        closed: is done when the socket is.
    """

    transport: asyncio.DatagramTransport
    closed: asyncio.Future[None]

    def __init__(self, raw: socket.socket, take: Callable[[bytes, Address], None], refused: Callable[[], None]) -> None:
        self.busy = False
        self._raw = raw
        self._take = take
        self._refused = refused

    async def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to take what arrives."""
        self.closed = loop.create_future()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=self._raw)

    def send(self, data: bytes, peer: Address | None) -> None:
        """Send a datagram, to the peer if the socket has none of its own."""
        if data:
            self.transport.sendto(data, peer)
            return
        with contextlib.suppress(OSError):  # asyncio sends no empty ones before Python 3.13
            self._raw.sendto(b"", peer) if peer else self._raw.send(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        _ = exc
        self.closed.set_result(None)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """A datagram has come."""
        self._take(data, addr)

    def error_received(self, exc: Exception) -> None:
        """The other machine, or this one, refused a datagram."""
        _ = exc
        self._refused()

    def pause_writing(self) -> None:
        """Enough waits to be sent."""
        self.busy = True

    def resume_writing(self) -> None:
        """There is room again."""
        self.busy = False


def udp_socket(*, listen: Address | None = None, to: Address | None = None) -> socket.socket:
    """A socket bound to an address or connected to one, for a loop; raises ``OSError`` if that cannot be had."""
    address = listen or to
    assert address is not None
    raw = socket.socket(socket.AF_INET6 if ":" in str(address[0]) else socket.AF_INET, socket.SOCK_DGRAM)
    raw.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, option, BUFFER)
    try:
        raw.connect(address) if listen is None else raw.bind(address)
    except OSError:
        raw.close()
        raise
    return raw
