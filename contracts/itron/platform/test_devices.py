"""Devices: listing, creating, reading, changing and deleting them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform.api import JSON, NOBODY, Api, devices, observations
from vendorlab.contracts.itron.platform.forms import CREATED, check_uuid, device_list, refused
from vendorlab.contracts.itron.platform.workshop import new_solution

if TYPE_CHECKING:
    from vendorlab.contracts.itron.platform.readings import Times
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = pytest.mark.vendorlab("itron-platform")

_INFO = {"nic_macID": "00135005ffffff01", "macaddress": "02:00:5E:00:53:01", "a name": {"x": [1, "two", None, True]}}


# --- lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-platform.devices.list", "itron-platform.devices.one-answer")
def test_devices_come_as_an_object_with_all_of_them(api: Api, token: str) -> None:
    """The SDK does not look for a second page."""
    response = api.get(devices(api.solution), token)
    if response.status_code == 404:
        pytest.skip(f"the solution {api.solution} has no devices")
    device_list(response)
    expect.check("next_page" not in response.headers, response, "no next_page: there is one answer")


@pytest.mark.claim("itron-platform.devices.mac")
def test_mesh_devices_tell_their_mac_address(api: Api, token: str) -> None:
    """By it the vendor's bridge finds the device that a mesh reading belongs to."""
    response = api.get(devices(api.solution), token)
    rows = [] if response.status_code == 404 else device_list(response)
    found = [row["domainInfo"].get("nic_macID") for row in rows if row["deviceType"] == "MILLI"]
    if not found:
        pytest.skip(f"the solution {api.solution} has no mesh devices")
    for mac in found:
        right = isinstance(mac, str) and re.fullmatch(r"[0-9a-f]{16}", mac)
        expect.check(right, response, f"sixteen lower-case hexadecimal digits, not {mac!r}")


@pytest.mark.claim("itron-platform.devices.list", "itron-platform.devices.one-answer")
@pytest.mark.needs("write")
def test_list_holds_every_device_once(api: Api, workshop: Workshop, token: str) -> None:
    """In one answer."""
    made = [workshop.device(domainInfo={"n": number}) for number in range(5)]
    response = api.get(devices(workshop.solution), token)
    found = device_list(response)
    expect.check(sorted(row["id"] for row in found) == sorted(made), response, f"the devices {made}")
    expect.check("next_page" not in response.headers, response, "no next_page: there is one answer")


@pytest.mark.claim("itron-platform.devices.none", "itron-platform.error.message")
def test_solution_without_devices_is_not_found(api: Api, token: str) -> None:
    """Two of the vendor's clients take 404 for an empty list."""
    refused(api.get(devices(new_solution()), token), 404)


@pytest.mark.claim("itron-platform.devices.solution-made", "itron-platform.devices.last-deleted")
@pytest.mark.needs("write")
def test_solution_comes_with_its_first_device_and_goes_with_its_last(api: Api, workshop: Workshop, token: str) -> None:
    """Nothing else makes one."""
    path = devices(workshop.solution)
    refused(api.get(path, token), 404)
    device = workshop.device()
    device_list(api.get(path, token))
    expect.status(api.ask("DELETE", devices(workshop.solution, device), token), 200)
    refused(api.get(path, token), 404)


@pytest.mark.claim("itron-platform.devices.question-mark")
@pytest.mark.needs("write")
def test_lone_question_mark_does_no_harm(api: Api, workshop: Workshop, device: str, token: str) -> None:
    """The SDK writes one where it has no parameters."""
    response = api.http.get(f"{devices(workshop.solution)}?", headers={"Authorization": token})
    expect.check([row["id"] for row in device_list(response)] == [device], response, "the device")


@pytest.mark.claim("itron-platform.devices.content-type")
@pytest.mark.needs("write")
def test_content_type_without_a_body_does_no_harm(api: Api, workshop: Workshop, device: str, token: str) -> None:
    """The SDK sends one with every call."""
    device_list(api.send("GET", devices(workshop.solution), token, b"", JSON))
    expect.json_object(api.send("DELETE", devices(workshop.solution, device), token, b"", JSON))


@pytest.mark.claim("itron-platform.devices.filter")
@pytest.mark.needs("write")
def test_filter_matches_a_type_exactly(api: Api, workshop: Workshop, token: str) -> None:
    """To the letter's case."""
    sensor = workshop.device(deviceType="SensorTag")
    for other in ("sensortag", "SensorTag2", "Sensor"):
        workshop.device(deviceType=other)
    response = api.get(devices(workshop.solution), token, deviceType="SensorTag")
    expect.check([row["id"] for row in device_list(response)] == [sensor], response, "the SensorTag alone")


@pytest.mark.claim("itron-platform.devices.filter-none")
@pytest.mark.needs("write")
def test_filter_that_matches_nothing_gives_nothing(api: Api, workshop: Workshop, device: str, token: str) -> None:
    """An empty list, or what a solution without devices says: the SDK tells them apart as little."""
    response = api.get(devices(workshop.solution), token, deviceType="nothing")
    if response.status_code == 404:
        refused(response, 404)
    else:
        expect.check(device_list(response) == [], response, "no devices")


# --- creating --------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-platform.devices.create", "itron-platform.devices.create-status")
@pytest.mark.needs("write")
def test_device_is_created_at_the_path_with_its_slash(workshop: Workshop) -> None:
    """The SDK reads nothing of the answer but the id."""
    response = workshop.create({"deviceType": "SensorTag", "domainInfo": _INFO})
    body = expect.json_object(response, *CREATED)
    expect.fields(response, body, {"id": str})


@pytest.mark.claim("itron-platform.devices.create-no-slash")
@pytest.mark.needs("write")
def test_device_is_created_at_the_path_without_its_slash_too(workshop: Workshop) -> None:
    """And no redirect, which would lose the body."""
    response = workshop.create({"deviceType": "SensorTag", "domainInfo": _INFO}, slash=False)
    expect.fields(response, expect.json_object(response, *CREATED), {"id": str})


@pytest.mark.claim("itron-platform.devices.create-whole", "itron-platform.devices.uuid")
@pytest.mark.needs("write")
def test_answer_is_the_whole_device_under_an_id_of_the_servers(workshop: Workshop) -> None:
    """An id that is sent along is not taken."""
    sent = {"deviceType": "SensorTag", "domainInfo": _INFO}
    response = workshop.create({**sent, "id": NOBODY})
    body = expect.json_object(response, *CREATED)
    expect.fields(response, body, {"id": str})
    check_uuid(response, body["id"])
    expect.check(body["id"] != NOBODY, response, "an id of the server's own")
    expect.check({name: body.get(name) for name in sent} == sent, response, f"the device {sent}")


@pytest.mark.claim("itron-platform.devices.echo")
@pytest.mark.needs("write")
@pytest.mark.parametrize("name", ["domainInfo", "provisioningInfo"])
def test_free_objects_come_back_as_they_were_sent(api: Api, workshop: Workshop, token: str, name: str) -> None:
    """DomainInfo and provisioningInfo hold what programs like."""
    workshop.device(**{name: _INFO})
    response = api.get(devices(workshop.solution), token)
    expect.check([row.get(name) for row in device_list(response)] == [_INFO], response, f"the {name} {_INFO}")


@pytest.mark.claim("itron-platform.devices.more-members")
@pytest.mark.needs("write")
def test_members_that_nobody_knows_are_kept(api: Api, workshop: Workshop, token: str) -> None:
    """A device is what its program says it is."""
    workshop.device(vendorlab={"a": 1})
    response = api.get(devices(workshop.solution), token)
    expect.check(device_list(response)[0].get("vendorlab") == {"a": 1}, response, "the member as it was sent")


@pytest.mark.claim("itron-platform.devices.domain-info")
@pytest.mark.needs("write")
def test_domain_info_is_always_there(api: Api, workshop: Workshop, token: str) -> None:
    """Empty if none was sent: programs look into it without asking."""
    expect.status(workshop.create({"deviceType": "SensorTag"}), *CREATED)
    response = api.get(devices(workshop.solution), token)
    expect.check([row["domainInfo"] for row in device_list(response)] == [{}], response, "an empty domainInfo")


@pytest.mark.claim("itron-platform.devices.type-needed")
@pytest.mark.needs("write")
@pytest.mark.parametrize(
    "body", [{}, {"domainInfo": {}}, {"deviceType": 5}, {"deviceType": None}, [], "x", [{"deviceType": "a"}]], ids=str
)
def test_device_without_a_type_is_a_bad_request(api: Api, workshop: Workshop, token: str, body: Any) -> None:
    """And makes no solution."""
    refused(workshop.create(body), 400)
    refused(api.get(devices(workshop.solution), token), 404)


@pytest.mark.claim("itron-platform.devices.same-mac")
@pytest.mark.needs("write")
def test_two_devices_may_have_one_mac_address(workshop: Workshop) -> None:
    """A program of the vendor's once made a device with every run."""
    assert workshop.device(domainInfo=_INFO) != workshop.device(domainInfo=_INFO)


@pytest.mark.claim("itron-platform.devices.solution-name")
@pytest.mark.needs("write")
@pytest.mark.parametrize("name", ["a%20b", "a%2Fb", "x" * 65, "%C3%A9", "a%00b"])
def test_solution_of_a_strange_name_cannot_be_made(api: Api, token: str, name: str) -> None:
    """Letters, digits, dots, dashes and underscores, at most 64."""
    refused(api.ask("POST", f"/api/solutions/{name}/devices/", token, {"deviceType": "a"}), 400, 403, 404)


@pytest.mark.claim("itron-platform.devices.case")
@pytest.mark.needs("write")
def test_solutions_names_are_told_apart_by_case(api: Api, workshop: Workshop, device: str, token: str) -> None:
    """Like everything else in a path."""
    refused(api.get(devices(workshop.solution.upper()), token), 404)


# --- one device ------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-platform.devices.get")
@pytest.mark.needs("write")
def test_device_is_the_same_alone_and_in_the_list(api: Api, workshop: Workshop, token: str) -> None:
    """With all that it was created with."""
    device = workshop.device(domainInfo=_INFO)
    listed = device_list(api.get(devices(workshop.solution), token))
    response = api.get(devices(workshop.solution, device), token)
    expect.check(expect.json_object(response) == listed[0], response, f"the device {listed[0]}")


@pytest.mark.claim("itron-platform.devices.put")
@pytest.mark.needs("write")
def test_device_is_changed_by_put(api: Api, workshop: Workshop, device: str, token: str) -> None:
    """And keeps its id."""
    body = {"deviceType": "changed", "domainInfo": _INFO}
    path = devices(workshop.solution, device)
    expect.json_object(api.ask("PUT", path, token, body))
    response = api.get(path, token)
    changed = expect.json_object(response)
    expect.check({name: changed.get(name) for name in body} == body, response, f"the device {body}")
    expect.check(changed.get("id") == device, response, "the id it had")


@pytest.mark.claim("itron-platform.devices.unknown")
@pytest.mark.needs("write")
@pytest.mark.parametrize("name", [NOBODY, "junk", "a%20b"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_unknown_device_is_not_found(
    api: Api, workshop: Workshop, device: str, token: str, method: str, name: str
) -> None:
    """Whatever its id looks like."""
    body = {"deviceType": "a", "domainInfo": _INFO} if method == "PUT" else None
    refused(api.ask(method, f"{devices(workshop.solution)}/{name}", token, body), 404)


@pytest.mark.claim("itron-platform.devices.other-solution")
@pytest.mark.needs("write")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_device_is_in_its_own_solution_only(api: Api, workshop: Workshop, token: str, method: str) -> None:
    """Another solution of the tenant does not have it."""
    device = workshop.device()
    refused(api.ask(method, devices(new_solution(), device), token), 404)
    device_list(api.get(devices(workshop.solution), token))


@pytest.mark.claim("itron-platform.devices.delete", "itron-platform.devices.delete-answer")
@pytest.mark.needs("write")
def test_device_is_deleted_and_the_answer_is_json(api: Api, workshop: Workshop, device: str, token: str) -> None:
    """An empty answer would break the SDK."""
    kept = workshop.device()
    response = api.ask("DELETE", devices(workshop.solution, device), token)
    expect.check(expect.json_object(response) == {}, response, "an empty object")
    rest = api.get(devices(workshop.solution), token)
    expect.check([row["id"] for row in device_list(rest)] == [kept], rest, "the other device alone")


@pytest.mark.claim("itron-platform.devices.delete-twice")
@pytest.mark.needs("write")
def test_device_that_was_deleted_is_not_found(api: Api, workshop: Workshop, device: str, token: str) -> None:
    """A second time there is nothing to delete."""
    path = devices(workshop.solution, device)
    expect.status(api.ask("DELETE", path, token), 200)
    for method in ("DELETE", "GET"):
        refused(api.ask(method, path, token), 404)


@pytest.mark.claim("itron-platform.devices.delete-observations")
@pytest.mark.needs("write")
def test_observations_go_with_their_device(api: Api, workshop: Workshop, device: str, times: Times, token: str) -> None:
    """Nothing is left to read, nor anything to post to."""
    workshop.post(device, times.reading(0, 1))
    workshop.device()
    expect.status(api.ask("DELETE", devices(workshop.solution, device), token), 200)
    path = observations(workshop.solution, device)
    refused(api.get(path, token), 404)
    refused(api.ask("POST", path, token, {"observations": [times.reading(1, 2)]}), 404)
    rest = api.get(observations(workshop.solution), token)
    expect.check(expect.json_object(rest).get("observations") == [], rest, "no observations")
