"""``dimming`` and ``dimmingscheduler``: commands by hand, schedules and calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import wire
from ..calls import KEY, Method, Parameter, Type, number, optional, several, text
from ..errors import InvalidParameter
from ..models import CATEGORY, Event, Item
from ..serial import Array
from ..values import VALUES, Kind
from .values import devices_of

if TYPE_CHECKING:
    from ..calls import Call, Handler
    from ..models import Device
    from ..serial import Tree

SEVERAL_SINCE = (7, 14)
"""The version since which several devices may be commanded at once (public)."""


def _lights(call: Call) -> list[Device]:
    devices = devices_of(call)
    if len(devices) > 1 and call.version.number < SEVERAL_SINCE:
        raise InvalidParameter("Several devices at once can be commanded since version 7.14")
    return devices


def _switch_on(call: Call) -> Tree:
    return _set_all(call, 100)


def _switch_off(call: Call) -> Tree:
    return _set_all(call, 0)


def _set_all(call: Call, level: int) -> Tree:
    devices = _lights(call)
    call.backend.lighting.set_levels(devices, [level] * len(devices), call.now)
    return wire.result("OK")


def _set_levels(call: Call) -> Tree:
    devices, levels = _lights(call), call["dimmingLevel"]
    if len(levels) == 1:
        levels = levels * len(devices)
    if len(levels) != len(devices):
        raise InvalidParameter(f"There are {len(devices)} devices and {len(levels)} dimmingLevel")
    call.backend.lighting.set_levels(devices, levels, call.now)
    return wire.result("OK")


def _exit_manual(call: Call) -> Tree:
    call.backend.lighting.let_go(_lights(call), call.now)
    return wire.result("OK")


def _formatted(call: Call) -> Tree:
    """What a device measured last, as people read it."""
    device = call.backend.assets.device(call["controllerStrId"], call["idOnController"])
    found: list[dict[str, str]] = []
    for one in VALUES.values():
        reading = call.backend.logs.last(device, one.name, call.now) if one.kind is not Kind.PROPERTY else None
        if reading is not None and device.category in one.categories:
            found.append({"name": one.name, "label": one.label, "value": f"{reading.value} {one.unit}".strip()})
    return Array("SLVFormattedValue", found)


# --- schedules and calendars -----------------------------------------------------------------------------------------


def _check_category(call: Call) -> None:
    if call["category"] not in (None, CATEGORY):
        raise InvalidParameter(f"Unknown category '{call['category'][:100]}'; there is: {CATEGORY}")


def _schedules(call: Call) -> Tree:
    _check_category(call)
    return wire.result(Array(wire.SCHEDULE, map(wire.schedule, call.backend.scheduling.schedules.all())))


def _create_schedule(call: Call) -> Tree:
    _check_category(call)
    scheduling = call.backend.scheduling
    made = scheduling.create_schedule(call["name"], call["timeline"], call["color"], call["description"])
    if call["template"]:
        template = next((one for one in scheduling.schedules.all() if one.name == call["template"]), None)
        for event in template.events if template else ():
            scheduling.add_event(made.id, event)
    return wire.result(made.id)


def _add_sun_event(call: Call) -> Tree:
    event = Event(call["level"], call["startSunEvent"], call["startOffsetInSeconds"])
    if not event.anchor:
        raise InvalidParameter("Parameter 'startSunEvent' is empty")
    call.backend.scheduling.add_event(call["scheduleId"], event)
    return wire.result("OK")


def _add_absolute_event(call: Call) -> Tree:
    hour, minute, second = call["startHour"], call["startMinute"], call["startSecond"]
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        raise InvalidParameter(f"There is no time {hour}:{minute}:{second}")
    event = Event(call["level"], "", hour * 3_600 + minute * 60 + second)
    call.backend.scheduling.add_event(call["scheduleId"], event)
    return wire.result("OK")


def _delete_schedule(call: Call) -> Tree:
    call.backend.scheduling.delete_schedule(call["scheduleId"])
    return wire.result("OK")


def _schedulers(call: Call) -> Tree:
    _check_category(call)
    return wire.result(Array(wire.SCHEDULER, map(wire.scheduler, call.backend.scheduling.schedulers.all())))


def _create_scheduler(call: Call) -> Tree:
    _check_category(call)
    return wire.result(call.backend.scheduling.create_scheduler(call["name"], call["description"]).id)


def _every_year(call: Call) -> Tree:
    item = Item(call["scheduleId"], call["fromMonth"], call["fromDayInMonth"], call["toMonth"], call["toDayInMonth"])
    if not item.from_month or not item.to_month:
        raise InvalidParameter("There is no month 0")
    call.backend.scheduling.add_item(call["schedulerId"], item)
    return wire.result("OK")


def _every_month(call: Call) -> Tree:
    last = 31 if call["lastDayInMonth"] else call["toDayInMonth"]
    call.backend.scheduling.add_item(call["schedulerId"], Item(call["scheduleId"], 0, call["fromDayInMonth"], 0, last))
    return wire.result("OK")


def _delete_scheduler(call: Call) -> Tree:
    call.backend.scheduling.delete_scheduler(call["schedulerId"])
    return wire.result("OK")


def _commission(call: Call) -> Tree:
    controllers = [call.backend.assets.controller(name) for name in dict.fromkeys(call["controllerStrId"])]
    return wire.batch(call.backend.push_scheduler(call["schedulerId"], controllers))


_DEVICES = (several("controllerStrId"), several("idOnController"))
_CATEGORY = optional("category")
_SCHEDULE, _SCHEDULER = number("scheduleId"), number("schedulerId")


def _row(name: str, handler: Handler, *parameters: Parameter, answer: str = wire.RESULT, writes: bool = True) -> Method:
    return Method(
        service="dimmingscheduler",
        name=name,
        answer=answer,
        handler=handler,
        parameters=parameters,
        writes=writes,
    )


METHODS = (
    Method(
        service="dimming",
        name="switchOn",
        answer=wire.RESULT,
        handler=_switch_on,
        parameters=_DEVICES,
        writes=True,
    ),
    Method(
        service="dimming",
        name="switchOff",
        answer=wire.RESULT,
        handler=_switch_off,
        parameters=_DEVICES,
        writes=True,
    ),
    Method(
        service="dimming",
        name="setDimmingLevels",
        answer=wire.RESULT,
        handler=_set_levels,
        parameters=(*_DEVICES, several("dimmingLevel", Type.INT)),
        writes=True,
    ),
    Method(
        service="dimming",
        name="exitManualModes",
        answer=wire.RESULT,
        handler=_exit_manual,
        parameters=_DEVICES,
        writes=True,
    ),
    Method(
        service="dimming",
        name="getDeviceFormattedMeteringValues",
        answer="SLVFormattedValue-array",
        handler=_formatted,
        parameters=KEY,
    ),
    _row("getSchedules", _schedules, _CATEGORY, writes=False),
    _row(
        "createSchedule",
        _create_schedule,
        text("name"),
        _CATEGORY,
        text("timeline"),
        optional("color", default="#ffffffff"),
        optional("description", default=""),
        optional("template"),
    ),
    _row(
        "addSunEventDayTimeScheduleEvent",
        _add_sun_event,
        _SCHEDULE,
        number("level"),
        text("startSunEvent"),
        optional("startOffsetInSeconds", Type.INT, 0),
    ),
    _row(
        "addAbsoluteDayTimeScheduleEvent",
        _add_absolute_event,
        _SCHEDULE,
        number("level"),
        number("startHour"),
        number("startMinute"),
        optional("startSecond", Type.INT, 0),
    ),
    _row("deleteSchedule", _delete_schedule, _SCHEDULE),
    _row("getSchedulers", _schedulers, _CATEGORY, writes=False),
    _row("createScheduler", _create_scheduler, text("name"), _CATEGORY, optional("description", default="")),
    _row(
        "addEveryYearSchedulerItemAt",
        _every_year,
        _SCHEDULE,
        _SCHEDULER,
        *(number(name) for name in ("fromMonth", "fromDayInMonth", "toMonth", "toDayInMonth")),
    ),
    _row(
        "addEveryMonthSchedulerItemAt",
        _every_month,
        _SCHEDULE,
        _SCHEDULER,
        number("fromDayInMonth"),
        number("toDayInMonth"),
        optional("lastDayInMonth", Type.BOOL, default=False),
    ),
    _row("deleteScheduler", _delete_scheduler, _SCHEDULER),
    _row("commissionControllersSchedulers", _commission, _SCHEDULER, several("controllerStrId"), answer=wire.BATCH),
)
