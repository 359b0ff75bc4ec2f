"""What iNode answers, as frozen dataclasses.

The vendor publishes the paths of links and devices, but no payload. **All field names and units are inferred**; they
stand here and nowhere else in this client, so that a real sample can replace them in one change. Unknown members and
unknown words of an enumeration are let through, wrong types are not: each reader raises `UnexpectedResponse` with the
name of the member. What may be unknown or unmeasured is None, whether the vendor writes null or leaves it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self, TypeVar

from ..core.reading import Node

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

T = TypeVar("T")


class _OpenEnum(StrEnum):
    """An enumeration that may grow: a word that is not in it becomes a member that `is_known` tells apart."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this client has heard of it."""
        return self._value_ in type(self)._value2member_map_


class LinkStatus(_OpenEnum):
    """How far a crowdsourced link is with its collecting."""

    DISABLED = "disabled"
    """Does not collect, even if scheduled."""
    SCHEDULED = "scheduled"
    COLLECTING = "collecting"
    COLLECTED = "collected"
    NOT_COLLECTED = "not_collected"
    """Should have, but did not; as when the company's credit for the source ran out."""


class DataSource(_OpenEnum):
    """Where a link's travel times come from."""

    SENSOR = "sensor"
    CROWDSOURCED = "crowdsourced"


@dataclass(frozen=True, slots=True)
class Grid:
    """A group of links and devices."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Link:
    """A stretch of road that travel times are measured on.

    Attributes:
        id: Addresses it.
        name: For people.
        enabled: A disabled link is no longer updated.
        status: None for a link that sensors alone measure.
        data_sources: One or several.
        default_data_source: The one that is displayed.
        origin_device: Id of the sensor where it begins; None without sensors.
        destination_device: Id of the sensor where it ends; None likewise.
        distance_km: Kilometres along the road.
        free_flow_speed_kmh: Kilometres an hour on an empty road.
        grid: Its group, if any.
        time_zone: IANA name of the place.
        last_travel_time: Over the whole link, in the last interval; None if nothing was measured.
        last_speed_kmh: Kilometres an hour, likewise.
        last_count: Vehicles measured in that interval.
        last_updated: When; with an offset.
    """

    id: int
    name: str
    enabled: bool
    status: LinkStatus | None
    data_sources: tuple[DataSource, ...]
    default_data_source: DataSource | None
    origin_device: int | None
    destination_device: int | None
    distance_km: float
    free_flow_speed_kmh: float | None
    grid: Grid | None
    time_zone: str
    last_travel_time: timedelta | None
    last_speed_kmh: float | None
    last_count: int | None
    last_updated: datetime | None


@dataclass(frozen=True, slots=True)
class Device:
    """A sensor at the roadside.

    Attributes:
        id: Addresses it.
        name: For people.
        online: Whether it is connected now; if not, its readings are its last ones.
        live: Whether its detections are processed as they come.
        vpn_ip: Its address in the vendor's network.
        input_voltage_v: Volts.
        current_consumption_a: Amperes.
        ambient_temperature_c: Degrees Celsius.
        cpu_temperature_c: Degrees Celsius.
        grid: Its group, if any.
        note: Free text.
        city: Where it stands.
        country: ISO 3166 code of two letters.
        time_zone: IANA name of the place.
        latitude: Degrees, north positive.
        longitude: Degrees, east positive.
        last_seen: When it last reported; with an offset, None if never.
    """

    id: int
    name: str
    online: bool
    live: bool
    vpn_ip: str | None
    input_voltage_v: float | None
    current_consumption_a: float | None
    ambient_temperature_c: float | None
    cpu_temperature_c: float | None
    grid: Grid | None
    note: str
    city: str | None
    country: str | None
    time_zone: str
    latitude: float | None
    longitude: float | None
    last_seen: datetime | None


def read_link(node: Node) -> Link:
    """Read one link."""
    return Link(
        id=node.member("id").integer(),
        name=node.member("name").text(),
        enabled=node.member("enabled").boolean(),
        status=_perhaps(node, "status", _status),
        data_sources=tuple(_source(item) for item in node.member("data_sources").items()),
        default_data_source=_perhaps(node, "default_data_source", _source),
        origin_device=_perhaps(node, "origin_device", Node.integer),
        destination_device=_perhaps(node, "destination_device", Node.integer),
        distance_km=node.member("distance").number(),
        free_flow_speed_kmh=_perhaps(node, "free_flow_speed", Node.number),
        grid=_perhaps(node, "grid", _grid),
        time_zone=node.member("time_zone").text(),
        last_travel_time=_perhaps(node, "last_travel_time", Node.duration),
        last_speed_kmh=_perhaps(node, "last_speed", Node.number),
        last_count=_perhaps(node, "last_count", Node.count),
        last_updated=_perhaps(node, "last_updated", Node.moment),
    )


def read_device(node: Node) -> Device:
    """Read one device."""
    return Device(
        id=node.member("id").integer(),
        name=node.member("name").text(),
        online=node.member("online").boolean(),
        live=node.member("live").boolean(),
        vpn_ip=_perhaps(node, "vpn_ip", Node.text),
        input_voltage_v=_perhaps(node, "input_voltage", Node.number),
        current_consumption_a=_perhaps(node, "current_consumption", Node.number),
        ambient_temperature_c=_perhaps(node, "ambient_temperature", Node.number),
        cpu_temperature_c=_perhaps(node, "cpu_temperature", Node.number),
        grid=_perhaps(node, "grid", _grid),
        note=_perhaps(node, "note", Node.text) or "",
        city=_perhaps(node, "city", Node.text),
        country=_perhaps(node, "country", Node.text),
        time_zone=node.member("time_zone").text(),
        latitude=_perhaps(node, "latitude", Node.number),
        longitude=_perhaps(node, "longitude", Node.number),
        last_seen=_perhaps(node, "last_seen", Node.moment),
    )


def _perhaps(node: Node, name: str, read: Callable[[Node], T]) -> T | None:
    member = node.present(name)
    return None if member is None else read(member)


def _status(node: Node) -> LinkStatus:
    return LinkStatus(node.text())


def _source(node: Node) -> DataSource:
    return DataSource(node.text())


def _grid(node: Node) -> Grid:
    return Grid(id=node.member("id").integer(), name=node.member("name").text())
