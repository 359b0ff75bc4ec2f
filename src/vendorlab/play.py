"""Stories in a test: ``vendorlab.story("expired-token").play()`` is a lab in which the story happens.

Here a world becomes a stage. The clock stands, and turns where the program under test would sleep: clients made in the
lab do so by themselves, others call ``lab.sleep``.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from vendorlab.lab import Lab, VendorHandle
from vendorlab.lab import world as make_world
from vendorlab.mocks.core.errors import WorldError
from vendorlab.mocks.core.happenings import EventError
from vendorlab.mocks.core.happenings import parse as parse_event
from vendorlab.mocks.core.rules import FaultError
from vendorlab.mocks.core.rules import Rule as FaultRule
from vendorlab.mocks.core.settings import SettingsError
from vendorlab.mocks.core.vendor import Limited
from vendorlab.mocks.core.world import WorldOptions
from vendorlab.mocks.registry import names
from vendorlab.scenarios.core import story as stories
from vendorlab.scenarios.core.errors import CannotHappenError, ScenarioError
from vendorlab.scenarios.core.mentions import check_vendors
from vendorlab.scenarios.core.play import Player
from vendorlab.scenarios.core.source import hint
from vendorlab.scenarios.core.story import ClearLimits, Pace, Story
from vendorlab.scenarios.core.verdict import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from vendorlab.mocks.core.journal import Entry
    from vendorlab.mocks.core.vendor import Vendor
    from vendorlab.mocks.core.world import World

_TIMER = "story"

LOOPED = frozenset({"itron-coap", "itron-mqtt"})
"""Addresses whose clients have a loop of their own, and sleep by it."""


class WorldStage:
    """A world as a story's stage: the timeline is timers of its clock, so that it is exact."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._calls: list[Callable[[], None]] = []
        self._watcher: Callable[[Entry], None] | None = None
        world.clock.on(_TIMER, self._due, transient=True)

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """The world's."""
        return self._world.clock.lock

    def now(self) -> datetime:
        """The world's time."""
        return self._world.clock.now()

    def advance(self, by: float) -> None:
        """Turn the clock."""
        self._world.clock.advance(by)

    def run(self, rate: float) -> None:
        """Let the clock run, or stand."""
        self._world.clock.run(rate)

    def call_at(self, moment: datetime, call: Callable[[], None]) -> None:
        """Set a timer."""
        self._calls.append(call)
        clock = self._world.clock
        micros = round((moment - clock.now()).total_seconds() * 1_000_000) + clock.micros()
        clock.call_at(micros, _TIMER, {"entry": len(self._calls) - 1})

    def _due(self, detail: Mapping[str, Any]) -> None:
        if self._watcher is not None:
            self._calls[detail["entry"]]()

    def watch(self, call: Callable[[Mapping[str, Any]], None]) -> None:
        """Watch the journal."""
        self._watcher = lambda entry: call(entry.as_json())
        self._world.journal.watch(self._watcher)

    def leave(self) -> None:
        """Watch no more."""
        if self._watcher is not None:
            self._world.journal.unwatch(self._watcher)
            self._watcher = None

    def add_fault(self, rule: Mapping[str, Any]) -> None:
        """Add a rule."""
        try:
            self._world.faults.add(dict(rule))
        except FaultError as error:
            raise CannotHappenError(str(error)) from error

    def clear_faults(self, name: str | None) -> None:
        """Remove a rule, or all."""
        if name is None:
            self._world.faults.clear()
        else:
            self._world.faults.remove(name)

    def clear_limits(self, vendor: str | None) -> None:
        """Forget what was counted."""
        self._world.clear_limits(vendor)

    def change_tokens(self, vendor: str, change: str, kind: str | None, user: str | None) -> None:
        """Change those that fit."""
        store = self._world.vendor(vendor).tokens
        if store is None:
            return
        for token in [one for one in store.all() if (kind or one.kind) == one.kind and (user or one.user) == one.user]:
            (store.expire if change == "expire" else store.revoke)(token)

    def identified(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event with the device's own name where it has a number: ``#1`` is the first of the credentials."""
        found, device = dict(event), event.get("device")
        if isinstance(device, str) and device.startswith("#"):
            devices = _devices(self._world.vendor(event["vendor"]))
            found["device"] = devices[(int(device[1:]) - 1) % len(devices)]
        return found

    def happen(self, vendor: str, event: Mapping[str, Any]) -> None:
        """Let something happen."""
        try:
            self._world.happen(vendor, event)
        except EventError as error:
            raise CannotHappenError(str(error)) from error


def check(story: Story) -> None:
    """See that a world can be what the story says, before anything starts.

    Raises:
        StoryError: it cannot; the message begins with file, line and column.
    """
    spec = story.spec
    check_vendors(story, names())
    try:
        lab = make_lab(story, None)
    except (WorldError, SettingsError) as error:
        raise story.error(("world",), str(error)) from error
    with lab:
        for vendor in lab.world.names:
            try:
                lab.world.vendor(vendor)
            except (WorldError, SettingsError, ValueError) as error:
                key = "profiles" if "profile" in str(error) else "settings"
                raise story.error(("world", key, vendor), str(error)) from error
        for number, entry in enumerate(spec.timeline):
            path: tuple[str | int, ...] = ("timeline", number)
            if entry.fault is not None:
                _check_fault(story, entry.fault, (*path, "fault"))
            if entry.tokens is not None:
                _check_tokens(story, lab, entry.tokens.vendor, (*path, "tokens", "vendor"))
            if isinstance(entry.clear, ClearLimits):
                _check_limits(story, lab, entry.clear.limits, (*path, "clear", "limits"))
            if entry.event is not None:
                _check_event(story, lab, entry.event, (*path, "event"))


def _vendor(story: Story, lab: Lab, name: str, path: tuple[str | int, ...]) -> Vendor:
    """A vendor that something happens to: by its own name, as an address of it has neither tokens nor devices."""
    if name not in lab.world.names:
        raise story.error(path, f"there is no vendor {name!r}; {hint(name, lab.world.names)}")
    return lab.world.vendor(name)


def _check_fault(story: Story, rule: Mapping[str, Any], path: tuple[str | int, ...]) -> None:
    try:
        msgspec.convert(rule, FaultRule)
    except (FaultError, ValueError) as error:
        raise story.source.misfit(error, path, FaultRule) from error
    if rule.get("name") in ("faults", "limits"):
        raise story.error((*path, "name"), "a fault has another name: `clear` means more by this one")


def _check_tokens(story: Story, lab: Lab, vendor: str, path: tuple[str | int, ...]) -> None:
    if _vendor(story, lab, vendor, path).tokens is None:
        raise story.error(path, f"{vendor} gives no tokens that could end; its sessions end by themselves")


def _devices(vendor: Vendor) -> list[str]:
    """The devices among a vendor's credentials."""
    for face in vendor.faces:
        if known := face.credentials().get("devices"):
            return list(known)
    return []


def _check_limits(story: Story, lab: Lab, vendor: str, path: tuple[str | int, ...]) -> None:
    if not isinstance(_vendor(story, lab, vendor, path), Limited):
        raise story.error(path, f"{vendor} limits nothing")


def _check_event(story: Story, lab: Lab, event: Mapping[str, Any], path: tuple[str | int, ...]) -> None:
    vendor = _vendor(story, lab, event["vendor"], (*path, "vendor"))
    happenings = vendor.happenings
    if happenings is None:
        raise story.error((*path, "vendor"), f"nothing happens to devices of {event['vendor']}")
    try:
        parse_event(happenings.kinds, {name: value for name, value in event.items() if name != "vendor"})
    except EventError as error:
        raise story.error((*path, "kind"), str(error)) from error
    device = str(event.get("device", ""))
    if device.startswith("#") and not device[1:].isdecimal():
        raise story.error((*path, "device"), f"{device!r} is no number of a device; write #1 for the first")
    if device.startswith("#") and not _devices(vendor):
        raise story.error(
            (*path, "device"), f"{event['vendor']} names no devices in its credentials; write its own name"
        )


def world_options(story: Story, seed: int) -> WorldOptions:
    """How a story's world is made: its clock stands."""
    setting = story.spec.world
    return WorldOptions(seed=seed, start=story.start, rate=0.0, profiles=setting.profiles, settings=setting.settings)


def make_lab(story: Story, seed: int | None) -> Lab:
    """A world as the story's is at its start, with its clock standing."""
    spec = story.spec
    return make_world(
        *spec.vendors,
        seed=spec.world.seed if seed is None else seed,
        start=story.start,
        rate=0.0,
        profiles=spec.world.profiles,
        settings=spec.world.settings,
    )


class StoryLab(Lab):
    """A lab in which a story happens.

    The program under test has a clock of its own: it starts with the world's and goes on by what the program sleeps.
    When the story turns the world's clock, the program does not know, as little as it does of a real vendor's.
    """

    def __init__(self, lab: Lab, player: Player) -> None:
        super().__init__(lab.world)
        self._player = player
        self._time = lab.clock.now().timestamp()
        self._turning = threading.Lock()

    @property
    def verdict(self) -> Verdict:
        """What the story makes of what was done; asking for it ends the story."""
        return judge(self._player.story, self._player.finish("ended"))

    @property
    def over(self) -> bool:
        """Whether the story has come to its end."""
        return self._player.over.is_set()

    def time(self) -> float:
        """Seconds since 1970 by the program's own clock."""
        return self._time

    def sleep(self, seconds: float) -> None:
        """Let time go by, as a program's own sleep would."""
        with self._turning:
            self._time += seconds
            self.clock.advance(seconds)

    def vendor(self, name: str) -> VendorHandle:
        """A vendor by name, with clients that live by the program's clock."""
        return StoryHandle(self, super().vendor(name))


class StoryHandle(VendorHandle):
    """A vendor in a story: its clients tell the time and sleep as the program does."""

    def __init__(self, lab: StoryLab, handle: VendorHandle) -> None:
        self.__dict__.update(handle.__dict__)
        self._lab = lab

    def client(self, **options: Any) -> Any:
        """A reference client whose sleep lets the story's time go by; its retries are spread by the world's seed."""
        return super().client(**{**self._by_the_story(waits=False), **options})

    def async_client(self, **options: Any) -> Any:
        """The same for asyncio."""
        return super().async_client(**{**self._by_the_story(waits=True), **options})

    def _by_the_story(self, *, waits: bool) -> dict[str, Any]:
        """Clock and sleep: of the running world, so many times as fast as the wall; or such as let its time go by.

        Clients with a loop of their own wait for several things at once, so that a sleep which turns the clock would be
        over before anything else could happen. In a world that stands they live by the wall.
        """
        from vendorlab.clients.core.retry import RetryPolicy  # noqa: PLC0415  not every story has a client of ours

        lab, rate, looped = self._lab, self.clock.rate, self._name in LOOPED

        async def sleep(by: float) -> None:
            if rate:
                await asyncio.sleep(by / rate)
            else:
                lab.sleep(by)

        def blocks(by: float) -> None:
            time.sleep(by / rate)

        if rate:
            paused: Any = sleep if waits or looped else blocks
            return {"sleep": paused, "clock": lambda: self.clock.now().timestamp()}
        if looped:
            return {}
        retry = RetryPolicy(chance=random.Random(self._world.ids.seed))
        return {"sleep": sleep if waits else lab.sleep, "clock": lab.time, "retry": retry}


class PlayableStory:
    """A story by name or file, checked and ready to be played."""

    def __init__(self, story: Story) -> None:
        self._story = story

    @property
    def name(self) -> str:
        """By which it is called."""
        return self._story.name

    @property
    def title(self) -> str:
        """In one line."""
        return self._story.spec.title

    @contextmanager
    def play(self, seed: int | None = None) -> Generator[StoryLab]:
        """A lab in which the story happens while the block runs.

        Args:
            seed: all chance comes from it; the story's own if None.

        Raises:
            ScenarioError: it restarts the program, which only ``vendorlab run`` can.
        """
        story = self._story
        pace = story.spec.pace
        if story.needs_program or (isinstance(pace, Pace) and pace.idle):
            raise ScenarioError(f"{story.name} needs a program of its own; play it with `vendorlab run {story.name}`")
        with make_lab(story, seed) as lab:
            player = Player(story, WorldStage(lab.world), lab.world.ids.seed)
            player.begin()
            yield StoryLab(lab, player)
            player.finish("ended")


def story(name: str) -> PlayableStory:
    """A story that comes with vendorlab, or one in a file.

    Raises:
        ScenarioError: there is none, or it makes no sense.

    Example:
        >>> import vendorlab
        >>> with vendorlab.story("expired-token").play() as lab:
        ...     with lab.scanalytics.client() as client:
        ...         while not lab.over:
        ...             _ = client.whoami()
        ...             lab.sleep(3600)
        >>> lab.verdict.passed
        True
    """
    found = stories.find(name)
    check(found)
    return PlayableStory(found)
