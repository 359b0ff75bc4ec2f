"""What passes over an array of floor sensors, described: opening hours, how many, how long they stay.

Only the description. The numbers themselves are made in `readings`, which needs numpy; the estate of a world is made
without it.
"""

from __future__ import annotations

from dataclasses import dataclass

CELL_MINUTES = 15
"""The grain of opening hours: every zone's offset of today is a multiple of it."""

DAY_MINUTES = 24 * 60

BUSIEST = 60
"""Mean visits in an open quarter of an hour that one array may have; on the busiest days several times as many come."""

Opening = tuple[int, int]
"""When a place opens and closes, in minutes after local midnight; (0, 1440) is open all day."""


@dataclass(frozen=True, slots=True)
class ArrayProfile:
    """What the readings of an array depend on, besides the world's seed.

    Raises:
        ValueError: The hours are not seven, are off the grain or out of order, the place never opens, or a number
            is out of range.
    """

    key: str
    """Names the stream of chance: two arrays with different keys have nothing in common."""
    timezone: str
    """IANA name of the zone in which the place keeps its hours."""
    hours: tuple[Opening | None, ...]
    """Opening hours from Monday to Sunday; None on days when the place is closed."""
    daily_visits: float
    """Mean visits on an open day, over the years."""
    mean_stay: float
    """Mean length of a visit in seconds, up to six hours."""
    since: int
    """When the array was installed, in seconds since 1970-01-01T00:00Z: it counts nobody earlier."""

    def __post_init__(self) -> None:
        if len(self.hours) != 7:
            raise ValueError("a week has seven days")
        if not self.open_minutes:
            raise ValueError("the place never opens")
        for opens, closes in filter(None, self.hours):
            if not 0 <= opens < closes <= DAY_MINUTES or opens % CELL_MINUTES or closes % CELL_MINUTES:
                raise ValueError(f"no opening hours in quarters of an hour: {opens} to {closes} minutes")
        shortest = min(closes - opens for opens, closes in filter(None, self.hours))
        if not 0 <= self.daily_visits <= BUSIEST * shortest / CELL_MINUTES:
            raise ValueError(f"{self.daily_visits:g} visits a day cannot pass one array in {shortest} minutes")
        if not 1 <= self.mean_stay <= 6 * 3600:
            raise ValueError(f"a mean stay of {self.mean_stay:g} seconds lies outside a second to six hours")

    @property
    def open_minutes(self) -> int:
        """How long the place is open in a week."""
        return sum(closes - opens for opens, closes in filter(None, self.hours))

    @property
    def longest_stay(self) -> int:
        """Seconds within which every visitor has left."""
        return int(4 * self.mean_stay)
