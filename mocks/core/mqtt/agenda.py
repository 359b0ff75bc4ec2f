"""What is due without anybody's doing: connections in line time, sessions in vendor time.

A heap for each, whose entries are never taken out but looked at again when their time comes: to hear from a client is
then only to note when.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ..clock import Clock
    from .broker import BrokerCore
    from .connection import Connection
    from .session import Session

SLACK = 1_000
"""Entries that may have lost their meaning before a heap is made anew."""


class Line:
    """When connections are to be looked at, in seconds of line time."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Connection]] = []
        self._order = 0

    def add(self, due: float, connection: Connection, alive: int) -> None:
        """Have a connection looked at; ``alive`` is how many there are."""
        if len(self._heap) > 2 * alive + SLACK:
            self._heap = [item for item in self._heap if item[2].closing is None]
            heapq.heapify(self._heap)
        self._order += 1
        heapq.heappush(self._heap, (due, self._order, connection))

    def next_due(self) -> float | None:
        """When the next is due."""
        while self._heap and self._heap[0][2].closing is not None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Look at those that are due."""
        while self._heap and self._heap[0][0] <= now:
            due, _, connection = heapq.heappop(self._heap)
            connection.woken(due, now)


class Expiries:
    """When sessions end or their wills are published, in microseconds of vendor time.

    Args:
        nearer: called when the next is due sooner than was known.
    """

    def __init__(self, nearer: Callable[[], None]) -> None:
        self._nearer = nearer
        self._heap: list[tuple[int, int, Session]] = []
        self._order = 0

    def add(self, due: int, session: Session, sessions: Collection[Session]) -> None:
        """Have a session looked at; ``sessions`` are all there are."""
        if len(self._heap) > 4 * len(sessions) + SLACK:
            self.rearm(sessions)  # most entries are of clients that have come back since
        self._push(due, session)
        if self._heap[0][2] is session:
            self._nearer()

    def rearm(self, sessions: Collection[Session]) -> None:
        """Begin anew with the sessions that there are."""
        self._heap.clear()
        for session in sessions:
            for due in (session.ends, session.will_due):
                if due is not None and session.connection is None:
                    self._push(due, session)
        if self._heap:
            self._nearer()

    def next_due(self) -> int | None:
        """When the next is due."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: int) -> Iterator[Session]:
        """Those that are due, if they are still without their client."""
        while self._heap and self._heap[0][0] <= now:
            session = heapq.heappop(self._heap)[2]
            if session.connection is None:
                yield session

    def _push(self, due: int, session: Session) -> None:
        self._order += 1
        heapq.heappush(self._heap, (due, self._order, session))


def follow(core: BrokerCore, clock: Clock, name: str) -> None:
    """Let a core's sessions and wills expire by a world's clock.

    The timer is not part of a snapshot of the clock: a core that is restored sets it anew (``rearm``).

    Args:
        core: the broker; its ``micros`` must be the clock's.
        clock: the world's.
        name: of the timer, one for each core.
    """
    waiting: list[int] = []

    def rearm() -> None:
        due = core.next_expiry()
        if due is not None and (not waiting or due < waiting[0]):
            waiting[:] = [due]
            clock.call_at(due, name)

    def expire(_detail: object) -> None:
        waiting.clear()
        core.run_vendor()
        rearm()

    clock.on(name, expire, transient=True)
    core.on_expiry = rearm
    rearm()
