"""Brokers on real sockets, on a loop in a thread of their own."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.mocks.core.clock import Clock
from vendorlab.mocks.core.edges.certificates import temporary
from vendorlab.mocks.core.edges.loop import LoopThread
from vendorlab.mocks.core.edges.tcp import Driver, MqttListener
from vendorlab.mocks.core.edges.tls import server_context
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.agenda import follow
from vendorlab.mocks.core.mqtt.broker import BrokerCore
from vendorlab.mocks.core.mqtt.encode import encode
from vendorlab.mocks.core.mqtt.framing import Parser
from vendorlab.mocks.core.mqtt.policy import Anybody
from vendorlab.mocks.core.mqtt.profiles import HIVEMQ4

if TYPE_CHECKING:
    from vendorlab.mocks.core.edges.certificates import TlsFiles
    from vendorlab.mocks.core.mqtt.profiles import Profile


class Served:
    """A broker with its listeners."""

    def __init__(self, thread: LoopThread, profile: Profile) -> None:
        self.thread = thread
        self.clock = Clock()
        self.core = BrokerCore(Anybody(), micros=self.clock.micros, chance=random.Random(7), profile=profile)
        self.listeners: list[MqttListener] = []
        self.driver: Driver = thread.call(self._drive())
        follow(self.core, self.clock, "mqtt")

    async def _drive(self) -> Driver:
        return Driver(self.core, self.clock.lock)

    def listen(self, **options: Any) -> MqttListener:
        """Open another listener."""
        listener = MqttListener(self.driver, "127.0.0.1", 0, **options)
        self.thread.call(listener.start())
        self.listeners.append(listener)
        return listener

    def call(self, action: Callable[[], Any]) -> Any:
        """Do something on the loop."""

        async def inside() -> Any:
            return action()

        return self.thread.call(inside())

    def stop(self) -> None:
        """End all of it."""
        self.call(self.driver.stop)
        for listener in self.listeners:
            self.thread.call(listener.stop())


class Raw:
    """A client on a socket that is nothing but packets."""

    def __init__(self, wire: socket.socket, version: int) -> None:
        self.wire = wire
        self.version = version
        self.parser = Parser(version)
        self.found: list[Any] = []

    def send(self, *packets: p.Packet) -> Raw:
        """Send packets."""
        self.wire.sendall(b"".join(encode(packet, self.version) for packet in packets))
        return self

    def next(self) -> Any:
        """The next packet; None at the end of the connection."""
        while not self.found:
            try:
                data = self.wire.recv(65_536)
            except ConnectionError:
                return None
            if not data:
                return None
            self.found += self.parser.feed(data)
        return self.found.pop(0)

    def enter(self, client_id: str = "raw", **options: Any) -> Raw:
        """Be let in."""
        self.send(p.Connect(client_id, self.version, **options))
        assert self.next().code == 0
        return self


Serve = Callable[..., Served]
Open = Callable[..., Raw]


@pytest.fixture(scope="session")
def thread() -> Iterator[LoopThread]:
    """Give a loop in a thread."""
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def serve(thread: LoopThread) -> Iterator[Serve]:
    """Give a maker of brokers."""
    made: list[Served] = []

    def make(profile: Profile = HIVEMQ4) -> Served:
        made.append(Served(thread, profile))
        return made[-1]

    yield make
    for served in made:
        served.stop()


@pytest.fixture
def served(serve: Serve) -> Served:
    """Give a broker."""
    return serve()


@pytest.fixture
def connect() -> Iterator[Open]:
    """Give a maker of raw clients, to a listener, plain or wrapped."""
    with ExitStack() as stack:

        def make(listener: MqttListener, version: int = 4, wrap: Callable[[socket.socket], Any] | None = None) -> Raw:
            wire = stack.enter_context(socket.create_connection((listener.host, listener.port), timeout=10))
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if wrap is not None:
                wire = stack.enter_context(wrap(wire))
            return Raw(wire, version)

        yield make


@pytest.fixture(scope="session")
def certificate() -> Iterator[TlsFiles]:
    """Give a certificate for loopback."""
    with temporary([], datetime.now(UTC)) as files:
        yield files


@pytest.fixture
def tls(served: Served, certificate: TlsFiles) -> MqttListener:
    """Give a listener with TLS."""
    return served.listen(context=server_context(certificate, ["mqtt"]))


def ended(raw: Raw) -> bool:
    """Whether the other side has ended the connection."""
    with suppress(AssertionError):
        while raw.next() is not None:
            pass
    return True
