"""What was made is noted before it is made, and crossed off when it is gone."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import keeping
from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.leftovers import Entry, Leftovers
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from pathlib import Path

TARGET = Target("slv", "https://slv.example", {"password": "hunter2"})


def files(home: Path) -> list[Path]:
    return sorted((home / "leftovers").glob("*.json"))


def test_run_that_makes_nothing_writes_nothing(tmp_path: Path) -> None:
    Leftovers.for_run(tmp_path, TARGET).close()
    assert list(tmp_path.rglob("*")) == []


def test_thing_is_on_disk_when_it_is_noted_and_the_file_gone_with_the_last(tmp_path: Path) -> None:
    mine = Leftovers.for_run(tmp_path, TARGET)
    zone = mine.add("geozone", name="vendorlab1a2b3c4d")
    [path] = files(tmp_path)
    assert json.loads(path.read_text())["entries"] == [
        {"number": 1, "kind": "geozone", "what": {"name": "vendorlab1a2b3c4d"}}
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "hunter2" not in path.read_text()
    mine.done(zone)
    assert files(tmp_path) == []
    mine.close()


def test_those_of_a_run_that_lives_are_left_alone(tmp_path: Path) -> None:
    mine = Leftovers.for_run(tmp_path, TARGET)
    mine.add("geozone", name="vendorlab1a2b3c4d")
    assert list(Leftovers.abandoned(tmp_path, TARGET)) == []
    mine.close()
    assert [len(each) for each in Leftovers.abandoned(tmp_path, TARGET)] == [1]
    assert list(Leftovers.abandoned(tmp_path, Target("slv", "https://another.example"))) == []


def test_what_cannot_be_taken_away_stays_noted(tmp_path: Path) -> None:
    """The last is taken away first, and one failure keeps nobody from the rest."""
    mine = Leftovers.for_run(tmp_path, TARGET)
    for name in ("one", "two", "three"):
        mine.add("geozone", name=name)
    mine.close()
    order: list[str] = []

    def take_away(entry: Entry) -> None:
        order.append(entry.what["name"])
        if entry.what["name"] == "two":
            raise RuntimeError("it is held")

    for old in Leftovers.abandoned(tmp_path, TARGET):
        assert [(str(entry), str(error)) for entry, error in old.take_away(take_away)] == [
            ("geozone two", "it is held")
        ]
    assert order == ["three", "two", "one"]
    assert [[str(entry) for entry in old] for old in Leftovers.abandoned(tmp_path, TARGET)] == [["geozone two"]]


def test_nothing_is_made_that_could_not_be_noted(tmp_path: Path) -> None:
    (tmp_path / "leftovers").write_text("in the way")
    with pytest.raises((UsageError, OSError)):
        Leftovers.for_run(tmp_path, TARGET).add("geozone", name="one")


def test_file_that_makes_no_sense_is_told_and_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "leftovers" / f"{keeping.key_of(TARGET)}-00000000.json"
    path.parent.mkdir()
    path.write_text("{")
    with pytest.raises(UsageError, match="look at it, then remove it"):
        list(Leftovers.abandoned(tmp_path, TARGET))
    assert path.exists()


def test_write_that_fails_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the disk were full at the worst moment."""
    path = tmp_path / "state.json"
    keeping.write_private(path, {"n": 1})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left on device"):
        keeping.write_private(path, {"n": 2})
    assert keeping.read_private(path) == {"n": 1}
