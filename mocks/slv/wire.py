"""Between SLV's names and the models. Every member of an answer stands in this file, once.

The members of devices, geozones, log values and results are public; types, nulls and all others are inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dates import write_date
from .models import CONTROLLER, BatchState
from .serial import Array, Map
from .values import VALUES, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from .assets import Assets
    from .errors import Refusal
    from .metering import Reading
    from .models import Alarm, Batch, Definition, Device, Geozone, Order, Profile, Schedule, Scheduler, User
    from .reports import Report
    from .values import ValueName

RESULT = "com.dotv.streetlightserver.api.data.SLVResult"
BATCH = "SLVBatchResult"
SCHEDULE, SCHEDULER = (f"com.slv.service.core.data.dto.{name}" for name in ("SLVSchedule", "SLVScheduler"))
PAIR = "SLVKeyValuePair"


def result(value: Any) -> dict[str, Any]:
    """``SLVResult`` of a call that went well."""
    return {
        "errorCode": 0,
        "errorCodeLabel": None,
        "message": None,
        "status": "OK",
        "statusOk": True,
        "statusError": False,
        "value": value,
    }


def failure(refusal: Refusal) -> dict[str, Any]:
    """``SLVResult`` of a call that cannot be."""
    return {
        "errorCode": refusal.code,
        "errorCodeLabel": refusal.label,
        "message": str(refusal),
        "status": "ERROR",
        "statusOk": False,
        "statusError": True,
        "value": refusal.value,
    }


def batch(one: Batch) -> dict[str, Any]:
    """``SLVBatchResult``."""
    return {
        "batchId": str(one.id),
        "batchRunning": one.state is BatchState.RUNNING,
        "status": "ERROR" if one.state is BatchState.FAILED else "OK",
        "message": one.message,
    }


def no_batch(refusal: Refusal) -> dict[str, Any]:
    """``SLVBatchResult`` of a batch that did not begin, or is not there."""
    return {"batchId": None, "batchRunning": False, "status": "ERROR", "message": str(refusal)}


def pairs(properties: Mapping[str, str]) -> Array:
    """Properties as a list."""
    return Array(PAIR, ({"key": key, "value": value} for key, value in properties.items()))


def device(one: Device, path: str, properties: Mapping[str, str]) -> dict[str, Any]:
    """``SLVDevice``."""
    return {
        "id": one.id,
        "type": "SLVController" if one.category == CONTROLLER else "SLVDevice",
        "name": one.name,
        "controllerStrId": one.controller,
        "idOnController": one.on_controller,
        "categoryStrId": one.category,
        "nodeTypeStrId": one.node_type,
        "technologyStrId": one.technology,
        "modelName": one.model,
        "address": one.address,
        "functionId": one.function,
        "geoZoneId": one.geozone,
        "geoZoneNamesPath": path,
        "lat": one.lat,
        "lng": one.lng,
        "properties": pairs(properties),
    }


def devices(found: Iterable[Device], assets: Assets) -> Array:
    """``SLVDevice-array``."""
    paths = {number: assets.path(number) for number in assets.geozones}
    return Array("SLVDevice", [device(one, paths[one.geozone], assets.properties(one)) for one in found])


def controller(one: Device) -> dict[str, Any]:
    """``SLVController``."""
    return {
        "strId": one.controller,
        "name": one.name,
        "controllerDevice": {"controllerStrId": one.controller, "id": one.id, "geoZoneId": one.geozone},
    }


def geozone(one: Geozone) -> dict[str, Any]:
    """``SLVGeoZone``."""
    return {
        "id": one.id,
        "name": one.name,
        "parentId": one.parent,
        "latMin": one.lat_min,
        "latMax": one.lat_max,
        "lngMin": one.lng_min,
        "lngMax": one.lng_max,
    }


def geozones(found: Iterable[Geozone]) -> Array:
    """``SLVGeoZone-array``."""
    return Array("SLVGeoZone", map(geozone, found))


def log_value(one: Device, name: str, reading: Reading, now: int, zone: tzinfo) -> dict[str, Any]:
    """``SLVLogValue``: the class's name is inferred."""
    return {
        "deviceId": one.id,
        "controllerStrId": one.controller,
        "idOnController": one.on_controller,
        "name": name,
        "value": reading.value,
        "eventTime": write_date(reading.at, zone),
        "updateTime": write_date(reading.known, zone),
        "status": "OK",
        "meaningLabel": VALUES[name].label,
        "info": None if reading.comment is None else {"comment": reading.comment},
        "eventTimeAgeInSeconds": max(0, now - reading.at),
        "errorMessage": None,
    }


def descriptor(one: ValueName, *, units: bool) -> dict[str, Any]:
    """``SLVDeviceValueDescriptor``; from 7.19 metered ones tell their unit (public)."""
    found: dict[str, Any] = {
        "name": one.name,
        "label": one.label,
        "labelKey": f"db.meaning.{one.name.lower()}.label",
        "type": one.type,
        "dataFormat": _data_format(one),
    }
    if units and one.kind is Kind.METERED:
        key = f"unit.{one.unit or 'none'}"
        found |= {"unitKey": key, "unitLabel": one.unit or "none", "unitShorthand": one.unit}
    return found


def _data_format(one: ValueName) -> Map | None:
    """What a value may be (public)."""
    found = Map()
    for number, (label, value) in enumerate(one.choices):
        found[f"item[{number}].label"] = label
        found[f"item[{number}].value"] = value
    return found or None


def schedule(one: Schedule) -> dict[str, Any]:
    """``SLVSchedule``."""
    return {
        "id": one.id,
        "name": one.name,
        "category": "STREETLIGHT_DIMMING",
        "timeline": one.timeline,
        "color": one.color,
        "description": one.description,
        "events": Array(
            "SLVScheduleEvent",
            (
                {
                    "level": event.level,
                    "startSunEvent": event.anchor or None,
                    "startOffsetInSeconds": event.seconds if event.anchor else None,
                    "startTime": None if event.anchor else _clock(event.seconds),
                }
                for event in one.events
            ),
        ),
    }


def scheduler(one: Scheduler) -> dict[str, Any]:
    """``SLVScheduler``."""
    return {
        "id": one.id,
        "name": one.name,
        "category": "STREETLIGHT_DIMMING",
        "description": one.description,
        "items": Array(
            "SLVSchedulerItem",
            (
                {
                    "scheduleId": item.schedule,
                    "fromMonth": item.from_month or None,
                    "fromDayInMonth": item.from_day,
                    "toMonth": item.to_month or None,
                    "toDayInMonth": item.to_day,
                }
                for item in one.items
            ),
        ),
    }


def user(one: User) -> dict[str, Any]:
    """``SLVUser``."""
    return {
        "login": one.login,
        "firstName": one.first_name,
        "lastName": one.last_name,
        "email": one.email,
        "phone": one.phone,
        "profilName": one.profile,
    }


def profile(one: Profile) -> dict[str, Any]:
    """``SLVProfil``."""
    return {"name": one.name, "properties": pairs(one.properties)}


def definition(one: Definition) -> dict[str, Any]:
    """``SLVAlarmDefinition``."""
    return {
        "id": one.id,
        "name": one.name,
        "triggerConditionImplClassName": one.trigger,
        "alarmStateChangeActionImplClassName": one.action,
        "properties": pairs(one.properties),
    }


def alarm(one: Alarm, of: Device | None, zone: tzinfo) -> dict[str, Any]:
    """``SLVAlarm``."""
    return {
        "id": one.id,
        "alarmDefinitionId": one.definition,
        "name": one.name,
        "state": one.state.value,
        "deviceId": one.device,
        "controllerStrId": None if of is None else of.controller,
        "idOnController": None if of is None else of.on_controller,
        "valueName": one.source,
        "eventTime": write_date(one.since, zone),
        "creationTime": write_date(one.raised, zone),
        "acknowledgeTime": _date(one.acknowledged, zone),
        "acknowledgeUser": one.user,
        "closeTime": _date(one.closed, zone),
    }


def order(one: Order, of: Device | None, zone: tzinfo) -> dict[str, Any]:
    """``SLVWorkOrder``."""
    return {
        "id": one.id,
        "title": one.title,
        "state": one.state.value,
        "deviceId": one.device,
        "controllerStrId": None if of is None else of.controller,
        "idOnController": None if of is None else of.on_controller,
        "alarmId": one.alarm,
        "user": one.user,
        "creationTime": write_date(one.created, zone),
        "closeTime": _date(one.closed, zone),
        "comment": one.comment,
    }


def report(one: Report) -> dict[str, Any]:
    """``SLVReport``: one member, ``properties``, which holds all the others (public)."""
    about = {"rowCount": str(len(one.rows)), **one.about}
    return {
        "properties": {
            "title": one.title,
            "columnNames": Array("string", (name for name, _ in one.columns)),
            "columnLabels": Array("string", (label for _, label in one.columns)),
            "metadatas": pairs(about),
            "rows": Array("SLVReportRow", (_cells(row) for row in one.rows)),
            "bottomRow": _cells(one.bottom),
        }
    }


def _cells(row: Iterable[Any]) -> Array:
    return Array("string", (None if cell is None else str(cell) for cell in row))


def _date(seconds: int | None, zone: tzinfo) -> str | None:
    return None if seconds is None else write_date(seconds, zone)


def _clock(seconds: int) -> str:
    return f"{seconds // 3_600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
