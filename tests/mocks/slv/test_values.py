"""Logs: windows, what is known when, what people set; and that nothing depends on who asks, or how."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.slv.support import LAMP, LAMP_ID, Caller
from tests.mocks.support import make_world

from vendorlab.mocks.core.city import mesh_number
from vendorlab.mocks.slv.logs import MOST_VALUES
from vendorlab.mocks.slv.values import VALUES, Kind

if TYPE_CHECKING:
    from tests.mocks.slv.conftest import MakeCaller

METERED = [name for name, one in VALUES.items() if one.kind is Kind.METERED and name != "TotalKWHPositive"]
SHARED = Caller(make_world("slv", settings={"failure_rate": 20}))


def test_log_value_has_every_member(caller: Caller) -> None:
    (found,) = caller.logs("LampLevel", "2026-11-20 12:00:00", "2026-11-21 05:00:00")
    assert found == {
        "deviceId": LAMP_ID,
        **LAMP,
        "name": "LampLevel",
        "value": "100.0",
        "eventTime": "2026-11-20 21:27:07",
        "updateTime": "2026-11-20 21:27:27",
        "status": "OK",
        "meaningLabel": "Lamp level",
        "info": None,
        "eventTimeAgeInSeconds": 27_173,
        "errorMessage": None,
    }


def test_both_forms_of_dates_ask_for_the_same(caller: Caller) -> None:
    first = caller.logs(["Temperature"], "2026-11-20 01:00:00", "2026-11-20 05:00:00")
    assert first == caller.logs(["Temperature"], "20/11/2026 01:00:00", "20/11/2026 05:00:00")
    assert len(first) == 16


def test_server_zone_is_a_switch(caller_of: MakeCaller) -> None:
    utc, there = caller_of(), caller_of(zone="America/New_York")
    first = utc.logs("Temperature", "2026-11-20 06:00:00", "2026-11-20 07:00:00")
    second = there.logs("Temperature", "2026-11-20 01:00:00", "2026-11-20 02:00:00")
    assert [one["value"] for one in first] == [one["value"] for one in second]
    assert [one["eventTime"][11:13] for one in second] == ["01"] * 4


@given(
    st.integers(0, 30 * 86_400), st.integers(0, 5 * 86_400), st.integers(0, 5 * 86_400), st.sampled_from(list(VALUES))
)
def test_windows_side_by_side_hold_what_one_window_holds(back: int, first: int, second: int, name: str) -> None:
    backend = SHARED.vendor.backend
    device = backend.assets.by_id(LAMP_ID + back % 40)
    start = backend.now - back - first - second
    middle, end = start + first, start + first + second
    ask = backend.logs.between
    whole = ask([device], [name], start, end, backend.now)
    assert whole == ask([device], [name], start, middle, backend.now) + ask(
        [device], [name], middle + 1, max(end, middle + 1), backend.now
    )
    assert [one.at for _, _, one in whole] == sorted(one.at for _, _, one in whole)


@pytest.mark.parametrize("name", [name for name, one in VALUES.items() if one.kind is not Kind.PROPERTY])
def test_last_value_is_the_last_that_is_logged(name: str) -> None:
    backend = SHARED.vendor.backend
    number = 301 if name == "TotalKWHPositive" else LAMP_ID
    for device in map(backend.assets.by_id, range(number, number + (1 if number == 301 else 20))):
        days = 5 if VALUES[name].kind is Kind.METERED else 80
        logged = backend.logs.between([device], [name], backend.now - days * 86_400, backend.now, backend.now)[-1:]
        last = backend.logs.last(device, name, backend.now)
        assert last is not None
        if logged and VALUES[name].kind is not Kind.METERED:
            assert (last.value, last.known <= backend.now) == (logged[0][2].value, True)
        elif logged:
            assert last == logged[0][2]


def test_value_is_known_only_after_it_was_told(caller: Caller) -> None:
    caller.go_to("2026-11-21 21:26:40")
    window = ("2026-11-21 20:00:00", "2026-11-21 22:00:00")
    assert caller.logs("LampLevel", *window) == []
    caller.world.clock.advance(15)
    (found,) = caller.logs("LampLevel", *window)
    assert found["updateTime"] > found["eventTime"]
    assert found["updateTime"] <= "2026-11-21 21:26:55"


def test_metering_makes_sense(caller: Caller) -> None:
    night = ("2026-11-21 00:00:00", "2026-11-21 04:00:00")
    found = {name: [float(one["value"]) for one in caller.logs(name, *night)] for name in METERED}
    assert {len(values) for values in found.values()} == {16}
    full = float(caller.last_value("power") or "nan")
    for power, ampere, volt, factor in zip(
        *(found[name] for name in ("MeteredPower", "LampCurrent", "LampVoltage", "PowerFactor")), strict=True
    ):
        assert power == pytest.approx(full, rel=0.02)
        assert ampere * volt * factor == pytest.approx(power, rel=0.05)
    assert all(after > before for before, after in zip(found["Energy"], found["Energy"][1:], strict=False))
    assert found["Energy"][-1] - found["Energy"][0] == pytest.approx(full * 3.75 / 1_000, abs=0.002)
    assert found["RunningHoursLamp"][-1] - found["RunningHoursLamp"][0] == pytest.approx(3.75, abs=0.002)
    noon = [float(one["value"]) for one in caller.logs("LuxLevel", "2026-11-20 16:00:00", "2026-11-20 18:00:00")]
    assert (min(noon) > 10_000, max(found["LuxLevel"]) < 10) == (True, True)


def test_nothing_was_measured_before_there_was_anything(caller_of: MakeCaller) -> None:
    caller = caller_of(start=datetime(2020, 1, 1, tzinfo=UTC))
    assert caller.last_value("Energy") is None
    assert caller.logs(list(METERED), "2019-06-01 00:00:00", "2019-07-01 00:00:00") == []
    assert caller.json("reporting/getReport", name="energy")["properties"]["bottomRow"][4] == "0.0"


def test_too_much_at_once_is_refused(caller: Caller) -> None:
    assert MOST_VALUES == 200_000
    devices = [LAMP_ID + number for number in range(40)]
    fields = {"deviceId": devices, "name": METERED, "from": "2026-01-01 00:00:00", "to": "2026-11-01 00:00:00"}
    answer = caller.ask("logging/getDevicesLogValues", fields)
    assert (answer.status_code, "shorter window" in answer.text) == (500, True)
    assert "366 days" in caller.ask("logging/getDevicesLogValues", fields | {"from": "2020-01-01 00:00:00"}).text
    back = fields | {"to": "2025-11-01 00:00:00"}
    assert "before" in caller.ask("logging/getDevicesLogValues", back).text


def test_whole_geozone_at_once(caller: Caller) -> None:
    fields = {"geoZoneId": 1, "recurse": "true", "valueNames": ["LampLevel", "MacAddress", "controller.host"]}
    rows = caller.json("logging/getGeoZoneDevicesLastValuesAsArray", fields)
    assert len(rows) == 46
    by_key = {(row[1], row[2]): row[3:] for row in rows}
    assert by_key["LP-001", "controllerdevice"] == [None, None, "cabinet1.example.com"]
    assert by_key["LP-001", "L00001"][0] == "100.0"
    assert by_key["LP-003", "L00005"][1] is None


# --- set values ------------------------------------------------------------------------------------------------------


def set_values(caller: Caller, names: Any, values: Any, **more: Any) -> dict[str, Any]:
    fields = {**LAMP, "valueName": names, "value": values, **more}
    return dict(caller.json("loggingmanagement/setDeviceValues", fields))


def test_example_of_the_dossier_word_for_word(caller: Caller) -> None:
    found = caller.http.get(
        "/reports/api/loggingmanagement/setDeviceValues?controllerStrId=LP-001&idOnController=L00007&valueName=power"
        "&value=90&doLog=true&eventTime=2026-11-21%2004:00:00&ser=json"
    )
    assert found.text == (
        '{"errorCode":0,"errorCodeLabel":null,"message":null,"status":"OK","statusOk":true,"statusError":false,'
        '"value":"OK"}'
    )


def test_set_value_is_logged_and_is_the_newest(caller: Caller) -> None:
    when = "2026-11-21 03:00:00"
    assert set_values(caller, ["comment", "power"], ["<new>", "80"], doLog="true", eventTime=when, comment="why")[
        "statusOk"
    ]
    (found,) = caller.logs("comment", when, when)
    assert (found["value"], found["eventTime"], found["updateTime"]) == ("<new>", when, "2026-11-21 05:00:00")
    assert found["info"] == {"comment": "why"}
    assert (caller.last_value("comment"), caller.last_value("power")) == ("<new>", "80")
    assert {"key": "power", "value": "80"} in caller.json("asset/getDevice", LAMP)["properties"]


def test_property_without_a_log_holds_and_is_not_logged(caller: Caller) -> None:
    assert set_values(caller, "comment", "quiet")["statusOk"]
    assert caller.last_value("comment") == "quiet"
    assert caller.logs("comment", "2026-11-21 00:00:00", "2026-11-21 06:00:00") == []


def test_set_measurement_stands_among_the_measured(caller: Caller) -> None:
    assert set_values(caller, "MeteredPower", "1234.5", doLog="true", eventTime="2026-11-21 03:05:00")["statusOk"]
    found = caller.logs("MeteredPower", "2026-11-21 03:00:00", "2026-11-21 03:20:00")
    assert [one["value"] for one in found][1] == "1234.5"
    assert len(found) == 3
    assert set_values(caller, "MeteredPower", "77", doLog="false")["statusOk"]
    assert caller.last_value("MeteredPower") == "77"
    assert caller.logs("MeteredPower", "2026-11-21 04:40:00", "2026-11-21 05:00:00")[-1]["value"] != "77"


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (["comment", "power"], ["x"]),
        (["comment", "NoSuch"], ["x", "y"]),
        (["comment", "power"], ["x", "much"]),
        (["comment", "LampFailure"], ["x", "yes"]),
        (["comment", "TotalKWHPositive"], ["x", "1"]),
        (["comment", "comment"], ["x", "y" * 1_001]),
    ],
)
def test_values_are_set_together_or_not_at_all(caller: Caller, names: list[str], values: list[str]) -> None:
    assert set_values(caller, names, values, doLog="true")["status"] == "ERROR"
    assert caller.last_value("comment") is None


def test_several_devices_get_one_value_each_or_all_the_same(caller: Caller) -> None:
    keys = {"controllerStrId": "LP-001", "idOnController": ["L00001", "L00002"]}
    fields = keys | {"valueName": ["comment", "address"], "value": ["a", "b"]}
    assert caller.value("loggingmanagement/setDevicesValues", fields) == "OK"
    other = LAMP | {"idOnController": "L00002"}
    assert (caller.last_value("comment"), caller.last_value("comment", other)) == ("a", None)
    assert caller.json("asset/getDevice", other)["address"] == "b"
    assert caller.value("loggingmanagement/setDevicesValues", keys | {"valueName": "comment", "value": "c"}) == "OK"
    assert (caller.last_value("comment"), caller.last_value("comment", other)) == ("c", "c")
    odd = keys | {"valueName": ["comment"] * 3, "value": ["x"] * 3}
    assert caller.json("loggingmanagement/setDevicesValues", odd)["status"] == "ERROR"
    assert caller.json("loggingmanagement/setDevicesValues", odd | {"controllerStrId": ["LP-001"] * 3})["errorCode"]


def test_set_values_are_bounded_and_the_oldest_go(caller_of: MakeCaller) -> None:
    caller = caller_of(values_kept=1_000)
    logs, device = caller.vendor.backend.logs, caller.vendor.backend.assets.by_id(LAMP_ID)
    for number in range(1_200):
        logs.set_values(
            device, [("comment", str(number))], at=caller.vendor.backend.now - 5_000 + number, now=0, log=True
        )
    found = caller.logs("comment", "2026-11-20 00:00:00", "2026-11-21 05:00:00")
    assert (len(found), found[0]["value"], found[-1]["value"]) == (1_000, "200", "1199")


# --- descriptors -----------------------------------------------------------------------------------------------------


def test_descriptors_tell_choices_and_from_7_19_units(caller_of: MakeCaller) -> None:
    caller = caller_of()
    fields = {"propertyName": "categoryStrId", "propertyValue": "controllerdevice", "configFilePath": "x.xml"}
    found = {one["labelKey"]: one for one in caller.json("logging/getVirtualDeviceValueDescriptors", fields)}
    firmware = found["db.meaning.controller.firmwareversion.label"]
    assert firmware["dataFormat"]["item[0].label"] == "Mesh gateway 4"
    assert firmware["dataFormat"]["item[0].value"] == "mesh.gateway.4"
    assert all("unitKey" not in one for one in caller.json("logging/getDeviceMeteringValueDescriptors"))
    newer = caller_of(profile="7.19").json("logging/getDeviceMeteringValueDescriptors")
    power = next(one for one in newer if one["name"] == "MeteredPower")
    assert (power["unitKey"], power["unitLabel"], power["unitShorthand"]) == ("unit.W", "W", "W")


def test_mesh_cards_are_those_of_the_city(caller: Caller) -> None:
    for number in range(40):
        device = caller.vendor.backend.assets.by_id(LAMP_ID + number)
        mac = caller.vendor.backend.assets.property(device, "MacAddress")
        meshed = device.controller != "LP-003"
        assert (mac and mesh_number(7, mac)) == (number if meshed else None)
