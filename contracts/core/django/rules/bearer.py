"""Sending a token, and what happens without a good one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import BOGUS, DjangoApi, refused

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock


class BearerRules:
    """Ways of sending a token, and the one refusal there is."""

    @pytest.mark.claim(".bearer.header")
    def test_token_in_the_header_is_accepted(self, api: DjangoApi, token: str) -> None:
        """The usual way."""
        expect.status(api.get(api.resource, token), 200)

    @pytest.mark.claim(".bearer.missing", ".bearer.challenge")
    @pytest.mark.parametrize("header", [None, "Bearer"], ids=["nothing", "the word alone"])
    def test_request_without_a_token_is_refused(self, api: DjangoApi, header: str | None) -> None:
        """401, never 403."""
        refused(api.http.get(api.resource, headers={"Authorization": header} if header else {}))

    @pytest.mark.claim(".bearer.unknown", ".bearer.same-body", ".bearer.challenge")
    def test_unknown_token_is_refused_like_a_missing_one(self, api: DjangoApi) -> None:
        """The body does not tell them apart."""
        response = api.get(api.resource, BOGUS)
        refused(response)
        assert response.content == api.get(api.resource, None).content

    @pytest.mark.claim(".bearer.lifetime", ".bearer.same-body", ".bearer.challenge")
    @pytest.mark.needs("clock", "spend")
    def test_token_lives_as_long_as_said_and_is_then_refused_like_a_missing_one(
        self, api: DjangoApi, clock: Clock
    ) -> None:
        """Good a second before its end, refused a second after it."""
        with clock.frozen():
            token = api.login().access
            clock.advance(api.LIFETIME - 1)
            assert api.is_good(token), "the token died before its time"
            clock.advance(2)
            response = api.get(api.resource, token)
            refused(response)
            assert response.content == api.get(api.resource, None).content

    @pytest.mark.claim(".bearer.scheme-case")
    @pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
    def test_scheme_may_be_written_in_any_case(self, api: DjangoApi, token: str, scheme: str) -> None:
        """HTTP says so, and the libraries heed it."""
        expect.status(api.http.get(api.resource, headers={"Authorization": f"{scheme} {token}"}), 200)

    @pytest.mark.claim(".bearer.malformed")
    @pytest.mark.parametrize("form", ["Bearer {} more", "Basic {}", "{}"])
    def test_good_token_in_a_wrong_header_is_refused(self, api: DjangoApi, token: str, form: str) -> None:
        """Another word, another scheme, no scheme."""
        refused(api.http.get(api.resource, headers={"Authorization": form.format(token)}))

    @pytest.mark.claim(".bearer.query")
    def test_token_in_the_query_is_accepted(self, api: DjangoApi, token: str) -> None:
        """It works, though it ends in logs."""
        expect.status(api.http.get(api.resource, params={"access_token": token}), 200)

    @pytest.mark.claim(".bearer.form")
    def test_token_in_a_form_body_is_accepted(self, api: DjangoApi, token: str) -> None:
        """Even of a GET."""
        expect.status(api.http.request("GET", api.resource, data={"access_token": token}), 200)

    @pytest.mark.claim(".bearer.json")
    def test_token_in_a_json_body_is_not_looked_at(self, api: DjangoApi, token: str) -> None:
        """Only forms are."""
        refused(api.http.request("GET", api.resource, json={"access_token": token}))

    @pytest.mark.claim(".bearer.other-parameters")
    @pytest.mark.parametrize("name", ["token", "bearer_token"])
    def test_token_in_another_parameter_is_not_looked_at(self, api: DjangoApi, token: str, name: str) -> None:
        """The name is access_token."""
        refused(api.http.get(api.resource, params={name: token}))

    @pytest.mark.claim(".bearer.twice")
    def test_token_in_header_and_query_is_accepted(self, api: DjangoApi, token: str) -> None:
        """RFC 6750 would have it refused."""
        expect.status(api.get(api.resource, token, {"access_token": token}), 200)

    @pytest.mark.claim(".bearer.header-wins")
    def test_header_outranks_the_query(self, api: DjangoApi, token: str) -> None:
        """A bad header is not saved by a good query, nor a good header spoilt by a bad query."""
        refused(api.get(api.resource, BOGUS, {"access_token": token}))
        expect.status(api.get(api.resource, token, {"access_token": BOGUS}), 200)

    @pytest.mark.claim(".error.method-after-login")
    @pytest.mark.needs("write")
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    def test_unsupported_method_without_a_token_is_refused_for_the_token(self, api: DjangoApi, method: str) -> None:
        """401 comes before 405."""
        refused(api.http.request(method, api.resource))

    @pytest.mark.claim(".error.options-after-login")
    def test_options_without_a_token_is_refused(self, api: DjangoApi) -> None:
        """Browsers' preflights fail here."""
        refused(api.http.options(api.resource))
