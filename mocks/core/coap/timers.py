"""What is due when: one heap for everything that an endpoint waits for, in place of a timer each."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_STALE = 1_000
"""Entries that mean nothing any more and may lie in the heap beside as many live ones, before it is made anew."""


class Due(Protocol):
    """Something that waits.

    Attributes:
        due: when it wants to be woken, in seconds of line time; None while it does not.
    """

    due: float | None

    def fire(self) -> None:
        """It is due."""
        ...


class Schedule:
    """Wakes things when they are due.

    Args:
        earlier: called whenever the next due time became an earlier one.
    """

    def __init__(self, earlier: Callable[[], None]) -> None:
        self._earlier = earlier
        self._heap: list[tuple[float, int, Due]] = []
        self._order = 0
        self._stale = 0

    def set(self, thing: Due, due: float) -> None:
        """Wake a thing at a time, and no longer at the one that was set before."""
        self.cancel(thing)
        thing.due = due
        self._order += 1
        heap = self._heap
        first = not heap or due < heap[0][0]
        heapq.heappush(heap, (due, self._order, thing))
        if first:
            self._earlier()

    def cancel(self, thing: Due) -> None:
        """Do not wake a thing."""
        if thing.due is not None:
            thing.due = None
            self._stale += 1
            if self._stale > MOST_STALE and 2 * self._stale > len(self._heap):
                self._heap = [entry for entry in self._heap if entry[2].due == entry[0]]
                heapq.heapify(self._heap)
                self._stale = 0

    def next_due(self) -> float | None:
        """When the next thing is due, or None."""
        heap = self._heap
        while heap and heap[0][2].due != heap[0][0]:
            heapq.heappop(heap)
            self._stale -= 1
        return heap[0][0] if heap else None

    def run(self, now: float) -> None:
        """Wake everything that is due."""
        while (due := self.next_due()) is not None and due <= now:
            thing = heapq.heappop(self._heap)[2]
            thing.due = None
            thing.fire()

    def __len__(self) -> int:
        return len(self._heap)
