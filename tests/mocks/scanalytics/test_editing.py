"""Editing names: an extension, off by default; and the settings that choose how Scanalytics behaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.mocks.support import Caller, make_world

from vendorlab.mocks.core.settings import SettingsError

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeCaller

REQUIRED = {"name": ["This field is required."]}


@pytest.fixture
def caller(caller_of: MakeCaller, profile: str) -> Caller:
    return caller_of(profile=profile, settings={"editing": True, "minute_limit": 10_000, "hour_limit": 100_000})


@pytest.fixture
def writer(caller: Caller) -> str:
    return str(caller.login(scope="read write")["access_token"])


def places(caller: Caller, token: str) -> tuple[str, str]:
    """Paths of a deployment that the first user may edit and of an array in it."""
    deployment = caller.get("/v1/deployment/list", token).json()[0]
    return f"/v1/deployment/{deployment['key']}", f"/v1/array/{deployment['arrays'][0]['key']}"


def test_it_is_off_by_default(caller_of: MakeCaller, profile: str) -> None:
    caller = caller_of(profile=profile)
    token = caller.login(scope="read write")["access_token"]
    for path in places(caller, token):
        answer = caller.call("PATCH", path, token, json={"name": "New"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_a_change_is_told_and_visible_everywhere(caller: Caller, writer: str) -> None:
    deployment, array = places(caller, writer)
    answer = caller.call("PATCH", deployment, writer, json={"name": " Löwenplatz "})
    assert (answer.status_code, answer.json()["name"]) == (200, "Löwenplatz")
    assert "Löwenplatz" in answer.text
    assert answer.headers["allow"] == "GET, PATCH, HEAD, OPTIONS"
    assert caller.get(deployment.replace("v1", "v2"), writer).json() == answer.json()
    assert caller.get("/v1/deployment/list", writer).json()[0] == answer.json()
    answer = caller.call("PATCH", array, writer, json={"name": "Rear Door", "key": "XXXXX"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Rear Door")
    assert answer.json()["key"] == array.rpartition("/")[2]
    assert caller.get(array, writer).json() == answer.json()
    assert caller.get(deployment, writer).json()["arrays"][0]["name"] == "Rear Door"


@pytest.mark.parametrize("which", [0, 1], ids=["deployment", "array"])
def test_a_read_scope_is_forbidden_and_changes_nothing(caller: Caller, writer: str, which: int) -> None:
    path = places(caller, writer)[which]
    before = caller.get(path, writer).json()
    answer = caller.call("PATCH", path, caller.login(scope="read")["access_token"], json={"name": "New"})
    assert (answer.status_code, answer.json()) == (
        403,
        {"detail": "You do not have permission to perform this action."},
    )
    assert caller.get(path, writer).json() == before


@pytest.mark.parametrize("kind", ["deployment", "array"])
def test_view_permission_is_forbidden(caller: Caller, writer: str, kind: str) -> None:
    viewed = caller.get("/v1/deployment/list", writer).json()[2]
    key = viewed["key"] if kind == "deployment" else viewed["arrays"][0]["key"]
    answer = caller.call("PATCH", f"/v1/{kind}/{key}", writer, json={"name": "New"})
    assert (answer.status_code, caller.last.cause) == (403, "permission-denied")


@pytest.mark.parametrize("kind", ["deployment", "array"])
def test_an_unknown_key_is_not_found(caller: Caller, writer: str, kind: str) -> None:
    assert caller.call("PATCH", f"/v1/{kind}/ZZZZZ", writer, json={"name": "New"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, REQUIRED),
        ({"Name": "x"}, REQUIRED),
        ({"name": None}, {"name": ["This field may not be null."]}),
        ({"name": ""}, {"name": ["This field may not be blank."]}),
        ({"name": "  "}, {"name": ["This field may not be blank."]}),
        ({"name": "x" * 101}, {"name": ["Ensure this field has no more than 100 characters."]}),
        ({"name": ["x"]}, {"name": ["Not a valid string."]}),
        ({"name": {"a": 1}}, {"name": ["Not a valid string."]}),
        ({"name": True}, {"name": ["Not a valid string."]}),
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
        ("x", {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]}),
        (5, {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}),
    ],
    ids=json.dumps,
)
def test_a_name_that_does_not_do_is_told_by_field(
    caller: Caller, writer: str, body: Any, error: dict[str, list[str]]
) -> None:
    for path in places(caller, writer):
        answer = caller.call("PATCH", path, writer, json=body)
        assert (answer.status_code, answer.json()) == (400, error)
        assert caller.last.cause == "invalid-fields"


@pytest.mark.parametrize(("name", "stored"), [(12, "12"), (1.5, "1.5"), ("x" * 100, "x" * 100), ("日本", "日本")])
def test_numbers_and_long_and_foreign_names_do(caller: Caller, writer: str, name: Any, stored: str) -> None:
    path = places(caller, writer)[0]
    assert caller.call("PATCH", path, writer, json={"name": name}).json()["name"] == stored


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"name": "x"',
        b"\xff\xfe",
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=["empty", "open", "word", "cut", "bytes", "nan", "surrogate", "deep-list", "deep-object"],
)
def test_broken_json_is_a_parse_error(caller: Caller, writer: str, content: bytes) -> None:
    path = places(caller, writer)[0]
    answer = caller.call("PATCH", path, writer, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("JSON parse error - ")
    assert caller.last.cause == "parse-error"


@pytest.mark.parametrize("content_type", ["application/xml", "text/plain", "application/x-www-form-urlencoded"])
def test_another_media_type_is_415(caller: Caller, writer: str, content_type: str) -> None:
    path = places(caller, writer)[0]
    answer = caller.call("PATCH", path, writer, content=b"name=x", headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()) == (
        415,
        {"detail": f'Unsupported media type "{content_type}" in request.'},
    )


def test_a_json_type_with_parameters_is_json(caller: Caller, writer: str) -> None:
    path = places(caller, writer)[0]
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert caller.call("PATCH", path, writer, content=b'{"name":"x"}', headers=headers).status_code == 200


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=40)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "x"]), inner, max_size=2),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))
)
def test_no_body_whatever_brings_out_a_server_error(content: bytes) -> None:
    caller = _one_for_all()
    token = caller.login(scope="read write")["access_token"]
    path = places(caller, token)[0]
    answer = caller.call("PATCH", path, token, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 400)
    assert caller.last.cause != "defect"


def _one_for_all() -> Caller:
    return Caller(make_world(settings={"editing": True, "minute_limit": 10_000, "hour_limit": 100_000}))


# --- settings and profiles -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"grace": 3}, "no setting 'grace'"),
        ({"refresh_grac": 3}, "did you mean 'refresh_grace'"),
        ({"deployments": 1}, "between 2 and 500"),
        ({"deployments": 501}, "between 2 and 500"),
        ({"deployments": "many"}, "does not fit"),
        ({"refresh_grace": -1}, "refresh_grace"),
        ({"minute_limit": 0}, "limit"),
        ({"editing": "perhaps"}, "does not fit"),
    ],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_refused(values: dict[str, Any], message: str) -> None:
    with make_world(settings=values) as world, pytest.raises(SettingsError, match=message):
        world.vendor("scanalytics")


def test_settings_may_come_as_text_from_a_command_line() -> None:
    with make_world(settings={"deployments": "3", "editing": "true"}) as world:
        caller = Caller(world)
        token = caller.login()["access_token"]
        assert len(caller.get("/v1/deployment/list", token).json()) == 3
        assert "PATCH" in caller.get(places(caller, token)[0], token).headers["allow"]


def test_an_unknown_profile_is_refused_with_those_there_are() -> None:
    with make_world(profile="modem") as world, pytest.raises(SettingsError, match=r"'modern'.*legacy, modern"):
        world.vendor("scanalytics")


def test_the_default_profile_is_legacy() -> None:
    with make_world() as world:
        assert world.vendor("scanalytics").profile == "legacy"
