"""The example project outside the tree: the built wheel, an environment of its own, four workers, two hundred tests."""

from __future__ import annotations

import os
import re
import shutil
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

SECONDS = 20.0
"""For all of it on two cores that are otherwise idle; beside other tests it gets less of them (``SLACK``)."""

SLACK = 3.0


@pytest.mark.slow
def test_two_hundred_tests_on_four_workers_do_not_see_each_other(
    run_installed: Callable[..., subprocess.CompletedProcess[str]], tree: Path, tmp_path: Path
) -> None:
    source = tree / "tests" / "packaging" / "two_hundred"
    project = shutil.copytree(source, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))
    began = time.monotonic()
    done = run_installed("python", "-m", "pytest", "-q", "-n", "4", "-p", "no:asyncio", extras=True, cwd=project)
    took = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b200 passed\b", done.stdout)
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    assert took < SECONDS * (1 if alone else SLACK), f"{took:.1f} s"
