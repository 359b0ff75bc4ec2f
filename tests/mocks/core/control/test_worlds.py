"""Worlds by the control API: made and deleted away from its loop, by several at once, and with nothing left behind."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.mocks.core.control.desk import TOKEN, Desk, detail
from tests.mocks.support import PATIENCE, eventually

from vendorlab.mocks.core.control.handlers import MOST_WAITING
from vendorlab.mocks.core.control.server import ControlServer
from vendorlab.mocks.core.edges.loop import MOST_THREADS
from vendorlab.mocks.core.sockets import Told
from vendorlab.mocks.core.world import World, WorldOptions
from vendorlab.mocks.core.worlds import MOST_WORLDS, WorldConflictError

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW = {"name": "other", "vendors": ["scanalytics"]}


def listens(url: str) -> bool:
    place = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((place.hostname or "", place.port or 0)) == 0


def url_of(answer: Any) -> str:
    assert answer.status == 201, answer.body
    return str(json.loads(answer.body)["vendors"]["scanalytics"]["url"])


def test_deleting_a_world_closes_its_listeners(desk: Desk) -> None:
    url = url_of(desk.ask("POST", "/worlds", NEW))
    assert listens(url)
    assert [row["url"] for row in desk.read("/health")["listeners"]] == [url]
    assert desk.ask("DELETE", "/worlds/other").status == 204
    assert not listens(url)
    assert desk.read("/health") == {"status": "ok", "listeners": []}
    detail(desk.ask("GET", "/worlds/other/clock"), 404)


@pytest.mark.parametrize(
    "changes",
    [
        {"profiles": {"scanalytics": "modem"}},
        {"profiles": {"nobody": "modern"}},
        {"settings": {"scanalytics": {"minute_limt": 1}}},
        {"settings": {"nobody": {}}},
        {"start": "1960-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_world_that_cannot_be_made_leaves_nothing(desk: Desk, changes: dict[str, Any]) -> None:
    detail(desk.ask("POST", "/worlds", {**NEW, **changes}), 400)
    assert desk.worlds.names == ["main"]
    assert desk.read("/health")["listeners"] == []


def test_world_that_cannot_listen_leaves_nothing(desk: Desk) -> None:
    desk.control._host = "192.0.2.1"  # an address of documentation, which no machine has
    detail(desk.ask("POST", "/worlds", NEW), 409)
    assert desk.worlds.names == ["main"]


def test_world_that_is_deleted_while_it_starts_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[World] = []

    def start(world: World, _ports: object) -> None:
        begun.append(world)
        desk.worlds.delete("other")
        world.listen("scanalytics")

    monkeypatch.setattr(World, "start", start)
    assert "deleted" in detail(desk.ask("POST", "/worlds", NEW), 409)
    assert (desk.worlds.names, begun[0].listeners()) == (["main"], [])


def test_worlds_are_bounded(desk: Desk) -> None:
    for number in range(MOST_WORLDS - 1):
        desk.worlds.create(f"w{number}", ["scanalytics"], WorldOptions())
    assert str(MOST_WORLDS) in detail(desk.ask("POST", "/worlds", NEW), 409)
    desk.ask("DELETE", "/worlds/w0")
    assert desk.ask("POST", "/worlds", NEW).status == 201


def test_of_two_worlds_of_one_name_made_at_once_one_is_made(desk: Desk) -> None:
    """Each begins before either is done."""
    meet = threading.Barrier(4)
    make = desk.worlds._make
    made: list[Any] = []

    def slowly(*arguments: Any) -> World:
        made.append(arguments)
        time.sleep(0.01)
        return make(*arguments)

    desk.worlds._make = slowly

    def ask(_number: int) -> int:
        meet.wait(PATIENCE)
        return desk.ask("POST", "/worlds", NEW).status

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == [201, 409, 409, 409]
    assert len(made) == 1
    (row,) = desk.read("/health")["listeners"]
    desk.ask("DELETE", "/worlds/other")
    assert not listens(row["url"])


def test_worlds_come_and_go_while_others_look(desk: Desk) -> None:
    """Nobody is told that what he was just shown is not there."""
    done = threading.Event()

    def look() -> set[int]:
        found = set[int]()
        while not done.is_set():
            found |= {desk.ask("GET", path).status for path in ("/health", "/worlds")}
        return found

    def come_and_go(number: int) -> None:
        for _ in range(10):
            desk.ask("POST", "/worlds", {**NEW, "name": f"w{number}"})
            desk.ask("DELETE", f"/worlds/w{number}")

    with ThreadPoolExecutor(4) as pool:
        looking = [pool.submit(look) for _ in range(2)]
        list(pool.map(come_and_go, range(2)))
        done.set()
        assert [each.result() for each in looking] == [{200}, {200}]


def test_listeners_are_opened_and_closed_once_however_many_ask(desk: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        opening = [pool.submit(desk.main.listen, "scanalytics") for _ in range(8)]
        (url,) = {each.result() for each in opening}
        closing = [pool.submit(desk.main.stop) for _ in range(8)]
        assert {each.result() for each in closing} == {None}
    assert not listens(url)


def test_no_world_is_made_after_the_end(desk: Desk) -> None:
    desk.worlds.stop()
    with pytest.raises(WorldConflictError, match="about to end"):
        desk.worlds.create("late", ["scanalytics"], WorldOptions())


# --- waiting ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(desk: Desk) -> Iterator[ControlServer]:
    server = ControlServer(desk.control, desk.worlds, Told("127.0.0.1"), 0)
    desk.main.start()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def http(served: ControlServer) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=None)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=served.url, headers=headers, limits=limits, timeout=60, trust_env=False) as client:
        yield client


def waiting(desk: Desk) -> int:
    return desk.main.journal._waiting.waiters


@pytest.mark.slow
def test_waits_are_bounded_and_hold_up_nobody(desk: Desk, http: httpx.Client) -> None:
    """All places taken, one more is refused at once, and everything else goes on."""
    assert MOST_WAITING < MOST_THREADS
    with ThreadPoolExecutor(MOST_WAITING) as pool:
        asked = [pool.submit(http.get, "/journal/wait?timeout=60") for _ in range(MOST_WAITING)]
        assert eventually(lambda: waiting(desk) == MOST_WAITING)
        begin = time.monotonic()
        refused = http.get("/journal/wait?timeout=60")
        assert (refused.status_code, refused.json()["title"]) == (503, "Too busy")
        assert http.post("/worlds", json=NEW).status_code == 201
        assert http.delete("/worlds/other").status_code == 204
        assert http.get("/clock").status_code == 200
        assert time.monotonic() - begin < PATIENCE
        httpx.get(f"{desk.main.url('scanalytics')}/v1/whoami")
        assert {each.result().json()["matched"] for each in asked} == {True}
    assert http.get("/journal/wait?timeout=0").status_code == 200


def test_waits_end_with_everything(desk: Desk, http: httpx.Client) -> None:
    """Whoever still waits when all worlds stop is answered, not left to time out."""
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(http.get, "/journal/wait?timeout=60") for _ in range(20)]
        assert eventually(lambda: waiting(desk) == 20)
        begin = time.monotonic()
        desk.worlds.stop()
        assert {each.result().json()["matched"] for each in asked} == {False}
    assert time.monotonic() - begin < PATIENCE


def test_wait_ends_with_its_world(desk: Desk) -> None:
    desk.ask("POST", "/worlds", NEW)
    journal = desk.worlds.get("other").journal
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(desk.ask, "GET", "/worlds/other/journal/wait?timeout=60")
        assert eventually(lambda: journal._waiting.waiters == 1)
        assert desk.ask("DELETE", "/worlds/other").status == 204
        assert json.loads(asked.result().body)["matched"] is False
