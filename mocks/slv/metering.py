"""What devices measure and report: a function of the seed, the device, the time, and what its light did.

Nothing of it is stored. A device reports what it meters every quarter of an hour, and what changes when it changes;
what it says is known some seconds later. A lost node says nothing, and what it said last stays.
"""

from __future__ import annotations

from functools import cached_property
from itertools import groupby, pairwise
from math import cos, pi, sin
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from .lamps import LOST, delay, watts
from .models import CONTROLLER, DAY, METER, REPORT
from .plan import Sums, share
from .seed import BUILT, CITY_ZONE
from .sun import SUNRISE, SUNSET, place_of, sun_event
from .values import FALSE, TRUE, VALUES, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..core.series import Chance
    from .lamps import Lights
    from .models import Device
    from .plan import Step

PERIOD = 5 * 365 * DAY
"""Seconds after which a lamp is replaced, and its counters begin at 0 again."""

_VOLTS, _BALLAST = 240.0, 0.97
_COMMAND = "LampCommand"
_LOOK_BACK = 3 * DAY
_FAR = 60 * DAY


class Reading(NamedTuple):
    """One value. Times in seconds since 1970.

    Attributes:
        at: when it was so.
        known: when the server heard of it.
        value: as text.
    """

    at: int
    known: int
    value: str
    comment: str | None = None


class Metering:
    """What every device measures.

    Args:
        seed: the world's.
        lights: what each light did.
        on_controller: gives the luminaires of a controller, for its meter.
    """

    def __init__(self, seed: int, lights: Lights, on_controller: Callable[[str], Sequence[Device]]) -> None:
        self._seed = seed
        self._lights = lights
        self._on_controller = on_controller
        self._zone = ZoneInfo(CITY_ZONE)
        self._streams: dict[str, Chance] = {}

    @cached_property
    def _chance(self) -> Chance:
        from ..core.series import Chance  # noqa: PLC0415  numpy is not needed to start

        return Chance(self._seed, "slv/metering")

    def _stream(self, name: str) -> Chance:
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = self._chance.child(name)
        return found

    def between(self, device: Device, name: str, start: int, end: int, now: int) -> list[Reading]:
        """Every report of a value in [start, end] that is known by ``now``, in order."""
        wait = delay(device.id)
        start, end = max(start, device.installed), min(end, now - wait)
        if end < start or not measures(device, name):
            return []
        kind = VALUES[name].kind
        if kind is Kind.METERED:
            found = self._metered(device, name, list(_reports(device, start, end)))
        elif kind is Kind.STEP:
            found = [(at, _step(name, level)) for at, level in self._changes(device, name, start, end)]
        else:
            found = self._failing(device, name, start, end)
        return [Reading(at, at + wait, value) for at, value in self._heard(device, name, found)]

    def last(self, device: Device, name: str, now: int) -> Reading | None:
        """The last report of a value that is known by ``now``."""
        wait = delay(device.id)
        end = now - wait
        if end < device.installed or not measures(device, name):
            return None
        kind = VALUES[name].kind
        if kind is Kind.FAILURE:
            found = [(device.installed, FALSE), *self._failing(device, name, end - _FAR, end)]
            return Reading(found[-1][0], found[-1][0] + wait, found[-1][1])
        lost = self._lost(device, end, end + 1)
        if lost and not name.startswith(_COMMAND):
            end = lost[0][0] - 1
        if kind is Kind.METERED:
            at = next(iter(_reports(device, end - REPORT + 1, end)), 0)
            if at < device.installed:
                return None
            return Reading(at, at + wait, self._metered(device, name, [at])[0][1])
        steps = self._levels(device, name, end - _LOOK_BACK, end + 1)
        if not steps:
            return None
        return Reading(steps[-1][0], steps[-1][0] + wait, _step(name, steps[-1][1]))

    # --- failures and changes ------------------------------------------------------------------------------------

    def _failing(self, device: Device, name: str, start: int, end: int) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        for failure in self._lights.failures(device, start - _FAR, end + 1):
            if failure.name == name:
                found += [(failure.begin, TRUE), (failure.end, FALSE)]
        return [(at, value) for at, value in found if start <= at <= end]

    def _levels(self, device: Device, name: str, start: int, end: int) -> list[Step]:
        ask = self._lights.commanded if name.startswith(_COMMAND) else self._lights.burned
        return ask(device, start, end)

    def _changes(self, device: Device, name: str, start: int, end: int) -> list[Step]:
        """The steps in [start, end]; of a switch only those that turn it."""
        steps = self._levels(device, name, start - 1, end + 1)
        if name.endswith("Switch"):
            return [step for before, step in pairwise(steps) if bool(before[1]) != bool(step[1])]
        return [step for step in steps[1:] if step[0] >= start]

    def _lost(self, device: Device, start: int, end: int) -> list[tuple[int, int]]:
        return [(one.begin, one.end) for one in self._lights.failures(device, start, end) if one.name == LOST]

    def _heard(self, device: Device, name: str, found: list[tuple[int, str]]) -> list[tuple[int, str]]:
        """What reached the server: a lost node says nothing, but what it was told and that it is lost is known."""
        if not found or name == LOST or name.startswith(_COMMAND):
            return found
        lost = self._lost(device, found[0][0], found[-1][0] + 1)
        return [(at, value) for at, value in found if not any(begin <= at < end for begin, end in lost)]

    # --- meters --------------------------------------------------------------------------------------------------

    def _metered(self, device: Device, name: str, times: list[int]) -> list[tuple[int, str]]:
        if not times:
            return []
        if name in _COUNTERS:
            values = [_text(_COUNTERS[name](device, sums), 3) for sums in self._counted(device, times)]
            return list(zip(times, values, strict=True))
        if name == "TotalKWHPositive":
            return [(at, _text(total, 3)) for at, total in zip(times, self._totals(device, times), strict=True)]
        import numpy as np  # noqa: PLC0415  not needed to start

        # Volts and amperes are of one moment, so that they share their chance.
        stream = "volts" if name in _ELECTRIC else name
        noise = self._stream(stream).uniform(device.id, np.array(times, np.int64) // REPORT).tolist()
        levels = _levels_at(self._lights.burned(device, times[0], times[-1] + 1), times)
        moments = zip(times, levels, noise, strict=True)
        return [(at, self._measure(device, name, at, level, some - 0.5)) for at, level, some in moments]

    def _measure(self, device: Device, name: str, at: int, level: int, noise: float) -> str:
        factor = 0.62 + 0.35 * level / 100
        power = watts(device, level)
        volts = _VOLTS * (1.0 + 0.04 * noise)
        match name:
            case "MeteredPower":
                return _text(power * (1.0 + 0.02 * noise), 2)
            case "LampCurrent" | "Current":
                return _text(power / (volts * factor), 3)
            case "LampVoltage" | "MainVoltage":
                return _text(volts if name == "MainVoltage" or level else 0.0, 1)
            case "PowerFactor":
                return _text(factor + 0.01 * noise, 3)
            case "Temperature":
                return _text(self._weather(at) + 14.0 * level / 100 + 2.0 * noise, 1)
            case _:
                return _text(self._daylight(device, at) * (1.0 + 0.2 * noise), 1)

    def _counted(self, device: Device, times: Sequence[int]) -> list[Sums]:
        """What a lamp's counters stand at, at each time: reckoned once for each of its lives, and on from there."""
        found: list[Sums] = []
        lives = groupby(times, lambda at: _life(device.installed, at))
        for begin, some in lives:
            within = list(some)
            first = max(begin, within[0])
            found += running(
                self._lights.sums(device, begin, first), self._lights.burned(device, first, within[-1]), within
            )
        return found

    def _totals(self, meter: Device, times: Sequence[int]) -> list[float]:
        """The energy of all lamps behind a meter at each time, in kWh."""
        found = [0.0] * len(times)
        place = 0
        for begin, some in groupby(times, lambda at: _life(BUILT, at)):
            within = list(some)
            for lamp in self._on_controller(meter.controller):
                since = max(begin, min(lamp.installed, within[-1]))
                first = max(since, within[0])
                sums = running(
                    self._lights.sums(lamp, since, first), self._lights.burned(lamp, first, within[-1]), within
                )
                for number, one in enumerate(sums, place):
                    found[number] += energy(lamp, one)
            place += len(within)
        return found

    def _weather(self, at: int) -> float:
        """The air's temperature in degrees Celsius."""
        year, hour = at / DAY % 365.2425 / 365.2425, at % DAY / 3_600
        return 11.0 - 12.0 * cos(2 * pi * (year - 0.06)) - 4.0 * cos(2 * pi * (hour - 8.0) / 24)

    def _daylight(self, device: Device, at: int) -> float:
        """Lux on a photo cell."""
        day = (at - 5 * 3_600) // DAY
        rises, sets = (
            sun_event(anchor, place_of(device.lat, device.lng), day, self._zone) for anchor in (SUNRISE, SUNSET)
        )
        if rises is None or sets is None or not rises < at < sets:
            return 3.0
        return 3.0 + 20_000.0 * sin(pi * (at - rises) / (sets - rises))


def measures(device: Device, name: str) -> bool:
    """Whether a device says anything of a value by itself."""
    known = VALUES[name]
    if known.kind is Kind.PROPERTY or device.category not in known.categories:
        return False
    return device.category == METER or bool(device.watts and device.category != CONTROLLER)


def energy(device: Device, sums: Sums) -> float:
    """What a lamp used, in kWh."""
    return device.watts * sums.full / 3_600_000


def running(base: Sums, steps: Sequence[Step], times: Sequence[int]) -> list[Sums]:
    """What sums have grown to at each of some times.

    Args:
        base: what they were where the steps begin; the same until then.
        steps: up to the last time, or none.
        times: in order.
    """
    found: list[Sums] = []
    burning, full, starts = base
    at, level = steps[0] if steps else (times[-1], 0)
    place = 1
    for moment in times:
        while place < len(steps) and steps[place][0] < moment:
            begin, after = steps[place]
            burning += begin - at if level else 0
            full += (begin - at) * share(level)
            starts += int(after > 0 and not level)
            at, level, place = begin, after, place + 1
        if moment > at:
            burning += moment - at if level else 0
            full += (moment - at) * share(level)
            at = moment
        found.append(Sums(burning, full, starts))
    return found


def _life(installed: int, at: int) -> int:
    """When the counters began that stand at a time."""
    return installed + (at - installed) // PERIOD * PERIOD


_ELECTRIC = frozenset({"LampCurrent", "Current", "LampVoltage", "MainVoltage"})

_COUNTERS: dict[str, Callable[[Device, Sums], float]] = {
    "Energy": energy,
    "LampEnergy": lambda device, sums: energy(device, sums) * _BALLAST,
    "RunningHoursLamp": lambda _, sums: sums.burning / 3_600,
    "SwitchOnCounter": lambda _, sums: float(sums.starts),
}


def _reports(device: Device, start: int, end: int) -> range:
    """When a device reports in [start, end]: devices take turns within a minute."""
    phase = device.id * 7 % 60
    return range(start + (phase - start) % REPORT, end + 1, REPORT)


def _levels_at(steps: Sequence[Step], times: Sequence[int]) -> list[int]:
    found: list[int] = []
    place = 0
    for at in times:
        while place + 1 < len(steps) and steps[place + 1][0] <= at:
            place += 1
        found.append(steps[place][1] if steps else 0)
    return found


def _step(name: str, level: int) -> str:
    if name.endswith("Switch"):
        return TRUE if level else FALSE
    return _text(float(level), 1)


def _text(number: float, digits: int) -> str:
    return repr(round(number, digits))
