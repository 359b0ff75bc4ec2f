"""Carries an MQTT broker's bytes: TCP, with TLS or WebSocket in layers between.

One driver runs one core, whatever listeners it has: what the core wants sent is written once a turn of the loop and
connection, however many packets it is, and one timer serves all that is due. A client that does not read is not read
from either, so that what waits for it stays bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import struct
import threading
from typing import TYPE_CHECKING

from ..mqtt.connection import State
from .tls import TlsLayer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ..mqtt.broker import BrokerCore
    from ..mqtt.connection import Connection

    Later = Callable[[float, Callable[[], None]], object]

HIGH_WATER = 256 << 10
"""Bytes that a transport takes beyond its socket before a client counts as one that does not read."""

LINGER_SECONDS = 5.0
"""How long a closing connection may take to send what is left."""

HANDSHAKE_SECONDS = 10.0
"""How long TLS, and WebSocket, may take to begin."""

MOST_HANDSHAKES = 1_024
"""Handshakes under way at once; each TLS one holds some 30 kB."""

BACKLOG = 1_024

_RESET = struct.pack("ii", 1, 0)


class Driver:
    """Runs a core on a loop: what it wants sent goes out, and what is due happens.

    Args:
        core: the broker.
        lock: held whenever the core is touched; others who touch it must hold it too. It is the clock's, for a core
            whose sessions expire by one (``follow``), or the two would wait for each other.
        later: calls something after seconds of line time.
        now: line time in seconds; the loop's own by default.
        before: called under the lock before anything is sent, for somebody who has to keep it first.
    """

    def __init__(
        self,
        core: BrokerCore,
        lock: threading.RLock,
        *,
        later: Later | None = None,
        now: Callable[[], float] | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:
        self.core = core
        self.lock = lock
        self.loop = asyncio.get_running_loop()
        self.now = now or self.loop.time
        self.later: Later = later or self.loop.call_later
        self._before = before
        self._thread = threading.get_ident()
        self._flushing = False
        self._armed = math.inf
        core.on_output = self._output

    def touched(self) -> None:
        """Line time may have something new in it."""
        due = self.core.next_due()
        if due is not None and due < self._armed:
            self._armed = due
            self.later(max(0.0, due - self.now()), self._tick)

    def stop(self) -> None:
        """Send every client away, and what it is told with it."""
        with self.lock:
            self.core.stop(self.now())
        self._flush()
        self.core.on_output = None

    def _tick(self) -> None:
        self._armed = math.inf
        with self.lock:
            self.core.run_line(self.now())
            self.touched()

    def _output(self) -> None:
        if self._flushing:
            return
        self._flushing = True
        if threading.get_ident() == self._thread:
            self.loop.call_soon(self._flush)
        else:
            self.loop.call_soon_threadsafe(self._flush)

    def _flush(self) -> None:
        with self.lock:
            self._flushing = False
            if self._before is not None:
                self._before()
            for connection in self.core.take_dirty():
                link: Link | None = connection.carrier
                if link is not None:
                    link.carry(connection)
                session = connection.session
                if session is not None and (session.queue or session.replays):
                    session.pump(self.core.micros())  # there is room again
            self.touched()


class Link(asyncio.Protocol):
    """One connection between a transport and the core."""

    __slots__ = ("_connection", "_driver", "_links", "_transport")

    def __init__(self, driver: Driver, links: set[Link]) -> None:
        self._driver = driver
        self._links = links
        self._connection: Connection | None = None
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # set when the connection is made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's own is no subclass
        transport.set_write_buffer_limits(HIGH_WATER)  # type: ignore[attr-defined]
        driver = self._driver
        peer = transport.get_extra_info("peername")
        with driver.lock:
            self._connection = driver.core.connect(driver.now(), f"{peer[0]}:{peer[1]}" if peer else "")
            if self._connection is None:
                self.abort()
                return
            self._connection.carrier = self
            self._links.add(self)
            driver.touched()

    def data_received(self, data: bytes) -> None:
        """The client has sent something."""
        connection = self._connection
        if connection is not None:
            driver = self._driver
            with driver.lock:
                connection.receive(data, driver.now())
                driver.touched()

    def eof_received(self) -> None:
        """The client sends no more: to a broker that is the end (MQTT-3.14.4-1)."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone."""
        _ = exc
        self._links.discard(self)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.carrier = None
            with self._driver.lock:
                self._driver.core.lost(connection, self._driver.now())

    def pause_writing(self) -> None:
        """The client does not read: nothing more is sent, and nothing more is read from it."""
        if self._connection is not None:
            self._connection.choked = True
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        connection = self._connection
        if connection is not None:
            driver = self._driver
            with driver.lock:
                connection.choked = False
                if not self._transport.is_closing():
                    self._transport.resume_reading()
                if connection.session is not None:
                    connection.session.pump(driver.core.micros())

    def carry(self, connection: Connection) -> None:
        """Send what the connection wants sent, and end it if it is to end."""
        transport = self._transport
        data = connection.take()
        if data and not transport.is_closing():
            transport.write(data)
        if connection.state is State.ENDED:
            if connection.closing == "reset":
                self.abort()
            elif not transport.is_closing():
                transport.close()
                if transport.get_write_buffer_size():
                    self._driver.later(LINGER_SECONDS, transport.abort)

    def abort(self) -> None:
        """End the line with a reset; what the socket has not taken is lost."""
        raw: socket.socket | None = self._transport.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()


class MqttListener:
    """One listening socket of a broker.

    Args:
        driver: runs the broker; it may have other listeners.
        host, port: where; port 0 takes a free one.
        context: TLS, if it is to be spoken.
        websocket: MQTT comes in WebSocket frames (MQTT 3.1.1 and 5.0, section 6).
    """

    def __init__(
        self,
        driver: Driver,
        host: str,
        port: int,
        *,
        context: ssl.SSLContext | None = None,
        websocket: bool = False,
    ) -> None:
        self.driver = driver
        self.host = host
        self.port = port
        self.context = context
        self.websocket = websocket
        self.links: set[Link] = set()
        self.handshakes: set[TlsLayer] = set()
        self._server: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "ws" if self.websocket else "mqtt"
        return f"{scheme}{'s' if self.context else ''}://{host}:{self.port}"

    @property
    def accepting(self) -> bool:
        """Whether it takes connections."""
        return self._server is not None and self._server.is_serving()

    async def start(self) -> None:
        """Listen; raises ``OSError`` when the port is taken."""
        loop = self.driver.loop
        self._server = await loop.create_server(self._accept, self.host, self.port, backlog=BACKLOG)
        self.port = self._server.sockets[0].getsockname()[1]
        if self.context is not None:
            self._sweep = loop.call_later(HANDSHAKE_SECONDS / 4, self._end_slow_handshakes)

    async def stop(self) -> None:
        """Take no more connections and end those that there are; the core is told of each."""
        if self._server is None:
            return
        self._server.close()
        if self._sweep is not None:
            self._sweep.cancel()
        for handshake in list(self.handshakes):
            handshake.abort()
        await self._turn()  # those that are closing hear of their end
        for link in list(self.links):
            link.abort()
        await self._turn()
        self._server = None

    async def _turn(self) -> None:
        """Let the loop go round once."""
        done = self.driver.loop.create_future()
        self.driver.loop.call_soon(done.set_result, None)
        await done

    def _accept(self) -> asyncio.Protocol:
        """What serves a new connection, from the socket upwards."""
        above: Callable[[], asyncio.Protocol] = lambda: Link(self.driver, self.links)  # noqa: E731
        if self.websocket:
            from .websocket import WebSocketLayer  # noqa: PLC0415  the extra `mqtt`

            inner = above
            above = lambda: WebSocketLayer(inner, later=self.driver.later)  # noqa: E731
        if self.context is None:
            return above()
        return TlsLayer(self.context, above, waiting=self.handshakes, most=MOST_HANDSHAKES, now=self.driver.loop.time)

    def _end_slow_handshakes(self) -> None:
        now = self.driver.loop.time()
        for handshake in list(self.handshakes):
            if now - handshake.since > HANDSHAKE_SECONDS:
                handshake.abort()
        self._sweep = self.driver.loop.call_later(HANDSHAKE_SECONDS / 4, self._end_slow_handshakes)
