"""The application at the token endpoint: the vendor's support hands out one with a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.rules.clients import ClientRules, ConfidentialRules

if TYPE_CHECKING:
    from vendorlab.contracts.inode.api import Api

pytestmark = pytest.mark.vendorlab("inode")


class TestClient(ClientRules):
    """Any application."""


class TestConfidentialClient(ConfidentialRules):
    """The only kind there is here."""


@pytest.mark.claim("inode.client.other-grant")
@pytest.mark.needs("spend")
def test_application_gets_no_token_of_its_own(api: Api) -> None:
    """It is registered for people's logins; id and secret are right, the grant is not the application's."""
    response = api.token({"grant_type": "client_credentials", **api.application()})
    expect.oauth_error(response, "unauthorized_client", expect.ERA)
