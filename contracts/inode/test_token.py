"""Logging in: what the token endpoint grants, to whom, and in which form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.rules.tokens import TokenRules
from vendorlab.contracts.inode.api import DEVICES, LINKS, bearer
from vendorlab.contracts.inode.estate import read

if TYPE_CHECKING:
    from vendorlab.contracts.core.django.api import Grant
    from vendorlab.contracts.inode.api import Api

pytestmark = pytest.mark.vendorlab("inode")


class TestForm(TokenRules):
    """What the library does with any login."""


@pytest.mark.claim("inode.token.password-grant", "inode.token.scope")
def test_password_grant_with_the_secret_and_the_scope_sync_gives_a_token(api: Api, grant: Grant) -> None:
    """The vendor's own form."""
    assert grant.scope == "sync"
    assert api.is_good(grant.access), "the token of a password grant is not accepted"


@pytest.mark.claim("inode.token.default-scope")
@pytest.mark.needs("spend")
def test_login_without_scope_is_granted_sync(api: Api) -> None:
    """The server's only scope."""
    assert api.login(scope=None).scope == "sync"


@pytest.mark.claim("inode.token.other-user")
@pytest.mark.needs("second-user", "spend")
def test_another_user_may_log_in_and_reads_lists_or_is_forbidden_to(api: Api) -> None:
    """Nobody says what a user may do who is not the owner; but never that the token is bad."""
    token = api.second_login().access
    for path in (LINKS, DEVICES):
        response = api.get(path, token)
        expect.status(response, 200, 403)
        if response.status_code == 403:
            expect.detail(response, 403)
        else:
            read(api, path, bearer(token))
