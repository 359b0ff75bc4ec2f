"""The world's clock: the one place in ``mocks`` that knows what time it is (real time is asked of ``wall``, for it).

Vendor time (expiry, rate windows, retries, readings) is read here and can be turned by hand. It is kept as whole
microseconds since 1970 (UTC), so that windows and lifetimes compare exactly, however often the clock was moved.

Timers are data: a due time, a name and a detail. What a name *does* is registered apart from it, so that timers can be
listed, reported when they fire, and carried through a snapshot.

The clock knows nothing of threads that wait for it; whoever must wake up in real time (an event loop) watches it.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .wall import monotonic, real_micros

SECOND = 1_000_000
"""Microseconds in a second: multiply a vendor's seconds by it."""

MOST_FIRED = 1_000_000
"""Timers one ``advance`` may fire; more means that a timer starts itself anew without end."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = 0
_LATEST = 253_402_300_799 * SECOND  # the end of the year 9999, the last that a datetime can name

Handler = Callable[[Mapping[str, Any]], None]
"""What a timer's name does; it is given the timer's detail."""


class ClockError(ValueError):
    """The clock was asked for something impossible; the message says what and why."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A timer that came due while the clock was walked: when, which, and with what detail."""

    due: datetime
    name: str
    detail: Mapping[str, Any]


@dataclass(eq=False, slots=True)
class Timer:
    """A named moment in the world's future."""

    due: int
    name: str
    detail: Mapping[str, Any]
    order: int
    live: bool = True

    def __lt__(self, other: Timer) -> bool:
        return (self.due, self.order) < (other.due, other.order)


def to_micros(moment: datetime) -> int:
    """Whole microseconds since 1970 for an aware datetime; a naive one is read as UTC."""
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def to_datetime(micros: int) -> datetime:
    """The aware UTC datetime for whole microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def iso(micros: int) -> str:
    """A moment as the control API and the journal write it: ``2026-11-21T05:00:00.000000Z``.

    One that lies beyond the year 9999, as a token's expiry may, is written as that year's end.
    """
    return to_datetime(min(micros, _LATEST)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(slots=True)
class _Anchor:
    """Where the world's time stood at one reading of the real one, and how fast it runs since."""

    world: int
    real: float
    rate: float


@dataclass(slots=True)
class _Timers:
    heap: list[Timer] = field(default_factory=list[Timer])
    live: int = 0
    order: int = 0


class Clock:
    """Time for one world: it runs at a rate, stands still, or is turned by hand.

    Args:
        start: where it starts; the real present when None.
        rate: world seconds per real second; with 0 it stands still, and ``resume`` lets it run at 1.
        source: real seconds that never go back; handed in so that tests can stand still.
    """

    def __init__(
        self, start: datetime | None = None, rate: float = 1.0, source: Callable[[], float] = monotonic
    ) -> None:
        self.lock = threading.RLock()
        self.source = source
        self._pace = source
        self.patience = 86_400.0  # real seconds after which a loop looks again, though no timer was near
        self._running = _checked_rate(rate) or 1.0
        self._stand_at(to_micros(start) if start else None, float(rate))
        self._timers = _Timers()
        self._handlers: dict[str, Handler] = {}
        self._transient: set[str] = set()
        self._watchers: list[Callable[[], None]] = []
        self._beyond: int | None = None  # while the clock is walked: how much further its timers turned it

    # --- reading -------------------------------------------------------------------------------------------------

    def micros(self) -> int:
        """Now, as whole microseconds since 1970; at the end of the year 9999 a running clock stops."""
        anchor = self._anchor
        if not anchor.rate:
            return anchor.world
        now = anchor.world + round((self._pace() - anchor.real) * anchor.rate * SECOND)
        return now if _EARLIEST <= now <= _LATEST else min(_LATEST, max(_EARLIEST, now))

    def now(self) -> datetime:
        """Now, as an aware UTC datetime."""
        return to_datetime(self.micros())

    @property
    def rate(self) -> float:
        """World seconds per real second while it runs; 0 while it is frozen."""
        return self._anchor.rate

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._anchor.rate == 0

    @property
    def timers(self) -> int:
        """How many timers wait."""
        return self._timers.live

    # --- turning -------------------------------------------------------------------------------------------------

    def advance(self, by: float | timedelta) -> list[Fired]:
        """Move forward by seconds or a timedelta, timer by timer in due order.

        Each timer sees the clock stand exactly at its due time, and may set others, which fire too when they are due
        within the walk. One that advances the clock itself makes the walk as much longer.

        Returns:
            The timers that fired, in order.
        """
        try:
            seconds = by.total_seconds() if isinstance(by, timedelta) else float(by)
        except OverflowError:
            seconds = math.inf
        if not 0 <= seconds < _LATEST / SECOND:
            raise ClockError(
                f"the clock goes forward by 0 seconds or more, at most to the year 9999, not by {by!r:.100}"
            )
        with self.lock:
            if self._beyond is not None:
                self._beyond += round(seconds * SECOND)
                return []
            return self._walk(self.micros() + round(seconds * SECOND))

    def set(self, moment: datetime) -> list[Fired]:
        """Go to a moment: forward like ``advance``; backward without undoing anything."""
        with self.lock:
            target = to_micros(moment)
            if target >= self.micros():
                return (
                    self.advance(to_datetime(target) - self.now()) if self._beyond is not None else self._walk(target)
                )
            self._stand_at(target, self._anchor.rate)
            self._changed()
            return []

    def freeze(self) -> None:
        """Stand still until ``resume``."""
        with self.lock:
            self._stand_at(self.micros(), 0.0)
            self._changed()

    def resume(self) -> None:
        """Run again, at the rate it had."""
        with self.lock:
            self._stand_at(self.micros(), self._running)
            self._changed()

    def run(self, rate: float) -> None:
        """Run at ``rate`` world seconds per real second; 0 freezes."""
        with self.lock:
            if _checked_rate(rate):
                self._running = rate
            self._stand_at(self.micros(), rate)
            self._changed()

    def follow(self, present: Callable[[], int]) -> None:
        """Go on as another clock does from now on, which may stand still or jump; it is told in whole microseconds."""
        with self.lock:
            self._pace = lambda: present() / SECOND
            self.patience = 0.25
            self._stand_at(None, self._anchor.rate)
            self._changed()

    def run_due(self) -> list[Fired]:
        """Fire what came due by itself since anyone last looked; cheap when nothing did."""
        heap = self._timers.heap
        if not heap or heap[0].due > self.micros():
            return []
        with self.lock:
            return self._walk(self.micros())

    # --- timers --------------------------------------------------------------------------------------------------

    def on(self, name: str, handler: Handler, *, transient: bool = False) -> None:
        """Say what a timer's name does. A name belongs to one handler; a transient one stays out of snapshots."""
        self._handlers[name] = handler
        if transient:
            self._transient.add(name)

    def call_at(self, due: int, name: str, detail: Mapping[str, Any] | None = None) -> Timer:
        """Set a timer for a moment in microseconds; one in the past fires at the next look.

        Args:
            due: whole microseconds since 1970.
            name: registered with ``on``.
            detail: JSON-like, handed to the handler and shown to whoever advances the clock: no secrets.
        """
        with self.lock:
            if name not in self._handlers:
                raise ClockError(f"no handler is registered for timers named {name!r}")
            timers = self._timers
            timers.order += 1
            timer = Timer(due, name, detail or {}, timers.order)
            first = not timers.heap or due < timers.heap[0].due
            heapq.heappush(timers.heap, timer)
            timers.live += 1
            if first:
                self._changed()
            return timer

    def cancel(self, timer: Timer) -> None:
        """Take a timer back; one that fired or was cancelled stays as it is."""
        with self.lock:
            if timer.live:
                timer.live = False
                self._timers.live -= 1
                self._drop_dead()
                self._compact()

    def waiting(self, name: str) -> list[Timer]:
        """The timers of one name that wait, in no order."""
        with self.lock:
            return [timer for timer in self._timers.heap if timer.live and timer.name == name]

    def next_due(self) -> int | None:
        """When the next timer is due, in microseconds, or None."""
        with self.lock:
            self._drop_dead()
            return self._timers.heap[0].due if self._timers.heap else None

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call ``watcher`` whenever the next due time may have changed in real time; it must not block."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Stop calling ``watcher``."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    # --- snapshots -----------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Time, rate and waiting timers as JSON-like data."""
        with self.lock:
            waiting = sorted(t for t in self._timers.heap if t.live and t.name not in self._transient)
            return {
                "now": self.micros(),
                "rate": self._running,
                "frozen": self.frozen,
                "timers": [{"due": t.due, "name": t.name, "detail": dict(t.detail)} for t in waiting],
            }

    def restore(self, document: Mapping[str, Any]) -> None:
        """Take up time, rate and timers from ``snapshot``."""
        with self.lock:
            self._running = _checked_rate(document["rate"]) or 1.0
            self._stand_at(int(document["now"]), 0.0 if document["frozen"] else self._running)
            self.clear()
            for timer in document["timers"]:
                self.call_at(timer["due"], timer["name"], timer["detail"])
            self._changed()

    def reset(self, start: datetime | None, rate: float) -> None:
        """Stand where a new clock would, without a timer."""
        with self.lock:
            self._running = _checked_rate(rate) or 1.0
            self._stand_at(to_micros(start) if start else None, float(rate))
            self.clear()
            self._changed()

    def clear(self) -> None:
        """Forget every timer; a transient one fires at once, since what waits for it is still there."""
        with self.lock:
            waiting = sorted(timer for timer in self._timers.heap if timer.live)
            self._timers = _Timers()
            for timer in waiting:
                timer.live = False
                if timer.name in self._transient:
                    self._handlers[timer.name](timer.detail)

    # --- inside --------------------------------------------------------------------------------------------------

    def _walk(self, target: int) -> list[Fired]:
        """Stand at each due time up to ``target`` in turn and fire; end at ``target`` with the rate kept."""
        if target > _LATEST:
            raise ClockError("the clock does not go beyond the year 9999")
        rate = self._anchor.rate
        fired: list[Fired] = []
        outer, self._beyond = self._beyond, 0
        try:
            while (timer := self._pop_due(target + self._beyond)) is not None:
                if len(fired) >= MOST_FIRED:
                    raise ClockError(f"more than {MOST_FIRED} timers fired in one walk; the last was {timer.name!r}")
                self._stand_at(max(timer.due, self._anchor.world), 0.0)
                fired.append(Fired(to_datetime(timer.due), timer.name, timer.detail))
                self._handlers[timer.name](timer.detail)
        finally:
            further = self._beyond
            self._beyond = None if outer is None else outer + further
            self._stand_at(min(target + further, _LATEST), rate)
            self._changed()
        return fired

    def _pop_due(self, target: int) -> Timer | None:
        self._drop_dead()
        timers = self._timers
        if not timers.heap or timers.heap[0].due > target:
            return None
        timer = heapq.heappop(timers.heap)
        timer.live = False
        timers.live -= 1
        return timer

    def _drop_dead(self) -> None:
        heap = self._timers.heap
        while heap and not heap[0].live:
            heapq.heappop(heap)

    def _compact(self) -> None:
        """Keep cancelled timers from outnumbering the others: tokens are refreshed more often than they expire."""
        timers = self._timers
        if len(timers.heap) > 2 * timers.live + 1_000:
            timers.heap = [timer for timer in timers.heap if timer.live]
            heapq.heapify(timers.heap)

    def _stand_at(self, world: int | None, rate: float) -> None:
        """Stand at a moment, or in the present."""
        real = self._pace()
        if world is None:
            world = real_micros() if self._pace is self.source else round(real * SECOND)
        self._anchor = _Anchor(_checked_moment(world), real, rate)

    def _changed(self) -> None:
        for watcher in self._watchers:
            watcher()


def checked(moment: datetime) -> datetime:
    """The same moment, if a clock can be set to it.

    Raises:
        ClockError: it lies outside of the years that a clock keeps to.
    """
    _checked_moment(to_micros(moment))
    return moment


def _checked_moment(micros: int) -> int:
    if not _EARLIEST <= micros <= _LATEST:
        raise ClockError("the clock keeps to the years 1970 to 9999")
    return micros


def _checked_rate(rate: float) -> float:
    if not 0 <= rate <= 1_000_000:
        raise ClockError(f"the clock's rate lies between 0 and 1,000,000, not at {rate!r}")
    return float(rate)
