"""All state and rules of Itron's Data Platform; knows no transport.

Everything that can change lies in the store's tables. What is there at the start is made when somebody first looks.
"""

from __future__ import annotations

import hmac
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..core.clock import SECOND
from . import seed, tables, wire
from .deliveries import Deliveries
from .errors import BadRequest, Unauthorized
from .estate import Estate, pieces
from .events import Events
from .mesh.mesh import Mesh
from .models import Arrival, Place, Template
from .observations import Observations, pack, unpack
from .provisioning import Provisioning
from .readings import sensor_tag
from .sessions import Sessions
from .simulation import Simulations
from .tokens import TokenStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..core.traces import Span
    from ..core.vendor import Context
    from .models import Observation, Page, Reading, Window
    from .settings import Settings

HOUR, DAY = 3_600, 86_400

DEVICES_WITH_A_PAST = 1_000
"""Of the mesh devices so many have a day of history at the start; the others have none."""

_SOLUTION = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


class Backend:
    """One world's Itron.

    Attributes:
        ids: chance.
        estate: tenants and mesh devices.
        tokens: those that were issued.
        observers: called with observations of a device when they were stored, within the same exchange.
        mesh: the devices, as they answer.
        sessions: of the CoAP Gateway.
        deliveries, events, simulations: the extension, where it is on.
    """

    def __init__(self, context: Context, settings: Settings) -> None:
        self._clock = context.clock
        self.ids = context.ids
        self._settings = settings
        self._store = context.store
        tables.create(self._store.connection)
        self.tokens = TokenStore(self._store, self._clock, self.ids, settings)
        self.estate = Estate(self._clock, self.ids, settings.mesh_devices, settings.interval)
        self.mesh = Mesh(self._clock, self.ids, self.estate, self._store, settings)
        self.sessions = Sessions(self._clock, self._store, settings)
        self._provisioning = Provisioning(self._store)
        self._observations = Observations(self._store, settings)
        self.observers: list[Callable[[Arrival], None]] = []
        self.deliveries = self.events = self.simulations = None
        if settings.events:
            self.deliveries = Deliveries(context, self.is_secret, anywhere=settings.webhooks_anywhere)
            self.events = Events(self._store, self._provisioning, self.deliveries)
            self.observers.append(self.events.observe)
        if settings.simulation:
            self.simulations = Simulations(context, self._provisioning, self._post_now)
        if settings.bridge:
            self.estate.listen(self._bridge)
        if not self._store.found:
            self._begin()
            self._store.commit()

    # --- tokens ----------------------------------------------------------------------------------------------------

    def token(self, client_id: str, client_secret: str) -> str:
        """A new token for an application.

        Raises:
            Unauthorized: there is no such application, or its secret is another.
        """
        tenant = self.estate.client(client_id)
        if tenant is None:
            raise Unauthorized(cause="unknown-client")
        if not hmac.compare_digest(tenant.client_secret.encode(), client_secret.encode()):
            raise Unauthorized(cause="wrong-secret")
        return self.tokens.issue(tenant)

    def is_secret(self, text: str) -> bool:
        """Whether a text is, or holds, what should not be shown; a secret that stood in a path comes in pieces."""
        return not self.estate.secrets.isdisjoint(pieces(text))

    # --- devices ---------------------------------------------------------------------------------------------------

    def devices(self, place: Place, kind: str | None) -> list[bytes] | None:
        """The devices of a solution, of one type if it is given; None when it has none at all."""
        self.enter(place)
        return self._provisioning.devices(place, kind)

    def create_device(self, place: Place, body: bytes) -> bytes:
        """A new device, as it is from now on."""
        self.enter(place)
        device = wire.device(body, self.ids.uuid("itron/devices"))
        self._provisioning.add_device(place, device)
        return device.document

    def device(self, place: Place, device_id: str) -> bytes:
        """One device."""
        self.enter(place)
        return self._provisioning.device(place, device_id)[2]

    def change_device(self, place: Place, device_id: str, body: bytes) -> bytes:
        """A device is replaced; its id and observations stay."""
        self.enter(place)
        _, number, _ = self._provisioning.device(place, device_id)
        device = wire.device(body, device_id)
        self._provisioning.change_device(number, device)
        return device.document

    def delete_device(self, place: Place, device_id: str) -> None:
        """A device is gone, with its observations (inferred)."""
        self.enter(place)
        _, number, _ = self._provisioning.device(place, device_id)
        self._observations.drop(number)
        self._provisioning.delete_device(number)

    # --- observations ----------------------------------------------------------------------------------------------

    def post(self, place: Place, device_id: str, observations: Sequence[Observation]) -> None:
        """Store observations of a device, all of them, and tell those who wait for them."""
        self.enter(place)
        solution, device, _ = self._provisioning.device(place, device_id)
        self._observations.add(solution, device, observations)
        for observer in self.observers:
            observer(Arrival(place, device_id, observations))

    def released(self, span: Span | None) -> Callable[[], object] | None:
        """What is to happen once the answer to this exchange has left: then webhooks go out, not before.

        Args:
            span: of this exchange, if it is part of a trace; then so are they.
        """
        return self.deliveries.after_answer(span) if self.deliveries else None

    def _post_now(self, place: Place, device_id: str, observations: Sequence[Observation]) -> None:
        """Store observations that came without an exchange, so that there is no answer to wait for."""
        self.post(place, device_id, observations)
        if self.deliveries:
            self.deliveries.soon()

    def observations(
        self, place: Place, device_id: str | None, window: Window | None, after: str | None, limit: int | None
    ) -> tuple[Page, str | None]:
        """A page of a device's observations, or of a whole solution's, and the cursor of the next one if there is one.

        Raises:
            NotFound: there is no such device.
            BadCursor: the cursor was not given out for this list.
        """
        self.enter(place)
        owner = "/".join((*place, device_id or "", "newest" if device_id is None and window is None else "all"))
        key = seed.secret(self.ids.seed, "cursors")
        if device_id is None:
            solution = self._provisioning.solution(place)
            cursor = None if after is None else unpack(after, key, owner)
            page = self._observations.of_solution(-1 if solution is None else solution, window, cursor, limit)
        else:
            _, device, _ = self._provisioning.device(place, device_id)
            cursor = None if after is None else unpack(after, key, owner)
            page = self._observations.of_device(device, window, cursor, limit)
        return page, None if page.after is None else pack(page.after, key, owner)

    # --- templates -------------------------------------------------------------------------------------------------

    def templates(self, place: Place) -> list[Template]:
        """The templates of a solution."""
        self.enter(place)
        return self._provisioning.templates(place)

    def create_template(self, place: Place, name: str, sensors: tuple[str, ...]) -> Template:
        """A new template."""
        self.enter(place)
        template = Template(self.ids.uuid("itron/templates"), name, sensors)
        self._provisioning.add_template(place, template)
        return template

    def change_template(self, place: Place, template: Template) -> None:
        """A template is replaced."""
        self.enter(place)
        self._provisioning.change_template(place, template)

    # --- the whole state -------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """The store held a world, and the clock has just been set to where that one is."""
        if self._meta("start") is None:
            self._begin()
        self.tokens.resume()
        self.estate.resume()
        self.mesh.resume()
        self.sessions.resume()
        for part in (self.deliveries, self.simulations):
            if part is not None:
                part.resume()

    def reset(self) -> None:
        """Return to the start."""
        tables.clear(self._store.connection)
        self._begin()
        self.tokens.reset()
        self.estate.reset()
        self.mesh.reset()
        self.sessions.reset()
        self._observations.reset()
        for part in (self.deliveries, self.simulations):
            if part is not None:
                part.reset()

    def snapshot(self) -> dict[str, Any]:
        """Every table."""
        self.mesh.save()
        self.sessions.save()
        return tables.dump(self._store.connection)

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the state from ``snapshot``, in a world of the same seed."""
        tables.load(self._store.connection, document)
        self.tokens.resume()
        self.estate.resume()
        self.mesh.resume()
        self.sessions.resume()
        self._observations.reset()
        if self.deliveries:
            self.deliveries.resume()
        if self.simulations:
            self.simulations.reset()

    @property
    def furnished(self) -> bool:
        """Whether somebody has looked already, so that what is there from the start was made."""
        return bool(self._meta("furnished"))

    def counts(self) -> dict[str, int]:
        """How many of everything there are; to ask makes nothing."""
        names = ["solutions", "devices", "templates", "observations", "tokens"]
        names += ["events", "subscriptions", "deliveries"] if self.events else []
        names += ["simulations"] if self.simulations else []
        return {name: tables.count(self._store.connection, f"itron_{name}") for name in names}

    # --- the start -------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._set_meta("start", self._clock.micros())
        self._set_meta("furnished", 0)

    def enter(self, place: Place) -> None:
        """Whoever comes to a solution finds what is there from the start.

        Raises:
            BadRequest: no solution can have this name.
        """
        if not _SOLUTION.fullmatch(place.solution):
            raise BadRequest("The name of the solution is not valid.", cause="bad-solution")
        self._furnish()

    def _furnish(self) -> None:
        """Make the devices that are there from the start, and their past, once."""
        if self.furnished:
            return
        self._set_meta("furnished", 1)
        world, start = self.ids.seed, (self._meta("start") or 0) // SECOND
        for tenant in self.estate.tenants:
            place = Place(tenant.id, seed.SANDBOX)
            mesh = ((one, seed.identifier(world, f"device/{one.mac}")) for one in self.estate.devices(tenant))
            self._provisioning.add_devices(place, (wire.mesh_device(*pair) for pair in mesh))
            for one in islice(self.estate.devices(tenant), DEVICES_WITH_A_PAST):
                past = self.estate.reports_between(one, start - DAY + 1, start + 1)
                self._store_past(place, seed.identifier(world, f"device/{one.mac}"), map(wire.reading, past))
        self._add_sensor_tags(Place(self.estate.tenants[0].id, seed.SANDBOX), start)

    def _add_sensor_tags(self, place: Place, start: int) -> None:
        world = self.ids.seed
        for info in seed.GATEWAY_DEVICES:
            device = wire.gateway_device(info, seed.identifier(world, f"device/{info['macaddress']}"))
            self._provisioning.add_devices(place, [device])
            hours = range(start // HOUR * HOUR, start - DAY, -HOUR)
            past = (wire.sensor_tag(hour, sensor_tag(world, info["macaddress"], hour)) for hour in reversed(hours))
            self._store_past(place, device.id, past)

    def _store_past(self, place: Place, device_id: str, past: Iterable[Observation]) -> None:
        solution, number, _ = self._provisioning.device(place, device_id)
        self._observations.add(solution, number, past)

    def _bridge(self, reading: Reading) -> None:
        """What a mesh device reports becomes an observation of the device that stands for it."""
        self._furnish()
        for place, device_id in self._provisioning.devices_of_mesh(reading.device.tenant, reading.device.mac):
            self._post_now(place, device_id, [wire.reading(reading)])

    def _meta(self, name: str) -> int | None:
        row = self._store.connection.execute("SELECT value FROM itron_meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def _set_meta(self, name: str, value: int) -> None:
        self._store.connection.execute("INSERT OR REPLACE INTO itron_meta VALUES (?, ?)", (name, value))
