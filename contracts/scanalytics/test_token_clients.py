"""Applications at the token endpoint: public, confidential, and those that act for themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import granted
from vendorlab.contracts.core.django.rules.clients import ClientRules, ConfidentialRules

if TYPE_CHECKING:
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")


class TestClient(ClientRules):
    """Any application."""


@pytest.mark.needs("confidential")
class TestConfidentialClient(ConfidentialRules):
    """The vendor knows confidential applications beside the public ones of its tutorial."""


@pytest.mark.claim("scanalytics.client.stray-secret")
def test_stray_secret_breaks_a_public_application(api: Api) -> None:
    """A secret that is sent is checked."""
    expect.oauth_error(api.token(api.password_form(client_secret="wrong")), "invalid_client", [401])


@pytest.mark.claim("scanalytics.client.empty-secret")
@pytest.mark.needs("spend")
def test_empty_secret_does_a_public_application_no_harm(api: Api) -> None:
    """An empty parameter is one that was not sent."""
    granted(api.token(api.password_form(client_secret="")))


@pytest.mark.claim("scanalytics.client.credentials-grant", "scanalytics.client.credentials-no-refresh")
@pytest.mark.needs("client-credentials")
def test_client_credentials_give_a_token_without_refresh_token(api: Api) -> None:
    """The rest of the response is that of a login."""
    form = {"grant_type": "client_credentials", **api.own_application()}
    grant = granted(api.token(form), refreshable=False)
    assert list(grant.response.json()) == ["access_token", "expires_in", "token_type", "scope"]


@pytest.mark.claim("scanalytics.client.credentials-owner")
@pytest.mark.needs("client-credentials")
def test_client_credentials_token_acts_for_the_owner(api: Api) -> None:
    """It can be asked who it is."""
    form = {"grant_type": "client_credentials", **api.own_application()}
    response = api.get("/v1/whoami", granted(api.token(form), refreshable=False).access)
    expect.fields(response, expect.json_object(response), {"email": str})


@pytest.mark.claim("scanalytics.client.credentials-public")
def test_public_application_gets_no_token_by_client_credentials(api: Api) -> None:
    """Refused as an application, or as not allowed this grant."""
    response = api.token({"grant_type": "client_credentials", "client_id": api.credential("client_id")})
    expect.check(
        (response.status_code, expect.json_object(response, 400, 401).get("error"))
        in {(401, "invalid_client"), (400, "unauthorized_client")},
        response,
        "401 invalid_client or 400 unauthorized_client",
    )


@pytest.mark.claim("scanalytics.client.other-grant")
@pytest.mark.needs("client-credentials", "spend")
def test_application_of_another_grant_is_unauthorized(api: Api) -> None:
    """All credentials are right, the grant is not the application's."""
    response = api.token(api.password_form(**api.own_application()))
    expect.oauth_error(response, "unauthorized_client", expect.ERA)
