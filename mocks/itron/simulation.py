"""Simulations: devices made from a template, which post a reading at each step (that there are such is public, in
solution ``StudioSimulation``; all the rest is inferred).

One timer stands for all of them. Each step's readings bear the step's own time, so that a simulation says the same
however the clock was turned; a process that comes back makes up for the last steps that it missed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..core.clock import SECOND
from . import tables, wire
from .errors import BadRequest, LimitExceeded, NotFound
from .extension_models import MOST_SIMULATIONS, Simulation
from .models import MOST_DEVICES, Device, Observation, Place
from .simulated import values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..core.clock import Timer
    from ..core.vendor import Context
    from .extension_models import Plan
    from .provisioning import Provisioning

SOLUTION: Final = "StudioSimulation"

TIMER: Final = "itron.simulations"
"""The name of the one timer that all simulations share."""

MOST_CAUGHT_UP = 1_000
"""Steps that a simulation makes up for after a process came back; those before were never measured."""

MILLISECOND = 1_000

_RUNNING = "(steps IS NULL OR step < steps)"
_DUE = f"start + (step + 1) * interval * {SECOND}"
_COLUMNS = "id, tenant, template, sensors, devices, interval, steps, seed, start, step"


class Simulations:
    """The simulations of one world's Itron.

    Args:
        context: clock, chance and tables.
        provisioning: makes the devices.
        post: takes the observations of a device, as if somebody posted them.
    """

    def __init__(
        self, context: Context, provisioning: Provisioning, post: Callable[[Place, str, list[Observation]], None]
    ) -> None:
        self._clock = context.clock
        self._ids = context.ids
        self._store = context.store
        self._provisioning = provisioning
        self._post = post
        self._timer: Timer | None = None
        self._clock.on(TIMER, self._on_timer)

    # --- what people do --------------------------------------------------------------------------------------------

    def create(self, tenant: str, plan: Plan) -> Simulation:
        """Make a simulation and its devices; the first step comes after one interval.

        Raises:
            BadRequest: the solution has no such template.
            LimitExceeded: there are too many simulations, or devices.
        """
        place = Place(tenant, SOLUTION)
        found = {one.id: one for one in self._provisioning.templates(place)}
        template = found.get(plan.template_id)
        if template is None:
            raise BadRequest(
                f"There is no device template with this templateId in {SOLUTION}.", cause="no-such-template"
            )
        count = partial(tables.count, self._store.connection)
        if count("itron_simulations") >= MOST_SIMULATIONS or count("itron_devices") + plan.devices > MOST_DEVICES:
            raise LimitExceeded
        simulation_id = self._ids.uuid("itron/simulations")
        devices = [self._device(simulation_id, template.name, number) for number in range(plan.devices)]
        self._provisioning.add_devices(place, devices)
        seed = self._ids.stream("itron/simulations").getrandbits(31) if plan.seed is None else plan.seed
        start = self._clock.micros() // MILLISECOND * MILLISECOND  # all that a timestamp shows
        one = Simulation(
            simulation_id,
            tenant,
            template.id,
            template.sensors,
            tuple(device.id for device in devices),
            plan.interval,
            plan.steps,
            seed,
            start,
        )
        self._insert(one)
        self._arm()
        return one

    def of(self, tenant: str) -> list[Simulation]:
        """A tenant's simulations, oldest first; those too that are over."""
        return self._all("tenant = ?", tenant)

    def delete(self, tenant: str, simulation_id: str) -> None:
        """A simulation stops and is gone; its devices and what they said stay.

        Raises:
            NotFound: there is none with this id.
        """
        query = "DELETE FROM itron_simulations WHERE id = ? AND tenant = ?"
        if not self._store.connection.execute(query, (simulation_id, tenant)).rowcount:
            raise NotFound("Simulation not found.", cause="no-such-simulation")
        self._arm()

    # --- the whole state -------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """The tables were emptied, or filled anew."""
        for timer in self._clock.waiting(TIMER):  # those too that came with a snapshot
            self._clock.cancel(timer)
        self._timer = None
        self._arm()

    def resume(self) -> None:
        """Another process made the steps until now: go on, and make up for the last that were missed."""
        now = self._clock.micros()
        for one in self._all():
            passed = (now - one.start) // (one.interval * SECOND)
            if one.steps is not None:
                passed = min(passed, one.steps)
            self._set_step(one, max(one.step, passed - MOST_CAUGHT_UP))
        self.reset()

    # --- steps -----------------------------------------------------------------------------------------------------

    def _on_timer(self, _detail: Mapping[str, Any]) -> None:
        """Make one step of every simulation that is due; what is due still makes the timer fire again at once."""
        self._timer = None
        now = self._clock.micros()
        for one in self._all(f"{_RUNNING} AND {_DUE} <= ?", now):
            self._step(one)
            self._set_step(one, one.step + 1)
        self._arm()

    def _step(self, one: Simulation) -> None:
        at = one.start + (one.step + 1) * one.interval * SECOND
        for number, device in enumerate(one.devices):
            said = values(one.seed, number, one.sensors, at // SECOND)
            fields = {wire.TIMESTAMP: wire.timestamp(at)}
            fields |= {name: value for name, value in said.items() if name != wire.TIMESTAMP}
            observation = Observation(at, msgspec.json.encode(fields), (), wire.DEVICE_ID in fields)
            try:
                self._post(Place(one.tenant, SOLUTION), device, [observation])
            except NotFound:
                continue  # somebody deleted the device

    def _arm(self) -> None:
        """Set the timer for the step that comes first."""
        if self._timer is not None:
            self._clock.cancel(self._timer)
            self._timer = None
        query = f"SELECT min({_DUE}) FROM itron_simulations WHERE {_RUNNING}"  # noqa: S608  words of our own
        (due,) = self._store.connection.execute(query).fetchone()
        if due is not None:
            self._timer = self._clock.call_at(due, TIMER)

    # --- the table -------------------------------------------------------------------------------------------------

    def _device(self, simulation_id: str, kind: str, number: int) -> Device:
        device_id = self._ids.uuid("itron/devices")
        return wire.simulated_device(kind, {"simulationId": simulation_id, "number": number}, device_id)

    def _all(self, condition: str = "true", *parameters: Any) -> list[Simulation]:
        query = f"SELECT {_COLUMNS} FROM itron_simulations WHERE {condition} ORDER BY number"  # noqa: S608
        rows = self._store.connection.execute(query, parameters)
        return [
            Simulation(one, tenant, template, _texts(sensors), _texts(devices), interval, steps, seed, start, step)
            for one, tenant, template, sensors, devices, interval, steps, seed, start, step in rows
        ]

    def _insert(self, one: Simulation) -> None:
        sensors, devices = (msgspec.json.encode(texts).decode() for texts in (one.sensors, one.devices))
        self._store.connection.execute(
            f"INSERT INTO itron_simulations ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                one.id,
                one.tenant,
                one.template_id,
                sensors,
                devices,
                one.interval,
                one.steps,
                one.seed,
                one.start,
                one.step,
            ),
        )

    def _set_step(self, one: Simulation, step: int) -> None:
        self._store.connection.execute("UPDATE itron_simulations SET step = ? WHERE id = ?", (step, one.id))


def _texts(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])
