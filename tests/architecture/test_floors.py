"""The floors: import-linter passes on the tree, and does catch each kind of breach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("mocks", "clients", "contracts", "scenarios")
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# Where a forbidden import is planted, in which module that is, and what is imported: one for each contract.
BREACHES = (
    ("clients/core/__init__.py", "vendorlab.clients.core", "vendorlab.mocks.core"),
    ("mocks/core/__init__.py", "vendorlab.mocks.core", "vendorlab.mocks.scanalytics"),
    ("clients/control/__init__.py", "vendorlab.clients.control", "vendorlab.clients.scanalytics"),
    ("contracts/core/__init__.py", "vendorlab.contracts.core", "vendorlab.contracts.scanalytics"),
    ("mocks/scanalytics/wire.py", "vendorlab.mocks.scanalytics.wire", "flask"),
)


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a tree, whichever vendorlab is installed."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "NO_COLOR": "1", "COLUMNS": "200"}
    command = [sys.executable, "-c", LINT, "--no-cache"]
    return subprocess.run(command, cwd=tree, env=environment, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def broken(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Break every floor at once in a copy of the tree, and give what import-linter says of it."""
    copy = tmp_path_factory.mktemp("broken")
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in (*FOLDERS, "src"):
        shutil.copytree(tree / folder, copy / folder, symlinks=True, ignore=ignore)
    shutil.copy(tree / "pyproject.toml", copy)
    for name, _, imported in BREACHES:
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write(f"\nimport {imported}\n")
    (copy / "mocks" / "newcomer").mkdir()
    (copy / "mocks" / "newcomer" / "__init__.py").touch()
    done = lint_imports(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_imports_stay_on_their_floors(tree: Path) -> None:
    done = lint_imports(tree)
    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


@pytest.mark.parametrize(("importer", "imported"), [breach[1:] for breach in BREACHES])
def test_breach_of_a_floor_is_caught(broken: str, importer: str, imported: str) -> None:
    assert f"{importer} -> {imported} " in broken


def test_every_contract_can_be_broken(broken: str) -> None:
    assert "0 kept" in broken


def test_vendor_without_a_floor_is_caught(broken: str) -> None:
    assert "- vendorlab.mocks.newcomer" in broken
