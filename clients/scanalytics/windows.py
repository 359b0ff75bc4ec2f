"""Long windows as a row of bounded requests, with no bucket lost or counted twice.

How the vendor aligns buckets is not documented, and some widths (7h, 2d) align with no calendar. So no edge is
computed: **the label of a bucket is an edge**, whatever the alignment. Each answer's last bucket may have been cut
by the end of its window; it is dropped, and the next window begins at its label. That asks for one bucket twice a
request, and is right for every width, every zone and every alignment, also where empty buckets are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from ..core.errors import UsageError

if TYPE_CHECKING:
    from .models import Bucket

V = TypeVar("V")

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400, "M": 31 * 86_400, "y": 366 * 86_400}
"""The longest that each unit can last, in seconds (a day of 25 hours only makes a request slightly longer)."""


def bucket_seconds(bucket: str) -> int:
    """Return about how long a bucket such as `15m` or `1M` lasts.

    Raises:
        UsageError: It is not a positive number and a unit.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhdwMy])", bucket)
    if match is None:
        raise UsageError(f"a bucket is a positive number and one of {' '.join(UNITS)}, not {bucket!r}")
    return int(match[1]) * UNITS[match[2]]


def query_time(moment: datetime) -> str:
    """Write a time as the query wants it, always with an offset.

    Raises:
        UsageError: It has none. A naive time means two moments when summer time ends, and none when it begins.
    """
    utc = _utc(moment)
    has_seconds = (moment.utcoffset() or timedelta()) % timedelta(minutes=1)  # local mean times, long ago
    return (utc if has_seconds else moment).isoformat()


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise UsageError(f"a time needs a zone: {moment.isoformat()}")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"a time that has no place in UTC: {moment.isoformat()}") from None


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open: start ≤ t < end."""

    start: datetime
    end: datetime


class WindowWalk:
    """Which window to ask for next, and which buckets of its answer are whole.

    Args:
        start: Where to begin; need not be an edge.
        end: Where to stop.
        bucket: The bucket's width.
        size: Buckets to ask for in one request, about.
    """

    def __init__(self, start: datetime, end: datetime, bucket: str, size: int) -> None:
        if size < 1:
            raise UsageError(f"a request asks for at least one bucket, not {size}")
        self._cursor = _utc(start)
        self._end = _utc(end)
        if self._end < self._cursor:
            raise UsageError(f"the window ends before it starts: {start.isoformat()} to {end.isoformat()}")
        self._zone = start.tzinfo
        self._span = (size + 1) * bucket_seconds(bucket)  # one more, for the one that is dropped
        self._stretch = 1

    @property
    def window(self) -> Window | None:
        """The next window, in the zone of the start; None when all is done."""
        if self._cursor >= self._end:
            return None
        return Window(self._cursor.astimezone(self._zone), self._stop().astimezone(self._zone))

    def accept(self, buckets: list[Bucket[V]]) -> list[Bucket[V]]:
        """Take the answer for `window`, move on, and return the buckets that are whole."""
        stop = self._stop()
        if stop == self._end or not buckets:
            self._move(stop)
            return buckets
        last = _utc(buckets[-1].start)
        if last <= self._cursor:  # one bucket fills the window: it must be seen beside the next one
            self._stretch *= 2
            return []
        self._move(last)
        return buckets[:-1]

    def _stop(self) -> datetime:
        left = (self._end - self._cursor).total_seconds()
        span = self._span * self._stretch
        return self._end if span >= left else self._cursor + timedelta(seconds=span)

    def _move(self, cursor: datetime) -> None:
        self._cursor = cursor
        self._stretch = 1
