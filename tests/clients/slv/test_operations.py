"""What the client asks, in both styles, and what it makes of the answers in both forms."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.slv.fake_vendor import LAMP, Answer, FakeVendor, body, form_of, query_of, result

from vendorlab.clients.slv import (
    Controller,
    DeviceKey,
    GeoZone,
    NotFound,
    OperationFailed,
    ServerError,
    UnexpectedResponse,
    UsageError,
    ValueDescriptor,
)

if TYPE_CHECKING:
    from tests.clients.faces import Face, MakeFace

KEY = DeviceKey("C1", "L7")
IDENTITY = {"controllerStrId": ["C1"], "idOnController": ["L7"]}
CATEGORY = {"category": ["STREETLIGHT_DIMMING"]}

# What is called, and the method and parameters that it comes to; the servlet's spelling after a bar.
READS: list[tuple[tuple[Any, ...], dict[str, Any], str, dict[str, list[str]]]] = [
    (("user",), {}, "userprofile/getCurrentUser", {}),
    (("geozones",), {}, "asset/getAllGeozones", {}),
    (("geozone_root",), {}, "asset/getGeoZoneRoot", {}),
    (("geozone_children", 4), {}, "asset/getGeozoneChildrenGeozones", {"geozoneId": ["4"]}),
    (
        ("search_geozones", "No&rth"), {"partial": True}, "asset/searchGeozones",
        {"name": ["No&rth"], "partialMatch": ["true"]},
    ),
    (("controllers",), {}, "asset/getAllControllers", {}),
    (("controller_devices", "C1"), {}, "asset/getControllerDevices", {"controllerStrId": ["C1"]}),
    (
        ("devices", 4), {"categories": ["streetlight", "switch"]}, "asset/getGeozoneDevices",
        {"geozoneId": ["4"], "recurse": ["true"], "categoryStrId": ["streetlight", "switch"]},
    ),
    (
        ("devices_in_bounds", (40.5, 41), (-74, -73)), {"limit": 9}, "asset/getDevicesInBounds",
        {"latMin": ["40.5"], "latMax": ["41"], "lngMin": ["-74"], "lngMax": ["-73"], "maxDevices": ["9"]},
    ),
    (("device", KEY), {}, "asset/getDevice", IDENTITY),
    (
        ("search_devices", "name", "Main"), {"operator": "eq-i", "geozone_id": 4, "limit": 5}, "asset/searchDevicesExt",
        {
            "geozoneId": ["4"], "recurse": ["true"], "maxResults": ["5"], "returnedInfo": ["devicesList"],
            "attributeName": ["name"], "attributeOperator": ["eq-i"], "attributeValue": ["Main"],
        },
    ),
    (("schedules",), {}, "dimmingscheduler/getSchedules", CATEGORY),
    (("schedulers",), {}, "dimmingscheduler/getSchedulers", CATEGORY),
    (("batch", "b9"), {}, "batch/getBatchResult", {"batchId": ["b9"], "batch": ["b9"]}),
]  # fmt: skip

WRITES: list[tuple[tuple[Any, ...], dict[str, Any], str, dict[str, list[str]]]] = [
    (("switch_on", KEY), {}, "dimming/switchOn", IDENTITY),
    (("switch_off", ("C1", "L7")), {}, "dimming/switchOff", IDENTITY),
    (("set_dimming", KEY, 40), {}, "dimming/setDimmingLevels", IDENTITY | {"dimmingLevel": ["40"]}),
    (("exit_manual", KEY), {}, "dimming/exitManualModes", IDENTITY),
    (("replace_node", KEY, "A1"), {}, "monitoringmanagement/replaceOLCs", IDENTITY | {"newNetworkId": ["A1"]}),
    (
        ("set_values", KEY, {"power": 90.5, "dimmable": True, "address": "é & co"}),
        {"event_time": datetime(2026, 7, 1, 12, tzinfo=UTC), "comment": "by hand"},
        "loggingmanagement/setDeviceValues",
        IDENTITY | {
            "valueName": ["power", "dimmable", "address"], "value": ["90.5", "true", "é & co"], "doLog": ["true"],
            "eventTime": ["2026-07-01 08:00:00"], "comment": ["by hand"],
        },
    ),
    (
        ("create_device", KEY, "Main St 7"), {"category": "streetlight", "geozone_id": 4, "lat": 40.75, "lng": -73.5},
        "assetmanagement/createCategoryDevice",
        IDENTITY | {
            "userName": ["Main St 7"], "categoryStrId": ["streetlight"], "geoZoneId": ["4"],
            "lat": ["40.75"], "lng": ["-73.5"],
        },
    ),
    (("delete_device", KEY), {}, "assetmanagement/deleteDevice", IDENTITY),
    (
        ("create_geozone", "South", 1), {"lat": (1.5, 2)}, "assetmanagement/createGeozone",
        {"name": ["South"], "parentId": ["1"], "latMin": ["1.5"], "latMax": ["2"]},
    ),
    (
        ("delete_geozone", 4), {"pull_up": True}, "assetmanagement/deleteGeozone",
        {"geozoneId": ["4"], "pullUpContent": ["true"]},
    ),
    (
        ("commission", "C1"), {}, "controllermanagement/commissionControllerAsync",
        {"controllerStrId": ["C1"], "flags": ["7"]},
    ),
    (
        ("commission_devices", "C1", ["L7", "L8"]), {}, "controllermanagement/commissionControllerDevicesListAsync",
        {"controllerStrId": ["C1"], "idOnController": ["L7", "L8"]},
    ),
    (
        ("create_schedule", "Dusk"), {"description": "x"}, "dimmingscheduler/createSchedule",
        CATEGORY | {"name": ["Dusk"], "timeline": ["T_12_12"], "description": ["x"]},
    ),
    (
        ("add_sun_event", 17, 100, "SUNSET"), {"offset_s": -600}, "dimmingscheduler/addSunEventDayTimeScheduleEvent",
        {"scheduleId": ["17"], "level": ["100"], "startSunEvent": ["SUNSET"], "startOffsetInSeconds": ["-600"]},
    ),
    (
        ("add_time_event", 17, 40, time(0, 30)), {}, "dimmingscheduler/addAbsoluteDayTimeScheduleEvent",
        {"scheduleId": ["17"], "level": ["40"], "startHour": ["0"], "startMinute": ["30"], "startSecond": ["0"]},
    ),
    (("delete_schedule", 17), {}, "dimmingscheduler/deleteSchedule", {"scheduleId": ["17"]}),
    (("create_scheduler", "Year"), {}, "dimmingscheduler/createScheduler", CATEGORY | {"name": ["Year"]}),
    (
        ("add_yearly", 18, 17, (1, 1), (12, 31)), {}, "dimmingscheduler/addEveryYearSchedulerItemAt",
        {
            "schedulerId": ["18"], "scheduleId": ["17"],
            "fromMonth": ["1"], "fromDayInMonth": ["1"], "toMonth": ["12"], "toDayInMonth": ["31"],
        },
    ),
    (("delete_scheduler", 18), {}, "dimmingscheduler/deleteScheduler", {"schedulerId": ["18"]}),
    (
        ("commission_scheduler", 18, "C1"), {}, "dimmingscheduler/commissionControllersSchedulers",
        {"schedulerId": ["18"], "controllerStrId": ["C1"]},
    ),
]  # fmt: skip


def in_servlet(name: str) -> str:
    return name.replace("Geozone", "GeoZone").replace("geozone", "geoZone")


def servlet(service: str) -> str:
    words = {"asset": "Asset", "batch": "Batch", "dimming": "Dimming", "userprofile": "UserProfile"}
    words |= {
        f"{word}management": f"{word.capitalize()}Management"
        for word in ("asset", "controller", "logging", "monitoring")
    }
    return f"/servlet/SLV{(words | {'dimmingscheduler': 'DimmingScheduler'})[service]}API"


@pytest.mark.parametrize("style", ["path", "servlet"])
@pytest.mark.parametrize(("ask", "options", "method", "given"), READS, ids=[case[0][0] for case in READS])
def test_read_is_a_get_in_either_style(
    make_face: MakeFace,
    vendor: FakeVendor,
    style: str,
    ask: Any,
    options: Any,
    method: str,
    given: dict[str, list[str]],
) -> None:
    make_face(style=style)(*ask, **options)
    call = vendor.requests[-1]
    service, _, name = method.partition("/")
    if style == "servlet":
        given = {in_servlet(key): value for key, value in given.items()} | {"methodName": [in_servlet(name)]}
    assert (call.method, vendor.paths()[-1]) == ("GET", servlet(service) if style == "servlet" else f"/{method}")
    assert query_of(call) == given | {"ser": ["json"]}


@pytest.mark.parametrize("style", ["path", "servlet"])
@pytest.mark.parametrize(("ask", "options", "method", "given"), WRITES, ids=[case[0][0] for case in WRITES])
def test_write_is_a_post_whose_parameters_are_in_the_form(
    make_face: MakeFace,
    vendor: FakeVendor,
    style: str,
    ask: Any,
    options: Any,
    method: str,
    given: dict[str, list[str]],
) -> None:
    make_face(style=style)(*ask, **options)
    call = vendor.requests[-1]
    service, _, name = method.partition("/")
    if style == "servlet":
        given = {in_servlet(key): value for key, value in given.items()}
    assert (call.method, vendor.paths()[-1]) == ("POST", servlet(service) if style == "servlet" else f"/{method}")
    assert query_of(call) == {"ser": ["json"]} | ({"methodName": [in_servlet(name)]} if style == "servlet" else {})
    assert form_of(call) == given


def test_csv_is_the_body_itself(face: Face, vendor: FakeVendor) -> None:
    text = "controllerStrId;idOnController\r\nC1;Lé\r\n"
    assert face("import_csv", text).id == "b1"
    call = vendor.requests[-1]
    assert (call.content.decode(), call.headers["Content-Type"]) == (text, "text/csv; charset=utf-8")
    assert query_of(call) == {"ser": ["json"]}


def test_long_read_goes_by_post_and_is_still_a_read(face: Face, vendor: FakeVendor) -> None:
    names = [f"category{number}" for number in range(200)]
    face("user")
    vendor.faults.append(lambda request, handler: httpx.Response(503))
    face("devices", 4, categories=names)
    assert [request.method for request in vendor.requests[-2:]] == ["POST", "POST"]
    assert form_of(vendor.requests[-1])["categoryStrId"] == names


FORMS = pytest.mark.parametrize(
    "form",
    [{"ser": "json"}, {"ser": "xml"}, {"ser": "json", "forced": "xml"}, {"ser": "xml", "forced": "json"}],
    ids=str,
)


@pytest.fixture
def formed(make_face: MakeFace, vendor: FakeVendor, form: dict[str, str]) -> Face:
    vendor.forced = form.get("forced")
    return make_face(ser=form["ser"])


@FORMS
def test_device_is_the_same_in_either_form(formed: Face) -> None:
    lamp, cabinet = formed("devices", 4)
    assert formed("device", KEY) == lamp == formed("search_devices", "name", "x")[0]
    assert (lamp.id, lamp.key, lamp.name, lamp.model_name) == (7, KEY, "Main St 7", "Node <1> & co")
    assert (lamp.lat, lamp.lng, lamp.geozone_id, lamp.geozone_names_path) == (40.75, -73.5, 4, "GeoZones/North")
    assert (lamp.address, lamp.function_id, lamp.node_type_str_id) == ("", None, None)
    assert lamp.properties == {"power": "100.5", "MacAddress": "00135005000000a1"}
    assert lamp.extra == {"inHouse": "kept"}
    assert (lamp.is_controller, cabinet.is_controller, cabinet.properties) == (False, True, {})
    assert len({lamp, cabinet}) == 2


@FORMS
def test_geozones_and_controllers_are_the_same_in_either_form(formed: Face) -> None:
    root, north = formed("geozones")
    assert root == GeoZone(1, "GeoZones")
    assert north == GeoZone(4, "North", 1, 40.0, 41.0, -74.0, -73.0) == formed("geozone_root")
    (controller,) = formed("controllers")
    assert controller == Controller("C1", "Cabinet")


def test_controller_in_json_tells_its_number_too(face: Face, vendor: FakeVendor) -> None:
    (controller,) = face("controllers")
    assert (controller.id, controller.geozone_id) == (1, 4)
    vendor.answers["getAllControllers"] = body([{"controllerDevice": {"controllerStrId": "C2", "id": 2}}])
    assert face("controllers") == [Controller("C2")]


@FORMS
def test_schedules_and_numbers_are_the_same_in_either_form(formed: Face) -> None:
    (schedule,) = formed("schedules")
    assert (schedule.id, schedule.name, schedule.extra) == ("17", "Dusk to dawn", {"category": "x"})
    assert formed("create_schedule", "Dusk") == 17 == formed("create_scheduler", "Year")


@FORMS
def test_descriptors_properties_report_and_alarms_are_read(formed: Face, vendor: FakeVendor) -> None:
    unit = {"name": "Energy", "label": "Energy", "type": "float", "unit": "kWh", "category": None, "labelKey": "x"}
    vendor.answers |= {
        "getDeviceValueDescriptors": Answer([unit], "SLVValueDescriptor-array", "SLVValueDescriptor"),
        "getServerProperties": Answer(
            [{"key": "version", "value": "7.12"}], "SLVKeyValuePair-array", "SLVKeyValuePair"
        ),
        "getAllAlarmDefinitions": Answer([{"id": 3, "name": "Lamp"}], "SLVAlarmDefinition-array", "SLVAlarmDefinition"),
        "getReport": Answer(
            {
                "properties": {
                    "title": "Energy",
                    "columnNames": ["a", "b"],
                    "rows": [["1", "2"]],
                    "bottomRow": ["3", "4"],
                }
            },
            "SLVReport",
        ),
    }
    assert formed("descriptors", KEY) == [ValueDescriptor("Energy", "Energy", "float", "kWh")]
    assert formed("server_properties", "version", "build") == {"version": "7.12"}
    assert formed("alarm_definitions")[0].name == "Lamp"


def test_report_is_a_table(face: Face, vendor: FakeVendor) -> None:
    properties = {"title": "Energy", "columnNames": ["a", "b"], "rows": [[1, 2]], "bottomRow": [3], "metadatas": []}
    vendor.answers["getReport"] = body({"properties": properties})
    report = face("report", {"from": datetime(2026, 1, 1, tzinfo=UTC), "lamps": ["a", "b"], "none": None})
    assert (report.title, report.column_names, report.rows, report.bottom_row) == ("Energy", ("a", "b"), ([1, 2],), [3])
    assert report.extra == {"metadatas": []}
    assert query_of(vendor.requests[-1]) == {"from": ["2025-12-31 19:00:00"], "lamps": ["a", "b"], "ser": ["json"]}


@FORMS
def test_any_method_may_be_called(formed: Face, vendor: FakeVendor) -> None:
    assert formed("call", "assetmanagement", "deleteDevice", {"controllerStrId": "C1"}, writes=True) == "OK"
    assert formed("call", "asset", "searchDevicesExt")["value"][0]["name"] == "Main St 7"
    assert [request.method for request in vendor.calls()] == ["POST", "GET"]


@FORMS
@pytest.mark.parametrize("code", [5, "5", -1, "E-7"], ids=repr)
def test_error_code_is_an_exception(formed: Face, vendor: FakeVendor, code: Any) -> None:
    vendor.answers["switchOn"] = result(None, code=code, errorCodeLabel="NO_DEVICE", message="Device not found")
    with pytest.raises(
        OperationFailed, match=r"POST /reports/api/dimming/switchOn: error .* NO_DEVICE: Device"
    ) as caught:
        formed("switch_on", KEY)
    expected = code if code == "E-7" else int(code)
    assert (caught.value.code, caught.value.label, caught.value.detail) == (expected, "NO_DEVICE", "Device not found")
    assert caught.value.status == 200


@FORMS
def test_status_error_is_an_exception_whose_text_is_in_the_value(formed: Face, vendor: FakeVendor) -> None:
    vendor.answers["replaceOLCs"] = result("A1 is taken", status="ERROR")
    with pytest.raises(OperationFailed, match="error 0: A1 is taken"):
        formed("replace_node", KEY, "A1")


@pytest.mark.parametrize("value", [["OK:90"], {"a": 1}, None, "OK"], ids=str)
def test_error_code_that_is_the_text_nought_is_a_success(face: Face, vendor: FakeVendor, value: Any) -> None:
    vendor.answers["setDeviceValues"] = result(value, code="0")
    assert face("set_values", KEY, {"power": 90}) is None


@FORMS
def test_error_code_in_place_of_an_object_is_an_exception_too(formed: Face, vendor: FakeVendor) -> None:
    vendor.answers["getDevice"] = result(None, code=404, message="gone")
    with pytest.raises(OperationFailed, match="gone"):
        formed("device", KEY)


def test_trouble_in_plain_text_is_told(face: Face) -> None:
    with pytest.raises(ServerError, match=r"500 Unknown device C1/nobody$"):
        face("device", ("C1", "nobody"))


def test_unknown_method_is_not_found(face: Face) -> None:
    with pytest.raises(NotFound):
        face("call", "asset", "getNothing")


@FORMS
@pytest.mark.parametrize("member", ["id", "controllerStrId", "idOnController"])
def test_device_without_what_identifies_it_is_unexpected(formed: Face, vendor: FakeVendor, member: str) -> None:
    lame = {name: value for name, value in LAMP.items() if name != member}
    vendor.answers["getGeozoneDevices"] = Answer([LAMP, lame], "SLVDevice-array", "SLVDevice")
    with pytest.raises(UnexpectedResponse) as caught:
        formed("devices", 4)
    assert caught.value.field == f"[1].{member}"


@FORMS
@pytest.mark.parametrize(("member", "value"), [("id", "x"), ("lat", "north"), ("lng", "1e999"), ("geoZoneId", "1.5")])
def test_device_with_a_wrong_type_is_unexpected(formed: Face, vendor: FakeVendor, member: str, value: str) -> None:
    vendor.answers["getDevice"] = Answer(LAMP | {member: value}, "SLVDevice")
    with pytest.raises(UnexpectedResponse) as caught:
        formed("device", KEY)
    assert caught.value.field == member


@pytest.mark.parametrize(
    "ask",
    [
        ("set_dimming", KEY, 101), ("set_dimming", KEY, -1), ("set_dimming", KEY, float("nan")),
        ("set_dimming", KEY, True),
        ("switch_on", ("C1", "")), ("switch_on", ("", "L7")), ("set_values", KEY, {}), ("set_values", KEY, {"a": None}),
        ("set_values", KEY, {"a": float("inf")}), ("import_csv", " \n"), ("devices_in_bounds", (2, 1), (0, 1)),
        ("add_yearly", 1, 2, (13, 1), (1, 1)), ("add_yearly", 1, 2, (1, 1), (1, 32)),
        ("add_sun_event", 1, 200, "SUNSET"),
        ("call", "asset", "../../login"), ("call", "as/set", "x"), ("call", "asset", ""),
        ("report", {"from": datetime(2026, 1, 1)}),  # noqa: DTZ001
    ],
    ids=str,
)  # fmt: skip
def test_wrong_argument_is_refused_before_anything_is_sent(
    face: Face, vendor: FakeVendor, ask: tuple[Any, ...]
) -> None:
    with pytest.raises(UsageError):
        face(*ask)
    assert vendor.requests == []


def test_moment_that_the_servers_clock_shows_twice_cannot_be_written(face: Face, vendor: FakeVendor) -> None:
    for hour in (5, 6):  # 01:30 in New York, before and after summer time ends
        with pytest.raises(UsageError, match="calls two moments 2026-11-01 01:30:00"):
            face("set_values", KEY, {"power": 1}, event_time=datetime(2026, 11, 1, hour, 30, tzinfo=UTC))
    assert vendor.requests == []
