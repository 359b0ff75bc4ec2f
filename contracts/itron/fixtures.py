"""Fixtures of the suites that speak no HTTP, and whose tokens come from the platform beside their target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.session import suite_run
from vendorlab.contracts.itron.tokens import PLATFORM, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.contracts.core.access import Access


@pytest.fixture(scope="session")
def tokens(request: pytest.FixtureRequest, access: Access) -> Iterator[Tokens]:
    """Where tokens come from."""
    found = Tokens(access, suite_run(request.config).beside(PLATFORM))
    yield found
    found.close()
