"""One device of the mesh: what it remembers, what it loses when it starts anew, and who observes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import sapi
from ..models import Sensor
from ..readings import FAHRENHEIT
from . import board, card
from .conditions import Chance

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ...core.coap.response import Response
    from ..models import MeshDevice, Reading
    from .conditions import Conditions
    from .mesh import Mesh

BEFORE_FIRST = 2
"""The observe counter as a device starts: the first number that it sends is 3 (S17)."""

LAST_NUMBER = (1 << 24) - 1
ECHO = "Hello World:"
LOG_FILES = 2
"""Files of the pole tilt board's log: more would not fit into SAPI's 128 bytes."""


@dataclass(slots=True)
class Observer:
    """Who observes a resource; a resource has one (S15).

    Attributes:
        who: the asker and its token.
        notifies: whether there is ever news: not of a configuration (S14).
        timer: of the next notification.
    """

    who: Hashable
    notifies: bool
    timer: int = 0


class Kept(NamedTuple):
    """What a device is not to lose with a snapshot or the process.

    Attributes:
        unit: of its temperature, ``C`` or ``F``.
        text, following: of its echo, and the number that the next reading has.
        number: the last value of its observe counter.
        offset: of its clock, in seconds.
        drawn: how much chance it has used up.
        asleep_until: in seconds since 1970.
        conditions: its own weather; None for that of all.
    """

    unit: str = FAHRENHEIT
    text: str = ECHO
    following: int = 1
    number: int = BEFORE_FIRST
    offset: int = 0
    drawn: int = 0
    asleep_until: int = 0
    conditions: dict[str, Any] | None = None


class Node:
    """A device that somebody has touched.

    Args:
        mesh: which it is part of.
        device: which it is.

    Attributes:
        generation: changes with its address and with each start: what was on its way is lost.
        observers: by the name of the resource.
        own: its own weather, if it has any.
        counters: of ``/snsr/sys/stats``: what it got and answered.
        held: notifications that wait to be overtaken.
    """

    __slots__ = (
        "asleep_until", "chance", "classifier", "count", "counters", "device", "generation", "held", "mesh", "number",
        "observers", "offset", "own", "resources", "text", "unit",
    )  # fmt: skip

    def __init__(self, mesh: Mesh, device: MeshDevice) -> None:
        self.mesh = mesh
        self.device = device
        self.classifier = board.CLASSIFIERS[device.sensors[0]]
        self.resources = board.resources(device.sensors)
        self.observers: dict[str, Observer] = {}
        self.generation = 0
        self.counters = [0] * 9
        self.held: list[Callable[[], None]] = []
        self.chance = Chance(mesh.seed, device.mac)
        self.own: Conditions | None = None
        self.asleep_until = 0
        self._begin()

    def _begin(self) -> None:
        self.unit, self.text, self.count, self.number, self.offset = FAHRENHEIT, ECHO, 1, BEFORE_FIRST, 0

    # --- what the firmware does ------------------------------------------------------------------------------------

    def next_number(self) -> int:
        """The one counter of all its sensors (S17)."""
        self.number = BEFORE_FIRST if self.number >= LAST_NUMBER else self.number + 1
        self.mesh.changed(self)
        return self.number

    def observe(self, name: str, who: Hashable, *, notifies: bool = True) -> None:
        """Register an observer, in place of the one there was (S15)."""
        self.mesh.stop_notifying(self, name)
        self.observers[name] = Observer(who, notifies)
        if notifies:
            self.mesh.begin_notifying(self, name)

    def unobserve(self, name: str, who: Hashable) -> None:
        """End an observation, if it is that asker's."""
        observer = self.observers.get(name)
        if observer is not None and observer.who == who:
            self.mesh.stop_notifying(self, name)
            del self.observers[name]

    def reading(self, sensor: Sensor, second: int) -> Reading:
        """What a sensor measures now, stamped with the device's own idea of the time."""
        if sensor is not Sensor.ECHO:
            found = self.mesh.estate.measure(self.device, sensor, second)
            return found._replace(second=second + self.offset) if self.offset else found
        found = self.mesh.estate.measure(self.device, sensor, second)
        found = found._replace(values={"text": f"{self.text} {self.count}"})
        self.count += 1
        self.mesh.changed(self)
        return found

    def read(self, name: str, sensor: Sensor, second: int) -> sapi.Said:
        """What a resource says."""
        if name != board.LOG:
            return sapi.said(self.reading(sensor, second))
        every = self.mesh.estate.interval
        files = [sapi.said(self.reading(sensor, second - back * every)) for back in reversed(range(LOG_FILES))]
        return b"".join(one for one in files if isinstance(one, bytes))

    def set_unit(self, unit: str) -> None:
        """Change what the temperature is told in, from now on and over every protocol."""
        self.unit = unit
        self.mesh.changed(self)

    def set_text(self, text: str) -> None:
        """Change what the echo sensor says; its counter begins anew."""
        self.text, self.count = text, 1
        self.mesh.changed(self)

    def set_clock(self, offset: int) -> None:
        """Change the device's idea of the time."""
        self.offset = offset
        self.mesh.changed(self)

    # --- what happens to it ----------------------------------------------------------------------------------------

    def forget_observers(self) -> None:
        """They hear no more, and are not told so."""
        for name in self.observers:
            self.mesh.stop_notifying(self, name)
        self.observers.clear()
        self.held.clear()

    def moved(self) -> None:
        """It has another address: what is on its way to the old one is lost, and its observers with it."""
        self.generation += 1
        self.forget_observers()

    def reboot(self) -> None:
        """It starts anew: configuration, counter and observers are gone (S23; public for the counter)."""
        self.moved()
        self._begin()
        self.counters = [0] * 9
        self.mesh.changed(self)

    def answer(self, asked: board.Asked, second: int) -> Response | None:
        """Act upon a request."""
        self.counters[0] += 1
        found = card.answer(self, asked, second)
        self.counters[1] += found is not None
        return found

    # --- keeping ---------------------------------------------------------------------------------------------------

    def kept(self, conditions: dict[str, Any] | None) -> Kept:
        """What is to be kept; observers are not: they end with the process, and with a snapshot that is restored."""
        return Kept(
            self.unit, self.text, self.count, self.number, self.offset, self.chance.drawn, self.asleep_until, conditions
        )

    def take_up(self, kept: Kept, own: Conditions | None) -> None:
        """Be as it was kept."""
        self.unit, self.text, self.count, self.number, self.offset = kept[:5]
        self.chance.drawn, self.asleep_until, self.own = kept.drawn, kept.asleep_until, own
