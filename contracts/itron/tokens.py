"""How a suite of Itron comes by tokens: they are the Data Platform's, whatever they are shown to.

A token is given as it is, ``VENDORLAB_ITRON_COAP_TOKEN``, or it is asked for: ``VENDORLAB_ITRON_COAP_CLIENT_ID`` and
``_CLIENT_SECRET`` go to ``VENDORLAB_ITRON_PLATFORM_URL``, which the run trusts as ``VENDORLAB_ITRON_PLATFORM_CA`` says.
What goes wrong there is no verdict on the address that the suite is about.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.contracts.core.access import network
from vendorlab.contracts.core.errors import SuiteError, UsageError
from vendorlab.contracts.core.exchange import Exchange
from vendorlab.contracts.core.target import variable_prefix

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.target import Target

PLATFORM = "itron-platform"
"""The address that gives tokens out."""
LIFETIME = 3_600
"""Seconds that a token lives."""
_RENEWED_AFTER = 3_000.0
_FIRST, _SECOND = "", "second_"


class Tokens:
    """Tokens for one address.

    Args:
        access: What may be done to the address that the tokens are for.
        platform: Where they come from; None where only a token as it is will do.
        transport: Sends the token calls; None is the network.
        now: Seconds on a clock that never steps back.
    """

    def __init__(
        self,
        access: Access,
        platform: Target | None,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access = access
        self._given = access.target.credentials.get("token")
        self._now = now
        self._kept: dict[str, tuple[float, str]] = {}
        self._http: Exchange | None = None
        if platform is not None:
            sender = transport or network(platform, keep_alive=False)
            self._http = Exchange(
                platform.url,
                sender,
                access.budget,
                access.secrets,
                None,
                access.transcript,
                access.witness,
                PLATFORM,
            )

    def current(self) -> str:
        """Return a good token: the one that was given, else one that is kept for the better part of its hour.

        A run that turns the clock gets a new one each time, since it may have turned it over the old one's hour.

        Raises:
            UsageError: There is neither a token nor a way to get one.
        """
        if self._given is not None:
            return self._given
        return self.fresh() if "clock" in self._access.capabilities else self._seldom(_FIRST)

    def fresh(self) -> str:
        """Return a token made just now; skips the test where all there is is one that was given as it is.

        Raises:
            UsageError: There is neither a token nor a way to get one.
        """
        if self._given is not None and self._lacking(_FIRST):
            pytest.skip("needs tokens of its own: " + self._remedy(_FIRST))
        return self._ask(_FIRST)

    def second(self) -> str:
        """Return a good token of another tenant; for tests that need ``second-tenant``.

        Raises:
            UsageError: There is no way to get one.
        """
        return self._ask(_SECOND) if "clock" in self._access.capabilities else self._seldom(_SECOND)

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()

    def _seldom(self, whose: str) -> str:
        now = self._now()
        made, token = self._kept.get(whose, (now, ""))
        if not token or now - made > _RENEWED_AFTER:
            token = self._ask(whose)
            self._kept[whose] = (now, token)
        return token

    def _ask(self, whose: str) -> str:
        if self._lacking(whose) or self._http is None:
            given = "" if whose else f"set {self._prefix}TOKEN, or "
            raise UsageError(f"no way to a token for {self._access.target.vendor}: {given}{self._remedy(whose)}")
        credentials = self._access.target.credentials
        body = {"clientId": credentials[f"{whose}client_id"], "clientSecret": credentials[f"{whose}client_secret"]}
        try:
            response = self._http.post("/api/tokens", json=body)
            token = _token_in(response)
        except AssertionError as error:  # it speaks of the platform, which this suite does not judge
            raise SuiteError(f"{PLATFORM} gave no token: {error}") from error
        if token is None:
            raise SuiteError(f"{PLATFORM} gave no token but {response.status_code} {response.text[:200]!r}")
        self._access.secrets.add(token)
        return token

    @property
    def _prefix(self) -> str:
        return variable_prefix(self._access.target.vendor)

    def _lacking(self, whose: str) -> list[str]:
        missing = self._access.target.missing((f"{whose}client_id", f"{whose}client_secret"))
        return missing if self._http is not None else [*missing, f"{variable_prefix(PLATFORM)}URL"]

    def _remedy(self, whose: str) -> str:
        return "set " + ", ".join(self._lacking(whose))


def _token_in(response: httpx.Response) -> str | None:
    """Return the token that an answer gives away, None if it gives none."""
    if not response.is_success:
        return None
    try:
        body: Any = response.json()
    except ValueError:
        return None
    token = cast("dict[str, Any]", body).get("accessToken") if isinstance(body, dict) else None
    return token if isinstance(token, str) and token else None
