"""Gates for protocols of messages: every datagram or packet passes one, and it says what becomes of it.

A gate asks the world's fault plan, does no I/O and reads no clock; an edge calls it for each message in both directions
and carries out what it says. While no rule concerns the protocol, a call costs a look into a table.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .actions import Delay, Drop, Duplicate, Reorder, kind

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from .faults import FaultPlan, Strike
    from .rules import Direction

    Sends = list[tuple[float, bytes]]
    """What to send, each after so many seconds of line time, in this order."""
    Describe = Callable[[], Mapping[str, str]]
    """What a message is, by the names of ``rules.Match`` and of ``When.per``; called if a rule asks."""
    Told = Callable[[Strike, Direction, Hashable], None]
    """Hears of every strike."""

MOST_HELD = 4_096
"""Datagrams that a gate holds back at once; more pass unheld."""


class Handle(Protocol):
    """Something that was to happen later, and may be called off."""

    def cancel(self) -> Any:
        """Call it off."""


class Later(Protocol):
    """Calls something after seconds of line time."""

    def __call__(self, seconds: float, callback: Callable[[], None], /) -> Handle:
        """Wait, and call."""
        ...


@dataclass(slots=True, eq=False)
class _Held:
    """A datagram that waits until others have overtaken it."""

    data: bytes
    behind: int
    timeout: Handle | None = None


class DatagramGate:
    """Where datagrams of one listener go wrong.

    Args:
        plan: the world's.
        vendor: whose listener it is.
        protocol: ``coap``, ``udp`` for datagrams that nobody here understands, or ``webhook``: then what passes stands
            for a letter, and may not be touched.
        later: calls back when a datagram has been held long enough; without it only later datagrams release one.
        emit: takes such a datagram: direction, peer and bytes.
        told: hears of every strike.

    Attributes:
        held: how many datagrams wait now.
        counts: strikes so far, by kind of action.
    """

    def __init__(
        self,
        plan: FaultPlan,
        *,
        vendor: str,
        protocol: Literal["coap", "udp", "webhook"],
        later: Later | None = None,
        emit: Callable[[Direction, Any, bytes], None] | None = None,
        told: Told | None = None,
    ) -> None:
        self.held = 0
        self.counts: Counter[str] = Counter()
        self._plan = plan
        self._vendor = vendor
        self._protocol: Literal["coap", "udp", "webhook"] = protocol
        self._later = later
        self._emit = emit
        self._told = told
        self._waiting: dict[tuple[Direction, Hashable], list[_Held]] = {}

    def __call__(self, direction: Direction, peer: Hashable, data: bytes, describe: Describe) -> Sends | None:
        """Say what to send in place of a datagram: nothing if it is lost or held; None if it passes as it is.

        Args:
            direction: ``in``, towards the listener, or ``out``.
            peer: the other side's address, as the socket gives it or as text.
            data: the datagram.
            describe: tells what it is.
        """
        if not self._plan.concerns(self._protocol) and not self.held:
            return None
        # Whoever tells exchanges apart has to see every datagram, or would not know where the next belongs.
        described = describe() if self._plan.follows_exchanges(self._protocol) else None
        strike = self._plan.strike(self._protocol, _seen(self._vendor, direction, label(peer), describe, described))
        flow = direction, peer
        sends = None if strike is None else self._struck(strike, flow, data)
        if strike is not None and self._told is not None:
            self._told(strike, direction, peer)
        if flow not in self._waiting or sends == []:
            return sends
        sends = [(0.0, data)] if sends is None else sends
        # Those that it overtakes come right behind it, however late it is itself.
        return [sends[0], *((sends[0][0], one) for one in self._overtaken(flow)), *sends[1:]]

    def _struck(self, strike: Strike, flow: tuple[Direction, Hashable], data: bytes) -> Sends:
        self.counts[kind(strike.action)] += 1
        match strike.action:
            case Drop():
                return []
            case Delay(seconds=seconds):
                return [(seconds, data)]
            case Duplicate(count=count, gap=gap):
                return [(number * gap, data) for number in range(count + 1)]
            case Reorder() as action if self.held < MOST_HELD:
                self._hold(flow, data, action)
                return []
            case _:
                return [(0.0, strike.spoil(data))]

    # --- what is held --------------------------------------------------------------------------------------------

    def _hold(self, flow: tuple[Direction, Hashable], data: bytes, action: Reorder) -> None:
        held = _Held(data, action.behind)
        if self._later is not None:
            held.timeout = self._later(action.timeout, partial(self._time_out, flow, held))
        self._waiting.setdefault(flow, []).append(held)
        self.held += 1

    def _overtaken(self, flow: tuple[Direction, Hashable]) -> list[bytes]:
        """Count one that passes, and let go of those that have waited for enough of them."""
        waiting = self._waiting[flow]
        for held in waiting:
            held.behind -= 1
        free = [held for held in waiting if not held.behind]
        for held in free:
            self._let_go(flow, held)
            if held.timeout is not None:
                held.timeout.cancel()
        return [held.data for held in free]

    def _time_out(self, flow: tuple[Direction, Hashable], held: _Held) -> None:
        if held in self._waiting.get(flow, ()):
            self._let_go(flow, held)
            if self._emit is not None:
                self._emit(*flow, held.data)

    def _let_go(self, flow: tuple[Direction, Hashable], held: _Held) -> None:
        self.held -= 1
        waiting = self._waiting[flow]
        waiting.remove(held)
        if not waiting:
            del self._waiting[flow]


class PacketGate:
    """Where packets of the connections of one listener go wrong.

    It only says what is to happen; the edge and the broker behind it carry that out.

    Args:
        plan: the world's.
        vendor: whose listener it is.
        told: hears of every strike.

    Attributes:
        counts: strikes so far, by kind of action.
    """

    def __init__(self, plan: FaultPlan, *, vendor: str, told: Told | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._plan = plan
        self._vendor = vendor
        self._told = told

    def __call__(
        self, direction: Direction, connection: Hashable, packet_type: str, describe: Describe
    ) -> Strike | None:
        """Say how a packet is struck; None if it passes as it is.

        Args:
            direction: ``in``, towards the broker, or ``out``.
            connection: which, for whoever hears of strikes.
            packet_type: as ``PUBLISH``.
            describe: tells the session (the client's id), the principal, the peer (its address), and the topic. Between
                several topics it puts U+0000, which none may hold (MQTT 5.0, section 1.5.4).
        """
        if not self._plan.concerns("mqtt"):
            return None
        strike = self._plan.strike("mqtt", _seen(self._vendor, direction, None, describe, None, type=packet_type))
        if strike is not None:
            self.counts[kind(strike.action)] += 1
            if self._told is not None:
                self._told(strike, direction, connection)
        return strike


def label(peer: Any) -> str:
    """An address as rules name it: ``127.0.0.1:5683``, ``[::1]:5683``; a text as it is."""
    if isinstance(peer, tuple):
        host, port, *_ = peer  # pyright: ignore[reportUnknownVariableType]  # as sockets give it
        return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"  # pyright: ignore[reportUnknownArgumentType]
    return str(peer)


def _seen(
    vendor: str,
    direction: Direction,
    peer: str | None,
    describe: Describe,
    described: Mapping[str, str] | None,
    **known: str,
) -> Callable[[str], str]:
    """What a message is, for the plan to ask: it is described once, and only if a rule asks for what is not known."""
    known |= {"vendor": vendor, "direction": direction} | ({} if peer is None else {"peer": peer})

    def seen(name: str) -> str:
        nonlocal described
        if name in known:
            return known[name]
        if described is None:
            described = describe()
        return described.get(name, "")

    return seen
