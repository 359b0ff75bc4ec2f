"""Fixtures for the tests of the fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.support import Caller, Wire, make_world

if TYPE_CHECKING:
    from vendorlab.mocks.core.world import World

MakeWorld = Callable[..., "World"]
MakeCaller = Callable[..., Caller]
Connect = Callable[[str], Wire]


@pytest.fixture
def world_of() -> Iterator[MakeWorld]:
    """Make worlds that stand still; they are stopped with the test."""
    made: list[World] = []

    def make(vendor: str = "scanalytics", **options: Any) -> World:
        world = make_world(vendor, **options)
        made.append(world)
        return world

    yield make
    for world in made:
        world.stop()


@pytest.fixture
def world(world_of: MakeWorld) -> World:
    """A world with Scanalytics, which stands still."""
    return world_of()


@pytest.fixture(params=["legacy", "modern"])
def profile(request: pytest.FixtureRequest) -> str:
    """Each profile of the Django stack in turn."""
    return str(request.param)


@pytest.fixture
def caller_of(world_of: MakeWorld) -> MakeCaller:
    """Make callers, each of a world of its own."""

    def make(**options: Any) -> Caller:
        return Caller(world_of(**options))

    return make


@pytest.fixture
def caller(world: World) -> Caller:
    """Scanalytics in the test's world, called in process."""
    return Caller(world)


@pytest.fixture
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Open connections that close with the test; over https they trust the tests' authority."""
    opened: list[Wire] = []

    def open_one(url: str) -> Wire:
        ca = request.getfixturevalue("tls_files").ca if url.startswith("https:") else None
        wire = Wire(url, ca=ca)
        opened.append(wire)
        return wire

    yield open_one
    for wire in opened:
        wire.close()
