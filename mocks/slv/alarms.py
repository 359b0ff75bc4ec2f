"""Alarms and work orders: what failed is raised, somebody looks at it, somebody mends it.

Alarms follow from failures, which follow from the seed; they are written down when somebody looks, as of the moment
when each was raised. Only what people do with them is a change of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .errors import Conflict, InvalidParameter, LimitExceeded
from .lamps import delay
from .models import DAY, STREETLIGHT, TRANSITIONS, Alarm, AlarmState, Definition, Order, OrderState
from .tables import Shelf
from .values import FAILURES, TRUE, VALUES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .assets import Assets
    from .lamps import Lights
    from .models import Device
    from .tables import Tables

ON_FAILURE, ON_VALUE = "DeviceFailureAlarmTriggersGenerator", "SmartMeteringValueAlarmTriggersGenerator"
"""What may trigger an alarm; the second name is public, and so is its property ``triggerCondition.triggerValue``."""

MAIL = "MailAlarmStateChangeAction"

NAMES, NAME, OPERATOR, LIMIT = (
    f"triggerCondition.{name}" for name in ("valueNames", "valueName", "operator", "triggerValue")
)

MOST_DEFINITIONS, MOST_ALARMS, MOST_ORDERS = 500, 20_000, 5_000
"""Of each; of alarms the oldest go, the others are refused."""

_LOOK_BACK, _FIRST_LOOK = 366 * DAY, 60 * DAY
_SEEN, _SEEDED = "alarms seen", "definitions seeded"
_LONGEST = 1_000

_Key = tuple[int, int, str, int]

_SEED = tuple(
    Definition(id=number, name=name, trigger=ON_FAILURE, action=MAIL, properties={NAMES: names})
    for number, name, names in (
        (1, "Lamp or ballast failure", "LampFailure,BallastFailure"),
        (2, "Node lost", "DefaultLostNode"),
        (3, "Relay failure", "RelayFailure"),
    )
)


class Alarms:
    """Every alarm, what raises them, and the work that they make."""

    def __init__(self, tables: Tables, assets: Assets, lights: Lights) -> None:
        self._tables = tables
        self._assets = assets
        self._lights = lights
        self.definitions = Shelf(tables, "alarm definition", Definition, MOST_DEFINITIONS, 101)
        self.alarms = Shelf(tables, "alarm", Alarm, 1 << 62)
        self.orders = Shelf(tables, "work order", Order, MOST_ORDERS)
        self.take_seed()

    def take_seed(self) -> None:
        """Put the definitions there that the city began with, once."""
        if self._tables.marked(_SEEDED) is None:
            for definition in _SEED:
                self.definitions.put(definition)
            self._tables.mark(_SEEDED, 1)

    # --- definitions ---------------------------------------------------------------------------------------------

    def define(self, name: str, trigger: str, action: str, now: int) -> Definition:
        """Add a definition; until it is updated it has no properties, and raises nothing."""
        if trigger not in (ON_FAILURE, ON_VALUE):
            raise InvalidParameter(f"A trigger is one of {ON_FAILURE}, {ON_VALUE}")
        _check_texts(name, action)
        self.look(now)
        number = self.definitions.new_id()
        return self.definitions.put(Definition(id=number, name=name, trigger=trigger, action=action))

    def redefine(self, number: int, name: str | None, properties: dict[str, str], now: int) -> Definition:
        """Change a definition's name, and some of its properties."""
        known = self.definitions.get(number)
        _check_texts(name or known.name, *properties, *properties.values())
        if len(known.properties | properties) > 100:
            raise LimitExceeded("A definition has up to 100 properties")
        self.look(now)
        changed = msgspec.structs.replace(known, name=name or known.name, properties=known.properties | properties)
        return self.definitions.put(changed)

    def forget_definition(self, number: int, now: int) -> None:
        """Take a definition away; what it raised stays."""
        self.definitions.get(number)
        self.look(now)
        self.definitions.delete(number)

    # --- alarms --------------------------------------------------------------------------------------------------

    def look(self, now: int) -> None:
        """Write down what was raised until ``now``, and what is over."""
        seen = self._tables.marked(_SEEN)
        start = max(now - _LOOK_BACK, now - _FIRST_LOOK if seen is None else seen, 0)
        if start >= now:
            return
        lamps = [device.id for device in self._assets.all() if device.category == STREETLIGHT]
        definitions = [one for one in self.definitions.all() if one.trigger == ON_FAILURE]
        standing = self._standing()
        # A little earlier than was looked before: what began then was not known yet.
        for lamp, failure in self._lights.beginning(lamps, max(0, start - 60), now):
            device = self._assets.by_id(lamp)
            raised = failure.begin + delay(lamp)
            if failure.begin < device.installed or not (seen is None or start < raised) or raised > now:
                continue
            for definition in definitions:
                if failure.name in definition.properties.get(NAMES, "").split(","):
                    self._raise(standing, definition, device, failure.name, failure.begin, raised)
        self._tables.mark(_SEEN, now)
        self._close_mended(now)
        self.alarms.drop_oldest(MOST_ALARMS)

    def value_set(self, device: Device, name: str, value: str, at: int, now: int) -> None:
        """Somebody set a value: raise what this triggers."""
        standing = self._standing()
        for definition in self.definitions.all():
            names = definition.properties.get(NAMES, "").split(",")
            on_failure = definition.trigger == ON_FAILURE and name in FAILURES and name in names and value == TRUE
            on_value = definition.trigger == ON_VALUE and definition.properties.get(NAME) == name
            if on_failure or (on_value and _triggers(definition, value)):
                self._raise(standing, definition, device, name, at, now)

    def acknowledge(self, number: int, user: str, now: int) -> Alarm:
        """Somebody has seen an alarm."""
        self.look(now)
        alarm = self.alarms.get(number)
        return self._move(alarm, AlarmState.ACKNOWLEDGED, acknowledged=now, user=user)

    # --- work orders ---------------------------------------------------------------------------------------------

    def order(self, device: Device, alarm: int | None, title: str, user: str, now: int) -> Order:
        """Send somebody to a device."""
        _check_texts(title)
        self.look(now)
        if alarm is not None and self.alarms.get(alarm).device != device.id:
            raise InvalidParameter(f"Alarm '{alarm}' is of another device")
        number = self.orders.new_id()
        return self.orders.put(
            Order(
                id=number,
                title=title,
                device=device.id,
                alarm=alarm,
                created=now,
                state=OrderState.OPEN,
                user=user,
            )
        )

    def close_order(self, number: int, comment: str | None, now: int, *, done: bool) -> Order:
        """The work is done, and the device mended; or nobody goes there any more."""
        order = self.orders.get(number)
        state = OrderState.DONE if done else OrderState.CANCELLED
        if state not in TRANSITIONS[order.state]:
            raise Conflict(f"Work order '{number}' is closed already")
        _check_texts(comment or "")
        self.look(now)
        if done:
            device = self._assets.by_id(order.device)
            self._lights.repair(device, now)
            for alarm in self._open():
                if alarm.device == device.id:
                    self._move(alarm, AlarmState.CLOSED, closed=now)
        closed = msgspec.structs.replace(order, state=state, closed=now, comment=comment)
        return self.orders.put(closed)

    # --- inside --------------------------------------------------------------------------------------------------

    def _raise(
        self, standing: set[_Key], definition: Definition, device: Device, source: str, since: int, raised: int
    ) -> None:
        key = definition.id, device.id, source, since
        if key in standing:
            return
        standing.add(key)
        self.alarms.put(
            Alarm(
                id=self.alarms.new_id(),
                definition=definition.id,
                name=definition.name,
                device=device.id,
                source=source,
                since=since,
                raised=raised,
                state=AlarmState.RAISED,
            )
        )

    def _standing(self) -> set[_Key]:
        """What was raised already and is not over: it is not raised twice."""
        return {(one.definition, one.device, one.source, one.since) for one in self._open()}

    def _open(self) -> Iterable[Alarm]:
        return [alarm for alarm in self.alarms.all() if alarm.state is not AlarmState.CLOSED]

    def _close_mended(self, now: int) -> None:
        """Close what a failure raised that is over, and what belongs to a device that is gone."""
        there = {device.id: device for device in self._assets.all()}
        for alarm in self._open():
            device = there.get(alarm.device)
            if device is None:
                self._move(alarm, AlarmState.CLOSED, closed=now)
            elif alarm.source in FAILURES:
                failures = self._lights.failures(device, alarm.since, now + 1)
                ends = [one.end for one in failures if (one.begin, one.name) == (alarm.since, alarm.source)]
                if ends and ends[0] <= now:
                    self._move(alarm, AlarmState.CLOSED, closed=ends[0])

    def _move(self, alarm: Alarm, state: AlarmState, **changes: int | str) -> Alarm:
        if state not in TRANSITIONS[alarm.state]:
            raise Conflict(f"Alarm '{alarm.id}' is {alarm.state.value} already")
        return self.alarms.put(msgspec.structs.replace(alarm, state=state, **changes))


def _triggers(definition: Definition, value: str) -> bool:
    """Whether a value lies where an alarm begins: above its limit, unless the definition says otherwise."""
    limit, operator = definition.properties.get(LIMIT, ""), definition.properties.get(OPERATOR, "gt")
    if operator == "eq" or VALUES[definition.properties[NAME]].type != "float":
        return value == limit
    try:
        bound, number = float(limit), float(value)
    except ValueError:
        return False
    return number < bound if operator == "lt" else number > bound


def _check_texts(*texts: str) -> None:
    if any(len(text) > _LONGEST for text in texts):
        raise LimitExceeded(f"A text has up to {_LONGEST} characters")
