"""What the token endpoint refuses, with which words, and in which order it looks."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.api import BOGUS, TOKEN, Api

pytestmark = pytest.mark.vendorlab("scanalytics")

_WRONG_PASSWORD = "Invalid credentials given."
_NOWHERE = {"grant_type": "nonsense", "client_id": "nobodys-application"}


@pytest.mark.claim("scanalytics.refusal.no-store")
def test_errors_must_not_be_stored(api: Api) -> None:
    """The headers of a success."""
    response = api.token(_NOWHERE)
    expect.oauth_error(response, "unsupported_grant_type", [400])
    assert "no-store" in expect.header_words(response, "Cache-Control")
    assert "no-cache" in expect.header_words(response, "Pragma")


@pytest.mark.claim("scanalytics.refusal.wrong-password")
@pytest.mark.needs("spend")
def test_wrong_password_is_an_invalid_grant(api: Api) -> None:
    """With a description, unlike a refused refresh."""
    response = api.token(api.password_form(password="wrong"))
    expect.oauth_error(response, "invalid_grant", expect.ERA, _WRONG_PASSWORD)


@pytest.mark.claim("scanalytics.refusal.unknown-user")
@pytest.mark.needs("spend")
def test_unknown_user_is_answered_like_a_wrong_password(api: Api) -> None:
    """Nobody learns which names exist."""
    unknown = api.token(api.password_form(username="nobody@example.com"))
    wrong = api.token(api.password_form(password="wrong"))
    assert (unknown.status_code, unknown.text) == (wrong.status_code, wrong.text)
    expect.oauth_error(unknown, "invalid_grant", expect.ERA, _WRONG_PASSWORD)


@pytest.mark.claim("scanalytics.refusal.missing-username")
def test_missing_username_is_named(api: Api) -> None:
    """The text names the parameter."""
    response = api.token(api.password_form(username=None))
    expect.oauth_error(response, "invalid_request", [400], "Request is missing username parameter.")


@pytest.mark.claim("scanalytics.refusal.missing-password")
@pytest.mark.parametrize("password", [None, ""], ids=["missing", "empty"])
def test_missing_password_is_named(api: Api, password: str | None) -> None:
    """An empty one is a missing one."""
    response = api.token(api.password_form(password=password))
    expect.oauth_error(response, "invalid_request", [400], "Request is missing password parameter.")


@pytest.mark.claim("scanalytics.refusal.unsupported-grant")
@pytest.mark.parametrize("grant_type", [None, "", "nonsense", "PASSWORD"])
def test_unknown_grant_type_is_unsupported(api: Api, grant_type: str | None) -> None:
    """Never a missing parameter, not even when it is missing."""
    response = api.token(api.password_form(grant_type=grant_type))
    expect.oauth_error(response, "unsupported_grant_type", [400])


@pytest.mark.claim("scanalytics.refusal.not-a-form")
@pytest.mark.parametrize("media_type", ["application/json", "text/plain", None])
def test_body_that_is_no_form_has_no_grant_type(api: Api, media_type: str | None) -> None:
    """The right parameters in the wrong wrapping are not seen."""
    form = api.password_form()
    body = httpx.Request("POST", "http://localhost", json=form) if media_type == "application/json" else None
    content = body.content if body else httpx.Request("POST", "http://localhost", data=form).content
    headers = {"Content-Type": media_type} if media_type else {}
    response = api.http.post(TOKEN, content=content, headers=headers)
    expect.oauth_error(response, "unsupported_grant_type", [400])


@pytest.mark.claim("scanalytics.refusal.not-a-form")
def test_empty_body_has_no_grant_type(api: Api) -> None:
    """Nothing at all is an unsupported grant type too."""
    expect.oauth_error(api.http.post(TOKEN), "unsupported_grant_type", [400])


@pytest.mark.claim("scanalytics.refusal.scope")
@pytest.mark.needs("spend")
@pytest.mark.parametrize("scope", ["nonsense", "read nonsense", ""], ids=["unknown", "one-unknown", "empty"])
def test_unknown_scope_is_invalid(api: Api, scope: str) -> None:
    """A good scope does not save a bad one, and an empty scope is none at all."""
    expect.oauth_error(api.token(api.password_form(scope=scope)), "invalid_scope", expect.ERA)


@pytest.mark.claim("scanalytics.refusal.method")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_other_methods_are_not_allowed(api: Api, method: str) -> None:
    """An empty body; the header says what is allowed."""
    response = api.http.request(method, TOKEN)
    expect.status(response, 405)
    expect.check(expect.allows(response) == {"POST", "OPTIONS"}, response, "Allow: POST, OPTIONS")
    expect.check(not response.content, response, "an empty body")


@pytest.mark.claim("scanalytics.refusal.options")
def test_options_names_the_methods(api: Api) -> None:
    """Without credentials."""
    response = api.http.options(TOKEN)
    expect.status(response, 200)
    expect.check(expect.allows(response) == {"POST", "OPTIONS"}, response, "Allow: POST, OPTIONS")
    expect.check(not response.content, response, "an empty body")


@pytest.mark.claim("scanalytics.refusal.slash", "scanalytics.version.no-slash")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_token_path_without_its_slash_is_redirected(api: Api, method: str) -> None:
    """A client that follows it turns POST into GET and loses its form."""
    response = api.http.request(
        method, TOKEN.rstrip("/"), data={"grant_type": "nonsense"} if method == "POST" else None
    )
    expect.status(response, 301)
    location = urlsplit(str(response.headers.get("Location", ""))).path
    expect.check(location.endswith(TOKEN), response, f"a Location that ends in {TOKEN}, not {location!r}")


@pytest.mark.claim("scanalytics.refusal.path")
@pytest.mark.parametrize("path", ["/o/token//", "/o/token/more", "/o/tokens/"])
def test_paths_beside_the_token_path_are_not_found(api: Api, path: str) -> None:
    """The slash is one slash."""
    expect.no_such_path(api.http.post(path, data=_NOWHERE))


@pytest.mark.claim("scanalytics.refusal.order-grant-first")
def test_grant_type_is_checked_before_the_application(api: Api) -> None:
    """Both are wrong, the grant type is named."""
    expect.oauth_error(api.token(_NOWHERE), "unsupported_grant_type", [400])


@pytest.mark.claim("scanalytics.refusal.order-client-before-user")
def test_application_is_checked_before_the_user(api: Api) -> None:
    """Both are wrong, the application is named."""
    response = api.token(
        {"grant_type": "password", "client_id": "nobodys-application", "username": "nobody", "password": "wrong"}
    )
    expect.oauth_error(response, "invalid_client", [401])


@pytest.mark.claim("scanalytics.refusal.order-user-before-scope")
@pytest.mark.needs("spend")
def test_user_is_checked_before_the_scope(api: Api) -> None:
    """Both are wrong, the password is named."""
    response = api.token(api.password_form(password="wrong", scope="nonsense"))
    expect.oauth_error(response, "invalid_grant", expect.ERA, _WRONG_PASSWORD)


@pytest.mark.claim("scanalytics.refusal.order-user-before-grant")
@pytest.mark.needs("client-credentials", "spend")
def test_user_is_checked_before_the_applications_grant(api: Api) -> None:
    """The application may not log people in, but the password is wrong first."""
    response = api.token(api.password_form(**api.own_application(), password="wrong"))
    expect.oauth_error(response, "invalid_grant", expect.ERA, _WRONG_PASSWORD)


@pytest.mark.claim("scanalytics.refusal.order-grant-before-scope")
@pytest.mark.needs("client-credentials", "spend")
def test_applications_grant_is_checked_before_the_scope(api: Api) -> None:
    """The password is right, the grant and the scope are not."""
    response = api.token(api.password_form(**api.own_application(), scope="nonsense"))
    expect.oauth_error(response, "unauthorized_client", expect.ERA)


@pytest.mark.claim("scanalytics.refresh.missing-before-client")
def test_missing_refresh_token_is_noticed_before_an_unknown_application(api: Api) -> None:
    """The one parameter that is looked for before the application is."""
    response = api.token({"grant_type": "refresh_token", "client_id": "nobodys-application"})
    expect.oauth_error(response, "invalid_request", [400], "Missing refresh token parameter.")


@pytest.mark.claim("scanalytics.refresh.client")
def test_refresh_by_an_unknown_application_is_an_invalid_client(api: Api) -> None:
    """The token is not even looked at."""
    expect.oauth_error(api.refresh(BOGUS, client_id="nobodys-application"), "invalid_client", [401])
