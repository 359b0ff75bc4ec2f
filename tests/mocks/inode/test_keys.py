"""API keys and what stands beside them in the Authorization header: rows D01 to D15, on both profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.mocks.inode.support import DEVICES, LINKS, Caller

from vendorlab.mocks.core.ids import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.inode.conftest import MakeCaller

NOBODY = "Authentication credentials were not provided."
MALFORMED = "Invalid token header."

REFUSED: list[tuple[str, Callable[[Caller], bytes | None], str, str]] = [
    ("D01-nothing", lambda _: None, NOBODY, "no-credentials"),
    ("D05-unknown", lambda _: b"Token " + b"0" * 40, "Invalid token.", "invalid-key"),
    ("D05-utf-8", lambda _: "Token clé".encode(), "Invalid token.", "invalid-key"),
    ("D05-capitals", lambda c: f"Token {c.known['api_key'].upper()}".encode(), "Invalid token.", "invalid-key"),
    ("D07-alone", lambda _: b"Token", f"{MALFORMED} No credentials provided.", "malformed-key"),
    ("D07-blank", lambda _: b"Token ", f"{MALFORMED} No credentials provided.", "malformed-key"),
    (
        "D08-space",
        lambda c: f"Token {c.known['api_key']} x".encode(),
        f"{MALFORMED} Token string should not contain spaces.",
        "malformed-key",
    ),
    (
        "D12-bytes",
        lambda _: b"Token \xff\xfe",
        f"{MALFORMED} Token string should not contain invalid characters.",
        "malformed-key",
    ),
    (
        "D11-deactivated",
        lambda c: f"Token {c.known['deactivated_api_key']}".encode(),
        "User inactive or deleted.",
        "inactive-user",
    ),
    ("D13-key-as-bearer", lambda c: f"Bearer {c.known['api_key']}".encode(), NOBODY, "invalid-token"),
    ("D15-bad-bearer", lambda _: b"Bearer " + b"x" * 30, NOBODY, "invalid-token"),
    ("D15-bearer-alone", lambda _: b"Bearer", NOBODY, "no-credentials"),
]


@pytest.mark.parametrize(("header", "detail", "cause"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
@pytest.mark.parametrize("path", [LINKS, DEVICES, f"{LINKS}1/", f"{DEVICES}abc/"])
def test_credential_that_does_not_hold_is_refused_in_its_own_words(
    dated: Caller, path: str, header: Callable[[Caller], bytes | None], detail: str, cause: str
) -> None:
    sent = header(dated)
    answer = dated.http.get(path, headers=[] if sent is None else [(b"Authorization", sent)])
    assert (answer.status_code, answer.json()) == (401, {"detail": detail})
    assert answer.headers["www-authenticate"] == "Token"
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert (dated.last.cause, dated.last.principal) == (cause, "anonymous")


@pytest.mark.parametrize("scheme", ["Token {}", "token {}", "TOKEN {}", "Token   {}  ", "\tToken\t{}"])
def test_d09_scheme_is_read_in_any_case_and_among_blanks(dated: Caller, scheme: str) -> None:
    key = dated.known["api_key"]
    assert dated.http.get(LINKS, headers={"Authorization": scheme.format(key)}).status_code == 200
    assert (dated.last.credential, dated.last.principal) == (f"Token {fingerprint(key)}", dated.known["username"])


def test_d14_oauth_token_is_taken_by_the_second_authenticator(dated: Caller) -> None:
    token = dated.login()["access_token"]
    assert dated.get(LINKS, f"Bearer {token}").json() == dated.links()


def test_d15_expired_token_is_hidden_from_the_caller_and_plain_in_the_journal(dated: Caller) -> None:
    token = dated.login()["access_token"]
    dated.world.clock.advance(432_000)
    answer = dated.get(LINKS, f"Bearer {token}")
    assert (answer.status_code, answer.json()) == (401, {"detail": NOBODY})
    assert answer.headers["www-authenticate"] == "Token"
    assert (dated.last.cause, dated.last.detail["token"]) == ("expired-token", "expired")


def test_token_lives_until_the_last_second_of_five_days(dated: Caller) -> None:
    token = dated.login()["access_token"]
    dated.world.clock.advance(431_999)
    assert dated.get(LINKS, f"Bearer {token}").status_code == 200


def test_bad_key_is_refused_even_beside_a_good_token_in_the_query(caller: Caller) -> None:
    token = caller.login()["access_token"]
    assert caller.http.get(LINKS, params={"access_token": token}).status_code == 200
    answer = caller.get(LINKS, "Token wrong", params={"access_token": token})
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_bad_key_comes_before_a_bad_method(dated: Caller, method: str) -> None:
    assert dated.call(method, LINKS, "Token wrong").status_code == 401
    answer = dated.call(method, LINKS)
    assert (answer.status_code, answer.json()) == (405, {"detail": f'Method "{method}" not allowed.'})


@pytest.mark.parametrize(
    ("header", "challenge", "detail"),
    [
        (None, 'Bearer realm="api"', NOBODY),
        ("Token wrong", 'Bearer realm="api"', "Invalid token."),
        (
            "Bearer wrong",
            'Bearer realm="api",error="invalid_token",error_description="The access token is invalid."',
            NOBODY,
        ),
    ],
)
def test_with_oauth_first_the_challenge_is_its_own_and_tells_why(
    caller_of: MakeCaller, header: str | None, challenge: str, detail: str
) -> None:
    caller = caller_of(oauth_first=True)
    answer = caller.http.get(LINKS, headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    assert answer.json() == {"detail": detail}
    assert caller.get(LINKS).status_code == 200


def test_only_owners_have_keys(caller: Caller) -> None:
    users = caller.vendor.backend.estate.users.values()
    assert [bool(user.api_key) for user in users] == [user.role.value == "owner" for user in users]
    assert all(
        len(user.api_key) == 40 and set(user.api_key) <= set("0123456789abcdef") for user in users if user.api_key
    )
