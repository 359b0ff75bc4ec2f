"""Fixtures for the tests of the fake of Itron."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.itron.coap_support import Desk
from tests.mocks.itron.support import Caller

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeWorld

MakeCaller = Callable[..., Caller]
MakeDesk = Callable[..., Desk]


@pytest.fixture
def caller_of(world_of: MakeWorld) -> MakeCaller:
    """Make callers, each of a world of its own; keywords that the world does not know are Itron's settings."""

    def make(*, seed: int = 7, start: Any = None, direct: bool = True, **settings: Any) -> Caller:
        options = {} if start is None else {"start": start}
        return Caller(world_of("itron", seed=seed, direct=direct, settings=settings, **options))

    return make


@pytest.fixture
def served_of(world_of: MakeWorld) -> Iterator[MakeCaller]:
    """The same, called over sockets."""
    made: list[Caller] = []

    def make(*, direct: bool = True, **settings: Any) -> Caller:
        world = world_of("itron", direct=direct, settings=settings)
        made.append(Caller(world, world.listen("itron-platform")))
        return made[-1]

    yield make
    for caller in made:
        caller.http.close()


@pytest.fixture(params=["direct", "reference"])
def served(served_of: MakeCaller, request: pytest.FixtureRequest) -> Caller:
    """The vendor in the test's world, called over sockets, in each lane in turn."""
    return served_of(direct=request.param == "direct")


@pytest.fixture
def caller(caller_of: MakeCaller) -> Caller:
    """The vendor in the test's world, called in process."""
    return caller_of()


@pytest.fixture
def desk_of(world_of: MakeWorld) -> MakeDesk:
    """Make desks with the gateway of a world of its own; keywords are Itron's settings."""

    def make(*, seed: int = 7, **settings: Any) -> Desk:
        return Desk(world_of("itron", seed=seed, settings=settings))

    return make


@pytest.fixture
def desk(desk_of: MakeDesk) -> Desk:
    """A desk in a world that stands still, with a session open."""
    made = desk_of()
    made.open()
    return made
