"""Stories that a running vendorlab plays for programs elsewhere, each in a world of its own.

What follows an exchange has to happen before its answer leaves, and what is due in the middle of a sleep exactly then.
Nobody can bring that about from afar, so the story comes here, and what happened goes back.

A world whose story nobody asks about any more is deleted: its program, or the line to it, is gone.

Stories are imported with the first of them, as most processes play none.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from vendorlab.mocks.core.control.stories import PlayedAlreadyError, StoryRefusedError
from vendorlab.mocks.core.errors import WorldError
from vendorlab.mocks.core.worlds import MAIN

if TYPE_CHECKING:
    from vendorlab.mocks.core.control.models import NewStory
    from vendorlab.mocks.core.world import World
    from vendorlab.mocks.core.worlds import Worlds
    from vendorlab.scenarios.core.story import Story


class Theatre:
    """Plays stories in worlds beside the main one.

    Args:
        worlds: among which theirs are made.
    """

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds
        self._lock = threading.Lock()
        self._played: dict[str, _Played] = {}

    def stage(self, wanted: NewStory) -> World:
        """Make the world of a story, and let it listen.

        Raises:
            StoryRefusedError: the story makes no sense here.
            WorldError: the world cannot be made.
        """
        from vendorlab.play import world_options  # noqa: PLC0415

        story = _read(wanted)
        seed = story.spec.world.seed if wanted.seed is None else wanted.seed
        main = self._worlds.get(MAIN).options
        options = replace(world_options(story, seed), host=main.host, known_as=main.known_as, tls=main.tls)
        world = self._worlds.open(wanted.world, story.spec.vendors, options)
        played = _Played(story, world, seed, wanted.lease)
        with self._lock:
            there = self._worlds.all()
            self._played = {name: one for name, one in self._played.items() if there.get(name) is one.world}
            self._played[wanted.world] = played
        threading.Thread(target=self._keep, args=(wanted.world, played), daemon=True).start()
        return world

    def playing(self, world: World) -> _Played | None:
        """What is played in a world."""
        with self._lock:
            return next((one for one in self._played.values() if one.world is world), None)

    def close(self) -> None:
        """Watch over no story any more."""
        with self._lock:
            for one in self._played.values():
                one.closed.set()
            self._played = {}

    def _keep(self, name: str, played: _Played) -> None:
        """Delete a world when nobody cares for its story any more."""
        if played.forsaken():
            with suppress(WorldError):  # somebody else was quicker
                if self._worlds.get(name) is played.world:
                    self._worlds.delete(name)


class _Played:
    """One story in its world."""

    def __init__(self, story: Story, world: World, seed: int, lease: float) -> None:
        from vendorlab.play import WorldStage  # noqa: PLC0415
        from vendorlab.scenarios.core.play import Player  # noqa: PLC0415

        self.world = world
        self._player = Player(story, WorldStage(world), seed)
        self._lease = lease
        self._due = time.monotonic() + lease
        self.closed = threading.Event()
        self._beginning = threading.Lock()
        self._begun = False

    @property
    def story(self) -> str:
        """Its name."""
        return self._player.story.name

    @property
    def begun(self) -> bool:
        """Whether what happens is written down."""
        return self._begun

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self._player.over.is_set()

    @property
    def activity(self) -> int:
        """How many exchanges there were."""
        return self._player.activity

    def renew(self) -> None:
        """Somebody asked about it."""
        self._due = time.monotonic() + self._lease

    def forsaken(self) -> bool:
        """Wait until nobody has asked about it for the time of its lease; False when it was closed before."""
        while (left := self._due - time.monotonic()) > 0:
            if self.closed.wait(left):
                return False
        return True

    def begin(self) -> None:
        """Raise the curtain."""
        with self._beginning:
            if self._begun or self.over:
                raise PlayedAlreadyError(f"the story {self.story} has begun already")
            self._player.begin()
            self._begun = True

    def end(self, reason: Any, code: int | None) -> list[dict[str, Any]]:
        """Let the curtain fall, unless it has, and give all that was written down."""
        return [msgspec.json.decode(line) for line in self._player.finish(reason, code).lines()]


def _read(wanted: NewStory) -> Story:
    from vendorlab.play import check  # noqa: PLC0415
    from vendorlab.scenarios.core.errors import ScenarioError  # noqa: PLC0415
    from vendorlab.scenarios.core.pacing import paced  # noqa: PLC0415
    from vendorlab.scenarios.core.story import parse  # noqa: PLC0415

    try:
        story = parse(wanted.story, f"{wanted.name}.yaml", wanted.name)
        if wanted.pace is not None:
            story = paced(story, wanted.pace)
        check(story)
        if story.needs_program:
            raise StoryRefusedError(RESTARTS.format(name=story.name))
    except ScenarioError as error:
        raise StoryRefusedError(str(error)) from error
    return story


RESTARTS = (
    "{name} kills the program at an exact moment, which only a vendorlab on the program's machine can: run it there"
)
"""Why a story with ``program: restart`` is not played from afar."""
