"""What Scanalytics answers, as frozen dataclasses.

Only the payload of `whoami` is documented. **All other field names are inferred**; they stand here and nowhere
else in this client, so that a real sample can replace them in one change. Unknown members are let through,
wrong types are not: each reader raises `UnexpectedResponse` with the name of the member.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from ..core.reading import Node

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

Reading: TypeAlias = "int | float | None"
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class User:
    """Who the token stands for. Documented.

    Attributes:
        email: The login name.
        first_name: As in the account.
        last_name: As in the account.
        timezone: IANA name; used where a request names no zone.
    """

    email: str
    first_name: str
    last_name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class ArrayRef:
    """An array as its deployment lists it."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """An installation that the user may view or edit.

    Attributes:
        key: Addresses it.
        name: For people.
        timezone: IANA name of the place.
        permission: "view" or "edit".
        arrays: What is installed there.
    """

    key: str
    name: str
    timezone: str
    permission: str
    arrays: tuple[ArrayRef, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """A group of floor sensors measured as one.

    Attributes:
        key: The `arrayKey` of aggregate calls.
        name: For people.
        deployment_key: Where it lies.
        type: Such as "entrance".
        width_meters: Across the walking direction.
        length_meters: Along it.
        devices: Keys of the devices that read it.
    """

    key: str
    name: str
    deployment_key: str
    type: str
    width_meters: float
    length_meters: float
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Device:
    """The controller that reads an array's sensors.

    Attributes:
        key: Addresses it.
        name: For people.
        array_key: What it reads.
        deployment_key: Where it is.
        online: Whether it reports now.
        last_seen: When it last did; None if never.
        firmware: Its version.
    """

    key: str
    name: str
    array_key: str
    deployment_key: str
    online: bool
    last_seen: datetime | None
    firmware: str


@dataclass(frozen=True, slots=True)
class Bucket(Generic[V_co]):
    """One value of an aggregate.

    Attributes:
        start: When the bucket begins, with the offset then in force; the only safe key at the end of summer time.
        value: What was measured.
    """

    start: datetime
    value: V_co


@dataclass(frozen=True, slots=True)
class Metric(Generic[V_co]):
    """Something that can be aggregated.

    Attributes:
        name: In the path.
        field: In each bucket.
        read: Takes the value out of that field.
    """

    name: str
    field: str
    read: Callable[[Node], V_co]


def _number_or_null(node: Node) -> float | None:
    return node.nullable(Node.number)


VISITS = Metric("visits", "visits", Node.count)
ENTRANCES = Metric("entrances", "entrances", Node.count)
EXITS = Metric("exits", "exits", Node.count)
OCCUPANCY = Metric("occupancy", "occupancy", Node.count)
DWELL = Metric("dwell", "dwell", _number_or_null)
"""Mean seconds; null where nobody stayed."""

_METRICS: dict[str, Metric[Reading]] = {metric.name: metric for metric in (VISITS, ENTRANCES, EXITS, OCCUPANCY, DWELL)}


def metric_named(name: str) -> Metric[Reading]:
    """Return a metric by name; one we do not know is read as a number or null in a field of its name."""
    return _METRICS.get(name) or Metric(name, name, _number_or_null)


def read_user(node: Node) -> User:
    """Read the answer of `whoami`."""
    return User(
        email=node.member("email").text(),
        first_name=node.member("firstName").text(),
        last_name=node.member("lastName").text(),
        timezone=node.member("timezone").text(),
    )


def read_deployment(node: Node) -> Deployment:
    """Read one deployment."""
    return Deployment(
        key=node.member("key").text(),
        name=node.member("name").text(),
        timezone=node.member("timezone").text(),
        permission=node.member("permission").text(),
        arrays=tuple(
            ArrayRef(item.member("key").text(), item.member("name").text()) for item in node.member("arrays").items()
        ),
    )


def read_array(node: Node) -> Array:
    """Read one array."""
    return Array(
        key=node.member("key").text(),
        name=node.member("name").text(),
        deployment_key=node.member("deploymentKey").text(),
        type=node.member("type").text(),
        width_meters=node.member("widthMeters").number(),
        length_meters=node.member("lengthMeters").number(),
        devices=tuple(item.text() for item in node.member("devices").items()),
    )


def read_device(node: Node) -> Device:
    """Read one device."""
    return Device(
        key=node.member("key").text(),
        name=node.member("name").text(),
        array_key=node.member("arrayKey").text(),
        deployment_key=node.member("deploymentKey").text(),
        online=node.member("online").boolean(),
        last_seen=node.member("lastSeen").nullable(Node.moment),
        firmware=node.member("firmware").text(),
    )


def read_buckets(node: Node, metric: Metric[V_co]) -> list[Bucket[V_co]]:
    """Read the answer of an aggregate; the buckets must ascend."""
    buckets: list[Bucket[V_co]] = []
    for item in node.items():
        start = item.member("start")
        bucket = Bucket(start.moment(), metric.read(item.member(metric.field)))
        if buckets and bucket.start <= buckets[-1].start:
            raise start.unexpected("not later than the bucket before")
        buckets.append(bucket)
    return buckets
