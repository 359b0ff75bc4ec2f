"""The grammar of buckets: `15m` is a number and a unit.

The rules are those of date-histogram engines. One day, week, month or year is a *calendar* bucket; any other has a
*fixed length* on the wall clock. Where buckets begin is the business of `edges`, which needs numpy; this module does
not, because it is there from the start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from datetime import tzinfo

_DAY = 86_400
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": _DAY, "w": 7 * _DAY}
_CALENDAR_DAYS = {"d": (1, 1), "w": (7, 7), "M": (28, 31), "y": (365, 366)}  # the shortest and the longest
_LONGEST = 3660 * _DAY
_CHANGES = 8  # of a zone's offset in 366 days, at most; tzdata 2025b has up to five (Gaza)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EARLIEST = -30_610_224_000
"""1000-01-01T00:00Z: no window begins earlier."""

LATEST = 253_402_128_000
"""9999-12-30T00:00Z: no window ends later. Between the two every local year has four digits."""


class BucketError(ValueError):
    """A text that names no bucket."""


class WindowError(ValueError):
    """A window that leaves the years for which there are labels."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A width of aggregation: a number and a unit out of `s m h d w M y`."""

    number: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `15m`.

        One spelling a bucket: no sign, blank or leading zero. Months and years come singly, because their lengths
        differ. Nothing is longer than ten years.

        Raises:
            BucketError: The text is anything else.
        """
        match = re.fullmatch(r"([1-9][0-9]{0,8})([smhdwMy])", text)
        if match is None:
            raise BucketError("a bucket is a number of one or more and one of the units s, m, h, d, w, M and y")
        number, unit = int(match[1]), match[2]
        if unit not in _SECONDS:
            if number > 1:
                raise BucketError(f"{unit} comes singly: 1{unit}")
        elif number * _SECONDS[unit] > _LONGEST:
            raise BucketError("a bucket is at most ten years long")
        return cls(number, unit)

    def __str__(self) -> str:
        return f"{self.number}{self.unit}"

    @property
    def is_calendar(self) -> bool:
        """Whether it follows the calendar rather than a length."""
        return self.number == 1 and self.unit in _CALENDAR_DAYS

    @property
    def shortest(self) -> int:
        """The least number of seconds that its wall clock advances."""
        return _CALENDAR_DAYS[self.unit][0] * _DAY if self.is_calendar else self.number * _SECONDS[self.unit]

    @property
    def longest(self) -> int:
        """The greatest number of seconds that its wall clock advances."""
        return _CALENDAR_DAYS[self.unit][1] * _DAY if self.is_calendar else self.number * _SECONDS[self.unit]

    def count(self, start: int, end: int) -> int:
        """Say how many buckets a window can touch at most, in whatever zone, without making them.

        Args:
            start: First second of the window since 1970-01-01T00:00Z.
            end: Where the window ends; this second is no longer in it.

        Raises:
            WindowError: The window leaves `EARLIEST` to `LATEST`.
        """
        check_window(start, end)
        if end <= start:
            return 0
        span = end - start
        if self.is_calendar:
            return (span + 2 * _DAY) // self.shortest + 2
        changes = _CHANGES * (span // (366 * _DAY) + 1)
        return span // self.shortest + 2 * (changes + 1)


def check_window(start: int, end: int) -> None:
    """Refuse a window for which there may be no labels.

    Raises:
        WindowError: It leaves `EARLIEST` to `LATEST`.
    """
    if start < EARLIEST or end > LATEST:
        raise WindowError("a window lies within the years 1000 to 9999")


def resolve_local(naive: datetime, zone: tzinfo) -> int:
    """Say which instant a wall clock reading means.

    A reading that the clocks skip is moved forward by the width of the gap; one that they show twice means the first.
    A fraction of a second is rounded up: on whole seconds, half-open windows then keep their meaning.

    Args:
        naive: The reading, without a time zone.
        zone: Where the clock hangs.

    Returns:
        Seconds since 1970-01-01T00:00Z.

    Raises:
        ValueError: The reading has a time zone already.
    """
    if naive.tzinfo is not None:
        raise ValueError(f"{naive.isoformat()} is not a local time: it has a zone")
    return -((_EPOCH - naive.replace(tzinfo=zone, fold=0)) // timedelta(seconds=1))
