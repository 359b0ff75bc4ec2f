"""The wheel and the sdist hold what the tree holds: all of it, and nothing else."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Folder of the tree, and where the wheel has it.
FOLDERS = {
    "src/vendorlab": "vendorlab",
    "mocks": "vendorlab/mocks",
    "clients": "vendorlab/clients",
    "contracts": "vendorlab/contracts",
    "scenarios": "vendorlab/scenarios",
}
SYMLINK = 0o120000


@pytest.fixture(scope="module")
def tracked(tree: Path, tool: Callable[[str], str]) -> set[str]:
    """Name every file of the tree that git tracks or would take, but no links."""
    listing = [tool("git"), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=tree, check=True, capture_output=True, text=True)
    return {name for name in done.stdout.split("\0") if (tree / name).is_file() and not (tree / name).is_symlink()}


@pytest.fixture(scope="module")
def shipped(wheel: Path) -> dict[str, zipfile.ZipInfo]:
    """Give the wheel's files but its metadata, by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: info for info in archive.infolist() if ".dist-info/" not in info.filename}


def test_wheel_holds_every_file_of_its_folders_and_no_other(
    tracked: set[str], shipped: dict[str, zipfile.ZipInfo]
) -> None:
    pairs = [(name, folder) for name in tracked for folder in FOLDERS if name.startswith(f"{folder}/")]
    expected = {FOLDERS[folder] + name.removeprefix(folder) for name, folder in pairs}
    assert sorted(expected ^ set(shipped)) == []


def test_wheel_puts_one_name_into_site_packages(shipped: dict[str, zipfile.ZipInfo]) -> None:
    assert {PurePosixPath(name).parts[0] for name in shipped} == {"vendorlab"}


def test_wheel_holds_no_links(shipped: dict[str, zipfile.ZipInfo]) -> None:
    assert [name for name, info in shipped.items() if info.external_attr >> 16 & 0o170000 == SYMLINK] == []


def test_wheel_holds_its_type_marker(shipped: dict[str, zipfile.ZipInfo]) -> None:
    assert "vendorlab/py.typed" in shipped


def test_sdist_holds_every_file_of_the_tree_and_no_links(tracked: set[str], sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        members = [member for member in archive.getmembers() if not member.isdir()]
    assert [member.name for member in members if not member.isfile()] == []
    names = {member.name.partition("/")[2] for member in members} - {"PKG-INFO"}
    assert sorted(names ^ tracked) == []
