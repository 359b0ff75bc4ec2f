"""Schedules and calendars, and how controllers come to know them: by being commissioned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .errors import Conflict, InvalidParameter, LimitExceeded
from .lamps import Commissioned
from .models import STREETLIGHT, Event, Item, Schedule, Scheduler
from .seed import SCHEDULERS, SCHEDULES
from .tables import Shelf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .assets import Assets
    from .lamps import Lights
    from .models import Device
    from .tables import Tables

MOST_SCHEDULES, MOST_EVENTS, MOST_ITEMS = 500, 48, 400
"""Of each kind, and in each; the vendor's own bounds are not known."""

TIMELINES = ("T_12_12", "T_00_24")
SUN_EVENTS = ("SUNRISE", "SUNSET")
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LONGEST = 1_000
_FARTHEST = 6 * 3_600
"""Seconds from a sun's event."""

_SEEDED = "schedules seeded"


class Scheduling:
    """Every schedule and calendar.

    Args:
        tables: where they are.
        assets: who follows which.
        lights: who is told.
    """

    def __init__(self, tables: Tables, assets: Assets, lights: Lights) -> None:
        self._tables = tables
        self._assets = assets
        self._lights = lights
        self.schedules = Shelf(tables, "schedule", Schedule, MOST_SCHEDULES, 101)
        self.schedulers = Shelf(tables, "scheduler", Scheduler, MOST_SCHEDULES, 101)
        self.take_seed()

    def take_seed(self) -> None:
        """Put those there that the city began with, once."""
        if self._tables.marked(_SEEDED) is None:
            for schedule in SCHEDULES:
                self.schedules.put(schedule)
            for scheduler in SCHEDULERS:
                self.schedulers.put(scheduler)
            self._tables.mark(_SEEDED, 1)

    # --- schedules -----------------------------------------------------------------------------------------------

    def create_schedule(self, name: str, timeline: str, color: str, description: str) -> Schedule:
        """Add an empty schedule."""
        _check_name(name, color, description)
        if timeline not in TIMELINES:
            raise InvalidParameter(f"A timeline is one of {', '.join(TIMELINES)}")
        if any(one.name == name for one in self.schedules.all()):
            raise Conflict(f"Schedule '{name}' exists already")
        number = self.schedules.new_id()
        return self.schedules.put(
            Schedule(id=number, name=name, timeline=timeline, color=color, description=description)
        )

    def add_event(self, number: int, event: Event) -> None:
        """Let a schedule change the light once more; at one moment it can only do so once."""
        schedule = self.schedules.get(number)
        if not 0 <= event.level <= 100:
            raise InvalidParameter(f"A dimming level lies between 0 and 100, not at {event.level}")
        if event.anchor and event.anchor not in SUN_EVENTS:
            raise InvalidParameter(f"A sun event is one of {', '.join(SUN_EVENTS)}")
        if event.anchor and abs(event.seconds) > _FARTHEST:
            raise InvalidParameter(f"An offset lies within {_FARTHEST} seconds")
        others = tuple(one for one in schedule.events if (one.anchor, one.seconds) != (event.anchor, event.seconds))
        if len(others) >= MOST_EVENTS:
            raise LimitExceeded(f"A schedule has up to {MOST_EVENTS} events")
        self.schedules.put(msgspec.structs.replace(schedule, events=(*others, event)))

    def delete_schedule(self, number: int) -> None:
        """Take a schedule away that no calendar has."""
        schedule = self.schedules.get(number)
        for scheduler in self.schedulers.all():
            if any(item.schedule == number for item in scheduler.items):
                raise Conflict(f"Schedule '{schedule.name}' is in use by calendar '{scheduler.name}'")
        self.schedules.delete(number)

    # --- calendars -----------------------------------------------------------------------------------------------

    def create_scheduler(self, name: str, description: str) -> Scheduler:
        """Add an empty calendar: lights that follow it stay dark."""
        _check_name(name, description)
        if any(one.name == name for one in self.schedulers.all()):
            raise Conflict(f"Scheduler '{name}' exists already")
        number = self.schedulers.new_id()
        return self.schedulers.put(Scheduler(id=number, name=name, description=description))

    def add_item(self, number: int, item: Item) -> None:
        """Give a calendar a schedule for some days of every year, or with months of 0 of every month."""
        scheduler = self.schedulers.get(number)
        self.schedules.get(item.schedule)
        for month, day in ((item.from_month, item.from_day), (item.to_month, item.to_day)):
            if not 0 <= month <= 12 or not 1 <= day <= (_MONTH_DAYS[month - 1] if month else 31):
                raise InvalidParameter(f"There is no day {day} in month {month}")
        if len(scheduler.items) >= MOST_ITEMS:
            raise LimitExceeded(f"A calendar has up to {MOST_ITEMS} items")
        self.schedulers.put(msgspec.structs.replace(scheduler, items=(*scheduler.items, item)))

    def delete_scheduler(self, number: int) -> None:
        """Take a calendar away that no light is to follow."""
        scheduler = self.schedulers.get(number)
        for device in self._assets.all():
            if device.category == STREETLIGHT and self._group(device) == scheduler.name:
                raise Conflict(f"Scheduler '{scheduler.name}' is in use by device '{device.name}'")
        self.schedulers.delete(number)

    # --- commissioning -------------------------------------------------------------------------------------------

    def commission(self, controller: str, devices: Sequence[Device] | None, at: int) -> str | None:
        """Tell a controller what its lights are to follow.

        Args:
            controller: which.
            devices: only these; None for all.
            at: from which second on.

        Returns:
            What went wrong, or None.
        """
        if self._assets.find(controller, "controllerdevice") is None:
            return f"Unknown controller '{controller}'"
        by_name = {scheduler.name: scheduler.id for scheduler in self.schedulers.all()}
        lamps = self._assets.lamps(controller)
        before = self._lights.told(controller, lamps)
        groups = dict(before.groups) if devices is not None else {}
        strangers: list[str] = []
        for device in lamps if devices is None else devices:
            group = self._group(device)
            if group in by_name:
                groups[str(device.id)] = by_name[group]
            elif group:
                strangers.append(f"{device.on_controller}: unknown dimming group '{group}'")
        self._lights.tell(
            controller, at, Commissioned(groups, tuple(self.schedulers.all()), tuple(self.schedules.all()))
        )
        return "; ".join(strangers[:10]) or None

    def push(self, controller: str, number: int, at: int) -> str | None:
        """Tell a controller what one calendar is now; who follows which stays."""
        if self._assets.find(controller, "controllerdevice") is None:
            return f"Unknown controller '{controller}'"
        scheduler = self.schedulers.find(number)
        if scheduler is None:
            return f"Unknown scheduler '{number}'"
        before = self._lights.told(controller, self._assets.lamps(controller))
        others = tuple(one for one in before.schedulers if one.id != number)
        used = {item.schedule for item in scheduler.items}
        kept = tuple(one for one in before.schedules if one.id not in used)
        new = tuple(one for one in self.schedules.all() if one.id in used)
        self._lights.tell(controller, at, Commissioned(before.groups, (*others, scheduler), (*kept, *new)))
        return None

    def _group(self, device: Device) -> str | None:
        return self._assets.property(device, "dimmingGroupName")


def _check_name(name: str, *others: str) -> None:
    if not name.strip():
        raise InvalidParameter("Parameter 'name' is empty")
    if any(len(text) > _LONGEST for text in (name, *others)):
        raise LimitExceeded(f"A name or description has up to {_LONGEST} characters")
