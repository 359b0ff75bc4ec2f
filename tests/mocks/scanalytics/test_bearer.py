"""Bearer tokens on resources: the dossier's 3.4 (B01 to B41, E10 to E17), on both profiles, with what is journalled."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.mocks.core.ids import fingerprint

if TYPE_CHECKING:
    import httpx
    from tests.mocks.conftest import MakeCaller
    from tests.mocks.support import Caller

REALM = 'Bearer realm="api"'
INVALID = f'{REALM},error="invalid_token",error_description="The access token is invalid."'
EXPIRED = f'{REALM},error="invalid_token",error_description="The access token has expired."'
NOT_PROVIDED = '{"detail":"Authentication credentials were not provided."}'
FORBIDDEN = '{"detail":"You do not have permission to perform this action."}'
WHOAMI = "/v1/whoami"


@pytest.fixture
def caller(caller_of: MakeCaller, profile: str) -> Caller:
    return caller_of(profile=profile)


@pytest.fixture
def token(caller: Caller) -> str:
    return str(caller.login()["access_token"])


def with_header(caller: Caller, value: str | bytes, **options: Any) -> httpx.Response:
    """Ask who one is with this Authorization header."""
    raw = value if isinstance(value, bytes) else value.encode()
    return caller.http.get(WHOAMI, headers={b"Authorization": raw}, **options)


def assert_let_in(caller: Caller, answer: httpx.Response) -> None:
    assert answer.status_code == 200, answer.text
    assert answer.json()["email"] == caller.credentials["username"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert "www-authenticate" not in answer.headers
    assert (caller.last.cause, caller.last.principal) == ("ok", caller.credentials["username"])


def assert_refused(caller: Caller, answer: httpx.Response, challenge: str) -> None:
    assert (answer.status_code, answer.text) == (401, NOT_PROVIDED)
    assert answer.headers["www-authenticate"] == challenge
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert (caller.last.status, caller.last.principal) == (401, "anonymous")


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ", "bearer  ", ""])
def test_b01_no_token_is_challenged_without_a_reason(caller: Caller, header: str | None) -> None:
    answer = caller.get(WHOAMI) if header is None else with_header(caller, header)
    assert_refused(caller, answer, REALM)
    assert (caller.last.cause, caller.last.credential) == ("no-credentials", "")


def test_b02_an_unknown_token_is_told_only_in_the_challenge(caller: Caller) -> None:
    assert_refused(caller, caller.get(WHOAMI, "x" * 30), INVALID)
    assert (caller.last.cause, caller.last.detail) == ("invalid-token", {"refused": "invalid-token"})
    assert caller.last.credential == f"Bearer {fingerprint('x' * 30)}"


def test_b02_a_revoked_token_is_the_same(caller: Caller, token: str) -> None:
    caller.ask({"client_id": caller.credentials["client_id"], "token": token}, path="/o/revoke_token/")
    assert_refused(caller, caller.get(WHOAMI, token), INVALID)
    assert caller.last.detail == {"refused": "invalid-token", "token": "revoked"}


def test_e10_an_expired_token_is_told_only_in_the_challenge(caller: Caller, token: str) -> None:
    caller.world.clock.advance(86_399)
    assert_let_in(caller, caller.get(WHOAMI, token))
    caller.world.clock.advance(1)
    assert_refused(caller, caller.get(WHOAMI, token), EXPIRED)
    assert (caller.last.cause, caller.last.detail) == (
        "expired-token",
        {"refused": "expired-token", "token": "expired"},
    )
    assert caller.last.credential == f"Bearer {fingerprint(token)}"


def test_an_expired_token_that_is_revoked_is_invalid(caller: Caller) -> None:
    pair = caller.login()
    caller.world.clock.advance(86_400)
    caller.ask(caller.refresh_form(pair["refresh_token"]))
    assert_refused(caller, caller.get(WHOAMI, pair["access_token"]), INVALID)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "BeArEr"])
def test_b05_the_scheme_is_case_insensitive(caller: Caller, token: str, scheme: str) -> None:
    assert_let_in(caller, with_header(caller, f"{scheme} {token}"))
    assert caller.last.credential == f"Bearer {fingerprint(token)}"


@pytest.mark.parametrize("gap", ["  ", "   ", "\t"], ids=["two-blanks", "three-blanks", "tab"])
def test_b07_more_white_space_after_bearer(caller: Caller, profile: str, token: str, gap: str) -> None:
    answer = with_header(caller, f"Bearer{gap}{token}")
    if profile == "modern":
        assert_let_in(caller, answer)
    else:
        assert_refused(caller, answer, INVALID)


def test_blanks_around_the_whole_header_do_not_matter(caller: Caller, token: str) -> None:
    assert_let_in(caller, with_header(caller, f" Bearer {token} "))


@pytest.mark.parametrize("form", ["second-word", "token-scheme", "basic-scheme", "bare", "comma"])
def test_b08_another_scheme_or_a_word_too_many(caller: Caller, profile: str, token: str, form: str) -> None:
    header = {
        "second-word": f"Bearer {token} more",
        "token-scheme": f"Token {token}",
        "basic-scheme": "Basic " + base64.b64encode(b"ada:secret").decode(),
        "bare": token,
        "comma": f"Bearer {token}, Bearer {token}",
    }[form]
    answer = with_header(caller, header)
    assert_refused(caller, answer, INVALID if profile == "legacy" else REALM)
    assert token not in json.dumps(caller.last.as_json())


def test_b12_the_query_parameter_works(caller: Caller, token: str) -> None:
    assert_let_in(caller, caller.get(f"{WHOAMI}?access_token={token}"))
    assert caller.last.query == f"access_token={fingerprint(token)}"


def test_b13_a_form_body_works_even_with_a_get(caller: Caller, token: str) -> None:
    assert_let_in(caller, caller.call("GET", WHOAMI, data={"access_token": token}))
    files = {"access_token": (None, token)}
    assert_let_in(caller, caller.http.request("GET", WHOAMI, files=files))


def test_b13_a_form_body_authenticates_a_post_which_is_then_not_allowed(caller: Caller, token: str) -> None:
    answer = caller.call("POST", WHOAMI, data={"access_token": token})
    assert (answer.status_code, answer.text) == (405, '{"detail":"Method \\"POST\\" not allowed."}')


def test_b14_a_json_body_is_not_looked_at(caller: Caller, token: str) -> None:
    assert_refused(caller, caller.call("POST", WHOAMI, json={"access_token": token}), REALM)


def test_b16_header_and_query_both_good(caller: Caller, token: str) -> None:
    assert_let_in(caller, caller.get(f"{WHOAMI}?access_token={token}", token))


@pytest.mark.parametrize("place", ["query", "form"])
def test_b17_b18_the_header_wins(caller: Caller, token: str, place: str) -> None:
    def both(header: str, other: str) -> httpx.Response:
        if place == "query":
            return caller.get(f"{WHOAMI}?access_token={other}", header)
        return caller.call("GET", WHOAMI, header, data={"access_token": other})

    assert_refused(caller, both("x" * 30, token), INVALID)
    assert_let_in(caller, both(token, "x" * 30))


def test_the_form_body_wins_over_the_query(caller: Caller, token: str) -> None:
    assert_let_in(caller, caller.call("GET", f"{WHOAMI}?access_token={'x' * 30}", data={"access_token": token}))


@pytest.mark.parametrize("name", ["token", "bearer_token", "Access_Token", "accesstoken"])
def test_b20_other_parameter_names_do_not_count(caller: Caller, token: str, name: str) -> None:
    assert_refused(caller, caller.get(f"{WHOAMI}?{name}={token}"), REALM)
    assert caller.last.query == f"{name}={fingerprint(token)}"


@pytest.mark.parametrize("place", ["query", "form"])
def test_a_bad_token_in_query_or_form_is_challenged_as_invalid(caller: Caller, place: str) -> None:
    bad = "x" * 30
    answer = (
        caller.get(f"{WHOAMI}?access_token={bad}")
        if place == "query"
        else caller.call("GET", WHOAMI, data={"access_token": bad})
    )
    assert_refused(caller, answer, INVALID)


def test_b24_a_token_for_nobody_is_forbidden(caller_of: MakeCaller, profile: str) -> None:
    caller = caller_of(profile=profile, settings={"credentials_for_owner": False})
    known = caller.credentials
    form = {
        "grant_type": "client_credentials",
        "client_id": known["credentials_client_id"],
        "client_secret": known["credentials_client_secret"],
    }
    token = caller.ask(form).json()["access_token"]
    answer = caller.get(WHOAMI, token)
    assert (answer.status_code, answer.text) == (403, FORBIDDEN)
    assert "www-authenticate" not in answer.headers
    assert (caller.last.cause, caller.last.principal) == ("permission-denied", known["credentials_client_id"])


def test_a_client_credentials_token_acts_for_the_applications_owner_by_default(caller: Caller) -> None:
    known = caller.credentials
    form = {
        "grant_type": "client_credentials",
        "client_id": known["credentials_client_id"],
        "client_secret": known["credentials_client_secret"],
    }
    assert_let_in(caller, caller.get(WHOAMI, caller.ask(form).json()["access_token"]))


def test_b25_a_scope_too_small_is_forbidden_without_a_challenge(caller: Caller) -> None:
    token = caller.login(scope="write")["access_token"]
    answer = caller.get(WHOAMI, token)
    assert (answer.status_code, answer.text) == (403, FORBIDDEN)
    assert "www-authenticate" not in answer.headers
    assert caller.last.cause == "permission-denied"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_b31_an_unsupported_method_is_told_after_authentication(caller: Caller, token: str, method: str) -> None:
    assert_refused(caller, caller.call(method, WHOAMI), REALM)
    answer = caller.call(method, WHOAMI, token)
    assert (answer.status_code, answer.text) == (405, f'{{"detail":"Method \\"{method}\\" not allowed."}}')
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert caller.last.cause == "method-not-allowed"


def test_b34_options_needs_a_token_and_describes_the_view(caller: Caller, token: str) -> None:
    assert_refused(caller, caller.call("OPTIONS", WHOAMI), REALM)
    answer = caller.call("OPTIONS", WHOAMI, token)
    assert answer.status_code == 200
    assert list(answer.json()) == ["name", "description", "renders", "parses"]
    assert "application/json" in answer.json()["renders"]


@pytest.mark.parametrize(
    "path",
    ["/v1/whoami/", "/v1/nothing", "/v3/whoami", "/v1", "/v1/deployment/list/", "/v1/aggregate/X/visits", "/V1/whoami"],
)
def test_b35_unknown_paths_are_html_whatever_is_accepted(caller: Caller, profile: str, token: str, path: str) -> None:
    answer = caller.get(path, token, headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>Not Found</h1>" in answer.text
    if profile == "legacy":
        assert len(answer.content) == 77
    assert (caller.last.operation, caller.last.principal) == ("unrouted", "anonymous")


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/json",
        "application/*",
        "text/html",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "application/json; q=0.1",
        "APPLICATION/JSON",
    ],
)
def test_b38_json_is_given_wherever_it_is_accepted_and_to_browsers(caller: Caller, token: str, accept: str) -> None:
    assert_let_in(caller, caller.get(WHOAMI, token, headers={"Accept": accept}))


@pytest.mark.parametrize("accept", ["application/xml", "image/png, text/csv", "json", "text/*"])
@pytest.mark.parametrize("with_token", [True, False], ids=["token", "no-token"])
def test_b39_nothing_acceptable_is_406_before_anything_else(
    caller: Caller, token: str, accept: str, with_token: bool
) -> None:
    answer = caller.get(WHOAMI, token if with_token else "x" * 30, headers={"Accept": accept})
    assert (answer.status_code, answer.text) == (
        406,
        '{"detail":"Could not satisfy the request Accept header."}',
    )
    assert (caller.last.cause, caller.last.principal) == ("not-acceptable", "anonymous")


@pytest.mark.parametrize("query", ["format=xml", "format=api", "a=1&format=csv"])
def test_b40_another_format_is_not_found(caller: Caller, token: str, query: str) -> None:
    answer = caller.get(f"{WHOAMI}?{query}", token)
    assert (answer.status_code, answer.text) == (404, '{"detail":"Not found."}')


@pytest.mark.parametrize("query", ["format=json", "format=", "reformat=xml", "format"])
def test_formats_that_are_json_or_nothing_are_fine(caller: Caller, token: str, query: str) -> None:
    assert_let_in(caller, caller.get(f"{WHOAMI}?{query}", token))


@pytest.mark.parametrize("query", ["x=%zz", "x=%", "%4", "a=1&b=%g1"])
def test_b41_a_malformed_escape_in_the_query(caller: Caller, profile: str, token: str, query: str) -> None:
    answer = caller.http.get(f"{WHOAMI}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    answer = caller.http.send(raw_query(caller, query, token))
    expected = {"legacy": (500, "<h1>Server Error (500)</h1>"), "modern": (400, "<h1>Bad Request (400)</h1>")}[profile]
    assert (answer.status_code, expected[1] in answer.text) == (expected[0], True)
    assert answer.headers["content-type"].startswith("text/html")
    assert caller.last.cause == "malformed-escape"


def raw_query(caller: Caller, query: str, token: str) -> httpx.Request:
    """A request whose query goes out as it is: httpx would mend it."""
    request = caller.http.build_request("GET", WHOAMI, headers={"Authorization": f"Bearer {token}"})
    request.url = request.url.copy_with(raw_path=f"{WHOAMI}?{query}".encode())
    return request


@pytest.mark.parametrize(
    ("accept", "indent"),
    [
        ("application/json; indent=4", 4),
        ("application/json;indent=2", 2),
        ("text/html, application/json; indent=4", None),
        ("application/json; indent=99", 8),
        ("application/json; indent=x", None),
        ("application/json; indent=", None),
        ("application/json; indent=-1", None),
    ],
)
def test_e17_json_is_printed_with_the_indent_asked_for(
    caller: Caller, token: str, accept: str, indent: int | None
) -> None:
    answer = caller.get(WHOAMI, token, headers={"Accept": accept})
    assert_let_in(caller, answer)
    expected = (
        json.dumps(answer.json(), separators=(",", ":"), ensure_ascii=False)
        if indent is None
        else json.dumps(answer.json(), indent=indent, ensure_ascii=False)
    )
    assert answer.text == expected


def test_head_is_a_get_without_a_body(caller: Caller, token: str) -> None:
    got, head = caller.get(WHOAMI, token), caller.call("HEAD", WHOAMI, token)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers == got.headers
    assert caller.call("HEAD", WHOAMI).status_code == 401


@pytest.mark.parametrize(
    "header", [b"Bearer \xff\xfe", b"Bearer \x01", b"Bearer " + b"x" * 50_000, "Bearer Ünicode".encode()]
)
def test_strange_bytes_in_the_header_are_no_token(caller: Caller, header: bytes) -> None:
    assert_refused(caller, with_header(caller, header), INVALID)


def test_more_query_fields_than_django_takes_are_refused_with_its_page(caller: Caller) -> None:
    answer = caller.get(WHOAMI + "?" + "&".join(f"f{number}=1" for number in range(1_001)))
    assert (answer.status_code, "<h1>Bad Request (400)</h1>" in answer.text) == (400, True)
    assert caller.last.cause == "malformed-form"
