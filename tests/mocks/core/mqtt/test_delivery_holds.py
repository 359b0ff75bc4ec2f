"""What quality of service promises, held against everything at once: cut lines, lost and repeated packets, new starts.

A writer and a reader keep to the standard, and a machine does to their packets what it likes. When all is well again,
each message with QoS 2 must have arrived exactly once and each with QoS 1 at least once; and unless packets vanished
from the middle of a stream, which no TCP does, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.mocks.core.mqtt.desk import BOTH, Client, Desk

from vendorlab.mocks.core.mqtt import faulty
from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p

if TYPE_CHECKING:
    from collections.abc import Callable

CONVERSATION = ("PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP")
MOST_OPEN = 8
KEPT: Any = {"session_expiry_interval": 1_000_000}


def let_in(desk: Desk, client_id: str, version: int) -> Client:
    """A client with its session; what goes wrong may be the first packet after its CONNACK, and take that with it."""
    while True:
        client = desk.connection(version).send(p.Connect(client_id, version, clean=False, properties=KEPT))
        if client.seen:
            answer = client.seen.pop(0)
            assert isinstance(answer, p.Connack)
            return client


class Writer:
    """Sends messages as the standard has it, and again when it comes back."""

    def __init__(self, desk: Desk, version: int) -> None:
        self.desk = desk
        self.version = version
        self.open: dict[int, tuple[p.Publish, bool]] = {}
        self.last = 0
        self.client: Client | None = None

    def connect(self) -> None:
        self.client = let_in(self.desk, "writer", self.version)
        for packet_id, (message, released) in list(self.open.items()):
            again = p.Publish(message.topic, message.payload, message.qos, dup=True, packet_id=packet_id)
            self.client.send(p.Ack(k.PUBREL, packet_id) if released else again)

    def publish(self, payload: bytes, qos: int) -> None:
        assert self.client is not None
        self.last += 1
        message = p.Publish("t", payload, qos, packet_id=self.last)
        self.open[self.last] = message, False
        self.client.send(message)

    def step(self) -> bool:
        assert self.client is not None
        found = self.client.got()
        for packet in found:
            assert isinstance(packet, p.Ack), packet
            if packet.kind == k.PUBREC and packet.packet_id in self.open:
                self.open[packet.packet_id] = self.open[packet.packet_id][0], True
                self.client.send(p.Ack(k.PUBREL, packet.packet_id))
            elif packet.kind != k.PUBREC:
                self.open.pop(packet.packet_id, None)
        return bool(found)


class Reader:
    """Receives messages as the standard has it."""

    def __init__(self, desk: Desk, version: int) -> None:
        self.desk = desk
        self.version = version
        self.begun: set[int] = set()
        self.seen: list[bytes] = []
        self.client: Client | None = None

    def connect(self) -> None:
        self.client = let_in(self.desk, "reader", self.version)

    def step(self) -> bool:
        assert self.client is not None
        found = self.client.got()
        for packet in found:
            if isinstance(packet, p.Publish):
                if packet.qos == 1 or packet.packet_id not in self.begun:
                    self.seen.append(packet.payload)
                if packet.qos == 2:
                    self.begun.add(packet.packet_id)
                self.client.send(p.Ack(k.PUBACK if packet.qos == 1 else k.PUBREC, packet.packet_id))
            else:
                assert isinstance(packet, p.Ack), packet
                self.begun.discard(packet.packet_id)
                self.client.send(p.Ack(k.PUBCOMP, packet.packet_id))
        return bool(found)


class Delivery(RuleBasedStateMachine):
    """The machine."""

    @initialize(versions=st.tuples(st.sampled_from(BOTH), st.sampled_from(BOTH)), window=st.integers(1, 5))
    def begin(self, versions: tuple[int, int], window: int) -> None:
        self.desk = Desk()
        self.writer, self.reader = Writer(self.desk, versions[0]), Reader(self.desk, versions[1])
        self.writer.connect()
        self.reader.connect()
        assert self.reader.client is not None
        self.reader.client.subscribe("t", qos=2)
        self.desk.core.sessions["reader"].window = window
        self.sent: dict[int, list[bytes]] = {1: [], 2: []}
        self.lost = False
        self.strike: tuple[str, faulty.Action] | None = None
        self.desk.core.gate = self.gate

    def gate(
        self, direction: str, _connection: object, packet: str, _describe: Callable[[], Any]
    ) -> faulty.Action | None:
        if self.strike is None or packet not in CONVERSATION or direction != self.strike[0]:
            return None
        action, self.strike = self.strike[1], None
        self.lost |= isinstance(action, faulty.Lose)
        return action

    @precondition(lambda self: len(self.writer.open) < MOST_OPEN)
    @rule(qos=st.integers(1, 2))
    def publish(self, qos: int) -> None:
        payload = b"%d" % (len(self.sent[1]) + len(self.sent[2]))
        self.sent[qos].append(payload)
        self.writer.publish(payload, qos)

    @rule()
    def answer(self) -> None:
        self.writer.step()
        self.reader.step()

    @rule(
        direction=st.sampled_from(["in", "out"]),
        action=st.sampled_from(
            [faulty.Lose(), faulty.Duplicate(), faulty.Cut(), faulty.Cut(after=True), faulty.Delay(1.0)]
        ),
    )
    def go_wrong(self, direction: str, action: faulty.Action) -> None:
        self.strike = direction, action

    @rule(side=st.sampled_from(["writer", "reader"]), politely=st.booleans())
    def come_back(self, side: str, politely: bool) -> None:
        one: Writer | Reader = getattr(self, side)
        assert one.client is not None
        one.step()
        if politely:
            one.client.leave()
        else:
            one.client.drop()
        one.connect()

    @rule()
    def wait(self) -> None:
        self.desk.pass_line(2.0)

    def teardown(self) -> None:
        if not hasattr(self, "desk"):
            return
        self.desk.core.gate = None
        self.desk.pass_line(5.0)
        for side in (self.writer, self.reader):
            assert side.client is not None
            side.step()
            side.client.drop()
            side.connect()
        while self.writer.step() or self.reader.step():
            pass
        once = [payload for payload in self.reader.seen if payload in self.sent[2]]
        again = [payload for payload in self.reader.seen if payload in self.sent[1]]
        assert self.writer.open == {}
        assert self.desk.core.sessions["reader"].inflight == {}
        assert sorted(once) == sorted(self.sent[2])
        assert set(again) == set(self.sent[1])
        if not self.lost:
            assert once == self.sent[2]
            assert list(dict.fromkeys(again)) == self.sent[1]


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
