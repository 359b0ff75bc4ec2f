"""Fixtures for the tests of the fake of SLV."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.slv.support import Caller

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeWorld

MakeCaller = Callable[..., Caller]


@pytest.fixture
def caller_of(world_of: MakeWorld) -> MakeCaller:
    """Make callers, each of a world of its own; keywords that the world does not know are SLV's settings.

    No lamp fails unless a test wants it to.
    """

    def make(
        *, profile: str | None = None, start: Any = None, seed: int = 7, log_in: bool = True, **settings: Any
    ) -> Caller:
        options = {} if start is None else {"start": start}
        settings = {"failure_rate": 0} | settings
        return Caller(world_of("slv", profile=profile, seed=seed, settings=settings, **options), log_in=log_in)

    return make


@pytest.fixture
def caller(caller_of: MakeCaller) -> Caller:
    """The vendor in the test's world, called in process by its administrator."""
    return caller_of()


@pytest.fixture
def stranger(caller_of: MakeCaller) -> Caller:
    """The same, called by nobody in particular."""
    return caller_of(log_in=False)
