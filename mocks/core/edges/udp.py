"""Datagrams: one socket on the loop, one timer, and the gate where they go wrong, around an engine that knows none.

The socket is read in batches, so that a flood costs one wake-up for many datagrams and still lets the loop's other
listeners have their turn. What is not read in time stays in the socket's buffer, which is bounded; the rest is lost, as
with UDP it may be.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ..gates import Handle
    from .loop import Line

BATCH = 64
"""Datagrams that are read in one turn of the loop."""

BUFFER = 4 << 20
"""Bytes that the socket's buffers are asked to hold: a thousand acknowledgements at once overflow the usual ones."""

LARGEST = 8 << 10
"""Bytes that are read of a datagram; one that is longer is passed over. CoAP's own are of 1152 (RFC 7252, 4.6)."""

Direction = Literal["in", "out"]
"""Towards the listener, or away from it."""

Describe = Callable[[], Mapping[str, str]]
Gate = Callable[[Direction, Any, bytes, Describe], "list[tuple[float, bytes]] | None"]
"""Says what becomes of a datagram: what to pass on instead, each after how many seconds, or None for itself at once."""


class Watcher(Protocol):
    """Looks at what passes, and changes nothing."""

    def came(self, address: Any, data: bytes, /) -> None:
        """A datagram has come, whatever becomes of it in the gate."""
        ...

    def went(self, address: Any, data: bytes, /) -> None:
        """A datagram goes out, and the gate has not lost it."""
        ...


Describer = Callable[[Direction, Any, bytes], Mapping[str, str]]
"""Tells what a datagram is; called only when a gate asks."""

_log = logging.getLogger("vendorlab")


class Engine(Protocol):
    """What stands behind a socket."""

    def receive(self, data: bytes, address: Any, /) -> None:
        """A datagram has come."""
        ...

    def next_due(self) -> float | None:
        """When ``run`` is to be called, in line time."""
        ...

    def run(self) -> None:
        """Do what is due."""
        ...


class Wire(Protocol):
    """What an engine is given to be built upon."""

    @property
    def now(self) -> Callable[[], float]:
        """Line time."""
        ...

    def send(self, data: bytes, address: Any) -> None:
        """Put a datagram on the line."""
        ...

    def woken(self) -> None:
        """The engine is due earlier than it was."""
        ...


E = TypeVar("E", bound=Engine)


def _says_nothing(_direction: Direction, _address: Any, _data: bytes) -> Mapping[str, str]:
    return {}


class UdpListener(Generic[E]):
    """One UDP socket with an engine behind it.

    Args:
        build: makes the engine, which is given this listener as its ``Wire``.
        line: whose time timers and delays take.
        host, port: where; port 0 takes a free one.
        scheme: of its address.
        gate: where datagrams go wrong, both ways; it may also be set later, or taken away.
        describe: tells the gate what a datagram is; it may be set later, too.
        watcher: sees what comes and goes.

    Attributes:
        unsent: datagrams that the system did not take.
        oversized: datagrams that were passed over, as they are longer than any should be.
    """

    def __init__(
        self,
        build: Callable[[Wire], E],
        line: Line,
        host: str,
        port: int,
        *,
        scheme: str = "coap",
        gate: Gate | None = None,
        describe: Describer = _says_nothing,
        watcher: Watcher | None = None,
    ) -> None:
        self.line = line
        self.host = host
        self.port = port
        self.now = line.now
        self.gate = gate
        self.unsent = 0
        self.oversized = 0
        self.describe = describe
        self.watcher = watcher
        self._scheme = scheme
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._armed: tuple[float, Handle] | None = None
        self.engine = build(self)

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self._scheme}://{host}:{self.port}"

    @property
    def accepting(self) -> bool:
        """Whether it reads."""
        return self._socket is not None

    async def start(self) -> None:
        """Listen; raises ``OSError`` when the port is taken."""
        self._loop = asyncio.get_running_loop()
        opened = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                with contextlib.suppress(OSError):  # a system may refuse so much; then it has its own bound
                    opened.setsockopt(socket.SOL_SOCKET, option, BUFFER)
            opened.bind((self.host, self.port))
        except OSError:
            opened.close()
            raise
        self._socket = opened
        self.port = opened.getsockname()[1]
        self._loop.add_reader(opened.fileno(), self._read)
        self._arm()

    async def stop(self) -> None:
        """Read and send no more."""
        if self._socket is not None and self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
            if self._armed is not None:
                self._armed[1].cancel()
                self._armed = None

    def soon(self, callback: Callable[[], object]) -> None:
        """Call something on the listener's loop, where the engine lives; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(callback)

    # --- what the engine calls -----------------------------------------------------------------------------------

    def send(self, data: bytes, address: Any) -> None:
        """Put a datagram on the line, through the gate."""
        sends = None
        if self.gate is not None:
            sends = self.gate("out", address, data, partial(self.describe, "out", address, data))
        if self.watcher is not None and sends != []:
            self.watcher.went(address, data)
        if sends is None:
            self._put(data, address)
        else:
            self._pass(sends, self._put, address)

    def woken(self) -> None:
        """The engine is due earlier than it was; called on the loop."""
        if self._socket is not None:
            self._arm()

    # --- what the gate calls -------------------------------------------------------------------------------------

    def emit(self, direction: Direction, address: Any, data: bytes) -> None:
        """Pass on a datagram that the gate had held, past the gate."""
        (self._take if direction == "in" else self._put)(data, address)

    # --- inside --------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        opened = self._socket
        for _ in range(BATCH):
            if opened is None or opened is not self._socket:
                return  # it was stopped by what a datagram asked for
            try:
                data, address = opened.recvfrom(LARGEST + 1)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # an earlier datagram of ours was refused; the next may be fine
            if len(data) > LARGEST:
                self.oversized += 1
                continue
            if self.watcher is not None:
                self.watcher.came(address, data)
            sends = None
            if self.gate is not None:
                sends = self.gate("in", address, data, partial(self.describe, "in", address, data))
            if sends is None:
                self._take(data, address)
            else:
                self._pass(sends, self._take, address)

    def _take(self, data: bytes, address: Hashable) -> None:
        try:
            self.engine.receive(data, address)
        except Exception:  # noqa: BLE001
            # An engine does not raise, but what it calls may; other datagrams have nothing to do with it.
            _log.exception("vendorlab made a mistake with a datagram")

    def _put(self, data: bytes, address: Any) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(data, address)
        except OSError:
            self.unsent += 1

    def _pass(self, sends: list[tuple[float, bytes]], take: Callable[[bytes, Any], None], address: Any) -> None:
        for delay, data in sends:
            if delay > 0:
                self.line.later(delay, partial(take, data, address))
            else:
                take(data, address)

    def _arm(self) -> None:
        """Be woken when the engine is due; once it no longer is, that does no harm."""
        due = self.engine.next_due()
        if due is None or (self._armed is not None and self._armed[0] <= due):
            return
        if self._armed is not None:
            self._armed[1].cancel()
        self._armed = due, self.line.later(max(0.0, due - self.now()), self._wake)

    def _wake(self) -> None:
        self._armed = None
        if self._socket is None:
            return
        try:
            self.engine.run()
        except Exception:  # noqa: BLE001
            _log.exception("vendorlab made a mistake in a timer")
        self._arm()
