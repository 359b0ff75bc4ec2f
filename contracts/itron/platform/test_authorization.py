"""The token on data calls: raw, whole and signed."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.openapi import Operation, Spec
from vendorlab.contracts.itron.platform.api import NOBODY, STATIC, Api, devices
from vendorlab.contracts.itron.platform.forms import packed, parts_of, signed, unauthorized

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.vendorlab("itron-platform")

_DATA = [each for each in Spec.load("itron-platform").operations if not each.path.endswith("/tokens")]


def _marked(operation: Operation) -> object:
    return pytest.param(
        operation, id=operation.id, marks=[] if operation.method == "GET" else pytest.mark.needs("write")
    )


def _ask(api: Api, authorization: str | None) -> httpx.Response:
    return api.http.get(STATIC, headers={} if authorization is None else {"Authorization": authorization})


@pytest.mark.claim("itron-platform.auth.raw", "itron-platform.drift.raw-token")
def test_bare_token_is_accepted(api: Api, token: str) -> None:
    """The word Bearer does not go before it."""
    expect.status(api.get(STATIC, token), 200)
    expect.status(api.get(devices(api.solution), token), 200, 404)


@pytest.mark.claim("itron-platform.auth.bearer")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "JWT"])
def test_token_after_a_word_is_refused(api: Api, token: str, scheme: str) -> None:
    """No client of the vendor sends one."""
    unauthorized(_ask(api, f"{scheme} {token}"))


@pytest.mark.claim("itron-platform.auth.missing")
@pytest.mark.parametrize("operation", [_marked(each) for each in _DATA])
def test_call_without_a_token_is_refused(api: Api, operation: Operation) -> None:
    """Every call, before anything else is looked at."""
    unauthorized(api.http.request(operation.method, operation.path.format(solution=api.solution, id=NOBODY)))


@pytest.mark.claim("itron-platform.auth.undefined")
def test_header_undefined_is_refused(api: Api) -> None:
    """What the SDK sends on newer Node after a token call that failed."""
    unauthorized(_ask(api, "undefined"))


@pytest.mark.claim("itron-platform.auth.junk")
@pytest.mark.parametrize("value", ["", "junk", "a.b.c", "..", "null", "Bearer", "eyJhbGciOiJIUzI1NiJ9..", "é", '"'])
def test_junk_is_refused(api: Api, value: str) -> None:
    """Whatever its form."""
    unauthorized(api.http.get(STATIC, headers={b"Authorization": value.encode()}))


@pytest.mark.claim("itron-platform.auth.secret")
@pytest.mark.needs("spend")
def test_client_id_and_secret_are_no_token(api: Api) -> None:
    """Not by HTTP Basic, nor bare."""
    account = api.account()
    pair = f"{account['clientId']}:{account['clientSecret']}"
    unauthorized(_ask(api, f"Basic {base64.b64encode(pair.encode()).decode()}"))
    unauthorized(_ask(api, account["clientSecret"]))


@pytest.mark.claim("itron-platform.auth.query")
@pytest.mark.parametrize("name", ["accessToken", "access_token", "token", "Authorization"])
def test_token_in_the_query_is_not_looked_at(api: Api, token: str, name: str) -> None:
    """Tokens belong into the header: queries end in logs."""
    unauthorized(api.http.get(STATIC, params={name: token}))


@pytest.mark.claim("itron-platform.auth.forged")
def test_token_with_other_claims_is_refused(api: Api, token: str) -> None:
    """Another tenant, or a longer life, under the signature of the old ones."""
    header, claims, signature = parts_of(token)
    for change in ({"sub": f"TN{NOBODY}"}, {"exp": 4_102_444_800}):
        unauthorized(_ask(api, packed(header, claims | change, signature)))


@pytest.mark.claim("itron-platform.auth.forged")
@pytest.mark.parametrize("key", [b"", b"secret", b"key"], ids=repr)
def test_token_under_a_signature_of_ones_own_is_refused(api: Api, token: str, key: bytes) -> None:
    """Right in all but the key."""
    unauthorized(_ask(api, signed(parts_of(token)[1], key)))


@pytest.mark.claim("itron-platform.auth.forged")
@pytest.mark.parametrize("change", ["cut", "more", "other", "none"])
def test_token_with_a_damaged_signature_is_refused(api: Api, token: str, change: str) -> None:
    """To the last character that counts."""
    body, _, signature = token.rpartition(".")
    assert len(signature) > 8, "the token has no signature to damage"
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    damaged = {"cut": signature[:-4], "more": f"{signature}AAAA", "other": flipped, "none": ""}
    unauthorized(_ask(api, f"{body}.{damaged[change]}"))


@pytest.mark.claim("itron-platform.auth.alg-none")
@pytest.mark.parametrize("name", ["none", "None", "NONE"])
@pytest.mark.parametrize("signature", [False, True], ids=["unsigned", "with the old signature"])
def test_token_that_says_it_needs_no_signature_is_refused(api: Api, token: str, name: str, signature: bool) -> None:
    """The oldest trick."""
    _, claims, old = parts_of(token)
    unauthorized(_ask(api, packed({"alg": name, "typ": "JWT"}, claims, old if signature else "")))
