"""What each light was told, and what it did: calendars, commands by hand and failures laid over each other.

A light follows the calendar that was commissioned last, unless somebody commanded it by hand and neither let it go nor
waited too long. Whatever it was told, a failure wins: most leave it dark, a stuck relay leaves it on.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from .failures import Failure
from .models import Schedule, Scheduler  # noqa: TC001  msgspec reads them
from .plan import Profile, Sums, share, sums_of
from .seed import CITY_ZONE, FIRST_CREATED, SCHEDULERS, SCHEDULES
from .sun import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .failures import Failures
    from .models import Device
    from .plan import Step
    from .tables import Tables

LOST, STUCK = "DefaultLostNode", "RelayFailure"

MOST_VERSIONS = 50
"""Of what a controller was told. When the oldest are forgotten, what held at first is taken to have held instead."""

MOST_PROFILES = 1_000

MOST_PLANTED = 10_000
"""Failures that somebody caused and that are remembered; the oldest go."""

_BY_NAME = {scheduler.name: scheduler.id for scheduler in SCHEDULERS}

_SLOWEST, _QUICKEST = 20, 2
"""Seconds until a device has heard of something, and until what it says is known (inferred)."""


class Commissioned(msgspec.Struct, frozen=True):
    """What a controller was told when it was commissioned.

    Attributes:
        groups: by a device's id as text, the id of its calendar.
        schedulers, schedules: as they were then.
    """

    groups: dict[str, int]
    schedulers: tuple[Scheduler, ...]
    schedules: tuple[Schedule, ...]


_BUILT_SO = Commissioned({}, SCHEDULERS, SCHEDULES)


class _Version(NamedTuple):
    since: int
    told: Commissioned | None


_AT_FIRST = _Version(-1, None)
"""What holds before anybody commissioned a controller: what its devices had when the city was built."""


class _Stretch(NamedTuple):
    """A time through which one thing decides: a level that something forces, or else a calendar."""

    begin: int
    end: int
    forced: int | None
    profile: Profile


class Lights:
    """All lights, at all times.

    Args:
        tables: what was commanded, commissioned and mended.
        failures: what failed.
    """

    def __init__(self, tables: Tables, failures: Failures) -> None:
        self._tables = tables
        self._failures = failures
        self._zone = ZoneInfo(CITY_ZONE)
        self._profiles: dict[Any, Profile] = {}
        self.forget()

    def forget(self) -> None:
        """Look again at what the tables hold: they were changed from outside."""
        self._versions: dict[str, list[_Version]] = {}
        self._touched: set[int] | None = None

    # --- what was commissioned -----------------------------------------------------------------------------------

    def told(self, controller: str, devices: list[Device]) -> Commissioned:
        """What a controller and its devices were told last."""
        return self._of(controller)[-1].told or initial(devices)

    def tell(self, controller: str, since: int, told: Commissioned) -> None:
        """Tell a controller something new, which holds from a second on; of the old ones some are remembered."""
        text = msgspec.json.encode(told).decode()
        self._tables.write("INSERT OR REPLACE INTO slv_commissions VALUES (?, ?, ?)", controller, since, text)
        self._tables.write(
            "DELETE FROM slv_commissions WHERE controller = ? AND since NOT IN "
            "(SELECT since FROM slv_commissions WHERE controller = ? ORDER BY since DESC LIMIT ?)",
            controller,
            controller,
            MOST_VERSIONS,
        )
        self._versions.pop(controller, None)

    # --- what lights did -----------------------------------------------------------------------------------------

    def commanded(self, device: Device, start: int, end: int) -> list[Step]:
        """What a light was told in [start, end), as steps; the first begins at ``start``."""
        return _steps(self._stretches(device, start, end, failing=False))

    def burned(self, device: Device, start: int, end: int) -> list[Step]:
        """What a light did in [start, end), as steps."""
        return _steps(self._stretches(device, start, end, failing=True))

    def sums(self, device: Device, start: int, end: int) -> Sums:
        """What that adds up to."""
        found = Sums()
        before: int | None = None
        for stretch in self._stretches(device, start, end, failing=True):
            if stretch.forced is None:
                found += stretch.profile.sums(stretch.begin, stretch.end)
                if before is not None:  # the calendar alone does not know what the light did until now
                    own, now = (stretch.profile.level(stretch.begin + second) for second in (-1, 0))
                    found += Sums(starts=(now > 0 and not before) - (now > 0 and not own))
            else:
                if before is None:
                    before = _last(self._stretches(device, stretch.begin - 1, stretch.begin, failing=True))
                found += sums_of([(stretch.begin, stretch.forced)], stretch.end)
                found += Sums(starts=int(stretch.forced > 0 and not before))
            before = _last(iter((stretch,)))
        return found

    def failures(self, device: Device, start: int, end: int) -> list[Failure]:
        """A device's failures in [start, end), each over when it was mended."""
        start = max(start, device.installed)
        if end <= start:
            return []
        found = self._failures.of(device.id, start, end) if device.watts else []
        if not self._is_touched(device.id):
            return found
        rows = self._tables.rows(
            "SELECT begins, ends, name FROM slv_failures WHERE device = ? AND begins < ? AND ends > ?",
            *(device.id, end, start),
        )
        found = sorted([*found, *(Failure(*row) for row in rows)])
        repairs = [at for (at,) in self._tables.rows("SELECT at FROM slv_repairs WHERE device = ?", device.id)]
        mended = [
            failure._replace(end=min([at for at in repairs if at >= failure.begin] + [failure.end]))
            for failure in found
        ]
        return [failure for failure in mended if failure.end > max(start, failure.begin)]

    def beginning(self, lamps: list[int], start: int, end: int) -> list[tuple[int, Failure]]:
        """Every failure of these lamps that begins in [start, end), in order of time, whoever mended it."""
        found = self._failures.beginning(lamps, start, end)
        wanted = set(lamps)
        rows = self._tables.rows(
            "SELECT device, begins, ends, name FROM slv_failures WHERE begins >= ? AND begins < ?", start, end
        )
        found += [(device, Failure(*failure)) for device, *failure in rows if device in wanted]
        return sorted(found, key=lambda pair: (pair[1].begin, pair[0]))

    def fail(self, device: Device, name: str, now: int, seconds: int) -> None:
        """Let a light fail for a time, or until it is mended."""
        self._tables.write(
            "INSERT INTO slv_failures (device, begins, ends, name) VALUES (?, ?, ?, ?)",
            *(device.id, now, now + seconds, name),
        )
        self._tables.keep_newest("slv_failures", MOST_PLANTED)
        self._touched = None

    def repair(self, device: Device, now: int) -> None:
        """Mend whatever is broken."""
        self._tables.write("INSERT OR IGNORE INTO slv_repairs VALUES (?, ?)", device.id, now)
        self._touched = None

    def command(self, device: Device, begins: int, ends: int, level: int | None) -> None:
        """Command a light by hand, or with None let it go."""
        self._tables.write(
            "INSERT INTO slv_commands (device, begins, ends, level) VALUES (?, ?, ?, ?)", device.id, begins, ends, level
        )
        if self._touched is not None:
            self._touched.add(device.id)

    # --- inside --------------------------------------------------------------------------------------------------

    def _stretches(self, device: Device, start: int, end: int, *, failing: bool) -> Iterator[_Stretch]:
        start = max(start, device.installed)
        if end <= start:
            return
        versions = self._of(device.controller)
        overrides = self._overrides(device.id, start, end) if self._is_touched(device.id) else []
        failures = [one for one in self.failures(device, start, end) if one.name != LOST] if failing else []
        cuts = {start, end}
        for span in (*overrides, *failures):
            cuts.update(moment for moment in span[:2] if start < moment < end)
        cuts.update(version.since for version in versions if start < version.since < end)
        moments = sorted(cuts)
        for begin, stop in pairwise(moments):
            forced = next((level for first, last, level in overrides if first <= begin < last), None)
            failure = next((one for one in failures if one.begin <= begin < one.end), None)
            if failure is not None:
                forced = 100 if failure.name == STUCK else 0
            version = next(one for one in reversed(versions) if one.since <= begin or one is versions[0])
            yield _Stretch(begin, stop, forced, self._profile(version, device))

    def _overrides(self, device: int, start: int, end: int) -> list[tuple[int, int, int]]:
        """When a light was commanded by hand, and to which level; a command ends the one before it."""
        rows = self._tables.rows(
            "SELECT begins, ends, level FROM slv_commands WHERE device = ? AND begins < ? ORDER BY begins, seq",
            device,
            end,
        )
        found: list[tuple[int, int, int]] = []
        for (begins, ends, level), (next_begins, _, _) in zip(rows, [*rows[1:], (end, end, 0)], strict=False):
            stop = min(ends, next_begins)
            if level is not None and begins < stop and stop > start:
                found.append((begins, stop, level))
        return found

    def _of(self, controller: str) -> list[_Version]:
        found = self._versions.get(controller)
        if found is None:
            rows = self._tables.rows(
                "SELECT since, document FROM slv_commissions WHERE controller = ? ORDER BY since", controller
            )
            told = [_Version(since, msgspec.json.decode(text, type=Commissioned)) for since, text in rows]
            found = self._versions[controller] = [_AT_FIRST, *told]
        return found

    def _profile(self, version: _Version, device: Device) -> Profile:
        """The calendar of a device; one for all that are told the same at the same place, since it remembers sums."""
        told = version.told or _BUILT_SO
        number = told.groups.get(str(device.id)) if version.told else initial_group(device)
        scheduler = next((one for one in told.schedulers if one.id == number), None)
        used = {item.schedule for item in scheduler.items} if scheduler else set[int]()
        schedules = tuple(one for one in told.schedules if one.id in used)
        place = place_of(device.lat, device.lng)
        key = scheduler and scheduler.items, schedules, place
        found = self._profiles.get(key)
        if found is None:
            if len(self._profiles) > MOST_PROFILES:
                self._profiles.clear()
            found = self._profiles[key] = Profile(scheduler, {one.id: one for one in schedules}, place, self._zone)
        return found

    def _is_touched(self, device: int) -> bool:
        """Whether anybody ever commanded, broke or mended a device: of most nobody did, and they need no query."""
        if self._touched is None:
            rows = self._tables.rows(
                "SELECT device FROM slv_commands UNION SELECT device FROM slv_failures "
                "UNION SELECT device FROM slv_repairs"
            )
            self._touched = {device for (device,) in rows}
        return device in self._touched


def delay(device: int) -> int:
    """Seconds between a device and the server."""
    return _QUICKEST + device * 2_654_435_761 % (1 << 32) % (_SLOWEST - _QUICKEST + 1)


def watts(device: Device, level: int) -> float:
    """What a light draws at a level."""
    return device.watts * share(level)


def initial_group(device: Device) -> int | None:
    """The calendar that a device had when the city was built; one that came later has none until it is commissioned."""
    if device.id >= FIRST_CREATED:
        return None
    return _BY_NAME.get(device.properties.get("dimmingGroupName", ""))


def initial(devices: list[Device]) -> Commissioned:
    """What the devices of a controller were told when the city was built."""
    groups = {str(device.id): group for device in devices if (group := initial_group(device)) is not None}
    return Commissioned(groups, SCHEDULERS, SCHEDULES)


def _last(stretches: Iterator[_Stretch]) -> int:
    """The level in the end; 0 where there was no light yet."""
    level = 0
    for _, end, forced, profile in stretches:
        level = profile.level(end - 1) if forced is None else forced
    return level


def _steps(stretches: Iterator[_Stretch]) -> list[Step]:
    found: list[Step] = []
    for begin, end, forced, profile in stretches:
        for step in profile.steps(begin, end) if forced is None else [(begin, forced)]:
            if not found or found[-1][1] != step[1]:
                found.append(step)
    return found
