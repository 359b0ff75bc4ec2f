"""Getting in: Basic, CSRF tokens, sessions, the login by form; and what somebody may not do."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.slv.support import API, LAMP, USER, Caller
from tests.mocks.support import make_world

from vendorlab.mocks.slv.sessions import MOST_SESSIONS

if TYPE_CHECKING:
    import httpx
    from tests.mocks.slv.conftest import MakeCaller

CONTROLLERS = f"{API}asset/getAllControllers"
AUTH, LOGIN, LOGOUT = "/reports/auth.json", "/reports/j_security_check", "/reports/logout"
CSRF_VERSIONS = ["7.8", "7.12", "7.19"]


def is_login_page(answer: httpx.Response) -> bool:
    html = answer.headers["content-type"] == "text/html;charset=UTF-8"
    return answer.status_code == 200 and html and "j_security_check" in answer.text


def is_csrf_refusal(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.headers.get("x-csrf-token")) == (403, "Required")


def submit(caller: Caller, **changes: str) -> httpx.Response:
    username, password = caller.basic()
    return caller.http.post(LOGIN, data={"j_username": username, "j_password": password} | changes)


# --- Basic and CSRF --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", CSRF_VERSIONS)
def test_fetch_gives_a_session_and_a_token_that_open_everything(caller_of: MakeCaller, version: str) -> None:
    caller = caller_of(profile=version, log_in=False)
    answer = caller.fetch()
    assert answer.status_code == 200
    assert re.fullmatch("[0-9A-F]{32}", answer.headers["x-csrf-token"])
    assert re.fullmatch("JSESSIONID=[0-9A-F]{32}; Path=/reports; HttpOnly", answer.headers["set-cookie"])
    assert answer.json()["login"] == caller.known["username"]
    opened = caller.http.get(CONTROLLERS, headers={"X-CSRF-Token": answer.headers["x-csrf-token"]})
    assert "SLVController-array" in opened.text


@pytest.mark.parametrize("version", CSRF_VERSIONS)
def test_session_without_its_token_is_refused(caller_of: MakeCaller, version: str) -> None:
    caller = caller_of(profile=version, log_in=False)
    token = caller.fetch().headers["x-csrf-token"]
    assert is_csrf_refusal(caller.http.get(CONTROLLERS))
    for wrong in ("", "Fetch", token.lower(), token[:-1], token + "0"):
        assert is_csrf_refusal(caller.http.get(CONTROLLERS, headers={"X-CSRF-Token": wrong})), wrong
    assert caller.last.cause == "csrf"


def test_basic_alone_does_not_do_from_7_8(stranger: Caller) -> None:
    assert is_csrf_refusal(stranger.http.get(CONTROLLERS, auth=stranger.basic()))
    assert is_csrf_refusal(stranger.http.get(API + USER, auth=stranger.basic()))


def test_basic_on_every_call_does_in_7_7(caller_of: MakeCaller) -> None:
    caller = caller_of(profile="7.7", log_in=False)
    answer = caller.http.get(CONTROLLERS, auth=caller.basic())
    assert "SLVController-array" in answer.text
    assert "set-cookie" not in answer.headers
    fetched = caller.fetch()
    assert (fetched.status_code, fetched.headers.get("x-csrf-token")) == (200, None)
    assert is_login_page(caller.http.get(CONTROLLERS))


@pytest.mark.parametrize("version", ["7.7", *CSRF_VERSIONS])
def test_nobody_gets_the_login_page_with_status_200(caller_of: MakeCaller, version: str) -> None:
    caller = caller_of(profile=version, log_in=False)
    for path in (CONTROLLERS, API + USER, f"{API}servlet/SLVAssetAPI", f"{API}nothing/here", "/reports/", "/reports/x"):
        assert is_login_page(caller.http.get(path)), path
    assert is_login_page(caller.http.get(API + USER, headers={"X-CSRF-Token": "Fetch"}))
    assert caller.last.cause == "not-logged-in"


@pytest.mark.parametrize("version", ["7.7", *CSRF_VERSIONS])
def test_wrong_basic_is_401_where_one_logs_in_and_the_page_elsewhere(caller_of: MakeCaller, version: str) -> None:
    caller = caller_of(profile=version, log_in=False)
    for auth in ((caller.known["username"], "wrong"), ("nobody", "x"), ("", "")):
        answer = caller.http.get(API + USER, headers={"X-CSRF-Token": "Fetch"}, auth=auth)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Basic realm="Authentication required"'
        assert "set-cookie" not in answer.headers
        assert is_login_page(caller.http.get(CONTROLLERS, auth=auth))
    assert caller.last.cause == "bad-login"


@given(st.one_of(st.binary(max_size=60).map(base64.b64encode), st.binary(max_size=60)))
def test_no_bytes_as_credentials_break_anything(coded: bytes) -> None:
    answer = STRANGER.http.get(API + USER, headers={b"Authorization": b"Basic " + re.sub(rb"[\r\n\0]", b"", coded)})
    assert answer.status_code == 401


STRANGER = Caller(make_world("slv"), log_in=False)


def test_another_scheme_is_no_credential(stranger: Caller) -> None:
    for header in ("Bearer abc", "Basic", "Digest x", "basic"):
        answer = stranger.http.get(CONTROLLERS, headers={"Authorization": header})
        assert is_login_page(answer), header


def test_fetch_again_gives_the_same_token_and_another_person_another_session(caller: Caller) -> None:
    token = caller.http.headers["X-CSRF-Token"]
    assert caller.fetch().headers["x-csrf-token"] == token
    assert caller.http.get(API + USER, headers={"X-CSRF-Token": "fetch"}).headers["x-csrf-token"] == token
    second = caller.fetch(second=True)
    assert second.json()["login"] == caller.known["second_username"]
    assert second.headers["x-csrf-token"] != token


def test_wrong_basic_is_refused_beside_a_session_that_holds(caller: Caller) -> None:
    assert caller.http.get(API + USER, auth=("x", "y")).status_code == 401


def test_token_of_another_session_is_stale(caller: Caller) -> None:
    stale = caller.http.headers["X-CSRF-Token"]
    caller.http.cookies.clear()
    caller.log_in()
    assert caller.ask("asset/getAllControllers").status_code == 200
    assert is_csrf_refusal(caller.http.get(CONTROLLERS, headers={"X-CSRF-Token": stale}))


def test_token_without_its_cookie_is_nothing(caller: Caller) -> None:
    caller.http.cookies.clear()
    assert is_login_page(caller.ask("asset/getAllControllers"))


# --- sessions --------------------------------------------------------------------------------------------------------


def test_session_ends_when_it_was_idle_too_long_and_use_puts_it_off(caller: Caller) -> None:
    for _ in range(4):
        caller.world.clock.advance(25 * 60)
        assert caller.json("asset/getAllControllers")
    caller.world.clock.advance(30 * 60 + 1)
    assert is_login_page(caller.ask("asset/getAllControllers"))
    assert caller.last.principal == "anonymous"


def test_how_long_a_session_may_be_idle_is_a_switch(caller_of: MakeCaller) -> None:
    caller = caller_of(session_minutes=1)
    caller.world.clock.advance(59)
    assert caller.json("asset/getAllControllers")
    caller.world.clock.advance(61)
    assert is_login_page(caller.ask("asset/getAllControllers"))


def test_sessions_are_bounded(stranger: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_SESSIONS == 10_000
    monkeypatch.setattr("vendorlab.mocks.slv.sessions.MOST_SESSIONS", 5)
    for _ in range(12):
        stranger.http.cookies.clear()
        stranger.http.get(AUTH)
    assert stranger.vendor.backend.tables.rows("SELECT count(*) FROM slv_sessions") == [(5,)]


# --- the form --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["7.7", *CSRF_VERSIONS])
def test_form_login_opens_a_session(caller_of: MakeCaller, version: str) -> None:
    caller = caller_of(profile=version, log_in=False)
    before = caller.http.get(AUTH)
    assert "authenticated" not in before.text
    assert "JSESSIONID=" in before.headers["set-cookie"]
    answer = submit(caller)
    assert (answer.status_code, answer.headers["location"]) == (302, "/reports/")
    after = caller.http.get(AUTH)
    assert after.json() == {"status": "authenticated", "login": caller.known["username"]}
    assert "JSESSIONID=" in after.headers["set-cookie"], "some clients take the cookie from every answer"
    if version != "7.7":
        assert is_csrf_refusal(caller.http.get(CONTROLLERS))
        token = caller.http.get(API + USER, headers={"X-CSRF-Token": "Fetch"}).headers["x-csrf-token"]
        caller.http.headers["X-CSRF-Token"] = token
    assert "SLVController-array" in caller.http.get(CONTROLLERS).text
    assert "Log out" in caller.http.get("/reports/").text


def test_logout_ends_the_session(caller: Caller) -> None:
    assert caller.http.get(LOGOUT).status_code == 302
    assert is_login_page(caller.ask("asset/getAllControllers"))
    assert caller.http.get(LOGOUT).status_code == 302


def test_wrong_password_shows_the_page_again(stranger: Caller) -> None:
    stranger.http.get(AUTH)
    for changes in ({"j_password": "wrong"}, {"j_username": "nobody"}, {"j_password": ""}):
        answer = submit(stranger, **changes)
        assert is_login_page(answer)
        assert "wrong" in answer.text
        assert "authenticated" not in stranger.http.get(AUTH).text
    assert submit(stranger).status_code == 302


def test_half_finished_logins_lead_nowhere(stranger: Caller) -> None:
    assert submit(stranger).status_code == 408
    stranger.http.get(AUTH)
    assert stranger.http.get(LOGIN).status_code == 405
    assert is_login_page(stranger.http.post(LOGIN))
    assert is_login_page(stranger.http.get(CONTROLLERS))
    assert is_login_page(stranger.http.get(API + USER, headers={"X-CSRF-Token": "Fetch"}))
    stranger.world.clock.advance(31 * 60)
    assert submit(stranger).status_code == 408


def test_login_takes_back_the_token_that_the_session_had(caller: Caller) -> None:
    username, password = caller.basic(second=True)
    assert submit(caller, j_username=username, j_password=password).status_code == 302
    assert is_csrf_refusal(caller.ask("asset/getAllControllers"))


# --- permission ------------------------------------------------------------------------------------------------------

WRITES: list[tuple[str, dict[str, Any]]] = [
    ("dimming/switchOn", LAMP),
    ("assetmanagement/deleteDevice", LAMP),
    ("loggingmanagement/setDeviceValues", LAMP | {"valueName": "comment", "value": "x"}),
    ("controllermanagement/commissionControllerAsync", {"controllerStrId": "LP-001"}),
    ("loggingmanagement/importDevicesFromCsvFileAsync", {}),
]


@pytest.mark.parametrize(("path", "params"), WRITES)
def test_viewer_looks_and_changes_nothing(caller: Caller, path: str, params: dict[str, Any]) -> None:
    before = caller.vendor.snapshot()["slv_documents"]
    caller.log_in(second=True)
    assert caller.json("asset/getDevice", LAMP)["id"]
    answer = caller.ask(path, params)
    service, method = path.split("/")
    assert answer.status_code == 403
    pattern = rf"User '.*' is not authorized to perform 'SLV\w+API!{method}'!"
    assert re.fullmatch(pattern, answer.text)
    assert service in answer.text.lower()
    assert caller.last.cause == "not-permitted"
    assert caller.vendor.snapshot()["slv_documents"] == before


def test_profile_blocks_what_it_names_and_no_more(caller: Caller) -> None:
    assert caller.json("userprofile/createProfil", profilName="Crew", geoZoneId=1)["name"] == "Crew"
    blocked = "SLVDimmingAPI!switchOff,SLVAssetManagementAPI!deleteGeoZone"
    assert caller.json("userprofile/updateProfilProperties", {"profilName": "Crew", "property.blockedActions": blocked})
    fields = {"profilName": "Crew", "login": "kim", "password": "pole-and-ladder", "email": "kim@example.com"}
    assert caller.json("userprofile/createUser", fields)["profilName"] == "Crew"
    caller.http.cookies.clear()
    answer = caller.http.get(API + USER, headers={"X-CSRF-Token": "Fetch"}, auth=("kim", "pole-and-ladder"))
    caller.http.headers["X-CSRF-Token"] = answer.headers["x-csrf-token"]
    assert caller.value("dimming/switchOn", LAMP) == "OK"
    assert caller.ask("dimming/switchOff", LAMP).status_code == 403
    refused = caller.http.get(f"{API}servlet/SLVAssetManagementAPI?methodName=deleteGeoZone&geoZoneId=2")
    assert "'SLVAssetManagementAPI!deleteGeoZone'" in refused.text
    properties = caller.json("asset/getProfilProperties")
    assert {"key": "geoZoneRootId", "value": "1"} in properties


def test_password_is_changed_by_who_knows_it(caller: Caller) -> None:
    known = caller.known["password"]
    assert caller.ask("userprofile/changePassword", previousPassword="x", newPassword="new one").status_code == 500
    assert caller.json("userprofile/changePassword", previousPassword=known, newPassword="new one") == "OK"
    caller.http.cookies.clear()
    assert caller.fetch().status_code == 401
    headers = {"X-CSRF-Token": "Fetch"}
    assert caller.http.get(API + USER, headers=headers, auth=(caller.known["username"], "new one")).status_code == 200
