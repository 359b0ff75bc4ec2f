"""How calls of the control API are carried: over which connections, with which token, and what refusals become."""

from __future__ import annotations

import copy
import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

import httpx

from ..core.errors import UsageError
from ..core.reading import Node, decode, is_object
from ..core.secret import Credential, Secret
from ..core.steps import Call, request_of
from ..core.trust import trusted
from ..core.urls import segment
from .errors import ControlError, ControlUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.trust import CaFile

ENVIRONMENT = "VENDORLAB_CONTROL_"
REMEDY = "is `vendorlab up` running?"


class ControlLine:
    """The line to one world's control API; its arguments are those of `ControlClient`."""

    def __init__(
        self,
        url: str,
        token: str | Secret | None = None,
        *,
        world: str = "main",
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        ca: CaFile = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.world_name = world
        secret = Secret.of(token)
        self._credential = None if secret is None else Credential("Bearer", secret)
        self._timeout = timeout
        try:
            # No proxies: the control API is on this machine or beside it.
            self._http = httpx.Client(
                base_url=self.url,
                timeout=timeout,
                transport=transport,
                verify=trusted(ca),
                trust_env=False,
            )
        except httpx.InvalidURL as trouble:
            raise UsageError(f"the control address is not a URL: {trouble}") from None

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, *, world: str = "main") -> Self:
        """Make a client from `VENDORLAB_CONTROL_URL`, `VENDORLAB_CONTROL_TOKEN` and `VENDORLAB_CONTROL_CA`.

        Raises:
            UsageError: The URL is not set.
        """
        environment = os.environ if environment is None else environment
        url = environment.get(f"{ENVIRONMENT}URL")
        if not url:
            raise UsageError(f"{ENVIRONMENT}URL is not set in the environment; {REMEDY}")
        token, ca = (environment.get(f"{ENVIRONMENT}{name}") or None for name in ("TOKEN", "CA"))
        return cls(url, token, world=world, ca=ca)

    def in_world(self, name: str) -> Self:
        """Return a client for another world over the same connections; it is closed with this one."""
        other = copy.copy(self)
        other.world_name = name
        return other

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for world {self.world_name!r} at {self.url}>"

    @property
    def _prefix(self) -> str:
        return "" if self.world_name == "main" else f"/worlds/{segment(self.world_name)}"

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        timeout: float | None = None,
    ) -> Node:
        call = Call(method, path, params=params, json=json, credential=self._credential)
        return decode(self._send(call, timeout), call)

    def _tell(self, method: str, path: str, *, params: Mapping[str, str] | None = None, json: Any = None) -> None:
        self._send(Call(method, path, params=params, json=json, credential=self._credential), None)

    def _send(self, call: Call, timeout: float | None) -> httpx.Response:
        request = request_of(self._http, call, timeout)
        try:
            response = self._http.send(request, follow_redirects=False)
        except httpx.RequestError as trouble:
            raise ControlUnreachable(
                f"nothing answers at {self.url} ({type(trouble).__name__}); {REMEDY}",
                title="Unreachable",
                detail=str(trouble),
                method=call.method,
                path=call.path,
            ) from trouble
        if response.status_code not in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT):
            raise _problem(response, call)
        return response


def _problem(response: httpx.Response, call: Call) -> ControlError:
    try:
        body: Any = response.json()
    except (ValueError, RecursionError):
        body = None
    members = body if is_object(body) else {}
    title = str(members.get("title") or response.reason_phrase or response.status_code)
    detail = str(members.get("detail") or "")
    message = f"{title}: {detail}" if detail else title
    return ControlError(
        message, status=response.status_code, title=title, detail=detail, method=call.method, path=call.path
    )


def stated(members: Mapping[str, Any]) -> dict[str, Any]:
    """What of it is not None."""
    return {name: value for name, value in members.items() if value is not None}


def fields(members: Mapping[str, Any]) -> dict[str, str]:
    """The same as a query has it."""
    return {name: str(value) for name, value in stated(members).items()}
