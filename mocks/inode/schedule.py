"""The statuses of crowdsourced links, by schedule and by the company's credit. On vectors of seconds since 1970.

Source of the five statuses, and of credit that runs out: the vendor's guide to links (public). The rest is inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.zones import offsets_at
from .models import DAY_MINUTES, STEP, Schedule, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from numpy.typing import NDArray

    from ..core.series import Chance

_DAY = 86_400

STATUSES = tuple(Status)
_DISABLED, _SCHEDULED, _COLLECTING, _COLLECTED, _NOT_COLLECTED = range(5)

BROKE_DAYS = 0.12
"""The share of days on which a company's credit runs out, between 10:00 and 20:00."""

_IDLE = Schedule(0, DAY_MINUTES, (True,) * 7)
"""Stands for the schedule of a link that has none: nobody looks at it."""


class Schedules:
    """When the links of one company collect.

    Args:
        chance: the company's own.
        zone: whose wall clock they keep.
        schedules: by link, in order; None for links that are not crowdsourced.
    """

    def __init__(self, chance: Chance, zone: tzinfo, schedules: Sequence[Schedule | None]) -> None:
        kept = [schedule or _IDLE for schedule in schedules]
        self._credit = chance.child("credit")
        self._zone = zone
        self._opens = np.array([one.opens for one in kept], np.int64)
        self._closes = np.array([one.closes for one in kept], np.int64)
        self._days = np.array([one.days for one in kept], np.bool_).reshape(len(kept), 7)

    def statuses(self, which: NDArray[np.int64], moments: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the status of links as a place in ``STATUSES``, as if none were disabled.

        Args:
            which: places of the links in the company's list.
            moments: of the same shape.
        """
        day, minute, broke = self._local(moments)
        on = self._days[which, (day + 3) % 7]
        opens, closes = self._opens[which], self._closes[which]
        return np.select(
            [~on | (minute < opens), (broke <= minute) & (broke < closes), minute < closes],
            [_SCHEDULED, _NOT_COLLECTED, _COLLECTING],
            _COLLECTED,
        )

    def before(self, which: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give, for the step that ends at each moment, its end again if it was collected, else an earlier end to try.

        Nothing that was collected lies between the two: where clocks change, at night, only all-day links collect.
        """
        begins = ends - STEP
        day, minute, broke = self._local(begins)
        on = self._days[which, (day + 3) % 7]
        opens, closes = self._opens[which], self._closes[which]
        stops = np.minimum(closes, np.where(on, broke, 0))  # when today's collecting ended, in local minutes
        # Before it opened, or on a day off: nothing since midnight.
        target = np.where(~on | (minute < opens) | (stops <= opens), 0, stops)
        collected = on & (opens <= minute) & (minute < stops)
        return np.where(collected, ends, begins - (minute - target) * 60)

    def _local(self, moments: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Split moments into local days since 1970 and minutes; and when, that day, the credit runs out."""
        local = moments + offsets_at(moments, self._zone)
        day = local // _DAY
        minute = (local - day * _DAY) // 60
        draw = self._credit.uniform(day, 0)
        broke = 600 + (self._credit.uniform(day, 1) * 120).astype(np.int64) * 5
        return day, minute, np.where(draw < BROKE_DAYS, broke, DAY_MINUTES)
