"""What Scanalytics shows of people, deployments, arrays and devices, and to whom."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from tests.mocks.support import START, Caller, make_world

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeCaller

KINDS = ("deployment", "array", "device")
MODEL = {"deployment": "Deployment", "array": "Array", "device": "Device"}


@pytest.fixture
def caller(caller_of: MakeCaller, profile: str) -> Caller:
    return caller_of(profile=profile)


@pytest.fixture
def token(caller: Caller) -> str:
    return str(caller.login()["access_token"])


@pytest.fixture
def second(caller: Caller) -> str:
    return str(caller.login_second()["access_token"])


@pytest.fixture(params=["v1", "v2"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def listed(caller: Caller, token: str, kind: str, version: str = "v1") -> list[dict[str, Any]]:
    answer = caller.get(f"/{version}/{kind}/list", token)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


def assert_not_found(caller: Caller, path: str, token: str, profile: str, kind: str) -> None:
    answer = caller.get(path, token)
    detail = f"No {MODEL[kind]} matches the given query." if profile == "modern" else "Not found."
    assert (answer.status_code, answer.text) == (404, f'{{"detail":"{detail}"}}')
    assert (caller.last.operation, caller.last.cause) == (kind, "not-found")


def test_whoami_tells_the_documented_four_fields(caller: Caller, token: str, version: str) -> None:
    answer = caller.get(f"/{version}/whoami", token)
    body = answer.json()
    assert list(body) == ["email", "firstName", "lastName", "timezone"]
    assert body["email"] == caller.credentials["username"]
    assert body["email"].endswith("@example.com")
    assert ZoneInfo(body["timezone"]).key == body["timezone"]
    assert answer.text == answer.text.replace(": ", ":").replace(", ", ",")


def test_users_are_told_apart(caller: Caller, token: str, second: str) -> None:
    names = [caller.get("/v1/whoami", one).json()["email"] for one in (token, second)]
    assert names == [caller.credentials["username"], caller.credentials["second_username"]]
    assert names[0] != names[1]


def test_deployments_have_their_shape(caller: Caller, token: str, version: str) -> None:
    rows = listed(caller, token, "deployment", version)
    assert len(rows) == 5
    for row in rows:
        assert list(row) == ["key", "name", "timezone", "permission", "arrays"]
        assert re.fullmatch("[A-Z0-9]{5}", row["key"])
        assert all(list(array) == ["key", "name"] for array in row["arrays"])
        assert caller.get(f"/{version}/deployment/{row['key']}", token).json() == row
    assert [row["permission"] for row in rows] == ["edit", "view", "view", "view", "view"]
    assert rows[1]["arrays"] == []


def test_arrays_have_their_shape_and_are_those_of_the_deployments(caller: Caller, token: str, version: str) -> None:
    rows = listed(caller, token, "array", version)
    assert rows
    for row in rows:
        assert list(row) == ["key", "name", "deploymentKey", "type", "widthMeters", "lengthMeters", "devices"]
        assert re.fullmatch("[A-Z0-9]{5}", row["key"])
        assert caller.get(f"/{version}/array/{row['key']}", token).json() == row
    deployments = listed(caller, token, "deployment", version)
    expected = [(one["key"], array["key"]) for one in deployments for array in one["arrays"]]
    assert [(row["deploymentKey"], row["key"]) for row in rows] == expected


def test_devices_have_their_shape_and_are_those_of_the_arrays(caller: Caller, token: str, version: str) -> None:
    rows = listed(caller, token, "device", version)
    assert rows
    for row in rows:
        names = ["key", "name", "arrayKey", "deploymentKey", "online", "lastSeen", "firmware"]
        assert list(row) == names
        assert re.fullmatch(r"D-\d{6}", row["key"])
        assert caller.get(f"/{version}/device/{row['key']}", token).json() == row
    arrays = listed(caller, token, "array", version)
    expected = [(array["deploymentKey"], array["key"], key) for array in arrays for key in array["devices"]]
    assert [(row["deploymentKey"], row["arrayKey"], row["key"]) for row in rows] == expected


def test_the_second_user_sees_only_what_is_shared_with_him(caller: Caller, token: str, second: str) -> None:
    for kind in KINDS:
        mine, theirs = listed(caller, token, kind), listed(caller, second, kind)
        keys = {row["key"] for row in mine}
        assert {row["key"] for row in theirs} < keys
    assert [row["permission"] for row in listed(caller, second, "deployment")] == ["view"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_forbidden_key_looks_like_an_unknown_one(
    caller: Caller, profile: str, token: str, second: str, kind: str
) -> None:
    theirs = {row["key"] for row in listed(caller, second, kind)}
    forbidden = [row["key"] for row in listed(caller, token, kind) if row["key"] not in theirs]
    assert forbidden
    for key in (*forbidden, "ZZZZZ", "zzzzz", "0", "%20", "é", "D-999999"):
        assert_not_found(caller, f"/v1/{kind}/{key}", second, profile, kind)


def test_a_key_in_small_letters_is_unknown(caller: Caller, profile: str, token: str) -> None:
    key = next(row["key"] for row in listed(caller, token, "array") if row["key"].upper() != row["key"].lower())
    assert_not_found(caller, f"/v1/array/{key.lower()}", token, profile, "array")


def test_devices_report_once_a_minute_and_those_offline_stopped(caller_of: MakeCaller) -> None:
    caller = caller_of(settings={"deployments": 20})

    def seen() -> dict[str, tuple[bool, datetime]]:
        rows = listed(caller, caller.login()["access_token"], "device")
        return {row["key"]: (row["online"], datetime.fromisoformat(row["lastSeen"])) for row in rows}

    before = seen()
    assert {online for online, _ in before.values()} == {True, False}
    caller.world.clock.advance(timedelta(hours=3, seconds=7))
    now = START + timedelta(hours=3, seconds=7)
    for key, (online, at) in seen().items():
        if online:
            assert timedelta(0) <= now - at < timedelta(seconds=60)
            assert (at - before[key][1]).total_seconds() % 60 == 0
        else:
            assert at == before[key][1] < START - timedelta(days=1) + timedelta(seconds=1)


def test_a_device_is_never_seen_in_the_future(caller: Caller, token: str) -> None:
    for _ in range(120):
        caller.world.clock.advance(1)
        now = caller.world.clock.now().replace(microsecond=0)
        for device in caller.vendor.backend.estate.devices.values():
            assert datetime.fromtimestamp(caller.vendor.backend.last_seen(device), UTC) <= now


def test_the_estate_comes_from_the_seed_alone() -> None:
    def everything(seed: int) -> dict[str, Any]:
        with make_world(seed=seed) as world:
            caller = Caller(world)
            token = caller.login()["access_token"]
            return {kind: listed(caller, token, kind) for kind in KINDS} | {"known": dict(caller.credentials)}

    assert everything(7) == everything(7)
    assert everything(7) != everything(8)


@pytest.mark.parametrize("count", [2, 3, 50, 500])
def test_the_number_of_deployments_is_a_setting(caller_of: MakeCaller, count: int) -> None:
    caller = caller_of(settings={"deployments": count})
    token = caller.login()["access_token"]
    deployments = listed(caller, token, "deployment")
    assert len({row["key"] for row in deployments}) == count
    devices = [row["key"] for row in listed(caller, token, "device")]
    assert len(devices) == len(set(devices))


def test_two_users_of_one_name_are_two_users(monkeypatch: pytest.MonkeyPatch) -> None:
    from faker.providers.person.en_US import Provider

    monkeypatch.setattr(Provider, "first_names", ["Ada"])
    monkeypatch.setattr(Provider, "last_names", ["Byron"])
    with make_world() as world:
        caller = Caller(world)
        known = caller.credentials
        assert known["username"] != known["second_username"]
        assert caller.login_second()["token_type"] == "Bearer"


def test_state_shows_the_estate_and_no_secret(caller: Caller) -> None:
    pair = caller.login()
    shown = str(caller.vendor.state())
    known = caller.credentials
    secrets = [value for name, value in known.items() if "password" in name or "secret" in name]
    for secret in (*secrets, pair["access_token"], pair["refresh_token"]):
        assert secret not in shown
    assert known["username"] in shown
