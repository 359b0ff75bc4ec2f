"""Between Scanalytics' JSON and the models. Every field name of the vendor stands in this file.

Documented are ``whoami``, and for the rest only that names are in camelCase: all other shapes are inferred (dossier,
4.5), here in one place so that a real sample can replace them in one change.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import msgspec

from ..core.django.fields import REQUIRED, WRONG_DATETIME, parse_datetime, whole_seconds, write_datetime
from ..core.django.refusals import ParseError, ValidationError
from .buckets import resolve_local

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .models import Array, Deployment, Device, Permission, User
    from .readings import Aggregate

START, END, TIMEZONE = "start", "end", "timezone"

LONGEST_NAME = 100


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
        "lastSeen": write_datetime(last_seen),
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
        raise ValidationError({"non_field_errors": [f"Invalid data. Expected a dictionary, but got {kind}."]})
    fields = cast("dict[str, Any]", content)
    name = fields.get("name")
    if "name" not in fields:
        raise ValidationError({"name": [REQUIRED]})
    if name is None:
        raise ValidationError({"name": ["This field may not be null."]})
    if not isinstance(name, str | int | float) or isinstance(name, bool):
        raise ValidationError({"name": ["Not a valid string."]})
    text = str(name).strip()
    if not text:
        raise ValidationError({"name": ["This field may not be blank."]})
    if len(text) > LONGEST_NAME:
        raise ValidationError({"name": [f"Ensure this field has no more than {LONGEST_NAME} characters."]})
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
        except ValidationError as error:
            problems |= error.fields
    if zone is None:
        problems[TIMEZONE] = [f'"{zone_name}" is not a valid choice.']
    if problems:
        raise ValidationError(problems)
    assert zone is not None
    return moments[0], moments[1], zone


def _moment(name: str, text: str | None, zone: ZoneInfo, *, dates: bool, strict: bool) -> int:
    """One end of the window in whole seconds since 1970, rounded up, since visits fall on whole seconds."""
    if text is None or not text.strip():
        raise ValidationError({name: [REQUIRED]})
    try:
        moment = parse_datetime(text.strip(), dates=dates)
        if moment.tzinfo is None:
            if strict and _shifts(moment, zone):
                raise ValidationError({name: [f'Invalid datetime for the timezone "{zone.key}".']})
            return resolve_local(moment.replace(microsecond=0), zone) + (moment.microsecond > 0)
        return whole_seconds(moment)
    except (ValueError, OverflowError):
        raise ValidationError({name: [WRONG_DATETIME]}) from None


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
