"""The requests of this suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vendorlab.contracts.core.api import TargetApi
from vendorlab.contracts.itron.platform.forms import token_of

if TYPE_CHECKING:
    import httpx

TOKENS, OLD_TOKENS = "/api/tokens", "/tokens"
STATIC = "/api/tenants/systemTenant/devicetemplates"
JSON = "application/json"
LIFETIME = 3_600
"""Seconds that a token lives."""
NOBODY = "00000000-0000-4000-8000-000000000000"
"""Well-formed, and the id of nothing."""


class Api(TargetApi):
    """One target, as this suite asks it."""

    @property
    def solution(self) -> str:
        """The solution to read where the suite makes none of its own."""
        return self.given("solution") or "sandbox"

    def account(self, *, second: bool = False) -> dict[str, str]:
        """Return the body of a token call, of the tenant or of the second one."""
        prefix = "second_" if second else ""
        return {
            "clientId": self.credential(f"{prefix}client_id"),
            "clientSecret": self.credential(f"{prefix}client_secret"),
        }

    def ask_token(self, body: Any, path: str = TOKENS) -> httpx.Response:
        """Ask for a token with some JSON, and no Authorization."""
        return self.http.post(path, json=body)

    def token(self) -> str:
        """Return a token."""
        return token_of(self.ask_token(self.account()))

    def second_token(self) -> str:
        """Return a token of the second tenant."""
        return token_of(self.ask_token(self.account(second=True)))

    def ask(
        self, method: str, path: str, token: str, body: Any = None, /, *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask with a token, raw as the vendor's clients send it; a body that is not None goes as JSON."""
        options = {} if body is None else {"json": body}
        return self.http.request(method, path, headers={"Authorization": token} | (headers or {}), **options)

    def get(self, path: str, token: str, /, **params: str) -> httpx.Response:
        """GET with a token and a query; ``from_`` stands for ``from``."""
        query = {name.rstrip("_"): value for name, value in params.items()}
        return self.http.get(path, params=query or None, headers={"Authorization": token})

    def send(
        self, method: str, path: str, token: str | None, content: bytes, kind: str | None = JSON
    ) -> httpx.Response:
        """Send bytes, with a token and a media type unless they are None."""
        headers = {"Authorization": token} if token is not None else {}
        return self.http.request(
            method, path, content=content, headers=headers | ({"Content-Type": kind} if kind is not None else {})
        )


def devices(solution: str, device: str | None = None) -> str:
    """Return the path of a solution's devices, or of one of them."""
    return _path(solution, "devices", device)


def observations(solution: str, device: str | None = None) -> str:
    """Return the path of the observations of a solution, or of one of its devices."""
    return f"{devices(solution, device)}/observations" if device is not None else _path(solution, "observations")


def templates(solution: str, template: str | None = None) -> str:
    """Return the path of a solution's templates, or of one of them."""
    return _path(solution, "devicetemplates", template)


def _path(solution: str, resource: str, name: str | None = None) -> str:
    below = "" if name is None else f"/{quote(name, safe='')}"
    return f"/api/solutions/{solution}/{resource}{below}"
