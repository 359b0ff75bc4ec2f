"""How packets go wrong to order: what a gate may say of a packet, and what that does to one connection.

The gate is asked for every packet in either direction, and only if there is one. A delay holds back what comes behind
it too, since bytes of one connection never overtake each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from . import kinds as k
from . import packets as p
from .decode import decode
from .profiles import Offence
from .publishing import refuse_publish
from .reasons import SUBACK_CODES, SUBACK_FAILURE

if TYPE_CHECKING:
    from .connection import Connection

IN, OUT = "in", "out"
"""Towards the broker, and from it."""


class Lose(msgspec.Struct, frozen=True):
    """The packet never arrives."""


class Delay(msgspec.Struct, frozen=True):
    """The packet, and all that follow it, come late by seconds of line time."""

    seconds: float


class Duplicate(msgspec.Struct, frozen=True):
    """The packet comes so often altogether, ``gap`` seconds of line time after each other."""

    times: int = 2
    gap: float = 0.0


class Corrupt(msgspec.Struct, frozen=True):
    """The packet's bytes are others; ``byte_at`` makes the simplest such change."""

    change: Callable[[bytes], bytes]


class Cut(msgspec.Struct, frozen=True):
    """The connection ends, before the packet or after it; ``reset`` loses what is still to be sent."""

    after: bool = False
    reset: bool = True


class Refuse(msgspec.Struct, frozen=True):
    """A CONNECT, PUBLISH or SUBSCRIBE that comes in is refused with a reason code, by the profile's habits."""

    code: int


class ForgetSession(msgspec.Struct, frozen=True):
    """The broker loses the client's session, and with it the connection, before the packet."""


class StaleRetained(msgspec.Struct, frozen=True):
    """The packet passes, and what was retained before goes out to its client once more."""


class Throttle(msgspec.Struct, frozen=True):
    """From this packet on the client is sent so many bytes in a second of line time."""

    rate: float


class HalfOpen(msgspec.Struct, frozen=True):
    """From this packet on nothing passes, and the connection stays."""


Action = Lose | Delay | Duplicate | Corrupt | Cut | Refuse | ForgetSession | StaleRetained | Throttle | HalfOpen

Describe = Callable[[], Mapping[str, Any]]
"""What a packet is about, made only when asked for: ``describe`` below."""

Gate = Callable[[str, Any, str, Describe], "Action | None"]
"""Given direction, connection, the packet's type by name, and ``describe``: what happens to it. None: nothing."""


def describe(connection: Connection, raw: bytes) -> dict[str, Any]:
    """What a whole packet is about: session (the client's id), principal, and of topic, filters, qos, retain, dup,
    packet_id and code what it has.
    """
    header, body = split(raw)
    packet = decode(header, body, connection.version)
    session = connection.session
    found: dict[str, Any] = {"session": connection.client_id, "principal": session.principal if session else ""}
    for name in ("topic", "qos", "retain", "dup", "packet_id", "code"):
        if hasattr(packet, name):
            found[name] = getattr(packet, name)
    match packet:
        case p.Connect(client_id=client_id):
            found["session"] = client_id
        case p.Subscribe(subscriptions=subscriptions):
            found["filters"] = [item.filter for item in subscriptions]
        case p.Unsubscribe(filters=filters):
            found["filters"] = list(filters)
        case _:
            pass
    return found


def split(raw: bytes) -> tuple[int, bytes]:
    """The first byte and the body of a whole packet; of one whose length was corrupted, all behind the length."""
    start = 1
    while start < min(4, len(raw) - 1) and raw[start] & 128:
        start += 1
    return raw[0], raw[start + 1 :]


def byte_at(offset: int, value: int) -> Callable[[bytes], bytes]:
    """The change of one byte, counted from the packet's first; beyond its end, of its last."""

    def change(raw: bytes) -> bytes:
        place = min(offset, len(raw) - 1)
        return raw[:place] + bytes((value & 255,)) + raw[place + 1 :]

    return change


class Slow:
    """What holds packets of one connection back, and how it is stalled or throttled.

    Attributes:
        stalled: half-open: nothing comes in or goes out any more, and nobody is told.
        rate: bytes that the client is sent in a second of line time; 0 for as many as come.
    """

    __slots__ = ("_connection", "_free", "_incoming", "_outgoing", "rate", "stalled")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._incoming: deque[tuple[float, bytes]] = deque()
        self._outgoing: deque[tuple[float, bytes]] = deque()
        self.stalled = False
        self.rate = 0.0
        self._free = 0.0

    def next_due(self) -> float | None:
        """When the next packet may go on, in line time."""
        return min((held[0][0] for held in (self._incoming, self._outgoing) if held), default=None)

    def let_in(self, raw: bytes, delay: float) -> None:
        """Have a packet handled that came, after a delay or behind one that is held."""
        if self.stalled or not raw:
            return
        if delay or self._incoming:
            self._hold(self._incoming, raw, self._connection.core.now + delay)
        elif self._connection.closing is None:
            self._connection.handle_frame(*split(raw))

    def let_out(self, raw: bytes, delay: float) -> None:
        """Send a packet, after a delay or behind one that is held."""
        if self.stalled or not raw:
            return
        now = self._connection.core.now
        if delay or self._outgoing or self._free > now:
            self._hold(self._outgoing, raw, max(now + delay, self._free))
        else:
            self._connection.put(raw)
        if self.rate:
            self._free = max(now, self._free) + len(raw) / self.rate

    def release(self, now: float) -> None:
        """Let go what has been held for long enough."""
        connection = self._connection
        while self._outgoing and self._outgoing[0][0] <= now and connection.closing is None:
            connection.put(self._outgoing.popleft()[1])
        while self._incoming and self._incoming[0][0] <= now and connection.closing is None:
            connection.handle_frame(*split(self._incoming.popleft()[1]))
        self.rest()

    def rest(self) -> None:
        """Be gone if nothing goes wrong any more, so that packets take the quick way again."""
        busy = self._incoming or self._outgoing or self.stalled or self.rate
        if not busy and self._connection.core.gate is None:
            self._connection.hurry()

    def _hold(self, held: deque[tuple[float, bytes]], raw: bytes, due: float) -> None:
        if len(held) >= self._connection.core.bounds.held:
            self._connection.end("more is held back than may be", reset=True)
            return
        held.append((max(due, held[-1][0]) if held else due, raw))
        self._connection.schedule()


def incoming(connection: Connection, slow: Slow, raw: bytes, rest: bytes) -> bool:
    """Let one packet come in through the gate.

    Returns:
        False when ``rest``, what came behind it, is not to be read any more, or has been.
    """
    action = _ask(connection, slow, IN, raw)
    if isinstance(action, Corrupt):
        raw = action.change(raw)
        if slow.next_due() is None:
            connection.reread(raw + rest)
            return False  # one that waits behind others is taken for whole, whatever its length now says
    elif isinstance(action, Refuse):
        refuse(connection, raw, action.code)
        return True
    return _pass(connection, action, raw, slow.let_in)


def outgoing(connection: Connection, slow: Slow, raw: bytes) -> None:
    """Let one packet go out through the gate."""
    action = _ask(connection, slow, OUT, raw)
    if isinstance(action, Corrupt):
        raw = action.change(raw)
    elif isinstance(action, Lose):
        connection.forget_aliases()  # or what comes later would name a topic that never arrived
    _pass(connection, action, raw, slow.let_out)


def refuse(connection: Connection, raw: bytes, code: int) -> None:
    """Refuse what a packet asks for; a packet that asks for nothing passes."""
    header, body = split(raw)
    packet = decode(header, body, connection.version)
    if isinstance(packet, p.Connect) and connection.session is None:
        connection.version = packet.version
        connection.client_id = packet.client_id
        connection.offend(Offence.REFUSED, code, "refused by a fault")
    elif isinstance(packet, p.Publish) and connection.session is not None:
        refuse_publish(connection, packet.topic, packet.qos, packet.packet_id, code)
    elif isinstance(packet, p.Subscribe) and connection.session is not None:
        told = code if connection.version == k.V5 and code in SUBACK_CODES else SUBACK_FAILURE
        connection.send_packet(p.Suback(packet.packet_id, (told,) * len(packet.subscriptions)))
    else:
        connection.handle_frame(header, body)


def _pass(connection: Connection, action: Action | None, raw: bytes, onwards: Callable[[bytes, float], None]) -> bool:
    """Do with a packet what is the same in both directions; False when the connection has ended."""
    if action is None:
        onwards(raw, 0.0)
        connection.slow().rest()
        return True
    match action:
        case Lose():
            return True
        case Delay(seconds):
            onwards(raw, seconds)
        case Duplicate(times, gap):
            for number in range(times):
                onwards(raw, number * gap)
        case Cut(after, reset):
            if after:
                onwards(raw, 0.0)
            connection.end("cut by a fault", reset=reset and not after)
            return False
        case ForgetSession():
            connection.core.forget_session(connection.client_id)
            return False
        case HalfOpen():
            connection.core.stall(connection)
        case Throttle(rate):
            connection.core.throttle(connection, rate)
            onwards(raw, 0.0)
        case StaleRetained():
            onwards(raw, 0.0)
            core = connection.core
            core.passing = True  # or a rule that strikes every message would strike these without end
            core.resend_retained(stale=True, client_id=connection.client_id)
            core.passing = False
        case _:
            onwards(raw, 0.0)
    return True


def _ask(connection: Connection, slow: Slow, direction: str, raw: bytes) -> Action | None:
    gate = connection.core.gate
    if gate is None or slow.stalled or connection.core.passing:
        return None
    name = k.NAMES.get(raw[0] >> 4, "RESERVED")
    return gate(direction, connection, name, lambda: describe(connection, raw))
