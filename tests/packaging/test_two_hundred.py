"""The example project outside the tree: the built wheel, an environment of its own, four workers, two hundred tests."""

from __future__ import annotations

import os
import re
import resource
import shutil
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

SECONDS = 20.0
"""For all of it on two cores that have nothing else to do."""

CORES = 2


@pytest.mark.slow
def test_two_hundred_tests_on_four_workers_do_not_see_each_other(
    run_installed: Callable[..., subprocess.CompletedProcess[str]], tree: Path, tmp_path: Path
) -> None:
    source = tree / "tests" / "packaging" / "two_hundred"
    project = shutil.copytree(source, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))
    # Beside other tests the wall says nothing, so the bound holds for the time that two cores would take to do it.
    idle = "PYTEST_XDIST_WORKER" not in os.environ and os.getloadavg()[0] < 1
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = run_installed("python", "-m", "pytest", "-q", "-n", "4", "-p", "no:asyncio", extras=True, cwd=project)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b200 passed\b", done.stdout)
    busy = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert busy / CORES < SECONDS, f"{busy:.1f} s of processor time"
    assert not idle or wall < SECONDS, f"{wall:.1f} s"
