"""New observations as they come, each exactly once. No I/O, and no clock of its own.

The platform cannot be asked for what is new, only for a window of whole seconds, and an observation may arrive some
time after the moment that it tells of. So each look asks again for everything from a *horizon* before the look before,
and leaves out what it has told of already. A device and a time make an observation; that is all it remembers, and only
as far back as it may still ask.

Windows begin from the earlier of the last look and the newest observation, so that a vendor's clock that is not ours,
or sensors that are all late, cost a wider window and lose nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..core.errors import UsageError
from .models import EPOCH, in_utc, microseconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ..core.cadence import Cadence
    from ..core.steps import Steps
    from .models import Observation
    from .pages import Walk

SECOND: Final = 1_000_000
"""Microseconds."""

PAGES: Final = 8
"""Pages that one look holds, at most; a window of more is asked for in parts."""

REMEMBERED: Final = 1_000_000
"""Observations that are remembered, at most, some hundred bytes each; beyond, the horizon comes nearer."""


@dataclass(slots=True)
class _Round:
    """A walk from the floor to the present, in one look or, where there is much to catch up with, in several."""

    began: int
    at: int


class Tail:
    """One tail of a device or a solution.

    Args:
        walk: Begins to walk over a window.
        cadence: Says when to look.
        now: Tells the vendor's time, Unix seconds.
        since: From when on; None for now.
        horizon: Seconds by which an observation may be late, or ahead of its time.
        remembered: Observations to remember, at most.

    Raises:
        UsageError: A horizon that is no time; a `since` without a zone.
    """

    def __init__(
        self,
        walk: Callable[[datetime, datetime], Walk],
        cadence: Cadence,
        now: Callable[[], Steps[float]],
        *,
        since: datetime | None,
        horizon: float,
        remembered: int = REMEMBERED,
    ) -> None:
        if not 1 <= horizon < math.inf:
            raise UsageError(f"a horizon is a number of seconds, at least one, not {horizon!r}")
        self._walk = walk
        self._cadence = cadence
        self._now = now
        self._horizon = round(horizon * SECOND)
        self._remembered = remembered
        self._floor = None if since is None else microseconds(in_utc(since, "since"))
        self._newest: int | None = None
        self._seen: set[tuple[str, int]] = set()
        self._round: _Round | None = None
        self._span: int | None = None

    def next(self) -> Steps[list[Observation] | None]:
        """Look, as often as it takes, until there is something new.

        Returns:
            What is new, oldest first; None when the cadence has come to its end.

        Raises:
            ClientError: What no waiting will mend.
        """
        while (look := (yield from self._cadence.next(self._look))) is not None:
            if self._round is not None:
                self._cadence.hurry()
            if look.seen:
                return look.seen
        return None

    def _look(self) -> Steps[list[Observation]]:
        now = round((yield from self._now()) * SECOND)
        if self._floor is None:
            self._floor = now
        if self._round is None:
            self._round = _Round(began=now, at=self._floor)
        start = self._round.at
        goal = max(now + self._horizon, start + SECOND)
        end = goal if self._span is None else min(goal, start + self._span)
        while (found := (yield from self._gather(start, end))) is None:
            self._span = max((end - start) // 2, SECOND)
            end = start + self._span
        new = self._sift(found)
        self._floor = self._forget(self._floor, self._round.began, now)
        if end < goal:
            self._round.at = end
        else:
            self._round = self._span = None
        return new

    def _gather(self, start: int, end: int) -> Steps[list[Observation] | None]:
        """Walk over a window; None if it is too much to hold."""
        walk = self._walk(_moment(start), _moment(end))
        found: list[Observation] = []
        pages = 0
        while (page := (yield from walk.next())) is not None:
            found += page
            pages += 1
            if pages >= PAGES and not walk.is_over and end - start > SECOND:
                return None
        if self._span is not None and pages <= PAGES // 4:
            self._span *= 2
        return found

    def _sift(self, found: list[Observation]) -> list[Observation]:
        """Leave out what was told of before, and remember the rest."""
        new: dict[tuple[str, int], Observation] = {}
        for observation in found:
            moment = microseconds(observation.timestamp)
            key = (observation.raw if observation.device_id is None else observation.device_id, moment)
            if key not in self._seen and (self._floor is None or moment >= self._floor):
                new.setdefault(key, observation)
        if new:
            self._seen.update(new)
            newest = max(moment for _, moment in new)
            self._newest = newest if self._newest is None else max(self._newest, newest)
        return [new[key] for key in sorted(new, key=lambda key: key[1])]

    def _forget(self, floor: int, began: int, now: int) -> int:
        """Forget what will not be asked for again, and return from where on is asked."""
        if self._newest is not None:
            floor = max(floor, min(began, self._newest) - self._horizon)
        if len(self._seen) > self._remembered:
            moments = sorted(moment for _, moment in self._seen)
            floor = max(floor, min(moments[-self._remembered - 1] + 1, now))
        self._seen = {key for key in self._seen if key[1] >= floor}
        return floor


def _moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)
