"""All state and rules of SLV, put together from its subjects; knows no transport.

What people change is in tables in the world's store; what lamps do follows from it, the seed and the time. Before
anything else is done, what came due in the meantime happens: ``settle``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.clock import SECOND
from . import importing
from .alarms import Alarms
from .assets import Assets
from .batches import Batches
from .failures import Failures
from .lamps import Lights
from .lighting import Lighting
from .logs import Logs
from .metering import Metering
from .people import People
from .reports import Reports
from .scheduling import Scheduling
from .sessions import Sessions
from .tables import Tables

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..core.clock import Clock
    from ..core.ids import Ids
    from ..core.store import Store
    from .models import Batch, Device
    from .settings import Settings

_PER_DEVICE, _PER_ROW = 0.2, 0.01
"""Seconds that a batch takes longer for each device or row (inferred)."""


class Backend:
    """One world's SLV.

    Args:
        clock: the world's.
        ids: the world's chance.
        store: where its tables are.
        settings: its switches.
        writes: every action that changes something, as profiles block them.
    """

    def __init__(self, clock: Clock, ids: Ids, store: Store, settings: Settings, writes: Collection[str]) -> None:
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._stale = False
        self.tables = Tables(store)
        self.people = People(self.tables, ids, writes)
        self.sessions = Sessions(self.tables, clock, ids, settings.session_minutes)
        self.assets = Assets(self.tables, ids, settings)
        self._make_physics()
        self.batches = Batches(
            self.tables,
            {
                "import": self._import,
                "commission": self._commission,
                "schedulers": self._push,
            },
        )

    def _make_physics(self) -> None:
        """What follows from the seed; a reset may bring another one."""
        settings, seed = self._settings, self._ids.seed
        failures = Failures(seed, settings.failure_rate)
        self.lights = Lights(self.tables, failures)
        metering = Metering(seed, self.lights, self.assets.lamps)
        self.logs = Logs(self.tables, self.assets, metering, settings.values_kept)
        self.lighting = Lighting(self.tables, self.lights, settings.manual_minutes, settings.values_kept)
        self.scheduling = Scheduling(self.tables, self.assets, self.lights)
        self.alarms = Alarms(self.tables, self.assets, self.lights)
        self.reports = Reports(self.assets, self.lights)

    # --- time ----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Whole seconds since 1970."""
        return self._clock.micros() // SECOND

    def settle(self) -> None:
        """Let happen what came due; and look again at the tables if an exchange broke off and was taken back."""
        if self._stale:
            self._stale = False
            self.forget()
        self.batches.settle(self._clock.micros())

    def broke_off(self) -> None:
        """An exchange broke off: what it wrote is about to be taken back, so nothing in memory may be trusted."""
        self._stale = True

    # --- batches -------------------------------------------------------------------------------------------------

    def import_csv(self, text: str) -> Batch:
        """Create and change devices as a file says, in a while."""
        file = importing.read(text)
        return self._start("import", file, _PER_ROW * len(file["rows"]))

    def commission(self, controllers: Sequence[Device]) -> Batch:
        """Tell controllers what all of their lights are to follow, in a while."""
        count = sum(len(self.assets.lamps(one.controller)) for one in controllers)
        return self._start("commission", {"controllers": [one.controller for one in controllers]}, _PER_DEVICE * count)

    def commission_devices(self, devices: Sequence[Device]) -> Batch:
        """Tell the controllers of some lights what these are to follow, in a while."""
        controllers = list(dict.fromkeys(device.controller for device in devices))
        detail = {"controllers": controllers, "devices": [device.id for device in devices]}
        return self._start("commission", detail, _PER_DEVICE * len(devices))

    def push_scheduler(self, number: int, controllers: Sequence[Device]) -> Batch:
        """Tell controllers what a calendar is now, in a while."""
        self.scheduling.schedulers.get(number)
        detail = {"scheduler": number, "controllers": [one.controller for one in controllers]}
        return self._start("schedulers", detail, _PER_DEVICE * len(controllers))

    def _start(self, kind: str, detail: dict[str, Any], seconds: float) -> Batch:
        lasts = round((self._settings.batch_seconds + seconds) * SECOND) if self._settings.batch_seconds else 0
        return self.batches.start(kind, detail, self._clock.micros() + lasts)

    def _import(self, detail: dict[str, Any], at: int) -> str | None:
        return importing.carry_out(self.assets, detail, at)

    def _commission(self, detail: dict[str, Any], at: int) -> str | None:
        wanted = set[int](detail["devices"]) if "devices" in detail else None
        problems: list[str] = []
        for controller in detail["controllers"]:
            devices = None
            if wanted is not None:
                devices = [device for device in self.assets.lamps(controller) if device.id in wanted]
            problem = self.scheduling.commission(controller, devices, at)
            problems += [problem] if problem else []
        return "; ".join(problems) or None

    def _push(self, detail: dict[str, Any], at: int) -> str | None:
        found = (self.scheduling.push(one, detail["scheduler"], at) for one in detail["controllers"])
        return "; ".join(problem for problem in found if problem) or None

    # --- the whole state -----------------------------------------------------------------------------------------

    def is_secret(self, text: str) -> bool:
        """Whether a text is a password, or the id or token of a session."""
        if self.sessions.knows(text):
            return True
        return len(text) >= 8 and any(user.password == text for user in self.people.users())

    def forget(self) -> None:
        """Look again at what the tables hold."""
        self.assets.forget()
        self.lights.forget()

    def reset(self) -> None:
        """Return to the start, from the seed as it is now."""
        self.tables.clear()
        self.people.take_seed()
        self.assets.take_seed()
        self._make_physics()

    def snapshot(self) -> dict[str, Any]:
        """Every table; all else follows from the seed."""
        return self.tables.dump()

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the state from ``snapshot``, on an estate of the same seed."""
        self.tables.load(document)
        self.forget()
