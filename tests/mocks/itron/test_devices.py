"""Devices and device templates."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.itron.support import DAY, STATIC, Caller, at, solution

from vendorlab.mocks.itron import provisioning

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeCaller

DEVICES, TEMPLATES = solution("lab", "devices"), solution("lab", "devicetemplates")


def test_sandbox_holds_mesh_devices_and_sensor_tags(caller: Caller) -> None:
    devices = caller.get(solution("sandbox", "devices")).json()["devices"]
    mesh = [one for one in devices if one["deviceType"] == "MILLI"]
    assert [one["deviceType"] for one in devices] == ["MILLI"] * 8 + ["SensorTag"] * 2
    for one in mesh:
        mac = one["domainInfo"]["nic_macID"]
        assert re.fullmatch("00135005[0-9a-f]{8}", mac)
        assert one["provisioningInfo"]["ssniMacAddress"] == mac
    assert len({one["id"] for one in devices}) == 10
    assert devices[-1]["domainInfo"]["macaddress"] == "02:00:5E:00:53:02"


def test_other_tenant_has_devices_of_its_own(caller: Caller) -> None:
    first, second = (caller.get(solution("sandbox", "devices"), which=which).json() for which in ("", "second_"))
    ids = [{one["id"] for one in found["devices"]} for found in (first, second)]
    assert (len(ids[0]), len(ids[1]), ids[0] & ids[1]) == (10, 2, set())


def test_solution_without_devices_is_a_404_and_an_unmatched_filter_is_not(caller: Caller) -> None:
    assert caller.get(DEVICES).status_code == 404
    device = caller.make_device()
    assert caller.get(DEVICES, params={"deviceType": "Other"}).json() == {"devices": []}
    assert caller.get(DEVICES, params={"deviceType": "thing"}).json() == {"devices": []}
    assert [one["id"] for one in caller.get(DEVICES, params={"deviceType": "Thing"}).json()["devices"]] == [device]
    caller.call("DELETE", f"{DEVICES}/{device}")
    assert caller.get(DEVICES).status_code == 404
    assert caller.get(DEVICES, params={"deviceType": "Thing"}).status_code == 404


@pytest.mark.parametrize("slash", ["", "/"])
def test_created_device_is_answered_whole_and_listed(caller: Caller, slash: str) -> None:
    body = {"deviceType": "T\u00e9st", "domainInfo": {"a": [1, {"b": None}]}, "provisioningInfo": {}, "more": 1}
    made = caller.call("POST", DEVICES + slash, json=body)
    assert made.status_code == 201
    device = made.json()
    assert device == {"id": device["id"], **body}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", device["id"])
    assert caller.get(DEVICES).json() == {"devices": [device]}
    assert caller.get(f"{DEVICES}/{device['id']}").json() == device


def test_domain_info_comes_back_byte_for_byte_and_is_never_missing(caller: Caller) -> None:
    info = b'{"big": 123456789012345678901234567890, "one": 1.0, "text": "\\u00e9"}'
    made = caller.call("POST", DEVICES, content=b'{"deviceType":"T","domainInfo":%s}' % info)
    assert info in made.content
    assert info in caller.get(DEVICES).content
    assert caller.call("POST", DEVICES, json={"deviceType": "T"}).json()["domainInfo"] == {}


def test_id_of_a_device_is_the_servers(caller: Caller) -> None:
    made = caller.call("POST", DEVICES, json={"deviceType": "T", "id": "mine"}).json()
    assert made["id"] != "mine"
    changed = caller.call("PUT", f"{DEVICES}/{made['id']}", json={"deviceType": "T", "id": "mine"}).json()
    assert changed["id"] == made["id"]


def test_two_devices_with_one_address_are_two(caller: Caller) -> None:
    info = {"macaddress": "02:00:5E:00:53:09"}
    assert caller.make_device(domainInfo=info) != caller.make_device(domainInfo=info)
    assert len(caller.get(DEVICES).json()["devices"]) == 2


BAD_DEVICES = [
    b"",
    b"[]",
    b"{}",
    b'{"deviceType":5}',
    b'{"deviceType":""}',
    b'{"deviceType":null}',
    b'{"deviceType":"T","domainInfo":[]}',
    b'{"deviceType":"T","domainInfo":null}',
    b'{"deviceType":"T","provisioningInfo":"x"}',
    b'{"deviceType":"T","domainInfo":{"a":NaN}}',
    b'{"deviceType":"T","domainInfo":{"a":1,"a":2}}',
]


@pytest.mark.parametrize("body", BAD_DEVICES)
def test_device_that_makes_no_sense_is_a_400(caller: Caller, body: bytes) -> None:
    device = caller.make_device()
    assert caller.call("POST", DEVICES, content=body).status_code == 400
    assert caller.call("PUT", f"{DEVICES}/{device}", content=body).status_code == 400
    assert len(caller.get(DEVICES).json()["devices"]) == 1


def test_device_is_replaced_whole_and_keeps_its_observations(caller: Caller) -> None:
    device = caller.make_device(domainInfo={"a": 1}, extra=True)
    caller.post(device, at(0))
    changed = caller.call("PUT", f"{DEVICES}/{device}", json={"deviceType": "Other"})
    assert (changed.status_code, changed.json()) == (200, {"id": device, "deviceType": "Other", "domainInfo": {}})
    assert caller.get(f"{DEVICES}/{device}").json() == changed.json()
    assert caller.of_device(device) == [at(0)]


def test_deleted_device_is_gone_with_its_observations(caller: Caller) -> None:
    device, other = caller.make_device(), caller.make_device()
    caller.post(device, at(0))
    caller.post(other, at(1))
    gone = caller.call("DELETE", f"{DEVICES}/{device}", headers={"Content-Type": "application/json"})
    assert (gone.status_code, gone.json()) == (200, {})
    assert caller.call("DELETE", f"{DEVICES}/{device}").status_code == 404
    assert caller.get(f"{DEVICES}/{device}/observations").status_code == 404
    assert caller.post(device, at(2)).status_code == 404
    found = caller.page(solution("lab", "observations"), **DAY).json()["observations"]
    assert [one["deviceId"] for one in found] == [other]


def test_device_is_found_in_its_solution_and_tenant_only(caller: Caller) -> None:
    device = caller.make_device()
    caller.make_device("elsewhere")
    for place, which in (("elsewhere", ""), ("nowhere", ""), ("lab", "second_")):
        path = solution(place, "devices", device)
        body: dict[str, Any] = {"which": which, "json": {"deviceType": "T"}}
        assert caller.get(path, which=which).status_code == 404
        assert caller.call("PUT", path, **body).status_code == 404
        assert caller.call("DELETE", path, which=which).status_code == 404
        assert caller.post(device, at(0), place=place, which=which).status_code == 404
        assert caller.get(f"{path}/observations", which=which).status_code == 404
    assert caller.get(solution("lab", "devices"), which="second_").status_code == 404
    assert caller.get(f"{DEVICES}/{device}").status_code == 200


def test_list_of_many_devices_is_one_answer(caller_of: MakeCaller) -> None:
    caller = caller_of(mesh_devices=3_000)
    answer = caller.get(solution("sandbox", "devices"))
    assert len(answer.json()["devices"]) == 3_002
    assert "next_page" not in answer.headers


def test_no_more_devices_are_made_than_can_be_kept(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "MOST_DEVICES", 14)
    monkeypatch.setattr(provisioning, "MOST_TEMPLATES", 1)
    devices = [caller.make_device() for _ in range(2)]
    assert caller.call("POST", DEVICES, json={"deviceType": "T"}).status_code == 429
    caller.call("DELETE", f"{DEVICES}/{devices[0]}")
    assert caller.call("POST", DEVICES, json={"deviceType": "T"}).status_code == 201
    body: Any = {"deviceTemplate": {"name": "n", "sensors": []}}
    assert [caller.call("POST", TEMPLATES, json=body).status_code for _ in range(2)] == [201, 429]


# --- templates -------------------------------------------------------------------------------------------------------


def test_template_is_made_changed_and_listed_in_the_vendors_envelopes(caller: Caller) -> None:
    assert caller.get(TEMPLATES).json() == {"deviceTemplates": []}
    body = {"deviceTemplate": {"name": "Pole sensor", "sensors": ["tilt", "temperature"]}}
    made = caller.call("POST", TEMPLATES, json=body)
    template = made.json()["deviceTemplates"]
    assert (made.status_code, template) == (201, {"id": template["id"], **body["deviceTemplate"]})
    changed = caller.call("PUT", f"{TEMPLATES}/{template['id']}", json={"deviceTemplate": {"name": "B", "sensors": []}})
    after: Any = {"id": template["id"], "name": "B", "sensors": []}
    assert (changed.status_code, changed.json()) == (200, {"deviceTemplates": after})
    assert caller.get(TEMPLATES).json() == {"deviceTemplates": [after]}


def test_template_is_flat_by_a_switch(caller_of: MakeCaller) -> None:
    made = caller_of(flat_templates=True).call(
        "POST", TEMPLATES, json={"deviceTemplate": {"name": "B", "sensors": ["a"]}}
    )
    assert made.json() == {"id": made.json()["id"], "name": "B", "sensors": ["a"]}


@pytest.mark.parametrize(
    "template",
    [
        None,
        [],
        {},
        {"name": "n"},
        {"sensors": []},
        {"name": "", "sensors": []},
        {"name": 1, "sensors": []},
        {"name": "n", "sensors": "a"},
        {"name": "n", "sensors": [1]},
        {"name": "n", "sensors": [""]},
        {"name": "n", "sensors": [{"type": "temperature"}]},
    ],
)
def test_template_that_makes_no_sense_is_a_400(caller: Caller, template: Any) -> None:
    body = json.dumps({"deviceTemplate": template})
    assert caller.call("POST", TEMPLATES, content=body).status_code == 400
    assert caller.call("PUT", f"{TEMPLATES}/x", content=body).status_code == 400
    assert caller.call("POST", TEMPLATES, json={"name": "n", "sensors": []}).status_code == 400
    assert caller.get(TEMPLATES).json() == {"deviceTemplates": []}


def test_template_is_found_in_its_solution_and_tenant_only(caller: Caller) -> None:
    body: Any = {"deviceTemplate": {"name": "n", "sensors": []}}
    made = caller.call("POST", TEMPLATES, json=body).json()["deviceTemplates"]["id"]
    for place, which in (("elsewhere", ""), ("lab", "second_")):
        path = solution(place, "devicetemplates", made)
        assert caller.call("PUT", path, json=body, which=which).status_code == 404
        assert caller.get(solution(place, "devicetemplates"), which=which).json() == {"deviceTemplates": []}


def test_static_templates_have_no_id(caller: Caller) -> None:
    found = caller.get(STATIC).json()["deviceTemplates"]
    assert len(found) >= 3
    assert all(list(one) == ["name", "sensors"] and all(isinstance(s, str) for s in one["sensors"]) for one in found)
