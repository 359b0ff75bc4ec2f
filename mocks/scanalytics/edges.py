"""Where buckets begin: the instants at which a zone's wall clock enters a new one, and their labels.

Pure functions on vectors of seconds since 1970-01-01T00:00Z.

- A calendar bucket begins at the first instant whose local date lies in it, also where midnight does not exist, or
  where clocks turned back show the day before once more.
- A bucket of fixed length begins at every instant at which the clock reads a multiple of the length, counted from the
  local 1970-01-01T00:00 (weeks: from a Monday), and at a change of offset across which the multiple changes. So an
  hour that comes twice is two buckets, and six hours span five or seven.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from ..core.zones import stretches
from .buckets import check_window

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

    from .buckets import Bucket

_DAY = 86_400
_PERIODS = {"M": "datetime64[M]", "y": "datetime64[Y]"}
_MONDAY = -3 * _DAY  # 1969-12-29, the Monday before the epoch

STAMP = "V28"
"""The type of a label as bytes."""

_MINUTES = np.array([f"T{n // 60:02}:{n % 60:02}" for n in range(24 * 60)], "S6")
_SECONDS = np.array([f":{n:02}" for n in range(60)], "S3")


def edges(bucket: Bucket, start: int, end: int, zone: tzinfo) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find where the buckets begin that a window touches.

    Args:
        bucket: Their width.
        start: First second of the window.
        end: Where the window ends; this second is no longer in it.
        zone: Whose wall clock they are aligned to.

    Returns:
        The beginnings, strictly ascending from the last one at or before `start`, and the UTC offset in seconds at
        each. Both are empty if the window is.

    Raises:
        WindowError: The window leaves `buckets.EARLIEST` to `buckets.LATEST`.
    """
    check_window(start, end)
    if end <= start:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    # The bucket of `start` may have begun its own length ago, and as much earlier as clocks were turned back in it.
    turned_back = 2 * _DAY if bucket.is_calendar else min(bucket.longest, 2 * _DAY)
    begins, offsets = stretches(zone, start - bucket.longest - turned_back, end)
    make = _calendar_edges if bucket.is_calendar else _fixed_edges
    found, shifts = make(bucket, begins, offsets, end)
    inside = slice(int(np.searchsorted(found, start, side="right")) - 1, int(np.searchsorted(found, end)))
    return found[inside], shifts[inside]


def _fixed_edges(
    bucket: Bucket, begins: NDArray[np.int64], offsets: NDArray[np.int64], end: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    length = bucket.longest
    anchor = _MONDAY if bucket.unit == "w" else 0
    found: list[NDArray[np.int64]] = []
    shifts: list[NDArray[np.int64]] = []
    multiple = None  # the one that the clock was in before the stretch
    stops = [*begins[1:].tolist(), end]
    for begin, stop, offset in zip(begins.tolist(), stops, offsets.tolist(), strict=True):
        wall = begin + offset - anchor
        first = begin + -wall % length
        part = np.arange(first, stop, length, dtype=np.int64)
        if first != begin and multiple not in (None, wall // length):
            part = np.concatenate([[begin], part])
        found.append(part)
        shifts.append(np.full(part.size, offset, np.int64))
        multiple = (stop - 1 + offset - anchor) // length
    return np.concatenate(found), np.concatenate(shifts)


def _calendar_edges(
    bucket: Bucket, begins: NDArray[np.int64], offsets: NDArray[np.int64], end: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # The wall clock read at the end of each stretch, or the furthest it ever got: a local time has come, for the
    # first time, in the first stretch that goes beyond it.
    reached = np.maximum.accumulate(np.append(begins[1:], end) + offsets)
    periods = _periods(bucket.unit, int(begins[0] + offsets[0]), int(reached[-1]))
    stretch = np.searchsorted(reached, periods, side="right")
    found = np.maximum(begins[stretch], periods - offsets[stretch])
    fresh = np.append(found[1:] > found[:-1], [True] * (found.size > 0))  # of dates that never were, the last one is
    return found[fresh], offsets[stretch][fresh]


def _periods(unit: str, low: int, high: int) -> NDArray[np.int64]:
    """List the local midnights with which the unit begins, from `low` up to `high`, in seconds of the wall clock."""
    if unit in _PERIODS:
        first, last = np.array([low, high - 1], "datetime64[s]").astype(_PERIODS[unit]).astype(np.int64).tolist()
        periods = np.arange(first, last + 1, dtype=np.int64).astype(_PERIODS[unit])
        starts = periods.astype("datetime64[s]").astype(np.int64)
        return starts[starts >= low]
    length = _DAY if unit == "d" else 7 * _DAY
    anchor = _MONDAY if unit == "w" else 0
    return np.arange(low + (anchor - low) % length, high, length, dtype=np.int64)


def stamps(starts: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.void]:
    """Write labels as rows of ASCII, filled up to equal width with NULs that the reader takes out."""
    row = np.empty(starts.size, [("date", "S10"), ("minute", "S6"), ("second", "S3"), ("offset", "S9")])
    if not starts.size:
        return row.view(STAMP)
    local = starts + offsets
    days = local // _DAY
    seconds = local - days * _DAY
    minutes = seconds // 60
    first = int(days.min())
    dates = np.arange(first, int(days.max()) + 1).astype("datetime64[D]").astype("S10")
    row["date"] = dates[days - first]
    row["minute"] = _MINUTES[minutes]
    row["second"] = _SECONDS[seconds - minutes * 60]
    changes = [0, *(np.flatnonzero(offsets[1:] != offsets[:-1]) + 1).tolist(), starts.size]
    for begin, stop in itertools.pairwise(changes):
        row["offset"][begin:stop] = _offset_text(int(offsets[begin]))
    return row.view(STAMP)


def _offset_text(offset: int) -> bytes:
    """Write an offset as DRF does: Z for none, and the seconds only where there are any."""
    if not offset:
        return b"Z"
    minutes, seconds = divmod(abs(offset), 60)
    text = f"{'+' if offset > 0 else '-'}{minutes // 60:02}:{minutes % 60:02}"
    return (text + f":{seconds:02}" * (seconds > 0)).encode()


def labels(starts: NDArray[np.int64], offsets: NDArray[np.int64]) -> list[str]:
    """Write bucket starts as `2018-03-01T12:00:00-06:00`, in local time with the offset then in force.

    An offset of zero is written `Z`, in London as in UTC; historical offsets keep their seconds (`-05:50:36`).
    """
    lines = np.empty(starts.size, [("stamp", STAMP), ("end", "S1")])
    lines["stamp"] = stamps(starts, offsets)
    lines["end"] = b"\n"
    return lines.tobytes().translate(None, b"\0").decode("ascii").splitlines()
