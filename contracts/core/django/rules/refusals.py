"""What the token endpoint refuses, with which words, and in which order it looks."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import BOGUS, NOBODY, DjangoApi

WRONG_PASSWORD = "Invalid credentials given."
_NOWHERE = {"grant_type": "nonsense", "client_id": NOBODY}


class RefusalRules:
    """Refusals, and the order of the checks behind them."""

    @pytest.mark.claim(".refusal.no-store")
    def test_errors_must_not_be_stored(self, api: DjangoApi) -> None:
        """The headers of a success."""
        response = api.token(_NOWHERE)
        expect.oauth_error(response, "unsupported_grant_type", [400])
        assert "no-store" in expect.header_words(response, "Cache-Control")
        assert "no-cache" in expect.header_words(response, "Pragma")

    @pytest.mark.claim(".refusal.wrong-password")
    @pytest.mark.needs("spend")
    def test_wrong_password_is_an_invalid_grant(self, api: DjangoApi) -> None:
        """With a description, unlike a refused refresh."""
        response = api.token(api.password_form(password="wrong"))
        expect.oauth_error(response, "invalid_grant", expect.ERA, WRONG_PASSWORD)

    @pytest.mark.claim(".refusal.unknown-user")
    @pytest.mark.needs("spend")
    def test_unknown_user_is_answered_like_a_wrong_password(self, api: DjangoApi) -> None:
        """Nobody learns which names exist."""
        unknown = api.token(api.password_form(username="nobody@example.com"))
        wrong = api.token(api.password_form(password="wrong"))
        assert (unknown.status_code, unknown.text) == (wrong.status_code, wrong.text)
        expect.oauth_error(unknown, "invalid_grant", expect.ERA, WRONG_PASSWORD)

    @pytest.mark.claim(".refusal.missing-username")
    def test_missing_username_is_named(self, api: DjangoApi) -> None:
        """The text names the parameter."""
        response = api.token(api.password_form(username=None))
        expect.oauth_error(response, "invalid_request", [400], "Request is missing username parameter.")

    @pytest.mark.claim(".refusal.missing-password")
    @pytest.mark.parametrize("password", [None, ""], ids=["missing", "empty"])
    def test_missing_password_is_named(self, api: DjangoApi, password: str | None) -> None:
        """An empty one is a missing one."""
        response = api.token(api.password_form(password=password))
        expect.oauth_error(response, "invalid_request", [400], "Request is missing password parameter.")

    @pytest.mark.claim(".refusal.unsupported-grant")
    @pytest.mark.parametrize("grant_type", [None, "", "nonsense", "PASSWORD"])
    def test_unknown_grant_type_is_unsupported(self, api: DjangoApi, grant_type: str | None) -> None:
        """Never a missing parameter, not even when it is missing."""
        response = api.token(api.password_form(grant_type=grant_type))
        expect.oauth_error(response, "unsupported_grant_type", [400])

    @pytest.mark.claim(".refusal.not-a-form")
    @pytest.mark.parametrize("media_type", ["application/json", "text/plain", None])
    def test_body_that_is_no_form_has_no_grant_type(self, api: DjangoApi, media_type: str | None) -> None:
        """The right parameters in the wrong wrapping are not seen."""
        form = api.password_form()
        body = httpx.Request("POST", "http://localhost", json=form) if media_type == "application/json" else None
        content = body.content if body else httpx.Request("POST", "http://localhost", data=form).content
        headers = {"Content-Type": media_type} if media_type else {}
        response = api.http.post(api.TOKEN, content=content, headers=headers)
        expect.oauth_error(response, "unsupported_grant_type", [400])

    @pytest.mark.claim(".refusal.not-a-form")
    def test_empty_body_has_no_grant_type(self, api: DjangoApi) -> None:
        """Nothing at all is an unsupported grant type too."""
        expect.oauth_error(api.http.post(api.TOKEN), "unsupported_grant_type", [400])

    @pytest.mark.claim(".refusal.scope")
    @pytest.mark.needs("spend")
    @pytest.mark.parametrize("scope", ["nonsense", "{} nonsense", ""], ids=["unknown", "one-unknown", "empty"])
    def test_unknown_scope_is_invalid(self, api: DjangoApi, scope: str) -> None:
        """A good scope does not save a bad one, and an empty scope is none at all."""
        expect.oauth_error(api.token(api.password_form(scope=scope.format(api.SCOPE))), "invalid_scope", expect.ERA)

    @pytest.mark.claim(".refusal.method")
    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
    def test_other_methods_are_not_allowed(self, api: DjangoApi, method: str) -> None:
        """An empty body; the header says what is allowed."""
        response = api.http.request(method, api.TOKEN)
        expect.status(response, 405)
        expect.check(expect.allows(response) == {"POST", "OPTIONS"}, response, "Allow: POST, OPTIONS")
        expect.check(not response.content, response, "an empty body")

    @pytest.mark.claim(".refusal.options")
    def test_options_names_the_methods(self, api: DjangoApi) -> None:
        """Without credentials."""
        response = api.http.options(api.TOKEN)
        expect.status(response, 200)
        expect.check(expect.allows(response) == {"POST", "OPTIONS"}, response, "Allow: POST, OPTIONS")
        expect.check(not response.content, response, "an empty body")

    @pytest.mark.claim(".refusal.slash")
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_token_path_without_its_slash_is_redirected(self, api: DjangoApi, method: str) -> None:
        """A client that follows it turns POST into GET and loses its form."""
        response = api.http.request(
            method, api.TOKEN.rstrip("/"), data={"grant_type": "nonsense"} if method == "POST" else None
        )
        expect.status(response, 301)
        location = urlsplit(str(response.headers.get("Location", ""))).path
        expect.check(location.endswith(api.TOKEN), response, f"a Location that ends in {api.TOKEN}, not {location!r}")

    @pytest.mark.claim(".refusal.path")
    @pytest.mark.parametrize("beside", ["token//", "token/more", "tokens/"])
    def test_paths_beside_the_token_path_are_not_found(self, api: DjangoApi, beside: str) -> None:
        """The slash is one slash."""
        expect.no_such_path(api.http.post(api.TOKEN.removesuffix("token/") + beside, data=_NOWHERE))

    @pytest.mark.claim(".refusal.order-grant-first")
    def test_grant_type_is_checked_before_the_application(self, api: DjangoApi) -> None:
        """Both are wrong, the grant type is named."""
        expect.oauth_error(api.token(_NOWHERE), "unsupported_grant_type", [400])

    @pytest.mark.claim(".refusal.order-client-before-user")
    def test_application_is_checked_before_the_user(self, api: DjangoApi) -> None:
        """Both are wrong, the application is named."""
        response = api.token({"grant_type": "password", "client_id": NOBODY, "username": "nobody", "password": "wrong"})
        expect.oauth_error(response, "invalid_client", [401])

    @pytest.mark.claim(".refusal.order-user-before-scope")
    @pytest.mark.needs("spend")
    def test_user_is_checked_before_the_scope(self, api: DjangoApi) -> None:
        """Both are wrong, the password is named."""
        response = api.token(api.password_form(password="wrong", scope="nonsense"))
        expect.oauth_error(response, "invalid_grant", expect.ERA, WRONG_PASSWORD)

    @pytest.mark.claim(".refresh.missing-before-client")
    def test_missing_refresh_token_is_noticed_before_an_unknown_application(self, api: DjangoApi) -> None:
        """The one parameter that is looked for before the application is."""
        response = api.token({"grant_type": "refresh_token", "client_id": NOBODY})
        expect.oauth_error(response, "invalid_request", [400], "Missing refresh token parameter.")

    @pytest.mark.claim(".refresh.client")
    def test_refresh_by_an_unknown_application_is_an_invalid_client(self, api: DjangoApi) -> None:
        """The token is not even looked at."""
        expect.oauth_error(api.refresh(BOGUS, client_id=NOBODY), "invalid_client", [401])
