"""How slow a road is: rush hours, weekends, slow days of the whole city, incidents, and noise.

A function of the seed, the link and time, on vectors of seconds since 1970. Nothing is remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.zones import offsets_at
from .models import STEP

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

    from ..core.series import Chance

    _Ints = NDArray[np.int64]
    _Floats = NDArray[np.float64]

_DAY = 86_400

INCIDENT_DAYS = 0.06
"""The share of days on which a link has an incident."""

SLOW_DAYS = 0.05
"""The share of days, such as those of heavy snow, on which the whole city is slow."""

SLOWEST = 4.0
"""km/h: traffic creeps, but it moves."""


class Congestion:
    """The traffic on the links of one company.

    Args:
        chance: the company's own.
        zone: whose wall clock people keep.
        ids: of the links.
        free_flow: km/h, by link.
    """

    def __init__(self, chance: Chance, zone: tzinfo, ids: _Ints, free_flow: _Floats) -> None:
        self._zone = zone
        self._ids = ids
        self._free_flow = free_flow
        self._city = chance.child("city")
        self._noise = chance.child("noise")
        self._incident = chance.child("incident")
        traits = chance.child("traits")
        # Most links are busy in one of the rush hours, toward the centre or away from it.
        inbound = traits.uniform(ids, 0)
        strength = 0.3 + 1.4 * traits.uniform(ids, 1)
        self._morning = strength * (0.2 + 0.8 * inbound)
        self._evening = strength * (1.0 - 0.8 * inbound)
        self._weekend = 0.2 + 0.4 * traits.uniform(ids, 2)
        self._volume = 8.0 + 14.0 * traits.uniform(ids, 3)

    def speeds(self, which: _Ints, ends: _Ints, sources: _Ints) -> _Floats:
        """Give the mean speed over the step that ends at each moment.

        Args:
            which: places of the links in the company's list.
            ends: of the steps, of the same shape.
            sources: numbers of who measures: two sources see the same traffic, each with errors of its own.

        Returns:
            km/h.
        """
        begins = ends - STEP
        day, hour, weekend = self._local(begins)
        ids = self._ids[which]
        rush = self._morning[which] * _bump(hour, 8.0, 2.2) + self._evening[which] * _bump(hour, 17.0, 2.8)
        leisure = self._weekend[which] * _bump(hour, 14.0, 5.0)
        city = np.where(self._city.uniform(day, 0) < SLOW_DAYS, 1.7, 0.7 + 0.5 * self._city.uniform(day, 1))
        slowness = 1.0 + city * np.where(weekend, leisure, rush + 0.3 * leisure) + self._incidents(ids, begins)
        noise = 1.0 + 0.10 * (self._noise.uniform(ids, begins // STEP, sources) - 0.5)
        return np.maximum(self._free_flow[which] / slowness * noise, SLOWEST)

    def vehicles(self, which: _Ints, ends: _Ints) -> _Floats:
        """Give how many vehicles, on average, sensors recognise at both ends in the step that ends at each moment."""
        _, hour, weekend = self._local(ends - STEP)
        by_day = _bump(hour, 8.0, 3.5) + _bump(hour, 17.0, 4.5) + 0.5 * _bump(hour, 12.5, 5.0)
        share = np.where(weekend, 0.7 * _bump(hour, 14.0, 8.0), by_day)
        return self._volume[which] * (0.04 + np.minimum(share, 1.0))

    def _incidents(self, ids: _Ints, moments: _Ints) -> _Floats:
        """Give what incidents add to the slowness: each swells for a while and ebbs away, within a day (UTC)."""
        days = moments // _DAY
        exists, place, length, weight = (self._incident.uniform(ids, days, draw) for draw in range(4))
        lasts = 1_800.0 + 7_200.0 * length
        begins = days * _DAY + place * (_DAY - lasts)
        progress = (moments - begins) / lasts
        shape = np.clip(np.minimum(progress * 5.0, (1.0 - progress) * 1.25), 0.0, 1.0)
        return np.where(exists < INCIDENT_DAYS, (1.0 + 3.0 * weight) * shape, 0.0)

    def _local(self, moments: _Ints) -> tuple[_Ints, _Floats, NDArray[np.bool_]]:
        """Split moments into local days since 1970 and hours, and say which fall on a weekend."""
        local = moments + offsets_at(moments, self._zone)
        day = local // _DAY
        return day, (local - day * _DAY) / 3_600.0, (day + 3) % 7 >= 5


def _bump(hours: _Floats, centre: float, width: float) -> _Floats:
    """Give a smooth hill of height 1: a polynomial, the same to the last bit everywhere."""
    x = np.clip(np.abs(hours - centre) / width, 0.0, 1.0)
    return (1.0 - x * x) ** 2
