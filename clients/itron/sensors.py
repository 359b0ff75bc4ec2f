"""What mesh sensors say, read into typed values; the same for the gateway's answers and the broker's alerts.

A board writes a CBOR map of two: under 0 which sensor it is, under 1 what it says, text or bytes. Older boards leave
the map away and write the text alone; then the path or the topic tells which sensor it is. All forms are those of the
vendor's firmware and clients (public). A sensor that a developer has added comes out as a `PlainReading`.

Anything else raises `ValueError`, whatever the bytes are.
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, IntFlag
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

import cbor2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST: Final = 65_536
"""Bytes of a payload, at most; a board's are 128."""

FAHRENHEIT_AT_ZERO: Final = 32.0
_MAP = range(0xA0, 0xC0)  # first bytes of CBOR maps; no UTF-8 text begins with one
_KEY, _VALUE = 0, 1
_TEMPERATURE = re.compile(r"(\d{1,11}),(-?\d{1,9}(?:\.\d{1,9})?),([CF])", re.ASCII)
_CONFIG = re.compile(r"(\d{1,11}),(.*)", re.ASCII | re.DOTALL)
_ECHO = re.compile(r"(.*) (\d{1,18})", re.ASCII | re.DOTALL)
_COUNT = re.compile(r"-?\d{1,18}", re.ASCII)
_FILE, _ITEM, _AXES = struct.Struct(">IIHHB"), struct.Struct(">HB"), struct.Struct(">iii")


class Sensor(Enum):
    """Where the vendor's own sensors are, and how they call themselves."""

    TEMPERATURE = ("snsr/arduino/temp", "temp")
    ECHO = ("snsr/arduino/echo", "echo")
    METHANE = ("snsr/rl78/methane", "ncmth1")
    TILT = ("snsr/logis/sens", "lnic")


TYPES: Final = {"methane": "ncmth1", "sens": "lnic", "log": "lnic"}
"""What sensors call themselves whose paths end otherwise."""

Axes: TypeAlias = "tuple[int, int, int]"


class TiltAlert(IntFlag):
    """Why a pole tilt board speaks out of turn."""

    FREEFALL = 1
    SHOCK = 2
    TILT_SET = 4
    TILT_CLEARED = 8
    TEMPERATURE_HIGH = 16
    TEMPERATURE_LOW = 32
    TEMPERATURE_CLEARED = 64


NO_ALERT: Final = TiltAlert(0)


@dataclass(frozen=True, slots=True)
class TemperatureReading:
    """One temperature.

    Attributes:
        at: When, in UTC.
        value: In `unit`.
        unit: "C" or "F".
    """

    at: datetime
    value: float
    unit: str

    @property
    def celsius(self) -> float:
        """The temperature in °C."""
        return self.value if self.unit == "C" else (self.value - FAHRENHEIT_AT_ZERO) * 5 / 9


@dataclass(frozen=True, slots=True)
class EchoReading:
    """What an echo sensor was told to say, and how often it has.

    Attributes:
        text: The text.
        count: Rises by one with each reading.
    """

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class MethaneReading:
    """The state of a methane detector. What a board does not say is None.

    Attributes:
        at: When, in UTC.
        gas: Its level.
        hours: In service.
        states: Its words on itself, in their order: OK, NG, LB, SF, R.
        other: Values of units that are unknown here, by unit.
    """

    at: datetime | None = None
    gas: int | None = None
    hours: int | None = None
    states: tuple[str, ...] = ()
    other: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)

    @property
    def healthy(self) -> bool | None:
        """Whether the detector says that it is."""
        return True if "OK" in self.states else False if "NG" in self.states else None

    @property
    def battery_low(self) -> bool:
        """Whether the battery is running out."""
        return "LB" in self.states

    @property
    def failed(self) -> bool:
        """Whether the sensor has failed."""
        return "SF" in self.states

    @property
    def was_reset(self) -> bool:
        """Whether it has just been reset."""
        return "R" in self.states


@dataclass(frozen=True, slots=True)
class TiltReading:
    """One file of a pole tilt board. What it does not hold is None.

    Attributes:
        at: When, in UTC.
        sequence: The file's number.
        kind: The file's type.
        celsius: Temperature.
        humidity: Percent.
        shock: Three axes, as the board counts them.
        shock_sum: The sum of shocks, as bytes: its form is not public.
        tilt: Three axes, as the board counts them.
        alerts: Why it speaks; none for a file of the ordinary run.
        other: Items of unknown tags, by tag.
    """

    at: datetime
    sequence: int
    kind: int
    celsius: float | None = None
    humidity: int | None = None
    shock: Axes | None = None
    shock_sum: bytes | None = None
    tilt: Axes | None = None
    alerts: TiltAlert = NO_ALERT
    other: Mapping[int, bytes] = field(default_factory=dict[int, bytes], hash=False)


@dataclass(frozen=True, slots=True)
class PlainReading:
    """What a sensor says that is none of the vendor's four.

    Attributes:
        sensor: Its type, as it says itself.
        value: As it was sent.
    """

    sensor: str
    value: str | bytes


Reading: TypeAlias = "TemperatureReading | EchoReading | MethaneReading | TiltReading | PlainReading"


@dataclass(frozen=True, slots=True)
class UndecodedReading:
    """What a sensor has told and cannot be read.

    Attributes:
        data: The bytes.
        reason: Why not.
    """

    data: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class SensorConfig:
    """How a sensor is set.

    Attributes:
        sensor: Its type.
        value: The setting, such as "C" or "F".
        at: When it was read, where the sensor says so.
    """

    sensor: str
    value: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload without its wrapper.

    Attributes:
        sensor: The type that the map names, or else the one that was expected.
        value: Text or bytes.
        is_wrapped: Whether there was a map.
    """

    sensor: str
    value: str | bytes
    is_wrapped: bool


def unwrap(data: bytes, expected: str = "") -> Payload:
    """Take a payload out of its map, if it is in one.

    Args:
        data: The bytes.
        expected: Which sensor it is where there is no map: its type, or the last part of its path.

    Raises:
        ValueError: Too long, broken, or something else than a map of a type and a text or bytes.
    """
    if len(data) > LARGEST:
        raise ValueError(f"{len(data):,} bytes, at most {LARGEST:,}")
    if data[:1] and data[0] in _MAP:
        return _wrapped(data)
    expected = TYPES.get(expected, expected)
    if SENSORS.get(expected) is _tilts:
        return Payload(expected, data, is_wrapped=False)
    return Payload(expected, _text(data), is_wrapped=False)


def decode(data: bytes, expected: str = "") -> tuple[Reading, ...]:
    """Read what a sensor says: one reading, or for a pole tilt board one of each file.

    Args:
        data: The bytes, wrapped or not.
        expected: Which sensor it is, for those that are not.

    Raises:
        ValueError: It cannot be read, or there is nothing in it.
    """
    payload = unwrap(data, expected)
    reader = SENSORS.get(payload.sensor)
    return (PlainReading(payload.sensor, payload.value),) if reader is None else reader(payload.value)


def decode_config(data: bytes, expected: str = "") -> SensorConfig:
    """Read how a sensor is set.

    Raises:
        ValueError: It cannot be read.
    """
    payload = unwrap(data, expected)
    text = payload.value if isinstance(payload.value, str) else _text(payload.value)
    stamped = _CONFIG.fullmatch(text)
    if stamped is None:
        return SensorConfig(payload.sensor, text)
    return SensorConfig(payload.sensor, stamped[2], _moment(int(stamped[1])))


def _wrapped(data: bytes) -> Payload:
    stream = io.BytesIO(data)
    try:
        found: Any = cbor2.CBORDecoder(stream).decode()
    except Exception as trouble:  # noqa: BLE001 - tags raise whatever the types raise that they stand for
        raise ValueError(f"no CBOR: {type(trouble).__name__}") from None
    if not _is_map(found) or found.keys() != {_KEY, _VALUE}:
        raise ValueError("no map of a sensor and what it says")
    sensor, value = found[_KEY], found[_VALUE]
    if not isinstance(sensor, str) or not isinstance(value, str | bytes):
        raise ValueError("a sensor's type is text, and what it says is text or bytes")  # noqa: TRY004 - of the bytes
    if stream.tell() != len(data):
        raise ValueError("something follows the map")
    return Payload(sensor, value, is_wrapped=True)


def _is_map(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def _temperatures(value: str | bytes) -> tuple[Reading, ...]:
    match = _TEMPERATURE.fullmatch(_text(value))
    if match is None:
        raise ValueError("no time, temperature and unit")
    return (TemperatureReading(_moment(int(match[1])), float(match[2]), match[3]),)


def _echoes(value: str | bytes) -> tuple[Reading, ...]:
    match = _ECHO.fullmatch(_text(value))
    if match is None:
        raise ValueError("no text and count")
    return (EchoReading(match[1], int(match[2])),)


def _methanes(value: str | bytes) -> tuple[Reading, ...]:
    words = _text(value).strip("[]").removesuffix(",").split(",")
    if len(words) % 2:
        raise ValueError("a value without its unit")
    at: datetime | None = None
    counts: dict[str, int] = {}
    states: list[str] = []
    other: dict[str, str] = {}
    for said, unit in zip(words[::2], words[1::2], strict=True):
        match unit:
            case "t":
                at = datetime.strptime(said, "%d/%m/%y/%H/%M/%S").replace(tzinfo=UTC)
            case "lvl" | "h":
                if not _COUNT.fullmatch(said):
                    raise ValueError(f"no count: {said!r}")
                counts[unit] = int(said)
            case "s":
                states.append(said)
            case _:
                other[unit] = said
    return (MethaneReading(at, counts.get("lvl"), counts.get("h"), tuple(states), other),)


def _tilts(value: str | bytes) -> tuple[Reading, ...]:
    data = value if isinstance(value, bytes) else value.encode()
    readings: list[Reading] = []
    at = 0
    while at < len(data):
        if len(data) - at < _FILE.size:
            raise ValueError("a file without a whole head")
        second, sequence, length, _, kind = _FILE.unpack_from(data, at)
        start, at = at + _FILE.size, at + _FILE.size + length - 1
        if length < 1 or at > len(data):
            raise ValueError("a file of another length than it says")
        readings.append(_tilt(second, sequence, kind, data[start:at]))
    if not readings:
        raise ValueError("no file")
    return tuple(readings)


def _tilt(second: int, sequence: int, kind: int, data: bytes) -> TiltReading:
    known: dict[str, Any] = {}
    other: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        if len(data) - at < _ITEM.size:
            raise ValueError("an item without a whole head")
        tag, length = _ITEM.unpack_from(data, at)
        start, at = at + _ITEM.size, at + _ITEM.size + length
        if at > len(data):
            raise ValueError("an item that ends too soon")
        item = data[start:at]
        if tag not in _ITEMS:
            other[tag] = item
            continue
        name, size, read = _ITEMS[tag]
        if size is not None and len(item) != size:
            raise ValueError(f"{name} takes {size} bytes, not {len(item)}")
        known[name] = read(item)
    return TiltReading(_moment(second), sequence, kind, other=other, **known)


_ITEMS: Final[Mapping[int, tuple[str, int | None, Callable[[bytes], Any]]]] = {
    1: ("celsius", 2, lambda item: int.from_bytes(item, signed=True) / 100),
    2: ("shock", _AXES.size, _AXES.unpack),
    3: ("humidity", 1, lambda item: item[0]),
    4: ("alerts", 4, lambda item: TiltAlert(int.from_bytes(item))),
    5: ("tilt", _AXES.size, _AXES.unpack),
    6: ("shock_sum", None, bytes),
}

SENSORS: Final[Mapping[str, Callable[[str | bytes], tuple[Reading, ...]]]] = {
    "temp": _temperatures,
    "echo": _echoes,
    "ncmth1": _methanes,
    "lnic": _tilts,
}
"""Readers by the type that the map names."""


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()  # UnicodeDecodeError is a ValueError


def _moment(second: int) -> datetime:
    try:
        return datetime.fromtimestamp(second, UTC)
    except (OverflowError, OSError):
        raise ValueError("a time beyond the calendar") from None
