"""The two faces of the Data Platform client: the same operations, waiting or awaited.

No rule lives here. What is asked is in `operations`, how it is read in `models` and `pages`, how it is carried out in
`session`, and how new observations are found in `tailing`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol, Self, Unpack

from ..core.faces import AsyncFace, SyncFace
from .session import Options, Session, from_environment

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Mapping
    from datetime import datetime

    import httpx

    from ..core.errors import ClientError
    from ..core.steps import Steps
    from .models import Device, NewObservation, Observation, Template

EVERY = 10.0
"""Seconds from look to look in the vendor's own plotting program."""

HORIZON = 300.0
"""Seconds by which an observation may be late, or ahead of its time, and still be told of once."""


class _Batches(Protocol):
    """Observations in batches; None at the end."""

    def next(self) -> Steps[list[Observation] | None]: ...


class DataPlatformClient(SyncFace):
    """The Data Platform for threads; may be shared among them.

    Every method may raise any error of `vendorlab.clients.core.errors`. Wherever `solution` is None, the client's own
    is meant.

    Args:
        base_url: Such as `https://api.data-platform.developer.ssni.com`.
        transport: An httpx transport, such as `httpx.WSGITransport`, in place of the network.
        sleep: How to wait.
        **options: See `Options`: an application, or a token.
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
        self._tail = session.tail

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
        **options: Unpack[Options],
    ) -> Self:
        """Make a client from the variables `VENDORLAB_ITRON_PLATFORM_URL`, `_CLIENT_ID`, `_CLIENT_SECRET`,
        `_TOKEN_URL` and `_CA`; options given here win.

        Raises:
            UsageError: The URL is not set, or not what is needed to make a token.
        """
        base_url, found = from_environment(environment, options)
        return cls(base_url, transport=transport, sleep=sleep, **found)

    def devices(self, device_type: str | None = None, *, solution: str | None = None) -> list[Device]:
        """Return all devices of a solution, or those of one type; none for a solution that has none, or is none yet."""
        return self._driver.run(self._ask.devices(device_type, solution))

    def device(self, device_id: str, *, solution: str | None = None) -> Device:
        """Return one device."""
        return self._driver.run(self._ask.device(device_id, solution))

    def create_device(
        self,
        device_type: str,
        domain_info: Mapping[str, Any] | None = None,
        *,
        provisioning_info: Mapping[str, Any] | None = None,
        solution: str | None = None,
    ) -> Device:
        """Make a device. The platform makes its id; two may well have the same address in `domain_info`.

        It is sent once: when the answer is lost, `NetworkError` is raised, and the device may be there.
        """
        return self._driver.run(self._ask.create_device(device_type, domain_info, provisioning_info, solution))

    def change_device(
        self,
        device_id: str,
        device_type: str,
        domain_info: Mapping[str, Any] | None = None,
        *,
        provisioning_info: Mapping[str, Any] | None = None,
        solution: str | None = None,
    ) -> Device:
        """Write a device anew, whole."""
        return self._driver.run(
            self._ask.change_device(device_id, device_type, domain_info, provisioning_info, solution)
        )

    def delete_device(self, device_id: str, *, solution: str | None = None) -> bool:
        """Delete a device with its observations, and tell whether it was there when last asked."""
        return self._driver.run(self._ask.delete_device(device_id, solution))

    def templates(self, *, solution: str | None = None) -> list[Template]:
        """Return the device templates of a solution."""
        return self._driver.run(self._ask.templates(solution))

    def static_templates(self) -> list[Template]:
        """Return the templates of the system, which cannot be changed."""
        return self._driver.run(self._ask.static_templates())

    def create_template(self, name: str, sensors: Iterable[str], *, solution: str | None = None) -> Template:
        """Make a template. It is sent once, like a new device."""
        return self._driver.run(self._ask.create_template(name, sensors, solution))

    def change_template(
        self, template_id: str, name: str, sensors: Iterable[str], *, solution: str | None = None
    ) -> Template:
        """Write a template anew, whole."""
        return self._driver.run(self._ask.change_template(template_id, name, sensors, solution))

    def latest(self, *, solution: str | None = None) -> list[Observation]:
        """Return the newest observation of each device of a solution."""
        return self._driver.run(self._ask.latest(solution))

    def post(
        self,
        device_id: str,
        observations: Iterable[NewObservation],
        *,
        solution: str | None = None,
        on_accepted: Callable[[int], object] | None = None,
    ) -> int:
        """Post observations of a device, any number of them, and return that number.

        All are checked before the first is sent; then they go in requests of at most 1,000 and 10 MB. One that was
        refused for its token is sent again; of one whose answer was lost, `Options.resend` tells. When a request
        fails, those before it have been accepted, and a note on the error says how many.

        Args:
            device_id: Whose.
            observations: Each has a `timestamp`, a datetime with a zone or an ISO 8601 text, and any other members.
            solution: In which solution.
            on_accepted: Told of the number accepted so far, after each request.

        Raises:
            UsageError: An observation without a timestamp, or with something that is no JSON, such as NaN;
                nothing was sent.
        """
        return self._driver.run(self._ask.post(device_id, observations, solution, on_accepted))

    def observations(
        self,
        device_id: str | None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
        tag: str | None = None,
        *,
        solution: str | None = None,
    ) -> Generator[Observation, None, None]:
        """Walk over observations, newest first, asking for a page whenever one is used up.

        Any number of them takes no more memory than a page, and the walk goes on through a token's end. With a
        window, both ends are held to the microsecond, though the platform goes by whole seconds. Without one it
        gives recent observations, as many as it likes.

        Args:
            device_id: Whose; None for all devices of the solution.
            start: First moment, with a zone.
            end: First moment after the window, with a zone.
            limit: The most that the platform should put into one page; by default what it likes, up to 1 MB.
            tag: Only those with this tag; it takes a window.
            solution: In which solution.

        Raises:
            UsageError: Half a window, an end that is not later than the start, a tag without a window; at once.
        """
        return self._flow(self._ask.observations(device_id, start, end, limit, tag, solution))

    def tail(
        self,
        device_id: str | None = None,
        *,
        solution: str | None = None,
        every: float = EVERY,
        since: datetime | None = None,
        horizon: float = HORIZON,
        until: Callable[[], bool] | None = None,
        on_outage: Callable[[ClientError, float], object] | None = None,
    ) -> Generator[Observation, None, None]:
        """Yield observations as they come, each exactly once, those of one look oldest first.

        An observation is a device and a time. It is told of if it arrives no more than `horizon` after the newest
        one told of, or after the last look, whichever was sooner; also if its time is up to `horizon` to come. One
        that is overwritten is not told of again. Looks keep their cadence; an outage (no answer, 5xx, throttled, a
        page in place of JSON) is waited out with a growing back-off and no end, and then caught up with. Anything
        else is raised.

        Leave the loop to stop. From another thread, give `sleep=event.wait` to the client and
        `until=event.is_set` here.

        Args:
            device_id: Whose; None for all devices of the solution.
            solution: In which solution.
            every: Seconds from look to look.
            since: From when on, with a zone; by default from now on.
            horizon: Seconds by which an observation may be late. Each look asks for as much again.
            until: Asked before each look and after each wait; true ends the iteration.
            on_outage: Told of each look that failed, and of the seconds until the next; may raise to give up.
        """
        return self._flow(self._tail(device_id, solution, every, since, horizon, until, on_outage))

    def _flow(self, batches: _Batches) -> Generator[Observation, None, None]:
        while (batch := self._driver.run(batches.next())) is not None:
            yield from batch


class AsyncDataPlatformClient(AsyncFace):
    """The Data Platform for asyncio tasks; may be shared among those of one loop.

    As `DataPlatformClient`, method for method. Waiting (for the network, a look that is not yet due, somebody else's
    renewal) never blocks the loop.

    Args:
        base_url: Such as `https://api.data-platform.developer.ssni.com`.
        transport: An httpx transport, such as `httpx.ASGITransport`, in place of the network.
        sleep: How to wait.
        **options: See `Options`: an application, or a token.
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
        self._tail = session.tail

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[Options],
    ) -> Self:
        """Make a client from the variables `VENDORLAB_ITRON_PLATFORM_URL`, `_CLIENT_ID`, `_CLIENT_SECRET`,
        `_TOKEN_URL` and `_CA`; options given here win.

        Raises:
            UsageError: The URL is not set, or not what is needed to make a token.
        """
        base_url, found = from_environment(environment, options)
        return cls(base_url, transport=transport, sleep=sleep, **found)

    async def devices(self, device_type: str | None = None, *, solution: str | None = None) -> list[Device]:
        """Return all devices of a solution, or those of one type; none for a solution that has none, or is none yet."""
        return await self._driver.run(self._ask.devices(device_type, solution))

    async def device(self, device_id: str, *, solution: str | None = None) -> Device:
        """Return one device."""
        return await self._driver.run(self._ask.device(device_id, solution))

    async def create_device(
        self,
        device_type: str,
        domain_info: Mapping[str, Any] | None = None,
        *,
        provisioning_info: Mapping[str, Any] | None = None,
        solution: str | None = None,
    ) -> Device:
        """Make a device; as `DataPlatformClient.create_device`."""
        return await self._driver.run(self._ask.create_device(device_type, domain_info, provisioning_info, solution))

    async def change_device(
        self,
        device_id: str,
        device_type: str,
        domain_info: Mapping[str, Any] | None = None,
        *,
        provisioning_info: Mapping[str, Any] | None = None,
        solution: str | None = None,
    ) -> Device:
        """Write a device anew, whole."""
        return await self._driver.run(
            self._ask.change_device(device_id, device_type, domain_info, provisioning_info, solution)
        )

    async def delete_device(self, device_id: str, *, solution: str | None = None) -> bool:
        """Delete a device with its observations, and tell whether it was there when last asked."""
        return await self._driver.run(self._ask.delete_device(device_id, solution))

    async def templates(self, *, solution: str | None = None) -> list[Template]:
        """Return the device templates of a solution."""
        return await self._driver.run(self._ask.templates(solution))

    async def static_templates(self) -> list[Template]:
        """Return the templates of the system, which cannot be changed."""
        return await self._driver.run(self._ask.static_templates())

    async def create_template(self, name: str, sensors: Iterable[str], *, solution: str | None = None) -> Template:
        """Make a template; as `DataPlatformClient.create_template`."""
        return await self._driver.run(self._ask.create_template(name, sensors, solution))

    async def change_template(
        self, template_id: str, name: str, sensors: Iterable[str], *, solution: str | None = None
    ) -> Template:
        """Write a template anew, whole."""
        return await self._driver.run(self._ask.change_template(template_id, name, sensors, solution))

    async def latest(self, *, solution: str | None = None) -> list[Observation]:
        """Return the newest observation of each device of a solution."""
        return await self._driver.run(self._ask.latest(solution))

    async def post(
        self,
        device_id: str,
        observations: Iterable[NewObservation],
        *,
        solution: str | None = None,
        on_accepted: Callable[[int], object] | None = None,
    ) -> int:
        """Post observations of a device, any number of them, and return that number; as `DataPlatformClient.post`."""
        return await self._driver.run(self._ask.post(device_id, observations, solution, on_accepted))

    def observations(
        self,
        device_id: str | None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
        tag: str | None = None,
        *,
        solution: str | None = None,
    ) -> AsyncGenerator[Observation, None]:
        """Walk over observations; as `DataPlatformClient.observations`."""
        return self._flow(self._ask.observations(device_id, start, end, limit, tag, solution))

    def tail(
        self,
        device_id: str | None = None,
        *,
        solution: str | None = None,
        every: float = EVERY,
        since: datetime | None = None,
        horizon: float = HORIZON,
        until: Callable[[], bool] | None = None,
        on_outage: Callable[[ClientError, float], object] | None = None,
    ) -> AsyncGenerator[Observation, None]:
        """Yield observations as they come; as `DataPlatformClient.tail`.

        Leave the loop, or cancel the task, to stop; nothing is left running.
        """
        return self._flow(self._tail(device_id, solution, every, since, horizon, until, on_outage))

    async def _flow(self, batches: _Batches) -> AsyncGenerator[Observation, None]:
        while (batch := await self._driver.run(batches.next())) is not None:
            for observation in batch:
                yield observation
