"""Fixtures of the control suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from vendorlab.contracts.control.api import START, VENDOR, Api, World
from vendorlab.contracts.core.session import suite_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.leftovers import Entry


@pytest.fixture(scope="session")
def access(request: pytest.FixtureRequest) -> Access:
    """What may be done to the target."""
    return suite_run(request.config).access("control")


@pytest.fixture(scope="session")
def api(access: Access) -> Api:
    """The target, as this suite asks it."""
    return Api(access)


@pytest.fixture(scope="session")
def new_name() -> Callable[[], str]:
    """Names that no world has, however many runs share a target."""
    return lambda: f"contract-{uuid4().hex[:12]}"


@pytest.fixture
def make_world(api: Api, access: Access, new_name: Callable[[], str]) -> Iterator[Callable[..., World]]:
    """Make worlds that stand still at ``START``, unless told otherwise; they end with the test."""
    made: list[Entry] = []

    def make(**options: Any) -> World:
        made.append(access.leftovers.add("world", world=options.setdefault("name", new_name())))
        return World(api, api.ask("POST", "/worlds", {"vendors": [VENDOR], "start": START, "rate": 0, **options}))

    yield make
    for entry in made:
        api.ask("DELETE", f"/worlds/{entry.what['world']}")
        access.leftovers.done(entry)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world of the test's own."""
    return make_world()
