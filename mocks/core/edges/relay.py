"""A relay in front of any UDP server, on which datagrams go wrong to order, both ways.

Each client has a socket of its own towards the server, so that the server tells them apart as it would without a relay.
All is bounded: clients (the one that was silent longest makes room), datagrams that are late or held, and how long a
client may be silent.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..actions import kind
from ..exchanges import Exchanges
from ..gates import DatagramGate, label
from ..rules import FaultError, Rule
from .datagram import Endpoint, udp_socket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..faults import FaultPlan, Strike
    from ..rules import Direction
    from .datagram import Address


MOST_CLIENTS = 500
"""Each has a socket, and a process often has no more than 1,024."""

MOST_LATE = 20_000
"""Datagrams under way with a delay; more are lost."""

MOST_PENDING = 64
"""Datagrams of one client that wait until its socket is open, which takes one turn of the loop."""

IDLE_SECONDS = 300.0

_KNOWN = frozenset({"protocol", "direction", "peer", "type", "code", "method"})
"""What a relay can tell of a datagram."""


@dataclass(slots=True)
class Traffic:
    """What went one way."""

    received: int = 0
    sent: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """One datagram on its way, and what became of it.

    Attributes:
        described: what it is, if it is understood.
        strike: the rule that struck it, if one did.
        sends: what is sent in its place: seconds of delay and bytes.
    """

    direction: Direction
    peer: str
    size: int
    described: Mapping[str, str]
    strike: Strike | None
    sends: list[tuple[float, bytes]]


@dataclass(slots=True)
class _Client:
    """One client, and the socket that stands for it."""

    address: Address
    seen: float
    upstream: Endpoint | None = None
    pending: list[bytes] = field(default_factory=list[bytes])
    closed: bool = False


class UdpRelay:
    """A relay; use it on a running loop.

    Args:
        plan: what goes wrong.
        listen: the address to listen on; port 0 takes a free one.
        to: the server's address, with numbers only.
        protocol: ``coap`` to let rules speak of CoAP.
        idle: seconds after which a silent client is forgotten.
        most_clients: how many there are at once.
        watch: sees every datagram.

    Attributes:
        traffic: by direction.
        clients: how many there have been.
        overflow: datagrams lost because a bound was reached.
        unreachable: how often the server's machine said that nobody listens there.
    """

    def __init__(
        self,
        plan: FaultPlan,
        listen: Address,
        to: Address,
        *,
        protocol: Literal["coap", "udp"] = "udp",
        idle: float = IDLE_SECONDS,
        most_clients: int = MOST_CLIENTS,
        watch: Callable[[Passage], None] | None = None,
    ) -> None:
        self.traffic: dict[Direction, Traffic] = {"in": Traffic(), "out": Traffic()}
        self.clients = self.overflow = self.unreachable = 0
        self._plan = plan
        self._listen = listen
        self._to = to
        self._protocol: Literal["coap", "udp"] = protocol
        self._idle = idle
        self._most_clients = most_clients
        self._watch = watch
        self._clients: dict[Address, _Client] = {}  # the one that was silent longest comes first
        self._exchanges = Exchanges()
        self._late = 0
        self._opening: set[asyncio.Task[None]] = set()
        self._struck: Strike | None = None
        self._front: Endpoint | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._gate: DatagramGate
        self._loop: asyncio.AbstractEventLoop

    @property
    def address(self) -> str:
        """Where it listens, as ``127.0.0.1:5683``."""
        return label(self._listen)

    @property
    def url(self) -> str:
        """Where it listens, as a URL."""
        return f"{self._protocol}://{self.address}"

    @property
    def accepting(self) -> bool:
        """Whether it takes datagrams."""
        return self._front is not None and not self._front.transport.is_closing()

    async def start(self) -> None:
        """Listen; raises ``OSError`` when the address cannot be had, or is the server's own."""
        self._loop = asyncio.get_running_loop()
        self._gate = DatagramGate(
            self._plan,
            vendor="",
            protocol=self._protocol,
            later=self._loop.call_later,
            emit=self._send,
            told=self._tell,
        )
        raw = udp_socket(listen=self._listen)
        self._front = Endpoint(raw, lambda data, peer: self._arrived("in", peer, data), lambda: None)
        await self._front.open(self._loop)
        self._listen = raw.getsockname()
        if self._listen[1] == self._to[1] and self._listen[0] in (self._to[0], "0.0.0.0", "::"):  # noqa: S104  compared
            await self.stop()
            raise OSError(f"it would send to itself at {label(self._to)}")
        self._sweep = self._loop.call_later(self._idle / 4, self._forget_silent)

    async def stop(self) -> None:
        """Close every socket; what is late or held is lost."""
        if self._sweep is not None:
            self._sweep.cancel()
        for task in list(self._opening):
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        sockets = [self._front, *(client.upstream for client in self._clients.values())]
        for client in list(self._clients.values()):
            self._forget(client)
        if self._front is not None:
            self._front.transport.close()
        await asyncio.gather(*(one.closed for one in sockets if one is not None))

    def statistics(self) -> dict[str, Any]:
        """What has passed and what has gone wrong, as JSON-like data."""
        directions: tuple[Direction, ...] = ("in", "out")
        return {
            "clients": self.clients,
            **{way: {name: getattr(self.traffic[way], name) for name in Traffic.__slots__} for way in directions},
            "struck": dict(self._gate.counts),
            "waiting": self._gate.held + self._late,
            "overflow": self.overflow,
            "unreachable": self.unreachable,
            "faults": self._plan.rules(),
        }

    # --- one datagram --------------------------------------------------------------------------------------------

    def _arrived(self, direction: Direction, peer: Address, data: bytes) -> None:
        """Take a datagram of a client (``in``), or one for it (``out``)."""
        traffic = self.traffic[direction]
        traffic.received += 1
        traffic.received_bytes += len(data)
        self._keep(peer)
        described: Mapping[str, str] | None = None

        def describe() -> Mapping[str, str]:
            nonlocal described
            if described is None:
                described = self._exchanges.describe(direction, peer, data) if self._protocol == "coap" else {}
            return described

        self._struck = None
        sends = self._gate(direction, peer, data, describe)
        sends = [(0.0, data)] if sends is None else sends
        if self._watch is not None:
            self._watch(Passage(direction, label(peer), len(data), describe(), self._struck, sends))
        for delay, one in sends:
            if not delay:
                self._send(direction, peer, one)
            elif self._late < MOST_LATE:
                self._late += 1
                self._loop.call_later(delay, self._send_late, direction, peer, one)
            else:
                self.overflow += 1

    def _tell(self, strike: Strike, _direction: Direction, _peer: Any) -> None:
        self._struck = strike

    def _send_late(self, direction: Direction, peer: Address, data: bytes) -> None:
        self._late -= 1
        self._send(direction, peer, data)

    def _send(self, direction: Direction, peer: Address, data: bytes) -> None:
        if direction == "out":
            self._write(self._front, data, direction, peer)
        elif (client := self._clients.get(peer)) is None:
            self.overflow += 1  # forgotten while this was late
        elif client.upstream is not None:
            self._write(client.upstream, data, direction, None)
        elif len(client.pending) < MOST_PENDING:
            client.pending.append(data)
        else:
            self.overflow += 1

    def _write(self, line: Endpoint | None, data: bytes, direction: Direction, peer: Address | None) -> None:
        if line is None or line.busy or line.transport.is_closing():
            self.overflow += 1
            return
        line.send(data, peer)
        self.traffic[direction].sent += 1
        self.traffic[direction].sent_bytes += len(data)

    # --- clients -------------------------------------------------------------------------------------------------

    def _keep(self, address: Address) -> None:
        """Know a client, and that it is not silent."""
        client = self._clients.pop(address, None)
        if client is None:
            if len(self._clients) >= self._most_clients:
                self._forget(next(iter(self._clients.values())))
            self.clients += 1
            client = _Client(address, 0.0)
            task = self._loop.create_task(self._open(client))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        client.seen = self._loop.time()
        self._clients[address] = client

    async def _open(self, client: _Client) -> None:
        try:
            raw = udp_socket(to=self._to)
            upstream = Endpoint(raw, lambda data, _: self._arrived("out", client.address, data), self._refused)
            await upstream.open(self._loop)
        except OSError:  # no more sockets, or no way there
            self.overflow += len(client.pending)
            self._forget(client)
            return
        if client.closed:
            upstream.transport.close()
            return
        client.upstream = upstream
        for data in client.pending:
            self._write(upstream, data, "in", None)
        client.pending.clear()

    def _forget(self, client: _Client) -> None:
        client.closed = True
        if self._clients.get(client.address) is client:
            del self._clients[client.address]
        if client.upstream is not None:
            client.upstream.transport.close()

    def _refused(self) -> None:
        self.unreachable += 1

    def _forget_silent(self) -> None:
        latest = self._loop.time() - self._idle
        for client in list(self._clients.values()):
            if client.seen > latest:
                break
            self._forget(client)
        self._sweep = self._loop.call_later(self._idle / 4, self._forget_silent)


def check(rule: Rule, protocol: Literal["coap", "udp"]) -> None:
    """Refuse a rule that strikes nothing on a relay; raises ``FaultError``."""
    if not rule.protocols & {"udp", "coap"}:
        raise FaultError(f"`{kind(rule.action)}` is nothing for datagrams; a relay has drop, duplicate, delay, ...")
    unknown = [name for name, _ in rule.match.given if name not in _KNOWN]
    if unknown:
        raise FaultError(f"a relay knows nothing of a {unknown[0]}; it knows {', '.join(sorted(_KNOWN))}")
    if rule.when.per not in ("world", "exchange", "peer"):
        raise FaultError(f"a relay counts per exchange or per peer, and knows no {rule.when.per}")
    if protocol == "udp" and "udp" not in rule.protocols:
        raise FaultError("this fault is for CoAP, and the relay is for plain UDP; give it the protocol coap")
