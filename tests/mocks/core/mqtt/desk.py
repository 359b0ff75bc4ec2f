"""A broker on a desk: its core with hands on both clocks, and clients that are nothing but packets."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, TypeVar

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.broker import BrokerCore
from vendorlab.mocks.core.mqtt.encode import encode
from vendorlab.mocks.core.mqtt.framing import Parser
from vendorlab.mocks.core.mqtt.messages import SECOND
from vendorlab.mocks.core.mqtt.policy import Anybody
from vendorlab.mocks.core.mqtt.profiles import BOUNDS, HIVEMQ4, Bounds, Profile

if TYPE_CHECKING:
    from vendorlab.mocks.core.mqtt.connection import Connection
    from vendorlab.mocks.core.mqtt.events import Event
    from vendorlab.mocks.core.mqtt.policy import Policy
    from vendorlab.mocks.core.mqtt.wire import Malformed

P = TypeVar("P")

BOTH = (k.V311, k.V5)
ALL = (k.V31, k.V311, k.V5)


class Client:
    """One connection to the broker, seen from its other end."""

    def __init__(self, desk: Desk, version: int) -> None:
        self.desk = desk
        self.version = version
        self.parser = Parser(version)
        self.seen: list[p.Packet | Malformed] = []
        self.closed: str | None = None
        connection = desk.core.connect(desk.line)
        assert connection is not None
        self.connection: Connection = connection
        connection.carrier = self

    def send(self, *packets: p.Packet) -> Client:
        """Send packets in one piece."""
        return self.raw(b"".join(encode(packet, self.version) for packet in packets))

    def raw(self, data: bytes) -> Client:
        """Send bytes."""
        self.connection.receive(data, self.desk.line)
        self.desk.flush()
        return self

    def got(self) -> list[Any]:
        """What has come since the last look."""
        self.desk.flush()
        seen, self.seen = self.seen, []
        return seen

    def one(self, kind: type[P]) -> P:
        """The one packet that has come since the last look."""
        [packet] = self.got()
        assert isinstance(packet, kind), packet
        return packet

    def messages(self) -> list[tuple[str, bytes]]:
        """Topic and payload of the messages that have come since the last look; anything else is left out."""
        return [(packet.topic, packet.payload) for packet in self.got() if isinstance(packet, p.Publish)]

    def subscribe(self, *filters: str, qos: int = 2, **options: Any) -> p.Suback:
        """Subscribe to filters, all with the same options."""
        properties = options.pop("properties", {})
        wanted = tuple(p.Subscription(text, qos, **options) for text in filters)
        self.got()
        self.send(p.Subscribe(77, wanted, properties))
        answer, *rest = self.got()
        self.seen = rest + self.seen
        assert isinstance(answer, p.Suback), answer
        return answer

    def drop(self) -> None:
        """Let the line be lost."""
        self.desk.core.lost(self.connection, self.desk.line)
        self.connection.carrier = None
        self.desk.flush()

    def leave(self, code: int = 0, **properties: Any) -> None:
        """Say good-bye."""
        self.send(p.Disconnect(code, properties))  # type: ignore[arg-type]  # by name, as a test writes them
        self.connection.carrier = None


class Desk:
    """A core with its clocks."""

    def __init__(self, profile: Profile = HIVEMQ4, policy: Policy | None = None, bounds: Bounds = BOUNDS) -> None:
        self.line = 1_000.0
        self.vendor = 1_000 * SECOND
        self.events: list[Event] = []
        self.core = BrokerCore(
            policy or Anybody(),
            micros=lambda: self.vendor,
            chance=random.Random(7),
            profile=profile,
            bounds=bounds,
        )

    def connection(self, version: int = k.V311) -> Client:
        """A connection on which nothing has been said."""
        return Client(self, version)

    def client(
        self, client_id: str = "c", version: int = k.V311, *, present: bool | None = None, **options: Any
    ) -> Client:
        """A client that has been let in; ``present`` says whether a session must have been there."""
        client = self.connection(version)
        client.send(p.Connect(client_id, version, **options))
        answer, *rest = client.got()
        client.seen = rest
        assert isinstance(answer, p.Connack), answer
        assert answer.code == 0, answer
        assert present is None or answer.session_present is present
        return client

    def refused(self, version: int = k.V311, client_id: str = "c", **options: Any) -> tuple[Client, list[Any]]:
        """A client that asks to be let in, and what it is told."""
        client = self.connection(version)
        client.send(p.Connect(client_id, version, **options))
        return client, client.got()

    def flush(self) -> None:
        """Carry what the core wants carried, as the driver does."""
        for _ in range(100_000):
            dirty = self.core.take_dirty()
            if not dirty:
                return
            for connection in dirty:
                data = connection.take()
                client: Client | None = connection.carrier
                if client is not None:
                    client.seen += client.parser.feed(data)
                    client.closed = connection.closing
                if connection.session is not None:
                    connection.session.pump(self.vendor)
        raise AssertionError("the core always has something more to send")

    def pass_line(self, seconds: float) -> None:
        """Let line time pass, due by due."""
        end = self.line + seconds
        while (due := self.core.next_due()) is not None and due <= end:
            self.line = max(self.line, due)
            self.core.run_line(self.line)
            self.flush()
        self.line = end
        self.core.run_line(self.line)
        self.flush()

    def pass_vendor(self, seconds: float) -> None:
        """Let vendor time pass, due by due."""
        end = self.vendor + round(seconds * SECOND)
        while (due := self.core.next_expiry()) is not None and due <= end:
            self.vendor = max(self.vendor, due)
            self.core.run_vendor()
        self.vendor = end
        self.flush()

    def listen(self) -> list[Event]:
        """Hear of everything from now on."""
        self.core.observer = self.events.append
        return self.events
