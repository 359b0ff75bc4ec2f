"""The rate limits, under a clock that stands still: what is counted, for whom, and when it is forgotten."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import BOGUS, NO_CREDENTIALS, authorization, granted
from vendorlab.contracts.scanalytics.api import HOUR_LIMIT, MINUTE_LIMIT, Api

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.core.control import Clock

pytestmark = [pytest.mark.vendorlab("scanalytics"), pytest.mark.needs("exhaust", "clock", "spend")]

WHOAMI = "/v1/whoami"
_ANONYMOUS_LIMIT = 20
_TEXT = re.compile(r"Request was throttled\. Expected available in (\d+) seconds?\.")


def seconds_of(response: httpx.Response) -> int:
    """Expect a 429 in the framework's form and return the seconds that it names."""
    __tracebackhide__ = True
    expect.detail(response, 429)
    named = _TEXT.fullmatch(response.json()["detail"])
    expect.check(named, response, "the text Request was throttled. Expected available in N seconds.")
    assert named is not None
    header = response.headers.get("Retry-After")
    expect.check(header == named[1], response, f"Retry-After to be {named[1]}, as in the text, not {header!r}")
    singular = named[0].endswith("second.")
    expect.check(singular == (named[1] == "1"), response, "the singular for 1 and the plural else")
    return int(named[1])


def use_up(api: Api, token: str, number: int, path: str = WHOAMI) -> None:
    """Make a number of requests; expect each to be accepted."""
    __tracebackhide__ = True
    for made in range(number):
        response = api.get(path, token)
        expect.check(response.status_code == 200, response, f"200, since only {made} requests were counted before")


@pytest.mark.claim("scanalytics.throttle.minute", "scanalytics.throttle.form")
def test_181st_request_in_a_minute_is_refused(api: Api, token: str, allowance: Clock) -> None:
    """180 are accepted, and at once the whole minute is left to wait."""
    use_up(api, token, MINUTE_LIMIT)
    assert seconds_of(api.get(WHOAMI, token)) == 60


@pytest.mark.claim("scanalytics.throttle.retry-after", "scanalytics.throttle.sliding")
def test_wait_is_exactly_as_long_as_said(api: Api, token: str, allowance: Clock) -> None:
    """A second too early is too early; a request one whole window old no longer counts."""
    use_up(api, token, MINUTE_LIMIT)
    wait = seconds_of(api.get(WHOAMI, token))
    allowance.advance(wait - 1)
    assert seconds_of(api.get(WHOAMI, token)) == 1
    allowance.advance(1)
    expect.status(api.get(WHOAMI, token), 200)


@pytest.mark.claim("scanalytics.throttle.sliding")
def test_window_slides(api: Api, token: str, allowance: Clock) -> None:
    """Requests become free in the order and at the pace in which they were made."""
    half = MINUTE_LIMIT // 2
    use_up(api, token, half)
    allowance.advance(45)
    use_up(api, token, half)
    assert seconds_of(api.get(WHOAMI, token)) == 15
    allowance.advance(15)
    use_up(api, token, half)
    assert seconds_of(api.get(WHOAMI, token)) == 45


@pytest.mark.claim("scanalytics.throttle.refused-uncounted")
def test_hammering_does_not_make_the_wait_longer(api: Api, token: str, allowance: Clock) -> None:
    """What is refused is not counted against the limit that refused it."""
    use_up(api, token, MINUTE_LIMIT)
    for wait in range(55, 25, -5):
        allowance.advance(5)
        for _ in range(5):
            assert seconds_of(api.get(WHOAMI, token)) == wait
    allowance.advance(30)
    use_up(api, token, MINUTE_LIMIT)


@pytest.mark.claim("scanalytics.throttle.hour", "scanalytics.throttle.form")
def test_1201st_request_in_an_hour_is_refused(api: Api, token: str, allowance: Clock) -> None:
    """Under the minute's limit all the way; the wait is until the first request is an hour old."""
    portion = 150
    for _ in range(HOUR_LIMIT // portion):
        use_up(api, token, portion)
        allowance.advance(61)
    passed = 61 * (HOUR_LIMIT // portion)
    assert seconds_of(api.get(WHOAMI, token)) == 3_600 - passed
    allowance.advance(3_600 - passed)
    use_up(api, token, portion)


@pytest.mark.claim("scanalytics.throttle.per-user")
def test_another_login_or_a_refresh_does_not_reset_the_limit(api: Api, allowance: Clock) -> None:
    """The limit is the user's, not the token's."""
    first, second = api.login(), api.login()
    use_up(api, first.access, MINUTE_LIMIT // 2)
    use_up(api, second.access, MINUTE_LIMIT // 2)
    third = granted(api.refresh(first.refresh))
    for token in (second.access, third.access, api.login().access):
        seconds_of(api.get(WHOAMI, token))


@pytest.mark.claim("scanalytics.throttle.users-apart")
@pytest.mark.needs("second-user")
def test_users_have_a_limit_each(api: Api, token: str, allowance: Clock) -> None:
    """One is refused, the other is not."""
    use_up(api, token, MINUTE_LIMIT)
    other = api.login(username=api.credential("second_username"), password=api.credential("second_password"))
    seconds_of(api.get(WHOAMI, token))
    use_up(api, other.access, 1)


@pytest.mark.claim("scanalytics.throttle.one-scope")
def test_all_resources_share_one_allowance(api: Api, token: str, allowance: Clock) -> None:
    """Both versions, lists and objects."""
    paths = [WHOAMI, "/v2/whoami", "/v1/deployment/list", "/v2/deployment/list"]
    for path in paths:
        use_up(api, token, MINUTE_LIMIT // len(paths), path)
    for path in paths:
        seconds_of(api.get(path, token))


@pytest.mark.claim("scanalytics.throttle.no-headers")
def test_no_other_header_tells_of_a_limit(api: Api, token: str, allowance: Clock) -> None:
    """Before the limit nothing is said, and at it Retry-After alone."""
    before = api.get(WHOAMI, token)
    expect.status(before, 200)
    use_up(api, token, MINUTE_LIMIT - 1)
    refused = api.get(WHOAMI, token)
    seconds_of(refused)
    for response in (before, refused):
        telling = [name for name in response.headers if "ratelimit" in name.replace("-", "")]
        expect.check(not telling, response, f"no headers about limits: {telling}")
    expect.check("Retry-After" not in before.headers, before, "no Retry-After on a success")


@pytest.mark.claim("scanalytics.throttle.token-free")
def test_throttled_user_can_log_in_and_refresh(api: Api, token: str, allowance: Clock) -> None:
    """The token endpoint knows no limit: not the user's, and not that of anonymous callers."""
    use_up(api, token, MINUTE_LIMIT)
    seconds_of(api.get(WHOAMI, token))
    grant = api.login()
    for _ in range(_ANONYMOUS_LIMIT + 5):
        grant = granted(api.refresh(grant.refresh))


@pytest.mark.claim("scanalytics.throttle.login-first", "scanalytics.throttle.anonymous-unseen")
@pytest.mark.parametrize("sent", [None, BOGUS], ids=["nothing", "a bad token"])
def test_caller_without_a_good_token_gets_401_for_ever(
    api: Api, token: str, allowance: Clock, sent: str | None
) -> None:
    """The limit of 20 a minute for anonymous callers never shows, nor does the user's."""
    use_up(api, token, MINUTE_LIMIT)
    seconds_of(api.get(WHOAMI, token))
    for _ in range(_ANONYMOUS_LIMIT * 2):
        expect.detail(api.get(WHOAMI, sent), 401, NO_CREDENTIALS)


@pytest.mark.claim("scanalytics.throttle.before-method")
@pytest.mark.needs("write")
def test_throttled_user_gets_429_for_a_bad_method_too(api: Api, allowance: Clock) -> None:
    """405 before the limit is reached, 429 after."""
    token = api.login(scope="read write").access
    expect.status(api.http.delete(WHOAMI, headers=authorization(token)), 405)
    use_up(api, token, MINUTE_LIMIT - 1)
    seconds_of(api.http.delete(WHOAMI, headers=authorization(token)))


@pytest.mark.claim("scanalytics.throttle.uncounted")
def test_requests_that_reach_no_resource_are_not_counted(api: Api, token: str, allowance: Clock) -> None:
    """401, 406 and unknown paths: after many of them the whole allowance is still there."""
    for _ in range(30):
        expect.status(api.get(WHOAMI, BOGUS), 401)
        expect.status(api.get(WHOAMI, token, Accept="application/xml"), 406)
        expect.status(api.get("/v1/nothing", token), 404)
    use_up(api, token, MINUTE_LIMIT)
    seconds_of(api.get(WHOAMI, token))


@pytest.mark.claim("scanalytics.throttle.counted")
def test_a_resources_own_404_and_options_are_counted(api: Api, token: str, allowance: Clock) -> None:
    """They reached the resource."""
    for _ in range(MINUTE_LIMIT // 2):
        expect.not_found(api.get("/v1/array/00000", token))
        expect.status(api.http.options(WHOAMI, headers=authorization(token)), 200)
    seconds_of(api.get(WHOAMI, token))


@pytest.mark.claim("scanalytics.throttle.head")
def test_throttled_head_has_no_body(api: Api, token: str, allowance: Clock) -> None:
    """The header says it all."""
    use_up(api, token, MINUTE_LIMIT)
    response = api.http.head(WHOAMI, headers=authorization(token))
    expect.status(response, 429)
    expect.check(not response.content, response, "no body")
    expect.check(response.headers.get("Retry-After") == "60", response, "Retry-After: 60")
