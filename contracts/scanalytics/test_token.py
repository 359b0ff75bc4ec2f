"""Logging in: what the token endpoint grants, and in which form."""

from __future__ import annotations

import json
import re

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.api import LIFETIME, TOKEN, Api, Grant, authorization, granted

pytestmark = pytest.mark.vendorlab("scanalytics")

_FIELDS = ["access_token", "expires_in", "token_type", "scope", "refresh_token"]


@pytest.mark.claim("scanalytics.token.password-grant", "scanalytics.token.no-secret")
def test_password_grant_of_a_public_application_needs_no_secret(api: Api, token: str) -> None:
    """A person's name and password and a public client_id give a token that works."""
    assert api.is_good(token), "the token of a password grant is not accepted"


@pytest.mark.claim("scanalytics.token.fields")
def test_token_response_has_the_documented_fields_in_order(grant: Grant) -> None:
    """The tutorial's sample, field by field."""
    assert list(grant.response.json()) == _FIELDS


@pytest.mark.claim("scanalytics.token.length")
def test_tokens_are_thirty_letters_and_digits(grant: Grant) -> None:
    """Both tokens, and they differ."""
    for each in (grant.access, grant.refresh):
        assert re.fullmatch(r"[A-Za-z0-9]{30}", each), f"a token of {len(each)} characters, or with other characters"
    assert grant.access != grant.refresh, "access and refresh token are the same"


@pytest.mark.claim("scanalytics.token.lifetime", "scanalytics.token.type")
def test_token_response_announces_a_bearer_token_for_a_day(grant: Grant) -> None:
    """The lifetime is a number, the type is written with a capital."""
    body = grant.response.json()
    assert (body["expires_in"], body["token_type"]) == (LIFETIME, "Bearer")


@pytest.mark.claim("scanalytics.token.default-scope")
def test_login_without_scope_is_granted_read(grant: Grant) -> None:
    """The server's default scope."""
    assert grant.scope == "read"


@pytest.mark.claim("scanalytics.token.headers")
def test_token_response_is_plain_json_that_must_not_be_stored(grant: Grant) -> None:
    """RFC 6749 asks for both cache headers."""
    headers = grant.response.headers
    assert headers.get("Content-Type") == "application/json"
    assert "no-store" in expect.header_words(grant.response, "Cache-Control")
    assert "no-cache" in expect.header_words(grant.response, "Pragma")


@pytest.mark.claim("scanalytics.token.spacing")
def test_token_response_is_spaced_after_commas_and_colons(grant: Grant) -> None:
    """Python's own way of writing JSON."""
    assert grant.response.text == json.dumps(grant.response.json())


@pytest.mark.claim("scanalytics.token.no-session")
def test_token_response_sets_no_cookie_and_names_no_limit(grant: Grant) -> None:
    """The endpoint keeps no session and is not limited."""
    telling = [name for name in grant.response.headers if name in {"set-cookie", "vary"} or "ratelimit" in name]
    assert telling == []


@pytest.mark.claim("scanalytics.token.lifetime-whole", "scanalytics.token.logins-independent")
@pytest.mark.needs("spend")
def test_second_login_gives_another_token_and_leaves_the_first_alone(api: Api, grant: Grant) -> None:
    """Two devices of one person do not log each other out."""
    second = api.login()
    assert second.access != grant.access, "two logins gave the same access token"
    assert second.refresh != grant.refresh, "two logins gave the same refresh token"
    assert second.response.json()["expires_in"] == LIFETIME
    assert api.is_good(grant.access), "the first token died with the second login"
    assert api.is_good(second.access)


@pytest.mark.claim("scanalytics.token.scope-order")
@pytest.mark.needs("spend")
@pytest.mark.parametrize("scope", ["read", "write", "read write", "write read"])
def test_scopes_are_granted_in_the_order_asked(api: Api, scope: str) -> None:
    """The scope comes back as it was sent."""
    assert api.login(scope=scope).scope == scope


@pytest.mark.claim("scanalytics.token.charset-form")
@pytest.mark.needs("spend")
def test_form_with_charset_is_taken(api: Api) -> None:
    """A parameter of the media type changes nothing."""
    media_type = "application/x-www-form-urlencoded; charset=UTF-8"
    granted(api.token(api.password_form(), headers={"Content-Type": media_type}))


@pytest.mark.claim("scanalytics.token.multipart")
@pytest.mark.needs("spend")
def test_multipart_form_is_taken(api: Api) -> None:
    """The framework reads both kinds of form."""
    parts = {name: (None, value) for name, value in api.password_form().items()}
    granted(api.http.post(TOKEN, files=parts))


@pytest.mark.claim("scanalytics.token.repeated-parameter")
@pytest.mark.needs("spend")
def test_last_of_a_repeated_parameter_counts(api: Api) -> None:
    """First nonsense, then the right value, and the other way round."""
    form = api.password_form()
    granted(api.http.post(TOKEN, data={**form, "grant_type": ["nonsense", "password"]}))
    response = api.http.post(TOKEN, data={**form, "grant_type": ["password", "nonsense"]})
    expect.oauth_error(response, "unsupported_grant_type", [400])


@pytest.mark.claim("scanalytics.token.bearer-ignored")
@pytest.mark.needs("spend")
def test_bearer_header_is_ignored_by_the_token_endpoint(api: Api, token: str) -> None:
    """Good or bad, it plays no part in a login."""
    for each in (token, "nonsense"):
        granted(api.token(api.password_form(), headers=authorization(each)))
