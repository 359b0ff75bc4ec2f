"""What both faces of the client are made of: the platform's own settings over the shared ones."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Unpack

import httpx

from ..core.errors import UsageError
from ..core.reading import refusal
from ..core.renewal import Renewal
from ..core.secret import Secret
from ..core.session import Environment, SharedOptions, Vendor, VendorSession
from ..core.urls import normal_url, segment
from .operations import Operations
from .tailing import Tail
from .tokens import Application, BareToken, clock_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ..core.errors import ClientError
    from ..core.steps import Call, Steps
    from .pages import Walk

TOKEN_PATH: Final = "/api/tokens"  # noqa: S105 - a path
PLATFORM: Final = Vendor("itron-platform", token_path=TOKEN_PATH, unsaid_wait=5.0)
ENVIRONMENT: Final = "VENDORLAB_ITRON_PLATFORM_"
SOLUTION: Final = "sandbox"
"""The vendor's own default, and where devices appear that were bought through its portal."""

TIMEOUT: Final = 120.0
"""Seconds; what a client of the vendor's own grants a list of devices."""

SUCCESSES: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT})
"""The vendor says which of them it gives for some calls only."""


class Options(SharedOptions, total=False):
    """Keyword arguments of both clients, beside those of `SharedOptions`.

    Either an application, or a token.

    Attributes:
        client_id: The application.
        client_secret: Its secret.
        token: In place of both: one that somebody else has made, and that nothing renews.
        token_url: The whole address of the token endpoint, where it is not the base URL's `/api/tokens`.
        solution: Whose devices and data, unless a call says otherwise; "sandbox" by default.
        bearer: Whether "Bearer" stands before the token. No client of the vendor's writes it.
        resend: Whether observations are posted again when the answer to them was lost, and they may have arrived.
            True (the default) is at least once: the platform takes a device and a time for one observation, so
            that the second copy lands on the first; that is inferred, and a platform that kept both would have
            some twice. False is at most once: the error is raised, and nobody knows.
    """

    client_id: str | None
    client_secret: str | Secret | None
    token: str | Secret | None
    token_url: str | None
    solution: str
    bearer: bool
    resend: bool


class Session(VendorSession):
    """One application's dealings with the platform, without I/O."""

    def __init__(
        self,
        base_url: str,
        *,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        token: str | Secret | None = None,
        token_url: str | None = None,
        solution: str = SOLUTION,
        bearer: bool = False,
        resend: bool = True,
        **shared: Unpack[SharedOptions],
    ) -> None:
        scheme = "Bearer" if bearer else ""
        key, bare = Secret.of(client_secret), Secret.of(token)
        who: Application | BareToken
        if bare is not None:
            if client_id is not None or key is not None:
                raise UsageError("both a token and an application are given: which of them should be used?")
            who = BareToken(bare, scheme)
        elif client_id and key is not None and key.reveal():
            who = Application(client_id, key, _endpoint(token_url), scheme)
        else:
            raise UsageError("give either client_id and client_secret, or a token")
        segment(solution)
        shared.setdefault("timeout", TIMEOUT)
        super().__init__(PLATFORM, base_url, who, **shared)
        assert isinstance(self._authority, Renewal)  # both kinds of identity bring one
        self._renewal = self._authority
        self.operations = Operations(self._send, self.base_url, solution, resend=resend)

    def tail(
        self,
        device_id: str | None,
        solution: str | None,
        every: float,
        since: datetime | None,
        horizon: float,
        until: Callable[[], bool] | None,
        on_outage: Callable[[ClientError, float], object] | None,
    ) -> Tail:
        """Begin to tail; nothing is sent yet."""

        def walk(start: datetime, end: datetime) -> Walk:
            return self.operations.observations(device_id, start, end, None, None, solution)

        return Tail(walk, self.cadence(every, until, on_outage), self._vendor_time, since=since, horizon=horizon)

    def token(self, *, fresh: bool) -> Steps[Secret]:
        """Return a token, for the services that do not speak HTTP.

        Args:
            fresh: Whether it must be another than the last one.
        """
        pair = yield from (self._renewal.another() if fresh else self._renewal.usable())
        return pair.access

    def _vendor_time(self) -> Steps[float]:
        pair = yield from self._renewal.usable()
        return self.wall() + clock_ahead(pair)

    def _send(self, call: Call) -> Steps[httpx.Response]:
        response = yield from self._authority.authorised(call)
        if response.status_code not in SUCCESSES:
            raise refusal(response, call)
        return response


def _endpoint(token_url: str | None) -> str | None:
    """Return where tokens are made, if not below the base URL; a mere host has them at the usual path."""
    if not token_url:
        return None
    url = normal_url(token_url)
    return url + TOKEN_PATH if httpx.URL(url).path in ("", "/") else url


def from_environment(variables: Mapping[str, str] | None, given: Options) -> tuple[str, Options]:
    """Read the base URL and the application from `VENDORLAB_ITRON_PLATFORM_URL`, `_CLIENT_ID` and so on.

    Options that are given win; a token that is given takes the place of the application.

    Raises:
        UsageError: The URL is missing, or part of the application.
    """
    environment = Environment(ENVIRONMENT, variables)
    (url,) = environment.require("URL")
    found = Options(ca=environment.read("CA"))
    if given.get("token") is None:
        environment.require(*(name for name in ("CLIENT_ID", "CLIENT_SECRET") if given.get(name.lower()) is None))
        found |= Options(
            client_id=environment.read("CLIENT_ID"),
            client_secret=environment.read("CLIENT_SECRET"),
            token_url=environment.read("TOKEN_URL"),
        )
    return url, found | given
