"""What iNode measured: the latest values of links and devices, and a link's past. On vectors; nothing is remembered.

Everything is a function of the seed, the thing and the world's time, so whoever asks at one time gets one answer.
Travel times are whole seconds, and speeds are computed from them, so that the two always agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from ..core.series import Chance, poisson
from ..core.zones import offsets_at
from .congestion import Congestion
from .models import GONE_AFTER, INSTALLED, REPORT, STEP, Source, Status
from .outages import NEVER, Outages, Rhythm
from .schedule import STATUSES, Schedules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .models import Company

    _Ints = NDArray[np.int64]

_HOUR, _DAY = 3_600, 86_400

_DEVICE_OUTAGES = Rhythm(7 * _DAY, 0.35, 900, 30 * _HOUR)
_MAINTENANCE = Rhythm(28 * _DAY, 0.25, 4 * _HOUR, 48 * _HOUR)

_MOST_TRIES = 10_000
"""How often a search for the last value may step back; a safeguard, never reached."""

_SOURCES = tuple(Source)


class Value(NamedTuple):
    """What a link measured in one step.

    Attributes:
        updated: the end of the step, in seconds since 1970.
        travel_time: whole seconds.
        speed: km/h, to a tenth.
        vehicles: how many were recognised; None where the source tells none.
    """

    updated: int
    travel_time: int
    speed: float
    vehicles: int | None


class Report(NamedTuple):
    """What a device last told of itself.

    Attributes:
        online: whether that was lately.
        seen: when, in seconds since 1970.
        voltage: of its supply.
        current: that it draws, in amperes.
        ambient, cpu: temperatures in degrees Celsius.
    """

    online: bool
    seen: int
    voltage: float
    current: float
    ambient: float
    cpu: float


class Traffic:
    """All that one company's links and devices measure."""

    def __init__(self, seed: int, company: Company) -> None:
        chance = Chance(seed, f"inode/company/{company.key}")
        zone = ZoneInfo(company.zone)
        links, devices = company.links, company.devices
        self._zone = zone
        self._chance = chance
        self._links = np.array([link.id for link in links], np.int64)
        self._metres = np.array([link.metres for link in links], np.int64)
        self._disabled = _moments([link.disabled_since for link in links])
        self._default = np.array([_SOURCES.index(link.sources[0]) for link in links], np.int64)
        place = {device.id: number for number, device in enumerate(devices)}
        self._ends = [
            np.array([place.get(end, -1) if end is not None else -1 for end in column], np.int64)
            for column in ([link.origin for link in links], [link.destination for link in links])
        ]
        self._devices = np.array([device.id for device in devices], np.int64)
        self._gone = _moments([device.gone_since for device in devices])
        self._phase = np.array([device.phase for device in devices], np.int64)
        free_flow = np.array([link.free_flow for link in links], np.float64)
        self._congestion = Congestion(chance.child("traffic"), zone, self._links, free_flow)
        self._schedules = Schedules(chance, zone, [link.schedule for link in links])
        self._maintenance = Outages(chance.child("maintenance"), _MAINTENANCE)
        self._outages = Outages(chance.child("outages"), _DEVICE_OUTAGES)

    # --- links ---------------------------------------------------------------------------------------------------

    def statuses(self, which: _Ints, now: int) -> list[Status]:
        """Give the status of links, as schedules have it: also of those that are not crowdsourced."""
        moments = np.full(which.shape, now // STEP * STEP)
        enabled = self._enabled(which, moments)
        found = np.where(enabled, self._schedules.statuses(which, moments), STATUSES.index(Status.DISABLED))
        return [STATUSES[number] for number in found.tolist()]

    def latest(self, which: _Ints, now: int) -> list[Value | None]:
        """Give the last value of links, by their default source, or None where there never was one."""
        ends = np.full(which.shape, now // STEP * STEP)
        open_ = np.arange(which.size)
        for _ in range(_MOST_TRIES):
            tried = ends[open_]
            found = self._before(which[open_], tried, self._default[which[open_]])
            ends[open_] = found
            open_ = open_[(found != tried) & (found > INSTALLED)]
            if not open_.size:
                break
        values = self._values(which, ends, self._default[which])
        return [value if value.updated > INSTALLED else None for value in values]

    def past(self, link: int, source: Source, start: int, end: int) -> list[Value]:
        """Give what a link measured by one source, for all steps that end in [start, end)."""
        first = max(-(-start // STEP), INSTALLED // STEP + 1)
        ends = np.arange(first, -(-end // STEP), dtype=np.int64) * STEP
        which = np.full(ends.shape, link)
        sources = np.full(ends.shape, _SOURCES.index(source))
        measured = self._before(which, ends, sources) == ends
        return self._values(which[measured], ends[measured], sources[measured])

    def _enabled(self, which: _Ints, moments: _Ints) -> NDArray[np.bool_]:
        begins, stops = self._maintenance.at(self._links[which], moments)
        return (moments < self._disabled[which]) & ~((begins <= moments) & (moments < stops))

    def _before(self, which: _Ints, ends: _Ints, sources: _Ints) -> _Ints:
        """Give, for the step that ends at each moment, its end if it has a value, else an earlier end to try.

        No step between the two has a value: each reason why one has none says how far back it reaches.
        """
        found = self._maintenance.before(self._links[which], ends, self._disabled[which])
        sensed = sources == _SOURCES.index(Source.SENSOR)
        found = np.where(sensed, found, np.minimum(found, self._schedules.before(which, ends)))
        for column in self._ends:
            at_end = column[which]
            there = sensed & (at_end >= 0)
            if there.any():
                devices = at_end[there]
                up = self._outages.before(self._devices[devices], ends[there], self._gone[devices])
                found[there] = np.minimum(found[there], up)
        nobody = sensed & (found == ends) & (self._counts(which, ends) == 0)
        return np.where(nobody, ends - STEP, found)

    def _counts(self, which: _Ints, ends: _Ints) -> _Ints:
        chance = self._chance.child("count").uniform(self._links[which], ends // STEP)
        return poisson(self._congestion.vehicles(which, ends), chance)

    def _values(self, which: _Ints, ends: _Ints, sources: _Ints) -> list[Value]:
        metres = self._metres[which]
        seconds = np.maximum(np.rint(3.6 * metres / self._congestion.speeds(which, ends, sources)), 1.0)
        speeds = np.round(3.6 * metres / seconds, 1)
        sensed = (sources == _SOURCES.index(Source.SENSOR)).tolist()
        columns = (
            ends.tolist(),
            seconds.astype(np.int64).tolist(),
            speeds.tolist(),
            self._counts(which, ends).tolist(),
        )
        return [
            Value(end, travel_time, speed, count if sensor else None)
            for sensor, end, travel_time, speed, count in zip(sensed, *columns, strict=True)
        ]

    # --- devices -------------------------------------------------------------------------------------------------

    def reports(self, which: _Ints, now: int) -> list[Report | None]:
        """Give the last report of devices, or None where there never was one; news come once a minute."""
        minute = now // REPORT * REPORT
        phase, ids = self._phase[which], self._devices[which]
        seen = np.minimum(minute, self._gone[which]) - phase
        for _ in range(_MOST_TRIES):
            begins, stops = self._outages.at(ids, seen)
            down = (begins <= seen) & (seen < stops)
            if not down.any():
                break
            seen = np.where(down, begins - phase, seen)
        ambient = self._ambient(ids, seen)
        noise = [self._chance.child("device").uniform(ids, seen // REPORT, draw) for draw in range(3)]
        columns = (
            (minute - seen < GONE_AFTER).tolist(),
            seen.tolist(),
            np.round(12.1 + 1.2 * self._daylight(seen) + 0.2 * noise[0], 2).tolist(),
            np.round(0.17 + 0.08 * noise[1], 2).tolist(),
            np.round(ambient, 1).tolist(),
            np.round(ambient + 31.0 + 6.0 * noise[2], 1).tolist(),
        )
        return [report if report.seen >= INSTALLED else None for report in map(Report, *columns)]

    def _daylight(self, moments: _Ints) -> NDArray[np.float64]:
        hours = (moments + offsets_at(moments, self._zone)) % _DAY / _HOUR
        return np.clip(1.0 - ((hours - 12.5) / 6.0) ** 2, 0.0, 1.0)

    def _ambient(self, ids: _Ints, moments: _Ints) -> NDArray[np.float64]:
        year = (moments / _DAY % 365.2425) / 365.2425
        season = 6.5 - 16.5 * np.cos(2.0 * np.pi * (year - 0.05))
        days = moments // _DAY
        today, tomorrow = (self._chance.child("weather").uniform(day) for day in (days, days + 1))
        weather = 10.0 * (today + (tomorrow - today) * (moments / _DAY - days) - 0.5)
        spot = 2.0 * (self._chance.child("spot").uniform(ids) - 0.5)
        return season + weather + 7.0 * (self._daylight(moments) - 0.4) + spot


def _moments(moments: list[int | None]) -> _Ints:
    return np.array([NEVER if moment is None else moment for moment in moments], np.int64)
