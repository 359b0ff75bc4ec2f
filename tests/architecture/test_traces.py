"""Nothing in the tree tells where it was made: no path of somebody's machine, no host of a package registry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

# Put together from parts, for this file is searched as well.
ROOTS = ("work", "tmp", "root", "home", "Users", "var/folders")
MACHINE_PATH = re.compile(r"(?<![\w.\-~}>)])/(?:" + "|".join(ROOTS) + r")/[\w.]")
HOSTS = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("yarnpkg", "com"),
    ("debian", "org"),
)
REGISTRY = re.compile(r"\b(?:" + "|".join(rf"{name}\.{zone}" for name, zone in HOSTS) + r")\b")


def traces(text: str) -> list[str]:
    """List the machine paths and registry hosts in a text."""
    return [match.group() for pattern in (MACHINE_PATH, REGISTRY) for match in pattern.finditer(text)]


def test_tree_names_no_machine_and_no_registry(tree: Path, own_files: list[str]) -> None:
    found: list[str] = []
    for name in own_files:
        text = (tree / name).read_bytes().decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            found += [f"{name}:{number}: {trace}" for trace in traces(line)]
    assert found == []


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("frame", ["{}", "file={}", '"{}"', "see {}."])
def test_machine_path_is_found(root: str, frame: str) -> None:
    assert traces(frame.format(f"/{root}/a/b.py")) == [f"/{root}/a"]


@pytest.mark.parametrize("host", HOSTS)
def test_registry_host_is_found(host: tuple[str, str]) -> None:
    assert traces(f"https://files.{'.'.join(host)}/simple") == [".".join(host)]


@pytest.mark.parametrize(
    "text", ["docs/home/a.md", "https://example.com/home/a", "/v1/whoami/", "home/tmp", "a /work b"]
)
def test_ordinary_text_holds_no_trace(text: str) -> None:
    assert traces(text) == []
