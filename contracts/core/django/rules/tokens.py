"""Logging in: the form of what the token endpoint grants."""

from __future__ import annotations

import json
import re

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import DjangoApi, Grant, authorization, granted

_FIELDS = ["access_token", "expires_in", "token_type", "scope", "refresh_token"]


class TokenRules:
    """What any login is answered with, and the forms in which it may be sent."""

    @pytest.mark.claim(".token.fields")
    def test_token_response_has_its_fields_in_order(self, grant: Grant) -> None:
        """Field by field, as the library writes it."""
        assert list(grant.response.json()) == _FIELDS

    @pytest.mark.claim(".token.length")
    def test_tokens_are_thirty_letters_and_digits(self, grant: Grant) -> None:
        """Both tokens, and they differ."""
        for each in (grant.access, grant.refresh):
            assert re.fullmatch(r"[A-Za-z0-9]{30}", each), (
                f"a token of {len(each)} characters, or with other characters"
            )
        assert grant.access != grant.refresh, "access and refresh token are the same"

    @pytest.mark.claim(".token.lifetime", ".token.type")
    def test_token_response_announces_a_bearer_token_for_its_whole_life(self, api: DjangoApi, grant: Grant) -> None:
        """The lifetime is a number, the type is written with a capital."""
        body = grant.response.json()
        assert (body["expires_in"], body["token_type"]) == (api.LIFETIME, "Bearer")

    @pytest.mark.claim(".token.headers")
    def test_token_response_is_plain_json_that_must_not_be_stored(self, grant: Grant) -> None:
        """RFC 6749 asks for both cache headers."""
        headers = grant.response.headers
        assert headers.get("Content-Type") == "application/json"
        assert "no-store" in expect.header_words(grant.response, "Cache-Control")
        assert "no-cache" in expect.header_words(grant.response, "Pragma")

    @pytest.mark.claim(".token.spacing")
    def test_token_response_is_spaced_after_commas_and_colons(self, grant: Grant) -> None:
        """Python's own way of writing JSON."""
        assert grant.response.text == json.dumps(grant.response.json())

    @pytest.mark.claim(".token.no-session")
    def test_token_response_sets_no_cookie_and_names_no_limit(self, grant: Grant) -> None:
        """The endpoint keeps no session and is not limited."""
        telling = [name for name in grant.response.headers if name in {"set-cookie", "vary"} or "ratelimit" in name]
        assert telling == []

    @pytest.mark.claim(".token.lifetime-whole", ".token.logins-independent")
    @pytest.mark.needs("spend")
    def test_second_login_gives_another_token_and_leaves_the_first_alone(self, api: DjangoApi, grant: Grant) -> None:
        """Two devices of one person do not log each other out."""
        second = api.login()
        assert second.access != grant.access, "two logins gave the same access token"
        assert second.refresh != grant.refresh, "two logins gave the same refresh token"
        assert second.response.json()["expires_in"] == api.LIFETIME
        assert api.is_good(grant.access), "the first token died with the second login"
        assert api.is_good(second.access)

    @pytest.mark.claim(".token.charset-form")
    @pytest.mark.needs("spend")
    def test_form_with_charset_is_taken(self, api: DjangoApi) -> None:
        """A parameter of the media type changes nothing."""
        media_type = "application/x-www-form-urlencoded; charset=UTF-8"
        granted(api.token(api.password_form(), headers={"Content-Type": media_type}))

    @pytest.mark.claim(".token.multipart")
    @pytest.mark.needs("spend")
    def test_multipart_form_is_taken(self, api: DjangoApi) -> None:
        """The framework reads both kinds of form."""
        parts = {name: (None, value) for name, value in api.password_form().items()}
        granted(api.http.post(api.TOKEN, files=parts))

    @pytest.mark.claim(".token.repeated-parameter")
    @pytest.mark.needs("spend")
    def test_last_of_a_repeated_parameter_counts(self, api: DjangoApi) -> None:
        """First nonsense, then the right value, and the other way round."""
        form = api.password_form()
        granted(api.http.post(api.TOKEN, data={**form, "grant_type": ["nonsense", "password"]}))
        response = api.http.post(api.TOKEN, data={**form, "grant_type": ["password", "nonsense"]})
        expect.oauth_error(response, "unsupported_grant_type", [400])

    @pytest.mark.claim(".token.bearer-ignored")
    @pytest.mark.needs("spend")
    def test_bearer_header_is_ignored_by_the_token_endpoint(self, api: DjangoApi, token: str) -> None:
        """Good or bad, it plays no part in a login."""
        for each in (token, "nonsense"):
            granted(api.token(api.password_form(), headers=authorization(each)))
