"""``alarmmanagement``, ``alarm``, ``workorder`` and ``reporting``: what is wrong, who mends it, and what it all came
to.

Of alarms only their definitions are public. That alarms and work orders can be listed, acknowledged and closed is
documented, by which methods is not: those of ``alarm`` and ``workorder`` are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import wire
from ..calls import KEY, Method, Type, flag, number, optional, several, text
from ..errors import InvalidParameter
from ..models import DAY, ROOT, AlarmState, OrderState
from ..serial import Array

if TYPE_CHECKING:
    from ..calls import Call
    from ..models import Alarm, Device, Order
    from ..serial import Tree

_DEFINITION = "SLVAlarmDefinition"


def _definitions(call: Call) -> Tree:
    return Array(_DEFINITION, map(wire.definition, call.backend.alarms.definitions.all()))


def _define(call: Call) -> Tree:
    made = call.backend.alarms.define(
        call["alarmDefinitionName"],
        call["triggerConditionImplClassName"],
        call["alarmStateChangeActionImplClassName"],
        call.now,
    )
    return wire.definition(made)


def _redefine(call: Call) -> Tree:
    names, values = call["propertyName"], call["propertyValue"]
    if len(names) != len(values):
        raise InvalidParameter(f"There are {len(names)} propertyName and {len(values)} propertyValue")
    properties = dict(zip(names, values, strict=True))
    changed = call.backend.alarms.redefine(call["alarmDefinitionId"], call["alarmName"], properties, call.now)
    return wire.definition(changed)


def _forget(call: Call) -> Tree:
    call.backend.alarms.forget_definition(call["alarmDefinitionId"], call.now)
    return wire.result("OK")


def _alarms(call: Call) -> Tree:
    alarms = call.backend.alarms
    alarms.look(call.now)
    inside = _devices(call)
    found = (one for one in alarms.alarms.all() if one.device in inside)
    return Array(
        "SLVAlarm", [_alarm(call, one) for one in found if not call["active"] or one.state is not AlarmState.CLOSED]
    )


def _acknowledge(call: Call) -> Tree:
    alarm = call.backend.alarms.acknowledge(call["alarmId"], call.user.login, call.now)
    return wire.result(_alarm(call, alarm))


def _order(call: Call) -> Tree:
    device = call.backend.assets.device(call["controllerStrId"], call["idOnController"])
    made = call.backend.alarms.order(device, call["alarmId"], call["title"], call.user.login, call.now)
    return wire.result(made.id)


def _orders(call: Call) -> Tree:
    found = call.backend.alarms.orders.all()
    return Array(
        "SLVWorkOrder", [_order_of(call, one) for one in found if not call["open"] or one.state is OrderState.OPEN]
    )


def _close_order(call: Call) -> Tree:
    closed = call.backend.alarms.close_order(call["workOrderId"], call["comment"], call.now, done=call["done"])
    return wire.result(_order_of(call, closed))


def _report(call: Call) -> Tree:
    end = call.now if call["to"] is None else call["to"]
    start = max(0, end - DAY) if call["from"] is None else call["from"]
    report = call.backend.reports.make(call["name"], call["geozoneId"], start, end)
    return wire.report(report)


def _devices(call: Call) -> set[int]:
    return {device.id for device in call.backend.assets.in_geozone(call["geozoneId"], recurse=True)}


def _device_of(call: Call, number: int) -> Device | None:
    return call.backend.assets.find_id(number)


def _alarm(call: Call, one: Alarm) -> Tree:
    return wire.alarm(one, _device_of(call, one.device), call.zone)


def _order_of(call: Call, one: Order) -> Tree:
    return wire.order(one, _device_of(call, one.device), call.zone)


_GEOZONE = optional("geozoneId", Type.INT, ROOT, servlet="geoZoneId", also=("geoZoneId",))
_ID = number("alarmDefinitionId")

METHODS = (
    Method(
        service="alarmmanagement",
        name="getAllAlarmDefinitions",
        answer=f"{_DEFINITION}-array",
        handler=_definitions,
        parameters=(flag("propertyDescriptors"),),
    ),
    Method(
        service="alarmmanagement",
        name="createSingleActionAlarmDefinition",
        answer=_DEFINITION,
        handler=_define,
        parameters=(
            text("alarmDefinitionName"),
            text("triggerConditionImplClassName"),
            text("alarmStateChangeActionImplClassName"),
        ),
        writes=True,
    ),
    Method(
        service="alarmmanagement",
        name="updateAlarmDefinition",
        answer=_DEFINITION,
        handler=_redefine,
        parameters=(
            _ID,
            optional("alarmName"),
            several("propertyName", required=False),
            several("propertyValue", required=False),
        ),
        writes=True,
    ),
    Method(
        service="alarmmanagement",
        name="deleteAlarmDefinition",
        answer=wire.RESULT,
        handler=_forget,
        parameters=(_ID,),
        writes=True,
    ),
    Method(
        service="alarm",
        name="getAlarms",
        answer="SLVAlarm-array",
        handler=_alarms,
        parameters=(_GEOZONE, flag("active")),
    ),
    Method(
        service="alarm",
        name="acknowledgeAlarm",
        answer=wire.RESULT,
        handler=_acknowledge,
        parameters=(number("alarmId"),),
        writes=True,
    ),
    Method(
        service="workorder",
        name="createWorkOrder",
        answer=wire.RESULT,
        handler=_order,
        parameters=(*KEY, text("title"), optional("alarmId", Type.INT)),
        writes=True,
    ),
    Method(
        service="workorder",
        name="getWorkOrders",
        answer="SLVWorkOrder-array",
        handler=_orders,
        parameters=(flag("open"),),
    ),
    Method(
        service="workorder",
        name="closeWorkOrder",
        answer=wire.RESULT,
        handler=_close_order,
        parameters=(number("workOrderId"), optional("comment"), flag("done", default=True)),
        writes=True,
    ),
    Method(
        service="reporting",
        name="getReport",
        answer="SLVReport",
        handler=_report,
        parameters=(
            text("name"),
            _GEOZONE,
            optional("from", Type.DATE),
            optional("to", Type.DATE),
        ),
    ),
)
