"""Where the gateway's and the broker's clients have their tokens from: the Data Platform, or whoever gives them.

One id and secret serve all of the vendor's services; tokens are made by the Data Platform alone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypedDict

import httpx

from ..core.errors import UsageError
from ..core.faces import no_cookies
from ..core.secret import Secret
from ..core.session import Environment
from ..core.steps import AsyncDriver
from ..core.tokens import is_token
from .session import ENVIRONMENT as PLATFORM
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ..core.tokens import TokenStore
    from ..core.trust import CaFile

Tokens: TypeAlias = "str | Secret | Callable[[], Awaitable[str | Secret]]"
"""A token, or what gives one whenever it is asked: a new one when it is asked again."""


class AccessOptions(TypedDict, total=False):
    """Keyword arguments of the gateway's and the broker's clients that say where tokens come from.

    Either an application and where its tokens are made, or `tokens`.

    Attributes:
        client_id: The application.
        client_secret: Its secret.
        platform_url: The Data Platform, such as `https://api.data-platform.developer.ssni.com`.
        tokens: In place of the three: a token, or an async function that gives one.
        store: Where the application's tokens are kept; in memory by default.
        ca: A file of PEM certificates that alone are trusted to sign the vendor's.
        transport: An httpx transport to the Data Platform, in place of the network.
    """

    client_id: str | None
    client_secret: str | Secret | None
    platform_url: str | None
    tokens: Tokens | None
    store: TokenStore | None
    ca: CaFile
    transport: httpx.AsyncBaseTransport | None


class Access(Protocol):
    """Gives tokens."""

    async def token(self, *, fresh: bool = False) -> Secret:
        """Return a token that should do; another than the last one if that was refused, or a fresh one is wanted.

        Raises:
            LoginRefused, LoginRequired, NetworkError, Throttled, ResponseError: As for the Data Platform.
        """
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


class PlatformAccess:
    """Tokens of an application, made by the Data Platform and renewed before their hour is over."""

    def __init__(
        self,
        platform_url: str,
        client_id: str,
        client_secret: str | Secret,
        *,
        store: TokenStore | None = None,
        ca: CaFile = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._session = Session(
            platform_url, client_id=client_id, client_secret=client_secret, store=store, ca=ca, clock=clock
        )
        http = httpx.AsyncClient(
            base_url=self._session.base_url,
            transport=transport,
            timeout=self._session.timeout,
            headers=self._session.headers,
            verify=self._session.verify,
            cookies=no_cookies(),
        )
        self._driver = AsyncDriver(http, sleep)

    async def token(self, *, fresh: bool = False) -> Secret:
        """Return a token; see `Access`."""
        return await self._driver.run(self._session.token(fresh=fresh))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._driver.close()


class GivenAccess:
    """Tokens that somebody else makes."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def token(self, *, fresh: bool = False) -> Secret:  # noqa: ARG002 - whoever gives them knows
        """Return a token; see `Access`."""
        found = await self._tokens() if callable(self._tokens) else self._tokens
        secret = found if isinstance(found, Secret) else Secret(found)
        if not is_token(secret.reveal()):
            raise UsageError("a token is made of printable ASCII")
        return secret

    async def aclose(self) -> None:
        """There is nothing to close."""


def access(
    *,
    client_id: str | None = None,
    client_secret: str | Secret | None = None,
    platform_url: str | None = None,
    tokens: Tokens | None = None,
    store: TokenStore | None = None,
    ca: CaFile = None,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Callable[[], float] | None = None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Access:
    """Return where tokens come from.

    Raises:
        UsageError: Neither an application with its platform nor tokens, or both.
    """
    if tokens is not None:
        if client_id is not None or client_secret is not None:
            raise UsageError("both tokens and an application are given: which of them should be used?")
        return GivenAccess(tokens)
    if not client_id or client_secret is None or not platform_url:
        raise UsageError("give client_id, client_secret and platform_url, or tokens")
    return PlatformAccess(
        platform_url, client_id, client_secret, store=store, ca=ca, transport=transport, clock=clock, sleep=sleep
    )


def from_environment(
    prefix: str, variables: Mapping[str, str] | None, given: AccessOptions
) -> tuple[str, AccessOptions]:
    """Read a base URL and where tokens come from; what is given wins.

    Args:
        prefix: What the variables of this address begin with; the platform's own prefix has its `URL`.
        variables: In place of the process's.
        given: By the caller.

    Raises:
        UsageError: The URL is missing, or part of the application.
    """
    environment, platform = Environment(prefix, variables), Environment(PLATFORM, variables)
    (url,) = environment.require("URL")
    # What is asked of the platform over https may be all that needs an authority: CoAP has none.
    found = AccessOptions(ca=environment.read("CA") or platform.read("CA"))
    if given.get("tokens") is None:
        environment.require(*(name for name in ("CLIENT_ID", "CLIENT_SECRET") if given.get(name.lower()) is None))
        if given.get("platform_url") is None:
            found |= AccessOptions(platform_url=platform.require("URL")[0])
        found |= AccessOptions(client_id=environment.read("CLIENT_ID"), client_secret=environment.read("CLIENT_SECRET"))
    return url, found | given
