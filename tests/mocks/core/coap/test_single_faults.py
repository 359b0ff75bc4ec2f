"""Any one datagram of an exchange lost, repeated or late, at every position: one execution, and the right answer."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.mocks.core.coap.support import PEER, Asked, Pair, path

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.observe import Manner
from vendorlab.mocks.core.coap.options import Option
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.coap.transfer import Transfer

if TYPE_CHECKING:
    from vendorlab.mocks.core.coap.exchange import Exchange

Sends = list[tuple[float, bytes]]
Fate = Callable[[int, bytes], Sends]

BODY = bytes(range(250)) * 9  # three blocks of a kilobyte

FATES: dict[str, Callable[[bytes], Sends]] = {
    "lost": lambda _data: [],
    "twice": lambda data: [(0, data), (0, data)],
    "again after 50 ms": lambda data: [(0, data), (0.05, data)],
    "again after 90 s": lambda data: [(0, data), (90, data)],
    "three times": lambda data: [(0, data), (0.015, data), (4, data)],
    "behind the next": lambda data: [(0.015, data)],
    "late by 2.5 s": lambda data: [(2.5, data)],
    "late by 20 s": lambda data: [(20, data)],
}


@dataclass
class Tale:
    """What happens between a client and a server, and what it came to."""

    executed: list[bytes] = field(default_factory=list[bytes])
    results: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])

    def serve(self, request: Message, exchange: Exchange) -> Response | None:
        raise NotImplementedError

    def play(self, pair: Pair) -> None:
        raise NotImplementedError

    def ask(self, pair: Pair, payload: bytes) -> None:
        asked = Asked()
        Transfer(pair.client, PEER, Code.POST, path("x"), payload, answered=asked).start()
        pair.run()
        self.note(asked)

    def note(self, asked: Asked) -> None:
        self.results += [(result.code, result.payload) for result in asked.results if isinstance(result, Message)]


class AtOnce(Tale):
    """Two requests that are answered in their acknowledgements."""

    def serve(self, request: Message, exchange: Exchange) -> Response | None:
        self.executed.append(request.payload)
        return Response(Code.CHANGED, request.payload[::-1])

    def play(self, pair: Pair) -> None:
        self.ask(pair, b"one")
        self.ask(pair, b"two")


class InBlocks(AtOnce):
    """A request and its answer of three blocks each."""

    def play(self, pair: Pair) -> None:
        self.ask(pair, BODY)


class Later(Tale):
    """A request whose answer follows its acknowledgement."""

    def serve(self, request: Message, exchange: Exchange) -> Response | None:
        self.executed.append(request.payload)
        self.exchange = exchange
        return None

    def play(self, pair: Pair) -> None:
        asked = Asked()
        pair.client.request(PEER, Code.POST, path("x"), b"late", answered=asked)
        end = pair.time + 400
        while not self.executed and pair.time < end:
            pair.run(0.25)
        pair.run(1.5)
        if self.executed:
            self.exchange.reply(Response(Code.CHANGED, b"at last"))
        pair.run()
        self.note(asked)


class Observed(Tale):
    """A registration, and confirmable news of which the newest must arrive."""

    def serve(self, request: Message, exchange: Exchange) -> Response | None:
        self.executed.append(request.token)
        exchange.observe("x", Manner(confirmable=True))
        return Response(Code.CONTENT, b"0")

    def play(self, pair: Pair) -> None:
        asked = Asked()
        outgoing = pair.client.request(PEER, Code.GET, path("x", observe=0), answered=asked)
        end = pair.time + 400
        while not self.executed and pair.time < end:
            pair.run(0.25)
        for news in (b"1", b"2", b"3"):
            pair.run(0.5)
            pair.server.notify("x", Response(Code.CONTENT, news))
        pair.run()
        heard = [result for result in asked.results if isinstance(result, Message)]
        numbers = [message.options.uint(Option.OBSERVE) or 0 for message in heard]
        assert numbers == sorted(set(numbers)), "never the older after the newer"
        self.results += [(message.code, message.payload) for message in heard[-1:]]
        assert outgoing is not None
        outgoing.cancel()


TALES = [AtOnce, InBlocks, Later, Observed]


def play(tale: Tale, fate: Fate | None = None) -> Pair:
    pair = Pair(tale.serve, fate)
    tale.play(pair)
    return pair


def positions() -> list[tuple[type[Tale], int]]:
    return [(tale, number) for tale in TALES for number in range(1, play(tale()).count + 1)]


@pytest.mark.parametrize("name", FATES)
@pytest.mark.parametrize(("kind", "position"), positions(), ids=str)
def test_one_execution_and_the_right_answer_whatever_happens_to_one_datagram(
    kind: type[Tale], position: int, name: str
) -> None:
    smooth, tale = kind(), kind()
    play(smooth)
    pair = play(tale, lambda number, data: FATES[name](data) if number == position else [(0, data)])
    assert tale.executed == smooth.executed
    assert tale.results == smooth.results
    assert pair.client.next_due() is pair.server.next_due() is None, "nothing is left to do"
    assert len(pair.client.requests) == len(pair.client.outbox) == len(pair.server.outbox) == 0


def test_tales_have_every_kind_of_datagram() -> None:
    """A table of positions is worth as much as what stands at them."""
    seen: set[tuple[str, bool]] = set()

    def look(_number: int, data: bytes) -> Sends:
        seen.add((Type(data[0] >> 4 & 3).name, data[1] == 0))
        return [(0, data)]

    for kind in TALES:
        play(kind(), look)
    assert seen == {("CON", False), ("ACK", False), ("ACK", True)}
    assert len(positions()) > 20


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("kind", TALES)
def test_many_faults_at_once_never_execute_twice(kind: type[Tale], share: float) -> None:
    """What is lost too often may go without an answer; nothing is ever done twice."""
    smooth = kind()
    play(smooth)
    for seed in range(30):
        chance = random.Random(seed)

        def fate(_number: int, data: bytes, chance: random.Random = chance) -> Sends:
            if chance.random() > share:
                return [(0, data)]
            return FATES[chance.choice(sorted(FATES))](data)

        tale = kind()
        play(tale, fate)
        assert Counter(tale.executed) <= Counter(smooth.executed)
        assert kind is Observed or Counter(tale.results) <= Counter(smooth.results)
