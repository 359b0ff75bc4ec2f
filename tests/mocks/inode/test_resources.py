"""Links and devices over HTTP: their fields, who sees them, and what happens to bad requests."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.inode.support import DEVICES, LINKS, Caller
from tests.mocks.support import make_world

from vendorlab.mocks.inode import wire

if TYPE_CHECKING:
    from tests.mocks.inode.conftest import MakeCaller

TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (float, int),
    "string": (str,),
    "boolean": (bool,),
    "Grid": (dict,),
    "string*": (list,),
}


def assert_typed(thing: dict[str, Any], fields: dict[str, str]) -> None:
    """Hold a thing to what the vendor's description says of it."""
    assert list(thing) == list(fields)
    for name, code in fields.items():
        value = thing[name]
        if value is None:
            assert code.endswith("?"), name
        else:
            assert isinstance(value, TYPES[code.removesuffix("?")]), name
            assert isinstance(value, bool) == (code == "boolean"), name


def test_links_are_a_bare_array_in_the_order_of_their_ids(dated: Caller) -> None:
    answer = dated.get(LINKS)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert (answer.headers["vary"], answer.headers["allow"]) == ("Accept", "GET, HEAD, OPTIONS")
    links = answer.json()
    assert [link["id"] for link in links] == sorted(link["id"] for link in links)
    assert len(links) == 12
    for link in links:
        assert_typed(link, wire.TYPES["Link"])
        assert link["default_data_source"] in link["data_sources"]
        assert (link["status"] is None) == (link["data_sources"] == ["sensor"])
        assert link["enabled"] == (link["status"] != "disabled") or link["status"] is None


def test_devices_are_a_bare_array_in_the_order_of_their_ids(dated: Caller) -> None:
    devices = dated.devices()
    assert [device["id"] for device in devices] == sorted(device["id"] for device in devices)
    assert len(devices) == 8
    for device in devices:
        assert_typed(device, wire.TYPES["Device"])


def test_default_estate_shows_every_kind_of_link_and_device(caller: Caller) -> None:
    links, devices = caller.links(), caller.devices()
    assert {tuple(link["data_sources"]) for link in links} == {
        ("sensor",),
        ("crowdsourced",),
        ("sensor", "crowdsourced"),
    }
    assert {link["enabled"] for link in links} == {True, False}
    assert {device["online"] for device in devices} == {True, False}
    assert {device["live"] for device in devices} == {True, False}


@pytest.mark.parametrize("seed", range(10))
def test_ends_of_links_exist_and_lie_no_further_apart_than_the_road(seed: int) -> None:
    caller = Caller(make_world("inode", seed=seed, settings={"links": 60, "devices": 30}))
    devices = {device["id"]: device for device in caller.devices()}
    for link in caller.links():
        if link["origin_device"] is None:
            assert link["data_sources"] == ["crowdsourced"]
            continue
        ends = devices[link["origin_device"]], devices[link["destination_device"]]
        north, east = (ends[0][axis] - ends[1][axis] for axis in ("latitude", "longitude"))
        assert link["distance"] * 1_000 >= ((north * 111_320) ** 2 + (east * 78_000) ** 2) ** 0.5 - 10 or (
            link["distance"] == 0.1
        )


SMALL: list[tuple[dict[str, int], set[tuple[str, ...]]]] = [
    ({"devices": 1}, {("crowdsourced",)}),
    ({"links": 0}, set()),
]


@pytest.mark.parametrize(("settings", "kinds"), SMALL)
def test_small_estates_are_whole(caller_of: MakeCaller, settings: dict[str, int], kinds: set[tuple[str, ...]]) -> None:
    caller = caller_of(**settings)
    assert {tuple(link["data_sources"]) for link in caller.links()} == kinds
    assert len(caller.devices()) == settings.get("devices", 8)


def test_company_without_sensors_has_no_devices_and_links_of_its_own(caller: Caller) -> None:
    key = f"Token {caller.known['crowdsourced_api_key']}"
    answer = caller.get(DEVICES, key)
    assert (answer.status_code, answer.text) == (200, "[]")
    others = caller.get(LINKS, key).json()
    assert {tuple(link["data_sources"]) for link in others} == {("crowdsourced",)}
    assert {link["id"] for link in others}.isdisjoint(link["id"] for link in caller.links())


# --- one by one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LINKS, DEVICES])
def test_detail_is_the_row_of_the_list(dated: Caller, path: str) -> None:
    for row in dated.get(path).json():
        assert dated.get(f"{path}{row['id']}/").json() == row


@pytest.mark.parametrize(("path", "model"), [(LINKS, "Link"), (DEVICES, "Device")])
@pytest.mark.parametrize("number", ["1", "0", "-5", "99999999999999999999999", "{other}"])
def test_missing_thing_and_somebody_elses_are_404_alike(
    dated: Caller, profile: str, path: str, model: str, number: str
) -> None:
    other = dated.get(LINKS, f"Token {dated.known['crowdsourced_api_key']}").json()[0]["id"]
    answer = dated.get(f"{path}{number.format(other=other)}/")
    detail = "Not found." if profile == "legacy" else f"No {model} matches the given query."
    assert (answer.status_code, answer.json()) == (404, {"detail": detail})


@pytest.mark.parametrize("number", ["abc", "1e3", "0x10", "None", "12a", "%F0%9F%9A%97", "-", "9" * 5_000])
def test_id_that_is_no_number_is_not_found(dated: Caller, number: str) -> None:
    answer = dated.get(f"{LINKS}{number}/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


@pytest.mark.parametrize(
    "path", ["{}1.5/", "{}1042.json/", "{}1/2/", "{}1//", "/api/", "/api/v1/", "/api/v2/links/", "/"]
)
def test_unknown_path_is_an_html_page_with_and_without_credentials(dated: Caller, path: str) -> None:
    for headers in ({}, {"Authorization": f"Token {dated.known['api_key']}", "Accept": "application/json"}):
        answer = dated.http.get(path.format(LINKS), headers=headers)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", [LINKS, DEVICES, f"{LINKS}1042/"])
def test_forgotten_slash_is_a_redirect_that_keeps_the_query(caller: Caller, method: str, path: str) -> None:
    answer = caller.http.request(method, f"{path.rstrip('/')}?a=1&b=%2B")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{path}?a=1&b=%2B")


def test_forgotten_slash_behind_an_id_with_a_dot_is_no_path_either(caller: Caller) -> None:
    assert caller.get(f"{LINKS}1.5").status_code == 404


# --- requests that are not plain -------------------------------------------------------------------------------------


def test_head_and_options(dated: Caller) -> None:
    head = dated.call("HEAD", LINKS)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(dated.get(LINKS).content)
    options = dated.call("OPTIONS", LINKS)
    assert (options.status_code, options.json()["name"]) == (200, "Link List")
    assert dated.http.options(LINKS).status_code == 401


@pytest.mark.parametrize(
    ("accept", "status"), [("application/json", 200), ("text/html", 200), ("application/xml", 406), ("image/*", 406)]
)
def test_accept_header_decides_before_anything_else(caller: Caller, accept: str, status: int) -> None:
    assert caller.get(LINKS, headers={"Accept": accept}).status_code == status
    refused = caller.http.get(LINKS, headers={"Accept": accept})
    assert refused.status_code == (401 if status == 200 else 406)


def test_malformed_escape_in_the_query_matters_only_to_oauth(dated: Caller, profile: str) -> None:
    token = dated.login()["access_token"]
    assert dated.get(f"{LINKS}?x=%zz", f"Bearer {token}").status_code == (500 if profile == "legacy" else 400)
    assert dated.get(f"{LINKS}?x=%zz").status_code == 200


@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]),
    st.sampled_from([LINKS, DEVICES, "/api/oauth/token/", "/accounts/login/", "/api/swagger/", "/api/"]),
    st.text(max_size=8),
    st.binary(max_size=60),
    st.sampled_from(["", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]),
    st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b"").replace(b"\0", b"")),
)
def test_no_request_is_a_defect(
    method: str, path: str, tail: str, body: bytes, content_type: str, authorization: bytes
) -> None:
    headers = [(b"Content-Type", content_type.encode()), (b"Authorization", authorization.strip())]
    answer = CALLER.http.request(method, path + quote(tail, safe=""), content=body, headers=headers)
    assert answer.status_code in {200, 301, 302, 400, 401, 403, 404, 405, 406}
    assert CALLER.last.cause != "defect"


CALLER = Caller(make_world("inode"))


def test_times_are_utc_in_whole_seconds(caller: Caller) -> None:
    moments = [link["last_updated"] for link in caller.links()] + [device["last_seen"] for device in caller.devices()]
    for moment in filter(None, moments):
        assert datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ") is not None  # noqa: DTZ007
