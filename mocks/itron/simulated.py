"""What simulated sensors say: plausible by the sensor's name, and a pure function of seed, device, sensor and time.

Names are those that the vendor's programs use (public), in any case of letters; units are those of the dossier's
section 8. A sensor that nobody knows says something between 0 and 100.
"""

from __future__ import annotations

from math import pi, sin
from typing import TYPE_CHECKING, Any

from .readings import DAY, HOUR, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Json = dict[str, Any]


def values(seed: int, device: int, sensors: Iterable[str], second: int) -> Json:
    """What the sensors of a device say at a moment.

    Args:
        seed: the simulation's.
        device: its number in the simulation, from 0.
        sensors: their names.
        second: in seconds since 1970.
    """
    source = Source(seed, f"simulation/{device}")
    return {name: _SENSORS.get(name.lower(), _unknown(name))(source, second) for name in sensors}


def _between(name: str, low: float, high: float, digits: int = 1) -> Callable[[Source, int], Any]:
    """Something that wanders between two values."""
    return lambda source, second: round(low + (high - low) * source.drift(name, second, HOUR), digits)


def _axes(name: str, low: float, high: float, digits: int = 3, rest: float = 0.0) -> Callable[[Source, int], Json]:
    """Three values along axes; the last lies about ``rest``."""

    def read(source: Source, second: int) -> Json:
        found = {axis: _between(f"{name}.{axis}", low, high, digits)(source, second) for axis in "xyz"}
        return found | {"z": round(found["z"] + rest, digits)}

    return read


def _unknown(name: str) -> Callable[[Source, int], float]:
    return _between(name, 0, 100)


def _light(source: Source, second: int) -> float:
    """Lux: none at night."""
    sun = max(0.0, sin((second % DAY / DAY - 0.25) * 2 * pi))
    return round(sun * 800 * source.drift("light", second, HOUR), 1)


def _gas(source: Source, second: int) -> int:
    """A level, and most of the time none."""
    leaks = source.uniform("leak", second // (6 * HOUR)) < 0.02
    return 5 + int(source.drift("gas", second, HOUR) * 55) if leaks else 0


def _place(source: Source, _second: int) -> Json:
    """A device does not move."""
    return {
        "latitude": round(-60 + 120 * source.uniform("latitude"), 5),
        "longitude": round(-180 + 360 * source.uniform("longitude"), 5),
    }


_ACCELERATION = _axes("acceleration", -0.02, 0.02, rest=1.0)
_PRESSURE = _between("pressure", 990, 1_030)

_SENSORS: Mapping[str, Callable[[Source, int], Any]] = {
    "temperature": lambda source, second: round(source.celsius(second), 2),
    "humidity": _between("humidity", 30, 70),
    "barometer": _PRESSURE,
    "pressure": _PRESSURE,
    "light": _light,
    "lux": _light,
    "accelerometer": _ACCELERATION,
    "acceleration": _ACCELERATION,
    "gyroscope": _axes("gyroscope", -2, 2),
    "magnetometer": _axes("magnetometer", -40, 40, 1),
    "tilt": _axes("tilt", -500, 500, 0),
    "shock": _axes("shock", 0, 20, 0),
    "gps": _place,
    "battery": _between("battery", 2.9, 3.1, 2),
    "percentlevel": _between("level", 5, 95, 0),
    "distance": _between("distance", 10, 200),
    "gasalert": _gas,
    "hourssincepowerup": lambda _source, second: second // HOUR % 10_000,
    "devicehealth": lambda _source, _second: "OK",
    "batteryhealth": lambda _source, _second: "OK",
}
