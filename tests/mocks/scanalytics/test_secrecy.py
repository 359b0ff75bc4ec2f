"""No secret in the journal, however it was sent: canaries from the seed, and from nowhere, in every place there is."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.conftest import MakeCaller
    from tests.mocks.support import Caller

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def caller(caller_of: MakeCaller, profile: str) -> Caller:
    return caller_of(profile=profile)


@pytest.fixture
def canaries(caller: Caller) -> dict[str, str]:
    """Everything that must never be shown: what this world gave out, and a token of another world."""
    pair, spent = caller.login(), caller.login()
    caller.ask(caller.refresh_form(spent["refresh_token"]))
    known = caller.credentials
    return {
        "access": pair["access_token"],
        "refresh": pair["refresh_token"],
        "revoked": spent["access_token"],
        "spent": spent["refresh_token"],
        "foreign": "Q7" * 15,
        **{name: value for name, value in known.items() if "secret" in name or "password" in name},
    }


Send = "Callable[[Caller, str], None]"


def header(template: str, path: str = "/v1/whoami") -> Callable[[Caller, str], None]:
    return lambda caller, secret: void(caller.http.get(path, headers={"Authorization": template.format(secret)}))


def basic(template: str) -> Callable[[Caller, str], None]:
    def send(caller: Caller, secret: str) -> None:
        encoded = base64.b64encode(template.format(secret).encode()).decode()
        caller.ask({"grant_type": "password"}, headers={"Authorization": f"Basic {encoded}"})

    return send


def form(path: str = "/o/token/", **fields: str) -> Callable[[Caller, str], None]:
    def send(caller: Caller, secret: str) -> None:
        caller.ask({name: value.format(secret) for name, value in fields.items()}, path=path)

    return send


def url(template: str, method: str = "GET") -> Callable[[Caller, str], None]:
    def send(caller: Caller, secret: str) -> None:
        raw = httpx.URL("http://scanalytics.example").copy_with(raw_path=template.format(secret).encode())
        caller.http.request(method, raw)

    return send


def body(
    content_type: str, template: str, method: str = "POST", path: str = "/v1/whoami"
) -> Callable[[Caller, str], None]:
    def send(caller: Caller, secret: str) -> None:
        content = template.replace("SECRET", secret)
        caller.http.request(method, path, content=content, headers={"Content-Type": content_type})

    return send


def void(_answer: Any) -> None:
    """Only the journal is looked at."""


WAYS: dict[str, Callable[[Caller, str], None]] = {
    "bearer": header("Bearer {}"),
    "bearer-small": header("bearer {}"),
    "bearer-two-blanks": header("Bearer  {}"),
    "bearer-with-more": header("Bearer {} more"),
    "bearer-twice": header("Bearer {0}, Bearer {0}"),
    "no-scheme": header("{}"),
    "unknown-scheme": header("Sesame {}"),
    "token-scheme": header("Token {}"),
    "unencoded-basic": header("Basic {}"),
    "on-an-unknown-path": header("Bearer {}", "/v1/nothing"),
    "on-the-token-url": header("Bearer {}", "/o/token/"),
    "basic-secret": basic("client:{}"),
    "basic-client": basic("{}:secret"),
    "basic-alone": basic("{}"),
    "query": url("/v1/whoami?access_token={}"),
    "query-other-name": url("/v1/whoami?x={}"),
    "query-no-name": url("/v1/whoami?{}"),
    "query-as-name": url("/v1/whoami?{}=1"),
    "query-escaped-name": url("/v1/whoami?access%5Ftoke%6E={}"),
    "query-semicolon": url("/v1/whoami?a=1;access_token={}"),
    "query-twice": url("/v1/whoami?access_token={0}&access_token={0}"),
    "query-of-unknown-path": url("/nowhere?password={}"),
    "query-of-token-url": url("/o/token/?client_secret={}", "POST"),
    "query-of-redirect": url("/o/token?client_secret={}", "POST"),
    "path": url("/v1/{}"),
    "path-key": url("/v1/array/{}"),
    "path-below": url("/v1/whoami/{}/x"),
    "path-of-redirect": url("/o/{}"),
    "form-token": form("/v1/whoami", access_token="{}"),
    "form-password": form(grant_type="password", username="ada@example.com", password="{}"),
    "form-username": form(grant_type="password", username="{}", password="x", client_id="x"),
    "form-client-id": form(grant_type="password", client_id="{}"),
    "form-client-secret": form(grant_type="password", client_id="x", client_secret="{}"),
    "form-grant-type": form(grant_type="{}"),
    "form-scope": form(grant_type="password", scope="{}"),
    "form-refresh": form(grant_type="refresh_token", refresh_token="{}", client_id="x"),
    "form-revoke": form("/o/revoke_token/", token="{}", client_id="x"),
    "form-revoke-hint": form("/o/revoke_token/", token="x", token_type_hint="{}", client_id="{}"),
    "form-unknown-field": form(api_key="{}"),
    "json": body("application/json", '{"access_token": "SECRET"}'),
    "multipart": body(
        "multipart/form-data; boundary=b",
        '--b\r\nContent-Disposition: form-data; name="access_token"\r\n\r\nSECRET\r\n--b--\r\n',
    ),
    "content-type": body("multipart/form-data; boundary=SECRET", "x"),
    "media-type": lambda caller, secret: void(
        caller.http.post("/v1/whoami", content=b"x", headers={"Content-Type": f"text/{secret}"})
    ),
    "forwarded-for": lambda caller, secret: void(caller.get("/v1/whoami", headers={"X-Forwarded-For": secret})),
    "accept": lambda caller, secret: void(caller.get("/v1/whoami", headers={"Accept": secret})),
}


@pytest.mark.parametrize("send", WAYS.values(), ids=WAYS)
def test_no_canary_is_ever_in_an_entry(
    caller: Caller, canaries: dict[str, str], send: Callable[[Caller, str], None]
) -> None:
    for secret in canaries.values():
        before = caller.world.journal.last
        send(caller, secret)
        assert caller.world.journal.last == before + 1
    shown = json.dumps([entry.as_json() for entry in caller.world.journal.find()], ensure_ascii=False)
    for name, secret in canaries.items():
        assert secret not in shown, name
        assert quote(secret) not in shown, name


def test_a_principal_fault_does_not_bring_them_out_either(caller: Caller, canaries: dict[str, str]) -> None:
    caller.world.faults.add({"action": {"kind": "status", "status": 503}, "match": {"principal": "somebody"}})
    for send in WAYS.values():
        for secret in canaries.values():
            send(caller, secret)
    shown = json.dumps([entry.as_json() for entry in caller.world.journal.find()])
    assert not [name for name, secret in canaries.items() if secret in shown]


def test_what_people_need_is_still_there(caller: Caller) -> None:
    known = caller.credentials
    caller.login()
    caller.ask(caller.password_form(username="nobody@example.com"))
    assert caller.last.principal == "nobody@example.com"
    assert caller.last.detail["client_id"] == known["client_id"]
    caller.ask(caller.password_form(grant_type="authorization_code"))
    assert caller.last.detail["grant_type"] == "authorization_code"
    query = urlencode({"start": "2018-03-01T12:45:00", "timezone": "America/Argentina/ComodRivadavia"})
    caller.get(f"/v1/aggregate/P4T9X/visits/1h?{query}")
    assert (caller.last.path, caller.last.query) == ("/v1/aggregate/P4T9X/visits/1h", query)
