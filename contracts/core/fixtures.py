"""Fixtures of every suite, which its conftest imports; it adds ``access``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.control import Clock


@pytest.fixture
def clock(access: Access) -> Clock:
    """The target's clock; only for tests that need it."""
    return access.clock
