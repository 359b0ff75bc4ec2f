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
from .wire import Malformed

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
    """The packet comes so often altogether."""

    times: int = 2


class Corrupt(msgspec.Struct, frozen=True):
    """One byte of the packet, counted from its first, is another; beyond its end, its last."""

    offset: int
    value: int


class Cut(msgspec.Struct, frozen=True):
    """The connection is reset, before the packet or after it."""

    after: bool = False


Action = Lose | Delay | Duplicate | Corrupt | Cut

Describe = Callable[[], Mapping[str, Any]]
"""What a packet is about, made only when asked for: topic, qos, retain, dup, packet_id, code, as far as it has them."""

Gate = Callable[[str, Any, str, Describe], "Action | None"]
"""Given direction, connection, the packet's type by name, and ``describe``: what happens to it. None: nothing."""


def describe(raw: bytes, version: int) -> dict[str, Any]:
    """What a whole packet is about."""
    header, body = split(raw)
    packet = decode(header, body, version)
    if isinstance(packet, Malformed):
        return {"malformed": packet.text}
    fields = ("client_id", "topic", "qos", "retain", "dup", "packet_id", "code")
    found = {name: getattr(packet, name) for name in fields if hasattr(packet, name)}
    if isinstance(packet, p.Subscribe):
        found["filters"] = [item.filter for item in packet.subscriptions]
    elif isinstance(packet, p.Unsubscribe):
        found["filters"] = list(packet.filters)
    return found


def split(raw: bytes) -> tuple[int, bytes]:
    """The first byte and the body of a whole packet; of one whose length was corrupted, all behind the length."""
    start = 1
    while start < min(4, len(raw) - 1) and raw[start] & 128:
        start += 1
    return raw[0], raw[start + 1 :]


def corrupted(raw: bytes, action: Corrupt) -> bytes:
    """A packet with one byte changed."""
    offset = min(action.offset, len(raw) - 1)
    return raw[:offset] + bytes((action.value & 255,)) + raw[offset + 1 :]


class Slow:
    """What holds packets of one connection back, and how it is stalled or throttled.

    Attributes:
        stalled: half-open: nothing comes in or goes out any more, and nobody is told.
        spacing: seconds of line time between two packets to the client; 0 for none.
    """

    __slots__ = ("_connection", "_free", "_incoming", "_outgoing", "spacing", "stalled")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._incoming: deque[tuple[float, bytes]] = deque()
        self._outgoing: deque[tuple[float, bytes]] = deque()
        self.stalled = False
        self.spacing = 0.0
        self._free = 0.0

    def next_due(self) -> float | None:
        """When the next packet may go on, in line time."""
        return min((held[0][0] for held in (self._incoming, self._outgoing) if held), default=None)

    def let_in(self, raw: bytes, delay: float) -> None:
        """Have a packet handled that came, after a delay or behind one that is held."""
        if self.stalled:
            return
        if delay or self._incoming:
            self._hold(self._incoming, raw, self._connection.core.now + delay)
        elif self._connection.closing is None:
            self._connection.handle_frame(*split(raw))

    def let_out(self, raw: bytes, delay: float) -> None:
        """Send a packet, after a delay or behind one that is held."""
        if self.stalled:
            return
        now = self._connection.core.now
        if delay or self._outgoing or self._free > now:
            self._hold(self._outgoing, raw, max(now + delay, self._free))
        else:
            self._connection.put(raw)
        if self.spacing:
            self._free = max(now, self._free) + self.spacing

    def release(self, now: float) -> None:
        """Let go what has been held for long enough."""
        connection = self._connection
        while self._outgoing and self._outgoing[0][0] <= now and connection.closing is None:
            connection.put(self._outgoing.popleft()[1])
        while self._incoming and self._incoming[0][0] <= now and connection.closing is None:
            connection.handle_frame(*split(self._incoming.popleft()[1]))
        if connection.core.gate is None and not (self._incoming or self._outgoing or self.stalled or self.spacing):
            connection.hurry()

    def _hold(self, held: deque[tuple[float, bytes]], raw: bytes, due: float) -> None:
        if len(held) >= self._connection.core.bounds.held:
            self._connection.cut("more is held back than may be")
            return
        held.append((max(due, held[-1][0]) if held else due, raw))
        self._connection.schedule()


def incoming(connection: Connection, slow: Slow, raw: bytes, rest: bytes) -> bool:
    """Let one packet come in through the gate.

    Returns:
        False when ``rest``, what came behind it, has been seen to already.
    """
    action = _ask(connection, slow, IN, raw)
    times, delay = 1, 0.0
    match action:
        case Lose():
            return True
        case Cut(after=False):
            connection.cut("cut by a fault")
            return False
        case Corrupt():
            changed = corrupted(raw, action)
            if slow.next_due() is None:
                connection.reread(changed + rest)
                return False
            raw = changed  # it waits behind others, and so its length is no longer believed
        case Duplicate():
            times = action.times
        case Delay():
            delay = action.seconds
        case _:
            pass
    for _ in range(times):
        slow.let_in(raw, delay)
    if isinstance(action, Cut):
        connection.cut("cut by a fault", reset=False)
        return False
    return True


def outgoing(connection: Connection, slow: Slow, raw: bytes) -> None:
    """Let one packet go out through the gate."""
    action = _ask(connection, slow, OUT, raw)
    times, delay = 1, 0.0
    match action:
        case Lose():
            connection.forget_aliases()  # or what comes later would name a topic that never arrived
            return
        case Cut(after=False):
            connection.cut("cut by a fault")
            return
        case Corrupt():
            raw = corrupted(raw, action)
        case Duplicate():
            times = action.times
        case Delay():
            delay = action.seconds
        case _:
            pass
    for _ in range(times):
        slow.let_out(raw, delay)
    if isinstance(action, Cut):
        connection.cut("cut by a fault", reset=False)


def _ask(connection: Connection, slow: Slow, direction: str, raw: bytes) -> Action | None:
    gate = connection.core.gate
    if gate is None or slow.stalled:
        return None
    name = k.NAMES.get(raw[0] >> 4, "RESERVED")
    return gate(direction, connection, name, lambda: describe(raw, connection.version))
