"""The requests of this suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendorlab.contracts.core.django.api import DjangoApi, Grant, changed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

LINKS, DEVICES = "/api/v1/links/", "/api/v1/devices/"


class Api(DjangoApi):
    """One target, as this suite asks it."""

    TOKEN = "/api/oauth/token/"  # noqa: S105 - a path
    REVOKE = "/api/oauth/revoke_token/"
    RESOURCES = (DEVICES, LINKS)
    NO_OBJECT = f"{LINKS}0/"
    SCOPE = "sync"
    LIFETIME = 5 * 86_400

    def application(self) -> dict[str, str]:
        """Return the application that the vendor's support hands out: it has a secret."""
        return {"client_id": self.credential("client_id"), "client_secret": self.credential("client_secret")}

    def confidential(self) -> dict[str, str]:
        """Return the same application: there is no other."""
        return self.application()

    def password_form(self, **changes: str | None) -> dict[str, str]:
        """Return the form of a login, which asks for the scope as the vendor's sample does."""
        return changed({**super().password_form(), "scope": self.SCOPE}, changes)

    def second_login(self) -> Grant:
        """Log in as the second user."""
        return self.login(username=self.credential("second_username"), password=self.credential("second_password"))

    def key(self, name: str = "api_key") -> str:
        """Return the header that shows the API key, or another key among the target's credentials."""
        return f"Token {self.credential(name)}"

    def ask(self, path: str, authorization: str | bytes, params: Mapping[str, str] | None = None) -> httpx.Response:
        """GET a path with some Authorization header."""
        value = authorization.encode() if isinstance(authorization, str) else authorization
        return self.http.get(path, params=params, headers={b"Authorization": value})


def bearer(token: str) -> str:
    """Return the header that shows an access token."""
    return f"Bearer {token}"
