"""Any one datagram of an exchange with the gateway lost, repeated or late, at every position.

Who asks with confirmation gets the right answer, and what he asked for is done once, whatever happens. Who asks without
has neither repetition nor promise: where nothing was lost he is answered all the same, and nothing is ever done twice.
The client here shares no code with the engine but the codec.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import pytest
from tests.mocks.core.coap.support import parsed
from tests.mocks.itron.coap_support import ECHO, HERE, Desk, options, proxied
from tests.mocks.support import make_world

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import Option, Options
from vendorlab.mocks.itron.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.mocks.core.coap.endpoint import Endpoint

Sends = list[tuple[float, bytes]]
LATENCY = 0.01
END = 500.0

FATES: dict[str, Callable[[bytes], Sends]] = {
    "lost": lambda _data: [],
    "twice": lambda data: [(0, data), (0, data)],
    "again after 90 s": lambda data: [(0, data), (90, data)],
    "behind the next": lambda data: [(0.015, data)],
    "late by 2.5 s": lambda data: [(2.5, data)],
    "late by 20 s": lambda data: [(20, data)],
}


@dataclass
class Client:
    """A client as RFC 7252 wants it, and no more: it repeats, acknowledges, and knows what it has seen before."""

    send: Callable[[bytes], None]
    later: Callable[[float, Callable[[], None]], None]
    answers: list[Message] = field(default_factory=list[Message])
    _acknowledged: set[int] = field(default_factory=set[int])
    _seen: set[int] = field(default_factory=set[int])
    _tokens: set[bytes] = field(default_factory=set[bytes])

    def ask(self, message: Message) -> None:
        self._tokens.add(message.token)
        self._put(message, 0)

    def _put(self, message: Message, attempt: int) -> None:
        if message.mid in self._acknowledged or attempt > 4:
            return
        self.send(message.encode())
        if message.type is Type.CON:
            self.later(2.0 * 2**attempt, lambda: self._put(message, attempt + 1))

    def receive(self, data: bytes) -> None:
        message = parsed(data)
        if message.type in (Type.ACK, Type.RST):
            if message.mid in self._acknowledged and message.code:
                return  # the same again
            self._acknowledged.add(message.mid)
        elif message.type is Type.CON:
            self.send(Message(Type.ACK, Code.EMPTY, message.mid).encode())
        if message.code and message.token in self._tokens:
            if message.type is not Type.ACK:
                if message.mid in self._seen:
                    return
                self._seen.add(message.mid)
            self._acknowledged.update(range(1, 100))  # an answer says that the request has come
            self.answers.append(message)


@dataclass(frozen=True)
class Tale:
    """One request: what it is, and what must come of it."""

    name: str
    code: int
    path: str = ""
    observe: int | None = None
    expected: int = Code.CONTENT
    slow: bool = False

    def options(self, desk: Desk) -> Options:
        if not self.path:
            return options((Option.URI_PATH, "sessions"))
        more = [] if self.observe is None else [(Option.OBSERVE, self.observe)]
        return proxied(desk.uri(self.path), *more)

    def operation(self) -> str:
        if not self.path:
            return "session.open"
        return "observe" if self.observe == 0 else f"proxy.{Code(self.code).name.lower()}"


TALES = [
    Tale("open a session", Code.POST, expected=Code.CREATED),
    Tale("read", Code.GET, f"{ECHO}?sens"),
    Tale("configure", Code.PUT, f"{ECHO}?cfg=hi", expected=Code.CHANGED),
    Tale("observe", Code.GET, f"{ECHO}?sens", observe=0, expected=Code.VALID),
    Tale("read a slow device", Code.GET, f"{ECHO}?sens", slow=True),
    Tale("configure a slow device", Code.PUT, f"{ECHO}?cfg=hi", expected=Code.CHANGED, slow=True),
    Tale("observe a slow device", Code.GET, f"{ECHO}?sens", observe=0, expected=Code.VALID, slow=True),
]


class Play:
    """A tale between a client and the gateway, on a line on which the nth datagram meets with something."""

    def __init__(self, tale: Tale, type_: Type, position: int = 0, fate: str = "twice") -> None:
        self.tale = tale
        self.desk = desk = Desk(make_world("itron"))
        self.count = 0
        self._position, self._fate = position, FATES[fate]
        self._line: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self.lost = False
        if tale.path:
            desk.open()
        desk.gateway.connect(Line(lambda: desk.time, self._to_client, lambda: None))
        desk.world.journal.clear()
        if tale.slow:
            desk.mesh.set_conditions(desk.mac(), latency=8)
        self.client = Client(self._to_gateway, self._later)
        self._later(0.0, lambda: self.client.ask(self._request(type_)))
        self._run()

    @property
    def endpoint(self) -> Endpoint:
        return self.desk.endpoint

    def _request(self, type_: Type) -> Message:
        payload = b"" if self.tale.path else self.desk.token().encode()
        return Message(type_, self.tale.code, 7, b"token", self.tale.options(self.desk), payload)

    def _later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._line, (self.desk.time + seconds, self._order, callback))

    def _to_gateway(self, data: bytes) -> None:
        self._fly(data, lambda arriving: self.endpoint.receive(arriving, HERE))

    def _to_client(self, data: bytes, _address: object) -> None:
        self._fly(data, self.client.receive)

    def _fly(self, data: bytes, take: Callable[[bytes], None]) -> None:
        self.count += 1
        sends = self._fate(data) if self.count == self._position else [(0.0, data)]
        for delay, arriving in sends:
            self._later(LATENCY + delay, lambda arriving=arriving: take(arriving))  # type: ignore[misc]

    def _run(self) -> None:
        """Let both times pass as one."""
        desk, clock = self.desk, self.desk.world.clock
        end = desk.time + END
        while True:
            world = clock.next_due()
            dues = [end, self._line[0][0] if self._line else end, self.endpoint.next_due() or end]
            if world is not None:
                dues.append(desk.time + (world - clock.micros()) / 1e6)
            following = max(desk.time, min(dues))
            before, desk.time = desk.time, following
            clock.advance(following - before)
            if following >= end:
                return
            while self._line and self._line[0][0] <= desk.time:
                heapq.heappop(self._line)[2]()
            self.endpoint.run()

    @property
    def executed(self) -> int:
        """How often it was acted upon."""
        entries = self.desk.world.journal.find(operation=self.tale.operation())
        if self.tale.path:
            assert self.desk.mesh.node(self.desk.mac()).counters[0] <= len(entries)
        return len(entries)

    @property
    def codes(self) -> list[int]:
        return [answer.code for answer in self.client.answers]


@cache
def length(tale: Tale, type_: Type) -> int:
    """How many datagrams it takes when nothing happens."""
    return Play(tale, type_).count


def positions() -> list[tuple[Tale, Type, int]]:
    return [
        (tale, type_, number)
        for tale in TALES
        for type_ in (Type.CON, Type.NON)
        for number in range(1, length(tale, type_) + 1)
    ]


def name_of(value: object) -> str:
    return value.name.replace(" ", "-") if isinstance(value, Tale) else str(value)


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize(("tale", "type_", "position"), positions(), ids=name_of)
def test_one_execution_and_the_right_answer_whatever_happens_to_one_datagram(
    tale: Tale, type_: Type, position: int, fate: str
) -> None:
    play = Play(tale, type_, position, fate)
    if type_ is Type.NON and fate == "lost":
        assert (play.executed, play.codes) == (int(position > 1), [])
    else:
        assert (play.executed, play.codes) == (1, [tale.expected])
    assert play.endpoint.next_due() is None, "nothing is left to do"
    assert play.endpoint.stats.defects == 0


def test_tales_have_every_kind_of_datagram() -> None:
    """A table of positions is worth as much as what stands at them."""
    lengths = {(tale.name, type_.name): length(tale, type_) for tale in TALES for type_ in (Type.CON, Type.NON)}
    assert {count for (_, kind), count in lengths.items() if kind == "NON"} == {2}
    assert lengths["read", "CON"] == 2
    assert lengths["read a slow device", "CON"] == 4


def test_echo_says_what_was_asked_for_once() -> None:
    play = Play(TALES[1], Type.CON, 2, "lost")
    assert play.client.answers[0].payload.endswith(b"Hello World: 1")
