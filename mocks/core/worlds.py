"""The worlds of one process, by name, on one loop."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .world import World, WorldError, WorldOptions

if TYPE_CHECKING:
    from .edges.loop import LoopThread

MAIN = "main"
MOST_WORLDS = 100

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Make = Callable[[Sequence[str], WorldOptions, "LoopThread"], World]
"""Makes a world with the named vendors; given from above, since the kernel knows no vendor."""


class UnknownWorldError(WorldError):
    """There is no world of that name."""


class Worlds:
    """Worlds by name; the first is ``main`` and stays."""

    def __init__(self, make: Make, thread: LoopThread) -> None:
        self.thread = thread
        self._make = make
        self._worlds: dict[str, World] = {}

    @property
    def names(self) -> list[str]:
        """Every world's name, the oldest first."""
        return list(self._worlds)

    def get(self, name: str) -> World:
        """A world by name."""
        if name not in self._worlds:
            raise UnknownWorldError(f"there is no world {name!r}; there are: {', '.join(self._worlds)}")
        return self._worlds[name]

    def create(self, name: str, vendors: Sequence[str], options: WorldOptions) -> World:
        """Make a world; it does not listen yet."""
        if not _NAME.fullmatch(name):
            raise WorldError("a world's name has up to 64 letters, digits, dots, dashes and underscores")
        if name in self._worlds:
            raise WorldError(f"a world named {name!r} is there already")
        if len(self._worlds) >= MOST_WORLDS:
            raise WorldError(f"there are {MOST_WORLDS} worlds already; delete one first")
        world = self._make(vendors, options, self.thread)
        self._worlds[name] = world
        return world

    def delete(self, name: str) -> None:
        """End a world and close its listeners."""
        world = self.get(name)
        if name == MAIN:
            raise WorldError("the main world cannot be deleted; reset it instead")
        del self._worlds[name]
        world.stop()

    def stop(self) -> None:
        """Close every listener of every world."""
        for world in self._worlds.values():
            world.stop()
