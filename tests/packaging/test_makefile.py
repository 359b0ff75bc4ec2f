"""The Makefile's promises that can be checked without an install: what ``make up`` hands on, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Stands in for the environment's Python: says what it was given, then waits to be interrupted as `vendorlab up` does.
STAND_IN = """#!/bin/sh
trap 'echo stopped; exit 130' INT
trap 'echo terminated; exit 143' TERM
echo "$@"
while :; do sleep 0.01; done
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a folder that the Makefile takes for a tree whose environment is installed."""
    (tmp_path / "pyproject.toml").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN, encoding="utf-8")
    python.chmod(0o755)
    (tmp_path / ".venv" / "installed").mkdir()
    for stamp in ("all", "dev"):
        (tmp_path / ".venv" / "installed" / stamp).touch()
    return tmp_path


@pytest.fixture
def make(tree: Path, tool: Callable[[str], str], place: Path) -> list[str]:
    """Give the beginning of a make command that works on that folder."""
    return [tool("make"), "--no-print-directory", "-C", str(place), "-f", str(tree / "Makefile")]


@pytest.fixture
def clean_environment() -> dict[str, str]:
    """Give this process's environment without what an outer make has set."""
    outer = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHON", "VENV", "ARGS", "WORKERS")
    return {name: value for name, value in os.environ.items() if name not in outer}


@pytest.mark.parametrize(("number", "last_word"), [(signal.SIGINT, "stopped"), (signal.SIGTERM, "terminated")])
def test_signal_ends_make_up_at_once(
    make: list[str], clean_environment: dict[str, str], number: signal.Signals, last_word: str
) -> None:
    with subprocess.Popen(
        [*make, "up", "ARGS=scanalytics --port 0"],
        env=clean_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "-m vendorlab up scanalytics --port 0\n"
        sent = time.monotonic()
        if number is signal.SIGINT:
            os.killpg(running.pid, number)  # a terminal sends Ctrl-C to make and to all that it runs
        else:
            running.send_signal(number)  # a supervisor tells only make
        output, _ = running.communicate(timeout=10)
        assert time.monotonic() - sent < 1
    assert output == f"{last_word}\n"


def test_make_clean_removes_the_environment_that_make_made(make: list[str], place: Path) -> None:
    (place / "mocks" / "__pycache__").mkdir(parents=True)
    (place / "dist").mkdir()
    subprocess.run([*make, "clean"], check=True, capture_output=True)
    assert sorted(path.name for path in place.rglob("*")) == ["mocks", "pyproject.toml"]


def test_make_clean_leaves_a_folder_alone_that_make_did_not_make(make: list[str], place: Path) -> None:
    (place / "precious").mkdir()
    subprocess.run([*make, "VENV=precious", "clean"], check=True, capture_output=True)
    assert (place / "precious").exists()
    assert (place / ".venv").exists()


@pytest.mark.parametrize("job", ["help", "up", "test", "lint", "types", "bench", "docs", "clean"])
def test_make_help_names_every_job(make: list[str], job: str) -> None:
    lines = subprocess.run([*make, "help"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert any(line.split()[:1] == [job] for line in lines)


def test_make_types_runs_both_checkers_and_hands_its_arguments_to_pyright(
    make: list[str], clean_environment: dict[str, str], place: Path
) -> None:
    script = '#!/bin/sh\necho "$@" >> ran\n'
    (place / ".venv" / "bin" / "python").write_text(script, encoding="utf-8")
    command = [*make, "--jobs=2", "types", "ARGS=tests"]
    subprocess.run(command, env=clean_environment, check=True, capture_output=True)
    ran = sorted((place / "ran").read_text().splitlines())
    assert ran == ["-m mypy", "-m pyright --pythonpath .venv/bin/python tests"]


def test_python_that_is_too_old_is_refused_in_words(
    make: list[str], clean_environment: dict[str, str], place: Path
) -> None:
    command = [*make, "VENV=none", "PYTHON=false", "up"]
    done = subprocess.run(command, env=clean_environment, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Python 3.11 or later, which false is not" in done.stderr
    assert not (place / "none").exists()


def test_environment_of_another_python_is_not_used_in_silence(
    make: list[str], clean_environment: dict[str, str], place: Path
) -> None:
    (place / ".venv" / "bin" / "python").write_text("#!/bin/sh\necho another\n", encoding="utf-8")
    command = [*make, f"PYTHON={sys.executable}", "test"]
    done = subprocess.run(command, env=clean_environment, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert ".venv was made with another Python" in done.stderr
