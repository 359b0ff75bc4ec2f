"""Logging in: what the token endpoint grants, and in which form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.django.rules.tokens import TokenRules

if TYPE_CHECKING:
    from vendorlab.contracts.core.django.api import Grant
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")


class TestForm(TokenRules):
    """What the library does with any login."""


@pytest.mark.claim("scanalytics.token.password-grant", "scanalytics.token.no-secret")
def test_password_grant_of_a_public_application_needs_no_secret(api: Api, grant: Grant) -> None:
    """A person's name and password and a public client_id give a token that works."""
    assert api.is_good(grant.access), "the token of a password grant is not accepted"


@pytest.mark.claim("scanalytics.token.default-scope")
def test_login_without_scope_is_granted_read(grant: Grant) -> None:
    """The server's default scope."""
    assert grant.scope == "read"


@pytest.mark.claim("scanalytics.token.scope-order")
@pytest.mark.needs("spend")
@pytest.mark.parametrize("scope", ["read", "write", "read write", "write read"])
def test_scopes_are_granted_in_the_order_asked(api: Api, scope: str) -> None:
    """The scope comes back as it was sent."""
    assert api.login(scope=scope).scope == scope
