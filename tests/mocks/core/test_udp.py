"""The datagram listener: reads in batches, wakes its engine in time, lets a gate at all of it, and stays bounded."""

from __future__ import annotations

import logging
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.core.coap.serving import serving
from tests.mocks.support import eventually

from vendorlab.mocks.core.clock import Clock
from vendorlab.mocks.core.coap.transmission import Transmission
from vendorlab.mocks.core.edges.loop import Line, LoopThread
from vendorlab.mocks.core.edges.udp import BATCH, LARGEST, Describe, Direction, UdpListener, Wire
from vendorlab.mocks.core.exchanges import Exchanges
from vendorlab.mocks.core.faults import FaultPlan
from vendorlab.mocks.core.gates import DatagramGate

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

PING = bytes.fromhex("40001234")
PONG = bytes.fromhex("70001234")


class Echo:
    """An engine that sends everything back, and can be due."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.due: float | None = None
        self.ran: list[float] = []
        self.seen: list[bytes] = []

    def receive(self, data: bytes, address: Any, /) -> None:
        if data == b"break":
            raise ZeroDivisionError
        self.seen.append(data)
        self.wire.send(data, address)

    def next_due(self) -> float | None:
        return self.due

    def run(self) -> None:
        self.ran.append(self.wire.now())
        self.due = None


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


class Echoing:
    def __init__(self, loop: LoopThread, host: str = "127.0.0.1", clock: Clock | None = None, **options: Any) -> None:
        self.loop = loop
        self.line = Line(clock or Clock(), on_clock=clock is not None)
        self.listener = UdpListener(self._build, self.line, host, 0, **options)
        loop.call(self.listener.start())

    def _build(self, wire: Wire) -> Echo:
        self.engine = Echo(wire)
        return self.engine

    def do(self, function: Any, *arguments: Any) -> Any:
        """Call something on the loop."""

        async def call() -> Any:
            return function(*arguments)

        return self.loop.call(call())


@contextmanager
def echoing(loop: LoopThread, **options: Any) -> Generator[Echoing]:
    found = Echoing(loop, **options)
    try:
        yield found
    finally:
        loop.call(found.listener.stop())


@contextmanager
def talking(listener: UdpListener[Any]) -> Generator[socket.socket]:
    with socket.socket(socket.AF_INET6 if ":" in listener.host else socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.settimeout(5)
        opened.connect((listener.host, listener.port))
        yield opened


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_datagrams_go_in_and_out(loop: LoopThread, host: str) -> None:
    with echoing(loop, host=host) as found, talking(found.listener) as line:
        line.send(b"hello")
        assert line.recv(100) == b"hello"
        assert found.listener.accepting
        assert found.listener.url == f"coap://{f'[{host}]' if ':' in host else host}:{found.listener.port}"
    assert not found.listener.accepting
    loop.call(found.listener.stop())
    found.do(found.listener.send, b"x", ("127.0.0.1", 9))
    found.do(found.listener.woken)


def test_port_that_is_taken_is_an_error_and_leaves_nothing_open(loop: LoopThread) -> None:
    with echoing(loop) as found:
        other = UdpListener(Echo, found.line, "127.0.0.1", found.listener.port)
        with pytest.raises(OSError, match="in use"):
            loop.call(other.start())
        assert not other.accepting


def test_burst_of_more_than_a_batch_is_answered_whole(loop: LoopThread) -> None:
    with echoing(loop) as found, talking(found.listener) as line:
        count = 3 * BATCH
        for number in range(count):
            line.send(b"%d" % number)
        assert [line.recv(100) for _ in range(count)] == [b"%d" % number for number in range(count)]


def test_datagram_that_is_too_long_is_passed_over(loop: LoopThread) -> None:
    with echoing(loop) as found, talking(found.listener) as line:
        line.send(bytes(LARGEST + 1))
        line.send(bytes(LARGEST))
        assert len(line.recv(LARGEST + 1)) == LARGEST
        assert found.listener.oversized == 1


def test_engine_that_breaks_does_not_stop_the_reader(loop: LoopThread, caplog: pytest.LogCaptureFixture) -> None:
    with echoing(loop) as found, talking(found.listener) as line, caplog.at_level(logging.ERROR, "vendorlab"):
        line.send(b"break")
        line.send(b"whole")
        assert line.recv(100) == b"whole"
    assert len(caplog.records) == 1


def test_datagram_that_the_system_does_not_take_is_counted(loop: LoopThread) -> None:
    with echoing(loop) as found:
        found.do(found.listener.send, bytes(1 << 17), ("127.0.0.1", 9))
        assert found.listener.unsent == 1


def test_engine_is_woken_when_it_is_due_on_the_world_s_clock(loop: LoopThread) -> None:
    clock = Clock(rate=0)
    with echoing(loop, clock=clock) as found:
        start = found.listener.now()
        for after in (100.0, 50.0, 70.0):  # the last is no earlier than what is armed already
            found.engine.due = start + after
            found.do(found.listener.woken)
        found.engine.due = start + 50
        clock.advance(49)
        found.do(lambda: None)
        assert found.engine.ran == []
        clock.advance(1)
        found.do(lambda: None)
        assert found.engine.ran == [start + 50]
        clock.advance(100)
        found.do(lambda: None)
        assert found.engine.ran == [start + 50], "a timer that was overtaken is called off"
        assert clock.timers == 0


def test_engine_is_woken_in_real_time_otherwise(loop: LoopThread) -> None:
    with echoing(loop) as found:
        found.engine.due = found.listener.now() + 0.02
        found.do(found.listener.woken)

        assert eventually(lambda: bool(found.engine.ran))


# --- the gate --------------------------------------------------------------------------------------------------------


class Gated:
    """A gate that notes what passes, and does with it what it is told."""

    def __init__(self) -> None:
        self.passed: list[tuple[Direction, bytes, Mapping[str, str]]] = []
        self.fates: dict[Direction, list[tuple[float, bytes]] | None] = {}

    def __call__(self, direction: Direction, peer: Any, data: bytes, describe: Describe) -> Any:
        assert peer[0] == "127.0.0.1"
        self.passed.append((direction, data, describe()))
        return self.fates.get(direction)


def described(direction: Direction, _address: Any, data: bytes) -> Mapping[str, str]:
    return {"what": f"{direction} {data.decode()}"}


def test_gate_sees_every_datagram_with_its_description(loop: LoopThread) -> None:
    gate = Gated()
    with echoing(loop, gate=gate, describe=described) as found, talking(found.listener) as line:
        line.send(b"a")
        assert line.recv(10) == b"a"
    assert gate.passed == [("in", b"a", {"what": "in a"}), ("out", b"a", {"what": "out a"})]


@pytest.mark.parametrize("direction", ["in", "out"])
def test_gate_may_lose_change_and_repeat(loop: LoopThread, direction: Direction) -> None:
    gate = Gated()
    with echoing(loop, gate=gate) as found, talking(found.listener) as line:
        gate.fates[direction] = []
        line.send(b"lost")
        gate_seen(gate, b"lost")
        gate.fates[direction] = [(0.0, b"x"), (0.0, b"y"), (0.01, b"z")]
        line.send(b"a")
        assert [line.recv(10) for _ in range(3)] == [b"x", b"y", b"z"]
        gate.fates.clear()
        line.send(b"b")
        assert line.recv(10) == b"b"


def gate_seen(gate: Gated, data: bytes) -> None:
    assert eventually(lambda: data in [passed for _, passed, _ in gate.passed])


def test_what_a_gate_had_held_is_passed_on_past_it(loop: LoopThread) -> None:
    gate = Gated()
    with echoing(loop, gate=gate) as found, talking(found.listener) as line:
        address = line.getsockname()
        found.do(found.listener.emit, "out", address, b"held")
        assert line.recv(10) == b"held"
        found.listener.gate = None
        found.do(found.listener.emit, "in", address, b"late")
        assert line.recv(10) == b"late"
    assert gate.passed == []


def test_delay_of_the_gate_takes_line_time(loop: LoopThread) -> None:
    clock, gate = Clock(rate=0), Gated()
    gate.fates["in"] = [(3_600.0, b"late")]
    with echoing(loop, clock=clock, gate=gate) as found, talking(found.listener) as line:
        line.send(b"now")
        gate_seen(gate, b"now")
        assert found.engine.seen == []
        clock.advance(3_600)
        assert line.recv(10) == b"late"


def pinged(line: socket.socket) -> bool:
    line.settimeout(0.1)
    line.send(PING)
    try:
        return line.recv(100) == PONG
    except TimeoutError:
        return False


# --- with CoAP behind it ---------------------------------------------------------------------------------------------


def test_ping_is_answered_over_a_socket() -> None:
    with serving() as served, talking(served.listener) as line:
        line.send(PING)
        assert line.recv(100) == PONG


def test_flood_that_nobody_reads_the_answers_of_does_no_harm() -> None:
    with serving() as served, talking(served.listener) as line:
        for number in range(20_000):
            line.send(bytes((0x40, 0x01, number >> 8 & 0xFF, number & 0xFF)))
        with talking(served.listener) as other:
            # While the socket's buffer is full, a ping may be lost with the rest.
            assert eventually(lambda: pinged(other))


def test_empty_acknowledgement_goes_out_by_itself() -> None:
    with serving(transmission=Transmission(acknowledge_after=0.03)) as served, talking(served.listener) as line:
        line.send(bytes.fromhex("40010007b4") + b"slow")
        assert line.recv(100) == bytes.fromhex("60000007")


def test_world_s_fault_plan_strikes_one_datagram_of_an_exchange() -> None:
    """The answer's acknowledgement is lost; the request comes again, is not executed again, and is answered."""
    plan = FaultPlan(7)
    plan.add(
        {
            "match": {"protocol": "coap", "direction": "out", "type": "ACK"},
            "when": {"nth": 1},
            "action": {"kind": "drop"},
        }
    )
    with serving() as served, talking(served.listener) as line:
        gate = DatagramGate(
            plan, vendor="itron", protocol="coap", later=served.listener.line.later, emit=served.listener.emit
        )
        exchanges = Exchanges()
        served.listener.describe = exchanges.describe
        served.listener.gate = gate
        request = bytes.fromhex("40020007b4") + b"post" + b"\xffhello"
        line.send(request)
        assert eventually(lambda: gate.counts["drop"] == 1)
        line.send(request)
        assert line.recv(100)[:4] == bytes.fromhex("60410007")
        assert served.tree.posts == [b"hello"]
