"""The listener: bounds, manners of HTTP, and that no bytes whatever bring it down."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mocks.support import Wire, eventually, http_listener, make_world, request

from vendorlab.mocks.core.edges import server as server_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mocks.conftest import Connect, MakeWorld

    from vendorlab.mocks.core.world import World

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GET = request("GET", "/v1/whoami")


@pytest.fixture
def url(world: World) -> str:
    return world.listen("scanalytics")


@pytest.fixture
def wire(url: str, connect: Connect) -> Wire:
    return connect(url)


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def closed(wire: Wire) -> bool:
    """Whether the other side has ended the connection; what was read before does not matter."""
    try:
        wire.rest()
    except ConnectionResetError:
        return True
    return True


# --- the size of things ----------------------------------------------------------------------------------------------

MEGABYTE = b"x" * (1 << 20)


@pytest.mark.parametrize("way", ["content-length", "chunked"])
@pytest.mark.parametrize("path", ["/o/token/", "/v1/whoami", "/nowhere"])
def test_a_body_of_10_mb_is_refused_whole(world: World, wire: Wire, path: str, way: str) -> None:
    if way == "chunked":
        wire.send(request("POST", path, FORM | {"Transfer-Encoding": "chunked"}))
        wire.send(chunked(*[MEGABYTE] * 10))
    else:
        wire.send(request("POST", path, FORM, MEGABYTE * 10))
    answer = wire.answer()
    assert (answer.status, answer.header("connection")) == (413, "close")
    assert b"413 Request Entity Too Large" in answer.body
    assert wire.rest() == b""
    entry = world.journal.find()[0]
    assert (entry.operation, entry.path, entry.status, entry.cause) == ("unrouted", path, 413, "body-too-large")
    assert world.journal.last == 1


def test_a_body_at_the_bound_is_taken_and_one_byte_more_is_not(url: str, connect: Connect) -> None:
    bound = 2_621_440
    assert connect(url).ask(request("POST", "/o/token/", FORM, b"a" * bound)).status == 400
    assert connect(url).ask(request("POST", "/o/token/", FORM, b"a" * (bound + 1))).status == 413


@pytest.mark.parametrize("length", [1 << 27, 1 << 62, 10**30])
def test_a_body_that_is_announced_far_too_large_is_refused_unread(wire: Wire, length: int) -> None:
    wire.send(request("POST", "/o/token/", FORM | {"Content-Length": str(length)}))
    status = wire.answer().status
    assert status == (413 if length < 1 << 63 else 400)


def test_in_process_the_same_body_is_refused(world: World) -> None:
    import httpx

    http = httpx.Client(transport=world.transport("scanalytics"), base_url="http://scanalytics.example")
    answer = http.post("/o/token/", content=MEGABYTE * 10, headers=FORM)
    assert (answer.status_code, world.journal.find()[0].cause) == (413, "body-too-large")


@pytest.mark.parametrize("where", ["header", "url", "many-headers"])
def test_a_head_of_a_megabyte_is_refused(world: World, wire: Wire, where: str) -> None:
    head = {
        "header": b"GET /v1/whoami HTTP/1.1\r\nX-Large: " + MEGABYTE,
        "url": b"GET /" + MEGABYTE,
        "many-headers": b"GET / HTTP/1.1\r\n" + b"X-Many: y\r\n" * 100_000,
    }[where]
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # it did not wait for the end
        wire.send(head)
    try:
        answer = wire.answer()
    except (EOFError, ConnectionResetError):
        answer = None  # the refusal was lost with what was still being sent
    if answer is not None:
        assert answer.status == 431
    assert closed(wire)
    assert world.journal.last == 0


def test_a_head_slightly_too_large_is_told_so(wire: Wire) -> None:
    wire.send(b"GET /v1/whoami HTTP/1.1\r\nX-Large: " + b"x" * server_module.LARGEST_HEAD)
    answer = wire.answer()
    assert (answer.status, answer.body) == (431, b"Request Header Fields Too Large")
    assert closed(wire)


def test_a_head_of_60_kb_is_taken(wire: Wire) -> None:
    assert wire.ask(request("GET", "/v1/whoami", {"X-Large": "x" * 60_000})).status == 401
    assert wire.ask(request("GET", "/v1/whoami", {"X-Large": "x" * 60_000})).status == 401


def test_a_slow_head_is_cut_and_an_idle_connection_is_not(
    world_of: MakeWorld, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.04)
    url = world_of().listen("scanalytics")
    idle, slow, silent = connect(url), connect(url), connect(url)
    assert idle.ask(GET).status == 401
    slow.send(GET[:20])
    assert closed(slow)
    assert closed(silent)
    assert idle.ask(GET).status == 401
    idle.send(GET[:20])
    assert closed(idle)


def test_a_slow_body_is_waited_for(world_of: MakeWorld, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.02)
    url = world_of().listen("scanalytics")
    wire, other = connect(url), connect(url)
    wire.send(request("POST", "/o/token/", FORM | {"Content-Length": "4"}) + b"ab")
    assert closed(other)  # a sweep has passed
    wire.send(b"cd")
    assert wire.answer().status == 400


# --- manners ---------------------------------------------------------------------------------------------------------


def test_a_connection_is_kept_for_many_requests(world: World, wire: Wire) -> None:
    for number in range(50):
        method, path, status = [
            ("GET", "/v1/whoami", 401),
            ("POST", "/o/token/", 400),
            ("HEAD", "/v1/whoami", 401),
            ("GET", "/nowhere", 404),
            ("PUT", "/o/token/", 405),
        ][number % 5]
        body = b"grant_type=x" if method == "POST" else b""
        assert wire.ask(request(method, path, FORM, body), method=method).status == status
    assert world.journal.last == 50


@pytest.mark.parametrize(
    "data",
    [request("GET", "/v1/whoami", version="1.0"), request("GET", "/v1/whoami", {"Connection": "close"})],
    ids=["http-1.0", "connection-close"],
)
def test_a_connection_is_closed_when_that_is_asked(wire: Wire, data: bytes) -> None:
    assert wire.ask(data).status == 401
    assert wire.rest() == b""


def test_http_1_0_without_a_host_is_answered(wire: Wire) -> None:
    assert wire.ask(b"GET /v1/whoami HTTP/1.0\r\n\r\n").status == 401


def test_expect_100_continue_is_heard(wire: Wire) -> None:
    body = b"grant_type=x"
    wire.send(request("POST", "/o/token/", FORM | {"Expect": "100-continue", "Content-Length": str(len(body))}))
    assert wire.answer().status == 100
    wire.send(body)
    assert wire.answer().status == 400


def test_a_chunked_body_is_read(world: World, wire: Wire) -> None:
    credentials = world.vendor("scanalytics").faces[0].credentials()
    body = "&".join(f"{name}={credentials[name]}" for name in ("username", "password", "client_id"))
    wire.send(request("POST", "/o/token/", FORM | {"Transfer-Encoding": "chunked"}))
    for byte in chunked(b"grant_type=pass", b"word&", body.encode()):
        wire.send(bytes([byte]))
    assert wire.answer().status == 200


def test_a_request_may_come_byte_by_byte(wire: Wire) -> None:
    for byte in request("POST", "/o/token/", FORM, b"grant_type=x"):
        wire.send(bytes([byte]))
    assert wire.answer().status == 400


def test_a_request_whose_body_never_came_whole_is_not_handled(world: World, wire: Wire) -> None:
    credentials = world.vendor("scanalytics").faces[0].credentials()
    pairs = {"grant_type": "password"} | {name: credentials[name] for name in ("username", "password", "client_id")}
    body = "&".join(f"{name}={value}" for name, value in pairs.items()).encode()
    wire.send(request("POST", "/o/token/", FORM | {"Content-Length": str(len(body) + 1)}, body))
    listener = http_listener(world)
    assert eventually(lambda: bool(listener.state.tasks))
    wire.close()
    assert eventually(lambda: not listener.state.connections and not listener.state.tasks)
    assert world.journal.find(operation="token") == []
    assert list(world.vendor("scanalytics").tokens.all()) == []  # type: ignore[union-attr]


@pytest.mark.parametrize("headers", [{}, {"Upgrade": "websocket", "Connection": "Upgrade"}, {"Upgrade": "h2c"}])
def test_an_upgrade_is_not_taken_and_the_request_is_answered(wire: Wire, headers: dict[str, str]) -> None:
    assert wire.ask(request("GET", "/v1/whoami", headers)).status == 401


def test_date_tells_the_worlds_time(world: World, wire: Wire) -> None:
    assert wire.ask(GET).header("date") == "Sat, 21 Nov 2026 05:00:00 GMT"
    world.clock.advance(86_400)
    assert wire.ask(GET).header("date") == "Sun, 22 Nov 2026 05:00:00 GMT"


def test_the_server_does_not_say_what_it_is(wire: Wire) -> None:
    answer = wire.ask(GET)
    assert answer.header("server") is None
    names = [name.lower() for name, _ in answer.headers]
    assert len(names) == len(set(names))


def test_many_connections_are_served_at_once(url: str, connect: Connect) -> None:
    wires = [connect(url) for _ in range(300)]
    for _ in range(2):
        for wire in wires:
            wire.send(GET)
        assert {wire.answer().status for wire in wires} == {401}


def test_connections_are_bounded(world_of: MakeWorld, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 3)
    url = world_of().listen("scanalytics")
    wires = [connect(url) for _ in range(4)]
    statuses = [wire.ask(GET).status for wire in wires]
    assert 503 in statuses
    for wire in wires:
        wire.close()
    assert eventually(lambda: connect(url).ask(GET).status == 401)


# --- anything at all -------------------------------------------------------------------------------------------------

BROKEN = {
    "blanks-and-a-word": b"\r\n\r\n\r\n\r\nnonsense\r\n\r\n",
    "method-only": b"GET\r\n\r\n",
    "no-version": b"GET /\r\n\r\n",
    "version-9": b"GET / HTTP/9.9\r\n\r\n",
    "header-without-colon": b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    "nul-in-header": b"GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n",
    "header-without-name": b"GET / HTTP/1.1\r\n: b\r\n\r\n",
    "length-is-a-word": b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    "length-is-negative": b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "two-lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "bad-chunk-size": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "huge-chunk-size": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "chunked-and-a-length": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
    "bytes-in-the-path": b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "utf8-in-the-path": b"GET /v1/\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "broken-absolute-url": b"GET http://[ HTTP/1.1\r\n\r\n",
    "slashes": b"GET //// HTTP/1.1\r\n\r\n",
    "question-mark": b"GET ? HTTP/1.1\r\n\r\n",
    "star": b"GET * HTTP/1.1\r\n\r\n",
    "options-star": b"OPTIONS * HTTP/1.1\r\n\r\n",
    "connect": b"CONNECT example.com:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "absolute-url": b"GET http://example.com/v1/whoami HTTP/1.1\r\nHost: x\r\n\r\n",
    "http2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    "nuls": b"\x00" * 1_000,
    "bare-line-feeds": b"GET / HTTP/1.1\nHost: x\n\n",
    "bytes-in-the-query": b"GET /v1/whoami?\xff=\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "fragment": b"GET /v1/whoami#frag HTTP/1.1\r\nHost: x\r\n\r\n",
    "bad-escape-in-the-path": b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    "upgrade-with-a-body": b"POST / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nab",
}


class Watched:
    """A listening world where everything that would be somebody's traceback is written down."""

    def __init__(self) -> None:
        self.world = make_world(settings={"throttle_before_auth": True, "anonymous_limit": 1_000_000})
        self.url = self.world.listen("scanalytics")
        self.troubles: list[Any] = []
        self._log = logging.Handler(logging.WARNING)
        self._log.emit = self.troubles.append  # type: ignore[method-assign,assignment]
        for name in ("vendorlab", "asyncio"):
            logging.getLogger(name).addHandler(self._log)
        self.world._sockets.running().thread.loop.set_exception_handler(
            lambda _loop, context: self.troubles.append(context)
        )

    def close(self) -> None:
        for name in ("vendorlab", "asyncio"):
            logging.getLogger(name).removeHandler(self._log)
        self.world.stop()

    def survives(self, data: bytes) -> bytes:
        """Send anything, say that this was all, and read what comes; another caller must be served all the same."""
        import socket

        with Wire(self.url) as wire:
            try:
                wire.send(data)
                wire.socket.shutdown(socket.SHUT_WR)
                answer = wire.rest()
            except OSError:
                answer = wire.buffer
        with Wire(self.url) as wire:
            assert wire.ask(GET).status == 401
        assert self.troubles == []
        return answer


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.close()


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_request_is_refused_or_answered_and_the_rest_goes_on(watched: Watched, data: bytes) -> None:
    answer = watched.survives(data)
    assert b"Traceback" not in answer
    assert b"HTTP/1.1 500" not in answer
    if answer:
        assert answer.startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("data", [b"", b"GET", GET[:-2], GET[:-1]], ids=["nothing", "word", "no-end", "almost"])
def test_a_caller_who_leaves_early_is_not_missed(watched: Watched, data: bytes) -> None:
    before = watched.world.journal.last
    assert watched.survives(data) == b""
    assert watched.world.journal.last == before + 1  # the other caller's


GOOD = [
    GET,
    request("POST", "/o/token/", FORM, b"grant_type=password&username=a&password=b"),
    request("POST", "/v1/whoami", {"Transfer-Encoding": "chunked"}) + chunked(b"abc", b"de"),
    request("GET", "/v1/whoami?access_token=x&format=json", {"Accept": "*/*", "Authorization": "Bearer x"}),
]


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """Good requests, one or some in a row, with bytes changed, dropped or put in."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(GOOD), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["change", "drop", "put", "cut"])):
            case "change":
                data[at] = draw(st.integers(0, 255))
            case "drop":
                del data[at : at + draw(st.integers(1, 8))]
            case "put":
                data[at:at] = draw(st.sampled_from([b"\r\n", b"\x00", b"\xff", b" ", b":", b"0", b"%", b"\r\n\r\n"]))
            case _:
                del data[at + 1 :]
        if not data:
            return b""
    return bytes(data)


@settings(max_examples=300)
@given(data=mangled() | st.binary(max_size=300))
def test_no_bytes_bring_it_down_or_bring_out_a_traceback(watched: Watched, data: bytes) -> None:
    answer = watched.survives(data)
    assert b"Traceback" not in answer
    causes = {entry.cause for entry in watched.world.journal.find()}
    assert "defect" not in causes
    watched.world.journal.clear()


def test_the_fuzzed_listener_left_nothing_open(watched: Watched) -> None:
    listener = http_listener(watched.world)
    assert eventually(lambda: not listener.state.connections and not listener.state.tasks)


def test_nothing_here_waits_for_long() -> None:
    """The patience of these tests is for failures: a closed connection is noticed at once."""
    began = time.monotonic()
    with make_world() as world, Wire(world.listen("scanalytics")) as wire:
        wire.send(request("GET", "/v1/whoami", {"Connection": "close"}))
        wire.rest()
    assert time.monotonic() - began < 5
