"""Giving a token up."""

from __future__ import annotations

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import BOGUS, DjangoApi


class RevokeRules:
    """Giving up what is one's own."""

    @pytest.mark.claim(".revoke.accepted")
    def test_revoking_an_unknown_token_is_accepted(self, api: DjangoApi) -> None:
        """As RFC 7009 has it: the token is as dead as was wished."""
        response = api.revoke(BOGUS)
        expect.status(response, 200)
        expect.check(not response.content, response, "an empty body")

    @pytest.mark.claim(".revoke.accepted", ".revoke.kills")
    @pytest.mark.needs("spend")
    def test_revoked_access_token_is_refused(self, api: DjangoApi, token: str) -> None:
        """It was good, and is not any more."""
        assert api.is_good(token)
        response = api.revoke(token)
        expect.status(response, 200)
        expect.check(not response.content, response, "an empty body")
        assert not api.is_good(token), "a revoked token is still accepted"
