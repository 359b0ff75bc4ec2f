"""Every method in both styles and both forms; what services say of themselves; what is refused, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.slv.support import API, LAMP, LAMP_ID, Caller, as_text, like, parsed

from vendorlab.mocks.slv import wire
from vendorlab.mocks.slv.calls import SERVLETS, Style
from vendorlab.mocks.slv.catalogue import METHODS, WRITES

if TYPE_CHECKING:
    from tests.mocks.slv.conftest import MakeCaller

    from vendorlab.mocks.slv.calls import Method

BOX = {"latMin": 41.0, "latMax": 41.5, "lngMin": -73.0, "lngMax": -72.0}
WINDOW = {"from": "2026-11-20 00:00:00", "to": "2026-11-21 00:00:00"}
NIGHT = {"name": "Test night", "category": "STREETLIGHT_DIMMING", "timeline": "T_12_12"}
ALARM = {
    "alarmDefinitionName": "Too hot",
    "triggerConditionImplClassName": "SmartMeteringValueAlarmTriggersGenerator",
    "alarmStateChangeActionImplClassName": "MailAlarmStateChangeAction",
}

# Arguments by the names in a path. In a world that was just made, each call goes well.
GOOD: dict[str, dict[str, Any]] = {
    "asset/getAllControllers": {},
    "asset/getControllerDevices": {"controllerStrId": "LP-001"},
    "asset/getGeozoneDevices": {"geozoneId": 2, "recurse": "true", "categoryStrId": "streetlight"},
    "asset/getDevicesInBounds": {**BOX, "maxDevices": 3},
    "asset/getDevice": LAMP,
    "asset/searchDevicesExt": {"geozoneId": 1, "recurse": "true", "attributeName": "name", "attributeValue": "x"},
    "asset/getAllGeozones": {},
    "asset/searchGeozones": {"name": "Harb", "partialMatch": "true"},
    "asset/getGeozoneChildrenGeozones": {"geozoneId": 1},
    "asset/getGeozoneRoot": {},
    "asset/getProfilProperties": {},
    "assetmanagement/createCategoryDevice": {
        "userName": "New <lamp> & Co",
        "categoryStrId": "streetlight",
        "controllerStrId": "LP-001",
        "idOnController": "N1",
        "geozoneId": 2,
        "lat": 41.2,
        "lng": -72.6,
    },
    "assetmanagement/deleteDevice": LAMP,
    "assetmanagement/createGeozone": {"name": "Pier", "parentId": 1, **BOX},
    "assetmanagement/deleteGeozone": {"geozoneId": 7},
    "logging/getDevicesLogValues": {"deviceId": LAMP_ID, "name": ["LampLevel", "MeteredPower"], **WINDOW},
    "logging/getDeviceLastValues": {**LAMP, "valueNames": ["Energy", "LampFailure", "comment"]},
    "logging/getGeozoneDevicesLastValuesAsArray": {"geozoneId": 2, "valueNames": ["LampLevel", "MacAddress"]},
    "logging/getDeviceValueDescriptors": LAMP,
    "logging/getVirtualDeviceValueDescriptors": {
        "propertyName": "categoryStrId",
        "propertyValue": "controllerdevice",
    },
    "logging/getDeviceMeteringValueDescriptors": {},
    "loggingmanagement/setDeviceValues": {**LAMP, "valueName": "power", "value": 90, "doLog": "true"},
    "loggingmanagement/setDevicesValues": {
        "controllerStrId": ["LP-001", "LP-001"],
        "idOnController": ["L00001", "L00002"],
        "valueName": "comment",
        "value": "x",
    },
    "loggingmanagement/importDevicesFromCsvFileAsync": {
        "csvFile": "controllerStrId,idOnController,lat,lng\nLP-001,N,1,2"
    },
    "batch/getBatchResult": {"batchId": 1},
    "controllermanagement/commissionControllerAsync": {"controllerStrId": "LP-001", "flags": 7},
    "controllermanagement/commissionControllerDevicesListAsync": LAMP,
    "monitoringmanagement/replaceOLCs": {**LAMP, "newNetworkId": "0013500512345678"},
    "dimming/switchOn": LAMP,
    "dimming/switchOff": LAMP,
    "dimming/setDimmingLevels": {**LAMP, "dimmingLevel": 40},
    "dimming/exitManualModes": LAMP,
    "dimming/getDeviceFormattedMeteringValues": LAMP,
    "dimmingscheduler/getSchedules": {"category": "STREETLIGHT_DIMMING"},
    "dimmingscheduler/createSchedule": NIGHT,
    "dimmingscheduler/addSunEventDayTimeScheduleEvent": {
        "scheduleId": 1,
        "level": 80,
        "startSunEvent": "SUNSET",
        "startOffsetInSeconds": -600,
    },
    "dimmingscheduler/addAbsoluteDayTimeScheduleEvent": {"scheduleId": 1, "level": 5, "startHour": 3, "startMinute": 0},
    "dimmingscheduler/deleteSchedule": {"scheduleId": 101},
    "dimmingscheduler/getSchedulers": {"category": "STREETLIGHT_DIMMING"},
    "dimmingscheduler/createScheduler": {"name": "Calendar", "category": "STREETLIGHT_DIMMING"},
    "dimmingscheduler/addEveryYearSchedulerItemAt": {
        "scheduleId": 1,
        "schedulerId": 1,
        "fromMonth": 12,
        "fromDayInMonth": 24,
        "toMonth": 1,
        "toDayInMonth": 1,
    },
    "dimmingscheduler/addEveryMonthSchedulerItemAt": {
        "scheduleId": 1,
        "schedulerId": 1,
        "fromDayInMonth": 1,
        "toDayInMonth": 5,
        "lastDayInMonth": "false",
    },
    "dimmingscheduler/deleteScheduler": {"schedulerId": 101},
    "dimmingscheduler/commissionControllersSchedulers": {"schedulerId": 1, "controllerStrId": "LP-001"},
    "userprofile/getCurrentUser": {},
    "userprofile/getAllUsers": {},
    "userprofile/createUser": {
        "profilName": "Viewer",
        "login": "kim",
        "password": "secret",
        "email": "kim@example.com",
    },
    "userprofile/deleteUser": {"login": "spare"},
    "userprofile/changePassword": {"previousPassword": "{password}", "newPassword": "another"},
    "userprofile/getCurrentProfil": {},
    "userprofile/createProfil": {"profilName": "Crew", "geozoneId": 1},
    "userprofile/updateProfilProperties": {"profilName": "Viewer", "property.locale": "de_DE"},
    "userprofile/deleteProfil": {"profilName": "Spare"},
    "config/getServerProperties": {"name": ["version", "build"]},
    "controller/getSystemTimeStringInLocalTime": {"controllerStrId": "LP-001"},
    "alarmmanagement/getAllAlarmDefinitions": {"propertyDescriptors": "false"},
    "alarmmanagement/createSingleActionAlarmDefinition": ALARM,
    "alarmmanagement/updateAlarmDefinition": {
        "alarmDefinitionId": 1,
        "alarmName": "Dark",
        "propertyName": ["a", "b"],
        "propertyValue": ["1", "2"],
    },
    "alarmmanagement/deleteAlarmDefinition": {"alarmDefinitionId": 1},
    "alarm/getAlarms": {"active": "true"},
    "alarm/acknowledgeAlarm": {"alarmId": 1},
    "workorder/createWorkOrder": {**LAMP, "title": "Look at it"},
    "workorder/getWorkOrders": {"open": "true"},
    "workorder/closeWorkOrder": {"workOrderId": 1, "comment": "done"},
    "reporting/getReport": {"name": "energy", "geozoneId": 1, **WINDOW},
}

BY_NAME = {method.operation: method for method in METHODS}


def prepared(caller: Caller) -> Caller:
    """A world in which every call of ``GOOD`` goes well."""
    assert caller.value("dimmingscheduler/createSchedule", {**NIGHT, "name": "Spare"}) == 101
    assert caller.value("dimmingscheduler/createScheduler", name="Spare") == 101
    assert caller.json("userprofile/createProfil", profilName="Spare", geoZoneId=1)["name"] == "Spare"
    caller.json("userprofile/createUser", profilName="Viewer", login="spare", password="secret")
    assert caller.json("controllermanagement/commissionControllerAsync", controllerStrId="LP-002")["batchId"] == "1"
    failure = {**LAMP, "valueName": "LampFailure", "value": "true", "doLog": "true"}
    assert caller.value("loggingmanagement/setDeviceValues", failure) == "OK"
    assert caller.value("workorder/createWorkOrder", LAMP, title="x") == 1
    return caller


def filled(caller: Caller, method: Method) -> dict[str, Any]:
    known = caller.known["password"]
    return {name: known if value == "{password}" else value for name, value in GOOD[method.operation].items()}


def spelled(method: Method, given: dict[str, Any], style: Style) -> dict[str, Any]:
    names = {one.name: one.spelled(style)[0] for one in method.parameters}
    return {names.get(name, name): value for name, value in given.items()}


def alike(caller_of: MakeCaller, method: Method) -> list[Caller]:
    """Four worlds that are alike, for a call that changes something; else one world for all four ways to call."""
    if method.writes or method.name == "changePassword":
        return [prepared(caller_of()) for _ in range(4)]
    return [prepared(caller_of())] * 4


def test_table_of_good_calls_is_complete() -> None:
    assert GOOD.keys() == BY_NAME.keys()


@pytest.mark.parametrize("name", list(GOOD))
def test_styles_and_forms_answer_alike(caller_of: MakeCaller, name: str) -> None:
    method = BY_NAME[name]
    callers = get_path, post_path, get_servlet, post_servlet = alike(caller_of, method)
    in_path = spelled(method, filled(get_path, method), Style.PATH)
    with_servlet = {"methodName": method.servlet, **spelled(method, filled(get_path, method), Style.SERVLET)}
    servlet = f"{API}servlet/{SERVLETS[method.service]}"
    tree = get_path.json(name, in_path)
    assert post_path.http.post(API + name, data={**in_path, "ser": "json"}).json() == tree
    first = get_servlet.http.get(servlet, params={**with_servlet, "ser": "xml"})
    second = post_servlet.http.post(servlet, data=with_servlet)
    assert first.content == second.content
    root = parsed(first)
    assert root.tag == method.answer
    if tree is None:
        assert (root.text, len(root)) == (None, 0)
    else:
        assert like(root, tree) == as_text(tree)
    for caller in callers:
        assert (caller.last.operation, caller.last.cause) == (name, "ok")


@pytest.mark.parametrize("name", [name for name in GOOD if BY_NAME[name].parameters])
def test_call_without_its_parameters_is_refused_in_its_own_form(shared: Caller, name: str) -> None:
    method = BY_NAME[name]
    if not any(one.required for one in method.parameters) and method.service != "loggingmanagement":
        return
    answer = shared.ask(name, ser="json")
    assert_refused(method, answer)
    assert shared.last.cause == "missing-parameter"


def assert_refused(method: Method, answer: Any) -> None:
    if method.answer == wire.RESULT:
        result = answer.json()
        assert answer.status_code == 200
        assert result["errorCode"] != 0
        assert isinstance(result["errorCode"], int)
        assert (result["status"], result["statusOk"], result["statusError"]) == ("ERROR", False, True)
        assert result["errorCodeLabel"]
        assert result["message"]
    elif method.answer == wire.BATCH:
        assert answer.status_code == 200
        assert answer.json()["batchId"] is None
        assert (answer.json()["batchRunning"], answer.json()["status"]) == (False, "ERROR")
    else:
        assert (answer.status_code, answer.headers["content-type"]) == (500, "text/plain;charset=UTF-8")
        assert answer.text


STRANGE: dict[str, list[Any]] = {
    "controllerStrId": ["LP-999", "", "' OR 1=1 --", "x" * 5_000],
    "idOnController": ["L99999", "\x00", "../../etc"],
    "geozoneId": [99_999, -1, 2**63, 2**200],
    "parentId": [99_999, "abc"],
    "deviceId": [5, "abc", 2**70],
    "scheduleId": [9_999, "1.5", ""],
    "schedulerId": [9_999, "x"],
    "batchId": [9_999, "x", -(2**63)],
    "alarmDefinitionId": [9_999, "x"],
    "alarmId": [9_999],
    "workOrderId": [9_999],
    "name": ["\ud7ff nothing"],
    "valueName": ["NoSuchValue", ""],
    "valueNames": ["NoSuchValue"],
    "from": ["yesterday", "2026-02-30 00:00:00", "2026-11-20", "", "2026-11-20T00:00:00"],
    "to": ["31/02/2026 00:00:00", "0000-00-00 00:00:00", "2026-11-20 00:00:00Z", "20/11/2026 24:00:00"],
    "eventTime": ["now", "9999-99-99 99:99:99"],
    "recurse": ["maybe", ""],
    "lat": ["north", "nan", "inf", 91],
    "lng": [181, "1,5"],
    "latMin": ["nan", 100],
    "dimmingLevel": [101, -1, "50%", 10**30],
    "level": [101, "x"],
    "startSunEvent": ["NOON", ""],
    "startHour": [24, -1],
    "timeline": ["T_06_18"],
    "fromMonth": [13, 0],
    "toDayInMonth": [32, 0],
    "newNetworkId": ["", "not an id!", "x" * 100],
    "categoryStrId": ["spaceship"],
    "attributeOperator": ["like"],
    "attributeName": ["password"],
    "maxDevices": [-1],
    "maxResults": [-1],
    "propertyName": ["password"],
    "profilName": ["Nobody"],
    "login": ["", "a:b"],
    "password": ["", "x" * 300],
    "previousPassword": ["wrong"],
    "triggerConditionImplClassName": ["java.lang.Runtime"],
    "csvFile": ["", "a,b\n1,2", "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", '"', "\x00"],
    "category": ["OTHER"],
}
# Where these make sense after all: a list is empty, or nobody minds.
FINE = {
    ("assetmanagement/createCategoryDevice", "idOnController"),
    ("asset/getGeozoneDevices", "categoryStrId"),
    ("asset/searchGeozones", "name"),
    ("assetmanagement/createGeozone", "name"),
    ("dimmingscheduler/createSchedule", "name"),
    ("dimmingscheduler/createScheduler", "name"),
    ("userprofile/createProfil", "profilName"),
    ("alarmmanagement/updateAlarmDefinition", "propertyName"),
}


@pytest.fixture(scope="module")
def shared() -> Caller:
    from tests.mocks.support import make_world

    return prepared(Caller(make_world("slv", settings={"failure_rate": 0})))


@pytest.mark.parametrize("name", list(BY_NAME))
def test_nonsense_is_refused_in_its_own_form_and_changes_nothing(shared: Caller, name: str) -> None:
    method = BY_NAME[name]
    before = kept(shared)
    for parameter in method.parameters:
        for value in STRANGE.get(parameter.name, ()):
            if (name, parameter.name) not in FINE:
                answer = shared.ask(name, {**filled(shared, method), parameter.name: value, "ser": "json"})
                assert shared.last.cause not in ("ok", "defect"), (parameter.name, str(value)[:50], answer.text)
                assert_refused(method, answer)
    assert kept(shared) == before


def kept(caller: Caller) -> dict[str, Any]:
    """All that a refused call has no business with."""
    tables = caller.vendor.snapshot()
    return {table: rows for table, rows in tables.items() if table not in ("slv_counters", "slv_sessions")}


# --- names -----------------------------------------------------------------------------------------------------------


def test_spelling_differs_by_style(caller: Caller) -> None:
    assert caller.json("asset/getGeozoneDevices", geozoneId=2)
    assert caller.json("servlet/SLVAssetAPI", methodName="getGeoZoneDevices", geoZoneId=2)
    assert caller.ask("asset/getGeoZoneDevices", geozoneId=2).status_code == 404
    assert caller.ask("servlet/SLVAssetAPI", methodName="getGeozoneDevices", geoZoneId=2).status_code == 404
    assert caller.ask("asset/getGeozoneDevices", geoZoneId=2).status_code == 500
    assert caller.ask("servlet/SLVAssetAPI", methodName="getGeoZoneDevices", geozoneId=2).status_code == 500


@pytest.mark.parametrize(
    "path",
    [
        "asset/getGeoZoneRoot",
        "asset/getGeozoneRoot",
        "logging/getGeoZoneDevicesLastValuesAsArray?geoZoneId=2&valueNames=LampLevel",
        "userprofile/createProfil?profilName=x&geoZoneId=1",
        "batch/getBatchResult?batch=1",
        "servlet/SLVBatchAPI?methodName=getBatchResult&batch=1",
    ],
)
def test_names_that_working_clients_use_are_taken_too(shared: Caller, path: str) -> None:
    assert shared.http.get(API + path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "asset/nothing",
        "nothing/getDevice",
        "asset",
        "asset/",
        "asset/getDevice/",
        "asset/getdevice",
        "servlet/SLVAssetAPI",
        "servlet/SLVAssetAPI?methodName=",
        "servlet/SLVAssetAPI?methodName=switchOn",
        "servlet/SLVassetAPI?methodName=getDevice",
        "servlet/SLVNothingAPI?methodName=desc",
        "asset/__class__",
    ],
)
def test_unknown_method_is_404(shared: Caller, path: str) -> None:
    answer = shared.http.get(API + path)
    assert (answer.status_code, answer.text) == (404, "Not Found")
    assert shared.last.cause == "no-such-method"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_of_http_are_405(shared: Caller, method: str) -> None:
    answer = shared.http.request(method, f"{API}asset/getAllControllers")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_head_is_a_get_without_a_body(shared: Caller) -> None:
    answer = shared.http.head(f"{API}asset/getAllControllers")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("service", list(SERVLETS))
def test_service_describes_itself(shared: Caller, service: str) -> None:
    found = shared.json(f"{service}/desc")
    by_servlet = shared.json(f"servlet/{SERVLETS[service]}", methodName="desc")
    methods = [method for method in METHODS if method.service == service]
    assert [one["name"] for one in found["methods"]] == [method.name for method in methods]
    assert [one["name"] for one in by_servlet["methods"]] == [method.servlet for method in methods]
    assert [one["returnType"] for one in found["methods"]] == [method.answer for method in methods]
    root = parsed(shared.ask(f"{service}/desc"))
    assert like(root, found) == as_text(found)


def test_what_writes_is_what_a_viewer_may_not(shared: Caller) -> None:
    viewer = shared.vendor.backend.people.profile("Viewer")
    assert viewer.blocked == WRITES
    assert not [method.name for method in METHODS if method.name.startswith("get") and method.writes]


def test_form_wins_over_nothing_and_query_over_form(shared: Caller) -> None:
    answer = shared.http.post(
        f"{API}asset/getDevice?ser=json&idOnController=L00001",
        data={"idOnController": "L9", "controllerStrId": "LP-001"},
    )
    assert answer.json()["id"] == LAMP_ID


def test_xml_is_what_an_unknown_form_gives(shared: Caller) -> None:
    for form in ("", "yaml", "JSON", "xml"):
        assert parsed(shared.ask("asset/getGeozoneRoot", ser=form)).tag == "SLVGeoZone"
