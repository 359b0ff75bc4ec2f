"""Giving a token up."""

from __future__ import annotations

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.api import BOGUS, REVOKE, Api

pytestmark = pytest.mark.vendorlab("scanalytics")


@pytest.mark.claim("scanalytics.revoke.accepted")
def test_revoking_an_unknown_token_is_accepted(api: Api) -> None:
    """As RFC 7009 has it: the token is as dead as was wished."""
    response = api.http.post(REVOKE, data={"client_id": api.credential("client_id"), "token": BOGUS})
    expect.status(response, 200)
    expect.check(not response.content, response, "an empty body")


@pytest.mark.claim("scanalytics.revoke.accepted", "scanalytics.revoke.kills")
@pytest.mark.needs("spend")
def test_revoked_access_token_is_refused(api: Api, token: str) -> None:
    """It was good, and is not any more."""
    assert api.is_good(token)
    response = api.http.post(REVOKE, data={"client_id": api.credential("client_id"), "token": token})
    expect.status(response, 200)
    expect.check(not response.content, response, "an empty body")
    assert not api.is_good(token), "a revoked token is still accepted"
