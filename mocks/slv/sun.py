"""When the sun rises and sets, by the day and the place.

The place is rounded to a tenth of a degree, which is within half a minute of the truth away from the poles: a whole
city shares a few places then, and not every cabinet has a sun of its own.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

SUNRISE, SUNSET = "SUNRISE", "SUNSET"

FIRST_DAY, LAST_DAY = 0, 2_932_890
"""Days since 1970 for which the sun is known: to shortly before the end of the year 9999; the last holds beyond."""

_EPOCH = date(1970, 1, 1).toordinal()

Place = tuple[float, float]


def place_of(lat: float, lng: float) -> Place:
    """The place that a latitude and a longitude stand for."""
    return round(lat, 1), round(lng, 1)


def sun_event(anchor: str, place: Place, day: int, zone: tzinfo) -> int | None:
    """When the sun rises or sets on a local day, in seconds since 1970; None where it does not on that day.

    Args:
        anchor: ``SUNRISE`` or ``SUNSET``.
        place: as ``place_of`` gives it.
        day: of the local calendar, counted from 1970-01-01.
        zone: whose calendar that is.
    """
    within = min(max(day, FIRST_DAY), LAST_DAY)
    found = _sun_event(anchor, place, within, zone)
    return None if found is None else found + (day - within) * 86_400


@lru_cache(maxsize=65_536)
def _sun_event(anchor: str, place: Place, day: int, zone: tzinfo) -> int | None:
    from astral import Observer  # noqa: PLC0415  not needed to start
    from astral.sun import sunrise, sunset  # noqa: PLC0415

    latitude, longitude = place
    ask = sunrise if anchor == SUNRISE else sunset
    try:
        moment = ask(Observer(latitude, longitude), date.fromordinal(_EPOCH + day), tzinfo=zone)
    except ValueError:  # the polar day, or the polar night
        return None
    return round(moment.timestamp())
