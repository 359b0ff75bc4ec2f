"""The token call: where it is, what it takes, and what the token says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform.api import JSON, LIFETIME, OLD_TOKENS, STATIC, TOKENS, Api
from vendorlab.contracts.itron.platform.forms import CREATED, check_uuid, claims_of, parts_of, token_of

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock

pytestmark = pytest.mark.vendorlab("itron-platform")

_TENANT = re.compile(r"TN[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@pytest.mark.claim("itron-platform.token.path", "itron-platform.token.status", "itron-platform.token.access-token")
def test_client_id_and_secret_in_json_give_a_token(api: Api) -> None:
    """And the token opens what it is for."""
    token = token_of(api.ask_token(api.account()))
    expect.status(api.get(STATIC, token), 200)


@pytest.mark.claim("itron-platform.token.old-path")
def test_path_of_the_vendors_sdk_gives_a_token_too(api: Api) -> None:
    """Without /api, as every version of the SDK has it."""
    token = token_of(api.ask_token(api.account(), OLD_TOKENS))
    expect.status(api.get(STATIC, token), 200)


@pytest.mark.claim("itron-platform.token.no-content-type")
def test_body_without_a_content_type_is_read_as_json(api: Api) -> None:
    """The vendor's Windows client clears the header."""
    token_of(api.send("POST", TOKENS, None, json.dumps(api.account()).encode(), None))


@pytest.mark.claim("itron-platform.token.any-content-type")
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", f"{JSON}; charset=utf-8"])
def test_body_is_read_as_json_whatever_it_is_called(api: Api, kind: str) -> None:
    """What counts is what is in it."""
    token_of(api.send("POST", TOKENS, None, json.dumps(api.account()).encode(), kind))


@pytest.mark.claim("itron-platform.token.only-member", "itron-platform.drift.token-answer")
@pytest.mark.parametrize("path", [TOKENS, OLD_TOKENS])
def test_answer_holds_the_token_and_nothing_else(api: Api, path: str) -> None:
    """No expiresIn, no tokenType, no refresh token: clients read the token's own exp."""
    response = api.ask_token(api.account(), path)
    expect.check(expect.json_object(response, *CREATED).keys() == {"accessToken"}, response, "accessToken alone")


@pytest.mark.claim("itron-platform.token.jwt", "itron-platform.token.hour")
def test_token_is_a_jwt_of_one_hour(token: str) -> None:
    """The SDK reads exp out of the middle part."""
    header, claims, signature = parts_of(token)
    assert header.get("alg", "none").lower() != "none", "the token is not signed"
    assert signature, "the token is not signed"
    assert type(claims.get("iat")) is int, "iat is whole seconds"
    assert type(claims.get("exp")) is int, "exp is whole seconds"
    assert claims["exp"] - claims["iat"] == LIFETIME


@pytest.mark.claim("itron-platform.token.claims")
def test_token_tells_issuer_tenant_and_scope(api: Api) -> None:
    """As in the token that the vendor shows decoded."""
    response = api.ask_token(api.account())
    claims = claims_of(token_of(response))
    expect.fields(response, claims, {"iss": str, "sub": str, "scope": str, "jti": str})
    assert (claims["iss"], claims["scope"]) == ("/data", "api")
    assert _TENANT.fullmatch(claims["sub"]), f"the tenant is TN and a UUID, not {claims['sub']!r}"
    check_uuid(response, claims["jti"])


@pytest.mark.claim("itron-platform.token.policy")
def test_token_tells_what_it_opens(api: Api) -> None:
    """Everything below solutions, and the system's templates to read."""
    response = api.ask_token(api.account())
    claims = claims_of(token_of(response))
    expect.fields(response, claims, {"accessPolicy": list})
    allowed = {"Action": "execute-api:Invoke", "Effect": "Allow"}
    for resource in ("*/api/solutions/*", f"GET{STATIC}"):
        assert {**allowed, "Resource": resource} in claims["accessPolicy"], f"the policy does not allow {resource}"


@pytest.mark.claim("itron-platform.token.several", "itron-platform.token.own-id", "itron-platform.token.tenant")
def test_two_tokens_of_a_tenant_live_side_by_side(api: Api) -> None:
    """The vendor's Java clients fetch one for every message."""
    first, second = api.token(), api.token()
    for token in (first, second):
        expect.status(api.get(STATIC, token), 200)
    one, other = claims_of(first), claims_of(second)
    assert one.get("sub") == other.get("sub"), "one tenant has two ids"
    assert one.get("jti") != other.get("jti"), "two tokens have one id"


@pytest.mark.claim("itron-platform.token.tenant")
@pytest.mark.needs("second-tenant")
def test_another_tenant_has_another_id(api: Api) -> None:
    """The same word for whose data these are as on the other services."""
    assert claims_of(api.token()).get("sub") != claims_of(api.second_token()).get("sub")


@pytest.mark.claim("itron-platform.token.issued-now")
@pytest.mark.needs("clock")
def test_token_is_issued_at_the_time_of_the_call(api: Api, clock: Clock) -> None:
    """By the clock that the target follows, in whole seconds."""
    with clock.frozen():
        for _ in range(2):
            assert claims_of(api.token()).get("iat") == int(clock.now().timestamp())
            clock.advance(90)
