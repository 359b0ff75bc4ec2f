"""The vendor's own description behind a login, and what a browser's session opens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator
from tests.mocks.inode.support import DEVICES, LINKS, Caller

if TYPE_CHECKING:
    import httpx
    from tests.mocks.inode.conftest import MakeCaller

LOGIN, SWAGGER, SCHEMA = "/accounts/login/", "/api/swagger/", "/api/schema/"


def fill_in(caller: Caller, page: httpx.Response, **changes: str) -> httpx.Response:
    """Send the form on a login page, as a browser does."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    names = ("username", "password")
    return caller.http.post(page.url, data=hidden | {name: caller.known[name] for name in names} | changes)


def log_in(caller: Caller, wanted: str = SWAGGER, **changes: str) -> httpx.Response:
    page = caller.http.get(LOGIN, params={"next": wanted})
    assert page.status_code == 200
    return fill_in(caller, page, **changes)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (SWAGGER, f"{LOGIN}?next=/api/swagger/"),
        (SCHEMA, f"{LOGIN}?next=/api/schema/"),
        (f"{SCHEMA}?format=openapi&x=1", f"{LOGIN}?next=/api/schema/%3Fformat%3Dopenapi%26x%3D1"),
    ],
)
def test_description_sends_to_the_login_whoever_is_not_in(dated: Caller, path: str, location: str) -> None:
    token = dated.login()["access_token"]
    for headers in ({}, {"Authorization": f"Token {dated.known['api_key']}"}, {"Authorization": f"Bearer {token}"}):
        answer = dated.http.get(path, headers=headers)
        assert (answer.status_code, answer.content, answer.headers["location"]) == (302, b"", location)
        assert (dated.last.cause, dated.last.principal) == ("login-required", "anonymous")


def test_login_leads_back_to_the_description(dated: Caller, profile: str) -> None:
    dated.http.follow_redirects = True
    page = dated.http.get(SWAGGER, headers={"Accept": "text/html"})
    assert (page.status_code, page.url.path) == (200, LOGIN)
    shown = fill_in(dated, page)
    assert (shown.status_code, shown.url.path) == (200, SWAGGER)
    cookies = shown.history[0].headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["csrftoken", "sessionid"]
    assert "HttpOnly" in cookies[1]
    assert all(("SameSite=Lax" in cookie) == (profile == "modern") for cookie in cookies)
    assert shown.json()["info"]["title"] == "iNode API"
    page = dated.http.get(SWAGGER, headers={"Accept": "text/html"})
    assert "/api/v1/links/&lt;id&gt;/" in page.text


@pytest.mark.parametrize("settings", [{}, {"pagination": 5}, {"history": True}])
def test_description_is_openapi_of_what_there_is(caller_of: MakeCaller, settings: dict[str, Any]) -> None:
    caller = caller_of(**settings)
    log_in(caller)
    answer = caller.http.get(SCHEMA)
    assert (answer.headers["content-type"], answer.headers["vary"]) == ("application/json", "Accept, Cookie")
    described = answer.json()
    OpenAPIV30SpecValidator(described).validate()
    paths = [LINKS, f"{LINKS}{{id}}/", DEVICES, f"{DEVICES}{{id}}/"]
    assert list(described["paths"]) == paths + ([f"{LINKS}{{id}}/travel_times/"] if "history" in settings else [])
    for path in (LINKS, DEVICES):
        schema = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        body: Any = caller.get(path).json()
        assert (schema["type"] == "array") == isinstance(body, list)
        rows = cast("list[dict[str, Any]]", body if isinstance(body, list) else body["results"])
        model = "Link" if path == LINKS else "Device"
        assert set(described["components"]["schemas"][model]["properties"]) == set(rows[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong"},
        {"username": "nobody@example.com"},
        {"username": ""},
        {"password": ""},
        {"username": "\ud83d"},
    ],
)
def test_wrong_login_shows_the_form_again(caller: Caller, changes: dict[str, str]) -> None:
    if changes.get("username") == "\ud83d":
        changes = {"username": "\N{AUTOMOBILE}"}
    answer = log_in(caller, **changes)
    assert (answer.status_code, "sessionid" in answer.headers.get("set-cookie", "")) == (200, False)
    assert "correct username and password" in answer.text
    assert caller.last.cause == "bad-login"
    assert caller.http.get(SCHEMA).status_code == 302


def test_deactivated_user_cannot_log_in(caller: Caller) -> None:
    former = next(user for user in caller.vendor.backend.estate.users.values() if not user.active)
    assert log_in(caller, username=former.email, password=former.password).status_code == 200
    assert caller.last.cause == "bad-login"


@pytest.mark.parametrize("missing", ["cookie", "field", "both", "wrong"])
def test_form_from_elsewhere_is_refused(dated: Caller, missing: str) -> None:
    dated.http.get(LOGIN)
    form = {name: dated.known[name] for name in ("username", "password")}
    if missing in ("cookie", "wrong"):
        form["csrfmiddlewaretoken"] = dated.http.cookies["csrftoken"] if missing == "cookie" else "x" * 32
    if missing in ("cookie", "both"):
        dated.http.cookies.clear()
    answer = dated.http.post(LOGIN, data=form)
    assert (answer.status_code, dated.last.cause) == (403, "csrf")
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x", "", "links", "/a\nb: c"]
)
def test_login_leads_nowhere_else(caller: Caller, wanted: str) -> None:
    assert log_in(caller, wanted).headers["location"] == SWAGGER


def test_what_the_query_says_cannot_break_out_of_the_form(caller: Caller) -> None:
    page = caller.http.get(LOGIN, params={"next": '"><script>alert(1)</script>'})
    assert "<script>" not in page.text


def test_session_opens_the_api_last_and_for_reading(dated: Caller, profile: str) -> None:
    key = dated.links()
    log_in(dated)
    answer = dated.http.get(LINKS)
    assert (answer.status_code, answer.headers["vary"], answer.json()) == (200, "Accept, Cookie", key)
    assert dated.last.credential.startswith("Session #")
    assert dated.get(LINKS).headers["vary"] == "Accept"
    assert dated.http.get(LINKS, headers={"Authorization": "Token wrong"}).status_code == 401
    assert dated.http.get(LINKS, headers={"Authorization": "Bearer wrong"}).status_code == 200
    secret = dated.http.cookies["csrftoken"]
    missing = "CSRF token missing." if profile == "modern" else "CSRF token missing or incorrect."
    wrong = "CSRF token from the 'X-Csrftoken' HTTP header incorrect." if profile == "modern" else missing
    for token, status, detail in (
        (None, 403, f"CSRF Failed: {missing}"),
        ("x" * 32, 403, f"CSRF Failed: {wrong}"),
        (secret, 405, 'Method "DELETE" not allowed.'),
    ):
        answer = dated.http.delete(LINKS, headers={} if token is None else {"X-CSRFToken": token})
        assert (answer.status_code, answer.json()) == (status, {"detail": detail})
    del dated.http.cookies["csrftoken"]
    assert dated.http.delete(LINKS).json() == {"detail": "CSRF Failed: CSRF cookie not set."}


def test_refused_caller_is_told_that_cookies_were_looked_at(caller: Caller) -> None:
    assert caller.http.get(LINKS).headers["vary"] == "Accept, Cookie"


def test_session_ends_after_two_weeks_by_the_worlds_clock(caller: Caller) -> None:
    log_in(caller)
    session = {"Cookie": f"sessionid={caller.http.cookies['sessionid']}"}
    caller.http.cookies.clear()
    caller.world.clock.advance(14 * 86_400 - 1)
    assert caller.http.get(SCHEMA, headers=session).status_code == 200
    caller.world.clock.advance(1)
    assert caller.http.get(SCHEMA, headers=session).status_code == 302
    assert caller.http.get(LINKS, headers=session).status_code == 401


def test_logging_in_again_ends_the_session_before(caller: Caller) -> None:
    log_in(caller)
    old = caller.http.cookies["sessionid"]
    log_in(caller)
    assert caller.http.cookies["sessionid"] != old
    caller.http.cookies.clear()
    assert caller.http.get(SCHEMA, headers={"Cookie": f"sessionid={old}"}).status_code == 302


@pytest.mark.parametrize(
    "cookie", ["sessionid", "sessionid=", "=;;=", "sessionid=x; sessionid", "\xff=\xfe", "a=" * 500]
)
def test_broken_cookie_is_none(caller: Caller, cookie: str) -> None:
    assert caller.http.get(LINKS, headers=[(b"Cookie", cookie.encode("latin-1"))]).status_code == 401


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 200), ("HEAD", 200), ("DELETE", 403), ("PUT", 403)])
def test_other_methods_on_the_login_page(caller: Caller, method: str, status: int) -> None:
    assert caller.http.request(method, LOGIN).status_code == status


def test_description_takes_no_other_method(caller: Caller) -> None:
    log_in(caller)
    answer = caller.http.put(SCHEMA, headers={"X-CSRFToken": caller.http.cookies["csrftoken"]})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
