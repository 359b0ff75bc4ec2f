"""Reports: tables over a geozone and a window, whose last row adds the others up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import InvalidParameter, LimitExceeded, Unknown
from .metering import energy
from .models import STREETLIGHT

if TYPE_CHECKING:
    from collections.abc import Callable

    from .assets import Assets
    from .lamps import Lights

LONGEST_WINDOW = 366 * 86_400

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A table.

    Attributes:
        title: what it is.
        columns: name and label of each.
        rows: the cells, row by row.
        bottom: what the rows add up to.
        about: more about it, by name.
    """

    title: str
    columns: list[tuple[str, str]]
    rows: list[list[Cell]]
    bottom: list[Cell]
    about: dict[str, str] = field(default_factory=dict[str, str])


class Reports:
    """The reports that there are, by name."""

    def __init__(self, assets: Assets, lights: Lights) -> None:
        self._assets = assets
        self._lights = lights
        self._known: dict[str, Callable[[list[int], int, int], Report]] = {
            "energy": self._energy,
            "failures": self._failures,
            "inventory": self._inventory,
        }

    @property
    def names(self) -> list[str]:
        """What may be asked for."""
        return list(self._known)

    def make(self, name: str, geozone: int, start: int, end: int) -> Report:
        """A report over a geozone and all below it, for [start, end) in seconds since 1970."""
        if name not in self._known:
            raise Unknown("report", name)
        if end <= start:
            raise InvalidParameter("Parameter 'to' is not after 'from'")
        if end - start > LONGEST_WINDOW:
            raise LimitExceeded("The window is longer than 366 days")
        return self._known[name](self._assets.within(geozone, recurse=True), start, end)

    def _energy(self, zones: list[int], start: int, end: int) -> Report:
        rows: list[list[Cell]] = []
        for zone in zones:
            lamps = list(self._assets.in_geozone(zone, recurse=False, category=STREETLIGHT))
            if lamps:
                sums = [(lamp, self._lights.sums(lamp, start, end)) for lamp in lamps]
                used = sum(energy(lamp, one) for lamp, one in sums)
                burning = sum(one.burning for _, one in sums) / 3_600
                rows.append([zone, self._assets.path(zone), len(lamps), round(burning, 2), round(used, 3)])
        columns = [
            ("geoZoneId", "Geozone ID"),
            ("geoZoneNamesPath", "Geozone"),
            ("lampCount", "Lamps"),
            ("burningHours", "Burning hours (h)"),
            ("energy", "Energy (kWh)"),
        ]
        return Report("Energy", columns, rows, [None, "Total", *_totals(rows, (2, 0), (3, 2), (4, 3))])

    def _failures(self, zones: list[int], start: int, end: int) -> Report:
        rows: list[list[Cell]] = []
        for zone in zones:
            for lamp in self._assets.in_geozone(zone, recurse=False, category=STREETLIGHT):
                for failure in self._lights.failures(lamp, start, end):
                    within = min(failure.end, end) - max(failure.begin, start)
                    rows.append(
                        [
                            lamp.controller,
                            lamp.on_controller,
                            lamp.name,
                            self._assets.path(zone),
                            failure.name,
                            round(within / 3_600, 2),
                        ]
                    )
        columns = [
            ("controllerStrId", "Controller"),
            ("idOnController", "Identifier"),
            ("name", "Name"),
            ("geoZoneNamesPath", "Geozone"),
            ("failure", "Failure"),
            ("hours", "Hours within the window (h)"),
        ]
        return Report("Failures", columns, rows, ["Total", None, None, None, len(rows), *_totals(rows, (5, 2))])

    def _inventory(self, zones: list[int], _start: int, _end: int) -> Report:
        counts: dict[tuple[int, str], int] = {}
        for zone in zones:
            for device in self._assets.in_geozone(zone, recurse=False):
                key = zone, device.category
                counts[key] = counts.get(key, 0) + 1
        rows: list[list[Cell]] = [
            [zone, self._assets.path(zone), category, count] for (zone, category), count in counts.items()
        ]
        columns = [
            ("geoZoneId", "Geozone ID"),
            ("geoZoneNamesPath", "Geozone"),
            ("categoryStrId", "Category"),
            ("deviceCount", "Devices"),
        ]
        return Report("Inventory", columns, rows, [None, "Total", None, *_totals(rows, (3, 0))])


def _totals(rows: list[list[Cell]], *columns: tuple[int, int]) -> list[Cell]:
    """The sums of some columns as they are shown, each with its digits."""
    found: list[Cell] = []
    for place, digits in columns:
        total = sum(cell for row in rows if isinstance(cell := row[place], int | float))
        found.append(round(total, digits) if digits else int(total))
    return found
