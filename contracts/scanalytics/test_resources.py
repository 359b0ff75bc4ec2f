"""Users, deployments, arrays and devices."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.core.django.api import Grant
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")

NUMBER = (int, float)
USER = {"email": str, "firstName": str, "lastName": str, "timezone": str}
DEPLOYMENT: dict[str, type | tuple[type, ...]] = {
    "key": str,
    "name": str,
    "timezone": str,
    "permission": str,
    "arrays": list,
}
ARRAY: dict[str, type | tuple[type, ...]] = {
    "key": str,
    "name": str,
    "deploymentKey": str,
    "type": str,
    "widthMeters": NUMBER,
    "lengthMeters": NUMBER,
    "devices": list,
}
DEVICE: dict[str, type | tuple[type, ...]] = {
    "key": str,
    "name": str,
    "arrayKey": str,
    "deploymentKey": str,
    "online": bool,
    "lastSeen": (str, type(None)),
    "firmware": str,
}


def _listed(api: Api, token: str, kind: str, types: dict[str, Any]) -> list[dict[str, Any]]:
    """Expect a well-formed list of a kind of things; skips the test if the user has none."""
    __tracebackhide__ = True
    response = api.get(f"/v1/{kind}/list", token)
    rows = expect.json_objects(response)
    for row in rows:
        expect.fields(response, row, types)
    if not rows:
        pytest.skip(f"the user has no {kind}")
    return rows


def _check_zone(response: httpx.Response, name: str) -> None:
    __tracebackhide__ = True
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise AssertionError(f"{response.request.url.path}: {name!r} is no IANA timezone") from None


def _names(response: httpx.Response) -> set[str]:
    """Return all field names in a JSON document, however deep."""
    names: set[str] = set()
    json.loads(response.text, object_pairs_hook=lambda pairs: names.update(name for name, _ in pairs))
    return names


@pytest.mark.claim("scanalytics.whoami.fields", "scanalytics.whoami.timezone")
def test_whoami_tells_who_and_where(api: Api, token: str) -> None:
    """Four strings, one of them a timezone that exists."""
    response = api.get("/v1/whoami", token)
    body = expect.json_object(response)
    expect.fields(response, body, USER)
    _check_zone(response, body["timezone"])


@pytest.mark.claim("scanalytics.deployment.list")
def test_deployment_list_is_there(api: Api, token: str) -> None:
    """Whatever its form."""
    response = api.get("/v1/deployment/list", token)
    expect.status(response, 200)
    expect.json_body(response)


@pytest.mark.claim("scanalytics.deployment.list-shape")
def test_deployments_come_as_an_array_of_objects(api: Api, token: str) -> None:
    """With a permission, a timezone that exists, and arrays by key and name."""
    response = api.get("/v1/deployment/list", token)
    for row in _listed(api, token, "deployment", DEPLOYMENT):
        expect.check(row["permission"] in {"view", "edit"}, response, f"view or edit, not {row['permission']!r}")
        _check_zone(response, row["timezone"])
        for array in row["arrays"]:
            expect.check(isinstance(array, dict), response, "arrays as objects")
            expect.fields(response, array, {"key": str, "name": str})


@pytest.mark.claim("scanalytics.deployment.detail")
def test_deployment_is_the_same_alone_and_in_the_list(api: Api, token: str) -> None:
    """By its key."""
    row = _listed(api, token, "deployment", DEPLOYMENT)[0]
    assert expect.json_object(api.get(f"/v1/deployment/{row['key']}", token)) == row


@pytest.mark.claim("scanalytics.array.list-shape", "scanalytics.array.shape", "scanalytics.array.key")
def test_arrays_are_the_same_alone_and_in_the_list(api: Api, token: str) -> None:
    """With a key of five characters, a size, and the keys of devices."""
    rows = _listed(api, token, "array", ARRAY)
    response = api.get(f"/v1/array/{rows[0]['key']}", token)
    assert expect.json_object(response) == rows[0]
    for row in rows:
        expect.check(re.fullmatch(r"[A-Z0-9]{5}", row["key"]), response, f"a key of five, not {row['key']!r}")
        expect.check(row["widthMeters"] > 0 and row["lengthMeters"] > 0, response, "a size in metres")
        expect.check(all(isinstance(key, str) for key in row["devices"]), response, "the keys of devices")


@pytest.mark.claim("scanalytics.device.list-shape", "scanalytics.device.shape")
def test_devices_are_the_same_alone_and_in_the_list(api: Api, token: str) -> None:
    """But for what the seconds in between may have changed."""
    rows = _listed(api, token, "device", DEVICE)
    response = api.get(f"/v1/device/{rows[0]['key']}", token)
    alone = expect.json_object(response)
    expect.fields(response, alone, DEVICE)
    for name in DEVICE.keys() - {"online", "lastSeen"}:
        expect.check(alone[name] == rows[0][name], response, f"the {name} of the list, {rows[0][name]!r}")
    for row in rows:
        if row["lastSeen"] is not None:
            try:
                aware = datetime.fromisoformat(row["lastSeen"]).tzinfo is not None
            except ValueError:
                aware = False
            expect.check(aware, response, f"lastSeen to be a time with an offset, not {row['lastSeen']!r}")


@pytest.mark.claim("scanalytics.resource.camel-case")
def test_field_names_are_camel_case(api: Api, token: str) -> None:
    """After firstName."""
    for path in ("/v1/whoami", "/v1/deployment/list", "/v1/array/list", "/v1/device/list"):
        response = api.get(path, token)
        expect.status(response, 200)
        expect.json_body(response)
        odd = {name for name in _names(response) if not re.fullmatch(r"[a-z][A-Za-z0-9]*", name)}
        expect.check(not odd, response, f"camelCase names, not {sorted(odd)}")


@pytest.mark.claim("scanalytics.deployment.unknown", "scanalytics.array.unknown", "scanalytics.device.unknown")
@pytest.mark.parametrize("path", ["/v1/deployment/00000", "/v1/array/00000", "/v1/device/D-000000"])
def test_what_does_not_exist_is_not_found(api: Api, token: str, path: str) -> None:
    """In JSON, since the resource is there and the object is not."""
    expect.not_found(api.get(path, token))


@pytest.mark.claim("scanalytics.resource.consistent")
def test_deployments_arrays_and_devices_refer_to_each_other(api: Api, token: str) -> None:
    """Every key that is named leads somewhere, and both sides say the same."""
    deployments = {row["key"]: row for row in _listed(api, token, "deployment", DEPLOYMENT)}
    arrays = {row["key"]: row for row in _listed(api, token, "array", ARRAY)}
    devices = {row["key"]: row for row in _listed(api, token, "device", DEVICE)}
    by_deployment = {array["key"]: key for key, row in deployments.items() for array in row["arrays"]}
    assert by_deployment == {key: row["deploymentKey"] for key, row in arrays.items()}
    by_array = {device: key for key, row in arrays.items() for device in row["devices"]}
    assert by_array == {key: row["arrayKey"] for key, row in devices.items()}
    for key, row in devices.items():
        assert row["deploymentKey"] == arrays[row["arrayKey"]]["deploymentKey"], f"device {key}"


@pytest.mark.claim("scanalytics.resource.foreign")
@pytest.mark.needs("second-user", "spend")
def test_what_another_user_alone_may_see_is_not_found(api: Api, grant: Grant) -> None:
    """Neither the array itself nor what was measured there."""
    other = api.login(username=api.credential("second_username"), password=api.credential("second_password")).access
    mine = {row["key"] for row in _listed(api, grant.access, "array", ARRAY)}
    theirs = {row["key"] for row in expect.json_objects(api.get("/v1/array/list", other))}
    if not mine - theirs:
        pytest.skip("the second user may see all that the first may")
    key = min(mine - theirs)
    expect.not_found(api.get(f"/v1/array/{key}", other))
    window = {"start": "2018-03-01T00:00:00", "end": "2018-03-02T00:00:00", "timezone": "UTC"}
    expect.not_found(api.get(f"/v1/aggregate/{key}/visits/1h", other, window))
