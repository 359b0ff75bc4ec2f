"""Looking again and again: when, and what an outage does to it. No I/O, and no clock of its own.

Looks lie on a grid that begins with the first one, so that neither slow answers nor a slow reader make them drift;
those that were missed meanwhile are left out, not made up for. After a look that failed the next one waits for a
back-off, spread by chance so that clients cut off together do not return together, and then the grid holds again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from .errors import ClientError, NetworkError, NotJson, ServerError, Throttled, UsageError
from .retry import RetryPolicy
from .steps import Sleep

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from .steps import Steps

T = TypeVar("T")

OUTAGES = (NetworkError, ServerError, Throttled, NotJson)
"""What passes by itself. Anything else wants a person, and ends the looking."""

LONGEST = 600.0
"""Seconds between two looks during an outage, at most, unless the cadence itself is slower."""


@dataclass(frozen=True, slots=True)
class Look(Generic[T]):
    """A good look.

    Attributes:
        seen: What it found.
        failures: Looks in a row that failed before it.
    """

    seen: T
    failures: int


class Cadence:
    """When to look.

    Args:
        every: Seconds from look to look.
        clock: Seconds, any origin; only differences count.
        chance: Spreads the back-off.
        until: Asked before each look; true ends the looking.
        on_outage: Told of each look that failed, and of the seconds until the next one.

    Raises:
        UsageError: `every` is no time that could pass.
    """

    def __init__(
        self,
        *,
        every: float,
        clock: Callable[[], float],
        chance: random.Random,
        until: Callable[[], bool] | None = None,
        on_outage: Callable[[ClientError, float], object] | None = None,
    ) -> None:
        if not 0 < every < math.inf:
            raise UsageError(f"a cadence is a positive number of seconds, not {every!r}")
        self._every = every
        self._clock = clock
        self._until = until or _never
        self._on_outage = on_outage
        self._back_off = RetryPolicy(base=every, cap=max(every, LONGEST), chance=chance)
        self._begun: float | None = None
        self._slot = 0
        self._due = -math.inf
        self._failures = 0

    def next(self, look: Callable[[], Steps[T]]) -> Steps[Look[T] | None]:
        """Look when it is time, as often as it takes until a look is good.

        Returns:
            The look; None when `until` has said so.

        Raises:
            ClientError: What no waiting will mend.
        """
        while not self._until():
            if (wait := self._due - self._clock()) > 0:
                yield Sleep(wait)
                if self._until():
                    break
            if self._begun is None:
                self._begun = self._clock()
            try:
                seen = yield from look()
            except OUTAGES as trouble:
                self._put_off(trouble)
                continue
            good = Look(seen, self._failures)
            self._return_to_grid(self._begun)
            return good
        return None

    def hurry(self) -> None:
        """Let the next look not wait for its time: the last one did not see all there is."""
        self._due = -math.inf
        self._slot -= 1  # the slot that was taken for it is still free

    def _put_off(self, trouble: ClientError) -> None:
        self._failures += 1
        delay = self._back_off.delay(self._failures)
        if isinstance(trouble, Throttled):
            delay = max(delay, trouble.retry_after)
        self._due = self._clock() + delay
        if self._on_outage is not None:
            self._on_outage(trouble, delay)

    def _return_to_grid(self, begun: float) -> None:
        """Take the next slot that is still to come; right after an outage, one that is not too close either."""
        now = self._clock()
        earliest = now + self._every / 2 if self._failures else now
        self._slot = max(self._slot + 1, math.floor((earliest - begun) / self._every) + 1)
        self._due = begun + self._slot * self._every
        self._failures = 0


def _never() -> bool:
    return False
