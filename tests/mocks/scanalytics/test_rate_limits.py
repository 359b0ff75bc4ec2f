"""Scanalytics' rate limits: 180 a minute and 1,200 an hour a user, 20 a minute an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx
    from tests.mocks.conftest import MakeCaller
    from tests.mocks.support import Caller

WHOAMI = "/v1/whoami"


@pytest.fixture
def caller(caller_of: MakeCaller, profile: str) -> Caller:
    return caller_of(profile=profile)


@pytest.fixture
def small(caller_of: MakeCaller, profile: str) -> Caller:
    """With a minute's limit of 3."""
    return caller_of(profile=profile, settings={"minute_limit": 3})


def statuses(caller: Caller, token: str, count: int) -> list[int]:
    return [caller.get(WHOAMI, token).status_code for _ in range(count)]


def assert_throttled(caller: Caller, answer: httpx.Response, wait: int) -> None:
    unit = "second" if wait == 1 else "seconds"
    assert (answer.status_code, answer.text) == (
        429,
        f'{{"detail":"Request was throttled. Expected available in {wait} {unit}."}}',
    )
    assert answer.headers["retry-after"] == str(wait)
    assert not [name for name in answer.headers if name.startswith("x-rate")]
    assert (caller.last.cause, caller.last.status, caller.last.detail["retry_after"]) == ("throttled", 429, wait)


def test_the_181st_request_of_a_minute_is_refused(caller: Caller) -> None:
    token = caller.login()["access_token"]
    assert statuses(caller, token, 180) == [200] * 180
    assert_throttled(caller, caller.get(WHOAMI, token), 60)
    caller.world.clock.advance(59)
    assert_throttled(caller, caller.get(WHOAMI, token), 1)
    caller.world.clock.advance(1)
    assert caller.get(WHOAMI, token).status_code == 200


def test_a_hammered_minute_costs_the_hour_only_on_a_modern_stack(caller: Caller, profile: str) -> None:
    """Measured: 180 accepted and 1,020 refused at once; 61 s later, 200 on legacy and 3,539 s to wait on modern."""
    token = caller.login()["access_token"]
    assert statuses(caller, token, 1_200).count(200) == 180
    caller.world.clock.advance(61)
    answer = caller.get(WHOAMI, token)
    if profile == "legacy":
        assert answer.status_code == 200
    else:
        assert_throttled(caller, answer, 3_539)


def test_steady_three_a_second_trips_the_hour_at_400_seconds(caller: Caller) -> None:
    token = caller.login()["access_token"]
    for _ in range(400):
        assert statuses(caller, token, 3) == [200] * 3
        caller.world.clock.advance(1)
    assert_throttled(caller, caller.get(WHOAMI, token), 3_200)


def test_the_limit_is_the_users_not_the_tokens(small: Caller) -> None:
    first, other = small.login(), small.login()
    assert statuses(small, first["access_token"], 2) == [200, 200]
    assert statuses(small, other["access_token"], 2) == [200, 429]
    refreshed = small.ask(small.refresh_form(first["refresh_token"])).json()
    assert statuses(small, refreshed["access_token"], 1) == [429]
    assert statuses(small, small.login_second()["access_token"], 1) == [200]


def test_all_views_of_both_versions_share_one_limit(small: Caller) -> None:
    token = small.login()["access_token"]
    paths = ["/v1/whoami", "/v2/device/list", "/v1/array/ZZZZZ", "/v2/whoami"]
    assert [small.get(path, token).status_code for path in paths] == [200, 200, 404, 429]


@pytest.mark.parametrize(
    ("method", "path", "headers", "with_token", "status"),
    [
        ("GET", "/v1/whoami", {}, False, 401),
        ("GET", "/v1/whoami", {"Accept": "image/png"}, True, 406),
        ("GET", "/v1/nothing", {}, True, 404),
        ("GET", "/v1/whoami?format=xml", {}, True, 404),
    ],
    ids=["401", "406", "unrouted-404", "format-404"],
)
def test_what_is_refused_before_the_throttle_never_counts(
    small: Caller, method: str, path: str, headers: dict[str, str], with_token: bool, status: int
) -> None:
    token = small.login()["access_token"]
    for _ in range(10):
        answer = small.call(method, path, token if with_token else "x" * 30, headers=headers)
        assert answer.status_code == status
    assert statuses(small, token, 4) == [200, 200, 200, 429]


def test_a_scope_too_small_never_counts(small: Caller) -> None:
    wide, narrow = small.login()["access_token"], small.login(scope="write")["access_token"]
    assert [small.get(WHOAMI, narrow).status_code for _ in range(10)] == [403] * 10
    assert statuses(small, wide, 4) == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("DELETE", "/v1/whoami", 405), ("OPTIONS", "/v1/whoami", 200), ("GET", "/v1/array/ZZZZZ", 404)],
    ids=["405", "options", "404-by-a-view"],
)
def test_what_is_refused_behind_the_throttle_counts(small: Caller, method: str, path: str, status: int) -> None:
    token = small.login()["access_token"]
    assert [small.call(method, path, token).status_code for _ in range(4)] == [status] * 3 + [429]
    assert small.get(WHOAMI, token).status_code == 429


def test_a_throttled_client_hears_429_for_a_bad_method_and_401_for_a_bad_token(small: Caller) -> None:
    token = small.login()["access_token"]
    statuses(small, token, 3)
    assert small.call("DELETE", WHOAMI, token).status_code == 429
    assert [small.get(WHOAMI, "x" * 30).status_code for _ in range(50)] == [401] * 50


def test_head_is_throttled_without_a_body(small: Caller) -> None:
    token = small.login()["access_token"]
    statuses(small, token, 3)
    answer = small.call("HEAD", WHOAMI, token)
    assert (answer.status_code, answer.content, answer.headers["retry-after"]) == (429, b"", "60")


def test_a_throttled_answer_keeps_the_views_headers(small: Caller) -> None:
    token = small.login()["access_token"]
    statuses(small, token, 3)
    answer = small.get(WHOAMI, token)
    assert (answer.headers["vary"], answer.headers["allow"]) == ("Accept", "GET, HEAD, OPTIONS")
    assert "www-authenticate" not in answer.headers


def test_the_anonymous_limit_never_shows_where_a_login_is_needed(caller: Caller) -> None:
    assert [caller.get(WHOAMI).status_code for _ in range(60)] == [401] * 60


def test_throttle_before_auth_shows_the_anonymous_limit(caller_of: MakeCaller, profile: str) -> None:
    caller = caller_of(profile=profile, settings={"throttle_before_auth": True})
    assert [caller.get(WHOAMI).status_code for _ in range(21)] == [401] * 20 + [429]
    assert_throttled(caller, caller.get(WHOAMI, "x" * 30), 60)
    assert caller.get(WHOAMI, caller.login()["access_token"]).status_code == 200
    caller.world.clock.advance(60)
    assert caller.get(WHOAMI).status_code == 401


def test_the_anonymous_limit_is_by_address_which_is_the_whole_forwarded_header(caller_of: MakeCaller) -> None:
    caller = caller_of(settings={"throttle_before_auth": True, "anonymous_limit": 1})

    def ask(forwarded: str | None) -> int:
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        return caller.get(WHOAMI, headers=headers).status_code

    assert [ask(None), ask(None)] == [401, 429]
    assert [ask("203.0.113.1"), ask("203.0.113.1"), ask("203.0.113.1, 198.51.100.1")] == [401, 429, 401]
    assert ask("203.0.113.1,198.51.100.1") == 429


def test_limits_are_settings(caller_of: MakeCaller) -> None:
    caller = caller_of(settings={"minute_limit": 2, "hour_limit": 3})
    token = caller.login()["access_token"]
    assert statuses(caller, token, 3) == [200, 200, 429]
    caller.world.clock.advance(60)
    assert caller.get(WHOAMI, token).status_code == 200
    assert_throttled(caller, caller.get(WHOAMI, token), 3_540)


def test_client_credentials_count_for_the_owner(small: Caller) -> None:
    known = small.credentials
    service = small.ask(
        {
            "grant_type": "client_credentials",
            "client_id": known["credentials_client_id"],
            "client_secret": known["credentials_client_secret"],
        }
    ).json()["access_token"]
    assert statuses(small, service, 2) == [200, 200]
    assert statuses(small, small.login()["access_token"], 2) == [200, 429]
