"""The habits of a place: at which rate people come, and how long they stay.

Both are functions of local time on the place's own wall clock. The rate is the mean number of visits a day, spread
over the opening hours by a curve and multiplied by the shares of the weekday, the season, feast days, a slow trend
and noise from day to day; an array has its own of each, hashed from the seed and its key. Outside opening hours the
rate is zero, and whoever would stay longer leaves before closing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from ..core.zones import offsets_at
from .traffic import CELL_MINUTES, DAY_MINUTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..core.series import Chance, Events
    from .traffic import ArrayProfile

CELL = CELL_MINUTES * 60
"""For so many seconds the rate is taken as constant."""

_DAY = 86_400
_YEAR_DAYS = 365.2425
_GROWTH_FROM = 18_262  # 2020-01-01: a world's clock may stand before or after
_GROWTH_LIMIT = 0.25

_FEASTS = {(1, 1): 0.2, (7, 4): 0.5, (12, 24): 0.6, (12, 25): 0.1, (12, 26): 0.7, (12, 31): 0.7}
_FEAST_SHARES = np.ones((13, 32))
for _date, _share in _FEASTS.items():
    _FEAST_SHARES[_date] = _share


class Habits:
    """How one place is visited.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: The profile names no known time zone.
    """

    def __init__(self, chance: Chance, array: ArrayProfile) -> None:
        self._array = array
        self._zone = ZoneInfo(array.timezone)
        self._noise = chance.child("noise")
        self._stay = chance.child("stay")
        hours = [(0, 0) if opening is None else opening for opening in array.hours]
        self._opens, self._closes = (np.array(column, np.int64) * 60 for column in zip(*hours, strict=True))
        self._length = np.maximum(self._closes - self._opens, 1)
        # Who is in at midnight where the next day begins at once need not leave.
        self._last_call = np.where(
            (self._closes == DAY_MINUTES * 60) & (np.roll(self._opens, -1) == 0) & (np.roll(self._closes, -1) > 0),
            self._closes + array.longest_stay,
            self._closes,
        )
        draw = chance.child("traits").uniform(np.arange(13))
        weights = np.where(self._closes > 0, 0.7 + 0.6 * draw[:7], 0.0)
        self._weekdays = weights * np.count_nonzero(weights) / weights.sum()
        humps = 0.2 + draw[7:10]
        self._humps: list[float] = (humps / humps.sum()).tolist()
        self._swing, self._phase = 0.2 * float(draw[10]), float(draw[11])
        self._growth = 0.08 * (float(draw[12]) - 0.4)

    def rate(self, cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the mean number of visits in the cells that begin at the given instants."""
        days, seconds = self._local(cells)
        first, last = int(days.min()), int(days.max())
        volume = self._volume(np.arange(first, last + 1, dtype=np.int64))[days - first]
        weekday = _weekday(days)
        length = self._length[weekday]
        x = np.clip((seconds + CELL / 2 - self._opens[weekday]) / length, 0.0, 1.0)
        return np.asarray(volume * self._curve(x) * (CELL / length))

    def stays(self, events: Events) -> NDArray[np.int64]:
        """Say how many seconds each visitor stays: gamma distributed, and never past closing time."""
        u, v, w = (self._stay.uniform(events.cells, events.ranks, draw) for draw in range(3))
        wish = -(np.log1p(-u) + np.log1p(-v)) * (self._array.mean_stay / 2)
        wish = np.clip(wish, 1, self._array.longest_stay).astype(np.int64)
        days, seconds = self._local(events.times)
        left = np.maximum(self._last_call[_weekday(days)] - seconds, 0)
        return np.where(wish < left, wish, (w * left).astype(np.int64))

    def _curve(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the density of visits from opening (x = 0) to closing (x = 1), and zero at both.

        A mixture of three beta distributions: polynomials, the same to the last bit everywhere.
        """
        early, middle, late = self._humps
        y = 1.0 - x
        return np.asarray(x * y * (20 * early * y * y + 6 * middle + 20 * late * x * x))

    def _local(self, instants: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Split instants into local days since 1970 and seconds of the day."""
        local = instants + offsets_at(instants, self._zone)
        days = local // _DAY
        return days, local - days * _DAY

    def _volume(self, days: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the mean number of visits on each local day."""
        dates = days.astype("datetime64[D]")
        months = dates.astype("datetime64[M]")
        feast = _FEAST_SHARES[months.astype(np.int64) % 12 + 1, (dates - months).astype(np.int64) + 1]
        season = 1 + self._swing * np.cos(2 * np.pi * (days / _YEAR_DAYS - self._phase))
        years = (days - _GROWTH_FROM) / _YEAR_DAYS
        trend = 1 + np.clip(self._growth * years, -_GROWTH_LIMIT, _GROWTH_LIMIT)
        noise = 0.7 + 0.3 * (self._noise.uniform(days, 0) + self._noise.uniform(days, 1))
        return np.asarray(self._array.daily_visits * self._weekdays[_weekday(days)] * feast * season * trend * noise)


def _weekday(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give 0 for Monday to 6 for Sunday; 1970 began on a Thursday."""
    return (days + 3) % 7
