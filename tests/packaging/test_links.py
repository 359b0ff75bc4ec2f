"""In a checkout each ``vendorlab.<folder>`` is the folder at the top of the tree, by a link in ``src/vendorlab``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("mocks", "clients", "contracts", "scenarios")

BROKEN_LINK = """\
src/vendorlab/{folder} is not a link to {folder}/, so this checkout cannot import it.
Links are lost where git may not make any (Windows without developer mode; core.symlinks=false) and in plain copies.
Allow them and check the file out again, or: ln -s ../../{folder} src/vendorlab/{folder}"""

OTHER_TREE = """\
vendorlab.{folder} is {found}, not {folder}/ of this tree.
The environment was installed from somewhere else; install it again from here: make clean test"""


@pytest.mark.parametrize("folder", FOLDERS)
def test_link_leads_to_the_folder_at_the_top(tree: Path, folder: str) -> None:
    link = tree / "src" / "vendorlab" / folder
    assert link.is_symlink(), BROKEN_LINK.format(folder=folder)
    assert str(link.readlink()) == f"../../{folder}", BROKEN_LINK.format(folder=folder)


@pytest.mark.parametrize("folder", FOLDERS)
def test_import_name_is_the_folder_at_the_top(tree: Path, folder: str) -> None:
    (found,) = import_module(f"vendorlab.{folder}").__path__
    assert (tree / folder).samefile(found), OTHER_TREE.format(folder=folder, found=found)
