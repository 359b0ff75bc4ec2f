"""What a calendar tells a light to do: its steps through the nights of one place, and what they add up to.

A step holds until the next one. Sums over long times are kept by the day, so that a counter of years costs little.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from .models import DAY
from .sun import sun_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import tzinfo

    from .models import Event, Schedule, Scheduler
    from .sun import Place

Step = tuple[int, int]
"""From when on, in seconds since 1970, and at how many percent."""

_NOON = DAY // 2
_LOOK_BACK = 3
"""Days after which a light that nobody told anything is off."""

_BLOCK = 256
"""Days whose sums are kept together."""

_REMEMBERED = 4_096

_LAST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) // DAY
"""Day since 1970, the last whose local times a ``datetime`` can hold."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  local times are put into their zone

STANDBY, LEAST = 0.005, 0.08
"""What a dark light draws, and one that is hardly on, as a share of its full power (inferred)."""


def share(level: int) -> float:
    """The share of its full power that a light draws at a level."""
    return LEAST + (1.0 - LEAST) * level / 100 if level else STANDBY


class Sums(NamedTuple):
    """What a light's steps add up to.

    Attributes:
        burning: seconds at more than 0 percent.
        full: seconds at full power that would draw as much.
        starts: how often it was switched on.
    """

    burning: int = 0
    full: float = 0.0
    starts: int = 0

    def __add__(self, other: object) -> Sums:
        """Both together."""
        assert isinstance(other, Sums)
        return Sums(self.burning + other.burning, self.full + other.full, self.starts + other.starts)

    def less(self, other: Sums) -> Sums:
        """What is left without the other."""
        return Sums(self.burning - other.burning, self.full - other.full, self.starts - other.starts)


def sums_of(steps: Sequence[Step], end: int) -> Sums:
    """What steps add up to until ``end``; the first is not a start, since nobody knows what was before it."""
    burning, full, starts, before = 0, 0.0, 0, 100
    for (begin, level), (stop, _) in zip(steps, (*steps[1:], (end, 0)), strict=True):
        if level:
            burning += stop - begin
            starts += not before
        full += (stop - begin) * share(level)
        before = level
    return Sums(burning, full, starts)


class Profile:
    """One calendar at one place.

    Args:
        scheduler: the calendar, or None: the light is never told anything, and stays dark.
        schedules: by id; those that are not there are as if they were empty.
        place: where the sun is asked.
        zone: whose wall clock the schedules follow.
    """

    def __init__(
        self, scheduler: Scheduler | None, schedules: Mapping[int, Schedule], place: Place, zone: tzinfo
    ) -> None:
        self._items = tuple(reversed(scheduler.items)) if scheduler else ()
        self._schedules = schedules
        self._place = place
        self._zone = zone
        self._days: dict[int, tuple[Step, ...]] = {}
        self._lines: dict[int, tuple[int, tuple[Step, ...]]] = {}
        self._blocks: dict[int, list[Sums]] = {}
        self._spans: dict[tuple[int, int], Sums] = {}
        self._parts: dict[tuple[int, int], Sums] = {}

    def steps(self, start: int, end: int) -> list[Step]:
        """The steps in [start, end); the first begins at ``start``."""
        if end <= start:
            return []
        known: list[Step] = []
        for day in range(start // DAY - _LOOK_BACK, -(-end // DAY) + 1):
            known += self._day(day)
        known.sort()
        first = bisect_right(known, start, key=_when)
        level = known[first - 1][1] if first else 0
        found = [(start, level)]
        for when, next_level in known[first:]:
            if when >= end:
                break
            if next_level != found[-1][1]:
                found.append((when, next_level))
        return found

    def level(self, moment: int) -> int:
        """The level at a moment."""
        before, changes = self._line(moment // DAY)
        for when, level in changes:
            if when > moment:
                break
            before = level
        return before

    def sums(self, start: int, end: int) -> Sums:
        """What the steps in [start, end) add up to."""
        if end <= start:
            return Sums()
        return _kept(self._spans, start, end, self._sum)

    def _sum(self, start: int, end: int) -> Sums:
        first, last = -(-start // DAY), end // DAY
        if first >= last:
            return self._part(start, end)
        found = self._part(start, first * DAY) + self._part(last * DAY, end)
        day = first
        while day < last:
            block, into = divmod(day, _BLOCK)
            stop = min(last - block * _BLOCK, _BLOCK)
            kept = self._block(block, stop)
            found += kept[stop].less(kept[into])
            day = block * _BLOCK + stop
        return found

    def _block(self, block: int, days: int) -> list[Sums]:
        """What the first days of a block add up to, day by day, as far as asked."""
        kept = self._blocks.setdefault(block, [Sums()])
        while len(kept) <= days:
            day = block * _BLOCK + len(kept) - 1
            kept.append(kept[-1] + self._direct(day * DAY, (day + 1) * DAY))
        return kept

    def _part(self, start: int, end: int) -> Sums:
        """The sums of part of a day: many lights ask for the same one."""
        return _kept(self._parts, start, end, self._direct)

    def _direct(self, start: int, end: int) -> Sums:
        """The sums of a part of a day, or of a little more. A step right at its start is a start if it was dark."""
        found = Sums()
        while start < end:
            day = start // DAY
            stop = min(end, (day + 1) * DAY)
            before, changes = self._line(day)
            burning, full, starts, at = 0, 0.0, 0, start
            for when, level in (*changes, (stop, before)):
                if when >= start:
                    until = min(when, stop)
                    burning += until - at if before else 0
                    full += (until - at) * share(before)
                    if when >= stop:
                        break
                    starts += int(level > 0 and not before)
                    at = when
                before = level
            found += Sums(burning, full, starts)
            start = stop
        return found

    def _line(self, day: int) -> tuple[int, tuple[Step, ...]]:
        """The level just before a day in UTC begins, and the steps in it."""
        found = self._lines.get(day)
        if found is None:
            if len(self._lines) > _REMEMBERED:
                self._lines.clear()
            (_, before), *changes = self.steps(day * DAY - 1, (day + 1) * DAY)
            found = self._lines[day] = before, tuple(changes)
        return found

    def _day(self, day: int) -> tuple[Step, ...]:
        found = self._days.get(day)
        if found is None:
            if len(self._days) > 16_384:
                self._days.clear()
            found = self._days[day] = self._make(day)
        return found

    def _make(self, day: int) -> tuple[Step, ...]:
        if not 0 <= day <= _LAST - 2:
            return ()
        schedule = self._schedule(day)
        if schedule is None:
            return ()
        noon = schedule.timeline == "T_12_12"
        found = [(self._when(event, day, noon=noon), event.level) for event in schedule.events]
        return tuple(sorted((when, level) for when, level in found if when is not None))

    def _schedule(self, day: int) -> Schedule | None:
        date = _EPOCH + timedelta(days=day)
        for item in self._items:
            first, last, today = _bounds(item.from_month, item.from_day, item.to_month, item.to_day, date)
            if first <= today <= last if first <= last else (today >= first or today <= last):
                return self._schedules.get(item.schedule)
        return None

    def _when(self, event: Event, day: int, *, noon: bool) -> int | None:
        if not event.anchor:
            into = day + 1 if noon and event.seconds < _NOON else day
            local = _EPOCH + timedelta(days=into, seconds=event.seconds)
            return int(local.replace(tzinfo=self._zone).timestamp())
        on = day + 1 if noon and event.anchor == "SUNRISE" else day
        moment = sun_event(event.anchor, self._place, on, self._zone)
        return None if moment is None else moment + event.seconds


def _kept(kept: dict[tuple[int, int], Sums], start: int, end: int, make: Callable[[int, int], Sums]) -> Sums:
    """What is asked for again and again is remembered, for a while."""
    found = kept.get((start, end))
    if found is None:
        if len(kept) > _REMEMBERED:
            kept.clear()
        found = kept[start, end] = make(start, end)
    return found


def _bounds(
    from_month: int, from_day: int, to_month: int, to_day: int, date: datetime
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    today = (date.month if from_month else 0, date.day)
    return (from_month, from_day), (to_month, to_day), today


def _when(step: Step) -> int:
    return step[0]
