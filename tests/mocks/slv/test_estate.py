"""What stands where: geozones, devices, searches; and what people add, import, replace and take away."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.slv.support import API, LAMP, Caller, parsed

if TYPE_CHECKING:
    from tests.mocks.slv.conftest import MakeCaller

NEW = {
    "userName": "New lamp",
    "categoryStrId": "streetlight",
    "controllerStrId": "LP-001",
    "idOnController": "N1",
    "geoZoneId": 2,
    "lat": "41.2",
    "lng": "-72.6",
}


def devices(caller: Caller, **params: Any) -> list[dict[str, Any]]:
    return list(caller.json("asset/getGeozoneDevices", {"geozoneId": 1, "recurse": "true"} | params))


def test_city_is_as_large_as_it_says(caller: Caller) -> None:
    found = devices(caller)
    kinds = [one["categoryStrId"] for one in found]
    assert [kinds.count(kind) for kind in ("streetlight", "controllerdevice", "electricalCounter")] == [40, 3, 3]
    assert (
        len({one["id"] for one in found})
        == len({(one["controllerStrId"], one["idOnController"]) for one in found})
        == 46
    )
    assert len(caller.json("asset/getAllGeozones")) == 7


def test_geozone_holds_its_own_devices_and_with_recurse_those_below(caller: Caller) -> None:
    alone, whole = devices(caller, geozoneId=3, recurse="false"), devices(caller, geozoneId=3)
    assert {one["geoZoneId"] for one in alone} == {3}
    assert {one["geoZoneId"] for one in whole} == {3, 4}
    assert {one["geoZoneNamesPath"] for one in whole} == {"Lanternport/Mill Hill", "Lanternport/Mill Hill/Saltmarsh"}
    assert caller.json("asset/getGeozoneDevices", geozoneId=1) == []
    lamps = devices(caller, geozoneId=3, categoryStrId="streetlight")
    assert {one["categoryStrId"] for one in lamps} == {"streetlight"}
    assert devices(caller, categoryStrId="nothing") == []


def test_geozones_form_a_tree(caller: Caller) -> None:
    zones = {zone["id"]: zone for zone in caller.json("asset/getAllGeozones")}
    assert caller.json("asset/getGeozoneRoot") == zones[1]
    assert zones[1]["parentId"] is None
    for zone in zones.values():
        children = caller.json("asset/getGeozoneChildrenGeozones", geozoneId=zone["id"])
        assert children == [one for one in zones.values() if one["parentId"] == zone["id"]]
    assert [zone["name"] for zone in caller.json("asset/searchGeozones", name="Harbour")] == ["Harbour"]
    assert caller.json("asset/searchGeozones", name="Harb") == []
    found = caller.json("asset/searchGeozones", name="ar", partialMatch="true")
    assert {"Harbour", "Saltmarsh", "Orchard"} <= {zone["name"] for zone in found}


def test_controller_is_a_device_on_itself(caller: Caller) -> None:
    for controller in caller.json("asset/getAllControllers"):
        key = {"controllerStrId": controller["strId"], "idOnController": "controllerdevice"}
        device = caller.json("asset/getDevice", key)
        assert (device["id"], device["name"]) == (controller["controllerDevice"]["id"], controller["name"])
        assert device["categoryStrId"] == "controllerdevice"
        on_it = caller.json("asset/getControllerDevices", controllerStrId=controller["strId"])
        assert device["id"] in {one["id"] for one in on_it}
        assert {one["controllerStrId"] for one in on_it} == {controller["strId"]}


def test_devices_on_a_piece_of_the_map(caller: Caller) -> None:
    lamp = caller.json("asset/getDevice", LAMP)
    near = {"latMin": lamp["lat"], "latMax": lamp["lat"], "lngMin": lamp["lng"], "lngMax": lamp["lng"]}
    assert lamp["id"] in {one["id"] for one in caller.json("asset/getDevicesInBounds", near)}
    everywhere = {"latMin": -90, "latMax": 90, "lngMin": -180, "lngMax": 180}
    assert len(caller.json("asset/getDevicesInBounds", everywhere)) == 46
    assert len(caller.json("asset/getDevicesInBounds", everywhere, maxDevices=5)) == 5
    assert caller.json("asset/getDevicesInBounds", {**near, "latMin": 89, "latMax": 90}) == []


SEARCHES: list[tuple[dict[str, Any], int]] = [
    ({"attributeName": "name", "attributeValue": "Lantern St 1"}, 6),
    ({"attributeName": "name", "attributeValue": "lantern st 1"}, 0),
    ({"attributeName": "name", "attributeOperator": "eq-i", "attributeValue": "lantern ST 1"}, 6),
    ({"attributeName": "idOnController", "attributeValue": "L00009"}, 1),
    ({"attributeName": "installStatus", "attributeValue": "Installed"}, 40),
    ({"attributeName": "id", "attributeValue": "1001"}, 1),
    ({"attributeName": "categoryStrId", "attributeValue": "controllerdevice"}, 3),
    ({"attributeName": "categoryStrId", "attributeValue": "controllerdevice", "returnedInfo": "lightDevicesList"}, 0),
    ({"returnedInfo": "lightDevicesList"}, 40),
    ({"maxResults": 2}, 2),
    ({"maxResults": 0}, 0),
]


@pytest.mark.parametrize(("params", "count"), SEARCHES, ids=range(len(SEARCHES)))
def test_devices_are_searched(caller: Caller, params: dict[str, Any], count: int) -> None:
    found = caller.value("asset/searchDevicesExt", {"geozoneId": 1, "recurse": "true"} | params)
    assert len(found) == count
    assert all({"id", "controllerStrId", "lat"} <= one.keys() for one in found)


def test_search_by_xml_holds_devices_in_its_value(caller: Caller) -> None:
    root = parsed(caller.ask("asset/searchDevicesExt", geozoneId=1, recurse="true", maxResults=2))
    assert root.tag == "com.dotv.streetlightserver.api.data.SLVResult"
    assert [element.tag for element in root.findall("value/*")] == ["SLVDevice", "SLVDevice"]


# --- what people add and take away -----------------------------------------------------------------------------------


def test_created_device_is_there_until_it_is_deleted(caller: Caller) -> None:
    made = caller.json("assetmanagement/createCategoryDevice", NEW)
    assert (made["name"], made["geoZoneNamesPath"], made["id"]) == ("New lamp", "Lanternport/Harbour", 100_001)
    key = {"controllerStrId": "LP-001", "idOnController": "N1"}
    assert caller.json("asset/getDevice", key) == made
    assert made["id"] in {one["id"] for one in devices(caller, geozoneId=2)}
    assert "exists" in caller.ask("assetmanagement/createCategoryDevice", NEW).text
    fields = key | {"valueName": ["userName", "modelFunctionId"], "value": ["Renamed", "lanternport.led.cobra"]}
    assert caller.value("loggingmanagement/setDeviceValues", fields) == "OK"
    assert caller.json("asset/getDevice", key)["name"] == "Renamed"
    assert caller.json("assetmanagement/deleteDevice", key) == "OK"
    assert caller.ask("asset/getDevice", key).status_code == 500
    again = caller.json("assetmanagement/createCategoryDevice", NEW)
    assert (again["id"], again["name"]) == (100_002, "New lamp"), "ids are never given out twice"


def test_created_lamp_is_dark_until_it_is_commissioned(caller: Caller) -> None:
    caller.json("assetmanagement/createCategoryDevice", NEW)
    key = {"controllerStrId": "LP-001", "idOnController": "N1"}
    caller.world.clock.advance(1_000)
    assert caller.last_value("LampLevel", key) == "0.0"
    fields = {**key, "valueName": "dimmingGroupName", "value": "Main roads"}
    assert caller.value("loggingmanagement/setDeviceValues", fields) == "OK"
    caller.finished(caller.json("controllermanagement/commissionControllerAsync", controllerStrId="LP-001"))
    assert caller.last_value("LampLevel", key) == "100.0"
    assert float(caller.last_value("MeteredPower", key) or 0) > 60


def test_controller_is_created_with_a_device_on_it_and_deleted_after_it(caller: Caller) -> None:
    controller = NEW | {"categoryStrId": "controllerdevice", "controllerStrId": "C9"}
    assert "controllerdevice" in caller.ask("assetmanagement/createCategoryDevice", controller).text
    caller.json("assetmanagement/createCategoryDevice", controller | {"idOnController": "controllerdevice"})
    assert "C9" in {one["strId"] for one in caller.json("asset/getAllControllers")}
    caller.json("assetmanagement/createCategoryDevice", NEW | {"controllerStrId": "C9"})
    own = {"controllerStrId": "C9", "idOnController": "controllerdevice"}
    assert "still has" in caller.ask("assetmanagement/deleteDevice", own).text
    assert caller.json("assetmanagement/deleteDevice", {"controllerStrId": "C9", "idOnController": "N1"}) == "OK"
    assert caller.json("assetmanagement/deleteDevice", own) == "OK"
    assert "Unknown controller" in caller.ask("asset/getControllerDevices", controllerStrId="C9").text


def test_geozone_is_deleted_with_its_content_or_without(caller: Caller) -> None:
    box = {"latMin": 41, "latMax": 42, "lngMin": -73, "lngMax": -72}
    made = caller.json("assetmanagement/createGeozone", {"name": "Pier", "parentId": 2, **box})
    assert (made["parentId"], made["id"]) == (2, 1_001)
    inside = caller.json("assetmanagement/createCategoryDevice", NEW | {"geoZoneId": made["id"]})
    assert inside["geoZoneNamesPath"] == "Lanternport/Harbour/Pier"
    assert caller.json("assetmanagement/deleteGeozone", geozoneId=made["id"], pullUpContent="true") == "OK"
    key = {"controllerStrId": "LP-001", "idOnController": "N1"}
    assert caller.json("asset/getDevice", key)["geoZoneNamesPath"] == "Lanternport/Harbour"
    refused = caller.ask("assetmanagement/deleteGeozone", geozoneId=2, pullUpContent="false")
    assert "still has devices in other geozones" in refused.text
    assert "root" in caller.ask("assetmanagement/deleteGeozone", geozoneId=1).text


def can_go(caller: Caller, zone: int) -> bool:
    return all(one["categoryStrId"] != "controllerdevice" for one in devices(caller, geozoneId=zone))


def test_deleted_geozone_takes_its_lamps_along(caller: Caller) -> None:
    before = len(devices(caller))
    lamps = len(devices(caller, geozoneId=3))
    assert can_go(caller, 5)
    gone = len(devices(caller, geozoneId=5))
    assert caller.json("assetmanagement/deleteGeozone", geozoneId=5) == "OK"
    assert len(devices(caller)) == before - gone
    assert len(devices(caller, geozoneId=3)) == lamps
    assert caller.ask("asset/getGeozoneDevices", geozoneId=5).status_code == 500


def test_replaced_node_has_another_address(caller: Caller) -> None:
    fields = {**LAMP, "newNetworkId": "00135005deadbeef"}
    assert caller.value("monitoringmanagement/replaceOLCs", fields) == "OK"
    assert caller.last_value("MacAddress") == "00135005deadbeef"
    other = LAMP | {"idOnController": "L00002"}
    failed = caller.json("monitoringmanagement/replaceOLCs", other, newNetworkId="00135005DEADBEEF")
    assert failed["status"] == "ERROR"
    assert "LP-001/L00001" in failed["value"]


# --- import ----------------------------------------------------------------------------------------------------------

CSV = (
    "controllerStrId,idOnController,userName,lat,lng,geoZoneId,installStatus,comment\n"
    'LP-001,I1,"Quay, 1",41.2,-72.6,2,Installed,\n'
    "LP-001,L00001,Known,,,,,seen\n"
)


@pytest.mark.parametrize("form", ["body", "semicolons", "parameter", "servlet", "mark"])
def test_devices_are_imported_from_csv_in_a_while(caller: Caller, form: str) -> None:
    name = "loggingmanagement/importDevicesFromCsvFileAsync"
    if form == "servlet":
        data = {"methodName": "importDevicesFromCsvFileAsync", "ser": "json", "csvFile": CSV}
        batch = caller.http.post(f"{API}servlet/SLVLoggingManagementAPI", data=data).json()
    elif form == "parameter":
        batch = caller.http.post(f"{API}{name}", data={"csvFile": CSV, "ser": "json"}).json()
    else:
        text = {"body": CSV, "semicolons": CSV.replace(",", ";").replace("Quay;", "Quay,"), "mark": f"\ufeff{CSV}"}[
            form
        ]
        batch = caller.http.post(f"{API}{name}?ser=json", content=text.encode()).json()
    key = {"controllerStrId": "LP-001", "idOnController": "I1"}
    assert caller.ask("asset/getDevice", key).status_code == 500
    assert caller.finished(batch) | {"batchId": ""} == {
        "batchId": "",
        "batchRunning": False,
        "status": "OK",
        "message": None,
    }
    made = caller.json("asset/getDevice", key)
    assert (made["name"], made["geoZoneId"], made["lat"]) == ("Quay, 1", 2, 41.2)
    assert (caller.last_value("comment"), caller.json("asset/getDevice", LAMP)["name"]) == ("seen", "Known")


def test_rows_that_make_no_sense_are_told_and_spoil_no_other(caller: Caller) -> None:
    rows = ["LP-001,A1,1,2", "LP-999,A2,1,2", "LP-001,A3,x,2", "LP-001,A4", "LP-001,A5,3,4"]
    text = "controllerStrId,idOnController,lat,lng\n" + "\n".join(rows)
    batch = caller.http.post(f"{API}loggingmanagement/importDevicesFromCsvFileAsync?ser=json", content=text).json()
    done = caller.finished(batch)
    assert done["status"] == "ERROR"
    assert [part.split(":")[0] for part in done["message"].split("; ")] == ["line 3", "line 4", "line 5"]
    assert caller.json("asset/getDevice", controllerStrId="LP-001", idOnController="A5")["lat"] == 3


# --- large -----------------------------------------------------------------------------------------------------------


def test_large_city_is_told_in_well_under_a_second(caller_of: MakeCaller) -> None:
    caller = caller_of(luminaires=20_000, geozones=200)
    lasted: list[float] = []
    for form in ("json", "xml"):
        began = time.perf_counter()
        answer = caller.ask("asset/getGeozoneDevices", geozoneId=1, recurse="true", ser=form)
        lasted.append(time.perf_counter() - began)
        assert answer.content.count(b"streetlight") == 20_000
    assert len(json.loads(caller.ask("asset/getAllControllers", ser="json").content)) == 100
    assert min(lasted) < 1.0, lasted
