"""What the sensors measure: a pure function of seed, device, sensor and time.

Devices report one by one and seldom, so there is nothing to gain from arrays: a hash of a few words is quicker here
than ``core.series``, and nobody has to wait for numpy.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from math import pi, sin
from typing import TYPE_CHECKING, Any

from .models import Reading, Sensor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .models import MeshDevice

HOUR, DAY = 3_600, 86_400

INSTALLED = 1_546_300_800
"""2019-01-01T00:00Z: devices were powered up in the year after it."""

FAHRENHEIT, CELSIUS = "F", "C"

MOST_REMEMBERED = 4_096
"""Sensors whose chance is at hand: who polls asks for the same hour again and again."""


def measure(seed: int, device: MeshDevice, sensor: Sensor, second: int, unit: str = FAHRENHEIT) -> Reading:
    """Read a periodic sensor at a moment.

    Temperature: ``temperature`` as text with two decimals, as the board writes it, and its ``unit``. Methane: ``gas``
    (level; 0 for none), ``hours`` since power-up, ``device`` and ``battery`` health. Tilt: ``celsius``, ``humidity``
    (%), ``tilt`` and ``shock`` along three axes, in the device's own raw units. Echo says nothing of its own: ``text``.

    Args:
        seed: the world's.
        device: where.
        sensor: which of its sensors.
        second: when, in seconds since 1970.
        unit: ``F`` or ``C``, as the temperature board is configured; it leaves the factory with F.
    """
    source = _source(seed, device.mac, sensor.key)
    return Reading(device, sensor, second, _MEASURES[sensor](source, second, unit))


def sensor_tag(seed: int, address: str, second: int) -> dict[str, Any]:
    """What a Bluetooth SensorTag tells its gateway, by the names that the vendor's sample uses."""
    source = Source(seed, address)
    return {
        "temperature": round(source.celsius(second), 2),
        "humidity": round(30 + 40 * source.drift("humidity", second, 4 * HOUR), 1),
        "barometer": round(990 + 40 * source.drift("pressure", second, 12 * HOUR), 1),
        "light": round(
            max(0.0, sin((second % DAY / DAY - 0.25) * 2 * pi)) * 800 * source.drift("light", second, HOUR), 1
        ),
        "accelerometer": {
            "x": round(source.drift("x", second, HOUR) * 0.04 - 0.02, 3),
            "y": round(source.drift("y", second, HOUR) * 0.04 - 0.02, 3),
            "z": round(0.98 + source.drift("z", second, HOUR) * 0.04, 3),
        },
    }


class Source:
    """Chance for one sensor: the same whenever it is asked; what it remembers only saves work."""

    __slots__ = ("_ends", "_name", "_place")

    def __init__(self, seed: int, name: str) -> None:
        self._name = f"{seed}/itron/{name}"
        self._place: float | None = None
        self._ends: dict[str, tuple[int, float, float]] = {}

    def uniform(self, purpose: str, cell: int = 0) -> float:
        """A number in [0, 1)."""
        digest = hashlib.blake2b(f"{self._name}/{purpose}/{cell}".encode(), digest_size=6).digest()
        return int.from_bytes(digest) / (1 << 48)

    def drift(self, purpose: str, second: int, width: int) -> float:
        """A number in [0, 1) that wanders: hashed at the ends of each stretch of time, straight between.

        A purpose has one width.
        """
        cell = second // width
        ends = self._ends.get(purpose)
        if ends is None or ends[0] != cell:
            ends = self._ends[purpose] = cell, self.uniform(purpose, cell), self.uniform(purpose, cell + 1)
        _, before, after = ends
        return before + (after - before) * (second - cell * width) / width

    def celsius(self, second: int) -> float:
        """Degrees outdoors: a place, a time of day, weather."""
        if self._place is None:
            self._place = 6 + 18 * self.uniform("place")
        day = 5 * sin((second % DAY / DAY - 0.375) * 2 * pi)
        weather = 7 * (self.drift("weather", second, 6 * HOUR) - 0.5) + 0.6 * (self.drift("air", second, 600) - 0.5)
        return self._place + day + weather


@lru_cache(MOST_REMEMBERED)
def _source(seed: int, mac: str, key: str) -> Source:
    return Source(seed, f"{mac}/{key}")


def _temperature(source: Source, second: int, unit: str) -> Mapping[str, Any]:
    celsius = round(source.celsius(second), 2)
    return {"temperature": f"{celsius if unit == CELSIUS else celsius * 1.8 + 32:.2f}", "unit": unit}


def _echo(_source: Source, _second: int, _unit: str) -> Mapping[str, Any]:
    return {"text": "Hello World: 1"}


def _methane(source: Source, second: int, _unit: str) -> Mapping[str, Any]:
    cell = second // (6 * HOUR)
    leaks = source.uniform("leak", cell) < 0.02
    powered = INSTALLED + int(source.uniform("installed") * 365 * DAY)
    hours = max(0, second - powered) // HOUR
    return {
        "gas": 5 + int(source.drift("gas", second, HOUR) * 55) if leaks else 0,
        "hours": hours,
        "device": "OK",
        "battery": "LB" if hours > 87_600 else "OK",  # ten years
    }


def _tilt(source: Source, second: int, _unit: str) -> Mapping[str, Any]:
    lean = [round(1_000 * (source.uniform(axis) - 0.5) + 6 * source.drift(axis, second, DAY)) for axis in "xyz"]
    knock = source.uniform("knock", second // HOUR) < 0.03
    shock = [int(400 * source.uniform(axis, second // HOUR)) if knock else 0 for axis in ("sx", "sy", "sz")]
    return {
        "celsius": round(source.celsius(second), 2),
        "humidity": int(25 + 60 * source.drift("humidity", second, 4 * HOUR)),
        "tilt": tuple(lean),
        "shock": tuple(shock),
    }


_MEASURES = {Sensor.TEMPERATURE: _temperature, Sensor.ECHO: _echo, Sensor.METHANE: _methane, Sensor.TILT: _tilt}
