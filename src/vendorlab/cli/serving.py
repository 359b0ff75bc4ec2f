"""A process full of worlds: the main world, its listeners and the control API, on one loop."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vendorlab.cli.common import UsageFailure
from vendorlab.mocks import registry
from vendorlab.mocks.core.clock import ClockError
from vendorlab.mocks.core.control.app import Control
from vendorlab.mocks.core.control.server import ControlServer
from vendorlab.mocks.core.edges.loop import LoopThread
from vendorlab.mocks.core.errors import WorldError
from vendorlab.mocks.core.settings import SettingsError
from vendorlab.mocks.core.sockets import Told
from vendorlab.mocks.core.world import World, WorldOptions
from vendorlab.mocks.core.worlds import MAIN, Worlds
from vendorlab.theatre import Theatre

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Serving:
    """What ``up`` runs, and ``check`` for a moment.

    Args:
        names: the vendors of the main world, or some of their addresses.
        ports: a port for each address and for ``control``; 0 takes a free one.
        options: of the main world.
        token: for the control API.
        version: told by the control API.
        world_ports: where worlds listen that are made over the control API; none are given: wherever it is free.
    """

    def __init__(
        self,
        names: Sequence[str],
        ports: Mapping[str, int],
        options: WorldOptions,
        token: str,
        version: str,
        world_ports: Sequence[int] = (),
    ) -> None:
        self.token = token
        self._ports = ports
        self._worlds = Worlds(_make, LoopThread(), world_ports)
        try:
            self.world = self._worlds.create(MAIN, names, options)
            self.world.faces()  # make every vendor now: a wrong setting is told before anything listens
        except (WorldError, SettingsError, ClockError) as error:
            self._worlds.stop()
            self._worlds.thread.stop()
            raise UsageFailure(str(error)) from error
        self._theatre = Theatre(self._worlds)
        self.control = Control(self._worlds, token, version, options.host, options.known_as, self._theatre)
        told = Told(options.host, options.known_as)
        self._control = ControlServer(self.control, self._worlds, told, ports["control"])

    @property
    def control_url(self) -> str:
        """Where the control API listens."""
        return self._control.url

    def each(self, watcher: Callable[[str, World], object]) -> None:
        """Have every world looked at, by name: those that there are, and each that is made from now on."""
        self._worlds.each(watcher)

    def start(self) -> None:
        """Listen everywhere, or nowhere and say why."""
        try:
            self.world.start(self._ports)
            self._control.start()
        except WorldError as error:
            raise UsageFailure(str(error)) from error
        gc.collect()
        gc.freeze()  # what is there now stays: the collector need not look at it again

    def ready(self) -> dict[str, Any]:
        """Addresses and credentials: the content of a ready file."""
        return {
            "control": {"url": self.control_url, "token": self.token},
            "vendors": {
                face.name: {"url": self.world.url(face.name)}
                | ({"ca": ca} if (ca := self.world.ca(face.name)) else {})
                | {"credentials": dict(face.credentials())}
                for face in self.world.faces()
            },
        }

    def stop(self) -> None:
        """Close everything."""
        self._theatre.close()
        self._worlds.stop()
        self._control.stop()
        self._worlds.thread.stop()


def _make(names: Sequence[str], options: WorldOptions, thread: LoopThread) -> World:
    try:
        vendors, addresses = registry.chosen(names)
    except KeyError as error:
        raise WorldError(f"there is no vendor {error}; there are: {', '.join(registry.names())}") from error
    return World(registry.factories(vendors), replace(options, addresses=addresses), thread)
