"""Watches that no run in this project makes vendorlab's folders importable by their bare names."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

BARE_NAMES = ("mocks", "clients", "contracts", "scenarios")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Fail the run if a bare name has leaked."""
    leaked = [name for name in BARE_NAMES if find_spec(name) is not None]
    if leaked:
        pytest.exit(f"importable: {leaked}", returncode=9)
