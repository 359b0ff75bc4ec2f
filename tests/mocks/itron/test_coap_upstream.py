"""Real servers behind the gateway: what they are asked, what they answer, and who may stand there at all."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.core.coap.support import parsed
from tests.mocks.itron.coap_support import HERE, Desk, proxied

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.endpoint import Endpoint
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.observe import Manner
from vendorlab.mocks.core.coap.options import Option, Options, Value
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.settings import SettingsError
from vendorlab.mocks.itron.line import Line

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeDesk

    from vendorlab.mocks.core.coap.exchange import Exchange

FIRST = "0013500560724a9d"
"""The first device of the world with seed 7."""
SERVER = ("127.0.0.1", 4849)
BIG = bytes(range(256)) * 12


class Origin:
    """A server on the other side of the gateway's second socket; what passes there is heard at once, unless lost."""

    def __init__(self, desk: Desk) -> None:
        (self.servers,) = desk.gateway.servers
        self.desk = desk
        self.requests: list[Message] = []
        self.raw: list[bytes] = []
        self.lost = 0
        self.air: deque[tuple[Endpoint, bytes, Any]] = deque()
        desk.pump = self.pump
        self.endpoint = Endpoint(self.serve, now=lambda: desk.time, chance=random.Random(1), send=self.to_gateway)
        self.servers.connect(Line(lambda: desk.time, self.to_origin, lambda: None))

    def to_origin(self, data: bytes, address: Any) -> None:
        assert address == SERVER
        self.raw.append(data)
        if self.lost:
            self.lost -= 1
            return
        self.air.append((self.endpoint, data, ("127.0.0.1", 50_000)))

    def to_gateway(self, data: bytes, _address: Any) -> None:
        assert self.servers.endpoint is not None
        self.air.append((self.servers.endpoint, data, SERVER))

    def pump(self) -> None:
        """Let everything arrive that is on its way."""
        while self.air:
            endpoint, data, source = self.air.popleft()
            endpoint.receive(data, source)

    def serve(self, request: Message, exchange: Exchange) -> Response | None:
        self.requests.append(request)
        match request.options.path:
            case ("big",):
                return Response(Code.CONTENT, BIG)
            case ("upload",):
                return Response(Code.CHANGED, str(len(request.payload)).encode())
            case ("watch",):
                exchange.observe("watch", Manner(confirmable=True))
                return Response(Code.CONTENT, b"0")
            case ("odd",):
                return Response(Code.CONTENT, b"x", Options([(2050, b"unsafe")]))
            case ("odder",):
                return Response(Code.CONTENT, b"x", Options([(2049, b"critical")]))
            case ("gone",):
                exchange.reset()
                return None
            case ("silent",):
                exchange.silent()
                return None
            case _:
                return Response(Code.NOT_FOUND, b"none such")

    def wait(self, seconds: float) -> None:
        """Let line time pass on the inner line."""
        assert self.servers.endpoint is not None
        end = self.desk.time + seconds
        while (due := self.servers.endpoint.next_due()) is not None and due <= end:
            self.desk.time = max(self.desk.time, due)
            self.servers.endpoint.run()
            self.pump()
        self.desk.time = end


@pytest.fixture
def origin(desk_of: MakeDesk) -> Origin:
    desk = desk_of(coap_upstreams={FIRST.upper(): "coap://127.0.0.1:4849"})
    assert desk.mac() == FIRST
    desk.open()
    return Origin(desk)


def test_request_reaches_the_server_with_its_options_and_nothing_else(origin: Origin) -> None:
    more: list[tuple[int, Value]] = [(Option.ACCEPT, 60), (Option.ENDPOINT_ID_1, b"x"), (2048, b"e")]
    answer = origin.desk.ask(Code.PUT, proxied(origin.desk.uri("/any/thing?a=1&b"), *more), b"body")
    assert (answer.code, answer.payload, answer.type) == (Code.NOT_FOUND, b"none such", Type.ACK)
    (request,) = origin.requests
    numbers = [number for number, _ in request.options]
    assert numbers == [11, 11, 15, 15, 17, 124, 2048]
    assert (request.type, request.code, request.payload) == (Type.CON, Code.PUT, b"body")


def test_both_proxy_forms_send_the_same_but_for_id_and_token(origin: Origin) -> None:
    uri = origin.desk.uri("/a/b?c=%20d")
    scheme = Options([
        (Option.PROXY_SCHEME, "coap"), (Option.URI_HOST, uri[7:].partition(":")[0]), (Option.URI_PORT, 4849),
        (Option.URI_PATH, "a"), (Option.URI_PATH, "b"), (Option.URI_QUERY, "c= d"),
    ])  # fmt: skip
    origin.desk.ask(Code.GET, proxied(uri))
    origin.desk.ask(Code.GET, scheme)
    one, other = (parsed(data) for data in origin.raw)
    assert one.encode()[8:] == other.encode()[8:]
    assert one.options == other.options


def test_bodies_travel_in_blocks_both_ways(origin: Origin) -> None:
    desk = origin.desk
    got = b""
    for number in range(24):
        answer = desk.ask(Code.GET, proxied(desk.uri("/big"), (Option.BLOCK2, number << 4 | 3)))
        got += answer.payload
    assert got == BIG
    answers = [
        desk.ask(
            Code.PUT, proxied(desk.uri("/upload"), (Option.BLOCK1, number << 4 | (number < 2) << 3 | 6)), b"x" * 1024
        )
        for number in range(3)
    ]
    assert [answer.code for answer in answers] == [Code.CONTINUE, Code.CONTINUE, Code.CHANGED]
    assert answers[-1].payload == b"3072"
    assert len([one for one in origin.requests if one.options.path == ("big",)]) == 1, "asked once, and kept"


@pytest.mark.parametrize("path", ["odd", "odder", "gone"])
def test_answer_that_cannot_be_passed_on_is_5_02(origin: Origin, path: str) -> None:
    assert origin.desk.ask(Code.GET, proxied(origin.desk.uri(f"/{path}"))).code == Code.BAD_GATEWAY
    assert origin.desk.last.cause == "unusable-answer"


def test_lost_request_is_sent_again(origin: Origin) -> None:
    origin.lost = 2
    assert origin.desk.request(Code.GET, proxied(origin.desk.uri("/big"), (Option.BLOCK2, 3))) == []
    origin.wait(20)
    codes = [message.code for message in origin.desk.take()]
    assert codes[-1:] == [Code.CONTENT]
    assert len(origin.raw) >= 3


def test_server_that_is_not_there_is_5_04(origin: Origin) -> None:
    origin.lost = 1_000
    origin.desk.request(Code.GET, proxied(origin.desk.uri("/big")))
    origin.wait(100)
    assert [message.code for message in origin.desk.take()] == [Code.GATEWAY_TIMEOUT]
    assert len(origin.raw) == 5, "RFC 7252: four repetitions"


def test_server_that_keeps_silent_is_5_04_when_the_gateways_patience_ends(origin: Origin) -> None:
    origin.desk.request(Code.GET, proxied(origin.desk.uri("/silent")))
    assert [message.code for message in origin.desk.advance(300)] == [Code.GATEWAY_TIMEOUT]
    assert origin.servers.endpoint is not None
    assert len(origin.servers.endpoint.requests) == 0


def test_observation_is_passed_on_and_given_up(origin: Origin) -> None:
    desk = origin.desk
    first = desk.observe("/watch")
    assert (first.code, first.payload, first.options.uint(Option.OBSERVE)) == (Code.CONTENT, b"0", 1)
    origin.endpoint.notify("watch", Response(Code.CONTENT, b"1"))
    (news,) = desk.take()
    assert (news.type, news.payload, news.options.uint(Option.OBSERVE)) == (Type.NON, b"1", 2)
    given_up = desk.observe("/watch", 1)
    assert (given_up.code, Option.OBSERVE in given_up.options) == (Code.CONTENT, False)
    assert origin.endpoint.notify("watch", Response(Code.CONTENT, b"2")) == 0
    assert not origin.servers.observed


def test_rejected_notification_ends_the_observation_at_the_server(origin: Origin) -> None:
    desk = origin.desk
    desk.observe("/watch")
    origin.endpoint.notify("watch", Response(Code.CONTENT, b"1"))
    (news,) = desk.take()
    desk.tell(Message(Type.RST, Code.EMPTY, news.mid))
    assert origin.endpoint.notify("watch", Response(Code.CONTENT, b"2")) == 1
    assert desk.take() == []
    assert origin.endpoint.notify("watch", Response(Code.CONTENT, b"3")) == 0


def test_end_of_the_session_ends_the_observation_at_the_server(origin: Origin) -> None:
    origin.desk.observe("/watch")
    origin.desk.vendor.backend.sessions.close(HERE)
    origin.endpoint.notify("watch", Response(Code.CONTENT, b"1"))
    assert origin.desk.take() == []
    assert len(origin.endpoint.observations) == 0


def test_error_notification_ends_the_observation(origin: Origin) -> None:
    origin.desk.observe("/watch")
    origin.endpoint.notify("watch", Response(Code.NOT_FOUND))
    assert [message.code for message in origin.desk.take()] == [Code.NOT_FOUND]
    assert len(origin.desk.endpoint.observations) == 0


def test_other_devices_are_simulated_as_ever(origin: Origin) -> None:
    assert origin.desk.get(number=2).code == Code.CONTENT
    assert not origin.requests


@pytest.mark.parametrize(
    ("upstreams", "told"),
    [
        ({FIRST: "coap://192.0.2.1:4849"}, "coap_upstreams_anywhere"),
        ({FIRST: "http://127.0.0.1:4849"}, "is written as"),
        ({FIRST: "coap://example.com"}, "is written as"),
        ({FIRST: "127.0.0.1:4849"}, "is written as"),
        ({FIRST: "coap://127.0.0.1:4849/path"}, "is written as"),
        ({"temp": "coap://127.0.0.1:4849"}, "16 hex digits"),
        (FIRST, "is written as"),
    ],
)
def test_server_that_may_not_stand_there_is_refused(desk_of: MakeDesk, upstreams: object, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        desk_of(coap_upstreams=upstreams)


def test_servers_may_be_given_as_a_text_and_by_family(desk_of: MakeDesk) -> None:
    desk = desk_of(coap_upstreams=f"{FIRST}=coap://localhost, 00135005345c3c4a=coap://[::1]:4849")
    assert [server.addresses for server in desk.gateway.servers] == [
        {FIRST: ("127.0.0.1", 5683)},
        {"00135005345c3c4a": ("::1", 4849, 0, 0)},
    ]


def test_server_elsewhere_is_allowed_where_it_is_said_so(desk_of: MakeDesk) -> None:
    desk = desk_of(coap_upstreams={FIRST: "coap://192.0.2.1:4849"}, coap_upstreams_anywhere=True)
    assert desk.gateway.servers[0].addresses == {FIRST: ("192.0.2.1", 4849)}
