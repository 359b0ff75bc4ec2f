"""Between iNode's JSON and the models. Every field name of the vendor stands in this file.

Nothing public shows a payload: all shapes are inferred from the columns of the vendor's guides (dossier, 5.3 and 5.4),
here in one place so that a real sample can replace them in one change.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from ..core.django.fields import REQUIRED, WRONG_DATETIME, parse_datetime, whole_seconds, write_datetime
from ..core.django.refusals import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .models import Device, Grid, Link, Source, Status, User
    from .traffic import Report, Value

START, END = "start", "end"

TYPES: dict[str, dict[str, str]] = {
    "Grid": {"id": "integer", "name": "string"},
    "Link": {
        "id": "integer",
        "name": "string",
        "enabled": "boolean",
        "status": "string?",
        "data_sources": "string*",
        "default_data_source": "string",
        "origin_device": "integer?",
        "destination_device": "integer?",
        "distance": "number",
        "free_flow_speed": "number",
        "grid": "Grid?",
        "time_zone": "string",
        "last_travel_time": "integer?",
        "last_speed": "number?",
        "last_count": "integer?",
        "last_updated": "string?",
    },
    "Device": {
        "id": "integer",
        "name": "string",
        "online": "boolean",
        "live": "boolean",
        "vpn_ip": "string",
        "input_voltage": "number?",
        "current_consumption": "number?",
        "ambient_temperature": "number?",
        "cpu_temperature": "number?",
        "grid": "Grid?",
        "note": "string",
        "city": "string",
        "country": "string",
        "time_zone": "string",
        "latitude": "number",
        "longitude": "number",
        "last_seen": "string?",
    },
    "TravelTime": {
        "timestamp": "string",
        "travel_time": "integer",
        "speed": "number",
        "count": "integer?",
        "data_source": "string",
    },
}
"""What each field is, for the vendor's own description of itself: ``?`` for one that may be null, ``*`` for a list."""


def link(one: Link, status: Status, value: Value | None) -> dict[str, Any]:
    """A link, alone and in the list. Kilometres, km/h and seconds (inferred: the vendor is Canadian)."""
    return {
        "id": one.id,
        "name": one.name,
        "enabled": status.value != "disabled",
        "status": status.value if one.schedule is not None else None,
        "data_sources": [source.value for source in one.sources],
        "default_data_source": one.sources[0].value,
        "origin_device": one.origin,
        "destination_device": one.destination,
        "distance": one.metres / 1_000,
        "free_flow_speed": one.free_flow,
        "grid": _grid(one.grid),
        "time_zone": one.zone,
        "last_travel_time": value and value.travel_time,
        "last_speed": value and value.speed,
        "last_count": value and value.vehicles,
        "last_updated": value and write_datetime(value.updated),
    }


def device(one: Device, report: Report | None) -> dict[str, Any]:
    """A device, alone and in the list. Volts, amperes, degrees Celsius."""
    return {
        "id": one.id,
        "name": one.name,
        "online": report is not None and report.online,
        "live": one.live,
        "vpn_ip": one.vpn_ip,
        "input_voltage": report and report.voltage,
        "current_consumption": report and report.current,
        "ambient_temperature": report and report.ambient,
        "cpu_temperature": report and report.cpu,
        "grid": _grid(one.grid),
        "note": one.note,
        "city": one.city,
        "country": one.country,
        "time_zone": one.zone,
        "latitude": one.latitude,
        "longitude": one.longitude,
        "last_seen": report and write_datetime(report.seen),
    }


def travel_time(source: Source, value: Value) -> dict[str, Any]:
    """One step of a link's past (an extension)."""
    return {
        "timestamp": write_datetime(value.updated),
        "travel_time": value.travel_time,
        "speed": value.speed,
        "count": value.vehicles,
        "data_source": source.value,
    }


def user(one: User, key: str) -> dict[str, Any]:
    """A user, for people who look at the state; the key is masked already."""
    return {
        "username": one.email,
        "company": one.company,
        "role": one.role.value,
        "active": one.active,
        "api_key": key,
    }


def window(fields: Mapping[str, str], *, dates: bool) -> tuple[int, int]:
    """Start and end in seconds since 1970; a time that names no zone is in UTC.

    Args:
        fields: the query's.
        dates: a date alone is midnight, as newer stacks take it.
    """
    problems: dict[str, list[str]] = {}
    moments: list[int] = []
    for name in (START, END):
        text = fields.get(name, "").strip()
        try:
            moment = parse_datetime(text, dates=dates)
            moments.append(whole_seconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))
        except (ValueError, OverflowError):
            problems[name] = [WRONG_DATETIME if text else REQUIRED]
    if problems:
        raise ValidationError(problems)
    return moments[0], moments[1]


def _grid(grid: Grid | None) -> dict[str, Any] | None:
    return None if grid is None else {"id": grid.id, "name": grid.name}
