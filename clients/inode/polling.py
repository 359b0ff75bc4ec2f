"""Looking again and again: when, and what to make of it. No I/O, and no clock of its own.

Looks lie on a grid that begins with the first one, so that neither slow answers nor a slow reader make them drift;
those that were missed meanwhile are left out, not made up for. After a look that failed the next one waits for a
back-off, spread by chance so that clients cut off together do not return together, and then the grid holds again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..core.errors import ClientError, NetworkError, NotJson, ServerError, Throttled, UsageError
from ..core.retry import RetryPolicy
from ..core.steps import Sleep
from .changes import compare

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from ..core.steps import Steps
    from .changes import Change, Snapshot

OUTAGES = (NetworkError, ServerError, Throttled, NotJson)
"""What passes by itself. Anything else wants a person, and ends the polling."""

LONGEST = 600.0
"""Seconds between two looks during an outage, at most, unless the cadence itself is slower."""


class Poll:
    """One polling of one account.

    Args:
        look: Makes one look.
        every: Seconds from look to look.
        clock: Seconds, any origin; only differences count.
        chance: Spreads the back-off.
        until: Asked before each look; true ends the polling.
        on_outage: Told of each look that failed, and of the seconds until the next one.

    Raises:
        UsageError: `every` is no time that could pass.
    """

    def __init__(
        self,
        look: Callable[[], Steps[Snapshot]],
        *,
        every: float,
        clock: Callable[[], float],
        chance: random.Random,
        until: Callable[[], bool] | None = None,
        on_outage: Callable[[ClientError, float], object] | None = None,
    ) -> None:
        if not 0 < every < math.inf:
            raise UsageError(f"a cadence is a positive number of seconds, not {every!r}")
        self._look = look
        self._every = every
        self._clock = clock
        self._until = until or _never
        self._on_outage = on_outage
        self._back_off = RetryPolicy(base=every, cap=max(every, LONGEST), chance=chance)
        self._begun: float | None = None
        self._slot = 0
        self._due = -math.inf
        self._failures = 0
        self._last: Snapshot | None = None

    def next(self) -> Steps[Change | None]:
        """Look, as often as it takes, until something is different.

        Returns:
            The change; None when `until` has said so.

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
                seen = yield from self._look()
            except OUTAGES as trouble:
                self._put_off(trouble)
                continue
            change = compare(self._last, seen, self._failures)
            is_first, self._last = self._last is None, seen
            self._return_to_grid(self._begun)
            if change or is_first:
                return change
        return None

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
