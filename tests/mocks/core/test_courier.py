"""Letters out of a world: where they may go, what comes back, and who waits for whom."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.mocks.support import PATIENCE, START

from vendorlab.mocks.core.edges import courier as module
from vendorlab.mocks.core.edges.courier import Letter, Outcome
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Receiver(ThreadingHTTPServer):
    """Somebody's server: remembers what came, and answers with the status that is due."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.came: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.meanwhile: Callable[[], object] = lambda: None
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = cast("Receiver", self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.came.append((self.path, dict(self.headers), body))
        server.meanwhile()
        self.send_response(server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: Any, **_rest: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def world() -> Iterator[World]:
    with World({}, WorldOptions(start=START, rate=0.0)) as made:
        yield made


def deliver(world: World, url: str, **options: Any) -> Outcome:
    """Send one letter and wait for what comes of it."""
    told: list[Outcome] = []
    letter = Letter(
        vendor="shop",
        url=url,
        headers=(("Content-Type", "application/json"), ("X-Kind", "test")),
        body=b'{"a": 1}',
        **options,
    )
    courier = world._send_by()
    courier.send(letter, told.append)
    assert world.settle(PATIENCE)
    return told[0]


def test_letter_arrives_as_written(world: World, receiver: Receiver) -> None:
    assert deliver(world, receiver.url) == Outcome(200)
    ((path, headers, body),) = receiver.came
    assert (path, body) == ("/hook", b'{"a": 1}')
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Kind"] == "test"
    assert headers["Host"] == receiver.url.split("/")[2]


def test_name_is_resolved_and_kept_in_the_host_header(world: World, receiver: Receiver) -> None:
    url = receiver.url.replace("127.0.0.1", "localhost")
    assert deliver(world, url) == Outcome(200)
    assert receiver.came[0][1]["Host"] == url.split("/")[2]


@pytest.mark.parametrize("status", [204, 302, 404, 429, 503])
def test_status_comes_back_and_no_redirect_is_followed(world: World, receiver: Receiver, status: int) -> None:
    receiver.status = status
    assert deliver(world, receiver.url) == Outcome(status)
    assert len(receiver.came) == 1


def test_nobody_there_is_told_in_words(world: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        outcome = deliver(world, f"http://127.0.0.1:{free.getsockname()[1]}/")
    assert outcome.status is None
    assert outcome.error


@pytest.mark.parametrize("url", ["http://192.0.2.1/hook", "http://[2001:db8::1]:8080/"])
def test_receiver_beyond_this_machine_is_not_called(world: World, url: str) -> None:
    assert deliver(world, url) == Outcome(None, "the receiver is not on this machine")


NO_ADDRESSES = ["", "http://", "ftp://127.0.0.1/", "http://127.0.0.1:99999/", "http://\x00/", "mailto:x"]


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_address_that_is_none_is_an_outcome_not_an_error(world: World, url: str) -> None:
    outcome = deliver(world, url)
    assert outcome.status is None
    assert outcome.error


def test_receiver_that_never_answers_is_given_up(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.05)
    asked = threading.Event()
    receiver.meanwhile = lambda: asked.wait(PATIENCE)
    outcome = deliver(world, receiver.url)
    asked.set()
    assert outcome == Outcome(None, "ReadTimeout")


def test_receiver_may_ask_the_world_while_it_is_called(world: World, receiver: Receiver) -> None:
    def ask() -> None:
        with world.clock.lock:
            pass

    receiver.meanwhile = ask
    assert deliver(world, receiver.url) == Outcome(200)


def test_outcome_is_told_under_the_worlds_lock(world: World, receiver: Receiver) -> None:
    free: list[bool] = []

    def told(_outcome: Outcome) -> None:
        other = threading.Thread(target=lambda: free.append(world.clock.lock.acquire(blocking=False)))
        other.start()
        other.join()

    world._send_by().send(Letter(vendor="shop", url=receiver.url), told)
    assert world.settle(PATIENCE)
    assert free == [False]


def test_one_letter_too_many_fails_at_once(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_UNDER_WAY", 1)
    asked = threading.Event()
    receiver.meanwhile = lambda: asked.wait(PATIENCE)
    told: list[Outcome] = []
    for _ in range(2):
        world._send_by().send(Letter(vendor="shop", url=receiver.url), told.append)
    assert told == [Outcome(None, "too many letters are under way")]
    asked.set()
    assert world.settle(PATIENCE)
    assert told[1:] == [Outcome(200)]


def test_reset_world_does_not_hear_of_letters_sent_before(world: World, receiver: Receiver) -> None:
    asked = threading.Event()
    receiver.meanwhile = lambda: asked.wait(PATIENCE)
    told: list[Outcome] = []
    world._send_by().send(Letter(vendor="shop", url=receiver.url), told.append)
    world.reset()
    asked.set()
    assert world.settle(PATIENCE)
    assert told == []


def test_stop_does_not_wait_for_a_receiver(receiver: Receiver) -> None:
    asked = threading.Event()
    receiver.meanwhile = lambda: asked.wait(PATIENCE)
    with World({}, WorldOptions(start=START, rate=0.0)) as world:
        world._send_by().send(Letter(vendor="shop", url=receiver.url), lambda _outcome: None)
        assert not world.settle(0.01)
    asked.set()


def test_settle_runs_timers_that_an_outcome_made_due(world: World, receiver: Receiver) -> None:
    fired: list[Any] = []
    world.clock.on("again", fired.append)

    def told(_outcome: Outcome) -> None:
        world.clock.call_at(world.clock.micros(), "again")

    world._send_by().send(Letter(vendor="shop", url=receiver.url), told)
    assert world.settle(PATIENCE)
    assert fired == [{}]


def test_world_that_sent_nothing_has_settled() -> None:
    assert World({}, WorldOptions(start=START)).settle(0.0)
