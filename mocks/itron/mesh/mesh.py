"""All devices of the mesh, and the way to them: made when somebody asks for one, slow and lossy when told to be.

Everything here goes by the world's clock: a slow device answers when the clock gets there, whether it ran or was
turned. While the weather is calm a request is answered at once, and costs no timer.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from ...core.clock import SECOND
from ...core.coap.options import Option
from .. import sapi
from . import board
from .agenda import Agenda
from .conditions import Conditions, changed, from_settings
from .device import Kept, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ...core.clock import Clock
    from ...core.coap.response import Response
    from ...core.ids import Ids
    from ...core.store import Store
    from ..estate import Estate
    from ..settings import Settings
    from .board import Asked

    Heard = Callable[[Hashable, Response], bool]
    """Takes a notification for who asked for it; False rejects it."""
    Answered = Callable[[Response], None]

MAX_AGE = 90
"""Seconds, of a notification (S16)."""

ACK_TIMEOUT, MAX_RETRANSMIT = 2.5, 4
"""Of the gateway towards a device: RFC 7252, section 4.8, with the mean of its spread."""

EVERYBODY = ""
"""Stands for all devices where what is kept is by MAC address."""

EVENT = "itron.mesh"
"""The name of the timers."""


class Unknown(LookupError):  # noqa: N818  what it says of a device
    """No mesh device has this MAC address, or it has no such sensor."""


class Journey:
    """A request on its way to a device and back.

    Attributes:
        node, asked: to whom, and what.
        generation: of the device as it was sent.
        reply: what the device made of it, once it did: a repeated request does not make it do so again.
    """

    __slots__ = ("acted", "again", "answered", "asked", "attempts", "done", "generation", "node", "reply")

    def __init__(self, node: Node, asked: Asked, answered: Answered) -> None:
        self.node = node
        self.asked = asked
        self.answered = answered
        self.generation = node.generation
        self.attempts = 0
        self.again = 0
        self.acted = self.done = False
        self.reply: Response | None = None

    def cancel(self) -> None:
        """Nobody waits for the answer any more."""
        self.done = True


class Mesh:
    """The devices of one world.

    Args:
        clock: the world's.
        ids: its seed.
        estate: who there is, and what they measure.
        store: keeps what devices remember; the table is there.
        settings: weather, quirks, frequency.

    Attributes:
        heard: takes notifications; nobody does until a gateway is there.
        nodes: the devices that somebody touched, by MAC address.
    """

    def __init__(self, clock: Clock, ids: Ids, estate: Estate, store: Store, settings: Settings) -> None:
        self.estate = estate
        self.quirks = settings.mesh_quirks
        self.unwrapped = settings.mesh_unwrapped
        self.heard: Heard = lambda _who, _response: False
        self.nodes: dict[str, Node] = {}
        self._clock = clock
        self._ids = ids
        self._store = store
        self._settings = settings
        self._weather = from_settings(settings)
        self._agenda = Agenda(clock, EVENT)
        self._unsaved: dict[str, Node] = {}
        self._weather_unsaved = False
        estate.units = self._unit

    @property
    def seed(self) -> int:
        """The world's."""
        return self._ids.seed

    # --- requests --------------------------------------------------------------------------------------------------

    def send(self, mac: str, asked: Asked, answered: Answered) -> Journey:
        """Ask a device.

        Args:
            mac: which; it must be known.
            asked: the request.
            answered: hears the answer, if one comes; a bare acknowledgement as a response with code 0.00, before it.
        """
        node = self.node(mac)
        journey = Journey(node, asked, answered)
        now = self._now()
        if now >= node.asleep_until and self.conditions(node).calm:
            journey.done = True
            reply = node.answer(asked, now)
            if reply is not None:
                answered(reply)
        else:
            self._attempt(journey)
        if self._unsaved:
            self.save_if_kept()
        return journey

    def unobserved(self, _who: Hashable, _end: object) -> None:
        """Who observed something does not any more: a device learns it when its next notification is rejected."""

    def node(self, mac: str) -> Node:
        """A device, made when it is first asked for.

        Raises:
            Unknown: there is none with this address.
        """
        found = self.nodes.get(mac)
        if found is None:
            device = self.estate.device(mac)
            if device is None:
                raise Unknown(f"there is no mesh device {mac!r}")
            found = self.nodes[device.mac] = Node(self, device)
        return found

    def _attempt(self, journey: Journey) -> None:
        if journey.done:
            return
        node, weather = journey.node, self.conditions(journey.node)
        journey.attempts += 1
        if journey.asked.confirmable and journey.attempts <= MAX_RETRANSMIT:
            wait = ACK_TIMEOUT * 2 ** (journey.attempts - 1)
            journey.again = self._later(wait, partial(self._attempt, journey), node, "repeat")
        for _ in range(1 + node.chance.happens(weather.duplicate)):
            if not node.chance.happens(weather.loss_in):
                self._later(node.chance.way(weather), partial(self._arrive, journey), node, "request")

    def _arrive(self, journey: Journey) -> None:
        node, weather = journey.node, self.conditions(journey.node)
        if journey.done or journey.generation != node.generation or self.sleeps(node):
            return
        if not journey.acted:
            journey.acted = True
            journey.reply = node.answer(journey.asked, self._now())
        if journey.reply is not None and not node.chance.happens(weather.loss_out):
            self._later(node.chance.way(weather), partial(self._come, journey, journey.reply), node, "answer")
        self.save_if_kept()

    def _come(self, journey: Journey, reply: Response) -> None:
        if journey.done:
            return
        self._agenda.cancel(journey.again)
        journey.done = True
        journey.answered(reply)

    # --- notifications ---------------------------------------------------------------------------------------------

    def begin_notifying(self, node: Node, name: str) -> None:
        """A resource has an observer (S18)."""
        every = self._settings.mesh_frequency
        observer = node.observers[name]
        if every and node.resources[name].periodic and name != board.LOG:
            observer.timer = self._later(every, partial(self._periodic, node, name), node, "notification")

    def stop_notifying(self, node: Node, name: str) -> None:
        """It has none any more."""
        observer = node.observers.get(name)
        if observer is not None:
            self._agenda.cancel(observer.timer)

    def _periodic(self, node: Node, name: str) -> None:
        if not self.sleeps(node):
            self._notify(node, name, node.read(name, node.resources[name], self._now()))
        if name in node.observers:
            self.begin_notifying(node, name)

    def _notify(self, node: Node, name: str, value: Any) -> bool:
        """One notification (S16)."""
        observer = node.observers.get(name)
        if observer is None or not observer.notifies:
            return False
        age = MAX_AGE.to_bytes(4) if self.quirks else MAX_AGE
        made = board.content(node, value, node.resources[name])
        made = made._replace(
            options=made.options.with_((Option.OBSERVE, board.observe_value(node)), (Option.MAX_AGE, age))
        )
        weather = self.conditions(node)
        if not node.chance.happens(weather.loss_out):
            arrive = partial(self._told, node, name, observer.who, made)
            if node.chance.happens(weather.reorder):
                node.held.append(arrive)
                self._later(MAX_AGE, partial(self._let_go, node, arrive), node, "notification")
            else:
                self._later(node.chance.way(weather), partial(self._overtake, node, arrive), node, "notification")
        self.save_if_kept()
        return True

    def _overtake(self, node: Node, arrive: Callable[[], None]) -> None:
        held, node.held = node.held, []
        for one in (arrive, *held):
            one()

    def _let_go(self, node: Node, arrive: Callable[[], None]) -> None:
        if arrive in node.held:
            node.held.remove(arrive)
            arrive()

    def _told(self, node: Node, name: str, who: Hashable, response: Response) -> None:
        if not self.heard(who, response):
            node.unobserve(name, who)  # it was rejected

    # --- what happens to devices -----------------------------------------------------------------------------------

    def push(self, mac: str, sensor: str) -> bool:
        """A sensor has something to say now: over CoAP to its observer, and to all who listen to the estate.

        Args:
            mac: the device's.
            sensor: the key of the sensor, such as ``temp``, or the last part of its path.

        Returns:
            Whether somebody observes it; without an observer the firmware's own call fails, too.

        Raises:
            Unknown: there is no such device, or no such sensor on it.
        """
        with self._clock.lock:
            node = self._known(mac)
            for name, found in node.resources.items():
                if sensor in (name, found.key):
                    reading = node.reading(found, self._now())
                    self.estate.report(reading)
                    told = self._notify(node, name, sapi.said(reading))
                    self.save_if_kept()
                    return told
            raise Unknown(f"the mesh device {mac} has no sensor {sensor!r}; it has: {', '.join(node.resources)}")

    def reboot(self, mac: str) -> None:
        """A device starts anew: configuration, observers, counter, and what is on its way to it are lost."""
        with self._clock.lock:
            self._known(mac).reboot()
            self.save_if_kept()

    def change_address(self, mac: str) -> None:
        """The mesh has healed, and a device has another address: its observers hear no more, and nobody is told."""
        with self._clock.lock:
            self._known(mac).moved()

    def sleep(self, mac: str, seconds: float) -> None:
        """A device sleeps for so many seconds of the world's clock: what comes meanwhile is lost."""
        with self._clock.lock:
            node = self._known(mac)
            node.asleep_until = self._now() + round(seconds)
            self.changed(node)
            self.save_if_kept()

    def set_conditions(self, mac: str | None = None, **changes: float) -> Conditions:
        """Change the weather of one device, or of all that have none of their own.

        Raises:
            Unknown: there is no such device.
            ValueError: there is no such condition, or it cannot have that value.
        """
        with self._clock.lock:
            if mac is None:
                self._weather = changed(self._weather, **changes)
                self._weather_unsaved = True
                self.save_if_kept()
                return self._weather
            node = self._known(mac)
            node.own = changed(self.conditions(node), **changes)
            self.changed(node)
            self.save_if_kept()
            return node.own

    def conditions(self, node: Node) -> Conditions:
        """The weather of a device."""
        return self._weather if node.own is None else node.own

    def sleeps(self, node: Node) -> bool:
        """Whether a device sleeps now."""
        now = self._now()
        return now < node.asleep_until or self.conditions(node).sleeps(now)

    # --- keeping ---------------------------------------------------------------------------------------------------

    def changed(self, node: Node) -> None:
        """What a device remembers is another."""
        self._unsaved[node.device.mac] = node

    def save_if_kept(self) -> None:
        """Write down what changed, where the world outlives the process."""
        if self._store.kept:
            self.save()

    def save(self) -> None:
        """Write down what changed."""
        rows: list[tuple[str, str]] = []
        for mac, node in self._unsaved.items():
            own = None if node.own is None else msgspec.to_builtins(node.own)
            rows.append((mac, msgspec.json.encode(node.kept(own)).decode()))
        self._unsaved.clear()
        if self._weather_unsaved:
            rows.append((EVERYBODY, msgspec.json.encode(self._weather).decode()))
            self._weather_unsaved = False
        if rows:
            self._store.connection.executemany("INSERT OR REPLACE INTO itron_mesh VALUES (?, ?)", rows)

    def reset(self) -> None:
        """Nobody has touched a device yet."""
        for node in self.nodes.values():
            node.generation += 1  # what is under way finds nobody
        self.nodes.clear()
        self._unsaved.clear()
        self._agenda.clear()
        self._weather = from_settings(self._settings)
        self._weather_unsaved = False

    def resume(self) -> None:
        """Take up what the table says; observations are not there, and nothing is under way."""
        self.reset()
        for mac, text in self._store.connection.execute("SELECT mac, state FROM itron_mesh ORDER BY mac").fetchall():
            if mac == EVERYBODY:
                self._weather = msgspec.json.decode(text, type=Conditions)
                continue
            kept = msgspec.json.decode(text, type=Kept)
            own = None if kept.conditions is None else msgspec.convert(kept.conditions, Conditions)
            self.node(mac).take_up(kept, own)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _known(self, mac: str) -> Node:
        return self.node(mac.lower())

    def _unit(self, mac: str) -> str | None:
        node = self.nodes.get(mac)
        return None if node is None else node.unit

    def _now(self) -> int:
        return self._clock.micros() // SECOND

    def _later(self, seconds: float, callback: Callable[[], None], node: Node, what: str) -> int:
        return self._agenda.later(seconds, callback, device=node.device.mac, what=what)
