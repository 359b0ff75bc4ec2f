"""Listeners: uvicorn's HTTP protocol, one per socket, bounded and without a server loop of its own.

uvicorn's ``Server`` brings signal handlers, a lifespan and a tick; a world starts and stops its listeners in
milliseconds and many share one loop, so only the protocol class is taken, over asyncio's own ``create_server``.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from .asgi import GATE
from .gate import Gate
from .tls import TlsLayer, server_context

if TYPE_CHECKING:
    from .asgi import HttpEdge
    from .certificates import TlsFiles
    from .loop import Line

LARGEST_HEAD = 64 << 10
"""Bytes of a request's line and headers."""

MOST_CONNECTIONS = 4_096
KEEP_ALIVE_SECONDS = 75
HEAD_SECONDS = 30.0
"""A request's head must be whole within about this long."""

HANDSHAKE_SECONDS = 10.0
"""A TLS handshake must be done within about this long."""

GRACE_SECONDS = 0.2
"""How long ``stop`` waits for answers that are on their way."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 31\r\nconnection: close\r\n\r\nRequest Header Fields Too Large"
)

_NOT_TLS = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 56\r\nconnection: close\r\n\r\nThis port speaks https, and the request was sent in http"
)

logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # a client's broken request is no news


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol with a gate around its transport and a bound on the head."""

    def __init__(self, listener: HttpListener) -> None:
        super().__init__(listener.config, listener.state, {}, listener.loop)
        self._listener = listener
        self._head = 0
        self._in_body = False
        self.head_since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        gate = Gate(transport, self._listener.line.later)  # type: ignore[arg-type]  # asyncio's own annotation is wide
        self.app_state = {GATE: gate}
        self.head_since = self.loop.time()
        super().connection_made(gate)  # type: ignore[arg-type]  # it stands in for a transport

    def data_received(self, data: bytes) -> None:
        if self._in_body:
            super().data_received(data)
            return
        self._head += len(data)
        super().data_received(data)
        if self._head > LARGEST_HEAD and not self._in_body and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        self.head_since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = 0
        self._in_body = True
        self.head_since = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()


class HttpListener:
    """One listening socket of one site.

    Args:
        edge: the ASGI application that answers.
        line: whose time delays on the wire take.
        host, port: where; port 0 takes a free one.
        tls: the certificate that it shows; without, it speaks plain HTTP.

    Raises:
        TlsError: the certificate cannot be used.
    """

    def __init__(self, edge: HttpEdge, line: Line, host: str, port: int, tls: TlsFiles | None = None) -> None:
        self.edge = edge
        self.line = line
        self.host = host
        self.port = port
        self.tls = server_context(tls) if tls else None
        self.loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]  # set by start
        self.config = uvicorn.Config(
            edge,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            date_header=False,
            proxy_headers=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            interface="asgi3",
        )
        self.state = ServerState()
        self.handshakes: set[TlsLayer] = set()
        self._server: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def accepting(self) -> bool:
        """Whether it takes connections."""
        return self._server is not None and self._server.is_serving()

    async def start(self) -> None:
        """Listen; raises ``OSError`` when the port is taken."""
        self.loop = asyncio.get_running_loop()
        if not self.config.loaded:
            self.config.load()
        self._server = await self.loop.create_server(self._accept, self.host, self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        self._sweep = self.loop.call_later(HEAD_SECONDS / 4, self._close_slow)

    async def stop(self) -> None:
        """Take no more connections, let answers on their way end for a moment, and close the rest."""
        if self._server is None:
            return
        self._server.close()
        if self._sweep is not None:
            self._sweep.cancel()
        await self.hang_up()
        self._server = None

    async def hang_up(self) -> None:
        """End every connection, once the answers on their way are out; new ones may come."""
        for handshake in list(self.handshakes):
            handshake.abort()
        for connection in list(self.state.connections):
            connection.shutdown()
        if self.state.tasks:
            await asyncio.wait(list(self.state.tasks), timeout=GRACE_SECONDS)
        await asyncio.sleep(0)
        for connection in list(self.state.connections):
            if transport := getattr(connection, "transport", None):
                transport.abort()

    def _accept(self) -> asyncio.Protocol:
        """What serves a new connection."""
        if self.tls is None:
            return _Protocol(self)
        return TlsLayer(
            self.tls,
            lambda: _Protocol(self),
            waiting=self.handshakes,
            most=MOST_CONNECTIONS,
            now=self.loop.time,
            plain=_NOT_TLS,
        )

    def _close_slow(self) -> None:
        """Close connections whose handshake or request never got whole; one timer serves them all."""
        now = self.loop.time()
        for handshake in list(self.handshakes):
            if now - handshake.since > HANDSHAKE_SECONDS:
                handshake.abort()
        for connection in list(self.state.connections):
            since = getattr(connection, "head_since", None)
            if since is not None and now - since > HEAD_SECONDS:
                connection.transport.abort()
        self._sweep = self.loop.call_later(HEAD_SECONDS / 4, self._close_slow)


def port_taken(face: str, host: str, port: int, error: OSError) -> str:
    """What to tell somebody whose port cannot be had."""
    reason = "is in use" if error.errno == 98 or "in use" in str(error) else f"cannot be listened on ({error.strerror})"
    return f"port {port} on {host}, for {face}, {reason}; choose another with --port-base, or --port 0 for free ones"
