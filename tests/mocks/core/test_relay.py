"""The relay over real sockets: faults both ways, clients told apart, and every bound."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.mocks.core.edges import relay as relay_module
from vendorlab.mocks.core.edges.relay import Passage, UdpRelay, check
from vendorlab.mocks.core.faults import FaultPlan
from vendorlab.mocks.core.rules import FaultError, parse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

PATIENCE = 10.0
"""Seconds after which a wait is given up: only a failure lasts so long."""

END = b"end"


class Socket(asyncio.DatagramProtocol):
    """A socket that keeps what arrives; a server answers each with the same."""

    def __init__(self, *, echo: bool = False) -> None:
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self.peers: list[Any] = []
        self._echo = echo

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.peers.append(addr)
        self.arrived.put_nowait(data)
        if self._echo:
            self.transport.sendto(data, addr)

    def send(self, *datagrams: bytes) -> None:
        for data in datagrams:
            self.transport.sendto(data)

    async def until(self, last: bytes = END) -> list[bytes]:
        """What arrives, up to the last."""
        found: list[bytes] = []
        while not found or found[-1] != last:
            found.append(await asyncio.wait_for(self.arrived.get(), PATIENCE))
        return found


class Place:
    """A server, a relay before it, and clients."""

    def __init__(self, server: Socket, relay: UdpRelay) -> None:
        self.server = server
        self.relay = relay
        self.opened: list[Socket] = []

    async def client(self) -> Socket:
        host, _, port = self.relay.address.rpartition(":")
        _, client = await asyncio.get_running_loop().create_datagram_endpoint(
            Socket, remote_addr=(host.strip("[]"), int(port))
        )
        self.opened.append(client)
        return client


@asynccontextmanager
async def placed(
    *rules: dict[str, Any], host: str = "127.0.0.1", seed: int = 7, **options: Any
) -> AsyncGenerator[Place]:
    plan = FaultPlan(seed)
    for rule in rules:
        plan.add(rule)
    loop = asyncio.get_running_loop()
    _, server = await loop.create_datagram_endpoint(lambda: Socket(echo=True), local_addr=(host, 0))
    place = Place(server, UdpRelay(plan, (host, 0), server.address, **options))
    await place.relay.start()
    try:
        yield place
    finally:
        await place.relay.stop()
        for one in (server, *place.opened):
            one.transport.close()
    assert not place.relay.accepting


async def eventually(condition: Callable[[], bool]) -> bool:
    end = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        if asyncio.get_running_loop().time() > end:
            return False
        await asyncio.sleep(0.001)
    return True


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_relay_passes_everything_both_ways_and_keeps_clients_apart(host: str) -> None:
    async def story() -> None:
        async with placed(host=host) as place:
            one, other = await place.client(), await place.client()
            for client, words in ((one, [b"a", b"b" * 1_400, END]), (other, [b"b", END])):
                client.send(*words)
                assert await client.until() == words
            assert len(set(place.server.peers)) == 2
            assert place.relay.url.startswith("udp://")
            found = place.relay.statistics()
            assert found["in"] == found["out"]
            assert (found["in"]["received"], found["in"]["sent"], found["clients"]) == (5, 5, 2)
            assert found["in"]["received_bytes"] == 1_400 + 2 + 2 * len(END)

    run(story())


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"kind": "drop"}, []),
        ({"kind": "duplicate"}, [b"word", b"word"]),
        ({"kind": "truncate", "after": 2}, [b"wo"]),
        ({"kind": "corrupt", "offset": 0, "byte": 33}, [b"!ord"]),
    ],
    ids=str,
)
def test_exactly_the_one_is_struck(direction: str, nth: int, action: dict[str, Any], expected: list[bytes]) -> None:
    rule = {"action": action, "match": {"direction": direction}, "when": {"nth": nth}}

    async def story() -> None:
        async with placed(rule) as place:
            client = await place.client()
            client.send(*[b"word"] * 3, END)
            assert await client.until() == [*[b"word"] * (nth - 1), *expected, *[b"word"] * (3 - nth), END]

    run(story())


@pytest.mark.parametrize("direction", ["in", "out"])
def test_empty_datagrams_pass_too(direction: str) -> None:
    rule = {"action": {"kind": "truncate", "after": 0}, "match": {"direction": direction}, "when": {"nth": 1}}

    async def story() -> None:
        async with placed(rule) as place:
            client = await place.client()
            client.send(b"cut short")
            receiver = place.server if direction == "in" else client
            assert await asyncio.wait_for(receiver.arrived.get(), PATIENCE) == b""

    run(story())


def test_reordered_and_late_ones_come_when_they_should() -> None:
    rules = [
        {"action": {"kind": "reorder", "behind": 2}, "match": {"direction": "in"}, "when": {"nth": 1}},
        {"action": {"kind": "delay", "seconds": 0.05}, "match": {"direction": "out"}, "when": {"nth": 2}},
        {"action": {"kind": "reorder", "timeout": 0.1}, "match": {"direction": "in"}, "when": {"nth": 4}},
    ]

    async def story() -> None:
        async with placed(*rules) as place:
            client = await place.client()
            client.send(b"1", b"2", b"3", END)
            assert await client.until() == [b"2", b"1", b"3", END]
            assert place.relay.statistics()["waiting"] == 0

    run(story())


def test_same_seed_is_the_same_and_another_is_not() -> None:
    half = {"action": {"kind": "drop"}, "match": {"direction": "in"}, "when": {"chance": 0.5}, "name": "half"}
    words = [bytes([number]) for number in range(64)]
    drawn: list[list[bytes]] = []

    async def story(seed: int) -> None:
        async with placed(half, seed=seed) as place:
            client = await place.client()
            client.send(*words)
            assert await eventually(lambda: place.relay.statistics()["in"]["received"] == 64)
            client.send(*[END] * 64)
            drawn.append([data for data in await client.until() if data != END])

    for seed in (7, 7, 8):
        run(story(seed))
    assert drawn[0] == drawn[1] != drawn[2]


def test_each_peer_may_be_counted_by_itself() -> None:
    rule = {"action": {"kind": "drop"}, "match": {"direction": "in"}, "when": {"nth": 1, "per": "peer"}}

    async def story() -> None:
        async with placed(rule) as place:
            for _ in range(3):
                client = await place.client()
                client.send(b"lost", b"kept", END)
                assert await client.until() == [b"kept", END]

    run(story())


def test_watch_sees_every_datagram_and_what_became_of_it() -> None:
    seen: list[Passage] = []
    request = bytes([0x41, 0x01, 0x12, 0x34, 0xAB])
    rule = {"name": "twice", "action": {"kind": "duplicate", "gap": 0.01}, "match": {"type": "CON", "direction": "out"}}

    async def story() -> None:
        async with placed(rule, protocol="coap", watch=seen.append) as place:
            assert place.relay.url.startswith("coap://")
            client = await place.client()
            client.send(request)
            assert await client.until(request) == [request]
            assert await client.until(request) == [request]

    run(story())
    assert [(one.direction, one.size, one.described["type"], one.described["method"]) for one in seen] == [
        ("in", 5, "CON", "GET"),
        ("out", 5, "CON", "GET"),
    ]
    assert [one.strike.rule.name if one.strike else None for one in seen] == [None, "twice"]
    assert seen[1].sends == [(0.0, request), (0.01, request)]


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_client_that_was_silent_longest_makes_room() -> None:
    async def story() -> None:
        async with placed(most_clients=2) as place:
            clients = [await place.client() for _ in range(3)]
            for client in (*clients, clients[0]):
                client.send(END)
                assert await client.until() == [END]
            assert place.relay.clients == 4, "the first came back as a new one"
            assert len(set(place.server.peers)) == 4
            assert len(place.relay._clients) == 2

    run(story())


def test_silent_client_is_forgotten() -> None:
    async def story() -> None:
        async with placed(idle=0.02) as place:
            client = await place.client()
            client.send(END)
            await client.until()
            assert await eventually(lambda: not place.relay._clients)
            client.send(END)
            assert await client.until() == [END]

    run(story())


def test_late_datagrams_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "MOST_LATE", 2)
    rule = {"action": {"kind": "delay", "seconds": 3_600}, "when": {"last": 5}}

    async def story() -> None:
        async with placed(rule) as place:
            client = await place.client()
            client.send(*[b"late"] * 5, END)
            assert await client.until() == [END]
            found = place.relay.statistics()
            assert (found["waiting"], found["overflow"]) == (2, 3)

    run(story())


def test_datagrams_that_wait_for_a_socket_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "MOST_PENDING", 2)

    async def story() -> None:
        async with placed() as place:
            peer = ("127.0.0.1", 9)
            for _ in range(5):
                place.relay._arrived("in", peer, b"x")
            assert place.relay.overflow == 3
            assert await eventually(lambda: place.relay.traffic["in"].sent == 2)

    run(story())


def test_nobody_there_is_counted_and_ends_nothing() -> None:
    async def story() -> None:
        async with placed() as place:
            place.server.transport.close()
            client = await place.client()

            def unreachable() -> bool:
                client.send(b"anybody?")
                return place.relay.unreachable > 0

            assert await eventually(unreachable)
            assert place.relay.accepting

    run(story())


def test_relay_to_itself_is_refused() -> None:
    async def story() -> None:
        async with placed() as place:
            host, _, port = place.relay.address.rpartition(":")
            await place.relay.stop()
            again = UdpRelay(FaultPlan(7), (host, int(port)), (host, int(port)))
            with pytest.raises(OSError, match="to itself"):
                await again.start()
            assert not again.accepting

    run(story())


def test_address_in_use_is_refused() -> None:
    async def story() -> None:
        async with placed() as place:
            with pytest.raises(OSError, match="in use"):
                await UdpRelay(FaultPlan(7), place.server.address, ("127.0.0.1", 9)).start()

    run(story())


def test_stopping_while_sockets_open_leaves_nothing() -> None:
    async def story() -> None:
        async with placed() as place:
            for port in range(1, 20):
                place.relay._arrived("in", ("127.0.0.1", port), b"x")

    run(story())


@pytest.mark.parametrize(
    ("rule", "protocol", "says"),
    [
        ({"action": {"kind": "empty"}}, "coap", "`empty` is nothing for datagrams"),
        ({"action": {"kind": "cut"}}, "udp", "`cut` is nothing for datagrams"),
        ({"action": {"kind": "drop"}, "match": {"device": "0a"}}, "coap", "knows nothing of a device"),
        ({"action": {"kind": "drop"}, "match": {"vendor": "itron"}}, "udp", "knows nothing of a vendor"),
        ({"action": {"kind": "drop"}, "when": {"per": "session"}}, "coap", "knows no session"),
        ({"action": {"kind": "drop"}, "match": {"type": "ACK"}}, "udp", "is for CoAP"),
        ({"action": {"kind": "drop"}, "when": {"per": "exchange"}}, "udp", "is for CoAP"),
    ],
    ids=str,
)
def test_rule_that_a_relay_cannot_follow_is_refused(rule: dict[str, Any], protocol: Any, says: str) -> None:
    with pytest.raises(FaultError, match=says):
        check(parse(rule), protocol)
