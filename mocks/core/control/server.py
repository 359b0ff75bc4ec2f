"""The control API's listener."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import Clock
from ..edges.asgi import HttpEdge
from ..edges.loop import Line
from ..edges.server import HttpListener, port_taken
from ..sockets import PortTakenError, Told

if TYPE_CHECKING:
    from ..worlds import Worlds
    from .app import Control


class ControlServer:
    """Listens for the control API on the loop of the worlds."""

    def __init__(self, control: Control, worlds: Worlds, told: Told, port: int) -> None:
        clock = Clock()  # the control API lives in real time, not in a world
        edge = HttpEdge(control, clock)
        self._listener = HttpListener(edge, Line(clock, on_clock=False), told.host, port)
        self._told = told
        self._worlds = worlds

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._told.url(self._listener.url)

    def start(self) -> None:
        """Listen; raises ``PortTakenError`` when the port is in use."""
        try:
            self._worlds.thread.call(self._listener.start())
        except OSError as error:
            raise PortTakenError(port_taken("control", self._listener.host, self._listener.port, error)) from error

    def stop(self) -> None:
        """Listen no more."""
        self._worlds.thread.call(self._listener.stop())
