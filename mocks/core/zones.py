"""Local time on vectors: the stretches of constant offset in a zone, and the offset in force at each instant.

`zoneinfo` answers for one instant at a time and keeps its transitions to itself. Here they are found once by asking
for the offset every other day and bisecting where two answers differ; then whole arrays are shifted at once.
Everything counts in whole seconds since 1970-01-01T00:00Z, and nothing asks what time it is.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_DAY = 86_400

_STEP = 2 * _DAY
"""How far apart offsets are asked for. In tzdata 2025b no two changes of any zone are closer than 3.98 days
(Freetown, 1939), so none can cancel another between two looks."""

_BLOCK = 192 * _STEP
"""A little over a year: what is found is remembered by the block."""

_FAR = 50
"""Blocks between two instants from which on those in between are left out."""

_FIRST = int((datetime(1800, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
"""No zone changes before 1844: until then each keeps the mean time of its place."""

_LAST = int((datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH).total_seconds())
"""The last instant whose local time `datetime` can hold in every zone."""


def stretches(zone: tzinfo, start: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the stretches of constant UTC offset that cover a window.

    Args:
        zone: A `zoneinfo.ZoneInfo`, or any other time zone that can be hashed.
        start: First second of the window.
        end: Where the window ends; this second is no longer in it.

    Returns:
        Where the stretches begin (the first one at `start`), and their offsets east of UTC in seconds.
    """
    begins, offsets = [start], [_offset(zone, start)]
    for block in range(max(start, _FIRST) // _BLOCK, min(end, _LAST) // _BLOCK + 1):
        for instant, offset in _changes(zone, block):
            if start < instant < end:
                begins.append(instant)
                offsets.append(offset)
    return np.array(begins, np.int64), np.array(offsets, np.int64)


def offsets_at(instants: NDArray[np.int64], zone: tzinfo) -> NDArray[np.int64]:
    """Give the UTC offset in seconds that is in force at each instant, in any order."""
    if not instants.size:
        return np.zeros(instants.shape, np.int64)
    first, last = int(instants.min()), int(instants.max())
    if last - first > _FAR * _BLOCK:  # a few centuries in between would all be searched
        found = np.empty(instants.shape, np.int64)
        for block in np.unique(instants // _BLOCK):
            within = instants // _BLOCK == block
            found[within] = offsets_at(instants[within], zone)
        return found
    begins, offsets = stretches(zone, first, last + 1)
    if begins.size == 1:
        return np.full(instants.shape, offsets[0])
    return offsets[np.searchsorted(begins, instants, side="right") - 1]


@lru_cache(maxsize=4096)
def _changes(zone: tzinfo, block: int) -> tuple[tuple[int, int], ...]:
    """Find the changes of offset in one block: (first second of the new offset, the new offset)."""
    found: list[tuple[int, int]] = []
    low = block * _BLOCK
    before = _offset(zone, low)
    for high in range(low + _STEP, low + _BLOCK + 1, _STEP):
        after = _offset(zone, high)
        if after != before:
            found.append((_bisect(zone, high - _STEP, high, after), after))
        before = after
    return tuple(found)


def _bisect(zone: tzinfo, low: int, high: int, after: int) -> int:
    """Find the first second in (low, high] that has the offset of `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == after:
            high = middle
        else:
            low = middle
    return high


def _offset(zone: tzinfo, instant: int) -> int:
    within = min(max(instant, _FIRST), _LAST)
    offset = (_EPOCH + timedelta(seconds=within)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // _SECOND
