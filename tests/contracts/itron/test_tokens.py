"""How a suite of Itron comes by tokens, and what it says where there is no way to one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.errors import SuiteError, UnreachableError, UsageError
from vendorlab.contracts.core.redaction import MASK
from vendorlab.contracts.core.target import Target
from vendorlab.contracts.itron.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

COAP = "coap://127.0.0.1:5683"
PLATFORM = Target("itron-platform", "http://127.0.0.1:7073")
ACCOUNT = {"client_id": "app", "client_secret": "s+c/ret"}
SECOND = {"second_client_id": "other", "second_client_secret": "hush"}
CONTROL = ControlAddress("http://127.0.0.1:7070", "control-token")


class Platform:
    """Gives out numbered tokens, and remembers who asked."""

    def __init__(self, answer: httpx.Response | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/api/tokens")
        self.asked.append(json.loads(request.content))
        if self.answer is not None:
            return self.answer
        return httpx.Response(200, json={"accessToken": f"token-{len(self.asked)}"})


def tokens(
    credentials: dict[str, str],
    answer: Callable[[httpx.Request], httpx.Response],
    *,
    control: ControlAddress | None = None,
    platform: Target | None = PLATFORM,
    now: Callable[[], float] = lambda: 0.0,
) -> Tokens:
    access = Access(Target("itron-coap", COAP, credentials), control=control)
    return Tokens(access, platform, httpx.MockTransport(answer), now)


def test_token_that_was_given_is_used_as_it_is() -> None:
    platform = Platform()
    assert tokens({"token": "as-it-is", **ACCOUNT}, platform).current() == "as-it-is"
    assert tokens({"token": "as-it-is"}, platform, platform=None).current() == "as-it-is"
    assert platform.asked == []


def test_client_id_and_secret_get_one_at_the_platform() -> None:
    platform = Platform()
    assert tokens(ACCOUNT, platform).current() == "token-1"
    assert platform.asked == [{"clientId": "app", "clientSecret": "s+c/ret"}]


def test_token_is_kept_for_the_better_part_of_its_hour() -> None:
    platform, moments = Platform(), iter([0.0, 2_900.0, 3_100.0])
    subject = tokens(ACCOUNT, platform, now=lambda: next(moments))
    assert [subject.current() for _ in range(3)] == ["token-1", "token-1", "token-2"]


def test_run_that_turns_the_clock_gets_a_new_one_each_time() -> None:
    subject = tokens(ACCOUNT | SECOND, Platform(), control=CONTROL)
    assert [subject.current(), subject.current(), subject.second(), subject.second()] == [
        f"token-{number}" for number in (1, 2, 3, 4)
    ]


def test_fresh_token_is_a_new_one_on_demand() -> None:
    subject = tokens(ACCOUNT, Platform())
    assert [subject.current(), subject.fresh(), subject.current()] == ["token-1", "token-2", "token-1"]


def test_fresh_token_is_skipped_where_one_was_given_and_nothing_else() -> None:
    subject = tokens({"token": "as-it-is"}, Platform())
    with pytest.raises(pytest.skip.Exception, match="set VENDORLAB_ITRON_COAP_CLIENT_ID"):
        subject.fresh()


def test_second_tenant_has_tokens_of_its_own() -> None:
    platform = Platform()
    assert tokens(ACCOUNT | SECOND, platform).second() == "token-1"
    assert platform.asked == [{"clientId": "other", "clientSecret": "hush"}]


@pytest.mark.parametrize(
    ("credentials", "platform", "message"),
    [
        (
            {},
            None,
            "itron-coap: set VENDORLAB_ITRON_COAP_TOKEN, or set VENDORLAB_ITRON_COAP_CLIENT_ID, VENDORLAB_ITRON_COAP_",
        ),
        (ACCOUNT, None, "VENDORLAB_ITRON_COAP_TOKEN, or set VENDORLAB_ITRON_PLATFORM_URL"),
        ({"client_id": "app"}, PLATFORM, "VENDORLAB_ITRON_COAP_TOKEN, or set VENDORLAB_ITRON_COAP_CLIENT_SECRET"),
    ],
)
def test_what_is_missing_is_told(credentials: dict[str, str], platform: Target | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tokens(credentials, Platform(), platform=platform).current()


def test_missing_second_tenant_is_told() -> None:
    with pytest.raises(UsageError, match="itron-coap: set VENDORLAB_ITRON_COAP_SECOND_CLIENT_ID"):
        tokens(ACCOUNT, Platform()).second()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"message": "Unauthorized"}),
        httpx.Response(401, json={"accessToken": "token"}),
        httpx.Response(200, text="no JSON"),
        httpx.Response(200, json=["accessToken"]),
        httpx.Response(200, json={"accessToken": None}),
        httpx.Response(200, json={"accessToken": ""}),
    ],
)
def test_platform_that_gives_none_is_no_verdict_on_the_target(answer: httpx.Response) -> None:
    with pytest.raises(SuiteError, match=r"itron-platform gave no token but (200|401)"):
        tokens(ACCOUNT, Platform(answer)).current()


def test_platform_that_breaks_off_is_no_verdict_on_the_target() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset", request=request)

    with pytest.raises(SuiteError, match=r"itron-platform gave no token: .*reset"):
        tokens(ACCOUNT, broken).current()


def test_platform_that_is_not_there_ends_the_run() -> None:
    def absent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(UnreachableError):
        tokens(ACCOUNT, absent).current()


def test_tokens_are_secrets_and_count_against_the_budget() -> None:
    access = Access(Target("itron-coap", COAP, ACCOUNT))
    subject = Tokens(access, PLATFORM, httpx.MockTransport(Platform()))
    assert access.secrets.mask(f"shown {subject.current()}") == f"shown {MASK}"
    assert access.budget.spent == 1
    subject.close()
