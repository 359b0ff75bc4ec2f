"""What may happen to an array: what it counts does not come in for a while, and then all at once.

An extension of ours (inferred): the vendor does not say that figures change afterwards, but sensors report over
somebody's network, and networks are away at times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from ..core.clock import SECOND
from ..core.happenings import Event, EventError

if TYPE_CHECKING:
    from ..core.clock import Clock
    from .backend import Backend


class Silence(Event, frozen=True, kw_only=True, tag="silence"):
    """What an array counts, or without one all, does not come in from now on: figures stay too small.

    Attributes:
        array: its key.
    """

    array: str | UnsetType = UNSET


class Delivery(Event, frozen=True, kw_only=True, tag="delivery"):
    """What was counted in a silence comes in, and figures are corrected afterwards, without a word.

    Attributes:
        array: its key; without one all that are silent.
    """

    array: str | UnsetType = UNSET


class Happenings:
    """What happens to one world's arrays."""

    kinds = (Silence, Delivery)

    def __init__(self, backend: Backend, clock: Clock) -> None:
        self._backend = backend
        self._clock = clock

    def happen(self, event: Silence | Delivery) -> None:
        """Let it happen now."""
        arrays, silent = self._backend.estate.arrays, self._backend.silent
        if event.array is not UNSET and event.array not in arrays:
            raise EventError(f"there is no array {event.array!r}; `GET /state/scanalytics` lists them")
        meant = arrays if event.array is UNSET else [event.array]
        if isinstance(event, Silence):
            for key in meant:
                silent.setdefault(key, self._clock.micros() // SECOND)
            return
        found = [key for key in meant if key in silent]
        if not found:
            raise EventError("nothing is silent there")
        for key in found:
            del silent[key]
