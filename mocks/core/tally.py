"""Counts exchanges as they are journalled, for whoever watches a lab by its metrics: numbers only, never what was said.

Nothing here forgets: the journal's ring and a reset do not take a count back, as a counter only goes up. What is
counted apart is bounded, whatever callers send.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, NamedTuple

BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Upper bounds in seconds; a fake answers in tens of microseconds."""

MOST_KINDS = 2_000
"""Kinds of exchange that are counted apart; all further ones are one kind a vendor and protocol."""

OTHER = "other"


class Kind(NamedTuple):
    """What is counted together."""

    vendor: str
    protocol: str
    operation: str
    status: int
    cause: str
    faulted: bool


class Times:
    """How long the exchanges of one vendor and protocol took."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.total = 0.0


class Tally:
    """The counts of one world."""

    def __init__(self) -> None:
        self.kinds: dict[tuple[Any, ...], int] = {}
        self.times: dict[tuple[str, str], Times] = {}

    def count(self, values: tuple[Any, ...]) -> None:
        """Count an exchange: the values of a journal's ``Entry`` after ``seq``. Called under the world's lock."""
        kind = (values[1], values[2], values[3], values[9], values[10], values[11] is not None)
        found = self.kinds.get(kind)
        if found is None:
            if len(self.kinds) >= MOST_KINDS:
                kind = (*kind[:2], OTHER, 0, OTHER, False)
            found = self.kinds.get(kind, 0)
        self.kinds[kind] = found + 1
        whose = values[1], values[2]
        times = self.times.get(whose)
        if times is None:
            times = self.times[whose] = Times()
        times.buckets[bisect_left(BOUNDS, values[12])] += 1
        times.total += values[12]
