"""The example tree behind a real socket, on a loop in a thread of its own."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.mocks.core.coap.tree import Tree

from vendorlab.mocks.core.clock import Clock
from vendorlab.mocks.core.coap.endpoint import Endpoint
from vendorlab.mocks.core.edges.loop import Line, LoopThread
from vendorlab.mocks.core.edges.udp import UdpListener

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from vendorlab.mocks.core.coap.codes import Type
    from vendorlab.mocks.core.edges.udp import Gate, Wire


class Served:
    """What is served, and how it is told of news."""

    def __init__(self, host: str, transmission: Any = None, gate: Gate | None = None) -> None:
        self.loop = LoopThread()
        self.tree = Tree(self._later)

        def build(wire: Wire) -> Endpoint:
            return Endpoint(
                self.tree.handle,
                now=wire.now,
                chance=random.Random(1),
                send=wire.send,
                woken=wire.woken,
                proxy=True,
                transmission=transmission,
            )

        self.listener = UdpListener(build, Line(Clock(), on_clock=False), host, 0, gate=gate)
        self.endpoint = self.listener.engine

    def _later(self, seconds: float, callback: Callable[[], object]) -> object:
        return self.loop.loop.call_later(seconds, callback)

    def notify(self, type_: Type | None = None) -> None:
        """Tell everybody who observes the time."""
        self.listener.soon(lambda: self.endpoint.notify("time", self.tree.time(), type_))


@contextmanager
def serving(host: str = "127.0.0.1", **options: Any) -> Generator[Served]:
    """Serve until the block ends."""
    served = Served(host, **options)
    try:
        served.loop.call(served.listener.start())
        yield served
    finally:
        served.loop.call(served.listener.stop())
        served.loop.stop()
