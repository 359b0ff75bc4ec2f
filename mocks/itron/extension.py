"""The extension over HTTP: events, subscriptions, deliveries and simulations.

The vendor names these and describes them nowhere, so all of it is our own design, in the style of the templates. Where
a setting has not turned it on there is nothing here, and its paths are answered like any other that nobody knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ..core.web.message import Answer
from ..core.web.routes import Route
from . import extension_wire, wire
from .errors import CORS, JSON
from .models import Grant, Place
from .simulation import SOLUTION

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..core.ids import Ids
    from ..core.web.message import Request
    from ..core.web.routes import Handler
    from .deliveries import Deliveries
    from .events import Events
    from .simulation import Simulations

    View = Callable[..., Handler]
    """Makes a handler of the actions of a path, by method."""

BASE = "/api/solutions/<solution>"
SIMULATIONS = f"/api/solutions/{SOLUTION}/simulations"


class EventsFace:
    """Events, subscriptions and deliveries.

    Args:
        events: the rules and who subscribed.
        deliveries: what was sent.
        ids: for new ones.
        enter: is told of a place before anything is done there.
        anywhere: receivers may lie beyond this machine.
    """

    def __init__(
        self, events: Events, deliveries: Deliveries, ids: Ids, enter: Callable[[Place], None], *, anywhere: bool
    ) -> None:
        self._events = events
        self._deliveries = deliveries
        self._ids = ids
        self._enter = enter
        self._anywhere = anywhere

    def routes(self, view: View) -> list[Route]:
        """What there is."""
        subscription = f"{BASE}/subscriptions/<subscription>"
        return [
            Route(f"{BASE}/events", "events", view(GET=self._list_events, POST=self._create_event)),
            Route(f"{BASE}/events/<event>", "event", view(DELETE=self._delete_event)),
            Route(f"{BASE}/subscriptions", "subscriptions", view(GET=self._list, POST=self._create)),
            Route(subscription, "subscription", view(DELETE=self._delete)),
            Route(f"{subscription}/deliveries", "deliveries", view(GET=self._history)),
        ]

    def _list_events(self, request: Request, grant: Grant) -> Answer:
        found = self._events.events(self._place(request, grant))
        return _answer(200, {extension_wire.EVENTS: [extension_wire.event_json(one) for one in found]})

    def _create_event(self, request: Request, grant: Grant) -> Answer:
        place = self._place(request, grant)
        event = extension_wire.event(request.body, self._ids.uuid("itron/events"))
        self._events.add_event(place, event)
        return _answer(201, {extension_wire.EVENTS: extension_wire.event_json(event)})

    def _delete_event(self, request: Request, grant: Grant) -> Answer:
        self._events.delete_event(self._place(request, grant), request.params["event"])
        return _answer(200, {})

    def _list(self, request: Request, grant: Grant) -> Answer:
        found = self._events.subscriptions(self._place(request, grant))
        return _answer(200, {extension_wire.SUBSCRIPTIONS: [extension_wire.subscription_json(one) for one in found]})

    def _create(self, request: Request, grant: Grant) -> Answer:
        place = self._place(request, grant)
        new_id = self._ids.uuid("itron/subscriptions")
        one = extension_wire.subscription(request.body, new_id, grant.client_id, anywhere=self._anywhere)
        self._events.add_subscription(place, one)
        return _answer(201, {extension_wire.SUBSCRIPTIONS: extension_wire.subscription_json(one)})

    def _delete(self, request: Request, grant: Grant) -> Answer:
        self._events.delete_subscription(self._place(request, grant), request.params["subscription"])
        return _answer(200, {})

    def _history(self, request: Request, grant: Grant) -> Answer:
        subscription = request.params["subscription"]
        self._events.subscription(self._place(request, grant), subscription)
        found = self._deliveries.history(subscription, wire.limit(request.query_fields))
        return _answer(200, {extension_wire.DELIVERIES: [extension_wire.delivery_json(one) for one in found]})

    def _place(self, request: Request, grant: Grant) -> Place:
        place = Place(grant.tenant, request.params["solution"])
        self._enter(place)
        return place


class SimulationsFace:
    """Simulations.

    Args:
        simulations: those that there are.
        enter: is told of a place before anything is done there.
    """

    def __init__(self, simulations: Simulations, enter: Callable[[Place], None]) -> None:
        self._simulations = simulations
        self._enter = enter

    def routes(self, view: View) -> list[Route]:
        """What there is."""
        return [
            Route(SIMULATIONS, "simulations", view(GET=self._list, POST=self._create)),
            Route(f"{SIMULATIONS}/<simulation>", "simulation", view(DELETE=self._delete)),
        ]

    def _list(self, _request: Request, grant: Grant) -> Answer:
        self._enter(Place(grant.tenant, SOLUTION))
        found = self._simulations.of(grant.tenant)
        return _answer(200, {extension_wire.SIMULATIONS: [extension_wire.simulation_json(one) for one in found]})

    def _create(self, request: Request, grant: Grant) -> Answer:
        self._enter(Place(grant.tenant, SOLUTION))
        one = self._simulations.create(grant.tenant, extension_wire.plan(request.body))
        return _answer(201, {extension_wire.SIMULATIONS: extension_wire.simulation_json(one)})

    def _delete(self, request: Request, grant: Grant) -> Answer:
        self._simulations.delete(grant.tenant, request.params["simulation"])
        return _answer(200, {})


def _answer(status: int, body: Any) -> Answer:
    return Answer(status, msgspec.json.encode(body), [JSON, *CORS])
