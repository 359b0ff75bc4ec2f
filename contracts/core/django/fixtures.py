"""What the rules ask for. A suite's conftest imports these fixtures and adds ``access`` and ``api``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.api import once

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.django.api import DjangoApi, Grant


@pytest.fixture(scope="session")
def log_in(api: DjangoApi, access: Access) -> Callable[[], Grant]:
    """Log in as the suite usually does: anew each time where that may be, else once in a run."""
    return api.login if "spend" in access.capabilities else once(api.login)


@pytest.fixture
def grant(api: DjangoApi, log_in: Callable[[], Grant]) -> Grant:
    """A login: the test's own where that may be, else the run's only one; skips the test where nobody logs in."""
    if api.resumes:
        pytest.skip("looks at a login, and there was a refresh token instead")
    return log_in()


@pytest.fixture
def token(log_in: Callable[[], Grant]) -> str:
    """A good access token."""
    return log_in().access
