"""Fixtures for the tests of the fake of iNode."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.inode.support import Caller

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeWorld

MakeCaller = Callable[..., Caller]


@pytest.fixture
def caller_of(world_of: MakeWorld) -> MakeCaller:
    """Make callers, each of a world of its own; keywords that the world does not know are iNode's settings."""

    def make(*, profile: str | None = None, start: Any = None, **settings: Any) -> Caller:
        options = {} if start is None else {"start": start}
        return Caller(world_of("inode", profile=profile, settings=settings, **options))

    return make


@pytest.fixture
def caller(caller_of: MakeCaller) -> Caller:
    """The vendor in the test's world, called in process."""
    return caller_of()


@pytest.fixture
def dated(caller_of: MakeCaller, profile: str) -> Caller:
    """The vendor under each profile in turn."""
    return caller_of(profile=profile)
