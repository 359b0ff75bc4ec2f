"""The asyncio face of the client: the operations of `operations`, awaited. No rule lives here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, Unpack

from ..core.faces import AsyncFace
from .logs import SPAN
from .operations import FLAGS, LIMIT
from .session import Options, Session, from_environment

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import datetime, time, timedelta

    import httpx

    from .logs import LogWalk
    from .methods import Arguments, Value
    from .models import (
        BatchResult,
        Controller,
        Device,
        DeviceRef,
        GeoZone,
        LogValue,
        Named,
        Report,
        User,
        ValueDescriptor,
    )

EVERY = 1.0
"""Seconds from look to look at a batch, as clients in the field have it."""

DEADLINE = 600.0
"""Seconds to wait for a batch, unless told otherwise."""


class AsyncBatch:
    """A batch that the server works at.

    Attributes:
        result: How far it was when last looked at.
    """

    def __init__(self, result: BatchResult, wait: Callable[[str, float, float], Awaitable[BatchResult]]) -> None:
        self.result = result
        self._wait = wait

    @property
    def id(self) -> str:
        """What `AsyncSlvClient.batch` takes."""
        return self.result.batch_id

    async def wait(self, *, every: float = EVERY, deadline: float = DEADLINE) -> BatchResult:
        """Wait until it has ended, by the client's clock. A line that is cut meanwhile is waited out.

        Args:
            every: Seconds from look to look.
            deadline: Seconds after which to give up. The batch goes on, and may be waited for again.

        Raises:
            OperationFailed: It ended with an error.
            DeadlineExceeded: It has not ended.
        """
        self.result = await self._wait(self.id, every, deadline)
        return self.result

    def __repr__(self) -> str:
        return f"<AsyncBatch {self.result}>"


class AsyncSlvClient(AsyncFace):
    """Streetlight.Vision for asyncio tasks; may be shared among those of one loop.

    As `SlvClient`, method for method. Waiting (for the network, a batch, somebody else's login) never blocks the loop.

    Args:
        base_url: Such as `https://slv.example.com:8443`; with or without the `/reports` that all paths begin with.
        transport: An httpx transport in place of the network.
        sleep: How to wait.
        **options: See `Options`: the account, how to get in, and the server's time zone.
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
        self._wait_for = session.wait

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[Options],
    ) -> Self:
        """Make a client from `VENDORLAB_SLV_URL`, `_USERNAME`, `_PASSWORD`, `_ZONE` and `_CA`; options given here win.

        Raises:
            UsageError: The URL is not set, or not what is needed to log in.
        """
        base_url, found = from_environment(environment, options)
        return cls(base_url, transport=transport, sleep=sleep, **found)

    async def call(self, service: str, method: str, arguments: Arguments | None = None, *, writes: bool = False) -> Any:
        """Call any method, and return its answer as lists, dicts and scalars.

        Args:
            service: As in a path, such as "asset".
            method: As in a path, such as "getCategories".
            arguments: By their names in a path.
            writes: Whether it changes anything; then it is sent by POST, and once.
        """
        return await self._driver.run(self._ask.raw(service, method, arguments, writes=writes))

    async def user(self) -> User:
        """Return who is asking."""
        return await self._driver.run(self._ask.user())

    async def server_properties(self, *names: str) -> dict[str, str | None]:
        """Return what the server says of itself, such as "version" and "build"."""
        return await self._driver.run(self._ask.server_properties(names))

    async def geozones(self) -> list[GeoZone]:
        """Return all geozones that the user may see."""
        return await self._driver.run(self._ask.geozones())

    async def geozone_root(self) -> GeoZone:
        """Return the geozone that holds all others."""
        return await self._driver.run(self._ask.geozone_root())

    async def geozone_children(self, geozone_id: int) -> list[GeoZone]:
        """Return the geozones right below one."""
        return await self._driver.run(self._ask.geozone_children(geozone_id))

    async def search_geozones(self, name: str, *, partial: bool = False) -> list[GeoZone]:
        """Return geozones by name, or by part of it."""
        return await self._driver.run(self._ask.search_geozones(name, partial=partial))

    async def controllers(self) -> list[Controller]:
        """Return all controllers."""
        return await self._driver.run(self._ask.controllers())

    async def controller_devices(self, controller: str) -> list[Device]:
        """Return the devices of a controller."""
        return await self._driver.run(self._ask.controller_devices(controller))

    async def devices(self, geozone_id: int, *, recurse: bool = True, categories: Sequence[str] = ()) -> list[Device]:
        """Return the devices of a geozone; as `SlvClient.devices`."""
        return await self._driver.run(self._ask.devices(geozone_id, recurse=recurse, categories=categories))

    async def devices_in_bounds(
        self, lat: tuple[float, float], lng: tuple[float, float], *, limit: int | None = None
    ) -> list[Device]:
        """Return the devices in a rectangle: degrees north and east, from the lower to the higher."""
        return await self._driver.run(self._ask.devices_in_bounds(lat, lng, limit))

    async def device(self, device: DeviceRef) -> Device:
        """Return one device, by its controller and its name there."""
        return await self._driver.run(self._ask.device(device))

    async def search_devices(
        self,
        name: str,
        value: str,
        *,
        operator: str = "eq",
        geozone_id: int | None = None,
        recurse: bool = True,
        limit: int = LIMIT,
    ) -> list[Device]:
        """Return devices by a value of theirs; as `SlvClient.search_devices`."""
        return await self._driver.run(
            self._ask.search_devices(name, value, operator, geozone_id, recurse=recurse, limit=limit)
        )

    async def create_device(
        self,
        device: DeviceRef,
        name: str,
        *,
        category: str,
        geozone_id: int,
        lat: float,
        lng: float,
        node_type: str | None = None,
    ) -> Device:
        """Make a device; as `SlvClient.create_device`."""
        return await self._driver.run(self._ask.create_device(device, name, category, geozone_id, lat, lng, node_type))

    async def delete_device(self, device: DeviceRef) -> None:
        """Delete a device."""
        await self._driver.run(self._ask.delete_device(device))

    async def create_geozone(
        self,
        name: str,
        parent_id: int,
        *,
        lat: tuple[float, float] | None = None,
        lng: tuple[float, float] | None = None,
    ) -> GeoZone:
        """Make a geozone; its bounds are degrees north and east, from the lower to the higher."""
        return await self._driver.run(self._ask.create_geozone(name, parent_id, lat, lng))

    async def delete_geozone(self, geozone_id: int, *, pull_up: bool = False) -> None:
        """Delete a geozone with what is in it, or pull that up into its parent first."""
        await self._driver.run(self._ask.delete_geozone(geozone_id, pull_up=pull_up))

    async def last_values(self, device: DeviceRef, names: Sequence[str]) -> list[LogValue]:
        """Return the newest value of each name; one that never was is left out."""
        return await self._driver.run(self._ask.last_values(device, names))

    def log(
        self, device_ids: Iterable[int], names: Iterable[str], start: datetime, end: datetime, *, span: timedelta = SPAN
    ) -> AsyncGenerator[LogValue, None]:
        """Walk over the log of devices; as `SlvClient.log`."""
        return self._flow(self._ask.log(device_ids, names, start, end, span))

    async def descriptors(self, device: DeviceRef) -> list[ValueDescriptor]:
        """Return what values a device has, and their units."""
        return await self._driver.run(self._ask.descriptors(device))

    async def set_values(
        self,
        device: DeviceRef,
        values: Mapping[str, Value],
        *,
        event_time: datetime | None = None,
        log: bool = True,
        comment: str | None = None,
    ) -> None:
        """Write values of a device; as `SlvClient.set_values`."""
        await self._driver.run(self._ask.set_values(device, values, event_time, log=log, comment=comment))

    async def switch_on(self, device: DeviceRef) -> None:
        """Switch a light on by hand, until `exit_manual`."""
        await self._driver.run(self._ask.light("switchOn", device))

    async def switch_off(self, device: DeviceRef) -> None:
        """Switch a light off by hand, until `exit_manual`."""
        await self._driver.run(self._ask.light("switchOff", device))

    async def set_dimming(self, device: DeviceRef, level: float) -> None:
        """Dim a light by hand to a percentage, until `exit_manual`."""
        await self._driver.run(self._ask.set_dimming(device, level))

    async def exit_manual(self, device: DeviceRef) -> None:
        """Leave a light to its schedule again."""
        await self._driver.run(self._ask.light("exitManualModes", device))

    async def replace_node(self, device: DeviceRef, network_id: str) -> None:
        """Put another node, by its address in the network, into the place of a light's."""
        await self._driver.run(self._ask.replace_node(device, network_id))

    async def commission(self, controller: str, *, flags: int = FLAGS) -> AsyncBatch:
        """Begin to commission a controller; `wait` on what is returned."""
        return AsyncBatch(await self._driver.run(self._ask.commission(controller, flags)), self._wait)

    async def commission_devices(self, controller: str, names: Sequence[str]) -> AsyncBatch:
        """Begin to commission some devices of a controller."""
        return AsyncBatch(await self._driver.run(self._ask.commission_devices(controller, names)), self._wait)

    async def import_csv(self, csv: str) -> AsyncBatch:
        """Begin to import devices from the text of a CSV file."""
        return AsyncBatch(await self._driver.run(self._ask.import_csv(csv)), self._wait)

    async def batch(self, batch_id: str) -> AsyncBatch:
        """Look at a batch by its id, as one that another program began."""
        return AsyncBatch(await self._driver.run(self._ask.batch(batch_id)), self._wait)

    async def schedules(self) -> list[Named]:
        """Return all schedules: what a light does in the course of a day."""
        return await self._driver.run(self._ask.schedules())

    async def create_schedule(self, name: str, *, timeline: str = "T_12_12", description: str | None = None) -> int:
        """Make a schedule, and return its number; a timeline is from noon to noon (T_12_12), or T_00_24."""
        return await self._driver.run(self._ask.create_schedule(name, timeline, description))

    async def add_sun_event(self, schedule_id: int, level: float, event: str, *, offset_s: int = 0) -> None:
        """Have a schedule dim to a percentage so many seconds after "SUNSET" or "SUNRISE"."""
        await self._driver.run(self._ask.add_sun_event(schedule_id, level, event, offset_s))

    async def add_time_event(self, schedule_id: int, level: float, at: time) -> None:
        """Have a schedule dim to a percentage at a time of day."""
        await self._driver.run(self._ask.add_time_event(schedule_id, level, at))

    async def delete_schedule(self, schedule_id: int) -> None:
        """Delete a schedule."""
        await self._driver.run(self._ask.delete_schedule(schedule_id))

    async def schedulers(self) -> list[Named]:
        """Return all schedulers: which schedule holds on which days."""
        return await self._driver.run(self._ask.schedulers())

    async def create_scheduler(self, name: str, *, description: str | None = None) -> int:
        """Make a scheduler, and return its number."""
        return await self._driver.run(self._ask.create_scheduler(name, description))

    async def add_yearly(
        self, scheduler_id: int, schedule_id: int, first: tuple[int, int], last: tuple[int, int]
    ) -> None:
        """Have a schedule hold every year from a month and day to a month and day."""
        await self._driver.run(self._ask.add_yearly(scheduler_id, schedule_id, first, last))

    async def delete_scheduler(self, scheduler_id: int) -> None:
        """Delete a scheduler."""
        await self._driver.run(self._ask.delete_scheduler(scheduler_id))

    async def commission_scheduler(self, scheduler_id: int, controller: str) -> AsyncBatch:
        """Begin to load a scheduler into a controller."""
        return AsyncBatch(await self._driver.run(self._ask.commission_scheduler(scheduler_id, controller)), self._wait)

    async def alarm_definitions(self) -> list[Named]:
        """Return what raises alarms."""
        return await self._driver.run(self._ask.alarm_definitions())

    async def report(self, arguments: Arguments) -> Report:
        """Return a report; which parameters there are depends on it."""
        return await self._driver.run(self._ask.report(arguments))

    async def _flow(self, walk: LogWalk) -> AsyncGenerator[LogValue, None]:
        while (values := await self._driver.run(walk.next())) is not None:
            for value in values:
                yield value

    async def _wait(self, batch_id: str, every: float, deadline: float) -> BatchResult:
        return await self._driver.run(self._wait_for(batch_id, every, deadline))
