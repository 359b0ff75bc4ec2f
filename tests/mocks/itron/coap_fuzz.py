"""Random and mutated datagrams for the gateway: nothing is raised, nobody is flooded with replies, and nothing grows.

The tests do a few thousand. The long run is ``python -m tests.mocks.itron.coap_fuzz --count 10000000``.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from typing import TYPE_CHECKING

from tests.mocks.itron.coap_support import DOMAIN, ECHO, METHANE, TEMP, Desk, options, proxied
from tests.mocks.support import make_world

from vendorlab.mocks.core.coap.codes import Type
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import REGISTRY, Option

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = 40
MOST_REPLIES = 3
"""Datagrams that one may lead to: an acknowledgement and an answer that is repeated, and an answer."""

HELD = 5_000
"""Exchanges, sessions, observations and the like that may be there at once, with as many sources as here."""


def seeds(desk: Desk) -> list[bytes]:
    """Datagrams that make sense, to be spoiled."""
    uris = [desk.uri(f"{path}?{query}", number) for number, path in ((0, TEMP), (2, ECHO), (1, METHANE))
            for query in ("sens", "cfg", "cfg=C")]  # fmt: skip
    uris += [desk.uri("/"), desk.uri("/snsr/sys/time"), desk.uri("/snsr/arduino"), desk.uri(tenant=1), "coap://x/"]
    asked = [
        proxied(uri, *more)
        for uri in uris
        for more in ((), ((Option.OBSERVE, 0),), ((Option.OBSERVE, 1),), ((Option.BLOCK2, 3),), ((Option.BLOCK1, 10),))
    ]
    asked += [
        options((Option.URI_PATH, "sessions")),
        options((Option.URI_PATH, ".well-known"), (Option.URI_PATH, "core")),
        options((Option.PROXY_SCHEME, "coap"), (Option.URI_HOST, f"SSN{desk.mac()}.{DOMAIN}"), (Option.URI_PORT, 4849)),
    ]
    token = desk.token().encode()
    return [
        Message(type_, code, 1, b"tok", each, token if code == 2 else b"").encode()
        for each in asked
        for type_, code in ((Type.CON, 1), (Type.NON, 1), (Type.CON, 2), (Type.CON, 3), (Type.CON, 4))
    ] + [bytes((0x40, 0, 0, 1)), bytes((0x60, 0, 0, 1)), bytes((0x70, 0, 0, 1))]


def spoiled(data: bytes, chance: random.Random) -> bytes:
    """A datagram after a few accidents."""
    made = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(6):
            case 0 if made:
                made[min(at, len(made) - 1)] = chance.randrange(256)
            case 1 if made:
                made[min(at, len(made) - 1)] ^= 1 << chance.randrange(8)
            case 2:
                made[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 3:
                del made[at : at + chance.randrange(1, 9)]
            case 4:
                del made[at:]
            case _:
                made += bytes((chance.choice(list(REGISTRY)) & 0xFF, chance.randrange(256)))
    if len(made) > 3 and chance.random() < 0.9:
        made[2:4] = chance.randbytes(2)
    return bytes(made)


def datagrams(desk: Desk, chance: random.Random, count: int) -> Iterator[bytes]:
    """What comes in."""
    good = seeds(desk)
    for _ in range(count):
        if chance.random() < 0.1:
            yield chance.randbytes(chance.randrange(64))
        else:
            yield spoiled(chance.choice(good), chance)


def run(count: int, seed: int) -> Desk:
    """Hand in so many; raises ``AssertionError`` where one does harm."""
    chance = random.Random(seed)
    desk = Desk(make_world("itron", seed=7, settings={"mesh_weather": "field", "mesh_devices": 100}))
    sources = [("127.0.0.1", 40_000 + number) for number in range(SOURCES)]
    for source in sources[:10]:
        desk.open(source)
    for number, data in enumerate(datagrams(desk, chance, count)):
        with desk.world.clock.lock:
            desk.endpoint.receive(data, chance.choice(sources))
        assert len(desk.take()) <= MOST_REPLIES, data.hex()
        if number % 50 == 49:
            desk.wait(chance.choice((0.01, 1.0, 5.0)))
            desk.advance(chance.choice((0.1, 2.0, 30.0)))
        if number % 5_000 == 4_999:
            bounded(desk)
    bounded(desk)
    return desk


def bounded(desk: Desk) -> None:
    """Nothing has grown beyond what so many sources may hold."""
    endpoint = desk.endpoint
    assert endpoint.stats.defects == 0
    held = [
        len(endpoint.observations), len(endpoint.outbox), len(endpoint.blocks), len(endpoint.peers),
        len(endpoint.requests), len(desk.mesh.nodes), desk.world.clock.timers, len(desk.vendor.backend.sessions),
    ]  # fmt: skip
    assert max(held) <= HELD, held


def main() -> None:
    """The long run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    began = time.perf_counter()
    done = 0
    while done < chosen.count:
        lot = min(100_000, chosen.count - done)
        run(lot, chosen.seed + done)
        done += lot
        sys.stdout.write(f"{done:,} datagrams, {done / (time.perf_counter() - began):,.0f} a second\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
