"""What iNode is about: companies and their people, roadside devices, and the links between them.

A crowdsourced link has a status, and it moves by schedule::

                     ┌──────────────────────── next day ────────────────────────┐
                     v                                                          │
    any ──> DISABLED ──> any      SCHEDULED ──opens──> COLLECTING ──closes──> COLLECTED
                                      │                    │
                                      └── out of credit ───┴──> NOT_COLLECTED ──next day──> SCHEDULED, COLLECTING

Source of the five: the vendor's guide to links (public); what moves a link from one to the next is inferred.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.django.accounts import Application

STEP = 300
"""Seconds between two values of a link (inferred); bounds of schedules and outages are multiples of it."""

REPORT = 60
"""Seconds between two reports of a device (inferred)."""

GONE_AFTER = 1_800
"""Seconds after its last report when a device counts as offline: three intervals of ten minutes (public)."""

INSTALLED = 1_451_606_400
"""2016-01-01T00:00Z, from when on there is anything: earlier, nothing was measured."""

DAY_MINUTES = 1_440


class Status(Enum):
    """Whether a crowdsourced link collects."""

    DISABLED = "disabled"
    SCHEDULED = "scheduled"
    COLLECTING = "collecting"
    COLLECTED = "collected"
    NOT_COLLECTED = "not_collected"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DISABLED: frozenset({Status.SCHEDULED, Status.COLLECTING, Status.COLLECTED, Status.NOT_COLLECTED}),
    Status.SCHEDULED: frozenset({Status.COLLECTING, Status.NOT_COLLECTED, Status.DISABLED}),
    Status.COLLECTING: frozenset({Status.COLLECTED, Status.NOT_COLLECTED, Status.DISABLED}),
    Status.COLLECTED: frozenset({Status.SCHEDULED, Status.DISABLED}),
    Status.NOT_COLLECTED: frozenset({Status.SCHEDULED, Status.COLLECTING, Status.DISABLED}),
}
"""What may follow what, from one step to the next."""


class Source(Enum):
    """Where a link's values come from."""

    SENSOR = "sensor"
    CROWDSOURCED = "crowdsourced"


class Role(Enum):
    """What a user is in his company."""

    OWNER = "owner"
    USER = "user"


@dataclass(frozen=True, slots=True)
class User:
    """An account of the dashboard, which is also one of the API.

    Attributes:
        api_key: the owner's, who alone sees one.
        active: whether he may log in and use his key.
    """

    email: str
    password: str = field(repr=False)
    company: str
    role: Role
    api_key: str = field(repr=False, default="")
    active: bool = True


@dataclass(frozen=True, slots=True)
class Grid:
    """A part of the city under which links and devices are filed."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a crowdsourced link collects.

    Attributes:
        opens, closes: minutes of the local day, multiples of five. All day, or well within it: at night clocks change.
        days: for each weekday from Monday, whether it collects at all; who collects all day does so every day.

    Raises:
        ValueError: It is otherwise.
    """

    opens: int
    closes: int
    days: tuple[bool, ...]

    def __post_init__(self) -> None:
        all_day = (self.opens, self.closes) == (0, DAY_MINUTES)
        if not all_day and not 5 * 60 <= self.opens < self.closes <= 22 * 60:
            raise ValueError(f"a schedule is all day or lies between 5:00 and 22:00: {self.opens} to {self.closes}")
        if self.opens % 5 or self.closes % 5:
            raise ValueError("a schedule keeps to steps of five minutes")
        if len(self.days) != 7 or not (all(self.days) if all_day else any(self.days)):
            raise ValueError("a schedule has seven days and is on for one of them, or for all if it is all day")


@dataclass(frozen=True, slots=True)
class Device:
    """A sensor by the road.

    Attributes:
        phase: seconds before the full minute at which it reports, from 1 to 59.
        live: whether its detections go into live data.
        gone_since: seconds since 1970, from when on it is away for good; None while nothing such happened.
    """

    id: int
    company: str
    name: str
    vpn_ip: str
    note: str
    city: str
    country: str
    zone: str
    grid: Grid | None
    latitude: float
    longitude: float
    phase: int
    live: bool
    gone_since: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """A stretch of road with a direction.

    Attributes:
        sources: where its values come from, the default one first.
        origin, destination: devices between which vehicles are recognised; None without sensors.
        metres: its length, a multiple of ten.
        free_flow: km/h.
        schedule: of a crowdsourced link.
        disabled_since: seconds since 1970, from when on it is disabled for good; None while nothing such happened.
    """

    id: int
    company: str
    name: str
    sources: tuple[Source, ...]
    origin: int | None
    destination: int | None
    metres: int
    free_flow: float
    grid: Grid | None
    zone: str
    schedule: Schedule | None
    disabled_since: int | None


@dataclass(frozen=True, slots=True)
class Company:
    """A customer.

    Attributes:
        links, devices: in ascending order of their ids.
    """

    key: str
    zone: str
    links: tuple[Link, ...]
    devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything that stands there at the start of a world."""

    users: dict[str, User]
    applications: tuple[Application, ...]
    companies: dict[str, Company]
