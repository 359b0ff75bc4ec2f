"""What the tests of all clients ask for."""

from __future__ import annotations

import pytest
from tests.clients.django_fake import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["legacy", "modern"])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)
