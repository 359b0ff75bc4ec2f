"""Fixtures of the Scanalytics suite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.django.fixtures import grant, log_in, token
from vendorlab.contracts.core.fixtures import clock
from vendorlab.contracts.core.session import suite_run
from vendorlab.contracts.scanalytics.aggregates import Place, find_arrays, find_busy_place
from vendorlab.contracts.scanalytics.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.core.django.api import Grant

__all__ = ["clock", "grant", "log_in", "token"]

_HOUR = 3_600
_RELIEF_AFTER = 90
"""Requests after which a suite that owns the clock lets an hour pass: no test but those on limits makes as many."""


@pytest.fixture(scope="session")
def access(request: pytest.FixtureRequest) -> Access:
    """What may be done to the target."""
    return suite_run(request.config).access("scanalytics")


@pytest.fixture(scope="session")
def api(access: Access) -> Api:
    """The target, as this suite asks it."""
    return Api(access)


@pytest.fixture
def allowance(access: Access) -> Iterator[Clock]:
    """A rate limit nobody has used yet, under a clock that stands still; nobody feels afterwards what was used up."""
    with access.clock.frozen():
        access.clock.advance(_HOUR)
        yield access.clock
        access.clock.advance(_HOUR)


@pytest.fixture(scope="session")
def array_keys(api: Api, log_in: Callable[[], Grant]) -> list[str]:
    """The keys of the arrays to ask about; skips the test if the user has none."""
    return find_arrays(api, log_in().access)


@pytest.fixture(scope="session")
def array_key(array_keys: list[str]) -> str:
    """The key of some array."""
    return array_keys[0]


@pytest.fixture(scope="session")
def busy(api: Api, access: Access, log_in: Callable[[], Grant], array_keys: list[str]) -> Place:
    """An array at which people were counted, and the week in which they were."""
    now = access.clock.now() if "clock" in access.capabilities else datetime.now(UTC)
    return find_busy_place(api, log_in().access, array_keys, now)


@pytest.fixture(autouse=True)
def _relief(request: pytest.FixtureRequest, access: Access) -> None:
    """Let an hour pass now and then, so that no test runs into a limit that the ones before it used up."""
    if "clock" in access.capabilities:
        spent: int = access.budget.spent
        if spent - request.config.stash.get(_RELIEVED, 0) >= _RELIEF_AFTER:
            access.clock.advance(_HOUR)
            request.config.stash[_RELIEVED] = spent


_RELIEVED = pytest.StashKey[int]()
