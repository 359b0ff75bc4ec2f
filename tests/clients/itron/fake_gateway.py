"""A gateway for the client's tests: a UDP socket, aiocoap's codec, and answers as a test plants them."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from vendorlab.clients.itron import AsyncGatewayClient, SessionSettings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

library: Any = import_module("aiocoap")  # it has no types
CON, NON, ACK, RST = 0, 1, 2, 3
GET, POST, PUT, DELETE = 1, 2, 3, 4
ETAG, OBSERVE, PATH, FORMAT, AGE, BLOCK2, BLOCK1, PROXY_URI = 4, 6, 11, 12, 14, 23, 27, 35
MAC = "001350050047dd92"
TEMPERATURE = bytes.fromhex("a2006474656d700172313534303538343938322c37322e35302c46")


def code(dotted: str) -> int:
    major, minor = dotted.split(".")
    return int(major) << 5 | int(minor)


def observed(number: int, payload: bytes = TEMPERATURE, dotted: str = "2.05") -> Out:
    return Out(dotted, payload, ((OBSERVE, number.to_bytes(3)), (AGE, b"\x5a")), kind=NON)


@dataclass(frozen=True)
class Out:
    """An answer. By default piggybacked to what is confirmable, and as devices do it to what is not."""

    dotted: str
    payload: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()
    kind: int | None = None
    mid: int | None = None


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: int
    uri: str
    options: dict[int, bytes]
    payload: bytes
    kind: int
    mid: int
    token: bytes
    source: tuple[str, int]


Answers = Iterable[Out] | None
Handler = Callable[[Seen], Answers]


class FakeGateway(asyncio.DatagramProtocol):
    """Keeps sessions by source, and leaves requests to devices to a handler; None of a handler is silence."""

    def __init__(self) -> None:
        self.tokens = {"good"}
        self.sessions: set[tuple[str, int]] = set()
        self.seen: list[Seen] = []
        self.empties: list[tuple[int, int]] = []
        self.device: Handler = lambda _: [Out("2.05", TEMPERATURE)]
        self.on_session: list[Out] = []
        self.transport: Any = None
        self._mids = itertools.count(40_000)

    @property
    def url(self) -> str:
        return f"coap://127.0.0.1:{self.transport.get_extra_info('sockname')[1]}"

    def to_devices(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.uri.startswith("coap:")]

    def to_sessions(self) -> list[int]:
        return [seen.method for seen in self.seen if seen.uri == "/sessions"]

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        message = library.Message.decode(data)
        if int(message.code) == 0:
            self.empties.append((int(message.mtype), message.mid))
            return
        options = {int(option.number): option.encode() for option in message.opt.option_list()}
        path = "/" + "/".join(message.opt.uri_path)
        uri = options[PROXY_URI].decode() if PROXY_URI in options else path
        seen = Seen(
            int(message.code), uri, options, message.payload, int(message.mtype), message.mid, message.token, addr
        )
        self.seen.append(seen)
        for out in self._answers(seen) or ():
            self.send(seen, out)

    def send(self, seen: Seen, out: Out) -> None:
        message = library.Message(code=library.Code(code(out.dotted)), payload=out.payload)
        for number, value in out.options:
            message.opt.add_option(library.OptionNumber(number).create_option(decode=value))
        kind = out.kind if out.kind is not None else ACK if seen.kind == CON else NON
        own = next(self._mids) if kind in {CON, NON} and out.kind is not None else seen.mid
        message.mtype, message.mid = library.Type(kind), own if out.mid is None else out.mid
        message.token = b"" if out.dotted == "0.00" else seen.token
        self.transport.sendto(message.encode(), seen.source)

    def _answers(self, seen: Seen) -> Answers:
        if seen.uri == "/sessions":
            return [self._session(seen)]
        if PROXY_URI in seen.options and seen.source not in self.sessions:
            return [Out("4.01")]
        return self.device(seen)

    def _session(self, seen: Seen) -> Out:
        if self.on_session:
            return self.on_session.pop(0)
        if seen.method == DELETE:
            self.sessions.discard(seen.source)
            return Out("2.02")
        if seen.payload.decode() not in self.tokens:
            return Out("4.01", b"no such token")
        known = seen.source in self.sessions
        self.sessions.add(seen.source)
        return Out("2.04" if known else "2.01")


class Turned:
    """A clock that stands until it is turned; who sleeps wakes when it has been turned far enough."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), future))
        await future

    def turn(self, seconds: float) -> None:
        self.now += seconds
        while self._sleepers and self._sleepers[0][0] <= self.now:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)

    async def turned(self, seconds: float) -> None:
        """Wait until somebody sleeps for so long, and wake them."""
        await until(lambda: self.waits(seconds))
        self.turn(seconds)

    def waits(self, seconds: float) -> bool:
        """Tell whether somebody sleeps who will be woken in so many seconds."""
        return any(abs(due - self.now - seconds) < 0.5 for due, _, future in self._sleepers if not future.done())


async def until(true: Callable[[], object]) -> None:
    """Wait for other tasks and the loopback, no longer than a test may take."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - it is others' doing
            await asyncio.sleep(0.001)


@dataclass
class Bench:
    """A gateway, a client and their clock."""

    gateway: FakeGateway
    client: AsyncGatewayClient
    clock: Turned
    given: list[str] = field(default_factory=list[str])

    @classmethod
    @asynccontextmanager
    async def of(cls, *, tokens: Iterable[str] = ("good",), **options: Any) -> AsyncGenerator[Self]:
        clock, given, left = Turned(), list[str](), list(tokens)

        async def token() -> str:
            given.append(left.pop(0) if len(left) > 1 else left[0])
            return given[-1]

        loop = asyncio.get_running_loop()
        _, gateway = await loop.create_datagram_endpoint(FakeGateway, local_addr=("127.0.0.1", 0))
        settings: dict[str, Any] = {"ack_timeout": 0.03, "clock": clock, "sleep": clock.sleep, "tokens": token}
        try:
            async with AsyncGatewayClient(gateway.url, **settings | options) as client:
                yield cls(gateway, client, clock, given)
        finally:
            gateway.transport.abort()
            await asyncio.sleep(0)

    async def turning(self, work: Awaitable[Any], seconds: float) -> Any:
        """Await something while the clock is turned once somebody waits for it."""
        task = asyncio.ensure_future(work)
        await until(lambda: task.done() or self.clock.waits(seconds))
        self.clock.turn(seconds)
        return await task


PATIENT = SessionSettings()
