"""What can be asked of Streetlight.Vision: each operation knows its method and how to read the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..core.errors import UsageError
from .logs import LogWalk, read_log
from .methods import identity
from .reading import plain, value_of
from .wire import (
    read_batch,
    read_controllers,
    read_descriptors,
    read_device,
    read_devices,
    read_geozone,
    read_geozones,
    read_list_of_named,
    read_pairs,
    read_report,
    read_user,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime, time, timedelta

    from ..core.reading import Node
    from ..core.steps import Call, Steps
    from .methods import Arguments, Dialect, Value
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

CATEGORY: Final = "STREETLIGHT_DIMMING"
"""Of schedules and schedulers."""

FLAGS: Final = 7
"""What clients commission a controller with: everything."""

LIMIT: Final = 1_000
"""Results of a search, unless more are asked for."""


class Operations:
    """The operations of Streetlight.Vision.

    Args:
        ask: Sends a call and reads its answer.
        dialect: How methods are called.
    """

    def __init__(self, ask: Callable[[Call], Steps[Node]], dialect: Dialect) -> None:
        self._ask = ask
        self._dialect = dialect

    def raw(self, service: str, method: str, arguments: Arguments | None, *, writes: bool) -> Steps[Any]:
        """Any method, and its answer as it is."""
        return plain((yield from self._ask(self._dialect.call(service, method, arguments, writes=writes))))

    # Accounts and the server

    def user(self) -> Steps[User]:
        """Who is asking."""
        return read_user((yield from self._read("userprofile", "getCurrentUser")))

    def server_properties(self, names: Sequence[str]) -> Steps[dict[str, str | None]]:
        """What the server says of itself."""
        node = yield from self._read("config", "getServerProperties", {"name": list(names)})
        return read_pairs(node)

    # The estate

    def geozones(self) -> Steps[list[GeoZone]]:
        """All geozones."""
        return read_geozones((yield from self._read("asset", "getAllGeozones")))

    def geozone_root(self) -> Steps[GeoZone]:
        """The geozone that holds all others."""
        return read_geozone((yield from self._read("asset", "getGeoZoneRoot")))

    def geozone_children(self, geozone_id: int) -> Steps[list[GeoZone]]:
        """The geozones right below one."""
        return read_geozones((yield from self._read("asset", "getGeozoneChildrenGeozones", {"geozoneId": geozone_id})))

    def search_geozones(self, name: str, *, partial: bool) -> Steps[list[GeoZone]]:
        """Geozones by name."""
        given: Arguments = {"name": name, "partialMatch": partial}
        return read_geozones((yield from self._read("asset", "searchGeozones", given)))

    def controllers(self) -> Steps[list[Controller]]:
        """All controllers."""
        return read_controllers((yield from self._read("asset", "getAllControllers")))

    def devices(self, geozone_id: int, *, recurse: bool, categories: Sequence[str]) -> Steps[list[Device]]:
        """Devices of a geozone."""
        given: Arguments = {"geozoneId": geozone_id, "recurse": recurse, "categoryStrId": list(categories)}
        return read_devices((yield from self._read("asset", "getGeozoneDevices", given)))

    def controller_devices(self, controller: str) -> Steps[list[Device]]:
        """Devices of a controller."""
        return read_devices((yield from self._read("asset", "getControllerDevices", {"controllerStrId": controller})))

    def devices_in_bounds(
        self, lat: tuple[float, float], lng: tuple[float, float], limit: int | None
    ) -> Steps[list[Device]]:
        """Devices in a rectangle."""
        if lat[0] > lat[1] or lng[0] > lng[1]:
            raise UsageError("bounds go from the lower to the higher degree")
        given: Arguments = {"latMin": lat[0], "latMax": lat[1], "lngMin": lng[0], "lngMax": lng[1], "maxDevices": limit}
        return read_devices((yield from self._read("asset", "getDevicesInBounds", given)))

    def device(self, device: DeviceRef) -> Steps[Device]:
        """One device."""
        return read_device((yield from self._read("asset", "getDevice", identity(device))))

    def search_devices(
        self, name: str, value: str, operator: str, geozone_id: int | None, *, recurse: bool, limit: int
    ) -> Steps[list[Device]]:
        """Devices by a value of theirs."""
        given: Arguments = {
            "geozoneId": geozone_id,
            "recurse": recurse,
            "maxResults": limit,
            "returnedInfo": "devicesList",
            "attributeName": name,
            "attributeOperator": operator,
            "attributeValue": value,
        }
        return read_devices(value_of((yield from self._read("asset", "searchDevicesExt", given))))

    def create_device(
        self,
        device: DeviceRef,
        name: str,
        category: str,
        geozone_id: int,
        lat: float,
        lng: float,
        node_type: str | None,
    ) -> Steps[Device]:
        """Make a device."""
        given = identity(
            device,
            userName=name,
            categoryStrId=category,
            geoZoneId=geozone_id,
            nodeTypeStrId=node_type,
            lat=lat,
            lng=lng,
        )
        return read_device((yield from self._write("assetmanagement", "createCategoryDevice", given)))

    def delete_device(self, device: DeviceRef) -> Steps[None]:
        """Delete a device."""
        yield from self._write("assetmanagement", "deleteDevice", identity(device))

    def create_geozone(
        self, name: str, parent_id: int, lat: tuple[float, float] | None, lng: tuple[float, float] | None
    ) -> Steps[GeoZone]:
        """Make a geozone."""
        (south, north), (west, east) = lat or (None, None), lng or (None, None)
        bounds: Arguments = {"latMin": south, "latMax": north, "lngMin": west, "lngMax": east}
        given: Arguments = {"name": name, "parentId": parent_id, **bounds}
        return read_geozone((yield from self._write("assetmanagement", "createGeozone", given)))

    def delete_geozone(self, geozone_id: int, *, pull_up: bool) -> Steps[None]:
        """Delete a geozone."""
        given: Arguments = {"geozoneId": geozone_id, "pullUpContent": pull_up}
        yield from self._write("assetmanagement", "deleteGeozone", given)

    # The log

    def log(
        self, device_ids: Iterable[int], names: Iterable[str], start: datetime, end: datetime, span: timedelta
    ) -> LogWalk:
        """Begin to walk over the log; nothing is sent yet."""

        def ask(ids: Sequence[int], values: Sequence[str], first: str, last: str) -> Steps[Node]:
            given: Arguments = {"deviceId": ids, "name": values, "from": first, "to": last}
            return self._read("logging", "getDevicesLogValues", given)

        return LogWalk(ask, device_ids, names, start, end, span, self._dialect.zone)

    def last_values(self, device: DeviceRef, names: Sequence[str]) -> Steps[list[LogValue]]:
        """The newest value of each name."""
        given = identity(device, valueNames=list(names))
        node = yield from self._read("logging", "getDeviceLastValues", given)
        return read_log(node, self._dialect.zone)

    def descriptors(self, device: DeviceRef) -> Steps[list[ValueDescriptor]]:
        """What values a device has."""
        return read_descriptors((yield from self._read("logging", "getDeviceValueDescriptors", identity(device))))

    def set_values(
        self,
        device: DeviceRef,
        values: Mapping[str, Value],
        event_time: datetime | None,
        *,
        log: bool,
        comment: str | None,
    ) -> Steps[None]:
        """Write values of a device."""
        if not values:
            raise UsageError("there is nothing to set")
        given = identity(
            device,
            valueName=list(values),
            value=list(values.values()),
            doLog=log,
            eventTime=event_time,
            comment=comment,
        )
        yield from self._write("loggingmanagement", "setDeviceValues", given)

    def import_csv(self, csv: str) -> Steps[BatchResult]:
        """Begin to import devices."""
        if not csv.strip():
            raise UsageError("there is nothing to import")
        call = self._dialect.call("loggingmanagement", "importDevicesFromCsvFileAsync", writes=True, csv=csv)
        return read_batch((yield from self._ask(call)))

    # Lights

    def light(self, method: str, device: DeviceRef) -> Steps[None]:
        """Tell a light something that needs no more words."""
        yield from self._write("dimming", method, identity(device))

    def set_dimming(self, device: DeviceRef, level: float) -> Steps[None]:
        """Dim a light."""
        given = identity(device, dimmingLevel=percentage(level))
        yield from self._write("dimming", "setDimmingLevels", given)

    def replace_node(self, device: DeviceRef, network_id: str) -> Steps[None]:
        """Put another node into the place of a light's."""
        given = identity(device, newNetworkId=network_id)
        yield from self._write("monitoringmanagement", "replaceOLCs", given)

    # Commissioning

    def commission(self, controller: str, flags: int) -> Steps[BatchResult]:
        """Begin to commission a controller."""
        given: Arguments = {"controllerStrId": controller, "flags": flags}
        return read_batch((yield from self._write("controllermanagement", "commissionControllerAsync", given)))

    def commission_devices(self, controller: str, names: Sequence[str]) -> Steps[BatchResult]:
        """Begin to commission some devices of a controller."""
        given: Arguments = {"controllerStrId": controller, "idOnController": list(names)}
        return read_batch(
            (yield from self._write("controllermanagement", "commissionControllerDevicesListAsync", given))
        )

    def batch(self, batch_id: str) -> Steps[BatchResult]:
        """How far a batch is. Older servers call the one parameter `batch`; what they do not know they ignore."""
        return read_batch((yield from self._read("batch", "getBatchResult", {"batchId": batch_id, "batch": batch_id})))

    # Schedules, and schedulers, which say when which schedule holds

    def schedules(self) -> Steps[list[Named]]:
        """All schedules."""
        node = yield from self._read("dimmingscheduler", "getSchedules", {"category": CATEGORY})
        return read_list_of_named(value_of(node))

    def create_schedule(self, name: str, timeline: str, description: str | None) -> Steps[int]:
        """Make a schedule."""
        given: Arguments = {"name": name, "category": CATEGORY, "timeline": timeline, "description": description}
        return value_of((yield from self._write("dimmingscheduler", "createSchedule", given))).integer()

    def add_sun_event(self, schedule_id: int, level: float, event: str, offset_s: int) -> Steps[None]:
        """Have a schedule dim by the sun."""
        sun: Arguments = {"startSunEvent": event, "startOffsetInSeconds": offset_s}
        given: Arguments = {"scheduleId": schedule_id, "level": percentage(level), **sun}
        yield from self._write("dimmingscheduler", "addSunEventDayTimeScheduleEvent", given)

    def add_time_event(self, schedule_id: int, level: float, at: time) -> Steps[None]:
        """Have a schedule dim by the clock."""
        when = {"startHour": at.hour, "startMinute": at.minute, "startSecond": at.second}
        given: Arguments = {"scheduleId": schedule_id, "level": percentage(level), **when}
        yield from self._write("dimmingscheduler", "addAbsoluteDayTimeScheduleEvent", given)

    def delete_schedule(self, schedule_id: int) -> Steps[None]:
        """Delete a schedule."""
        yield from self._write("dimmingscheduler", "deleteSchedule", {"scheduleId": schedule_id})

    def schedulers(self) -> Steps[list[Named]]:
        """All schedulers."""
        node = yield from self._read("dimmingscheduler", "getSchedulers", {"category": CATEGORY})
        return read_list_of_named(value_of(node))

    def create_scheduler(self, name: str, description: str | None) -> Steps[int]:
        """Make a scheduler."""
        given: Arguments = {"name": name, "category": CATEGORY, "description": description}
        return value_of((yield from self._write("dimmingscheduler", "createScheduler", given))).integer()

    def add_yearly(
        self, scheduler_id: int, schedule_id: int, first: tuple[int, int], last: tuple[int, int]
    ) -> Steps[None]:
        """Have a schedule hold every year from a day to a day."""
        begin, end = _day("from", first), _day("to", last)
        given: Arguments = {"schedulerId": scheduler_id, "scheduleId": schedule_id, **begin, **end}
        yield from self._write("dimmingscheduler", "addEveryYearSchedulerItemAt", given)

    def delete_scheduler(self, scheduler_id: int) -> Steps[None]:
        """Delete a scheduler."""
        yield from self._write("dimmingscheduler", "deleteScheduler", {"schedulerId": scheduler_id})

    def commission_scheduler(self, scheduler_id: int, controller: str) -> Steps[BatchResult]:
        """Begin to load a scheduler into a controller."""
        given: Arguments = {"schedulerId": scheduler_id, "controllerStrId": controller}
        return read_batch((yield from self._write("dimmingscheduler", "commissionControllersSchedulers", given)))

    # Alarms and reports

    def alarm_definitions(self) -> Steps[list[Named]]:
        """All alarm definitions."""
        return read_list_of_named((yield from self._read("alarmmanagement", "getAllAlarmDefinitions")))

    def report(self, arguments: Arguments) -> Steps[Report]:
        """A report."""
        return read_report((yield from self._read("reporting", "getReport", arguments)))

    def _read(self, service: str, method: str, arguments: Arguments | None = None) -> Steps[Node]:
        return self._ask(self._dialect.call(service, method, arguments))

    def _write(self, service: str, method: str, arguments: Arguments) -> Steps[Node]:
        return self._ask(self._dialect.call(service, method, arguments, writes=True))


def percentage(level: float) -> float:
    """Return a dimming level.

    Raises:
        UsageError: It is none.
    """
    if isinstance(level, bool) or not 0 <= level <= 100:
        raise UsageError(f"a level is a percentage from 0 to 100, not {level!r}")
    return level


def _day(which: str, day: tuple[int, int]) -> dict[str, int]:
    month, day_in_month = day
    if not 1 <= month <= 12 or not 1 <= day_in_month <= 31:
        raise UsageError(f"a day of the year is a month and a day, not {day!r}")
    return {f"{which}Month": month, f"{which}DayInMonth": day_in_month}
