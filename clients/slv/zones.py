"""Times without an offset, as the vendor writes them: the clock on the wall of the server's zone.

Such a label is two moments when summer time ends, and none when it begins. So no label is sent that means two moments:
a border inside the doubled hour is moved out of it, to the side that asks for more. Labels that are read there are told
apart by their order (`Unfolding`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..core.errors import UsageError

OTHER_FORMATS: Final = ("%d/%m/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S")
"""What the vendor's servers accept besides `yyyy-MM-dd HH:mm:ss`, and might well write."""

SECOND: Final = timedelta(seconds=1)
MICROSECOND: Final = timedelta(microseconds=1)


def zone_of(zone: str | tzinfo) -> tzinfo:
    """Return a zone by its name.

    Raises:
        UsageError: There is no zone of that name.
    """
    if isinstance(zone, tzinfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"there is no time zone {zone!r}") from None


def in_utc(moment: datetime, place: str) -> datetime:
    """Return a moment in UTC.

    Raises:
        UsageError: It has no zone, so that nobody knows which moment it is.
    """
    if moment.utcoffset() is None:
        raise UsageError(f"{place}: a time needs a zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"{place}: a time beyond the calendar") from None


def is_ambiguous(wall: datetime, zone: tzinfo) -> bool:
    """Tell whether a label without an offset means two moments."""
    try:
        first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
        later, earlier = first.utcoffset(), second.utcoffset()
    except OverflowError:
        return False
    return later is not None and earlier is not None and later > earlier


def label(moment: datetime, zone: tzinfo) -> str:
    """Write a moment as a label of the server's zone, in whole seconds.

    Raises:
        UsageError: The label would mean another moment as well.
    """
    wall = _wall(moment, zone)
    if is_ambiguous(wall, zone):
        raise UsageError(f"the server's zone calls two moments {wall}, and the vendor cannot be told which")
    return _written(wall)


def label_not_after(moment: datetime, zone: tzinfo) -> str:
    """Write a label that means one moment only, at least a second before this one: the vendor may not count it in."""
    return _outside(_shifted(moment, -SECOND), -SECOND, zone)


def label_not_before(moment: datetime, zone: tzinfo) -> str:
    """Write a label that means one moment only, at least a second after this one."""
    return _outside(_shifted(moment, 2 * SECOND - MICROSECOND), SECOND, zone)


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return (moment.astimezone(UTC) + by).replace(microsecond=0)
    except OverflowError:
        raise UsageError("a time beyond the calendar") from None


def _outside(start: datetime, step: timedelta, zone: tzinfo) -> str:
    """Go out of a doubled hour, and another hour beyond it: what is seen there tells in which order values come."""
    if not is_ambiguous(_wall(start, zone), zone):
        return _written(_wall(start, zone))
    near = far = start
    while is_ambiguous(_wall(far, zone), zone):
        near, far = far, far + step * 3_600
    while abs(far - near) > SECOND:  # the edge of the doubled hour is between the two
        middle = (near + (far - near) / 2).replace(microsecond=0)
        near, far = (middle, far) if is_ambiguous(_wall(middle, zone), zone) else (near, middle)
    return _written(_wall(far + step * 3_600, zone))


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone).replace(tzinfo=None, microsecond=0, fold=0)
    except OverflowError:
        raise UsageError("a time beyond the calendar") from None


def _written(wall: datetime) -> str:
    return wall.isoformat(" ", "seconds")


def parse(text: str) -> datetime:
    """Read a label, or a time that does carry its offset.

    Raises:
        ValueError: It is neither.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        for form in OTHER_FORMATS:
            try:
                return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is added by who knows it
            except ValueError:
                continue
    raise ValueError("not a time")


class Unfolding:
    """Gives the labels of one series their moments, in the order in which they were measured.

    Within the doubled hour a series that goes back, or stands still, has begun the hour anew. A series that does
    neither is taken to lie in the first of the two, as nothing tells otherwise.

    Args:
        zone: The server's.
        repeats: Whether two of a series may well have one moment, so that standing still means nothing.
    """

    def __init__(self, zone: tzinfo, *, repeats: bool = False) -> None:
        self._zone = zone
        self._repeats = repeats
        self._last: datetime | None = None
        self._fold = 0

    def moment(self, wall: datetime) -> datetime:
        """Return the moment of the next label, with the offset that the server's zone has then.

        The zone itself is left off: two times of one zone are compared by the clock on its wall.

        Raises:
            ValueError: It has no place in UTC.
        """
        if wall.utcoffset() is not None:
            return _in_calendar(_into(wall, self._zone))
        if not is_ambiguous(wall, self._zone):
            self._last, self._fold = None, 0
            return _in_calendar(wall.replace(tzinfo=self._zone))
        if self._last is not None and (wall < self._last or (wall == self._last and not self._repeats)):
            self._fold = 1
        self._last = wall
        return _in_calendar(wall.replace(tzinfo=self._zone, fold=self._fold))


def _in_calendar(moment: datetime) -> datetime:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time beyond the calendar") from None
    return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta()), fold=0)


def _into(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:
        raise ValueError("a time beyond the calendar") from None
