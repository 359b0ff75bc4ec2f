"""What an alert says: the payload of a mesh sensor, read as the vendor's own client and firmware write it."""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import cbor2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WRAPPED = b"\xa2\x00"
"""What the vendor's clients tell a map by: a map of two, whose first key is 0."""
_FILE = struct.Struct(">IIHHB")
_ITEM = struct.Struct(">HB")
_TEMPERATURE = re.compile(r"([0-9]+),(-?[0-9]+\.[0-9]{2}),([CF])", re.ASCII)
_ECHO = re.compile(r"(.*) ([0-9]+)", re.ASCII | re.DOTALL)
_NUMBER = re.compile(r"[0-9]+", re.ASCII)
_STATES = frozenset({"NG", "OK", "LB", "SF", "R"})
_TIME = re.compile(r"[0-9]{2}(?:/[0-9]{2}){5}", re.ASCII)


class PayloadError(AssertionError):
    """Bytes that no sensor sends: whoever published them is wrong."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload.

    Attributes:
        sensor: Which sensor, as the map says; None without a map.
        said: What it says, text or bytes.
        second: When it was measured, in seconds since 1970; None where it does not say.
        values: What was measured, by name.
    """

    sensor: str | None
    said: str | bytes
    second: int | None
    values: Mapping[str, Any]


def read(content: bytes, sensor: str | None = None) -> Payload:
    """Read a payload.

    Args:
        content: As it came.
        sensor: For a payload without the map, whose it is.

    Raises:
        PayloadError: No sensor sends this.
    """
    if not content.startswith(WRAPPED):
        try:
            said: str | bytes = content.decode()
        except UnicodeDecodeError as error:
            raise PayloadError(f"neither a map of CBOR nor text: {content[:40]!r}") from error
        return _payload(None, sensor, said)
    key, said = _unwrapped(content)
    return _payload(key, key, said)


def json_form(content: bytes) -> Any:
    """Return a payload as JSON has it (RFC 8949, section 6.1), for schemas; text stays text.

    Raises:
        PayloadError: It is neither the map nor text.
    """
    payload = read_any(content)
    said = payload.said
    shown = said if isinstance(said, str) else base64.urlsafe_b64encode(said).rstrip(b"=").decode()
    return shown if payload.sensor is None else {"0": payload.sensor, "1": shown}


def read_any(content: bytes) -> Payload:
    """Read a payload without looking at what the sensor says.

    Raises:
        PayloadError: It is neither the map nor text.
    """
    if content.startswith(WRAPPED):
        key, said = _unwrapped(content)
        return Payload(key, said, None, {})
    try:
        return Payload(None, content.decode(), None, {})
    except UnicodeDecodeError as error:
        raise PayloadError(f"neither a map of CBOR nor text: {content[:40]!r}") from error


def _unwrapped(content: bytes) -> tuple[str, str | bytes]:
    stream = BytesIO(content)
    try:
        found: Any = cbor2.load(stream)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise PayloadError(f"not CBOR: {error}") from error
    if stream.tell() != len(content):
        raise PayloadError(f"{len(content) - stream.tell()} bytes after the map")
    members: dict[Any, Any] = found  # it begins as a map does
    if [type(key) for key in members] != [int, int] or members.keys() != {0, 1}:
        raise PayloadError(f"a map of 0 and 1 is expected, not {members!r}")
    key, said = members[0], members[1]
    if not isinstance(key, str) or not isinstance(said, str | bytes):
        raise PayloadError(f"text under 0, and text or bytes under 1 are expected, not {members!r}")
    return key, said


def _payload(key: str | None, sensor: str | None, said: str | bytes) -> Payload:
    form = _FORMS.get(sensor or "")
    if form is None:
        return Payload(key, said, None, {})
    second, values = form(said)
    return Payload(key, said, second, values)


_Found = tuple[int | None, dict[str, Any]]


def _text(said: str | bytes) -> str:
    if isinstance(said, bytes):
        raise PayloadError("bytes where text is expected")
    return said


def temperature(said: str | bytes) -> _Found:
    """Read ``<epoch>,<degrees>,<C or F>``."""
    found = _TEMPERATURE.fullmatch(_text(said))
    if found is None:
        raise PayloadError(f"no temperature: {said!r}")
    return int(found[1]), {"temperature": found[2], "unit": found[3]}


def echo(said: str | bytes) -> _Found:
    """Read ``<text> <number>``."""
    found = _ECHO.fullmatch(_text(said))
    if found is None:
        raise PayloadError(f"no echo: {said!r}")
    return None, {"text": found[1], "number": found[2]}


def methane(said: str | bytes) -> _Found:
    """Read values with their units, the time first."""
    words = _text(said).split(",")
    if len(words) % 2:
        raise PayloadError(f"a value without a unit: {said!r}")
    second: int | None = None
    values: dict[str, Any] = {"states": []}
    for place, (value, unit) in enumerate(zip(words[::2], words[1::2], strict=True)):
        if unit == "t" and place == 0 and _TIME.fullmatch(value):
            try:
                second = int(datetime.strptime(value, "%d/%m/%y/%H/%M/%S").replace(tzinfo=UTC).timestamp())
            except ValueError as error:
                raise PayloadError(f"no time: {value!r}") from error
        elif unit in ("lvl", "h") and _NUMBER.fullmatch(value):
            values["gas" if unit == "lvl" else "hours"] = value
        elif unit == "s" and value in _STATES:
            values["states"].append(value)
        else:
            raise PayloadError(f"no value of a methane sensor: {value},{unit}")
    return second, values


def tilt(said: str | bytes) -> _Found:
    """Read files of items; the first file's time."""
    if isinstance(said, str):
        raise PayloadError("text where bytes are expected")
    second: int | None = None
    items: dict[int, bytes] = {}
    rest = said
    while rest or second is None:
        if len(rest) < _FILE.size:
            raise PayloadError(f"{len(rest)} bytes are no file")
        at, _sequence, length, _pad, _kind = _FILE.unpack_from(rest)
        end = _FILE.size + length - 1
        if length < 1 or len(rest) < end:
            raise PayloadError(f"a file of {length} bytes, of which {len(rest) - _FILE.size + 1} are there")
        second = at if second is None else second
        items |= _items(rest[_FILE.size : end])
        rest = rest[end:]
    return second, {"items": items}


def _items(content: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while content:
        if len(content) < _ITEM.size:
            raise PayloadError("an item that is cut off")
        tag, length = _ITEM.unpack_from(content)
        end = _ITEM.size + length
        if len(content) < end:
            raise PayloadError(f"an item of {length} bytes, of which {len(content) - _ITEM.size} are there")
        if tag in _SIZES and length != _SIZES[tag]:
            raise PayloadError(f"item {tag} of {length} bytes, not {_SIZES[tag]}")
        found[tag] = content[_ITEM.size : end]
        content = content[end:]
    return found


_SIZES: Mapping[int, int] = MappingProxyType({1: 2, 2: 12, 3: 1, 4: 4, 5: 12})
"""Temperature, shock, humidity, alert and tilt."""
_FORMS: Mapping[str, Callable[[str | bytes], _Found]] = MappingProxyType(
    {"temp": temperature, "echo": echo, "ncmth1": methane, "lnic": tilt}
)
