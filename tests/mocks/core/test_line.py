"""Line time: what is to happen later happens, on the wall or on the world's clock, unless it is called off."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial

import pytest

from vendorlab.mocks.core.clock import Clock
from vendorlab.mocks.core.edges.loop import Line
from vendorlab.mocks.core.faults import FaultPlan
from vendorlab.mocks.core.gates import DatagramGate

START = datetime(2026, 11, 21, 5, tzinfo=UTC)


@pytest.mark.parametrize("on_clock", [False, True])
def test_what_is_called_off_does_not_happen(on_clock: bool) -> None:
    clock = Clock(START, rate=0)
    happened: list[str] = []

    async def story() -> None:
        line = Line(clock, on_clock=on_clock)
        done = asyncio.Event()
        kept, dropped = (line.later(0.01, partial(happened.append, name)) for name in ("kept", "dropped"))
        line.later(0.02, done.set)
        dropped.cancel()
        dropped.cancel()
        clock.advance(1)
        await asyncio.wait_for(done.wait(), 10)
        kept.cancel()

    asyncio.run(story())
    assert happened == ["kept"]
    assert clock.next_due() is None


def test_datagram_is_held_on_the_clock_of_its_world() -> None:
    clock = Clock(START, rate=0)
    sent: list[bytes] = []

    async def story() -> None:
        plan = FaultPlan(7)
        plan.add({"action": {"kind": "reorder", "timeout": 60}, "when": {"nth": 1}})
        gate = DatagramGate(
            plan,
            vendor="itron",
            protocol="coap",
            later=Line(clock, on_clock=True).later,
            emit=lambda _way, _peer, data: sent.append(data),
        )
        assert gate("out", "peer", b"held", dict) == []
        clock.advance(59)
        await asyncio.sleep(0)
        assert sent == []
        clock.advance(1)
        await asyncio.sleep(0)

    asyncio.run(story())
    assert sent == [b"held"]
