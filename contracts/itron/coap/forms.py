"""What this suite expects of answers, and how it reads what sensors send."""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import cbor2

from vendorlab.contracts.core.coap.message import Option
from vendorlab.contracts.itron.coap.gateway import CBOR, CONTENT

if TYPE_CHECKING:
    from vendorlab.contracts.core.coap.line import Answer
    from vendorlab.contracts.core.coap.message import Message

LARGEST_PAYLOAD = 128
"""Bytes of a board's payload, its wrapper included."""
_TEMPERATURE = re.compile(r"([0-9]{1,10}),(-?[0-9]+\.[0-9]{2}),([CF])", re.ASCII)
_TEMPERATURE_CONFIG = re.compile(r"([0-9]{1,10}),([CF])", re.ASCII)
_ECHO = re.compile(r"(.*) ([0-9]+)", re.ASCII | re.DOTALL)
_METHANE = re.compile(r"\d\d/\d\d/\d\d/\d\d/\d\d/\d\d,t(?:,(?:\d+,(?:lvl|h)|(?:NG|OK),s|LB,s|SF,s|R,s))+", re.ASCII)
_FILE, _TLV = struct.Struct(">IIHHB"), struct.Struct(">HB")
TAGS = {1: 2, 2: 12, 3: 1, 4: 4, 5: 12}
"""The lengths of the records of a pole tilt sensor's file, by their tags."""


def code(answer: Answer, *expected: str) -> None:
    """Expect one of some codes."""
    __tracebackhide__ = True
    answer.check(answer.code in expected, " or ".join(expected))


def bare(answer: Answer, *expected: str) -> None:
    """Expect one of some codes, and no payload."""
    __tracebackhide__ = True
    code(answer, *expected)
    answer.check(not answer.payload, "no payload")


def refused(answer: Answer, *expected: str) -> None:
    """Expect one of some codes; a payload may say why, as text (RFC 7252, section 5.5.2)."""
    __tracebackhide__ = True
    code(answer, *expected)
    if answer.payload:
        try:
            answer.payload.decode()
        except UnicodeDecodeError:
            answer.check(False, "a diagnostic payload to be text in UTF-8")


def content(answer: Answer, kind: int) -> bytes:
    """Expect 2.05 with a payload of a Content-Format, and return it."""
    __tracebackhide__ = True
    code(answer, CONTENT)
    found = answer.message.uint(Option.CONTENT_FORMAT)
    answer.check(found == kind or (found is None and kind == 0), f"Content-Format {kind}")
    return answer.payload


def wrapped(answer: Answer, key: str | None = None) -> str | bytes:
    """Expect 2.05 with a sensor's payload, and return what is in its wrapper."""
    __tracebackhide__ = True
    content(answer, CBOR)
    found = unwrapped(answer.payload)
    answer.check(found is not None, "a map in CBOR with 0, the sensor's type, and 1, its payload")
    kind, inner = cast("tuple[str, str | bytes]", found)
    answer.check(key is None or kind == key, f"the sensor's type {key!r}")
    return inner


def text(answer: Answer, key: str) -> str:
    """Expect a sensor's payload whose inside is text, and return that."""
    __tracebackhide__ = True
    inner = wrapped(answer, key)
    answer.check(isinstance(inner, str), "text under 1")
    return str(inner)


def unwrapped(payload: bytes) -> tuple[str, str | bytes] | None:
    """Return a sensor's type and payload out of the map around them; None if there is no such map, or more than it."""
    stream = io.BytesIO(payload)
    try:
        found: Any = cbor2.CBORDecoder(stream).decode()
    except (cbor2.CBORError, ValueError, RecursionError, OverflowError):
        return None
    if stream.read(1) or not isinstance(found, dict):
        return None
    pair = cast("dict[Any, Any]", found)  # type: ignore[redundant-cast] # pyright needs it
    if list(pair) != [0, 1] or not isinstance(pair[0], str) or not isinstance(pair[1], str | bytes):
        return None
    return pair[0], pair[1]


@dataclass(frozen=True, slots=True)
class Temperature:
    """What a temperature sensor says.

    Attributes:
        second: When, in seconds since 1970.
        hundredths: What it measured, in hundredths of a degree.
        unit: ``C`` or ``F``.
    """

    second: int
    hundredths: int
    unit: str


def temperature(answer: Answer) -> Temperature:
    """Expect a reading of a temperature sensor, and return it."""
    __tracebackhide__ = True
    found = _TEMPERATURE.fullmatch(text(answer, "temp"))
    answer.check(found, "epoch, value with two decimals, and C or F, with commas between")
    second, value, unit = cast("re.Match[str]", found).groups()
    return Temperature(int(second), int(value.replace(".", "")), unit)


def unit(answer: Answer) -> str:
    """Expect the configuration of a temperature sensor, and return its unit."""
    __tracebackhide__ = True
    found = _TEMPERATURE_CONFIG.fullmatch(text(answer, "temp"))
    answer.check(found, "epoch and C or F, with a comma between")
    return cast("re.Match[str]", found)[2]


def echo(answer: Answer) -> tuple[str, int]:
    """Expect what an echo sensor says, and return its string and its count."""
    __tracebackhide__ = True
    found = _ECHO.fullmatch(text(answer, "echo"))
    answer.check(found, "a string, a blank and a number")
    match = cast("re.Match[str]", found)
    return match[1], int(match[2])


def methane(answer: Answer) -> None:
    """Expect what a methane sensor says."""
    __tracebackhide__ = True
    answer.check(_METHANE.fullmatch(text(answer, "ncmth1")), "a time and pairs of a value and what it is")


def tilt(answer: Answer) -> list[dict[int, bytes]]:
    """Expect the files of a pole tilt sensor, and return the records of each by their tags."""
    __tracebackhide__ = True
    inner = wrapped(answer, "lnic")
    answer.check(isinstance(inner, bytes), "bytes under 1")
    files = _files(cast("bytes", inner))
    answer.check(files, "one file or more: time, number, length, padding and type, and records")
    for records in cast("list[dict[int, bytes]]", files):
        for tag, value in records.items():
            answer.check(TAGS.get(tag, len(value)) == len(value), f"a record {tag} of {TAGS.get(tag)} bytes")
    return cast("list[dict[int, bytes]]", files)


def _files(data: bytes) -> list[dict[int, bytes]] | None:
    """Return the records of each file; None if a length leads astray."""
    found: list[dict[int, bytes]] = []
    while data:
        if len(data) < _FILE.size:
            return None
        _, _, length, _, _ = _FILE.unpack_from(data)
        end = _FILE.size - 1 + length  # the length counts the type
        records = _records(data[_FILE.size : end]) if _FILE.size <= end <= len(data) else None
        if records is None:
            return None
        found.append(records)
        data = data[end:]
    return found


def _records(data: bytes) -> dict[int, bytes] | None:
    found: dict[int, bytes] = {}
    while data:
        if len(data) < _TLV.size:
            return None
        tag, length = _TLV.unpack_from(data)
        end = _TLV.size + length
        if end > len(data):
            return None
        found[tag] = data[_TLV.size : end]
        data = data[end:]
    return found


def observe(message: Message) -> int | None:
    """Return the number of a notification, or of the answer to a registration."""
    return message.uint(Option.OBSERVE)
