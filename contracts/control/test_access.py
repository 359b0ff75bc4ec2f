"""Who may call: a token for all but three calls, loopback names only, and no page of another site."""

from __future__ import annotations

import pytest

from vendorlab.contracts.control.api import Api, World, problem
from vendorlab.contracts.core import expect
from vendorlab.contracts.core.openapi import Operation, Spec

pytestmark = pytest.mark.vendorlab("control")

_OPERATIONS = Spec.load("control").operations
_PUBLIC = ("/health", "/version", "/openapi.json")
_GUARDED = [
    pytest.param(below, operation, id=f"{operation.id} {below}".rstrip(),
                 marks=() if operation.method == "GET" else pytest.mark.needs("write"))
    for operation in _OPERATIONS
    for below in ("", *([operation.also_below] if operation.also_below else []))
    if operation.path not in _PUBLIC
]  # fmt: skip
_READING = ("/clock", "/worlds", "/vendors", "/state", "/snapshot", "/tokens", "/journal", "/faults")


def path_of(operation: Operation, below: str = "") -> str:
    """Return a path that names nothing there is."""
    names = {"{world}": "nowhere", "{name}": "nothing", "{vendor}": "nobody"}
    path = below + operation.path
    for placeholder, name in names.items():
        path = path.replace(placeholder, name)
    return path


@pytest.mark.claim("control.auth.required", "control.auth.challenge")
@pytest.mark.parametrize(("below", "operation"), _GUARDED)
def test_call_without_a_token_is_refused(api: Api, below: str, operation: Operation) -> None:
    """Before anything else is said, be it that the world is unknown or the body senseless."""
    response = api.http.request(operation.method, path_of(operation, below), content=b"{")
    problem(response, 401)
    scheme = str(response.headers.get("WWW-Authenticate", "")).partition(" ")[0]
    expect.check(scheme.lower() == "bearer", response, "WWW-Authenticate: Bearer")


@pytest.mark.claim("control.auth.public")
@pytest.mark.parametrize("path", _PUBLIC)
def test_three_calls_need_no_token(api: Api, path: str) -> None:
    """Those that a machine asks before it knows anything."""
    expect.json_object(api.http.get(path))


@pytest.mark.claim("control.auth.wrong")
@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer wrong", "Bearer {token}x", "Bearer x{token}", "Bearer {token} {token}", "Bearer {swapped}",
     "Basic {token}", "Token {token}", "{token}", "Bearer, {token}", "Bearer:{token}", "Bearer t\xf6ken"],
)  # fmt: skip
def test_any_other_credential_is_refused(api: Api, value: str) -> None:
    """Of another scheme, beside the token, or almost the token."""
    shown = value.format(token=api.token, swapped=api.token.swapcase())
    response = api.http.get("/clock", headers=[(b"Authorization", shown.encode("latin-1"))])
    expect.check(api.token not in problem(response, 401), response, "nothing of the token")


@pytest.mark.claim("control.auth.header-only")
@pytest.mark.parametrize("name", ["token", "access_token", "authorization"])
def test_token_elsewhere_is_no_token(api: Api, name: str) -> None:
    """In the query it would end in histories."""
    problem(api.http.get("/clock", params={name: api.token}), 401)


@pytest.mark.claim("control.auth.scheme-case")
def test_schemes_case_does_not_matter(api: Api) -> None:
    """As HTTP has it."""
    for scheme in ("bearer", "BEARER"):
        expect.status(api.http.get("/clock", headers={"Authorization": f"{scheme} {api.token}"}), 200)


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_home(api: Api) -> None:
    """Skip where the target listens elsewhere than on loopback: names differ there."""
    if api.http.base_url.host not in ("127.0.0.1", "localhost", "::1"):
        pytest.skip("the target does not listen on loopback")


@pytest.mark.usefixtures("at_home")
@pytest.mark.claim("control.pages.rebinding")
@pytest.mark.parametrize("path", ["/health", "/clock", "/openapi.json", "/nothing"])
@pytest.mark.parametrize(
    "host",
    ["rebound.example", "rebound.example:7070", "127.0.0.1.rebound.example", "localhost.rebound.example", "10.0.0.1",
     "[::2]", "[::1", "127.0.0.1,rebound.example"],
)  # fmt: skip
def test_name_that_only_leads_here_is_refused(api: Api, path: str, host: str) -> None:
    """A page can point its own name at loopback, but not change the Host header."""
    problem(api.ask("GET", path, headers={"Host": host}), 403)


@pytest.mark.usefixtures("at_home")
@pytest.mark.claim("control.pages.loopback")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:1234", "LOCALHOST", "[::1]:7070"])
def test_names_of_loopback_are_taken(api: Api, host: str) -> None:
    """With any port: it may be forwarded."""
    expect.status(api.ask("GET", "/clock", headers={"Host": host}), 200)


@pytest.mark.claim("control.pages.origin")
@pytest.mark.parametrize("path", ["/health", "/clock", "/openapi.json", "/nothing"])
@pytest.mark.parametrize(
    "origin", ["https://page.example", "http://127.0.0.1.page.example", "null", "file://", "http://["]
)
def test_page_of_another_site_is_refused(api: Api, path: str, origin: str) -> None:
    """Even with the token."""
    problem(api.ask("GET", path, headers={"Origin": origin}), 403)


@pytest.mark.claim("control.pages.no-cors")
@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
@pytest.mark.parametrize("path", ["/health", "/clock", "/worlds", "/nothing"])
@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://page.example"])
def test_no_answer_lets_a_page_read_it(api: Api, path: str, method: str, origin: str) -> None:
    """Preflights are not answered, nor is any origin ever allowed."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    for headers in (asked, {**asked, "Authorization": f"Bearer {api.token}"}):
        response = api.http.request(method, path, headers=headers)
        granted = [name for name in response.headers if name.lower().startswith("access-control-")]
        expect.check(not granted, response, f"no CORS headers, not {granted}")
        expect.check(method == "GET" or not response.is_success, response, "a preflight to fail")


@pytest.mark.claim("control.pages.simple-request")
@pytest.mark.needs("write")
@pytest.mark.parametrize(
    ("kind", "content"),
    [("application/x-www-form-urlencoded", b'{"seed":9}='), ("text/plain", b'{"seed":9}'), (None, b'{"seed":9}'),
     ("text/plain; charset=utf-8", b'{"seed":9}'), ("multipart/form-data; boundary=x", b'{"seed":9}'),
     ("application/jsonp", b'{"seed":9}')],
    ids=["form", "text", "none", "text with charset", "multipart", "almost"],
)  # fmt: skip
def test_what_any_page_may_send_is_no_body(world: World, kind: str | None, content: bytes) -> None:
    """A form, a plain text or no media type need no preflight, so they do nothing."""
    before = world.login()
    problem(world.api.send("PUT", f"{world.below}/seed", content, kind), 415)
    assert world.whoami(before["access"]) == 200, "the world was reset all the same"


@pytest.mark.claim("control.pages.json-kinds")
@pytest.mark.needs("write")
@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
)
def test_json_goes_by_all_its_names(world: World, kind: str) -> None:
    """With parameters and suffixes."""
    response = world.api.send("PUT", f"{world.below}/seed", b'{"seed":9}', kind)
    expect.check(world.seed(response) == 9, response, "the seed")


@pytest.mark.claim("control.pages.no-store")
@pytest.mark.parametrize("path", [*_READING, "/nothing"])
def test_answers_are_neither_stored_nor_guessed_at(api: Api, path: str) -> None:
    """They hold credentials."""
    response = api.get(path)
    expect.check("no-store" in expect.header_words(response, "Cache-Control"), response, "Cache-Control: no-store")
    expect.check(response.headers.get("X-Content-Type-Options") == "nosniff", response, "nosniff")
