"""What may happen to a street light: it fails, in one of the ways in which lights do, or somebody mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from ..core.happenings import Event, EventError
from .models import STREETLIGHT

if TYPE_CHECKING:
    from .backend import Backend
    from .models import Device

HOUR = 3_600

MOST_HOURS = 960
"""Forty days: as long as anything looks back for the beginning of a failure."""


class Failure(Event, frozen=True, tag="failure"):
    """A light fails: it is dark, burns by day (``RelayFailure``), or is silent (``DefaultLostNode``).

    Attributes:
        controller, device: which light.
        failure: how, by the name of the value that tells it.
        hours: after which somebody mends it, if nobody was sent before.
    """

    controller: str
    device: str
    failure: Literal["LampFailure", "BallastFailure", "DefaultLostNode", "RelayFailure"] = "LampFailure"
    hours: Annotated[float, Meta(ge=0.01, le=MOST_HOURS)] = MOST_HOURS


class Repair(Event, frozen=True, tag="repair"):
    """A light is mended, without a work order.

    Attributes:
        controller, device: which light.
    """

    controller: str
    device: str


class Happenings:
    """What happens to one city's lights."""

    kinds = (Failure, Repair)

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def happen(self, event: Failure | Repair) -> None:
        """Let it happen now."""
        backend = self._backend
        backend.settle()
        light = self._light(event)
        if isinstance(event, Failure):
            backend.lights.fail(light, event.failure, backend.now, round(event.hours * HOUR))
        else:
            backend.lights.repair(light, backend.now)

    def _light(self, event: Failure | Repair) -> Device:
        found = self._backend.assets.find(event.controller, event.device)
        if found is None or found.category != STREETLIGHT:
            raise EventError(f"there is no light {event.device!r} on a controller {event.controller!r}")
        return found
