"""The two faces of any client: the same session, waited for or awaited."""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Self, TypeVar

import httpx

from .steps import AsyncDriver, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .operations import Operation
    from .session import VendorSession

T = TypeVar("T")


def no_cookies() -> CookieJar:
    """Return a jar that takes none: a call shows what its steps say, and nothing that an answer has left behind."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


class SyncFace:
    """A client for threads; may be shared among them."""

    def __init__(
        self, session: VendorSession, transport: httpx.BaseTransport | None, sleep: Callable[[float], object]
    ) -> None:
        http = httpx.Client(
            base_url=session.base_url,
            transport=transport,
            timeout=session.timeout,
            headers=session.headers,
            verify=session.verify,
            cookies=no_cookies(),
        )
        self._session = session
        self._driver = SyncDriver(http, sleep)

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._session}>"

    def _do(self, operation: Operation[T]) -> T:
        return self._driver.run(self._session.perform(operation))


class AsyncFace:
    """A client for asyncio tasks; may be shared among those of one loop.

    Waiting (for the network, a pace, somebody else's renewal) never blocks the loop. A task that is cancelled while
    it renews the token leaves the renewal to end by itself, so that no refresh token is lost.
    """

    def __init__(
        self,
        session: VendorSession,
        transport: httpx.AsyncBaseTransport | None,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        http = httpx.AsyncClient(
            base_url=session.base_url,
            transport=transport,
            timeout=session.timeout,
            headers=session.headers,
            verify=session.verify,
            cookies=no_cookies(),
        )
        self._session = session
        self._driver = AsyncDriver(http, sleep)

    async def aclose(self) -> None:
        """Let a renewal under way come to its end, then close the connections."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._session}>"

    async def _do(self, operation: Operation[T]) -> T:
        return await self._driver.run(self._session.perform(operation))
