"""The requests that suites of Django vendors share, and their reading of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.api import once
from vendorlab.contracts.core.django.api import NO_CREDENTIALS, DjangoApi, Grant, granted, refused
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = {"access_token": "a" * 30, "expires_in": 86_400, "token_type": "Bearer", "scope": "read"}
CREDENTIALS = {"username": "ada@example.com", "password": "hunter2", "client_id": "app"}


class AcmeApi(DjangoApi):
    TOKEN = "/o/token/"
    REVOKE = "/o/revoke_token/"
    RESOURCES = ("/doors/", "/windows/")
    NO_OBJECT = "/doors/0/"
    SCOPE = "read"
    LIFETIME = 86_400

    def application(self) -> dict[str, str]:
        return {"client_id": self.credential("client_id")}

    def confidential(self) -> dict[str, str]:
        return {}


def api(handler: Callable[[httpx.Request], httpx.Response]) -> AcmeApi:
    target = Target("acme", "http://127.0.0.1:7071", CREDENTIALS)
    return AcmeApi(Access(target, transport=httpx.MockTransport(handler)))


def answering(body: Any, status: int = 200, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, json=body, headers=headers)


def test_form_is_filled_with_credentials_and_changed_as_told() -> None:
    subject = api(answering({}))
    assert subject.password_form(scope="read", password=None) == {
        "grant_type": "password",
        "username": "ada@example.com",
        "client_id": "app",
        "scope": "read",
    }


def test_missing_credential_skips_and_names_the_variable() -> None:
    with pytest.raises(pytest.skip.Exception, match="set VENDORLAB_ACME_SECOND_USERNAME"):
        api(answering({})).credential("second_username")


def test_refresh_sends_a_form_without_secret() -> None:
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={**TOKEN, "refresh_token": "c" * 30})

    granted(api(handler).refresh("b" * 30))
    assert (sent[0].method, sent[0].url.path) == ("POST", "/o/token/")
    assert parse_qs(sent[0].content.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["app"],
        "refresh_token": ["b" * 30],
    }


def test_grant_keeps_its_tokens_to_itself() -> None:
    grant = granted(api(answering({**TOKEN, "refresh_token": "c" * 30})).token({}))
    assert "aaa" not in repr(grant)
    assert "ccc" not in repr(grant)


def test_grant_without_refresh_token_is_taken_only_where_there_is_none() -> None:
    response = api(answering(TOKEN)).token({})
    assert granted(response, refreshable=False).refresh == ""
    with pytest.raises(AssertionError, match="'refresh_token'"):
        granted(response)


@pytest.mark.parametrize(("status", "good"), [(200, True), (401, False)])
def test_token_is_good_or_not(status: int, good: bool) -> None:
    assert api(answering({}, status)).is_good("token") is good


def test_token_that_is_neither_good_nor_bad_is_the_targets_fault() -> None:
    with pytest.raises(AssertionError, match="expected 200 or 401"):
        api(answering({}, 503)).is_good("token")


def test_login_that_may_happen_once_is_tried_once() -> None:
    tries: list[None] = []

    def login() -> Grant:
        tries.append(None)
        raise AssertionError("refused")

    first = once(login)
    for _ in range(3):
        with pytest.raises(AssertionError, match="refused"):
            first()
    assert len(tries) == 1


def test_login_that_may_happen_once_is_remembered() -> None:
    grants = iter([Grant("a", "b", "read", httpx.Response(200)), Grant("c", "d", "read", httpx.Response(200))])
    first = once(lambda: next(grants))
    assert first() is first()


def test_revoking_sends_application_and_token() -> None:
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    api(handler).revoke("b" * 30)
    assert (sent[0].method, sent[0].url.path) == ("POST", "/o/revoke_token/")
    assert parse_qs(sent[0].content.decode()) == {"client_id": ["app"], "token": ["b" * 30]}


def test_refusal_is_taken_with_any_challenge_and_any_of_some_texts() -> None:
    refused(api(answering({"detail": NO_CREDENTIALS}, 401, **{"WWW-Authenticate": "Door"})).get("/doors/", None))
    refused(api(answering({"detail": "b"}, 401, **{"WWW-Authenticate": "Token"})).get("/doors/", None), "a", "b")


@pytest.mark.parametrize(
    ("status", "text", "headers"),
    [
        (403, NO_CREDENTIALS, {"WWW-Authenticate": "Bearer"}),
        (401, "Go.", {"WWW-Authenticate": "Bearer"}),
        (401, NO_CREDENTIALS, {}),
    ],
    ids=["status", "text", "no challenge"],
)
def test_other_refusal_is_the_targets_fault(status: int, text: str, headers: dict[str, str]) -> None:
    response = api(answering({"detail": text}, status, **headers)).get("/doors/", None)
    with pytest.raises(AssertionError, match="GET /doors/ answered"):
        refused(response)
