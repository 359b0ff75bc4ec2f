"""Failures, alarms, work orders, reports and batches: a night in which something breaks, and who mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.slv.support import LAMP, LAMP_ID, Caller

from vendorlab.mocks.slv.alarms import ON_FAILURE, ON_VALUE
from vendorlab.mocks.slv.batches import MOST_RUNNING
from vendorlab.mocks.slv.failures import Failures
from vendorlab.mocks.slv.models import DAY, TRANSITIONS, AlarmState, BatchState, OrderState

if TYPE_CHECKING:
    from tests.mocks.slv.conftest import MakeCaller

    from vendorlab.mocks.slv.failures import Failure
    from vendorlab.mocks.slv.models import Device


def next_failure(caller: Caller, *names: str) -> tuple[Device, Failure]:
    """The next failure of one of these kinds that somebody is going to have."""
    backend = caller.vendor.backend
    lamps = [device for device in backend.assets.all() if device.watts]
    found = [
        (device, failure)
        for device in lamps
        for failure in backend.lights.failures(device, backend.now, backend.now + 200 * DAY)
        if failure.begin > backend.now and failure.name in names
    ]
    return min(found, key=lambda pair: pair[1].begin)


def go_to(caller: Caller, second: int) -> None:
    caller.world.clock.advance(second - caller.vendor.backend.now)
    caller.log_in()


def key_of(device: Device) -> dict[str, str]:
    return {"controllerStrId": device.controller, "idOnController": device.on_controller}


def alarms(caller: Caller, **params: Any) -> list[dict[str, Any]]:
    return list(caller.json("alarm/getAlarms", params))


def test_lamp_fails_an_alarm_is_raised_and_a_work_order_closes_it(caller_of: MakeCaller) -> None:
    caller = caller_of(failure_rate=3)
    device, failure = next_failure(caller, "LampFailure", "BallastFailure")
    go_to(caller, failure.begin - 1)
    assert not [one for one in alarms(caller, active="true") if one["deviceId"] == device.id]
    caller.world.clock.advance(60)
    (alarm,) = [one for one in alarms(caller, active="true") if one["deviceId"] == device.id]
    assert (alarm["state"], alarm["valueName"], alarm["name"]) == ("RAISED", failure.name, "Lamp or ballast failure")
    assert alarm["eventTime"] < alarm["creationTime"]
    assert key_of(device).items() <= alarm.items()
    assert caller.last_value(failure.name, key_of(device)) == "true"
    seen = caller.value("alarm/acknowledgeAlarm", alarmId=alarm["id"])
    assert (seen["state"], seen["acknowledgeUser"]) == ("ACKNOWLEDGED", caller.known["username"])
    assert caller.json("alarm/acknowledgeAlarm", alarmId=alarm["id"])["errorCodeLabel"] == "CONFLICT"
    go_to(caller, failure.begin + 1_000)
    assert caller.last_value("LampLevel", key_of(device)) == "0.0"
    fields = {**key_of(device), "title": "Change the lamp", "alarmId": alarm["id"]}
    order = caller.value("workorder/createWorkOrder", fields)
    assert [one["id"] for one in caller.json("workorder/getWorkOrders", open="true")] == [order]
    closed = caller.value("workorder/closeWorkOrder", workOrderId=order, comment="new driver")
    assert (closed["state"], closed["alarmId"], closed["comment"]) == ("DONE", alarm["id"], "new driver")
    (after,) = [one for one in alarms(caller) if one["id"] == alarm["id"]]
    assert (after["state"], bool(after["closeTime"])) == ("CLOSED", True)
    caller.world.clock.advance(60)
    assert caller.last_value(failure.name, key_of(device)) == "false"
    assert not [one for one in alarms(caller, active="true") if one["deviceId"] == device.id]
    assert caller.json("workorder/closeWorkOrder", workOrderId=order)["status"] == "ERROR"


def test_failed_lamp_is_dark_through_the_night_and_uses_nothing(caller_of: MakeCaller) -> None:
    caller = caller_of(failure_rate=3)
    device, failure = next_failure(caller, "LampFailure", "BallastFailure")
    go_to(caller, failure.begin + DAY)
    lights = caller.vendor.backend.lights
    assert lights.burned(device, failure.begin, failure.begin + DAY) == [(failure.begin, 0)]
    assert {level for _, level in lights.commanded(device, failure.begin, failure.begin + DAY)} >= {0, 100}
    assert lights.sums(device, failure.begin, failure.begin + DAY).burning == 0


def test_lost_node_says_nothing_and_its_last_words_stay(caller_of: MakeCaller) -> None:
    caller = caller_of(failure_rate=10)
    device, failure = next_failure(caller, "DefaultLostNode")
    go_to(caller, failure.begin + 30)
    before = caller.json("logging/getDeviceLastValues", {**key_of(device), "valueNames": "Temperature"})
    middle = min(failure.begin + DAY, failure.end - 100)
    go_to(caller, middle)
    after = caller.json("logging/getDeviceLastValues", {**key_of(device), "valueNames": "Temperature"})
    assert before[0]["eventTime"] == after[0]["eventTime"]
    assert caller.last_value("DefaultLostNode", key_of(device)) == "true"
    found = caller.vendor.backend.logs.between([device], ["Temperature"], failure.begin, middle, middle)
    assert found == []


def test_stuck_relay_burns_by_day(caller_of: MakeCaller) -> None:
    caller = caller_of(failure_rate=30)
    device, failure = next_failure(caller, "RelayFailure")
    burned = caller.vendor.backend.lights.burned(device, failure.begin, failure.end)
    assert burned == [(failure.begin, 100)]


def test_failure_that_somebody_mended_meanwhile_closes_its_alarm(caller_of: MakeCaller) -> None:
    caller = caller_of(failure_rate=3)
    device, failure = next_failure(caller, "LampFailure", "BallastFailure")
    go_to(caller, failure.begin + 60)
    assert [one["state"] for one in alarms(caller) if one["deviceId"] == device.id][-1] == "RAISED"
    go_to(caller, failure.end + 1)
    assert [one["state"] for one in alarms(caller) if one["deviceId"] == device.id][-1] == "CLOSED"


def test_alarms_are_the_same_however_often_one_looks(caller_of: MakeCaller) -> None:
    often, once = (caller_of(failure_rate=20) for _ in range(2))
    for caller in (often, once):
        alarms(caller)
    for _ in range(40):
        often.world.clock.advance(DAY // 2 + 7)
        often.log_in()
        alarms(often)
    once.world.clock.advance(40 * (DAY // 2 + 7))
    once.log_in()
    first, second = ([{**one, "id": 0} for one in alarms(caller)] for caller in (often, once))
    assert len(first) > 20
    assert sorted(map(str, first)) == sorted(map(str, second))


@pytest.mark.parametrize("rate", [0.5, 3, 3.1, 50])
def test_failures_come_as_often_as_they_are_to(rate: float) -> None:
    failures = Failures(7, rate)
    found = failures.beginning(list(range(1_000, 1_400)), 1_700_000_000, 1_700_000_000 + 365 * DAY)
    assert len(found) == pytest.approx(400 * rate, rel=0.15)
    for lamp, failure in found[:50]:
        assert failure in failures.of(lamp, failure.begin, failure.begin + 1)
        assert failure not in failures.of(lamp, failure.end, failure.end + DAY)
    assert Failures(7, 0).beginning([1, 2], 0, 10**9) == []


# --- definitions -----------------------------------------------------------------------------------------------------


def test_definition_is_made_updated_and_deleted_as_clients_do(caller: Caller) -> None:
    names = ("alarmDefinitionName", "triggerConditionImplClassName", "alarmStateChangeActionImplClassName")
    made = caller.json(
        "alarmmanagement/createSingleActionAlarmDefinition", dict(zip(names, ("Hot", ON_VALUE, "Mail"), strict=True))
    )
    properties = {
        "triggerCondition.valueName": "Temperature",
        "triggerCondition.triggerValue": "60",
        "triggerCondition.operator": "gt",
    }
    fields = {
        "alarmDefinitionId": made["id"],
        "alarmName": "Too hot",
        "propertyName": list(properties),
        "propertyValue": list(properties.values()),
    }
    changed = caller.json("alarmmanagement/updateAlarmDefinition", fields)
    assert (changed["name"], changed["id"]) == ("Too hot", made["id"])
    for value, count in (("59", 0), ("61", 1), ("62", 2)):
        caller.world.clock.advance(1)
        fields = {**LAMP, "valueName": "Temperature", "value": value, "doLog": "true"}
        assert caller.value("loggingmanagement/setDeviceValues", fields) == "OK"
        assert len([one for one in alarms(caller) if one["name"] == "Too hot"]) == count
    assert caller.value("alarmmanagement/deleteAlarmDefinition", alarmDefinitionId=made["id"]) == "OK"
    assert [one["id"] for one in caller.json("alarmmanagement/getAllAlarmDefinitions")] == [1, 2, 3]


def test_failure_that_somebody_reports_raises_an_alarm_until_it_is_worked_off(caller: Caller) -> None:
    fields = {**LAMP, "valueName": "LampFailure", "value": "true", "doLog": "true"}
    assert caller.value("loggingmanagement/setDeviceValues", fields) == "OK"
    (alarm,) = alarms(caller, active="true")
    assert (alarm["deviceId"], alarm["valueName"]) == (LAMP_ID, "LampFailure")
    caller.world.clock.advance(5 * DAY)
    caller.log_in()
    assert [one["id"] for one in alarms(caller, active="true")] == [alarm["id"]]
    other = LAMP | {"idOnController": "L00002"}
    assert caller.json("workorder/createWorkOrder", other, title="x", alarmId=alarm["id"])["status"] == "ERROR"
    order = caller.value("workorder/createWorkOrder", LAMP, title="x")
    cancelled = caller.value("workorder/closeWorkOrder", workOrderId=order, done="false")
    assert (cancelled["state"], len(alarms(caller, active="true"))) == ("CANCELLED", 1)
    order = caller.value("workorder/createWorkOrder", LAMP, title="x")
    caller.value("workorder/closeWorkOrder", workOrderId=order)
    assert alarms(caller, active="true") == []


def test_definition_without_a_trigger_raises_nothing(caller_of: MakeCaller) -> None:
    caller = caller_of(failure_rate=20)
    for number in (1, 2, 3):
        assert caller.value("alarmmanagement/deleteAlarmDefinition", alarmDefinitionId=number) == "OK"
    before = len(alarms(caller))
    caller.world.clock.advance(20 * DAY)
    caller.log_in()
    assert len(alarms(caller)) == before
    assert ON_FAILURE != ON_VALUE


def test_alarm_of_a_deleted_device_is_closed(caller: Caller) -> None:
    fields = {**LAMP, "valueName": "LampFailure", "value": "true"}
    assert caller.value("loggingmanagement/setDeviceValues", fields) == "OK"
    assert caller.json("assetmanagement/deleteDevice", LAMP) == "OK"
    caller.world.clock.advance(1)
    assert alarms(caller) == [], "it belongs to no geozone any more"


# --- reports and batches ---------------------------------------------------------------------------------------------


def test_failure_report_tells_who_failed_for_how_long(caller_of: MakeCaller) -> None:
    caller = caller_of(failure_rate=20)
    window = {"from": "2026-11-01 00:00:00", "to": "2026-11-21 00:00:00"}
    found = caller.json("reporting/getReport", {"name": "failures", **window})["properties"]
    assert len(found["rows"]) > 5
    assert found["bottomRow"][4] == str(len(found["rows"]))
    assert float(found["bottomRow"][5]) == pytest.approx(sum(float(row[5]) for row in found["rows"]))
    assert all(0 < float(row[5]) <= 20 * 24 for row in found["rows"])
    assert [len(row) for row in found["rows"]] == [len(found["columnNames"])] * len(found["rows"])


def test_inventory_report_counts_every_device(caller: Caller) -> None:
    found = caller.json("reporting/getReport", name="inventory", geozoneId=1)["properties"]
    assert (found["bottomRow"][3], found["title"]) == ("46", "Inventory")


def test_report_of_nothing_is_refused(caller: Caller) -> None:
    for params in (
        {"name": "x"},
        {"name": "energy", "from": "2026-11-21 05:00:00"},
        {"name": "energy", "geozoneId": 99},
    ):
        assert caller.ask("reporting/getReport", params).status_code == 500


def test_batches_end_in_the_order_in_which_they_are_due(caller: Caller) -> None:
    first = caller.json("controllermanagement/commissionControllerAsync", controllerStrId="LP-001")
    caller.world.clock.advance(5)
    second = caller.json("dimmingscheduler/commissionControllersSchedulers", schedulerId=1, controllerStrId="LP-002")
    running: list[list[bool]] = []
    for _ in range(6):
        found = [caller.json("batch/getBatchResult", batchId=one["batchId"])["batchRunning"] for one in (first, second)]
        running.append(found)
        caller.world.clock.advance(5)
    assert running[0] == [True, True]
    assert running[-1] == [False, False]
    assert sorted(running, reverse=True) == running


def test_running_batches_are_bounded(caller: Caller) -> None:
    asked = [
        caller.json("controllermanagement/commissionControllerAsync", controllerStrId="LP-001")["status"]
        for _ in range(MOST_RUNNING + 1)
    ]
    assert asked == ["OK"] * MOST_RUNNING + ["ERROR"]


def test_batch_may_end_at_once_by_a_switch(caller_of: MakeCaller) -> None:
    caller = caller_of(batch_seconds=0)
    batch = caller.json("controllermanagement/commissionControllerAsync", controllerStrId="LP-001")
    assert caller.json("batch/getBatchResult", batchId=batch["batchId"])["batchRunning"] is False


def test_lives_are_tables_that_name_every_state() -> None:
    states = {*BatchState, *AlarmState, *OrderState}
    assert TRANSITIONS.keys() == states
    assert set().union(*TRANSITIONS.values()) <= states
