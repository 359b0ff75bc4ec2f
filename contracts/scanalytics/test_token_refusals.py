"""What the token endpoint refuses, with which words, and in which order it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.rules.refusals import WRONG_PASSWORD, RefusalRules

if TYPE_CHECKING:
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")


class TestRefusal(RefusalRules):
    """What the library refuses anybody."""


@pytest.mark.claim("scanalytics.refusal.order-user-before-grant")
@pytest.mark.needs("client-credentials", "spend")
def test_user_is_checked_before_the_applications_grant(api: Api) -> None:
    """The application may not log people in, but the password is wrong first."""
    response = api.token(api.password_form(**api.own_application(), password="wrong"))
    expect.oauth_error(response, "invalid_grant", expect.ERA, WRONG_PASSWORD)


@pytest.mark.claim("scanalytics.refusal.order-grant-before-scope")
@pytest.mark.needs("client-credentials", "spend")
def test_applications_grant_is_checked_before_the_scope(api: Api) -> None:
    """The password is right, the grant and the scope are not."""
    response = api.token(api.password_form(**api.own_application(), scope="nonsense"))
    expect.oauth_error(response, "unauthorized_client", expect.ERA)
