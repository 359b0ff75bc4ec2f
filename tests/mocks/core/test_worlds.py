"""The worlds of one process by name: made, found, ended, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.mocks.support import START, Wire, request

from vendorlab.mocks import registry
from vendorlab.mocks.core import worlds as worlds_module
from vendorlab.mocks.core.edges.loop import LoopThread
from vendorlab.mocks.core.errors import WorldError
from vendorlab.mocks.core.world import World, WorldOptions
from vendorlab.mocks.core.worlds import MAIN, UnknownWorldError, WorldConflictError, Worlds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

OPTIONS = WorldOptions(start=START, rate=0.0)
GET = request("GET", "/v1/whoami")


def make(vendors: Sequence[str], options: WorldOptions, thread: LoopThread) -> World:
    return World(registry.factories(vendors), options, thread)


@pytest.fixture
def worlds() -> Iterator[Worlds]:
    thread = LoopThread()
    made = Worlds(make, thread)
    made.create(MAIN, ["scanalytics"], OPTIONS)
    yield made
    made.stop()
    thread.stop()


def test_worlds_are_found_by_name_the_oldest_first(worlds: Worlds) -> None:
    other = worlds.create("a.b-c_1", ["scanalytics"], OPTIONS)
    assert worlds.names == ["main", "a.b-c_1"]
    assert worlds.get("a.b-c_1") is other
    with pytest.raises(UnknownWorldError, match=r"'nowhere'.*main, a\.b-c_1"):
        worlds.get("nowhere")


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "x" * 65, "a\n", "é"])
def test_a_name_that_is_none_is_refused(worlds: Worlds, name: str) -> None:
    with pytest.raises(WorldError, match="name"):
        worlds.create(name, ["scanalytics"], OPTIONS)
    assert worlds.names == ["main"]


def test_a_taken_name_is_refused(worlds: Worlds) -> None:
    with pytest.raises(WorldError, match="'main' is there already"):
        worlds.create(MAIN, ["scanalytics"], OPTIONS)


def test_worlds_beside_the_first_get_ports_of_their_own(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of one that has ended go to the next, and where there are too few it is told."""
    started: list[Mapping[str, int]] = []

    def start(_world: World, ports: Mapping[str, int]) -> None:
        started.append(ports)

    monkeypatch.setattr(World, "start", start)
    few = Worlds(make, worlds.thread, range(7100, 7103))
    few.create(MAIN, ["scanalytics"], OPTIONS)
    few.open("one", ["scanalytics", "inode"], OPTIONS)
    with pytest.raises(WorldConflictError, match="1 of the 3 ports for more worlds are free, and it needs 2"):
        few.open("two", ["scanalytics", "inode"], OPTIONS)
    assert few.names == ["main", "one"]
    few.open("three", ["inode"], OPTIONS)
    few.delete("one")
    few.open("two", ["inode"], OPTIONS)
    worlds.open("free", ["inode"], OPTIONS)
    assert started == [{"scanalytics": 7100, "inode": 7101}, {"inode": 7102}, {"inode": 7100}, {}]
    few.stop()


def test_worlds_are_bounded(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds_module, "MOST_WORLDS", 2)
    worlds.create("one", ["scanalytics"], OPTIONS)
    with pytest.raises(WorldError, match="2 worlds already"):
        worlds.create("two", ["scanalytics"], OPTIONS)


def test_a_deleted_world_is_gone_with_its_listener_and_the_rest_goes_on(worlds: Worlds) -> None:
    other = worlds.create("other", ["scanalytics"], OPTIONS)
    urls = [world.listen("scanalytics") for world in (worlds.get(MAIN), other)]
    worlds.delete("other")
    with pytest.raises(ConnectionRefusedError):
        Wire(urls[1])
    with Wire(urls[0]) as wire:
        assert wire.ask(GET).status == 401
    with pytest.raises(UnknownWorldError):
        worlds.delete("other")
    assert worlds.create("other", ["scanalytics"], OPTIONS) is not other


def test_the_main_world_stays(worlds: Worlds) -> None:
    with pytest.raises(WorldError, match="reset it instead"):
        worlds.delete(MAIN)
    assert worlds.names == [MAIN]


def test_stop_closes_every_listener(worlds: Worlds) -> None:
    other = worlds.create("other", ["scanalytics"], OPTIONS)
    urls = [world.listen("scanalytics") for world in (worlds.get(MAIN), other)]
    worlds.stop()
    for url in urls:
        with pytest.raises(ConnectionRefusedError):
            Wire(url)
