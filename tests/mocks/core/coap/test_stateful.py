"""Client, server and an air in which anything may happen: is there an order of things that breaks a promise?"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.mocks.core.coap.support import OTHER, PEER, Asked, answer_ok

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.endpoint import Endpoint
from vendorlab.mocks.core.coap.errors import NoAnswerError
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import NONE
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.coap.transmission import Transmission

if TYPE_CHECKING:
    from vendorlab.mocks.core.coap.exchange import Exchange

MAX_LATENCY = 100.0


class Air(RuleBasedStateMachine):
    """Requests are made; each is answered at once, later or never; datagrams are lost, repeated and swapped."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.air: list[tuple[float, Endpoint, bytes, tuple[str, int]]] = []
        self.executed: dict[bytes, int] = {}
        self.asked: dict[bytes, Asked] = {}
        self.waiting: list[tuple[bytes, Exchange]] = []
        self.client = Endpoint(
            answer_ok,
            now=lambda: self.time,
            chance=random.Random(1),
            send=lambda data, _: self.air.append((self.time, self.server, data, OTHER)),
            transmission=Transmission(nstart=4),
        )
        self.server = Endpoint(
            self.serve,
            now=lambda: self.time,
            chance=random.Random(2),
            send=lambda data, _: self.air.append((self.time, self.client, data, PEER)),
        )

    def serve(self, request: Message, exchange: Exchange) -> Response | None:
        name = request.payload
        self.executed[name] = self.executed.get(name, 0) + 1
        if name.endswith(b"late"):
            self.waiting.append((name, exchange))
            return None
        return Response(Code.CHANGED, b"done " + name)

    @rule(how=st.sampled_from([b"now", b"late"]), type_=st.sampled_from([Type.CON, Type.NON]))
    def ask(self, how: bytes, type_: Type) -> None:
        name = b"%d %s %s" % (len(self.asked), type_.name.encode(), how)
        self.asked[name] = Asked()
        self.client.request(PEER, Code.POST, NONE, name, answered=self.asked[name], type_=type_)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        name, exchange = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        exchange.reply(Response(Code.CHANGED, b"done " + name))

    @precondition(lambda self: self.air)
    @rule(data=st.data(), fate=st.sampled_from(["arrives", "arrives", "is lost", "is repeated"]))
    def something_in_the_air(self, data: st.DataObject, fate: str) -> None:
        index = data.draw(st.integers(0, len(self.air) - 1))
        _, to, datagram, source = self.air[index] if fate == "is repeated" else self.air.pop(index)
        if fate != "is lost":
            to.receive(datagram, source)

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 30.0, 250.0]))
    def pass_time(self, seconds: float) -> None:
        self.let_pass(seconds)
        # What is longer on its way than the RFC allows for is no fault that it promises to survive.
        self.air = [entry for entry in self.air if self.time - entry[0] < MAX_LATENCY]

    def let_pass(self, seconds: float) -> None:
        end = self.time + seconds
        while True:
            dues = [due for side in (self.client, self.server) if (due := side.next_due()) is not None]
            if not dues or min(dues) > end:
                break
            self.time = max(self.time, min(dues))
            self.client.run()
            self.server.run()
        self.time = end

    @invariant()
    def nothing_is_executed_twice(self) -> None:
        assert all(count == 1 for count in self.executed.values())

    @invariant()
    def nobody_is_answered_twice_or_wrongly(self) -> None:
        for name, asked in self.asked.items():
            assert len(asked.results) <= 1
            for result in asked.results:
                assert isinstance(result, NoAnswerError) or (
                    isinstance(result, Message) and result.payload == b"done " + name and self.executed[name] == 1
                )

    def teardown(self) -> None:
        """On a line that is good again, everything comes to an end."""
        for _ in range(50):
            while self.waiting:
                name, exchange = self.waiting.pop()
                exchange.reply(Response(Code.CHANGED, b"done " + name))
            while self.air:
                _, to, datagram, source = self.air.pop(0)
                to.receive(datagram, source)
            self.let_pass(10)
        self.nothing_is_executed_twice()
        self.nobody_is_answered_twice_or_wrongly()
        assert all(len(asked.results) == 1 for asked in self.asked.values())
        assert self.client.next_due() is self.server.next_due() is None
        assert len(self.client.requests) == len(self.client.outbox) == len(self.server.outbox) == 0
        assert not any(peer.busy for side in (self.client, self.server) for peer in side.peers.fresh.values())


TestAir = Air.TestCase
TestAir.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
