"""What hypothesis notes ends with a run, but for its tables, which the next one finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.notes import notes

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "unicode_data/14.0.0/charmap.json.gz"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_run_finds_the_tables_of_the_one_before_and_no_other_notes_of_its() -> None:
    with notes() as folder:
        write(folder / TABLE, b"made")
        write(folder / "examples" / "one", b"failed")
        write(folder / "unicode_data" / "half.tmp", b"ma")
    assert not folder.exists()
    with notes() as folder:
        assert [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in folder.rglob("*.*z")] == [
            (TABLE, b"made")
        ]
        assert sum(path.is_file() for path in folder.rglob("*")) == 1


def test_table_that_a_run_made_anew_takes_the_place_of_a_spoiled_one(cache: Path) -> None:
    write(cache / "vendorlab" / TABLE, b"spoiled")
    with notes() as folder:
        write(folder / TABLE, b"made")
    assert [path.read_bytes() for path in cache.rglob("*") if path.is_file()] == [b"made"]


def test_cache_that_cannot_be_used_stops_no_run(cache: Path) -> None:
    cache.write_bytes(b"a file, where a folder should be")
    with notes() as folder:
        write(folder / TABLE, b"made")
    assert cache.is_file()
