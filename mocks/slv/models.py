"""What SLV is about: geozones, controllers, the devices on them, and what people do with them.

A batch, an alarm and a work order each have a life::

    RUNNING ──> DONE, FAILED
    RAISED ──> ACKNOWLEDGED ──> CLOSED      RAISED ──> CLOSED
    OPEN ──> DONE, CANCELLED
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

ROOT = 1
"""The geozone that holds all others."""

STREETLIGHT, CONTROLLER, METER = "streetlight", "controllerdevice", "electricalCounter"
CONTROLLER_DEVICE = "controllerdevice"
"""What a controller is called on itself (public)."""

CATEGORY = "STREETLIGHT_DIMMING"

REPORT = 900
"""Seconds between two reports of a lamp's meter (inferred)."""

DAY = 86_400


class BatchState(Enum):
    """Where a batch stands."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class AlarmState(Enum):
    """Where an alarm stands."""

    RAISED = "RAISED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    CLOSED = "CLOSED"


class OrderState(Enum):
    """Where a work order stands."""

    OPEN = "OPEN"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


TRANSITIONS: dict[Enum, frozenset[Enum]] = {
    BatchState.RUNNING: frozenset({BatchState.DONE, BatchState.FAILED}),
    BatchState.DONE: frozenset(),
    BatchState.FAILED: frozenset(),
    AlarmState.RAISED: frozenset({AlarmState.ACKNOWLEDGED, AlarmState.CLOSED}),
    AlarmState.ACKNOWLEDGED: frozenset({AlarmState.CLOSED}),
    AlarmState.CLOSED: frozenset(),
    OrderState.OPEN: frozenset({OrderState.DONE, OrderState.CANCELLED}),
    OrderState.DONE: frozenset(),
    OrderState.CANCELLED: frozenset(),
}
"""What may follow what."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Something with an id that is kept as it is."""

    id: int


class Geozone(Document, frozen=True, kw_only=True):
    """Part of the city."""

    name: str
    parent: int | None
    lat_min: float
    lat_max: float
    lng_min: float
    lng_max: float


class Device(Document, frozen=True, kw_only=True):
    """A luminaire, a controller, or a meter.

    Attributes:
        properties: what is known of it by value names, besides what stands here.
        watts: what its lamp draws at full light.
        installed: since when it burns, in seconds since 1970.
    """

    name: str
    category: str
    controller: str
    on_controller: str
    geozone: int
    lat: float
    lng: float
    node_type: str | None = None
    technology: str | None = None
    model: str | None = None
    function: str | None = None
    address: str | None = None
    watts: int = 0
    installed: int = 0
    properties: dict[str, str] = msgspec.field(default_factory=dict[str, str])

    @property
    def key(self) -> tuple[str, str]:
        """Who it is: its controller, and its id there (public)."""
        return self.controller, self.on_controller


class Event(msgspec.Struct, frozen=True):
    """When a schedule changes the light.

    Attributes:
        level: percent.
        anchor: ``SUNRISE``, ``SUNSET``, or empty for midnight.
        seconds: after the anchor; negative before it.
    """

    level: int
    anchor: str
    seconds: int


class Schedule(Document, frozen=True, kw_only=True):
    """A control program: one day, or one night.

    Attributes:
        timeline: ``T_00_24`` from midnight, or ``T_12_12`` from noon.
    """

    name: str
    timeline: str
    color: str = "#ffffffff"
    description: str = ""
    events: tuple[Event, ...] = ()


class Item(msgspec.Struct, frozen=True):
    """On which days a calendar has which schedule; a month of 0 stands for every month."""

    schedule: int
    from_month: int
    from_day: int
    to_month: int
    to_day: int


class Scheduler(Document, frozen=True, kw_only=True):
    """A calendar; of several items that fit a day the last holds."""

    name: str
    description: str = ""
    items: tuple[Item, ...] = ()


class Batch(Document, frozen=True, kw_only=True):
    """Something that takes its time.

    Attributes:
        kind: ``import``, ``commission`` or ``schedulers``.
        due: when it ends, in microseconds since 1970.
        detail: what there is to do; gone once it is done.
    """

    kind: str
    due: int
    state: BatchState
    message: str | None = None
    detail: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class Definition(Document, frozen=True, kw_only=True):
    """When to raise an alarm."""

    name: str
    trigger: str
    action: str
    properties: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class Alarm(Document, frozen=True, kw_only=True):
    """Something that somebody should look at. Times in seconds since 1970.

    Attributes:
        source: the failure or value that raised it.
        since: when that began; with the device and the source it says which alarm this is.
    """

    definition: int
    name: str
    device: int
    source: str
    since: int
    raised: int
    state: AlarmState
    acknowledged: int | None = None
    closed: int | None = None
    user: str | None = None


class Order(Document, frozen=True, kw_only=True):
    """Work for somebody with a ladder. Times in seconds since 1970."""

    title: str
    device: int
    alarm: int | None
    created: int
    state: OrderState
    user: str
    closed: int | None = None
    comment: str | None = None


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account."""

    login: str
    password: str
    first_name: str
    last_name: str
    email: str
    profile: str
    phone: str = ""

    def __repr__(self) -> str:
        """Without the password."""
        return f"User({self.login!r})"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What several accounts share; ``blockedActions`` among its properties is what they may not do (public)."""

    name: str
    properties: dict[str, str]

    @property
    def blocked(self) -> frozenset[str]:
        """The blocked actions, each as ``SLVAssetManagementAPI!deleteDevice``."""
        return frozenset(self.properties.get("blockedActions", "").split(","))
