"""Between Scanalytics' JSON and the models. Every field name of the vendor stands in this file.

Documented are ``whoami``, and for the rest only that names are in camelCase: all other shapes are inferred (dossier,
4.5), here in one place so that a real sample can replace them in one change.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import msgspec

from ..core.django.drf import ParseError
from .buckets import resolve_local
from .errors import InvalidFields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .models import Array, Deployment, Device, Permission, User
    from .readings import Aggregate

START, END, TIMEZONE = "start", "end", "timezone"

REQUIRED = "This field is required."
WRONG_DATETIME = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
LONGEST_NAME = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATETIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"[T ]([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:[.,]([0-9]{1,6})[0-9]{0,6})?)?"
    r"\s*(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?",
    re.ASCII,
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", re.ASCII)


def whoami(user: User) -> dict[str, Any]:
    """``GET /v1/whoami`` (documented)."""
    return {
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "timezone": user.timezone,
    }


def deployment(one: Deployment, permission: Permission, arrays: Mapping[str, Array]) -> dict[str, Any]:
    """A deployment, alone and in the list (inferred)."""
    return {
        "key": one.key,
        "name": one.name,
        "timezone": one.timezone,
        "permission": permission.value,
        "arrays": [{"key": key, "name": arrays[key].name} for key in one.arrays],
    }


def array(one: Array) -> dict[str, Any]:
    """An array, alone and in the list (inferred)."""
    return {
        "key": one.key,
        "name": one.name,
        "deploymentKey": one.deployment,
        "type": one.kind,
        "widthMeters": one.width,
        "lengthMeters": one.length,
        "devices": list(one.devices),
    }


def device(one: Device, last_seen: int) -> dict[str, Any]:
    """A device, alone and in the list (inferred)."""
    return {
        "key": one.key,
        "name": one.name,
        "arrayKey": one.array,
        "deploymentKey": one.deployment,
        "online": one.offline_since is None,
        "lastSeen": datetime.fromtimestamp(last_seen, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "firmware": one.firmware,
    }


def buckets(metric: str, found: Aggregate | None) -> bytes:
    """An aggregate as JSON (inferred): a bare list of a start and a value named as the metric."""
    return b"[]" if found is None else found.encode("start", metric)


def new_name(body: bytes) -> str:
    """The name in a request to change one, which is JSON (inferred)."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ParseError(str(error)) from error
    if not isinstance(content, dict):
        kind = type(content).__name__
        raise InvalidFields({"non_field_errors": [f"Invalid data. Expected a dictionary, but got {kind}."]})
    fields = cast("dict[str, Any]", content)
    name = fields.get("name")
    if "name" not in fields:
        raise InvalidFields({"name": [REQUIRED]})
    if name is None:
        raise InvalidFields({"name": ["This field may not be null."]})
    if not isinstance(name, str | int | float) or isinstance(name, bool):
        raise InvalidFields({"name": ["Not a valid string."]})
    text = str(name).strip()
    if not text:
        raise InvalidFields({"name": ["This field may not be blank."]})
    if len(text) > LONGEST_NAME:
        raise InvalidFields({"name": [f"Ensure this field has no more than {LONGEST_NAME} characters."]})
    return text


def window(fields: Mapping[str, str], default_zone: str, *, dates: bool, strict: bool) -> tuple[int, int, ZoneInfo]:
    """Start and end in seconds since 1970, and the zone by which buckets are grouped.

    Args:
        fields: the query's.
        default_zone: the user's own, for a request that names none (inferred).
        dates: a date alone is local midnight, as newer stacks take it.
        strict: refuse local times that daylight saving skips or repeats.
    """
    zone_name = fields.get(TIMEZONE, default_zone)
    zone = find_zone(zone_name)
    problems: dict[str, list[str]] = {}
    moments: list[int] = []
    for name in (START, END):
        try:
            moments.append(_moment(name, fields.get(name), zone or ZoneInfo("UTC"), dates=dates, strict=strict))
        except InvalidFields as error:
            problems |= error.fields
    if zone is None:
        problems[TIMEZONE] = [f'"{zone_name}" is not a valid choice.']
    if problems:
        raise InvalidFields(problems)
    assert zone is not None
    return moments[0], moments[1], zone


def _moment(name: str, text: str | None, zone: ZoneInfo, *, dates: bool, strict: bool) -> int:
    """One end of the window in whole seconds since 1970, rounded up, since visits fall on whole seconds."""
    if text is None or not text.strip():
        raise InvalidFields({name: [REQUIRED]})
    try:
        moment = _parse(text.strip(), dates=dates)
        if moment.tzinfo is None:
            if strict and _shifts(moment, zone):
                raise InvalidFields({name: [f'Invalid datetime for the timezone "{zone.key}".']})
            return resolve_local(moment.replace(microsecond=0), zone) + (moment.microsecond > 0)
        return -((_EPOCH - moment) // timedelta(seconds=1))
    except (ValueError, OverflowError):
        raise InvalidFields({name: [WRONG_DATETIME]}) from None


def _parse(text: str, *, dates: bool) -> datetime:
    """A date-time as DRF reads it; ``ValueError`` for anything else, Unix seconds included."""
    if dates and _DATE.fullmatch(text):
        text += "T00:00"
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    micros = int((fraction or "").ljust(6, "0"))
    return datetime(
        int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micros, tzinfo=_offset(offset)
    )


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))


def _shifts(naive: datetime, zone: ZoneInfo) -> bool:
    """Whether daylight saving skips or repeats this local time."""
    first, second = (naive.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first != second


@lru_cache(maxsize=1_024)
def find_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name, or None; any text may be asked."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None
