"""Fixtures of the iNode suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.django.fixtures import grant, log_in, token
from vendorlab.contracts.core.fixtures import clock
from vendorlab.contracts.core.session import suite_run
from vendorlab.contracts.inode.api import Api

if TYPE_CHECKING:
    from vendorlab.contracts.core.access import Access

__all__ = ["clock", "grant", "log_in", "token"]


@pytest.fixture(scope="session")
def access(request: pytest.FixtureRequest) -> Access:
    """What may be done to the target."""
    return suite_run(request.config).access("inode")


@pytest.fixture(scope="session")
def api(access: Access) -> Api:
    """The target, as this suite asks it."""
    return Api(access)
