"""What the tests of the CoAP engine share: endpoints on a line that can be made to lose, repeat and swap datagrams."""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.endpoint import Endpoint, Handler
from vendorlab.mocks.core.coap.message import Message, decode
from vendorlab.mocks.core.coap.options import NONE, Option, Options, Value
from vendorlab.mocks.core.coap.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from vendorlab.mocks.core.coap.errors import RequestError
    from vendorlab.mocks.core.coap.exchange import Exchange

PEER = ("192.0.2.1", 5683)
OTHER = ("192.0.2.2", 5683)


def path(*segments: str, **more: Value) -> Options:
    """Make the options for a path, and others by their names."""
    items: list[tuple[int, Value]] = [(Option.URI_PATH, segment) for segment in segments]
    return Options([*items, *((Option[name.upper()], value) for name, value in more.items())])


def get(mid: int = 1, token: bytes = b"t", options: Options = NONE, type_: Type = Type.CON) -> Message:
    return Message(type_, Code.GET, mid, token, options)


def post(mid: int = 1, token: bytes = b"t", payload: bytes = b"", type_: Type = Type.CON) -> Message:
    return Message(type_, Code.POST, mid, token, NONE, payload)


def empty(type_: Type, mid: int) -> Message:
    return Message(type_, Code.EMPTY, mid)


def parsed(data: bytes) -> Message:
    message = decode(data)
    assert isinstance(message, Message), message
    return message


def answer_ok(_request: Message, _exchange: Exchange) -> Response:
    return Response(Code.CONTENT, b"ok")


class Side:
    """An endpoint with a clock that is turned by hand, and what it sent."""

    def __init__(self, handle: Handler = answer_ok, *, seed: int = 7, **options: Any) -> None:
        self.time = 1_000.0
        self.sent: list[tuple[Message, Hashable]] = []
        self.raw: list[bytes] = []
        self.woken = 0
        self.endpoint = Endpoint(
            handle, now=lambda: self.time, chance=random.Random(seed), send=self._send, woken=self._woken, **options
        )

    def _send(self, data: bytes, address: Hashable) -> None:
        self.raw.append(data)
        self.sent.append((parsed(data), address))

    def _woken(self) -> None:
        self.woken += 1

    def take(self) -> list[Message]:
        """Give what was sent since the last time."""
        sent = [message for message, _ in self.sent]
        self.sent.clear()
        self.raw.clear()
        return sent

    def tell(self, *messages: Message | bytes, peer: Hashable = PEER) -> list[Message]:
        """Hand in messages, and give what was sent since the last time."""
        for message in messages:
            self.endpoint.receive(message if isinstance(message, bytes) else message.encode(), peer)
        return self.take()

    def only(self, message: Message | bytes, peer: Hashable = PEER) -> Message:
        """Hand in a message, and give the one that was sent."""
        (sent,) = self.tell(message, peer=peer)
        return sent

    def advance(self, seconds: float) -> list[Message]:
        """Let time pass, from one due time to the next, and give what was sent."""
        target = self.time + seconds
        while (due := self.endpoint.next_due()) is not None and due <= target:
            self.time = max(self.time, due)
            self.endpoint.run()
        self.time = target
        return self.take()


@dataclass
class Asked:
    """What a request of ours came to."""

    results: list[Message | RequestError] = field(default_factory=list["Message | RequestError"])

    def __call__(self, result: Message | RequestError) -> None:
        self.results.append(result)

    @property
    def only(self) -> Message:
        (result,) = self.results
        assert isinstance(result, Message), result
        return result

    @property
    def error(self) -> type[RequestError]:
        (result,) = self.results
        assert not isinstance(result, Message), result
        return type(result)


def _arrives(_number: int, data: bytes) -> list[tuple[float, bytes]]:
    return [(0.0, data)]


class Pair:
    """A client and a server, with a line between them on which the nth datagram may meet with something.

    Args:
        handle: the server's.
        fate: given the number of a datagram, over both directions, and itself: what arrives in its place, and how long
            after, in seconds.
    """

    LATENCY = 0.01

    def __init__(
        self,
        handle: Handler,
        fate: Callable[[int, bytes], list[tuple[float, bytes]]] | None = None,
        *,
        client: dict[str, Any] | None = None,
        server: dict[str, Any] | None = None,
    ) -> None:
        self.time: float = 0.0
        self.count = 0
        self._fate = fate or _arrives
        self._air: deque[tuple[float, int, Endpoint, bytes, Hashable]] = deque()
        self.client = Endpoint(
            answer_ok,
            now=lambda: self.time,
            chance=random.Random(1),
            send=lambda data, _: self._fly(self.server, data, OTHER),
            **client or {},
        )
        self.server = Endpoint(
            handle,
            now=lambda: self.time,
            chance=random.Random(2),
            send=lambda data, _: self._fly(self.client, data, PEER),
            **server or {},
        )

    def _fly(self, to: Endpoint, data: bytes, source: Hashable) -> None:
        self.count += 1
        for delay, arriving in self._fate(self.count, data):
            entry = (self.time + self.LATENCY + delay, self.count, to, arriving, source)
            place = next((n for n, other in enumerate(self._air) if other[:2] > entry[:2]), len(self._air))
            self._air.insert(place, entry)

    def run(self, seconds: float = 400.0) -> None:
        """Let time pass until nothing is left to do, or so many seconds are over."""
        end = self.time + seconds
        while True:
            flying = self._air[0][0] if self._air else math.inf
            dues = [side.next_due() for side in (self.client, self.server)]
            following = min(flying, *(math.inf if due is None else due for due in dues))
            if following > end:
                self.time = end
                return
            self.time = max(self.time, following)
            if flying <= self.time:
                _, _, to, data, source = self._air.popleft()
                to.receive(data, source)
            else:
                self.client.run()
                self.server.run()
