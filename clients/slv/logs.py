"""The log: long windows as a row of bounded ones, and the moments that its labels mean.

A window is half open and lies between moments, while the vendor is asked in whole seconds of its own wall clock, and
does not say whether it counts its borders in. So each request asks for a little more than its window, with borders that
mean one moment each; what is too much is left out here, by the moment. Every value falls into just one window.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ..core.errors import UsageError
from .wire import EVENT_TIME, UPDATE_TIME, read_log_value, series_of
from .zones import Unfolding, in_utc, label_not_after, label_not_before, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, tzinfo

    from ..core.reading import Node
    from ..core.steps import Steps
    from .models import LogValue

    AskLog = Callable[[Sequence[int], Sequence[str], str, str], Steps[Node]]

SPAN: Final = timedelta(days=7)
DEVICES: Final = 500
"""Devices in one request, at most: Java servers stop reading a form after so many thousand parameters."""


class LogWalk:
    """One walk over a window of the log.

    Args:
        ask: Asks for the log of some devices and names, from one label to another.
        device_ids: Whose.
        names: Which values.
        start: First moment.
        end: First moment after.
        span: The longest window to ask for at once.
        zone: The server's.

    Raises:
        UsageError: Nothing to ask for; a window that ends before it starts, or whose ends are no moments.
    """

    def __init__(
        self,
        ask: AskLog,
        device_ids: Iterable[int],
        names: Iterable[str],
        start: datetime,
        end: datetime,
        span: timedelta,
        zone: tzinfo,
    ) -> None:
        if isinstance(names, str):
            raise UsageError("names are a list of them")
        self._ask = ask
        self._ids = list(dict.fromkeys(device_ids))
        self._names = list(dict.fromkeys(names))
        self._cursor, self._end = in_utc(start, "start"), in_utc(end, "end")
        self._span = span
        self._zone = zone
        if not self._ids or not self._names:
            raise UsageError("name at least one device and one value")
        if self._end < self._cursor:
            raise UsageError("the window ends before it starts")
        if span < timedelta(seconds=1):
            raise UsageError(f"a span is at least a second, not {span}")

    def next(self) -> Steps[list[LogValue] | None]:
        """Ask for the next window.

        Returns:
            Its values, oldest first; None if there is no further one.
        """
        if self._cursor >= self._end:
            return None
        start = self._cursor
        stop = self._end if self._end - start <= self._span else start + self._span
        first, last = label_not_after(start, self._zone), label_not_before(stop, self._zone)
        found: list[LogValue] = []
        for at in range(0, len(self._ids), DEVICES):
            node = yield from self._ask(self._ids[at : at + DEVICES], self._names, first, last)
            found += read_log(node, self._zone)
        self._cursor = stop
        return sorted(
            (value for value in found if start <= value.event_time < stop), key=lambda value: value.event_time
        )


def read_log(node: Node, zone: tzinfo) -> list[LogValue]:
    """Read log values; one that never was, as a last value may be, is left out.

    Raises:
        UnexpectedResponse: One of them has a time that is none.
    """
    items = [item for item in node.items() if _wall(item, EVENT_TIME) is not None]
    events, updates = _moments(items, EVENT_TIME, zone), _moments(items, UPDATE_TIME, zone)
    return [
        read_log_value(item, event, update)
        for item, event, update in zip(items, events, updates, strict=True)
        if event is not None
    ]


def _moments(items: list[Node], name: str, zone: tzinfo) -> list[datetime | None]:
    """Give the labels of a list their moments, series by series, whether they come oldest or newest first."""
    series: dict[tuple[str, str], list[int]] = {}
    walls = [_wall(item, name) for item in items]
    for index, item in enumerate(items):
        series.setdefault(series_of(item), []).append(index)
    votes = sum(_direction([walls[index] for index in indexes]) for indexes in series.values())
    moments: list[datetime | None] = [None] * len(items)
    for indexes in series.values():
        # Many values may be learnt of at one moment, but only one is measured then.
        unfolding = Unfolding(zone, repeats=name != EVENT_TIME)
        for index in indexes if votes >= 0 else reversed(indexes):
            wall = walls[index]
            try:
                moments[index] = None if wall is None else unfolding.moment(wall)
            except ValueError:
                raise items[index].unexpected("a time beyond the calendar") from None
    return moments


def _direction(walls: list[datetime | None]) -> int:
    """Count the steps forth less those back; where the clock is set back, a series takes one the wrong way."""
    labels = [wall for wall in walls if wall is not None and wall.utcoffset() is None]
    return sum((earlier < later) - (earlier > later) for earlier, later in pairwise(labels))


def _wall(node: Node, name: str) -> datetime | None:
    found = node.present(name)
    if found is None or not (text := found.text().strip()):
        return None
    try:
        return parse(text)
    except ValueError:
        raise found.unexpected("expected a time such as 2026-11-21 08:00:00") from None
