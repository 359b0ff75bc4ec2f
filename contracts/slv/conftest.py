"""Fixtures of the suite."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.api import once
from vendorlab.contracts.core.capabilities import refusal
from vendorlab.contracts.core.fixtures import clock
from vendorlab.contracts.core.session import suite_run
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import Api, Session
from vendorlab.contracts.slv.estate import Estate
from vendorlab.contracts.slv.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from vendorlab.contracts.core.access import Access

_STEP, _STEPS = 30.0, 40
"""Seconds between two looks at a batch, and how often a suite looks before it gives up."""

__all__ = ["clock"]


@pytest.fixture(scope="session")
def access(request: pytest.FixtureRequest) -> Access:
    """What may be done to the target."""
    return suite_run(request.config).access("slv")


@pytest.fixture(scope="session")
def api(access: Access) -> Api:
    """The target, as this suite asks it."""
    return Api(access)


@pytest.fixture(scope="session")
def log_in(api: Api, access: Access) -> Callable[[], Session]:
    """Let the user in: anew each time where that may be, else once in a run."""
    return api.sign_in if access.capabilities & {"spend", "clock"} else once(api.sign_in)


@pytest.fixture
def session(log_in: Callable[[], Session]) -> Session:
    """A session of the user's."""
    return log_in()


@pytest.fixture(scope="session")
def estate(api: Api, log_in: Callable[[], Session]) -> Estate:
    """What the target has."""
    return Estate(api, log_in)


@pytest.fixture
def still(access: Access) -> Iterator[None]:
    """Hold the target's clock where there is one, so that nothing moves between two questions."""
    if "clock" not in access.capabilities:
        yield
        return
    with access.clock.frozen():
        yield


@pytest.fixture
def let_pass(access: Access) -> Callable[[float], None]:
    """Let seconds go by at the target: by its clock where there is one, else in real time where that may be."""
    if "clock" in access.capabilities:
        return access.clock.advance
    if "wait" not in access.capabilities:
        pytest.skip(refusal("wait", access.target))
    return time.sleep


@pytest.fixture
def workshop(api: Api, access: Access, log_in: Callable[[], Session], estate: Estate) -> Iterator[Workshop]:
    """A place to make things in; only for tests that may write."""
    assert "write" in access.capabilities, "a test that makes something must say that it writes"
    found = Workshop(api, access, log_in, estate.root)
    yield found
    found.close()


@pytest.fixture
def finished(
    api: Api, log_in: Callable[[], Session], let_pass: Callable[[float], None]
) -> Callable[[httpx.Response], dict[str, Any]]:
    """Wait for the batch that an answer began, and return it as it is in the end."""

    def wait(begun: httpx.Response) -> dict[str, Any]:
        __tracebackhide__ = True
        found, response = forms.batch(begun), begun
        for _ in range(_STEPS):
            if not found["batchRunning"]:
                return found
            let_pass(_STEP)
            response = api.call(log_in(), "getBatchResult", {"batchId": found["batchId"]})
            found = forms.batch(response)
        expect.check(not found["batchRunning"], response, f"a batch that ends within {_STEP * _STEPS:g} seconds")
        return found

    return wait
