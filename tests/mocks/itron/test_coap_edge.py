"""The gateway on its socket: the world's faults and journal, turned clocks, restarts, and what the lab says of it."""

from __future__ import annotations

import gc
import random
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.mocks.core.coap.support import parsed
from tests.mocks.itron.coap_support import DOMAIN as PROMISED
from tests.mocks.itron.coap_support import ECHO, options, proxied

from vendorlab.mocks.core.clock import Clock
from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.endpoint import Endpoint
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import Option, Options
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.edges.loop import Line as Wall
from vendorlab.mocks.core.edges.loop import LoopThread
from vendorlab.mocks.core.edges.udp import UdpListener
from vendorlab.mocks.itron.gateway_edge import GatewayListener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mocks.conftest import MakeWorld

    from vendorlab.mocks.core.world import World
    from vendorlab.mocks.itron.app import Itron

NAME = "itron-coap"
PATIENCE = 5.0


class Caller:
    """A client with a socket."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vendor = cast("Itron", world.vendor("itron"))
        self.macs: list[str] = self.vendor.coap_credentials()["devices"]
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.settimeout(PATIENCE)
        self.connect()
        self.mid = 0

    def connect(self) -> None:
        """Find the gateway, which may be at another port than before."""
        url = self.world.listen(NAME)
        assert url.startswith("coap://127.0.0.1:")
        self.line.connect(("127.0.0.1", int(url.rpartition(":")[2])))

    def uri(self, path: str = "/snsr/arduino/temp?sens") -> str:
        return f"coap://SSN{self.macs[0]}.{PROMISED}:4849{path}"

    def send(self, code: int, asked: Options, payload: bytes = b"", type_: Type = Type.CON) -> None:
        self.mid += 1
        self.line.send(Message(type_, code, self.mid, b"tk", asked, payload).encode())

    def receive(self) -> Message:
        return parsed(self.line.recv(2_000))

    def ask(self, code: int, asked: Options, payload: bytes = b"") -> Message:
        self.send(code, asked, payload)
        return self.receive()

    def open(self) -> Message:
        tenant = self.vendor.backend.estate.tenants[0]
        token = self.vendor.backend.token(tenant.client_id, tenant.client_secret)
        return self.ask(Code.POST, options((Option.URI_PATH, "sessions")), token.encode())

    def get(self, path: str = "/snsr/arduino/temp?sens", *more: tuple[int, Any]) -> Message:
        return self.ask(Code.GET, proxied(self.uri(path), *more))

    def quiet(self) -> bool:
        """Whether nothing more comes; what was sent before the ping has come before its reject."""
        self.line.send(bytes((0x40, 0, 0xFF, 0xFF)))
        return self.receive() == Message(Type.RST, Code.EMPTY, 0xFFFF)


@pytest.fixture
def caller(world_of: MakeWorld) -> Iterator[Caller]:
    made = Caller(world_of("itron"))
    with closing(made.line):
        yield made


def test_session_and_reading_over_a_socket(caller: Caller) -> None:
    assert caller.get().code == Code.UNAUTHORIZED
    assert caller.open().code == Code.CREATED
    assert caller.get().code == Code.CONTENT


def test_journal_has_every_exchange_and_no_secret(caller: Caller) -> None:
    caller.open()
    caller.get()
    (opened,) = caller.world.journal.find(operation="session.open")
    (read,) = caller.world.journal.find(operation="proxy.get")
    tenant = caller.vendor.backend.estate.tenants[0].id
    assert (opened.protocol, opened.method, opened.path, opened.status) == ("coap", "POST", "/sessions", 201)
    assert (opened.principal, opened.credential[:1], opened.detail["code"]) == (tenant, "#", "2.01")
    assert (read.path, read.query, read.status, read.cause) == ("/snsr/arduino/temp", "sens", 205, "ok")
    assert read.credential == opened.credential
    tokens = [token.token for token in caller.vendor.tokens.all()]
    assert tokens
    told = repr(caller.world.journal.find())
    assert not any(token in told for token in tokens)


def test_secret_in_a_path_or_query_is_masked(caller: Caller) -> None:
    caller.open()
    (token,) = [token.token for token in caller.vendor.tokens.all()]
    secret = caller.vendor.credentials()["client_secret"]
    caller.ask(Code.GET, options((Option.URI_PATH, token[:200]), (Option.URI_QUERY, f"token={token[:200]}")))
    caller.ask(Code.PUT, proxied(caller.uri(f"{ECHO}?cfg={secret.replace('+', '%2B').replace('/', '%2F')}")))
    told = repr(caller.world.journal.find())
    assert token[:100] not in told
    assert secret not in told


def test_notifications_come_when_the_clock_is_turned_from_another_thread(caller: Caller) -> None:
    caller.open()
    caller.get("/snsr/arduino/temp?sens", (Option.OBSERVE, 0))
    caller.world.clock.advance(180)
    assert [caller.receive().options.uint(Option.OBSERVE) for _ in range(3)] == [4, 5, 6]
    assert caller.quiet()
    assert caller.world.journal.count(operation="notify") == 3


def test_late_answer_comes_when_the_clock_is_turned(caller: Caller) -> None:
    caller.open()
    caller.vendor.backend.mesh.sleep(caller.macs[0], 1_000)
    caller.send(Code.GET, proxied(caller.uri()))
    assert caller.quiet()
    caller.world.clock.advance(300)
    assert caller.receive().code == Code.GATEWAY_TIMEOUT


@pytest.mark.parametrize(
    "match",
    [
        {"direction": "in", "operation": "proxy.get"},
        {"direction": "in", "device": "MAC"},
        {"direction": "in", "session": "PEER", "method": "GET"},
        {"direction": "in", "principal": "TENANT", "type": "CON"},
    ],
)
def test_fault_strikes_by_operation_device_session_and_principal(caller: Caller, match: dict[str, str]) -> None:
    caller.open()
    host, port = caller.line.getsockname()
    named = {"MAC": caller.macs[0], "PEER": f"{host}:{port}", "TENANT": caller.vendor.backend.estate.tenants[0].id}
    meant = {name: named.get(value, value) for name, value in match.items()} | {"protocol": "coap"}
    caller.world.faults.add({"name": "away", "match": meant, "action": {"kind": "drop"}, "times": 1})
    caller.send(Code.GET, proxied(caller.uri(f"{ECHO}?sens")))
    assert caller.get(f"{ECHO}?sens").payload.endswith(b": 1"), "the first did not come through"
    (struck,) = caller.world.journal.find(operation="fault")
    assert (struck.fault, struck.detail["action"], struck.detail["direction"]) == ("away", "drop", "in")


def test_answer_that_is_lost_is_repeated_with_the_request(caller: Caller) -> None:
    caller.open()
    caller.world.faults.add({
        "match": {"protocol": "coap", "direction": "out", "device": caller.macs[0]}, "when": {"nth": 1},
        "action": {"kind": "drop"},
    })  # fmt: skip
    asked = Message(Type.CON, Code.GET, 900, b"tk", proxied(caller.uri(f"{ECHO}?sens"))).encode()
    caller.line.send(asked)
    caller.line.send(asked)
    assert caller.receive().payload.endswith(b": 1")
    assert caller.world.journal.count(operation="proxy.get") == 1
    assert caller.world.faults.rules()[0]["struck"] == 1, "an answer is known by its request"


def test_notifications_are_counted_by_their_observation_though_the_rule_came_later(caller: Caller) -> None:
    caller.open()
    caller.get("/snsr/arduino/temp?sens", (Option.OBSERVE, 0))
    caller.world.faults.add({
        "match": {"protocol": "coap", "direction": "out", "type": "NON"},
        "when": {"nth": 2, "per": "exchange"}, "action": {"kind": "duplicate"},
    })  # fmt: skip
    caller.world.clock.advance(180)
    assert [caller.receive().options.uint(Option.OBSERVE) for _ in range(4)] == [4, 5, 5, 6]


def test_notification_can_be_struck_by_its_device(caller: Caller) -> None:
    caller.open()
    caller.get("/snsr/arduino/temp?sens", (Option.OBSERVE, 0))
    caller.world.faults.add({
        "match": {"protocol": "coap", "direction": "out", "device": caller.macs[0], "type": "NON"},
        "when": {"nth": 2}, "action": {"kind": "duplicate"},
    })  # fmt: skip
    caller.world.clock.advance(180)
    assert [caller.receive().options.uint(Option.OBSERVE) for _ in range(4)] == [4, 5, 5, 6]


def test_restarted_world_knows_its_sessions_still(caller: Caller) -> None:
    caller.open()
    caller.world.stop()
    caller.world.start()
    caller.connect()
    assert caller.get().code == Code.CONTENT


def test_reset_ends_sessions_on_an_open_socket(caller: Caller) -> None:
    caller.open()
    caller.world.reset()
    assert caller.get().code == Code.UNAUTHORIZED


def test_certificate_of_the_world_is_no_business_of_a_socket_in_clear(world_of: MakeWorld, tls_files: Any) -> None:
    world = world_of("itron", tls=tls_files)
    assert world.listen(NAME).startswith("coap://")
    assert world.ca(NAME) is None


def test_credentials_are_those_that_are_promised(caller: Caller) -> None:
    found = caller.vendor.coap_credentials()
    assert found.keys() == {
        "devices", "domain", "client_id", "client_secret", "second_client_id", "second_client_secret",
    }  # fmt: skip
    assert (len(found["devices"]), found["domain"]) == (8, PROMISED)
    assert all(len(mac) == 16 and mac == mac.lower() for mac in found["devices"])


def test_real_server_stands_behind_the_gateway(world_of: MakeWorld) -> None:
    loop = LoopThread()
    asked: list[Message] = []

    def serve(request: Message, exchange: Any) -> Response:
        asked.append(request)
        exchange.observe("x")
        return Response(Code.CONTENT, b"real")

    listener = UdpListener(
        lambda wire: Endpoint(serve, now=wire.now, chance=random.Random(1), send=wire.send, woken=wire.woken),
        Wall(Clock(), on_clock=False), "127.0.0.1", 0,
    )  # fmt: skip
    loop.call(listener.start())
    try:
        world = world_of("itron", settings={"coap_upstreams": f"0013500560724a9d={listener.url}"})
        caller = Caller(world)
        with closing(caller.line):
            caller.open()
            answer = caller.get("/x", (Option.OBSERVE, 0))
            assert (answer.code, answer.payload) == (Code.CONTENT, b"real")
            listener.soon(lambda: listener.engine.notify("x", Response(Code.CONTENT, b"news")))
            assert caller.receive().payload == b"news"
        assert [number for number, _ in asked[0].options] == [Option.OBSERVE, Option.URI_PATH]
        world.stop()
    finally:
        loop.call(listener.stop())
        loop.stop()


def test_listener_that_was_stopped_is_let_go_of(world_of: MakeWorld) -> None:
    def listeners() -> int:
        gc.collect()
        return sum(isinstance(one, GatewayListener) for one in gc.get_objects())

    world, before = world_of("itron"), listeners()
    for _ in range(3):
        world.listen(NAME)
        world.stop()
    assert listeners() <= before
