"""The simulated world of Itron's customers: tenants, their mesh devices, and the moments when those report.

Every protocol stands on this one estate. Whoever carries readings (the platform's bridge, later a broker and a gateway)
listens here and is handed the same ``Reading``: one reading, however many ways it goes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..core.clock import SECOND
from . import seed
from .readings import FAHRENHEIT, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..core.clock import Clock
    from ..core.ids import Ids
    from .models import MeshDevice, Reading, Sensor, Tenant

MINUTE = 60

_SIGNS = re.compile(r"[^A-Za-z0-9]+")
_PIECE = 6

REPORT = "itron.mesh-report"
"""The name of the one timer that all mesh devices share."""


class Estate:
    """Tenants and mesh devices of one world.

    Args:
        clock: when devices report.
        ids: the seed.
        mesh_devices: how many the first tenant has.
        interval: seconds between two reports of a device.

    Attributes:
        units: asked what a device tells its temperature in; None where it is as it left the factory.
    """

    def __init__(self, clock: Clock, ids: Ids, mesh_devices: int, interval: int) -> None:
        self._clock = clock
        self._ids = ids
        self._counts = (mesh_devices, seed.SECOND_TENANTS_DEVICES)
        self.interval = interval
        self.units: Callable[[str], str | None] = lambda _mac: None
        self._listeners: list[Callable[[Reading], None]] = []
        clock.on(REPORT, self._on_timer)
        self.reset()

    # --- who and what there is -------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Be the estate of the seed as it is now; whoever listens goes on listening."""
        self.tenants: list[Tenant] = seed.tenants(self._ids.seed)
        self.caas = seed.caas(self._ids.seed)
        secrets = [self.caas.password, *(tenant.client_secret for tenant in self.tenants)]
        self.secrets = frozenset(piece for secret in secrets for piece in pieces(secret))
        self._by_client = {tenant.client_id: tenant for tenant in self.tenants}
        self._set_timer()

    def client(self, client_id: str) -> Tenant | None:
        """The tenant that an application acts for."""
        return self._by_client.get(client_id)

    def count(self, tenant: Tenant) -> int:
        """How many mesh devices a tenant has."""
        return self._counts[self.tenants.index(tenant)]

    def devices(self, tenant: Tenant) -> Iterator[MeshDevice]:
        """A tenant's mesh devices, each made as it is asked for."""
        owner = self.tenants.index(tenant)
        return (seed.mesh_device(self._ids.seed, tenant, owner, number) for number in range(self._counts[owner]))

    def device(self, mac: str) -> MeshDevice | None:
        """The mesh device with a MAC address, in any case of letters, whosever it is."""
        place = seed.mesh_place(self._ids.seed, mac.lower())
        if place is None:
            return None
        owner, number = place
        if owner >= len(self.tenants) or number >= self._counts[owner]:
            return None
        return seed.mesh_device(self._ids.seed, self.tenants[owner], owner, number)

    # --- readings --------------------------------------------------------------------------------------------------

    def measure(self, device: MeshDevice, sensor: Sensor, second: int) -> Reading:
        """What a sensor measures at a moment: the same, whoever asks and however often."""
        return measure(self._ids.seed, device, sensor, second, self.units(device.mac) or FAHRENHEIT)

    def listen(self, listener: Callable[[Reading], None]) -> None:
        """Hand every reading that is reported to ``listener``, from now on."""
        self._listeners = [*self._listeners, listener]
        self._set_timer()

    def ignore(self, listener: Callable[[Reading], None]) -> None:
        """Hand it no more; once nobody listens, devices need not report."""
        self._listeners = [one for one in self._listeners if one != listener]

    def report(self, reading: Reading) -> None:
        """A device reports: every listener gets this very reading."""
        for listener in self._listeners:
            listener(reading)

    def reports_between(self, device: MeshDevice, start: int, end: int) -> Iterator[Reading]:
        """What a device reports by itself in [start, end), in seconds since 1970, in order."""
        interval = self.interval
        first = start + (self._phase(device.number) - start) % interval
        for second in range(first, end, interval):
            for sensor in device.sensors:
                if sensor.periodic:
                    yield self.measure(device, sensor, second)

    # --- the timer -------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """The clock was set to another time, and its timers may be gone."""
        self._set_timer()

    def _phase(self, number: int) -> int:
        """Seconds into the interval when a device reports: devices take turns, a minute apart."""
        return MINUTE * (number % max(1, self.interval // MINUTE))

    def _set_timer(self) -> None:
        if self._listeners and not self._clock.waiting(REPORT):
            self._call_next(self._clock.micros() // SECOND)

    def _call_next(self, now: int) -> None:
        second = self._next_report(now)
        self._clock.call_at(second * SECOND, REPORT, {"second": second})

    def _next_report(self, now: int) -> int:
        """The first second after ``now`` at which somebody reports."""
        turns = min(max(1, *self._counts), max(1, self.interval // MINUTE))
        into = now % self.interval
        turn = into // MINUTE + 1
        return now - into + (turn * MINUTE if turn < turns else self.interval)

    def _on_timer(self, detail: Mapping[str, Any]) -> None:
        if not self._listeners:
            return
        second: int = detail["second"]
        slots = max(1, self.interval // MINUTE)
        turn = second % self.interval // MINUTE
        for owner, tenant in enumerate(self.tenants):
            for number in range(turn, self._counts[owner], slots):
                device = seed.mesh_device(self._ids.seed, tenant, owner, number)
                for sensor in device.sensors:
                    if sensor.periodic:
                        self.report(self.measure(device, sensor, second))
        self._call_next(second)


def pieces(text: str) -> set[str]:
    """What is left of a text, such as a secret, when it was cut at every sign, as a path or a form does."""
    return {piece for piece in _SIGNS.split(text) if len(piece) >= _PIECE}
