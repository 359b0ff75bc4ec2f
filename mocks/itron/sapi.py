"""How a board of sensors writes down what it measured: the payload that every protocol but the platform's carries.

A payload is a CBOR map of two: under 0 which sensor, under 1 what it says, as text or, for the pole tilt board, as
bytes (vendor's firmware and clients, public). Pad, type and sequence of those bytes are as in the public samples; that
the sequence counts minutes is inferred.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cbor2

from .models import Sensor
from .readings import INSTALLED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .models import Reading

KEY, VALUE = 0, 1
"""Members of the map."""

_FILE = struct.Struct(">IIHHB")
_ITEM = struct.Struct(">HB")
_AXES = struct.Struct(">iii")
_PAD, _MEASURED = 1, 2
_TEMPERATURE, _SHOCK, _HUMIDITY, _TILT = 1, 2, 3, 5
MINUTE = 60

Said = str | bytes


def payload(reading: Reading) -> bytes:
    """A reading as the board sends it."""
    return wrapped(reading.sensor.key, said(reading))


def wrapped(key: str, value: Said) -> bytes:
    """What a sensor says, in the map that names it."""
    return _head(key) + cbor2.dumps(value)


def said(reading: Reading) -> Said:
    """What a sensor says, without the map: the form of older boards."""
    return _SAYS[reading.sensor](reading.second, reading.values)


@lru_cache(64)
def _head(key: str) -> bytes:
    """The map that names a sensor, up to what that says: to encode a map takes the library five times as long."""
    return cbor2.dumps({KEY: key, VALUE: 0})[:-1]  # a 0 is one byte


def _temperature(second: int, values: Mapping[str, Any]) -> str:
    return f"{second},{values['temperature']},{values['unit']}"


def _echo(_second: int, values: Mapping[str, Any]) -> str:
    return str(values["text"])


def _methane(second: int, values: Mapping[str, Any]) -> str:
    at = datetime.fromtimestamp(second, UTC).strftime("%d/%m/%y/%H/%M/%S")
    parts = [at, "t"]
    if values["gas"]:
        parts += [str(values["gas"]), "lvl"]
    parts += [str(values["hours"]), "h", values["device"], "s"]
    if values["battery"] != "OK":
        parts += [values["battery"], "s"]
    return ",".join(parts)


def _tilt(second: int, values: Mapping[str, Any]) -> bytes:
    items = [(_TEMPERATURE, round(100 * values["celsius"]).to_bytes(2, signed=True))]
    if any(values["shock"]):
        items.append((_SHOCK, _AXES.pack(*values["shock"])))
    items += [(_HUMIDITY, bytes([values["humidity"]])), (_TILT, _AXES.pack(*values["tilt"]))]
    data = b"".join(_ITEM.pack(tag, len(value)) + value for tag, value in items)
    sequence = max(0, second - INSTALLED) // MINUTE
    return _FILE.pack(second, sequence, len(data) + 1, _PAD, _MEASURED) + data


_SAYS: Mapping[Sensor, Callable[[int, Mapping[str, Any]], Said]] = {
    Sensor.TEMPERATURE: _temperature,
    Sensor.ECHO: _echo,
    Sensor.METHANE: _methane,
    Sensor.TILT: _tilt,
}
