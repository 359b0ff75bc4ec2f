"""One connection to the broker: a subscriber's session of MQTT 3.1.1 over asyncio's streams.

Everything on the way may stall, break or be cut in the middle, and each is a `NetworkError` to whoever waits. Whoever
reads slowly is not flooded: reading from the socket stops while enough is unread. Time is handed in.

Why this is not a library's is told in docs/adr/008-alerts-on-a-session-of-our-own.md.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import httpx

from ..core.errors import NetworkError, UsageError
from ..core.trust import trusted
from . import packets
from .errors import BrokerRefused, SubscriptionRefused
from .packets import PINGREQ, PUBACK, PUBCOMP, PUBREC, Message, Packet, ProtocolError
from .patience import within

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any, TypeVar

    from ..core.trust import CaFile
    from .patience import Sleep

    T = TypeVar("T")

UNREAD: Final = 1_000
"""Messages that wait for their reader before the socket is read no further."""

PARTING: Final = 1.0
"""Seconds of the wall that a closing socket may take: TLS says goodbye both ways, and the other side may not."""

PORTS: Final = {"mqtt": 1883, "mqtts": 8883, "ssl": 8883}
BUSY: Final = 3
REASONS: Final = {
    1: "it does not speak MQTT 3.1.1",
    2: "it does not take this client id",
    4: "it does not take this name and password",
    5: "it does not let this one in",
}


class Untrusted(NetworkError):  # noqa: N818 - it names what it is
    """The broker shows a certificate that nobody vouches for."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is.

    Attributes:
        host: Its name.
        port: Its port.
        tls: How to verify it; None where the line is in the clear.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, base_url: str, ca: CaFile) -> Self:
        """Read `mqtts://host[:port]`; `ssl` is as good as `mqtts`, and `mqtt` in the clear.

        Raises:
            UsageError: It is another thing, or the CA file cannot be used.
        """
        try:
            url = httpx.URL(base_url)
        except (httpx.InvalidURL, TypeError) as trouble:
            raise UsageError(f"the base URL is not a URL: {trouble}") from None
        beyond = url.userinfo or url.query or url.fragment or url.path not in ("", "/")
        if url.scheme not in PORTS or not url.host or beyond:
            raise UsageError("the base URL must be mqtts://host[:port] and nothing more")
        verify = None if url.scheme == "mqtt" else trusted(ca)
        tls = verify if isinstance(verify, ssl.SSLContext) else None if verify is None else ssl.create_default_context()
        return cls(url.host, url.port or PORTS[url.scheme], tls)


@dataclass(frozen=True, slots=True)
class Login:
    """Whom the broker is told that this is.

    Attributes:
        client_id: Unique at the broker, or one takes the other's place.
        username: The account, or whatever the vendor wants there.
        password: Likewise.
    """

    client_id: str
    username: str
    password: str = field(repr=False)


class BrokerLine:
    """A connection, from the moment it is open."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        keep_alive: int,
        timeout: float,
        clock: Callable[[], float],
        sleep: Sleep,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._keep_alive = keep_alive
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._heard_at = clock()
        self._unread: asyncio.Queue[Message] = asyncio.Queue(UNREAD)
        self._answers: asyncio.Queue[Packet] = asyncio.Queue(UNREAD)
        self._unreleased: set[int] = set()
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(
        cls,
        address: BrokerAddress,
        login: Login,
        *,
        keep_alive: int,
        timeout: float,
        clock: Callable[[], float],
        sleep: Sleep,
    ) -> Self:
        """Connect and be let in.

        Raises:
            BrokerRefused: The broker said no.
            NetworkError: It is not there, busy, or does not say anything.
        """
        opened: list[asyncio.StreamWriter] = []

        async def opening() -> asyncio.StreamReader:
            reader, writer = await asyncio.open_connection(address.host, address.port, ssl=address.tls)
            opened.append(writer)
            return reader

        try:
            reader = await _in_time(opening(), "no connection", timeout, sleep)
        except BaseException:  # who is cancelled may have had a connection already, and nobody would close it
            for writer in opened:
                writer.transport.abort()
            raise
        (writer,) = opened
        line = cls(reader, writer, keep_alive=keep_alive, timeout=timeout, clock=clock, sleep=sleep)
        try:
            line._send(packets.connect(login.client_id, login.username, login.password, keep_alive))
            answer = await _in_time(packets.read_packet(reader), "no CONNACK", timeout, sleep)
            _check(packets.connack_code(answer))
        except BaseException:
            await line.close()
            raise
        line._tasks = [asyncio.create_task(line._pump()), asyncio.create_task(line._keep())]
        return line

    async def subscribe(self, filters: Sequence[str], qos: int) -> None:
        """Subscribe.

        Raises:
            SubscriptionRefused: One of the filters is not granted.
            NetworkError: No answer came in time.
        """
        self._send(packets.subscribe(1, filters, qos))
        answer = await _in_time(self._or_end(self._answers.get()), "no SUBACK", self._timeout, self._sleep)
        codes = packets.suback_codes(answer)
        if answer.number != 1 or len(codes) != len(filters):
            raise ProtocolError("a SUBACK to another SUBSCRIBE")
        for item, code in zip(filters, codes, strict=True):
            if code == packets.REFUSED:
                raise SubscriptionRefused(f"the broker does not grant {item}", filter=item)

    async def next(self) -> Message:
        """Wait for a message, and acknowledge it.

        Raises:
            NetworkError: The connection is lost, and all that came over it read.
        """
        message = self._unread.get_nowait() if self._unread.qsize() else await self._or_end(self._unread.get())
        if message.qos == 1 and not self._end.done():
            self._send(packets.receipt(PUBACK, message.number))
        return message

    async def close(self) -> None:
        """Say goodbye, without waiting for anything, and let go of the socket."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._tasks and not self._end.done():
            self._send(Packet(packets.DISCONNECT))
        self._lost(NetworkError("the connection is closed"), abort=False)
        self._writer.close()
        try:
            with suppress(OSError):  # also a time-out
                await within(self._writer.wait_closed(), PARTING, asyncio.sleep)
        finally:
            self._writer.transport.abort()

    async def _or_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the work returns; raise why the connection has ended, if it does before."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait((task, self._end), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise self._end.exception() or NetworkError("the connection is closed")
        finally:
            if not task.done():
                task.cancel()

    async def _pump(self) -> None:
        """Read packets, one after the other, as long as somebody reads what is in them."""
        try:
            while True:
                await self._take(await packets.read_packet(self._reader))
        except NetworkError as trouble:
            self._lost(trouble)
        except (EOFError, OSError) as trouble:
            self._lost(NetworkError(f"the connection is lost: {_said(trouble)}"))

    async def _take(self, packet: Packet) -> None:
        self._heard_at = self._clock()
        match packet.kind:
            case packets.PUBLISH:
                message = packets.read_message(packet)
                if message.qos == 2:
                    self._send(packets.receipt(PUBREC, message.number))
                    if message.number in self._unreleased:
                        return
                    self._unreleased.add(message.number)
                await self._unread.put(message)
                self._heard_at = self._clock()
            case packets.PUBREL:
                self._unreleased.discard(packet.number)
                self._send(packets.receipt(PUBCOMP, packet.number))
            case packets.SUBACK:
                await self._answers.put(packet)
            case packets.PINGRESP:
                pass
            case kind:
                raise ProtocolError(f"a packet of type {kind}, which nobody asked for")

    async def _keep(self) -> None:
        """Send a ping every half keep-alive, and notice when nothing comes back."""
        if not self._keep_alive:
            return
        while True:
            await self._sleep(self._keep_alive / 2)
            if self._clock() - self._heard_at > 1.5 * self._keep_alive and not self._unread.full():
                self._lost(NetworkError("the broker has fallen silent"))
                return
            self._send(Packet(PINGREQ))

    def _lost(self, trouble: NetworkError, *, abort: bool = True) -> None:
        if not self._end.done():
            self._end.set_exception(trouble)
            self._end.exception()  # looked at: nobody need be waiting
        if abort:
            self._writer.transport.abort()

    def _send(self, packet: Packet) -> None:
        if not self._writer.transport.is_closing():
            self._writer.write(packet.encode())


async def _in_time(work: Coroutine[Any, Any, T], what: str, timeout: float, sleep: Sleep) -> T:
    try:
        return await within(work, timeout, sleep)
    except TimeoutError as trouble:
        raise NetworkError(f"{what} in {timeout:g} s" if not trouble.args else f"{what}: {_said(trouble)}") from None
    except ssl.SSLCertVerificationError as trouble:
        raise Untrusted(f"the broker's certificate is not trusted: {trouble.verify_message}") from None
    except (EOFError, OSError) as trouble:
        raise NetworkError(f"{what}: {_said(trouble)}") from None


def _check(code: int) -> None:
    if code == BUSY:
        raise NetworkError("the broker is not available")
    if code:
        raise BrokerRefused(f"the broker refuses: {REASONS.get(code, f'code {code}')}", code=code)


def _said(trouble: Exception) -> str:
    return "it was closed" if isinstance(trouble, EOFError) else str(trouble) or type(trouble).__name__
