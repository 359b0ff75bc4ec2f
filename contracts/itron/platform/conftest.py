"""Fixtures of the suite."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.api import once
from vendorlab.contracts.core.fixtures import clock
from vendorlab.contracts.core.session import suite_run
from vendorlab.contracts.itron.platform.api import Api, observations
from vendorlab.contracts.itron.platform.readings import Times
from vendorlab.contracts.itron.platform.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vendorlab.contracts.core.access import Access

_RENEWED_AFTER = 3_000.0
"""Seconds after which a run that makes few logins makes another: a token lives for an hour."""

__all__ = ["clock"]


@pytest.fixture(scope="session")
def access(request: pytest.FixtureRequest) -> Access:
    """What may be done to the target."""
    return suite_run(request.config).access("itron-platform")


@pytest.fixture(scope="session")
def api(access: Access) -> Api:
    """The target, as this suite asks it."""
    return Api(access)


@pytest.fixture(scope="session")
def log_in(api: Api, access: Access) -> Callable[[], str]:
    """Get a token: a new one each time where that may be, else one for the better part of its hour."""
    return api.token if access.capabilities & {"spend", "clock"} else _seldom(api.token)


@pytest.fixture
def token(log_in: Callable[[], str]) -> str:
    """A good token."""
    return log_in()


@pytest.fixture
def workshop(api: Api, access: Access, token: str) -> Iterator[Workshop]:
    """A solution of the test's own; only for tests that may write."""
    assert "write" in access.capabilities, "a test that makes something must say that it writes"
    found = Workshop(api, access, token)
    yield found
    found.close()


@pytest.fixture
def device(workshop: Workshop) -> str:
    """A device in it."""
    return workshop.device()


@pytest.fixture
def times(access: Access) -> Times:
    """Moments in the last hours, as the target knows them."""
    now = access.clock.now() if "clock" in access.capabilities else datetime.now(UTC)
    return Times(now.astimezone(UTC).replace(second=0, microsecond=0) - timedelta(hours=2))


@pytest.fixture
def readable(request: pytest.FixtureRequest, api: Api, access: Access) -> str:
    """The path of observations to ask for: of a device of the suite's own where it may make one."""
    if "write" not in access.capabilities:
        return observations(api.solution)
    workshop: Workshop = request.getfixturevalue("workshop")
    return observations(workshop.solution, workshop.device())


def _seldom(login: Callable[[], str]) -> Callable[[], str]:
    logins: list[tuple[float, Callable[[], str]]] = []

    def current() -> str:
        __tracebackhide__ = True
        now = time.monotonic()
        if not logins or now - logins[-1][0] > _RENEWED_AFTER:
            logins.append((now, once(login)))
        return logins[-1][1]()

    return current
