"""Values over time: what devices measured, and what people set, as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .assets import LONGEST, check_property, check_value_name
from .errors import InvalidParameter, LimitExceeded
from .metering import Reading, measures
from .models import METER, REPORT
from .values import VALUES, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .assets import Assets
    from .metering import Metering
    from .models import Device
    from .tables import Tables

MOST_VALUES = 200_000
"""Log values in one answer; who wants more asks for a shorter window."""

LONGEST_WINDOW = 366 * 86_400
"""Seconds of one question."""


class Logs:
    """The values of all devices.

    Args:
        tables: what people set.
        assets: properties.
        metering: what is measured.
        keep: set values that are remembered.
    """

    def __init__(self, tables: Tables, assets: Assets, metering: Metering, keep: int) -> None:
        self._tables = tables
        self._assets = assets
        self._metering = metering
        self._keep = keep

    def between(
        self, devices: Sequence[Device], names: Sequence[str], start: int, end: int, now: int
    ) -> list[tuple[Device, str, Reading]]:
        """What is logged of some values in [start, end], by device and name, in order of time.

        Raises:
            LimitExceeded: It is too much.
        """
        if end < start:
            raise InvalidParameter("Parameter 'to' is before 'from'")
        if end - start > LONGEST_WINDOW:
            raise LimitExceeded("The window is longer than 366 days")
        for name in names:
            check_value_name(name)
        reports = (min(end, now) - start) // REPORT
        if reports * sum(self._weight(device, name) for device in devices for name in names) > MOST_VALUES:
            raise LimitExceeded(f"These are more than {MOST_VALUES} values; ask for a shorter window")
        found: list[tuple[Device, str, Reading]] = []
        for device in devices:
            for name in names:
                found += ((device, name, reading) for reading in self._one(device, name, start, end, now))
                if len(found) > MOST_VALUES:
                    raise LimitExceeded(f"These are more than {MOST_VALUES} values; ask for a shorter window")
        return found

    def last(self, device: Device, name: str, now: int) -> Reading | None:
        """The newest value, or None when there never was one."""
        check_value_name(name)
        row = self._tables.row(
            "SELECT at, updated, value, comment FROM slv_values WHERE device = ? AND name = ? "
            "ORDER BY at DESC, seq DESC LIMIT 1",
            device.id,
            name,
        )
        set_value = None if row is None else Reading(*row)
        if VALUES[name].kind is not Kind.PROPERTY:
            measured = self._metering.last(device, name, now)
            if measured is not None and (set_value is None or measured.at > set_value.at):
                return measured
            return set_value
        value = self._assets.property(device, name)
        if set_value is not None:
            return set_value._replace(value=set_value.value if value is None else value)
        return None if value is None else Reading(device.installed, device.installed, value)

    def names_of(self, device: Device) -> list[str]:
        """The names of values that a device has."""
        return [name for name, one in VALUES.items() if device.category in one.categories]

    def check(self, device: Device, pairs: Sequence[tuple[str, str]], comment: str | None) -> None:
        """Refuse what cannot be said of a device."""
        for name, value in pairs:
            check_value_name(name)
            check_property(name, value)
            if device.category not in VALUES[name].categories:
                raise InvalidParameter(f"Device '{device.name}' has no value '{name}'")
        if comment is not None and len(comment) > LONGEST:
            raise LimitExceeded(f"A comment has up to {LONGEST} characters")

    def set_values(
        self,
        device: Device,
        pairs: Sequence[tuple[str, str]],
        *,
        at: int,
        now: int,
        log: bool,
        comment: str | None = None,
    ) -> None:
        """Say what some values are; they were checked before.

        Args:
            device: of which device.
            pairs: names and values.
            at: since when it is so.
            now: when the server heard of it.
            log: whether the log keeps it; of a property the newest value holds in any case.
            comment: why.
        """
        for name, value in pairs:
            if VALUES[name].kind is Kind.PROPERTY:
                self._assets.set_property(device, name, value)
            if log or VALUES[name].kind is not Kind.PROPERTY:
                self._tables.write(
                    "INSERT INTO slv_values (device, name, at, updated, value, logged, comment) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    *(device.id, name, at, now, value, int(log), comment),
                )
        self._tables.keep_newest("slv_values", self._keep)

    def _weight(self, device: Device, name: str) -> int:
        """How many values one report is made from."""
        if VALUES[name].kind is not Kind.METERED or not measures(device, name):
            return 0
        return len(self._assets.lamps(device.controller)) if device.category == METER else 1

    def _one(self, device: Device, name: str, start: int, end: int, now: int) -> list[Reading]:
        rows = self._tables.rows(
            "SELECT at, updated, value, comment FROM slv_values "
            "WHERE device = ? AND name = ? AND logged AND at BETWEEN ? AND ? ORDER BY at, seq",
            device.id,
            name,
            start,
            end,
        )
        found = [Reading(*row) for row in rows]
        if measures(device, name):
            found += self._metering.between(device, name, start, end, now)
            found.sort(key=_moment)
        return found


def _moment(reading: Reading) -> tuple[int, int]:
    return reading.at, reading.known
