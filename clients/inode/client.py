"""The two faces of the iNode client: the same operations, waiting or awaited.

No rule lives here. What is asked and read is in `operations` and `models`, how it is carried out in `session`, and
when to look again in `polling`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self, Unpack

from ..core.faces import AsyncFace, SyncFace
from .session import Options, Session, from_environment

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping

    import httpx

    from ..core.errors import ClientError
    from .changes import Change
    from .models import Device, Link
    from .polling import Poll

EVERY = 60.0
"""Seconds from look to look in the vendor's own sample."""


class INodeClient(SyncFace):
    """The iNode API for threads; may be shared among them.

    Every method may raise any error of `vendorlab.clients.core.errors`.

    Args:
        base_url: Such as `https://inode.smatstraffic.com`; with or without the `/api/` that all paths begin with.
        transport: An httpx transport, such as `httpx.WSGITransport`, in place of the network.
        sleep: How to wait.
        **options: See `Options`: an account and application, or an API key.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
        **options: Unpack[Options],
    ) -> None:
        session = Session(base_url, **options)
        super().__init__(session, transport, sleep)
        self._ask = session.operations
        self._poll = session.poll

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
        **options: Unpack[Options],
    ) -> Self:
        """Make a client from the variables `VENDORLAB_INODE_URL`, `_USERNAME`, `_PASSWORD`, `_CLIENT_ID` and
        `_CLIENT_SECRET`, or `_URL` and `_API_KEY`, and `_CA`; options given here win, and the account before the key.

        Raises:
            UsageError: The URL is not set, or not what is needed to log in.
        """
        base_url, found = from_environment(environment, options)
        return cls(base_url, transport=transport, sleep=sleep, **found)

    def links(self) -> list[Link]:
        """Return all links of the account."""
        return self._do(self._ask.links())

    def link(self, id: int) -> Link:  # noqa: A002 - the vendor's word
        """Return one link."""
        return self._do(self._ask.link(id))

    def devices(self) -> list[Device]:
        """Return all devices of the account; none where all links are crowdsourced."""
        return self._do(self._ask.devices())

    def device(self, id: int) -> Device:  # noqa: A002 - the vendor's word
        """Return one device."""
        return self._do(self._ask.device(id))

    def poll(
        self,
        every: float = EVERY,
        *,
        until: Callable[[], bool] | None = None,
        on_outage: Callable[[ClientError, float], object] | None = None,
    ) -> Generator[Change, None, None]:
        """Look at all links and devices again and again, and yield what is different.

        The first change holds everything; a look that finds nothing new yields nothing. Looks keep their cadence
        however long they take. An outage (no answer, 5xx, throttled, a page in place of JSON) is waited out with a
        growing back-off and no end; a refused login, a refusal (403, 404) or a field of another type is raised.
        Leave the loop to stop. From another thread, give `sleep=event.wait` to the client and
        `until=event.is_set` here.

        Args:
            every: Seconds from look to look.
            until: Asked before each look and after each wait; true ends the iteration.
            on_outage: Told of each look that failed, and of the seconds until the next; may raise to give up.
        """
        return self._walk(self._poll(every, until, on_outage))

    def _walk(self, poll: Poll) -> Generator[Change, None, None]:
        while (change := self._driver.run(poll.next())) is not None:
            yield change


class AsyncINodeClient(AsyncFace):
    """The iNode API for asyncio tasks; may be shared among those of one loop.

    Waiting (for the network, a look that is not yet due, somebody else's renewal) never blocks the loop. A task that
    is cancelled while it renews the token leaves the renewal to end by itself, so that no refresh token is lost.

    Args:
        base_url: Such as `https://inode.smatstraffic.com`; with or without the `/api/` that all paths begin with.
        transport: An httpx transport, such as `httpx.ASGITransport`, in place of the network.
        sleep: How to wait.
        **options: See `Options`: an account and application, or an API key.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[Options],
    ) -> None:
        session = Session(base_url, **options)
        super().__init__(session, transport, sleep)
        self._ask = session.operations
        self._poll = session.poll

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[Options],
    ) -> Self:
        """Make a client from the variables `VENDORLAB_INODE_URL`, `_USERNAME`, `_PASSWORD`, `_CLIENT_ID` and
        `_CLIENT_SECRET`, or `_URL` and `_API_KEY`, and `_CA`; options given here win, and the account before the key.

        Raises:
            UsageError: The URL is not set, or not what is needed to log in.
        """
        base_url, found = from_environment(environment, options)
        return cls(base_url, transport=transport, sleep=sleep, **found)

    async def links(self) -> list[Link]:
        """Return all links of the account."""
        return await self._do(self._ask.links())

    async def link(self, id: int) -> Link:  # noqa: A002 - the vendor's word
        """Return one link."""
        return await self._do(self._ask.link(id))

    async def devices(self) -> list[Device]:
        """Return all devices of the account; none where all links are crowdsourced."""
        return await self._do(self._ask.devices())

    async def device(self, id: int) -> Device:  # noqa: A002 - the vendor's word
        """Return one device."""
        return await self._do(self._ask.device(id))

    def poll(
        self,
        every: float = EVERY,
        *,
        until: Callable[[], bool] | None = None,
        on_outage: Callable[[ClientError, float], object] | None = None,
    ) -> AsyncGenerator[Change, None]:
        """Look at all links and devices again and again, and yield what is different.

        As `INodeClient.poll`. Leave the loop, or cancel the task, to stop; nothing is left running.

        Args:
            every: Seconds from look to look.
            until: Asked before each look and after each wait; true ends the iteration.
            on_outage: Told of each look that failed, and of the seconds until the next; may raise to give up.
        """
        return self._walk(self._poll(every, until, on_outage))

    async def _walk(self, poll: Poll) -> AsyncGenerator[Change, None]:
        while (change := await self._driver.run(poll.next())) is not None:
            yield change
