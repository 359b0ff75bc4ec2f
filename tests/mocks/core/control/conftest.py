"""Fixtures of the control API's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.mocks.core.control.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A control API over one world that stands still."""
    made = Desk()
    yield made
    made.stop()
