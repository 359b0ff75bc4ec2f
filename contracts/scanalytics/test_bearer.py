"""Sending a token, and what happens without a good one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.django.api import BOGUS, Grant, authorization, refused
from vendorlab.contracts.core.django.rules.bearer import BearerRules

if TYPE_CHECKING:
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")


class TestBearer(BearerRules):
    """The only credentials there are."""

    @pytest.mark.claim("scanalytics.bearer.malformed")
    def test_good_token_under_the_word_token_is_refused(self, api: Api, token: str) -> None:
        """That is the scheme of API keys elsewhere."""
        refused(api.http.get(api.resource, headers={"Authorization": f"Token {token}"}))


@pytest.mark.claim("scanalytics.aggregate.login")
def test_aggregate_without_a_token_is_refused_before_its_parameters_are_read(api: Api, grant: Grant) -> None:
    """No window, no real array, a bad bucket: the token is missing first."""
    assert grant.access
    refused(api.http.get("/v1/aggregate/00000/visits/1h"))
    refused(api.http.get("/v1/aggregate/00000/visits/1h", headers=authorization(BOGUS)))
