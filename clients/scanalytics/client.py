"""The two faces of the Scanalytics client: the same operations, waiting or awaited.

No rule lives here. What is asked and read is in `operations` and `models`, how it is carried out in `session`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self, TypeVar, Unpack

from ..core.faces import AsyncFace, SyncFace
from .models import VISITS, Metric, metric_named
from .session import Options, Session, from_environment
from .windows import Window, WindowWalk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    import httpx

    from .models import Array, Bucket, Deployment, Device, Reading, User

V = TypeVar("V")

PER_REQUEST = 1_500
"""Buckets that the iterators ask for in one request: a month of hours, a day of minutes."""


class ScanalyticsClient(SyncFace):
    """The Scanalytics API for threads; may be shared among them.

    Every method may raise any error of `vendorlab.clients.core.errors`.

    Args:
        base_url: Such as `https://query.scanalyticsinc.com`.
        client_id: The application, as registered with the vendor.
        transport: An httpx transport, such as `httpx.WSGITransport`, in place of the network.
        sleep: How to wait.
        **options: See `Options`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        client_id: str,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
        **options: Unpack[Options],
    ) -> None:
        session = Session(base_url, client_id=client_id, **options)
        super().__init__(session, transport, sleep)
        self._ask = session.operations

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
        **options: Unpack[Options],
    ) -> Self:
        """Make a client from the variables `VENDORLAB_SCANALYTICS_URL`, `_USERNAME`, `_PASSWORD`, `_CLIENT_ID`,
        `_CLIENT_SECRET` and `_CA`; options given here win.

        Raises:
            UsageError: The URL or the client id is not set.
        """
        base_url, client_id, found = from_environment(environment)
        return cls(base_url, client_id=client_id, transport=transport, sleep=sleep, **(found | options))

    def whoami(self) -> User:
        """Return who the token stands for."""
        return self._do(self._ask.whoami())

    def deployments(self) -> list[Deployment]:
        """Return all deployments that the user may view."""
        return self._do(self._ask.deployments())

    def deployment(self, key: str) -> Deployment:
        """Return one deployment."""
        return self._do(self._ask.deployment(key))

    def arrays(self) -> list[Array]:
        """Return all arrays that the user may view."""
        return self._do(self._ask.arrays())

    def array(self, key: str) -> Array:
        """Return one array."""
        return self._do(self._ask.array(key))

    def devices(self) -> list[Device]:
        """Return all devices that the user may view."""
        return self._do(self._ask.devices())

    def device(self, key: str) -> Device:
        """Return one device."""
        return self._do(self._ask.device(key))

    def aggregate(
        self,
        array_key: str,
        metric: str,
        bucket: str,
        start: datetime,
        end: datetime,
        timezone: str | ZoneInfo | None = None,
    ) -> list[Bucket[Reading]]:
        """Return a metric of an array in buckets, in one request.

        Args:
            array_key: Which array.
            metric: "visits", "entrances", "exits", "occupancy" or "dwell" (mean seconds, None where nobody stayed).
            bucket: The width: a number and one of s, m (minute), h, d, w, M (month), y.
            start: First moment, with a zone.
            end: First moment after the window, with a zone.
            timezone: Whose wall clock the buckets follow; the user's own if None.
        """
        return self._do(self._ask.aggregate(array_key, metric_named(metric), bucket, Window(start, end), timezone))

    def visits(
        self, array_key: str, bucket: str, start: datetime, end: datetime, timezone: str | ZoneInfo | None = None
    ) -> list[Bucket[int]]:
        """Return the visits of an array in buckets, in one request; arguments as for `aggregate`."""
        return self._do(self._ask.aggregate(array_key, VISITS, bucket, Window(start, end), timezone))

    def iter_aggregate(
        self,
        array_key: str,
        metric: str,
        bucket: str,
        start: datetime,
        end: datetime,
        timezone: str | ZoneInfo | None = None,
        *,
        per_request: int = PER_REQUEST,
    ) -> Iterator[Bucket[Reading]]:
        """Walk over the buckets of a window of any length, asking for a bounded number at a time.

        Each bucket comes once and whole, as one request for everything would give it. Arguments as for `aggregate`;
        `per_request` is the number of buckets to ask for at a time.
        """
        walk = WindowWalk(start, end, bucket, per_request)
        return self._walk(array_key, metric_named(metric), bucket, walk, timezone)

    def iter_visits(
        self,
        array_key: str,
        bucket: str,
        start: datetime,
        end: datetime,
        timezone: str | ZoneInfo | None = None,
        *,
        per_request: int = PER_REQUEST,
    ) -> Iterator[Bucket[int]]:
        """Walk over the visits of a window of any length; as `iter_aggregate`."""
        return self._walk(array_key, VISITS, bucket, WindowWalk(start, end, bucket, per_request), timezone)

    def _walk(
        self, array_key: str, metric: Metric[V], bucket: str, walk: WindowWalk, timezone: str | ZoneInfo | None
    ) -> Iterator[Bucket[V]]:
        while (window := walk.window) is not None:
            yield from walk.accept(self._do(self._ask.aggregate(array_key, metric, bucket, window, timezone)))


class AsyncScanalyticsClient(AsyncFace):
    """The Scanalytics API for asyncio tasks; may be shared among those of one loop.

    Waiting (for the network, a pace, somebody else's renewal) never blocks the loop. A task that is cancelled while
    it renews the token leaves the renewal to end by itself, so that no refresh token is lost.

    Args:
        base_url: Such as `https://query.scanalyticsinc.com`.
        client_id: The application, as registered with the vendor.
        transport: An httpx transport, such as `httpx.ASGITransport`, in place of the network.
        sleep: How to wait.
        **options: See `Options`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        client_id: str,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[Options],
    ) -> None:
        session = Session(base_url, client_id=client_id, **options)
        super().__init__(session, transport, sleep)
        self._ask = session.operations

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[Options],
    ) -> Self:
        """Make a client from the variables `VENDORLAB_SCANALYTICS_URL`, `_USERNAME`, `_PASSWORD`, `_CLIENT_ID`,
        `_CLIENT_SECRET` and `_CA`; options given here win.

        Raises:
            UsageError: The URL or the client id is not set.
        """
        base_url, client_id, found = from_environment(environment)
        return cls(base_url, client_id=client_id, transport=transport, sleep=sleep, **(found | options))

    async def whoami(self) -> User:
        """Return who the token stands for."""
        return await self._do(self._ask.whoami())

    async def deployments(self) -> list[Deployment]:
        """Return all deployments that the user may view."""
        return await self._do(self._ask.deployments())

    async def deployment(self, key: str) -> Deployment:
        """Return one deployment."""
        return await self._do(self._ask.deployment(key))

    async def arrays(self) -> list[Array]:
        """Return all arrays that the user may view."""
        return await self._do(self._ask.arrays())

    async def array(self, key: str) -> Array:
        """Return one array."""
        return await self._do(self._ask.array(key))

    async def devices(self) -> list[Device]:
        """Return all devices that the user may view."""
        return await self._do(self._ask.devices())

    async def device(self, key: str) -> Device:
        """Return one device."""
        return await self._do(self._ask.device(key))

    async def aggregate(
        self,
        array_key: str,
        metric: str,
        bucket: str,
        start: datetime,
        end: datetime,
        timezone: str | ZoneInfo | None = None,
    ) -> list[Bucket[Reading]]:
        """Return a metric of an array in buckets, in one request.

        Args:
            array_key: Which array.
            metric: "visits", "entrances", "exits", "occupancy" or "dwell" (mean seconds, None where nobody stayed).
            bucket: The width: a number and one of s, m (minute), h, d, w, M (month), y.
            start: First moment, with a zone.
            end: First moment after the window, with a zone.
            timezone: Whose wall clock the buckets follow; the user's own if None.
        """
        return await self._do(
            self._ask.aggregate(array_key, metric_named(metric), bucket, Window(start, end), timezone)
        )

    async def visits(
        self, array_key: str, bucket: str, start: datetime, end: datetime, timezone: str | ZoneInfo | None = None
    ) -> list[Bucket[int]]:
        """Return the visits of an array in buckets, in one request; arguments as for `aggregate`."""
        return await self._do(self._ask.aggregate(array_key, VISITS, bucket, Window(start, end), timezone))

    def iter_aggregate(
        self,
        array_key: str,
        metric: str,
        bucket: str,
        start: datetime,
        end: datetime,
        timezone: str | ZoneInfo | None = None,
        *,
        per_request: int = PER_REQUEST,
    ) -> AsyncIterator[Bucket[Reading]]:
        """Walk over the buckets of a window of any length, asking for a bounded number at a time.

        Each bucket comes once and whole, as one request for everything would give it. Arguments as for `aggregate`;
        `per_request` is the number of buckets to ask for at a time.
        """
        walk = WindowWalk(start, end, bucket, per_request)
        return self._walk(array_key, metric_named(metric), bucket, walk, timezone)

    def iter_visits(
        self,
        array_key: str,
        bucket: str,
        start: datetime,
        end: datetime,
        timezone: str | ZoneInfo | None = None,
        *,
        per_request: int = PER_REQUEST,
    ) -> AsyncIterator[Bucket[int]]:
        """Walk over the visits of a window of any length; as `iter_aggregate`."""
        return self._walk(array_key, VISITS, bucket, WindowWalk(start, end, bucket, per_request), timezone)

    async def _walk(
        self, array_key: str, metric: Metric[V], bucket: str, walk: WindowWalk, timezone: str | ZoneInfo | None
    ) -> AsyncIterator[Bucket[V]]:
        while (window := walk.window) is not None:
            answer = await self._do(self._ask.aggregate(array_key, metric, bucket, window, timezone))
            for whole in walk.accept(answer):
                yield whole
