"""The tokens API: what it takes, what a token is, how long it lives, and what refuses it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from tests.mocks.itron.support import TOKENS, Caller, solution
from tests.mocks.support import START

from vendorlab.mocks.itron import tokens as tokens_module

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeCaller

DEVICES = solution("sandbox", "devices")


def claims(token: str) -> dict[str, Any]:
    """What a token says, without a look at its signature."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


@pytest.mark.parametrize("path", ["/api/tokens", "/tokens"])
def test_token_is_given_for_id_and_secret_on_both_paths(caller: Caller, path: str) -> None:
    answer = caller.http.post(path, json=caller.credentials())
    assert (answer.status_code, list(answer.json())) == (200, ["accessToken"])
    assert caller.get(DEVICES, headers={"Authorization": answer.json()["accessToken"]}).status_code == 200


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_body_is_read_as_json_whatever_its_type(caller: Caller, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = caller.http.post(TOKENS, content=json.dumps(caller.credentials()), headers=headers)
    assert answer.status_code == 200


def test_credentials_have_the_forms_that_are_public(caller: Caller) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", caller.known["client_id"])
    for name in ("client_secret", "second_client_secret"):
        secret = caller.known[name]
        assert re.fullmatch(r"[A-Za-z0-9+/]{54}", secret)
        assert {"+", "/"} <= set(secret)


def test_token_has_the_claims_that_are_public(caller: Caller) -> None:
    found = claims(caller.token())
    uuid = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    assert re.fullmatch(f"TN{uuid}", found.pop("sub"))
    assert re.fullmatch(uuid, found.pop("jti"))
    now = int(START.timestamp())
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow"}
    assert found == {
        "iss": "/data",
        "scope": "api",
        "accessPolicy": [
            statement | {"Resource": "*/api/solutions/*"},
            statement | {"Resource": "GET/api/tenants/systemTenant/devicetemplates"},
        ],
        "iat": now,
        "exp": now + 3_600,
    }
    assert jwt.get_unverified_header(caller.token()) == {"alg": "HS256", "typ": "JWT"}


def test_tenants_differ_and_tokens_do(caller: Caller) -> None:
    one, two, other = (claims(caller.new_token(which)) for which in ("", "", "second_"))
    assert one["sub"] == two["sub"] != other["sub"]
    assert len({one["jti"], two["jti"], other["jti"]}) == 3


def test_many_tokens_live_side_by_side(caller: Caller) -> None:
    tokens = [caller.new_token() for _ in range(5)]
    assert [caller.get(DEVICES, headers={"Authorization": one}).status_code for one in tokens] == [200] * 5


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", "not-json"),
        (b"clientId=a&clientSecret=b", "not-json"),
        (b"[]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b"{}", "bad-credentials-form"),
        (b'{"clientId":"a"}', "bad-credentials-form"),
        (b'{"clientId":"a","clientSecret":""}', "bad-credentials-form"),
        (b'{"clientId":1,"clientSecret":"b"}', "bad-credentials-form"),
        (b'{"clientId":"a","clientId":"a","clientSecret":"b"}', "not-json"),
        (b'{"clientId":"\xff","clientSecret":"b"}', "not-json"),
        (b"\xef\xbb\xbf{}", "not-json"),
    ],
)
def test_body_that_makes_no_sense_is_a_400_with_a_message(caller: Caller, body: bytes, cause: str) -> None:
    answer = caller.http.post(TOKENS, content=body)
    assert answer.status_code == 400
    assert list(answer.json()) == ["message"]
    assert caller.last.cause == cause


def test_wrong_id_or_secret_is_a_401_that_does_not_tell_which(caller: Caller) -> None:
    right = caller.credentials()
    for change, cause in (
        ({"clientId": "b3c9"}, "unknown-client"),
        ({"clientSecret": "b3c9"}, "wrong-secret"),
        ({"clientId": right["clientId"].upper()}, "unknown-client"),
        ({"clientSecret": right["clientSecret"] + " "}, "wrong-secret"),
        ({"clientSecret": caller.known["second_client_secret"]}, "wrong-secret"),
        ({"clientSecret": "\u00e9"}, "wrong-secret"),
    ):
        answer = caller.http.post(TOKENS, json=right | change)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
        assert caller.last.cause == cause


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_unknown_to_the_gateway(caller: Caller, method: str) -> None:
    answer = caller.http.request(method, TOKENS)
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


def test_status_and_lifetime_are_switches(caller_of: MakeCaller) -> None:
    caller = caller_of(token_status=201, token_lifetime=60)
    answer = caller.http.post(TOKENS, json=caller.credentials())
    found = claims(answer.json()["accessToken"])
    assert (answer.status_code, found["exp"] - found["iat"]) == (201, 60)


def test_token_dies_when_its_hour_is_over_and_not_before(caller: Caller) -> None:
    caller.token()
    caller.world.clock.advance(3_599.999)
    assert caller.get(DEVICES).status_code == 200
    fired = caller.world.clock.advance(0.001)
    assert [(one.name, one.detail["user"]) for one in fired] == [
        ("itron.access-token-expired", claims(caller.token())["sub"])
    ]
    assert (caller.get(DEVICES).status_code, caller.last.cause) == (401, "expired-token")


def test_clock_that_runs_by_itself_ends_a_token_too(caller: Caller) -> None:
    caller.token()
    caller.world.clock.advance(3_599)
    caller.world.clock._stand_at(caller.world.clock.micros() + 1_000_000, 0.0)
    assert (caller.get(DEVICES).status_code, caller.last.cause) == (401, "expired-token")


def forged(caller: Caller, **changes: Any) -> str:
    return jwt.encode(claims(caller.token()) | changes, "k" * 32, algorithm="HS256")


def unsigned(caller: Caller) -> str:
    return jwt.encode(claims(caller.token()), "", algorithm="none")


def test_what_is_not_a_token_of_ours_is_a_401(caller: Caller) -> None:
    token = caller.token()
    head, payload, signature = token.split(".")
    other = caller.new_token().split(".")
    refused = [
        "undefined",
        "null",
        "Basic YTpi",
        forged(caller),
        forged(caller, exp=1 << 40),
        unsigned(caller),
        f"{head}.{payload}.",
        f"{head}.{payload}",
        f"{head}.{other[1]}.{signature}",
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token + "=",
        token.swapcase(),
        f"Token {token}",
        f"{token},{token}",
        "x" * 10_000,
    ]
    for text in refused:
        answer = caller.get(DEVICES, headers={"Authorization": text})
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"}), text
        assert caller.last.cause == "unknown-token"
    for header in ({}, {"Authorization": ""}, {"Authorization": "  "}):
        answer = caller.http.get(DEVICES, headers=header)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
        assert caller.last.cause == "no-token"


def test_last_character_of_a_signature_matters_in_every_bit(caller: Caller) -> None:
    token = caller.token()
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        status = caller.get(DEVICES, headers={"Authorization": token[:-1] + last}).status_code
        assert status == (200 if last == token[-1] else 401)


def test_bearer_is_refused_unless_the_switch_says_otherwise(caller: Caller, caller_of: MakeCaller) -> None:
    for scheme in ("Bearer", "bearer"):
        assert caller.get(DEVICES, headers={"Authorization": f"{scheme} {caller.token()}"}).status_code == 401
        assert caller.last.cause == "bearer"
    lenient = caller_of(bearer=True)
    for text in (f"Bearer {lenient.token()}", lenient.token()):
        assert lenient.get(DEVICES, headers={"Authorization": text}).status_code == 200


def test_token_of_another_world_or_of_before_a_reset_is_none(caller: Caller, caller_of: MakeCaller) -> None:
    token = caller.token()
    assert caller_of(seed=8).get(DEVICES, headers={"Authorization": token}).status_code == 401
    caller.world.reset()
    assert caller.http.get(DEVICES, headers={"Authorization": token}).status_code == 401
    assert caller.world.clock.timers == 0


def test_store_lists_finds_revokes_and_expires(caller: Caller) -> None:
    store = caller.backend.tokens
    first, second, third = (caller.new_token() for _ in range(3))
    assert [one.token for one in store.all()] == [first, second, third]
    found = store.find(second)
    assert found is not None
    assert found.as_json() == {
        "id": found.as_json()["id"],
        "kind": "access",
        "user": caller.backend.estate.tenants[0].id,
        "client": caller.known["client_id"],
        "scope": "api",
        "expires": "2026-11-21T06:00:00.000000Z",
        "state": "live",
    }
    assert [store.revoke(found), store.revoke(found), store.expire(found)] == [True, False, False]
    expiring = store.find(third)
    assert expiring is not None
    assert [store.expire(expiring), store.expire(expiring)] == [True, False]
    statuses = [caller.get(DEVICES, headers={"Authorization": one}).status_code for one in (first, second, third)]
    causes = [entry.cause for entry in caller.world.journal.find(operation="devices")]
    assert (statuses, causes) == ([200, 401, 401], ["ok", "revoked-token", "expired-token"])
    assert caller.world.clock.timers == 1
    assert store.find("nothing") is None


def test_oldest_tokens_are_forgotten_when_there_are_too_many(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MOST_TOKENS", 3)
    tokens = [caller.new_token() for _ in range(5)]
    statuses = [caller.get(DEVICES, headers={"Authorization": one}).status_code for one in tokens]
    assert statuses == [401, 401, 200, 200, 200]
    assert (len(list(caller.backend.tokens.all())), caller.world.clock.timers) == (3, 3)


def test_faults_know_the_principal_before_the_handler_runs(caller: Caller) -> None:
    caller.token()
    client = caller.known["client_id"]
    fault = {"match": {"principal": client}, "action": {"kind": "status", "status": 503}, "times": 1}
    for method, path in (("POST", TOKENS), ("GET", DEVICES)):
        caller.world.faults.add(fault)
        assert caller.call(method, path, json=caller.credentials()).status_code == 503
        assert caller.last.principal == client
