"""The token endpoint: every measured row of the dossier's 3.1 and 3.2 (T10 to T56), on both profiles."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from vendorlab.mocks.core.ids import LETTERS_AND_DIGITS, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from tests.mocks.conftest import MakeCaller
    from tests.mocks.support import Caller

FORM = "application/x-www-form-urlencoded"
INVALID_CLIENT = {"error": "invalid_client"}
INVALID_GRANT = {"error": "invalid_grant", "error_description": "Invalid credentials given."}
INVALID_SCOPE = {"error": "invalid_scope"}
UNAUTHORIZED = {"error": "unauthorized_client"}
UNSUPPORTED = {"error": "unsupported_grant_type"}
HTML = "text/html; charset=utf-8"


@pytest.fixture
def caller(caller_of: MakeCaller, profile: str) -> Caller:
    return caller_of(profile=profile)


def missing(what: str) -> dict[str, str]:
    return {"error": "invalid_request", "error_description": f"Request is missing {what} parameter."}


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def assert_never_stored(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    for name in ("vary", "set-cookie", "retry-after"):
        assert name not in answer.headers


def assert_token(answer: httpx.Response, *, scope: str = "read", refresh: bool = True) -> dict[str, Any]:
    """A token response to the letter: field order, blanks after comma and colon, lengths and alphabet."""
    assert answer.status_code == 200, answer.text
    assert_never_stored(answer)
    body: dict[str, Any] = answer.json()
    names = ["access_token", "expires_in", "token_type", "scope", "refresh_token"]
    assert list(body) == (names if refresh else names[:-1])
    assert answer.text == json.dumps(body)
    assert (body["expires_in"], body["token_type"], body["scope"]) == (86_400, "Bearer", scope)
    for name in ("access_token", "refresh_token") if refresh else ("access_token",):
        assert len(body[name]) == 30
        assert set(body[name]) <= set(LETTERS_AND_DIGITS)
    return body


# --- success ---------------------------------------------------------------------------------------------------------


def test_a_login_with_a_public_application_gives_a_token_pair(caller: Caller) -> None:
    body = assert_token(caller.ask(caller.password_form()))
    assert body["access_token"] != body["refresh_token"]
    assert caller.get("/v1/whoami", body["access_token"]).status_code == 200
    entry = caller.world.journal.find()[0]
    assert (entry.operation, entry.cause, entry.principal) == ("token", "ok", caller.credentials["username"])
    assert entry.detail == {
        "grant_type": "password",
        "client_id": caller.credentials["client_id"],
        "issued": {name: fingerprint(body[name]) for name in ("access_token", "refresh_token")},
        "expires_in": 86_400,
    }


@pytest.mark.parametrize(
    ("asked", "granted"),
    [(None, "read"), ("read", "read"), ("write", "write"), ("write read", "write read"), ("read write", "read write")],
)
def test_scope_is_granted_in_the_order_asked_and_read_by_default(
    caller: Caller, asked: str | None, granted: str
) -> None:
    assert_token(caller.ask(caller.password_form(scope=asked)), scope=granted)


def test_two_logins_give_two_independent_live_tokens(caller: Caller) -> None:
    first, second = caller.login(), caller.login()
    assert len({first["access_token"], second["access_token"], first["refresh_token"], second["refresh_token"]}) == 4
    for token in (first, second):
        assert caller.get("/v1/whoami", token["access_token"]).status_code == 200


@pytest.mark.parametrize("way", ["body", "basic", "basic-and-client-id-in-the-body", "wrong-basic-right-body"])
def test_a_confidential_client_shows_its_secret_in_the_body_or_by_basic(caller: Caller, way: str) -> None:
    known = caller.credentials
    client_id, secret = known["confidential_client_id"], known["confidential_client_secret"]
    in_body = way in ("body", "wrong-basic-right-body")
    form = caller.password_form(
        client_id=None if way == "basic" else client_id, client_secret=secret if in_body else None
    )
    headers = {} if way == "body" else basic(client_id, "wrong" if way.startswith("wrong") else secret)
    assert_token(caller.ask(form, headers=headers))


def test_client_credentials_give_no_refresh_token(caller: Caller) -> None:
    known = caller.credentials
    form = {
        "grant_type": "client_credentials",
        "client_id": known["credentials_client_id"],
        "client_secret": known["credentials_client_secret"],
    }
    assert_token(caller.ask(form), refresh=False)
    assert_token(
        caller.ask(
            {"grant_type": "client_credentials"},
            headers=basic(known["credentials_client_id"], known["credentials_client_secret"]),
        ),
        refresh=False,
    )


def test_a_bearer_header_is_ignored(caller: Caller) -> None:
    assert_token(caller.ask(caller.password_form(), headers={"Authorization": "Bearer nonsense"}))


def test_an_empty_secret_is_harmless_to_a_public_client(caller: Caller) -> None:
    assert_token(caller.ask(caller.password_form(client_secret="")))


def test_a_charset_on_the_form_type_is_fine(caller: Caller) -> None:
    content = urlencode(caller.password_form())
    assert_token(caller.http.post("/o/token/", content=content, headers={"Content-Type": f"{FORM}; charset=UTF-8"}))


def test_multipart_works_too(caller: Caller) -> None:
    files = {name: (None, value) for name, value in caller.password_form().items()}
    assert_token(caller.http.post("/o/token/", files=files))


@pytest.mark.parametrize("encoding", ["form", "multipart"])
def test_of_a_repeated_parameter_the_last_one_wins(caller: Caller, encoding: str) -> None:
    pairs = [("password", "wrong"), *caller.password_form().items()]
    if encoding == "form":
        answer = caller.http.post("/o/token/", content=urlencode(pairs), headers={"Content-Type": FORM})
    else:
        answer = caller.http.post("/o/token/", files=[(name, (None, value)) for name, value in pairs])
    assert_token(answer)


def test_the_token_endpoint_is_not_limited(caller_of: MakeCaller, profile: str) -> None:
    caller = caller_of(profile=profile, settings={"minute_limit": 1, "anonymous_limit": 1})
    for _ in range(5):
        caller.login()


# --- failure ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One refusal.

    Attributes:
        form: changes to a login that works; None leaves a field out.
        legacy, modern: the status in each profile.
        error: the body, or one for each profile.
        headers: beyond those of the client.
    """

    id: str
    error: dict[str, str]
    form: Callable[[Caller], dict[str, str | None]]
    legacy: int
    modern: int
    modern_error: dict[str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def expected(self, profile: str) -> tuple[int, dict[str, str]]:
        if profile == "legacy":
            return self.legacy, self.error
        return self.modern, self.modern_error or self.error


def changed(**changes: str | None) -> Callable[[Caller], dict[str, str | None]]:
    return lambda _caller: changes


def of_client(which: str, **changes: str | None) -> Callable[[Caller], dict[str, str | None]]:
    """As another client, named by its place in the credentials, without its secret unless that is given."""
    return lambda caller: {"client_id": caller.credentials[which], **changes}


def with_secret(
    prefix: str, *, id_in: str | None = None, **changes: str | None
) -> Callable[[Caller], dict[str, str | None]]:
    """As a client with its own secret."""
    return lambda caller: {
        "client_id": caller.credentials[id_in or f"{prefix}client_id"],
        "client_secret": caller.credentials[f"{prefix}client_secret"],
        **changes,
    }


ROWS = [
    Row("T10-wrong-password", INVALID_GRANT, changed(password="wrong"), 401, 400),
    Row("T11-unknown-user", INVALID_GRANT, changed(username="nobody@example.com"), 401, 400),
    Row("T12-password-of-another", INVALID_GRANT, lambda c: {"password": c.credentials["second_password"]}, 401, 400),
    Row("T12-name-in-capitals", INVALID_GRANT, lambda c: {"username": c.credentials["username"].upper()}, 401, 400),
    Row("T13-username-missing", missing("username"), changed(username=None), 400, 400),
    Row("T13-username-empty", missing("username"), changed(username=""), 400, 400),
    Row("T14-password-missing", missing("password"), changed(password=None), 400, 400),
    Row("T14-password-empty", missing("password"), changed(password=""), 400, 400),
    Row("T16-client-id-missing", INVALID_CLIENT, changed(client_id=None), 401, 401),
    Row("T16-client-id-empty", INVALID_CLIENT, changed(client_id=""), 401, 401),
    Row("T16-client-id-unknown", INVALID_CLIENT, changed(client_id="x" * 40), 401, 401),
    Row("T16-confidential-without-secret", INVALID_CLIENT, of_client("confidential_client_id"), 401, 401),
    Row(
        "T16-confidential-empty-secret", INVALID_CLIENT, of_client("confidential_client_id", client_secret=""), 401, 401
    ),
    Row(
        "T16-confidential-wrong-secret",
        INVALID_CLIENT,
        of_client("confidential_client_id", client_secret="wrong"),
        401,
        401,
    ),
    Row(
        "T16-secret-of-another-client",
        INVALID_CLIENT,
        with_secret("confidential_", id_in="credentials_client_id"),
        401,
        401,
    ),
    Row("T16-wrong-basic", INVALID_CLIENT, changed(client_id=None), 401, 401, headers=basic("x", "y")),
    Row(
        "T16-garbage-basic",
        INVALID_CLIENT,
        changed(client_id=None),
        401,
        401,
        headers={"Authorization": "Basic !!!"},
    ),
    Row(
        "T16-garbage-basic-beside-a-public-client",
        INVALID_CLIENT,
        changed(),
        401,
        401,
        headers={"Authorization": "Basic !!!"},
    ),
    Row("T16-wrong-basic-beside-a-public-client", INVALID_CLIENT, changed(), 401, 401, headers=basic("x", "y")),
    Row(
        "T16-basic-without-colon",
        INVALID_CLIENT,
        changed(client_id=None),
        401,
        401,
        headers={"Authorization": "Basic " + base64.b64encode(b"nocolon").decode()},
    ),
    Row("T22-public-with-a-stray-secret", INVALID_CLIENT, changed(client_secret="stray"), 401, 401),
    Row("T23-registered-for-client-credentials", UNAUTHORIZED, with_secret("credentials_"), 401, 400),
    Row(
        "T23-registered-for-password",
        UNAUTHORIZED,
        with_secret("confidential_", grant_type="client_credentials"),
        401,
        400,
    ),
    Row("T25-public", INVALID_CLIENT, changed(grant_type="client_credentials"), 401, 400, UNAUTHORIZED),
    Row(
        "T25-public-with-a-stray-secret",
        INVALID_CLIENT,
        changed(grant_type="client_credentials", client_secret="stray"),
        401,
        401,
    ),
    Row("T30-grant-type-missing", UNSUPPORTED, changed(grant_type=None), 400, 400),
    Row("T30-grant-type-empty", UNSUPPORTED, changed(grant_type=""), 400, 400),
    Row("T30-grant-type-unknown", UNSUPPORTED, changed(grant_type="magic"), 400, 400),
    Row("T30-grant-type-not-offered", UNSUPPORTED, changed(grant_type="authorization_code"), 400, 400),
    Row("T30-grant-type-in-capitals", UNSUPPORTED, changed(grant_type="PASSWORD"), 400, 400),
    Row("T43-unknown-scope", INVALID_SCOPE, changed(scope="admin"), 401, 400),
    Row("T43-one-good-one-bad", INVALID_SCOPE, changed(scope="read admin"), 401, 400),
    Row("T43-empty-scope", INVALID_SCOPE, changed(scope=""), 401, 400),
    # The order of checks: what is wrong in two ways is refused for the first.
    Row("order-grant-type-before-client", UNSUPPORTED, changed(grant_type="magic", client_id="x"), 400, 400),
    Row("order-client-before-password", INVALID_CLIENT, changed(client_id="x", password="wrong"), 401, 401),
    Row(
        "order-client-before-username-missing",
        INVALID_CLIENT,
        changed(client_id="x", username=None),
        401,
        400,
        missing("username"),
    ),
    Row(
        "order-client-before-password-missing",
        INVALID_CLIENT,
        changed(client_id="x", password=None),
        401,
        400,
        missing("password"),
    ),
    Row("order-username-before-password", missing("username"), changed(username=None, password=None), 400, 400),
    Row("order-password-before-scope", INVALID_GRANT, changed(password="wrong", scope="admin"), 401, 400),
    Row("order-password-before-grant", INVALID_GRANT, with_secret("credentials_", password="wrong"), 401, 400),
    Row("order-grant-before-scope", UNAUTHORIZED, with_secret("credentials_", scope="admin"), 401, 400),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_refusal(caller: Caller, profile: str, row: Row) -> None:
    answer = caller.ask(caller.password_form(**row.form(caller)), headers=row.headers)
    status, error = row.expected(profile)
    assert (answer.status_code, answer.text) == (status, json.dumps(error))
    assert_never_stored(answer)
    challenged = profile == "modern" and error == INVALID_CLIENT
    assert answer.headers.get("www-authenticate") == ('Bearer error="invalid_client"' if challenged else None)
    assert (caller.last.status, caller.last.cause) == (status, error["error"])
    assert "issued" not in caller.last.detail
    assert list(caller.vendor.tokens.all()) == []


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", '{"grant_type": "password"}'),
        ("text/plain", "grant_type=password"),
        (None, "grant_type=password"),
        (FORM, ""),
        (FORM, "&&&"),
        (FORM, "%zz=%"),
        (FORM, "\xff\xfe=\x00"),
        ("multipart/form-data", "grant_type=password"),
        ("multipart/form-data; boundary=x", "--x\r\nnonsense"),
        ("multipart/form-data; boundary=", "--\r\n"),
    ],
    ids=["json", "text", "no-type", "empty", "blanks", "escapes", "bytes", "no-boundary", "cut-multipart", "boundless"],
)
def test_t30_a_body_that_is_no_form_has_no_grant_type(caller: Caller, content_type: str | None, content: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = caller.http.post("/o/token/", content=content.encode("latin-1"), headers=headers)
    assert (answer.status_code, answer.json()) == (400, UNSUPPORTED)
    assert caller.last.cause == "unsupported_grant_type"


def test_t39_a_query_on_the_token_url(caller: Caller, profile: str) -> None:
    answer = caller.ask(caller.password_form(), path="/o/token/?foo=bar")
    if profile == "legacy":
        assert_token(answer)
        return
    assert answer.status_code == 400
    assert answer.headers["content-type"] == HTML
    assert answer.text == ('{"error": "invalid_request", "error_description": "URL query parameters are not allowed"}')
    assert caller.last.cause == "invalid_request"


def test_t39_credentials_in_the_query_do_not_count(caller_of: MakeCaller) -> None:
    caller = caller_of(profile="legacy")
    answer = caller.ask({}, path="/o/token/?" + urlencode(caller.password_form()))
    assert answer.json() == UNSUPPORTED


@pytest.mark.parametrize("path", ["/o/token/", "/o/revoke_token/"])
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE", "PATCH"])
def test_t50_other_methods_are_refused_empty(caller: Caller, path: str, method: str) -> None:
    answer = caller.call(method, path)
    assert (answer.status_code, answer.content) == (405, b"")
    assert answer.headers["allow"] == "POST, OPTIONS"
    assert answer.headers["content-type"] == HTML
    assert caller.last.cause == "method-not-allowed"


def test_t52_options_lists_the_methods(caller: Caller) -> None:
    answer = caller.call("OPTIONS", "/o/token/")
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (200, b"", "POST, OPTIONS")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD"])
@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/o/token", "/o/token/"),
        ("/o/token?a=1&b=%20", "/o/token/?a=1&b=%20"),
        ("/o/applications", "/o/applications/"),
        ("/o/revoke_token", "/o/revoke_token/"),
    ],
)
def test_t54_a_missing_slash_is_redirected(caller: Caller, method: str, path: str, location: str) -> None:
    answer = caller.call(method, path)
    assert (answer.status_code, answer.content, answer.headers["location"]) == (301, b"", location)
    assert caller.last.cause == "redirect"


def test_t54_following_the_redirect_of_a_post_ends_in_405(caller: Caller) -> None:
    answer = caller.http.post("/o/token", data=caller.password_form(), follow_redirects=True)
    assert (answer.status_code, answer.request.method, answer.content) == (405, "GET", b"")


@pytest.mark.parametrize("path", ["/o/token//", "//o/token", "/o//token/", "/o/", "/o/nothing/", "/", "/token/"])
def test_t56_unknown_paths_get_djangos_page(caller: Caller, profile: str, path: str) -> None:
    answer = caller.http.post(f"http://scanalytics.example{path}", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert "<h1>Not Found</h1><p>The requested resource was not found on this server.</p>" in answer.text
    if profile == "legacy":
        assert (len(answer.content), answer.headers["content-type"]) == (77, "text/html")
    else:
        assert answer.headers["content-type"] == HTML
    assert (caller.last.operation, caller.last.cause) == ("unrouted", "no-such-path")


def test_the_page_of_applications_is_behind_a_login(caller: Caller) -> None:
    answer = caller.get("/o/applications/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/accounts/login/?next=/o/applications/")


def test_more_fields_than_django_takes_are_refused_with_its_page(caller: Caller) -> None:
    body = "&".join(f"f{number}=1" for number in range(1_001))
    answer = caller.http.post("/o/token/", content=body, headers={"Content-Type": FORM})
    assert (answer.status_code, "<h1>Bad Request (400)</h1>" in answer.text) == (400, True)
    assert caller.last.cause == "too-many-fields"


def test_security_headers_are_those_of_the_era(caller: Caller, profile: str) -> None:
    expected = {
        "legacy": {"x-frame-options": "SAMEORIGIN"},
        "modern": {
            "x-frame-options": "DENY",
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
        },
    }[profile]
    answers = [caller.ask(caller.password_form()), caller.ask({}), caller.get("/o/token/"), caller.get("/nothing")]
    for answer in answers:
        found = {name: value for name, value in answer.headers.items() if name.startswith(("x-", "ref", "cross"))}
        assert found == expected
