"""What an array of floor sensors counted: visits made from chance and a place's habits, reduced to buckets.

Visits are single events (`core.series`), each with a second of arrival and a stay; every metric is counted from
them. So they agree: buckets of any width add up, and whoever came in goes out. When people come and how long they
stay is the business of `habits`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, cast

import numpy as np

from ..core.series import Arrivals, Chance
from .edges import STAMP, edges, labels, stamps
from .habits import CELL, Habits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import tzinfo

    from numpy.typing import NDArray

    from .buckets import Bucket
    from .traffic import ArrayProfile

    _Numbers = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """A metric in buckets, in columns."""

    starts: NDArray[np.int64]
    """Where each bucket begins, in seconds since 1970-01-01T00:00Z."""
    offsets: NDArray[np.int64]
    """The UTC offset then in force, in seconds."""
    numbers: _Numbers
    """Counts; for `dwell` seconds, NaN where nobody came."""

    @property
    def labels(self) -> list[str]:
        """The starts as local times with their offsets."""
        return labels(self.starts, self.offsets)

    @property
    def values(self) -> list[int | float | None]:
        """The numbers as JSON has them."""
        return [None if number != number else number for number in self.numbers.tolist()]  # noqa: PLR0124 (NaN)

    def encode(self, label: str, value: str) -> bytes:
        """Write `[{"start":"2018-03-01T12:00:00-06:00","visits":4},…]` as compact JSON.

        By the column, without an object for each row: several times as fast as making the rows and encoding them.

        Args:
            label: What the vendor calls the beginning of a bucket.
            value: What the vendor calls the number. Neither name needs escaping.
        """
        if not self.starts.size:
            return b"[]"
        head = f'{{"{label}":"'.encode()
        tails, which = self._tails(value)
        row = np.empty(self.starts.size, [("head", f"S{len(head)}"), ("stamp", STAMP), ("tail", tails.dtype)])
        row["head"] = head
        row["stamp"] = stamps(self.starts, self.offsets)
        row["tail"] = tails[which]
        return b"[" + row.tobytes().translate(None, b"\0")[:-1] + b"]"

    def _tails(self, value: str) -> tuple[NDArray[np.bytes_], NDArray[np.int64]]:
        """Write each different number once, as the tail of its row; say which of them every row has."""
        distinct: Sequence[float]
        if self.numbers.dtype.kind == "i" and (top := int(self.numbers.max())) < 2 * self.numbers.size:
            distinct, which = range(top + 1), self.numbers
        else:
            found, which = np.unique(self.numbers, return_inverse=True)
            distinct = found.tolist()
        tails = [f'","{value}":{"null" if n != n else n}}},'.encode() for n in distinct]  # noqa: PLR0124
        return np.array(tails), cast("NDArray[np.int64]", which)


class Readings:
    """The readings of one array: a function of the seed, its profile and time, with nothing remembered.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: The profile names no known time zone.
    """

    def __init__(self, seed: int, array: ArrayProfile) -> None:
        self.array = array
        chance = Chance(seed, f"scanalytics/array/{array.key}")
        self._habits = Habits(chance, array)
        self._arrivals = Arrivals(chance.child("arrivals"), self._habits.rate, cell=CELL)
        self._reducers: dict[str, Callable[[_Window], _Numbers]] = {
            "visits": self._entrances,
            "entrances": self._entrances,
            "exits": self._exits,
            "occupancy": self._occupancy,
            "dwell": self._dwell,
        }

    def aggregate(self, metric: str, bucket: Bucket, start: float, end: float, zone: tzinfo, now: float) -> Aggregate:
        """Reduce a window to buckets.

        `visits` and `entrances` count arrivals, `exits` departures. `occupancy` is how many are inside at the end of
        the bucket, or of what there is of it. `dwell` is the mean stay of those who arrived in the bucket and have
        left by now, in seconds, rounded to a tenth.

        Events happen on whole seconds, so a bound between two of them is the same as the later one. A bucket that
        sticks out of the window, or holds `now`, counts what lies within the window and before now.

        Args:
            metric: What to count, one of `models.METRICS`.
            bucket: The width.
            start: Begin of the window in seconds since 1970-01-01T00:00Z.
            end: Its end, no longer in it.
            zone: Whose wall clock the buckets are aligned to.
            now: The present: whatever begins then or later is left out.

        Returns:
            All buckets that the window touches until now, empty ones included.

        Raises:
            ValueError: There is no such metric.
            WindowError: The part of the window that has passed leaves the years that there are labels for.
        """
        reduce = self._reducers.get(metric)
        if reduce is None:
            raise ValueError(f"no such metric: {metric}")
        present = ceil(now)
        start, stop = ceil(start), min(ceil(end), present)
        starts, offsets = edges(bucket, start, stop, zone)
        return Aggregate(starts, offsets, reduce(_Window(starts, start, stop, present)))

    def _entrances(self, window: _Window) -> NDArray[np.int64]:
        totals = window.zeros()
        for events in self._arrivals.chunks(max(window.start, self.array.since), window.stop):
            window.tally(totals, events.times)
        return totals

    def _exits(self, window: _Window) -> NDArray[np.int64]:
        totals = window.zeros()
        for _, departures in self._visits(window, self.array.longest_stay):
            window.tally(totals, departures)
        return totals

    def _occupancy(self, window: _Window) -> NDArray[np.int64]:
        came, left, inside = window.zeros(), window.zeros(), 0
        for arrivals, departures in self._visits(window, self.array.longest_stay):
            inside += int(np.count_nonzero(arrivals < window.start) - np.count_nonzero(departures < window.start))
            window.tally(came, arrivals)
            window.tally(left, departures)
        return inside + np.cumsum(came - left)

    def _dwell(self, window: _Window) -> NDArray[np.float64]:
        visitors, seconds = window.zeros(), window.zeros()
        for arrivals, departures in self._visits(window, 0):
            gone = departures < window.now
            window.tally(visitors, arrivals[gone])
            window.tally(seconds, arrivals[gone], (departures - arrivals)[gone])
        with np.errstate(invalid="ignore"):
            return np.round(seconds / visitors, 1)

    def _visits(self, window: _Window, look_back: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Give arrivals and departures of those who came from `look_back` seconds before the window on."""
        for events in self._arrivals.chunks(max(window.start - look_back, self.array.since), window.stop):
            yield events.times, events.times + self._habits.stays(events)


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """The window of one question, and its buckets."""

    starts: NDArray[np.int64]
    start: int
    stop: int
    now: int

    def zeros(self) -> NDArray[np.int64]:
        return np.zeros(self.starts.size, np.int64)

    def tally(
        self, totals: NDArray[np.int64], times: NDArray[np.int64], amounts: NDArray[np.int64] | None = None
    ) -> None:
        """Add to each bucket how many times lie in it, or the sum of what belongs to them."""
        within = (times >= self.start) & (times < self.stop)
        if not within.any():
            return
        which = np.searchsorted(self.starts, times[within], side="right") - 1
        low = int(which.min())
        found = np.bincount(which - low, None if amounts is None else amounts[within])
        totals[low : low + found.size] += found.astype(np.int64)
