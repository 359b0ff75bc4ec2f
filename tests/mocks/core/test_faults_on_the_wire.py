"""Every fault as a client's socket sees it, byte by byte, in plain HTTP and over TLS, on both event loops.

No pause is waited out in real time.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.support import Caller, Wire, request

from vendorlab.mocks.core.edges import loop as loop_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.conftest import Connect, MakeWorld
    from tests.mocks.support import RawAnswer

    from vendorlab.mocks.core.edges.certificates import TlsFiles
    from vendorlab.mocks.core.world import World


@pytest.fixture(params=["installed", "asyncio"], autouse=True)
def event_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The loop that is installed, which may be uvloop, and asyncio's own."""
    if request.param == "asyncio":
        monkeypatch.setattr(loop_module, "_new_loop", asyncio.new_event_loop)
    return str(request.param)


class Served:
    """A listening world with line time on its clock, and what a good request and its answer look like."""

    def __init__(self, world: World, connect: Connect) -> None:
        self.world = world
        self.caller = Caller(world)
        self.url = world.listen("scanalytics")
        self.token = str(self.caller.login()["access_token"])
        self._connect = connect
        self.plain = connect(self.url).ask(self.get())
        world.journal.clear()

    def get(self, path: str = "/v1/whoami", method: str = "GET") -> bytes:
        return request(method, path, {"Authorization": f"Bearer {self.token}"})

    def wire(self) -> Wire:
        return self._connect(self.url)

    def fault(self, kind: str, /, **parts: Any) -> None:
        names = {"when", "phase", "match", "times", "name"} & parts.keys()
        rule: dict[str, Any] = {name: parts.pop(name) for name in names}
        self.world.faults.add({"action": {"kind": kind, **parts}, **rule})

    def handled(self, count: int = 1) -> None:
        """Wait until so many exchanges were handled."""
        assert len(self.world.journal.wait_for(count=count, timeout=10)) >= count

    def line_waits(self) -> None:
        """Wait until the line waits for the clock."""
        from tests.mocks.support import eventually

        assert eventually(lambda: bool(self.world.clock.waiting("line")))


@pytest.fixture(params=["http", "https"])
def tls(request: pytest.FixtureRequest) -> TlsFiles | None:
    return request.getfixturevalue("tls_files") if request.param == "https" else None


@pytest.fixture
def served(world_of: MakeWorld, connect: Connect, tls: TlsFiles | None) -> Served:
    return Served(world_of(line_on_clock=True, tls=tls), connect)


def same(answer: RawAnswer, other: RawAnswer) -> bool:
    return (answer.status, answer.headers, answer.body) == (other.status, other.headers, other.body)


# --- cut, reset, empty -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 10, 10_000])
def test_truncate_lets_so_many_bytes_of_the_body_pass_and_closes(served: Served, after: int) -> None:
    served.fault("truncate", after=after)
    wire = served.wire()
    wire.send(served.get())
    assert wire.rest() == served.plain.head + b"\r\n\r\n" + served.plain.body[:after]
    entry = served.world.journal.find()[0]
    assert (entry.status, entry.cause, entry.fault) == (200, "ok", "fault-1")


@pytest.mark.parametrize("after", [1, 10, 10_000])
def test_reset_lets_so_many_bytes_of_the_body_pass_and_resets(served: Served, after: int) -> None:
    served.fault("reset", after=after)
    wire = served.wire()
    wire.send(served.get())
    with pytest.raises(ConnectionResetError):
        wire.rest()
    assert wire.buffer == served.plain.head + b"\r\n\r\n" + served.plain.body[:after]


def test_reset_at_zero_resets_without_a_byte(served: Served) -> None:
    served.fault("reset")
    wire = served.wire()
    wire.send(served.get())
    with pytest.raises(ConnectionResetError):
        wire.rest()
    assert wire.buffer == b""


def test_empty_closes_without_a_byte(served: Served) -> None:
    served.fault("empty")
    wire = served.wire()
    wire.send(served.get())
    assert wire.rest() == b""


@pytest.mark.parametrize("kind", ["empty", "reset"])
@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_silent_fault_is_journalled_with_what_the_vendor_did(served: Served, kind: str, phase: str) -> None:
    served.fault(kind, phase=phase)
    wire = served.wire()
    wire.send(served.get())
    served.handled()
    entry = served.world.journal.find()[0]
    expected = (200, "ok") if phase == "after" else (0, "fault")
    assert (entry.operation, entry.status, entry.cause, entry.fault) == ("whoami", *expected, "fault-1")


@pytest.mark.parametrize("kind", ["truncate", "reset"])
def test_a_large_body_is_cut_exactly(world_of: MakeWorld, connect: Connect, tls: TlsFiles | None, kind: str) -> None:
    served = Served(world_of(settings={"deployments": 500}, tls=tls), connect)
    path = "/v1/device/list"
    plain = served.wire().ask(served.get(path))
    assert len(plain.body) > 100_000
    served.fault(kind, after=50_000)
    wire = served.wire()
    wire.send(served.get(path))
    if kind == "truncate":
        assert len(wire.rest()) == len(plain.head) + 4 + 50_000
    else:
        with pytest.raises(ConnectionResetError):
            wire.rest()
        assert len(wire.buffer) == len(plain.head) + 4 + 50_000


def test_a_head_request_has_no_body_to_cut(served: Served) -> None:
    served.fault("truncate", after=5)
    wire = served.wire()
    wire.send(served.get(method="HEAD"))
    assert wire.rest() == served.plain.head + b"\r\n\r\n"


def test_after_a_cut_connection_the_next_one_is_whole(served: Served) -> None:
    served.fault("reset", when={"nth": 1})
    first = served.wire()
    first.send(served.get())
    with pytest.raises(ConnectionResetError):
        first.rest()
    assert same(served.wire().ask(served.get()), served.plain)


# --- late and slow ---------------------------------------------------------------------------------------------------


def test_delay_holds_every_byte_back_until_its_time(served: Served) -> None:
    served.fault("delay", seconds=30, when={"nth": 1})
    wire = served.wire()
    wire.send(served.get())
    served.line_waits()
    served.world.clock.advance(29.9)
    assert wire.quiet()
    served.world.clock.advance(0.1)
    assert same(wire.answer(), served.plain)
    assert wire.ask(served.get()).body == served.plain.body


def test_other_connections_do_not_wait_for_a_late_answer(served: Served) -> None:
    served.fault("delay", seconds=30, when={"nth": 1})
    late = served.wire()
    late.send(served.get())
    served.line_waits()
    assert served.wire().ask(served.get()).body == served.plain.body
    served.world.clock.advance(30)
    assert late.answer().body == served.plain.body


@pytest.mark.parametrize("chunk", [1, 16, 50])
def test_drip_gives_the_head_at_once_and_the_body_piece_by_piece(served: Served, chunk: int) -> None:
    served.fault("drip", chunk=chunk, interval=1, when={"nth": 1})
    wire = served.wire()
    wire.send(served.get())
    head, body = served.plain.head + b"\r\n\r\n", served.plain.body
    for count in range(chunk, len(body), chunk):
        served.line_waits()
        while len(wire.buffer) < len(head) + count:
            wire._more()
        assert wire.buffer == head + body[:count]
        assert wire.quiet()
        served.world.clock.advance(1)
    assert same(wire.answer(), served.plain)
    served.world.clock.advance(10)
    assert wire.ask(served.get()).body == body


@pytest.mark.parametrize(
    "action", [{"kind": "delay", "seconds": 0.03}, {"kind": "drip", "chunk": 40, "interval": 0.01}]
)
def test_line_time_is_the_walls_by_default(world_of: MakeWorld, connect: Connect, action: dict[str, Any]) -> None:
    served = Served(world_of(), connect)
    served.world.faults.add({"action": action})
    assert same(served.wire().ask(served.get()), served.plain)


def test_a_delay_of_nothing_is_no_delay(served: Served) -> None:
    served.fault("delay", seconds=0)
    wire = served.wire()
    for _ in range(2):
        assert same(wire.ask(served.get()), served.plain)


def test_reset_of_the_world_lets_a_late_answer_go(served: Served) -> None:
    served.fault("delay", seconds=3_600)
    wire = served.wire()
    wire.send(served.get())
    served.line_waits()
    served.world.reset()
    assert wire.answer().body == served.plain.body


def test_a_client_that_leaves_while_it_waits_harms_nobody(served: Served) -> None:
    served.fault("delay", seconds=30, when={"nth": 1})
    served.fault("drip", chunk=1, interval=1, when={"nth": 1})
    for count in (1, 2):
        wire = served.wire()
        wire.send(served.get())
        served.handled(count)
        wire.close()
    served.line_waits()
    served.world.clock.advance(1_000)
    assert served.wire().ask(served.get()).body == served.plain.body


def test_a_stopped_world_forgets_who_waited(served: Served) -> None:
    served.fault("delay", seconds=30)
    wire = served.wire()
    wire.send(served.get())
    served.line_waits()
    served.world.stop()
    served.world.clock.advance(60)
    assert served.world.clock.timers == 1  # the token's
    with pytest.raises((EOFError, ConnectionResetError, ssl.SSLEOFError)):
        wire.answer()


# --- another answer --------------------------------------------------------------------------------------------------


def test_content_type_changes_that_and_nothing_else(served: Served) -> None:
    served.fault("content-type", value="text/html; charset=utf-8")
    answer = served.wire().ask(served.get())
    assert (answer.status, answer.body) == (200, served.plain.body)
    assert [pair for pair in answer.headers if pair[0].lower() == "content-type"] == [
        ("content-type", "text/html; charset=utf-8")
    ]
    others = [pair for pair in answer.headers if pair[0].lower() != "content-type"]
    assert others == [pair for pair in served.plain.headers if pair[0].lower() != "content-type"]


@pytest.mark.parametrize(
    ("path", "status", "content_type", "inside"),
    [
        ("/v1/whoami", 400, "application/json", b'{"detail":"Malformed request."}'),
        ("/v1/whoami", 401, "application/json", b"credentials were not provided"),
        ("/v1/whoami", 403, "application/json", b"You do not have permission"),
        ("/v1/whoami", 404, "application/json", b'{"detail":"Not found."}'),
        ("/v1/whoami", 405, "application/json", b'Method \\"GET\\" not allowed.'),
        ("/v1/whoami", 406, "application/json", b"Could not satisfy"),
        ("/v1/whoami", 415, "application/json", b"Unsupported media type"),
        ("/v1/whoami", 429, "application/json", b"Expected available in 60 seconds."),
        ("/v1/whoami", 500, "text/html", b"<h1>Server Error (500)</h1>"),
        ("/v1/whoami", 502, "text/html", b"502 Bad Gateway"),
        ("/v1/whoami", 503, "text/html", b"503 Service Temporarily Unavailable"),
        ("/v1/whoami", 504, "text/html", b"504 Gateway Time-out"),
        ("/v1/whoami", 418, "text/html", b"418"),
        ("/o/token/", 400, "application/json", b'{"error": "invalid_request"}'),
        ("/o/token/", 401, "application/json", b'{"error": "invalid_client"}'),
        ("/o/token/", 429, "text/html", b"429"),
        ("/o/token/", 500, "text/html", b"<h1>Server Error (500)</h1>"),
        ("/o/token/", 503, "text/html", b"503 Service Temporarily Unavailable"),
        ("/nowhere", 503, "text/html", b"503 Service Temporarily Unavailable"),
    ],
)
def test_a_status_comes_in_the_vendors_own_form(
    served: Served, path: str, status: int, content_type: str, inside: bytes
) -> None:
    served.fault("status", status=status)
    answer = served.wire().ask(served.get(path))
    assert answer.status == status
    assert inside in answer.body
    assert (answer.header("content-type") or "").startswith(content_type)
    entry = served.world.journal.find()[0]
    assert (entry.status, entry.cause, entry.fault) == (status, "fault", "fault-1")
    if status == 429 and path.startswith("/v1"):
        assert answer.header("retry-after") == "60"
    if (status, path) == (401, "/v1/whoami"):
        assert (answer.header("www-authenticate") or "").startswith('Bearer realm="api"')


# --- keep-alive and pipelines ----------------------------------------------------------------------------------------


def read_on(served: Served, wire: Wire, count: int, expected: Callable[[int], bytes]) -> None:
    """Read answers while turning the clock whenever the line waits for it."""
    from tests.mocks.support import eventually

    wire.socket.settimeout(0.02)
    for number in range(count):
        answers: list[RawAnswer] = []

        def arrived(answers: list[RawAnswer] = answers) -> bool:
            try:
                answers.append(wire.answer())
            except TimeoutError:
                if served.world.clock.waiting("line"):
                    served.world.clock.advance(1)
            return bool(answers)

        assert eventually(arrived)
        answer = answers[0]
        assert (number, answer.body) == (number, expected(number))


PATHS = ("/v1/whoami", "/v1/deployment/list", "/nowhere", "/v1/device/list", "/v1/whoami")


@pytest.mark.parametrize(
    "action",
    [
        {"kind": "delay", "seconds": 1},
        {"kind": "drip", "chunk": 400, "interval": 1},
        {"kind": "content-type", "value": "text/plain"},
        {"kind": "status", "status": 503},
    ],
    ids=lambda action: action["kind"],
)
@pytest.mark.parametrize("when", [{"nth": 1}, {"nth": 3}, {"every": 2}, {}], ids=json.dumps)
def test_pipelined_requests_are_answered_whole_and_in_order(
    served: Served, action: dict[str, Any], when: dict[str, int]
) -> None:
    wire = served.wire()
    plain = [wire.ask(served.get(path)).body for path in PATHS]
    refused = b""
    if action["kind"] == "status":
        with_fault = Caller(served.world)
        served.world.faults.add({"action": action, "name": "once", "times": 1})
        refused = with_fault.get("/v1/whoami").content
        served.world.faults.clear()
    served.world.faults.add({"action": action, "when": when})

    def struck(number: int) -> bool:
        return not when or number + 1 == when.get("nth") or ("every" in when and (number + 1) % when["every"] == 0)

    def expected(number: int) -> bytes:
        return refused if action["kind"] == "status" and struck(number) else plain[number]

    wire.send(b"".join(served.get(path) for path in PATHS))
    read_on(served, wire, len(PATHS), expected)
    wire.socket.settimeout(10)
    served.world.faults.clear()
    assert wire.ask(served.get()).body == plain[0]


@pytest.mark.parametrize("kind", ["truncate", "reset"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_nothing_follows_a_cut_answer_in_a_pipeline(served: Served, kind: str, nth: int) -> None:
    served.fault(kind, after=7, when={"nth": nth})
    wire = served.wire()
    wire.send(served.get() * 3)
    whole = served.plain.head + b"\r\n\r\n" + served.plain.body
    expected = whole * (nth - 1) + served.plain.head + b"\r\n\r\n" + served.plain.body[:7]
    if kind == "truncate":
        assert wire.rest() == expected
    else:
        with pytest.raises(ConnectionResetError):
            wire.rest()
        assert wire.buffer == expected


def test_a_cut_behind_a_late_answer_waits_for_its_turn(served: Served) -> None:
    served.fault("delay", seconds=1, when={"nth": 1})
    served.fault("truncate", after=3, when={"nth": 2})
    wire = served.wire()
    wire.send(served.get() * 2)
    served.handled(2)
    served.line_waits()
    assert wire.quiet()
    served.world.clock.advance(1)
    head = served.plain.head + b"\r\n\r\n"
    assert wire.rest() == head + served.plain.body + head + served.plain.body[:3]


# --- the answer was lost ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [{"kind": "empty"}, {"kind": "reset"}, {"kind": "truncate", "after": 20}])
def test_a_refresh_whose_answer_was_lost_did_rotate(served: Served, action: dict[str, Any]) -> None:
    """The worst moment of a client's life: the old token is spent, and the new one never arrived."""
    pair = served.caller.login()
    body = "&".join(f"{key}={value}" for key, value in served.caller.refresh_form(pair["refresh_token"]).items())
    post = request("POST", "/o/token/", {"Content-Type": "application/x-www-form-urlencoded"}, body.encode())
    served.world.faults.add({"action": action, "match": {"operation": "token"}, "times": 1})
    wire = served.wire()
    wire.send(post)
    try:
        wire.rest()
    except ConnectionResetError:
        assert action["kind"] == "reset"
    entry = served.world.journal.find(operation="token")[-1]
    assert (entry.status, entry.fault) == (200, "fault-1")
    assert "issued" in entry.detail
    again = served.wire().ask(post)
    assert (again.status, again.body) == (401, b'{"error": "invalid_grant"}')
    live = [token for token in served.caller.vendor.tokens.all() if token.state.value == "live"]
    assert len(live) == 2 + 2  # the first login's pair, and the one that nobody got


@pytest.mark.parametrize(
    "rule",
    [
        {"action": {"kind": "status", "status": 503}},
        {"action": {"kind": "empty"}, "phase": "before"},
        {"action": {"kind": "reset"}, "phase": "before"},
    ],
    ids=["503", "empty", "reset"],
)
def test_a_refresh_that_never_got_in_did_not_rotate(served: Served, rule: dict[str, Any]) -> None:
    pair = served.caller.login()
    body = "&".join(f"{key}={value}" for key, value in served.caller.refresh_form(pair["refresh_token"]).items())
    post = request("POST", "/o/token/", {"Content-Type": "application/x-www-form-urlencoded"}, body.encode())
    served.world.faults.add({**rule, "match": {"operation": "token"}, "times": 1})
    wire = served.wire()
    wire.send(post)
    try:
        wire.answer()
    except (EOFError, ConnectionResetError):
        assert rule["action"]["kind"] != "status"
    assert served.wire().ask(post).status == 200


def test_a_status_after_the_handler_hides_a_rotation(served: Served) -> None:
    pair = served.caller.login()
    served.fault("status", status=502, phase="after", match={"operation": "token"}, times=1)
    form = served.caller.refresh_form(pair["refresh_token"])
    assert served.caller.ask(form).status_code == 502
    assert served.caller.ask(form).json() == {"error": "invalid_grant"}


def test_a_rule_for_one_principal_leaves_the_others_alone(served: Served) -> None:
    served.fault("status", status=503, match={"principal": served.caller.credentials["username"]})
    mine, theirs = served.token, served.caller.login_second()["access_token"]
    assert served.caller.get("/v1/whoami", mine).status_code == 503
    assert served.caller.get("/v1/whoami", theirs).status_code == 200
    assert served.caller.get("/v1/whoami", "x" * 30).status_code == 401
    assert served.caller.ask(served.caller.password_form()).status_code == 503
    many = "&".join(f"f{number}=1" for number in range(1_001))
    for path in ("/o/token/", "/v1/whoami", "/nowhere"):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = served.caller.call("POST", path, content=many, headers=headers)
        assert answer.status_code == (404 if path == "/nowhere" else 400)
