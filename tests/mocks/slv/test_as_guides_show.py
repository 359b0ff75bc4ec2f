"""What a public guide and working clients show: users go, parameters repeat, places change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.slv.support import LAMP, LAMP_ID

if TYPE_CHECKING:
    from tests.mocks.slv.conftest import MakeCaller
    from tests.mocks.slv.support import Caller

PERSON = {"profilName": "Viewer", "login": "kim", "password": "secret"}
OTHER = {"controllerStrId": "LP-001", "idOnController": "L00002"}


def refused(caller: Caller, path: str, **params: Any) -> str:
    """What a result says that is not fine."""
    result = caller.json(path, params)
    assert result["status"] == "ERROR"
    return str(result["message"])


def test_deleted_user_is_gone_with_every_session(caller: Caller, caller_of: MakeCaller) -> None:
    caller.json("userprofile/createUser", PERSON)
    sessions = caller.vendor.backend.sessions
    session = sessions.begin("kim")
    caller.value("userprofile/deleteUser", login="kim")
    assert sessions.find(session.id) is None
    assert "kim" not in {user["login"] for user in caller.json("userprofile/getAllUsers")}
    assert "kim" in refused(caller, "userprofile/deleteUser", login="kim")


def test_user_of_the_seed_stays(caller: Caller) -> None:
    """The ready file names them: whoever is to use them must find them."""
    for name in ("username", "second_username"):
        assert "cannot be deleted" in refused(caller, "userprofile/deleteUser", login=caller.known[name])


def test_categories_repeat(caller: Caller) -> None:
    def found(*categories: str) -> set[int]:
        params = {"geozoneId": 1, "recurse": "true", "categoryStrId": list(categories)}
        return {device["id"] for device in caller.json("asset/getGeozoneDevices", params)}

    lights, controllers = found("streetlight"), found("controllerdevice")
    assert len(lights) == 40
    assert len(controllers) == 3
    assert found("streetlight", "controllerdevice") == lights | controllers
    assert found("nothing") == set()
    assert found() > lights | controllers


def test_place_is_set_like_any_value_and_outlives_what_is_remembered(caller: Caller) -> None:
    place = {**LAMP, "valueName": ["lat", "lng"], "value": ["40.5", "-73.5"]}
    caller.value("loggingmanagement/setDeviceValues", place)
    caller.vendor.backend.forget()
    device = caller.json("asset/getDevice", LAMP)
    assert (device["lat"], device["lng"]) == (40.5, -73.5)
    bounds = {"latMin": 40.49, "latMax": 40.51, "lngMin": -73.51, "lngMax": -73.49}
    assert [one["id"] for one in caller.json("asset/getDevicesInBounds", bounds)] == [LAMP_ID]
    assert caller.last_value("lat") == "40.5"


@pytest.mark.parametrize(("name", "value"), [("lat", "90.1"), ("lng", "-181"), ("lat", "north"), ("lng", "NaN")])
def test_place_off_the_earth_is_refused(caller: Caller, name: str, value: str) -> None:
    before = caller.json("asset/getDevice", LAMP)
    assert name in refused(caller, "loggingmanagement/setDeviceValues", **LAMP, valueName=name, value=value)
    assert caller.json("asset/getDevice", LAMP) == before


def test_nodes_are_replaced_one_after_the_other_or_not_at_all(caller: Caller) -> None:
    keys = {name: [LAMP[name], OTHER[name]] for name in LAMP}
    before = caller.last_value("MacAddress")
    assert "newNetworkId" in refused(caller, "monitoringmanagement/replaceOLCs", **keys, newNetworkId="A1")
    assert "?" in refused(caller, "monitoringmanagement/replaceOLCs", **keys, newNetworkId=["A1", "?"])
    assert caller.last_value("MacAddress") == before
    assert caller.value("monitoringmanagement/replaceOLCs", **keys, newNetworkId=["A1", "A2"]) == ["OK", "OK"]
    assert [caller.last_value("MacAddress", key) for key in (LAMP, OTHER)] == ["A1", "A2"]


def test_nodes_that_are_replaced_together_do_not_share_an_address(caller: Caller) -> None:
    keys = {name: [LAMP[name], OTHER[name]] for name in LAMP}
    assert "two devices" in refused(caller, "monitoringmanagement/replaceOLCs", **keys, newNetworkId=["A1", "a1"])


@pytest.mark.parametrize("name", ["deviceId", "param0"])
def test_last_values_are_found_by_the_number_of_the_device(caller: Caller, name: str) -> None:
    params = {name: LAMP_ID, "valueName": ["MacAddress", "installStatus"]}
    found = caller.json("logging/getDeviceLastValues", params)
    assert [one["name"] for one in found] == ["MacAddress", "installStatus"]
    assert {one["deviceId"] for one in found} == {LAMP_ID}
    answer = caller.ask("logging/getDeviceLastValues", ser="json")
    assert (answer.status_code, "Missing parameter" in answer.text) == (500, True)
