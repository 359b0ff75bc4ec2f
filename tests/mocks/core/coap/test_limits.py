"""Floods: whatever comes in, no exception, no storm and no growth."""

from __future__ import annotations

import random
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from tests.mocks.core.coap.support import PEER, Side, answer_ok, empty, get, path, post
from tests.mocks.core.coap.tree import Tree

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.endpoint import Endpoint
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import Option, Options
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.coap.transmission import Limits

if TYPE_CHECKING:
    from collections.abc import Hashable

    from vendorlab.mocks.core.coap.exchange import Exchange

SMALL = Limits(
    peers=64,
    rate=10_000,
    exchanges=50,
    exchanges_per_peer=10,
    remembered=500,
    remembered_bytes=64 << 10,
    sending=50,
    requests=50,
    observations=40,
    observations_per_peer=10,
    largest_body=8 << 10,
    uploads=8,
    uploads_per_peer=2,
    uploads_bytes=32 << 10,
    bodies=8,
    bodies_bytes=32 << 10,
)


def silent(_request: Message, _exchange: Exchange) -> None:
    """Never answer."""


# --- rates -----------------------------------------------------------------------------------------------------------


def test_datagrams_over_the_rate_are_dropped_unread() -> None:
    """RFC 7252, section 11.3."""
    side = Side(limits=Limits(rate=10))
    assert sum(len(side.tell(get(mid))) for mid in range(30)) == 10
    assert side.endpoint.stats.limited == 20
    side.advance(0.5)
    assert sum(len(side.tell(get(mid))) for mid in range(30, 60)) == 5
    assert len(side.tell(get(99), peer=("192.0.2.3", 1))) == 1, "another peer has a rate of its own"
    side.advance(100)
    assert sum(len(side.tell(get(mid))) for mid in range(100, 130)) == 10


def test_rejections_are_rationed_for_each_peer() -> None:
    side = Side(limits=Limits(resets=5))
    pings = [empty(Type.CON, mid) for mid in range(20)]
    assert len(side.tell(*pings)) == 5
    assert len(side.tell(empty(Type.CON, 1), peer=("192.0.2.3", 1))) == 1
    side.advance(1)
    assert len(side.tell(*pings)) == 5


# --- tables ----------------------------------------------------------------------------------------------------------


def test_requests_that_wait_are_bounded_for_a_peer_and_overall() -> None:
    side = Side(silent, limits=Limits(exchanges=12, exchanges_per_peer=5))
    codes = [m.code for mid in range(8) for m in side.tell(get(mid))]
    assert codes == [Code.TOO_MANY_REQUESTS] * 3
    refused = [m for port in range(10) for m in side.tell(get(1), peer=("192.0.2.3", port))]
    assert [m.code for m in refused] == [Code.SERVICE_UNAVAILABLE] * 3
    assert refused[0].options.uint(Option.MAX_AGE) == 1
    side.advance(4_000)
    assert side.tell(get(100)) == [], "those that waited too long have made room"


def test_answers_that_are_remembered_are_bounded_in_number_and_bytes() -> None:
    side = Side(limits=Limits(remembered=100))
    side.tell(*(get(mid) for mid in range(1_000)))
    assert len(side.endpoint.memory) <= 100
    assert side.only(get(999)).payload == b"ok"
    assert side.endpoint.stats.repeated == 1
    big = Side(lambda _request, _exchange: Response(Code.CONTENT, bytes(1_000)), limits=Limits(remembered_bytes=20_000))
    big.tell(*(get(mid) for mid in range(1_000)))
    assert len(big.endpoint.memory) <= 20


def test_answers_are_let_go_in_time() -> None:
    side = Side()
    side.tell(*(get(mid) for mid in range(100)))
    for number in range(3):
        side.advance(247)
        side.tell(get(1_000 + number))
    assert len(side.endpoint.memory) <= 3


def test_peers_are_bounded_and_busy_ones_stay() -> None:
    side = Side(
        lambda request, exchange: None if request.code == Code.POST else answer_ok(request, exchange), limits=SMALL
    )
    side.tell(post(), peer=PEER)
    for port in range(1_000):
        side.tell(get(), peer=("192.0.2.3", port))
        side.time += 2
    assert len(side.endpoint.peers) <= SMALL.peers
    found = side.endpoint.peers.known(PEER)
    assert found is not None
    assert found.open == 1


def test_full_house_of_busy_peers_lets_nobody_else_in_until_there_is_room() -> None:
    side = Side(silent, limits=Limits(peers=8, longest_exchange=60))
    for port in range(20):
        side.tell(get(), peer=("192.0.2.3", port))
    assert side.endpoint.stats.crowded > 0
    assert len(side.endpoint.peers) <= 12
    side.advance(100)
    assert side.endpoint.stats.crowded < 20
    for port in range(100, 110):
        side.tell(get(), peer=("192.0.2.4", port))
        side.advance(70)
    found = side.endpoint.peers.known(("192.0.2.4", 109))
    assert found is not None


def test_timers_that_were_called_off_do_not_pile_up() -> None:
    exchanges: list[Exchange] = []
    side = Side(lambda _request, exchange: exchanges.append(exchange))
    for mid in range(20_000):
        side.endpoint.receive(get(mid).encode(), PEER)
        exchanges.pop().reply(Response())
        side.sent.clear()
        side.raw.clear()
        side.time += 0.001
    assert len(side.endpoint.schedule) <= 2_002


# --- floods ----------------------------------------------------------------------------------------------------------


def corpus() -> list[bytes]:
    """Valid messages of every kind, to be spoiled."""
    blocks = [
        path("store", block1=number << 4 | more << 3 | szx) for number, more, szx in [(0, 1, 0), (1, 0, 0), (0, 1, 6)]
    ]
    messages = [
        *(get(1, b"abcd", path(name)) for name in ("hello", "big", "time", "slow", "store", "none")),
        get(1, b"", path(".well-known", "core", accept=40)),
        get(2, b"obs", path("time", observe=0)),
        get(3, b"obs", path("time", observe=1)),
        get(4, b"b", path("big", block2=1 << 4 | 3)),
        get(5, b"p", Options([(Option.PROXY_URI, "coap://dev1.example:4849/hello?sens"), (Option.HOP_LIMIT, 4)])),
        get(6, b"p", path("hello", proxy_scheme="coap", uri_host="dev", uri_port=4849)),
        get(7, b"n", path("hello", no_response=26), Type.NON),
        *(Message(Type.CON, Code.PUT, 8 + n, b"put", blocks[n], bytes((16, 16, 1024)[n])) for n in range(3)),
        Message(Type.CON, Code.POST, 20, b"12345678", path("post", content_format=0, size1=3), b"abc"),
        Message(Type.CON, Code.CONTENT, 21, b"x", Options([(Option.OBSERVE, 5)]), b"abc"),
        Message(Type.ACK, Code.CONTENT, 22, b"x"),
        *(empty(type_, 23) for type_ in Type),
    ]  # fmt: skip
    return [message.encode() for message in messages]


def spoil(data: bytes, chance: random.Random) -> bytes:
    """Change a few bytes, cut, lengthen, or make another message of it under another ID."""
    changed = bytearray(data)
    match chance.randrange(6):
        case 0:
            for _ in range(chance.randrange(1, 5)):
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        case 1:
            del changed[chance.randrange(len(changed)) :]
        case 2:
            changed += chance.randbytes(chance.randrange(1, 20))
        case 3:
            at = chance.randrange(len(changed))
            changed[at:at] = chance.randbytes(chance.randrange(1, 4))
        case 4:
            return chance.randbytes(chance.randrange(0, 60))
        case _:
            pass
    if len(changed) >= 4:
        changed[2:4] = chance.randbytes(2)
    return bytes(changed)


class Flooded:
    """A whole tree of resources behind small limits, and what it sends."""

    def __init__(self, seed: int = 1) -> None:
        self.time = 0.0
        self.sent = 0
        self.later: list[tuple[float, object]] = []
        self.tree = Tree(self._later)
        self.endpoint = Endpoint(
            self.tree.handle,
            now=lambda: self.time,
            chance=random.Random(seed),
            send=self._send,
            limits=SMALL,
            proxy=True,
        )

    def _later(self, seconds: float, callback: object) -> None:
        if len(self.later) < 100:
            self.later.append((self.time + seconds, callback))

    def _send(self, _data: bytes, _address: Hashable) -> None:
        self.sent += 1

    def step(self) -> None:
        """Let a little time pass, and what is due happen."""
        self.time += 0.0005
        if (due := self.endpoint.next_due()) is not None and due <= self.time:
            self.endpoint.run()
        while self.later and self.later[0][0] <= self.time:
            callback = self.later.pop(0)[1]
            assert callable(callback)
            callback()

    def sizes(self) -> dict[str, tuple[int, int]]:
        """How full each table is, and how full it may be."""
        e = self.endpoint
        return {
            "peers": (len(e.peers), SMALL.peers + SMALL.exchanges + SMALL.observations),
            "memory": (len(e.memory), SMALL.remembered),
            "outbox": (len(e.outbox), SMALL.sending),
            "observations": (len(e.observations), SMALL.observations),
            "blocks": (len(e.blocks), SMALL.uploads + SMALL.bodies),
            "block bytes": (
                e.blocks.uploads_bytes + e.blocks.bodies_bytes,
                SMALL.uploads_bytes + SMALL.bodies_bytes + 1024,
            ),
            "requests": (len(e.requests), 0),
            "schedule": (len(e.schedule), 2_500),
        }


def test_a_hundred_thousand_spoiled_datagrams_do_no_harm() -> None:
    chance = random.Random(7)
    messages = corpus()
    peers = [("192.0.2.5", port) for port in range(200)]
    side = Flooded()
    for number in range(100_000):
        side.endpoint.receive(spoil(chance.choice(messages), chance), chance.choice(peers))
        side.step()
        if number % 500 == 0:
            side.endpoint.notify("time", side.tree.time())
        if number % 10_000 == 0:
            for name, (size, most) in side.sizes().items():
                assert size <= most, name
    stats = side.endpoint.stats
    assert stats.defects == 0
    assert stats.malformed > 10_000
    assert stats.received == 100_000
    repeated = side.endpoint.outbox.repeated
    news = 200 * SMALL.observations
    assert side.sent <= stats.received + repeated + news, "at most an answer to each"
    side.time += 10_000
    side.endpoint.run()
    assert side.endpoint.next_due() is None or len(side.endpoint.observations)


def test_a_flood_leaves_no_more_memory_behind_the_second_time() -> None:
    chance = random.Random(3)
    messages = corpus()
    peers = [("192.0.2.5", port) for port in range(200)]
    side = Flooded()

    def flood() -> None:
        for _ in range(15_000):
            side.endpoint.receive(spoil(chance.choice(messages), chance), chance.choice(peers))
            side.step()
        side.tree.posts.clear()

    flood()
    tracemalloc.start()
    try:
        flood()
        before, _ = tracemalloc.get_traced_memory()
        flood()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1 << 20


@pytest.mark.parametrize("first", corpus())
def test_two_endpoints_do_not_keep_each_other_busy(first: bytes) -> None:
    """Whatever starts it, they fall silent."""
    air: list[tuple[int, bytes]] = [(0, first)]
    ends = [
        Endpoint(
            Tree(lambda _seconds, _callback: None).handle,
            now=lambda: 0.0,
            chance=random.Random(n),
            send=lambda data, _, n=n: air.append((1 - n, data)),  # type: ignore[misc]
            proxy=True,
        )
        for n in range(2)
    ]
    for count in range(50):
        if not air:
            assert count <= 4
            break
        to, data = air.pop(0)
        ends[to].receive(data, PEER)
    assert air == []
