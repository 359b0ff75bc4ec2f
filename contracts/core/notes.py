"""Where hypothesis keeps its notes during a run: in a folder that ends with it, but for tables that cost time."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Generator

VARIABLE = "HYPOTHESIS_STORAGE_DIRECTORY"
"""By this hypothesis is told where; left to itself it would write where it runs."""
TABLES = "unicode_data"
"""What hypothesis calls its tables of characters: the same for every run, and more than a second's work."""


@contextmanager
def notes() -> Generator[Path]:
    """Give a folder for a run's notes, with the tables that an earlier run of this user made.

    Whatever of these cannot be read or kept, such as on a read-only disk, hypothesis makes anew.
    """
    kept = Path(platformdirs.user_cache_dir("vendorlab", appauthor=False)) / TABLES
    with tempfile.TemporaryDirectory(prefix="vendorlab-suite-") as folder:
        tables = Path(folder) / TABLES
        with suppress(OSError):
            shutil.copytree(kept, tables)
        yield Path(folder)
        with suppress(OSError):
            _keep(tables, kept)


def _keep(tables: Path, kept: Path) -> None:
    """Keep what is new, each file whole or not at all, as other runs may be reading."""
    for table in tables.rglob("*.gz"):
        place = kept / table.relative_to(tables)
        made = table.read_bytes()
        if place.exists() and place.read_bytes() == made:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        draft.write_bytes(made)
        draft.replace(place)
