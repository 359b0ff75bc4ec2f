"""Applications at the token endpoint: known, unknown, confidential."""

from __future__ import annotations

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import NOBODY, DjangoApi, granted


class ClientRules:
    """An application must be known."""

    @pytest.mark.claim(".client.missing")
    def test_missing_client_id_is_an_invalid_client(self, api: DjangoApi) -> None:
        """401 on every stack, unlike other refusals."""
        expect.oauth_error(api.token(api.password_form(client_id=None)), "invalid_client", [401])

    @pytest.mark.claim(".client.unknown")
    def test_unknown_client_id_is_an_invalid_client(self, api: DjangoApi) -> None:
        """As if it had not been sent."""
        expect.oauth_error(api.token(api.password_form(client_id=NOBODY)), "invalid_client", [401])


class ConfidentialRules:
    """A confidential application must show its secret. Not every target has one."""

    @pytest.mark.claim(".client.secret-in-body")
    @pytest.mark.needs("spend")
    def test_confidential_application_logs_in_with_its_secret_in_the_body(self, api: DjangoApi) -> None:
        """The secret stands beside the client_id."""
        assert api.is_good(api.login(**api.confidential()).access)

    @pytest.mark.claim(".client.secret-by-basic")
    @pytest.mark.needs("spend")
    @pytest.mark.parametrize("named", [False, True], ids=["basic-alone", "client-id-in-body-too"])
    def test_confidential_application_logs_in_by_basic(self, api: DjangoApi, named: bool) -> None:
        """The client_id may be said twice."""
        client = api.confidential()
        form = api.password_form(client_id=client["client_id"] if named else None, client_secret=None)
        granted(api.token(form, auth=(client["client_id"], client["client_secret"])))

    @pytest.mark.claim(".client.confidential-secret")
    @pytest.mark.parametrize("secret", [None, "", "wrong"], ids=["missing", "empty", "wrong"])
    def test_confidential_application_without_its_secret_is_refused(self, api: DjangoApi, secret: str | None) -> None:
        """Its client_id alone proves nothing."""
        form = api.password_form(client_id=api.confidential()["client_id"], client_secret=secret)
        expect.oauth_error(api.token(form), "invalid_client", [401])

    @pytest.mark.claim(".client.wrong-basic")
    def test_wrong_secret_by_basic_is_refused(self, api: DjangoApi) -> None:
        """Well-formed and wrong."""
        form = api.password_form(client_id=None, client_secret=None)
        response = api.token(form, auth=(api.confidential()["client_id"], "wrong"))
        expect.oauth_error(response, "invalid_client", [401])
