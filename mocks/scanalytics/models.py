"""What Scanalytics is about: people, deployments, arrays of floor sensors, and the devices that read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.django.accounts import Application


class Permission(Enum):
    """What a user may do with a deployment; it is listed only if he may do something."""

    VIEW = "view"
    EDIT = "edit"


METRICS = ("visits", "entrances", "exits", "occupancy", "dwell")
"""What an array can be asked for. Only ``visits`` is documented; the older API had ``entrances`` and ``exits``."""


@dataclass(frozen=True, slots=True)
class User:
    """An account of the dashboard, which is also one of the API."""

    email: str
    password: str = field(repr=False)
    first_name: str
    last_name: str
    timezone: str
    deployments: dict[str, Permission]


@dataclass(frozen=True, slots=True)
class Array:
    """A group of floor sensors measured as one.

    Attributes:
        key: five capitals and digits.
        kind: where it lies.
        width, length: metres.
        visits_per_day: on an ordinary open day.
        stay: mean seconds between an entrance and its exit.
    """

    key: str
    name: str
    deployment: str
    kind: str
    width: float
    length: float
    devices: tuple[str, ...]
    visits_per_day: float
    stay: float


@dataclass(frozen=True, slots=True)
class Device:
    """The controller that reads an array's sensors.

    Attributes:
        phase: the second of the minute at which it reports.
        offline_since: microseconds since 1970; None while it is online.
    """

    key: str
    name: str
    array: str
    deployment: str
    firmware: str
    phase: int
    offline_since: int | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """An installation at a customer's place.

    Attributes:
        opens, closes: local hours between which there is anybody, by weekday from Monday; equal when closed all day.
    """

    key: str
    name: str
    timezone: str
    arrays: tuple[str, ...]
    opens: tuple[int, ...]
    closes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything that stands there at the start of a world."""

    users: dict[str, User]
    applications: tuple[Application, ...]
    deployments: dict[str, Deployment]
    arrays: dict[str, Array]
    devices: dict[str, Device]
