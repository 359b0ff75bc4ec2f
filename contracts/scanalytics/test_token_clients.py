"""Applications at the token endpoint: public, confidential, and those that act for themselves."""

from __future__ import annotations

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.api import Api, granted

pytestmark = pytest.mark.vendorlab("scanalytics")

_UNKNOWN = "nobodys-application"


@pytest.mark.claim("scanalytics.client.secret-in-body")
@pytest.mark.needs("confidential", "spend")
def test_confidential_application_logs_in_with_its_secret_in_the_body(api: Api) -> None:
    """The secret stands beside the client_id."""
    assert api.is_good(api.login(**api.confidential()).access)


@pytest.mark.claim("scanalytics.client.secret-by-basic")
@pytest.mark.needs("confidential", "spend")
@pytest.mark.parametrize("named", [False, True], ids=["basic-alone", "client-id-in-body-too"])
def test_confidential_application_logs_in_by_basic(api: Api, named: bool) -> None:
    """The client_id may be said twice."""
    client = api.confidential()
    form = api.password_form(client_id=client["client_id"] if named else None)
    granted(api.token(form, auth=(client["client_id"], client["client_secret"])))


@pytest.mark.claim("scanalytics.client.missing")
def test_missing_client_id_is_an_invalid_client(api: Api) -> None:
    """401 on every stack, unlike other refusals."""
    expect.oauth_error(api.token(api.password_form(client_id=None)), "invalid_client", [401])


@pytest.mark.claim("scanalytics.client.unknown")
def test_unknown_client_id_is_an_invalid_client(api: Api) -> None:
    """As if it had not been sent."""
    expect.oauth_error(api.token(api.password_form(client_id=_UNKNOWN)), "invalid_client", [401])


@pytest.mark.claim("scanalytics.client.confidential-secret")
@pytest.mark.needs("confidential")
@pytest.mark.parametrize("secret", [None, "", "wrong"], ids=["missing", "empty", "wrong"])
def test_confidential_application_without_its_secret_is_refused(api: Api, secret: str | None) -> None:
    """Its client_id alone proves nothing."""
    form = api.password_form(client_id=api.confidential()["client_id"], client_secret=secret)
    expect.oauth_error(api.token(form), "invalid_client", [401])


@pytest.mark.claim("scanalytics.client.wrong-basic")
@pytest.mark.needs("confidential")
def test_wrong_secret_by_basic_is_refused(api: Api) -> None:
    """Well-formed and wrong."""
    response = api.token(api.password_form(client_id=None), auth=(api.confidential()["client_id"], "wrong"))
    expect.oauth_error(response, "invalid_client", [401])


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
