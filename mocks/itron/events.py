"""Event rules, who subscribed to them, and which observations meet them (inferred, all of it).

Every observation that is stored counts, however it came: posted, bridged from the mesh, or simulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from . import matching, strictjson, tables, wire
from .deliveries import Notice
from .errors import BadRequest, LimitExceeded, NotFound
from .extension_models import MOST_EVENTS, MOST_SUBSCRIPTIONS, Event, Subscription

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from ..core.store import Store
    from .deliveries import Deliveries
    from .matching import Value
    from .models import Arrival, Place
    from .provisioning import Provisioning

_EVENT = "e.id, e.name, e.type, e.sensor, e.operator, e.value"
_SUBSCRIPTION = "s.id, s.event, s.url, s.headers, s.client"


class Events:
    """The rules and subscriptions of every solution.

    Args:
        store: where they are kept; the tables are there.
        provisioning: knows solutions and devices.
        deliveries: tells subscribers.
    """

    def __init__(self, store: Store, provisioning: Provisioning, deliveries: Deliveries) -> None:
        self._store = store
        self._provisioning = provisioning
        self._deliveries = deliveries

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._store.connection

    # --- rules -----------------------------------------------------------------------------------------------------

    def events(self, place: Place) -> list[Event]:
        """The rules of a solution, oldest first."""
        query = f"SELECT {_EVENT} FROM itron_events AS e WHERE e.solution = ? ORDER BY e.number"  # noqa: S608
        return [_event(row) for row in self._connection.execute(query, (self._provisioning.solution(place),))]

    def add_event(self, place: Place, event: Event) -> None:
        """One more rule.

        Raises:
            LimitExceeded: there are too many.
        """
        self._bound("itron_events", MOST_EVENTS)
        self._connection.execute(
            "INSERT INTO itron_events (solution, id, name, type, sensor, operator, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                self._provisioning.made_solution(place),
                event.id,
                event.name,
                event.device_type,
                event.sensor,
                event.operator,
                event.raw,
            ),
        )

    def delete_event(self, place: Place, event_id: str) -> None:
        """A rule is gone, with its subscriptions and their deliveries.

        Raises:
            NotFound: there is none with this id in the solution.
        """
        self._delete("itron_events", place, event_id, NotFound("Event not found.", cause="no-such-event"))
        rows = self._connection.execute("SELECT id FROM itron_subscriptions WHERE event = ?", (event_id,)).fetchall()
        for (subscription_id,) in rows:
            self._deliveries.forget(subscription_id)
        self._connection.execute("DELETE FROM itron_subscriptions WHERE event = ?", (event_id,))

    # --- subscriptions ---------------------------------------------------------------------------------------------

    def subscriptions(self, place: Place) -> list[Subscription]:
        """The subscriptions of a solution, oldest first."""
        query = f"SELECT {_SUBSCRIPTION} FROM itron_subscriptions AS s WHERE s.solution = ? ORDER BY s.number"  # noqa: S608
        return [_subscription(row) for row in self._connection.execute(query, (self._provisioning.solution(place),))]

    def add_subscription(self, place: Place, subscription: Subscription) -> None:
        """One more subscription.

        Raises:
            BadRequest: the solution has no such rule.
            LimitExceeded: there are too many.
        """
        solution = self._provisioning.solution(place)
        query = "SELECT EXISTS (SELECT 1 FROM itron_events WHERE id = ? AND solution = ?)"
        if not self._connection.execute(query, (subscription.event_id, solution)).fetchone()[0]:
            raise BadRequest("There is no event with this eventId in the solution.", cause="no-such-event")
        self._bound("itron_subscriptions", MOST_SUBSCRIPTIONS)
        self._connection.execute(
            "INSERT INTO itron_subscriptions (solution, id, event, url, headers, client) VALUES (?, ?, ?, ?, ?, ?)",
            (
                solution,
                subscription.id,
                subscription.event_id,
                subscription.url,
                msgspec.json.encode(subscription.headers).decode(),
                subscription.client,
            ),
        )

    def subscription(self, place: Place, subscription_id: str) -> None:
        """Make sure that there is a subscription.

        Raises:
            NotFound: there is none with this id in the solution.
        """
        query = "SELECT EXISTS (SELECT 1 FROM itron_subscriptions WHERE id = ? AND solution = ?)"
        solution = self._provisioning.solution(place)
        if not self._connection.execute(query, (subscription_id, solution)).fetchone()[0]:
            raise _no_subscription()

    def delete_subscription(self, place: Place, subscription_id: str) -> None:
        """A subscription is gone, with its deliveries; those that wait are not sent.

        Raises:
            NotFound: there is none with this id in the solution.
        """
        self._delete("itron_subscriptions", place, subscription_id, _no_subscription())
        self._deliveries.forget(subscription_id)

    # --- observations ----------------------------------------------------------------------------------------------

    def observe(self, arrival: Arrival) -> None:
        """Observations were stored: remember whom to tell."""
        solution, _, _ = self._provisioning.device(arrival.place, arrival.device_id)
        query = (
            f"SELECT {_EVENT}, {_SUBSCRIPTION} FROM itron_events AS e "  # noqa: S608  names of our own
            "JOIN itron_subscriptions AS s ON s.event = e.id JOIN itron_devices AS d ON d.id = ? "
            "WHERE e.solution = ? AND (e.type IS NULL OR e.type = d.type) ORDER BY s.number"
        )
        rows = self._connection.execute(query, (arrival.device_id, solution)).fetchall()
        if rows:
            told = [(_event(row[:6]), _subscription(row[6:])) for row in rows]
            self._deliveries.add(self._notices(arrival, told))

    def _notices(self, arrival: Arrival, told: list[tuple[Event, Subscription]]) -> Iterator[Notice]:
        for one in arrival.observations:
            members = strictjson.members(one.raw)
            found: dict[str, Value | None] = {}
            for event, subscription in told:
                if event.sensor not in found:
                    found[event.sensor] = matching.find(members, event.sensor)
                value = found[event.sensor]
                if value is not None and matching.holds(value, event.operator, event.value):
                    yield Notice(subscription, arrival.place, arrival.device_id, members[wire.TIMESTAMP], one.raw)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _delete(self, table: str, place: Place, row_id: str, missing: NotFound) -> None:
        query = f"DELETE FROM {table} WHERE id = ? AND solution = ?"  # noqa: S608  names of our own
        if not self._connection.execute(query, (row_id, self._provisioning.solution(place))).rowcount:
            raise missing

    def _bound(self, table: str, most: int) -> None:
        if tables.count(self._connection, table) >= most:
            raise LimitExceeded


def _event(row: tuple[Any, ...]) -> Event:
    event_id, name, device_type, sensor, operator, raw = row
    value = matching.scalar(raw.encode())
    assert value is not None  # it was looked at when it came
    return Event(event_id, name, device_type, sensor, operator, value, raw)


def _subscription(row: tuple[Any, ...]) -> Subscription:
    subscription_id, event_id, url, headers, client = row
    pairs = msgspec.json.decode(headers, type=tuple[tuple[str, str], ...])
    return Subscription(subscription_id, event_id, url, pairs, client)


def _no_subscription() -> NotFound:
    return NotFound("Subscription not found.", cause="no-such-subscription")
