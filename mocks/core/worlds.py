"""The worlds of one process, by name, on one loop."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .errors import WorldError
from .world import World, WorldOptions

if TYPE_CHECKING:
    from .edges.loop import LoopThread

MAIN = "main"
MOST_WORLDS = 100

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Make = Callable[[Sequence[str], WorldOptions, "LoopThread"], World]
"""Makes a world with the named vendors; given from above, since the kernel knows no vendor."""


class UnknownWorldError(WorldError):
    """There is no world of that name."""


class WorldConflictError(WorldError):
    """The worlds that are there stand in the way."""


class Worlds:
    """Worlds by name; the first is ``main`` and stays. Safe under threads.

    Args:
        make: makes one.
        thread: their loop.
        ports: where those listen that are opened beside the first; none are given: wherever it is free.
    """

    def __init__(self, make: Make, thread: LoopThread, ports: Sequence[int] = ()) -> None:
        self.thread = thread
        self._make = make
        self._ports = ports
        self._reserved: dict[World, Mapping[str, int]] = {}
        self._worlds: dict[str, World] = {}
        self._lock = threading.Lock()  # never held while a world starts or stops: that waits for the loop
        self._ended = False
        self._watcher: Callable[[str, World], object] | None = None

    @property
    def names(self) -> list[str]:
        """Every world's name, the oldest first."""
        return list(self._worlds)

    def all(self) -> dict[str, World]:
        """Every world by its name, as they are at this moment."""
        with self._lock:
            return dict(self._worlds)

    def get(self, name: str) -> World:
        """A world by name."""
        found = self._worlds.get(name)
        if found is None:
            raise UnknownWorldError(f"there is no world {name!r}; there are: {', '.join(self.names)}")
        return found

    def create(self, name: str, vendors: Sequence[str], options: WorldOptions) -> World:
        """Make a world; it does not listen yet.

        Raises:
            WorldConflictError: the name is taken, there are too many, or all of them have been stopped.
            WorldError: the name, a vendor or an option makes no sense.
        """
        if not _NAME.fullmatch(name):
            raise WorldError("a world's name has up to 64 letters, digits, dots, dashes and underscores")
        with self._lock:
            if self._ended:
                raise WorldConflictError("the process is about to end")
            if name in self._worlds:
                raise WorldConflictError(f"a world named {name!r} is there already; choose another name")
            if len(self._worlds) >= MOST_WORLDS:
                raise WorldConflictError(f"there are {MOST_WORLDS} worlds already; delete one first")
            world = self._make(vendors, options, self.thread)
            self._worlds[name] = world
            if self._watcher is not None:
                self._watcher(name, world)
            return world

    def open(self, name: str, vendors: Sequence[str], options: WorldOptions) -> World:
        """Make a world and let it listen; if it cannot, nothing of it is left.

        Raises:
            WorldConflictError: as ``create``, or it was deleted while it started, or there are not enough ports.
            PortTakenError: it cannot listen.
            WorldError: the name, a vendor or an option makes no sense.
        """
        world = self.create(name, vendors, options)
        try:
            world.start(self._reserve(world))
        except Exception:
            self._forget(name, world)
            raise
        if self._ended or self._worlds.get(name) is not world:
            self._forget(name, world)
            raise WorldConflictError(f"the world {name!r} was deleted while it started")
        return world

    def each(self, watcher: Callable[[str, World], object]) -> None:
        """Have every world looked at, by name: those that there are now, and each that is made before it listens."""
        with self._lock:
            self._watcher = watcher
            for name, world in self._worlds.items():
                watcher(name, world)

    def delete(self, name: str) -> None:
        """End a world and close its listeners."""
        if name == MAIN:
            raise WorldConflictError("the main world cannot be deleted; reset it instead")
        with self._lock:
            world = self.get(name)
            del self._worlds[name]
        self._end(world)

    def _forget(self, name: str, world: World) -> None:
        with self._lock:
            if self._worlds.get(name) is world:
                del self._worlds[name]
        self._end(world)

    def _end(self, world: World) -> None:
        world.close()
        with self._lock:
            self._reserved.pop(world, None)

    def _reserve(self, world: World) -> Mapping[str, int]:
        """Ports for a world, which no other gets until it has ended; none where it may listen anywhere."""
        if not self._ports:
            return {}
        names = [face.name for face in world.faces()]
        with self._lock:
            taken = {port for ports in self._reserved.values() for port in ports.values()}
            free = [port for port in self._ports if port not in taken]
            if len(free) < len(names):
                told = (
                    f"{len(free)} of the {len(self._ports)} ports for more worlds are free, and it needs {len(names)}"
                )
                raise WorldConflictError(f"{told}; delete a world, or give `vendorlab up --world-ports` more")
            self._reserved[world] = dict(zip(names, free, strict=False))
            return self._reserved[world]

    def stop(self) -> None:
        """Close every listener of every world; no more are made."""
        with self._lock:
            self._ended = True
        for world in self.all().values():
            world.close()
