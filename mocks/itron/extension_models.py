"""What the extension is about: event rules, subscriptions, deliveries and simulations (inferred, all of it).

A delivery has a life::

    PENDING ──2xx──> DELIVERED        PENDING ──refused, or tried too often──> DROPPED
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .matching import Value

MOST_EVENTS = 1_000
"""Event rules of all tenants together; so with the others."""

MOST_SUBSCRIPTIONS = 200

MOST_PENDING = 10_000
"""Deliveries that wait; one more is dropped at once."""

MOST_FINISHED = 1_000
"""Deliveries of one subscription that are remembered when they are over, and shown in one answer."""

MOST_SIMULATIONS = 100
MOST_SIMULATED = 1_000
"""Devices of one simulation."""

MOST_STEPS = 1_000_000
LONGEST_INTERVAL = 86_400


@dataclass(frozen=True, slots=True)
class Event:
    """A rule.

    Attributes:
        device_type: that it is for; None for any.
        sensor: a member of an observation.
        operator: one of ``matching.OPERATORS``.
        value: that it is held against.
        raw: the value as it was written.
    """

    id: str
    name: str
    device_type: str | None
    sensor: str
    operator: str
    value: Value
    raw: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told of an event.

    Attributes:
        event_id: of which.
        url: where to.
        headers: that go with each request, beside the fake's own.
        client: the application that made it.
    """

    id: str
    event_id: str
    url: str
    headers: tuple[tuple[str, str], ...]
    client: str


class State(Enum):
    """Where a delivery stands in its life."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DROPPED = "dropped"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.DELIVERED, State.DROPPED}),
    State.DELIVERED: frozenset(),
    State.DROPPED: frozenset(),
}
"""What may follow what."""


class Attempt(NamedTuple):
    """One time that a delivery was sent.

    Attributes:
        at: when, in microseconds since 1970.
        status: what the receiver answered; None if it did not.
        error: why there is no status; empty while it is under way.
        counts: it failed, and uses up one of the retries; one that a killed process began does not.
    """

    at: int
    status: int | None = None
    error: str = ""
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a subscriber was, or is to be, told once.

    Attributes:
        timestamp: of the observation, as it was posted.
    """

    id: str
    event_id: str
    subscription_id: str
    device_id: str
    timestamp: str
    state: State
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a simulation is to be.

    Attributes:
        template_id: whose sensors its devices have.
        devices: how many.
        interval: seconds between two steps.
        steps: how many; None for as long as it is there.
        seed: of its readings; None for one of the world's.
    """

    template_id: str
    devices: int
    interval: int
    steps: int | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class Simulation:
    """Devices that post a reading at each step.

    Attributes:
        tenant: whose it is.
        sensors: that each device has.
        devices: their ids.
        start: when it was made, in microseconds; its step n is n intervals later.
        step: how many were made.
    """

    id: str
    tenant: str
    template_id: str
    sensors: tuple[str, ...]
    devices: tuple[str, ...]
    interval: int
    steps: int | None
    seed: int
    start: int
    step: int = 0
