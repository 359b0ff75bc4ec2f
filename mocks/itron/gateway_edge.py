"""The gateway's socket: datagrams under the world's lock, faults in between, and servers that stand behind it.

The engine belongs to no thread but to the lock: a timer that somebody's ``advance`` fires may notify from there. What
it sends leaves from the loop all the same, in the order in which it was sent.
"""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ..core.actions import kind
from ..core.coap.message import Message, decode
from ..core.edges.udp import UdpListener
from ..core.exchanges import Exchanges
from ..core.gates import DatagramGate, label
from .gateway_log import PROTOCOL, VENDOR, operation
from .gateway_repeats import Repeats, header
from .line import Line

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from ..core.clock import Clock
    from ..core.coap.endpoint import Endpoint
    from ..core.edges.udp import Describe, Wire
    from ..core.faults import Strike
    from ..core.sockets import Place
    from ..core.store import Store
    from ..core.vendor import Context
    from .gateway import Gateway
    from .sessions import Sessions

    Direction = Literal["in", "out"]

MOST_REMEMBERED = 8_192
"""Exchanges of which it is remembered what they are about; beyond, the oldest are forgotten."""

EMPTY_DETAIL: dict[str, str] = {}


class Speaker(Protocol):
    """Who has a message layer, while it is on a line."""

    @property
    def endpoint(self) -> Endpoint | None:
        """The message layer."""
        ...


class Engine:
    """What stands behind the socket.

    Args:
        speaker: whose message layer it is.
        clock: whose lock guards it.
        store: is made durable before an answer leaves.
        wire: the socket's listener.
    """

    def __init__(self, speaker: Speaker, clock: Clock, store: Store, wire: Wire) -> None:
        self._speaker = speaker
        self._clock = clock
        self._store = store
        self._wire = wire
        self._thread = 0
        self._soon: Any = None
        self._held: list[tuple[bytes, Any]] | None = None
        self._away: deque[tuple[bytes, Any]] = deque()

    def begin(self, soon: Any) -> None:
        """The socket is open: this is its thread, and ``soon`` brings a call there."""
        self._thread = threading.get_ident()
        self._soon = soon

    def receive(self, data: bytes, address: Any) -> None:
        """A datagram has come."""
        with self._clock.lock:
            self._clock.run_due()
            endpoint = self._speaker.endpoint
            if endpoint is None:
                return
            if not self._store.kept:
                endpoint.receive(data, address)
                return
            self._held = []
            try:
                endpoint.receive(data, address)
                self._store.commit()
            finally:
                held, self._held = self._held, None
                for each in held:
                    self.send(*each)

    def next_due(self) -> float | None:
        """When ``run`` is to be called."""
        with self._clock.lock:
            endpoint = self._speaker.endpoint
            return None if endpoint is None else endpoint.next_due()

    def run(self) -> None:
        """Do what is due."""
        with self._clock.lock:
            if self._speaker.endpoint is not None:
                self._speaker.endpoint.run()

    def send(self, data: bytes, address: Any) -> None:
        """Put a datagram on the line, from whatever thread."""
        if self._held is not None:
            self._held.append((data, address))
        elif threading.get_ident() == self._thread:
            if self._away:
                self._send_away()
            self._wire.send(data, address)
        elif self._soon is not None:
            # A thousand notifications at once wake the loop once.
            self._away.append((data, address))
            if len(self._away) == 1:
                self._soon(self._send_away)

    def _send_away(self) -> None:
        """Send what another thread had to send."""
        with self._clock.lock:
            while self._away:
                self._wire.send(*self._away.popleft())

    def woken(self) -> None:
        """The engine is due earlier than it was."""
        if threading.get_ident() == self._thread:
            self._wire.woken()
        elif self._soon is not None:
            self._soon(self._wire.woken)


class Described:
    """Tells faults what a datagram is: the exchange's operation, device, session and principal too."""

    def __init__(self, gateway: Gateway, sessions: Sessions) -> None:
        self._gateway = gateway
        self._sessions = sessions
        self._exchanges = Exchanges()
        self._about: dict[str, dict[str, str]] = {}

    def __call__(self, direction: Direction, peer: Hashable, data: bytes) -> Mapping[str, str]:
        """Everything that is known of a datagram, by the names of ``rules.Match``."""
        found = self._exchanges.describe(direction, peer, data)
        if not found:
            return found
        session = self._sessions.known(peer)
        whose = EMPTY_DETAIL if session is None else {"session": session.name, "principal": session.tenant}
        return {**found, **self._subject(found, peer, data), **whose}

    def _subject(self, found: Mapping[str, str], peer: Hashable, data: bytes) -> dict[str, str]:
        exchange = found["exchange"]
        about = self._about.get(exchange)
        if about is None:
            message = self._request(peer, data)
            if message is None:
                return EMPTY_DETAIL
            about = {"operation": operation(message.code, message.options), "device": self._gateway.device_of(message)}
            if len(self._about) >= MOST_REMEMBERED:
                del self._about[next(iter(self._about))]
            self._about[exchange] = about
        return about

    def _request(self, peer: Hashable, data: bytes) -> Message | None:
        """The request that a datagram is, or, if that came when there was no rule, which registered a notification."""
        message = decode(data)
        if not isinstance(message, Message) or not message.code:
            return None
        return message if message.code < 0x20 else self._gateway.observed_by(peer, message.token)


class GatewayListener:
    """The gateway on a UDP socket, with what stands behind it.

    Args:
        gateway: who answers.
        context: the world's clock, faults and journal.
        sessions: for faults that strike one.
        place: where it listens.
    """

    tls = None

    def __init__(self, gateway: Gateway, context: Context, sessions: Sessions, place: Place) -> None:
        clock, store = context.clock, context.store
        self._gateway = gateway
        self._clock = clock
        self._journal = context.journal
        self._udp: UdpListener[Engine] = UdpListener(
            lambda wire: Engine(gateway, clock, store, wire),
            place.line,
            place.host,
            place.port,
            describe=Described(gateway, sessions),
            watcher=Repeats(context.clock, context.journal, place.line.now),
        )
        self._plan = context.faults
        self._gate = DatagramGate(
            context.faults,
            vendor=VENDOR,
            protocol=PROTOCOL,
            later=place.line.later,
            emit=self._udp.emit,
            told=self._struck,
        )
        self._passing = b""
        self._servers = [
            (server, UdpListener(partial(Engine, server, clock, store), place.line, server.host, 0))
            for server in gateway.servers
        ]

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._udp.url

    @property
    def accepting(self) -> bool:
        """Whether it reads."""
        return self._udp.accepting

    async def start(self) -> None:
        """Listen; raises ``OSError`` when the port is taken."""
        await self._udp.start()
        for server, listener in self._servers:
            await listener.start()
            with self._clock.lock:
                server.connect(_line(listener))
        with self._clock.lock:
            self._plan.watch(self._watch_rules)
            self._watch_rules()
            self._gateway.connect(_line(self._udp))

    async def stop(self) -> None:
        """Read and send no more."""
        with self._clock.lock:
            self._plan.unwatch(self._watch_rules)
            self._gateway.disconnect()
        for server, listener in self._servers:
            server.disconnect()
            await listener.stop()
        await self._udp.stop()

    def _pass(
        self, direction: Direction, address: Any, data: bytes, describe: Describe
    ) -> list[tuple[float, bytes]] | None:
        """Through the faults: their plan is guarded by the world's lock."""
        with self._clock.lock:
            self._passing = data
            return self._gate(direction, address, data, describe)

    def _watch_rules(self) -> None:
        """While there are none and nothing is held back, datagrams need not be asked about."""
        self._udp.gate = self._pass if self._plan.concerns(PROTOCOL) or self._gate.held else None

    def _struck(self, strike: Strike, direction: Direction, address: Hashable) -> None:
        """A fault is a line in the journal, as it need not end an exchange."""
        detail = {"direction": direction, "peer": label(address), "action": kind(strike.action)} | header(self._passing)
        values = ("fault", "", "", "", "", "", 0, "fault", strike.rule.name, 0.0, detail)
        self._journal.add(self._clock.micros(), VENDOR, PROTOCOL, *values)


def _line(listener: UdpListener[Engine]) -> Line:
    """What a message layer is given of a socket that is open."""
    engine = listener.engine
    engine.begin(listener.soon)
    return Line(listener.now, engine.send, engine.woken)
