"""Bytes that nobody should send, in every state: no exception, nothing that grows, and the others are served on.

By hand, longer: ``python -m tests.mocks.core.mqtt.test_fuzz 10000000`` sends so many bytes in each state.
"""

from __future__ import annotations

import random
import sys
import time
import tracemalloc

import pytest
from tests.mocks.core.mqtt.desk import ALL, Client, Desk

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.encode import encode
from vendorlab.mocks.core.mqtt.profiles import Bounds

STATES = ("waiting", "connected", "subscribed", "exchanging")

TIGHT = Bounds(
    sessions=50, filters=50, nodes=2_000, retained=100, retained_bytes=100_000, topics=200, queued_bytes=50_000
)


def seeds(version: int) -> list[bytes]:
    """One good packet of every type, to be spoiled."""
    properties = {"user_property": [("a", "b")], "message_expiry_interval": 3, "content_type": "x"}
    will = p.Will("will", b"x", 1, retain=True)
    packets: list[p.Packet] = [
        p.Connect("fuzz", version, False, 9, will, "u", b"p"),
        p.Connack(True, 0),
        p.Publish("a/b", b"payload", 2, packet_id=3, properties=properties),  # type: ignore[arg-type]
        p.Publish("a/b", b"payload", 0, retain=True),
        *(p.Ack(kind, 3) for kind in (k.PUBACK, k.PUBREC, k.PUBREL, k.PUBCOMP)),
        p.Subscribe(4, (p.Subscription("a/#", 2), p.Subscription("$share/g/+/b", 1))),
        p.Suback(4, (0,)),
        p.Unsubscribe(5, ("a/#",)),
        p.Unsuback(5, (0,)),
        p.Pingreq(),
        p.Pingresp(),
        p.Disconnect(),
    ]
    if version == k.V5:
        packets.append(p.Auth(0x18, {"authentication_method": "m"}))
    return [encode(packet, version) for packet in packets]


def spoiled(good: list[bytes], chance: random.Random) -> bytes:
    """Some packets with some bytes changed, cut, doubled or thrown in."""
    data = bytearray(b"".join(chance.choices(good, k=chance.randint(1, 4))))
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        place = chance.randrange(len(data))
        match chance.randrange(5):
            case 0:
                data[place] = chance.randrange(256)
            case 1:
                data[place] ^= 1 << chance.randrange(8)
            case 2:
                del data[place : place + chance.randint(1, 4)]
            case 3:
                data[place:place] = chance.randbytes(chance.randint(1, 4))
            case _:
                data[place:place] = data[: chance.randint(0, 8)]
        if not data:
            return b"\0"
    return bytes(data)


def enter(desk: Desk, state: str, version: int) -> Client:
    """A client in a state."""
    if state == "waiting":
        return desk.connection(version)
    client = desk.client("fuzz", version, clean=False)
    if state in ("subscribed", "exchanging"):
        client.subscribe("a/#", "$share/g/+/b")
    if state == "exchanging":
        desk.core.publish("a/b", b"1", 1)
        desk.core.publish("a/b", b"2", 2)
        client.send(p.Publish("x", b"", 2, packet_id=3))
        client.got()
    return client


def fuzz(state: str, version: int, count: int, seed: int) -> int:
    """Send spoiled bytes in a state until ``count`` are sent; the number of connections that it took."""
    chance = random.Random(seed)
    desk = Desk(bounds=TIGHT)
    good = seeds(version)
    witness = desk.client("witness", keep_alive=0)
    witness.subscribe("witness")
    taken = sent = 0
    while sent < count:
        client = enter(desk, state, version)
        taken += 1
        for _ in range(20):
            data = spoiled(good, chance)
            sent += len(data)
            client.raw(data)
            client.got()
            if client.closed:
                break
        client.drop()
        desk.pass_line(0.1)
        desk.core.forget_session("fuzz")
        desk.core.publish("witness", b"still here")
        assert ("witness", b"still here") in witness.messages()
        assert len(desk.core.connections) == 1
    core = desk.core
    assert len(core.sessions) <= TIGHT.sessions
    assert len(core.retained) <= TIGHT.retained
    assert core.routes.nodes <= TIGHT.nodes
    assert core.unfinished == 0
    return taken


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("state", STATES)
def test_spoiled_packets_harm_nobody(state: str, version: int) -> None:
    assert fuzz(state, version, 40_000, seed=version) > 10


def main() -> None:
    """Fuzz each state for long, and say how it went."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for state in STATES:
        for version in ALL:
            fuzz(state, version, 20_000, seed=1)
            tracemalloc.start()
            began = time.perf_counter()
            taken = fuzz(state, version, count // len(ALL), seed=version + 100)
            grown = tracemalloc.get_traced_memory()[0] / 1_000
            tracemalloc.stop()
            took = time.perf_counter() - began
            print(f"{state:10} v{version}: {taken:,} connections, {took:.0f} s, {grown:,.0f} kB kept")  # noqa: T201


if __name__ == "__main__":
    main()
