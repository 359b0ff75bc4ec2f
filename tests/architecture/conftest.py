"""The source tree as its own tests look at it: which files there are, and what they say."""

from __future__ import annotations

import ast
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@pytest.fixture(scope="session")
def own_files(tree: Path, tool: Callable[[str], str]) -> list[str]:
    """List what belongs to the project: every tracked file, and every new one that git would not ignore.

    Paths are relative to the root, with slashes. The links in ``src`` are left out.
    """
    listing = [tool("git"), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=tree, check=True, capture_output=True, text=True)
    names = [name for name in done.stdout.split("\0") if name]
    return sorted(name for name in names if (tree / name).is_file() and not (tree / name).is_symlink())


@pytest.fixture(scope="session")
def parsed(tree: Path, own_files: list[str]) -> Mapping[str, ast.Module]:
    """Parse every Python file of the project, by its path."""
    files = [name for name in own_files if name.endswith(".py")]
    return {name: ast.parse((tree / name).read_text(encoding="utf-8"), name) for name in files}
