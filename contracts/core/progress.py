"""Tells whoever started a run, line by line, how it goes: for a view of several runs side by side.

Each line is a JSON object: first ``{"tests": 265}``, then for each test
``{"test": "test_token.py::…", "verdict": "passed"}``.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from vendorlab.contracts.core.report import Verdict, worse

if TYPE_CHECKING:
    import pytest


class Progress:
    """Registered with pytest by ``plugin.py`` where somebody listens.

    Args:
        descriptor: A file descriptor that this process inherited.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._verdict = Verdict.PASSED

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell how many tests there are."""
        self._tell({"tests": len(session.items)})

    def pytest_runtest_logstart(self) -> None:
        """Begin with the best verdict."""
        self._verdict = Verdict.PASSED

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst verdict of a test's phases."""
        told = dict(report.user_properties).get("verdict", Verdict.PASSED)
        self._verdict = worse(self._verdict, Verdict(str(told)))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Tell what became of a test."""
        self._tell({"test": _short(nodeid), "verdict": self._verdict.value})

    def _tell(self, event: dict[str, object]) -> None:
        os.write(self._descriptor, json.dumps(event).encode() + b"\n")


def _short(nodeid: str) -> str:
    """A test's name without its folders; a parameter may hold slashes too."""
    path, _, name = nodeid.partition("::")
    return f"{path.rpartition('/')[2]}::{name}"
