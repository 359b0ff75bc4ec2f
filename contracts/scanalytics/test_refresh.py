"""Refreshing: a new pair for an old refresh token, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import Grant, granted
from vendorlab.contracts.core.django.rules.refresh import ConfidentialRefreshRules, RefreshRules, refused

if TYPE_CHECKING:
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = [pytest.mark.vendorlab("scanalytics"), pytest.mark.needs("spend")]


class TestRefresh(RefreshRules):
    """Through the public application of the login."""

    @pytest.mark.claim("scanalytics.refresh.wider-scope")
    @pytest.mark.parametrize("scope", ["read write", "write"])
    def test_scope_that_exists_but_was_not_granted_is_refused(self, api: Api, grant: Grant, scope: str) -> None:
        """The login was granted read, and nothing is spent."""
        expect.oauth_error(api.refresh(grant.refresh, scope=scope), "invalid_scope", expect.ERA)
        granted(api.refresh(grant.refresh))

    @pytest.mark.claim("scanalytics.refresh.same-scope")
    def test_refresh_without_scope_keeps_all_of_several_scopes(self, api: Api) -> None:
        """Not only the default."""
        grant = api.login(scope="read write")
        assert granted(api.refresh(grant.refresh)).scope.split() == ["read", "write"]


@pytest.mark.needs("confidential")
class TestConfidentialRefresh(ConfidentialRefreshRules):
    """Through a confidential application."""


@pytest.mark.claim("scanalytics.refresh.foreign")
@pytest.mark.needs("confidential")
def test_refresh_token_of_another_application_is_refused(api: Api, grant: Grant) -> None:
    """A refresh token belongs to the application that got it."""
    refused(api.refresh(grant.refresh, **api.confidential()))


@pytest.mark.claim("scanalytics.refresh.narrower-scope")
def test_refresh_may_narrow_the_scope(api: Api) -> None:
    """From reading and writing to reading."""
    grant = api.login(scope="read write")
    assert granted(api.refresh(grant.refresh, scope="read")).scope == "read"
