"""What Itron is about: tenants, the mesh devices that they own, and what those measure.

A token has a life::

    LIVE ──time──> EXPIRED        LIVE, EXPIRED ──revoke──> REVOKED
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_DEVICES = 250_000
"""Devices of all tenants together, on the platform; one more is refused (the vendor's bound is not known)."""

MOST_TEMPLATES = 10_000


@dataclass(frozen=True, slots=True)
class Tenant:
    """One customer, with the application that acts for it.

    Attributes:
        id: ``TN`` and a UUID.
        client_id: a lower-case UUID.
        client_secret: 54 characters of base64, without padding.
    """

    id: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with a name and a password at the MQTT broker, who sees every device of the network (CAAS, public)."""

    username: str
    password: str


class State(Enum):
    """Where a token stands in its life."""

    LIVE = "live"
    EXPIRED = "expired"
    REVOKED = "revoked"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.LIVE: frozenset({State.EXPIRED, State.REVOKED}),
    State.EXPIRED: frozenset({State.REVOKED}),
    State.REVOKED: frozenset(),
}
"""What may follow what."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Who calls, once the authorizer let him in.

    Attributes:
        tenant: whose data these are.
        client_id: the application.
        resources: what its token allows.
    """

    tenant: str
    client_id: str
    resources: tuple[str, ...]


class Place(NamedTuple):
    """A solution: a name in a tenant's data."""

    tenant: str
    solution: str


class Device(NamedTuple):
    """A device of the platform.

    Attributes:
        id: a UUID.
        kind: its type.
        mac: which mesh device it stands for, if for one.
        document: the whole of it as JSON.
    """

    id: str
    kind: str
    mac: str | None
    document: bytes


class Sensor(Enum):
    """A sensor of a mesh device: the key by which the mesh names it, and its resource on the device (public)."""

    TEMPERATURE = ("temp", "/snsr/arduino/temp")
    ECHO = ("echo", "/snsr/arduino/echo")
    METHANE = ("ncmth1", "/snsr/rl78/methane")
    TILT = ("lnic", "/snsr/logis/sens")

    def __init__(self, key: str, path: str) -> None:
        self.key = key
        self.path = path

    @property
    def periodic(self) -> bool:
        """Whether it reports by itself; the echo sensor only answers and pushes."""
        return self is not Sensor.ECHO


@dataclass(frozen=True, slots=True)
class MeshDevice:
    """A network interface card in the mesh with its board of sensors.

    Attributes:
        mac: 16 lower-case hex digits.
        tenant: whose it is.
        number: its place among the tenant's devices, which also says when it reports.
        sensors: what is on its board.
    """

    mac: str
    tenant: str
    number: int
    sensors: tuple[Sensor, ...]


class Reading(NamedTuple):
    """What a sensor measured at one moment: made once, and the same over every protocol.

    Attributes:
        device: where.
        sensor: by which of its sensors.
        second: when, in seconds since 1970.
        values: in domain terms, as ``readings`` lists them by sensor.
    """

    device: MeshDevice
    sensor: Sensor
    second: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation as it came in.

    Attributes:
        at: its timestamp, in microseconds since 1970.
        raw: the JSON object, byte for byte.
        tags: its tags.
        names_device: it has a member ``deviceId`` of its own.
    """

    at: int
    raw: bytes
    tags: tuple[str, ...] = ()
    names_device: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """Observations of one device that were just stored, for whoever wants to act on them."""

    place: Place
    device_id: str
    observations: Sequence[Observation]


@dataclass(frozen=True, slots=True)
class Window:
    """Which observations are asked for; times in microseconds, half-open.

    Attributes:
        tag: that they must have, if not None.
    """

    start: int
    end: int
    tag: str | None = None


class Cursor(NamedTuple):
    """Where a page ended: its last observation, and up to which one a list of newest ones looks (0: any)."""

    at: int
    seq: int
    newest: int


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list of observations: their JSON, and where the next page begins, if there is one."""

    items: Sequence[bytes]
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Template:
    """A device template."""

    id: str
    name: str
    sensors: tuple[str, ...]
