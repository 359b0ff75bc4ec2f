"""``vendorlab diff``: what it takes, and how it tells of hundreds of tests that only one side ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.cli.common import UsageFailure
from vendorlab.cli.diff import _folded, _recording
from vendorlab.contracts.core.drift import Change, Level

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Result


def lost(test: str, text: str = "passed → unasked") -> Change:
    return Change(Level.WARN, test, "verdict-lost", text)


def test_tests_that_only_one_side_ran_are_a_line_for_each_module() -> None:
    worse = Change(Level.ERR, "slv/test_a.py::test_1", "verdict-worse", "passed → failed")
    claim = lost("slv.lights.listed")
    changes = [
        lost("slv/test_a.py::test_2"),
        worse,
        lost("slv/test_a.py::T::test_3"),
        lost("slv/test_b.py::test_4"),
        claim,
    ]
    assert list(_folded(changes)) == [
        worse,
        claim,
        lost("slv/test_a.py: 2 tests"),
        lost("slv/test_b.py::test_4"),
    ]


def test_ways_of_being_lost_are_told_apart() -> None:
    changes = [lost("slv/test_a.py::test_1"), lost("slv/test_a.py::test_2", "passed → error")]
    assert list(_folded(changes)) == changes


def test_folder_of_a_recording_stands_for_its_file(tmp_path: Path) -> None:
    (tmp_path / "claims").mkdir()
    (tmp_path / "slv.json").touch()
    assert _recording(tmp_path) == tmp_path / "slv.json"
    (tmp_path / "inode.json").touch()
    with pytest.raises(UsageFailure, match=r"not the folder of one recording; files in it: inode.json, slv.json"):
        _recording(tmp_path)
    with pytest.raises(UsageFailure, match="files in it: none"):
        _recording(tmp_path / "claims")


@pytest.mark.parametrize(
    ("rules", "told"),
    [("x: 1", "they lack 'ignore'; drift.yaml shows their form"), ("x: [", "cannot be read"), ("3", "cannot be used")],
)
def test_rules_that_make_no_sense_are_one_line(
    command: Callable[..., Result], tmp_path: Path, rules: str, told: str
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(rules)
    result = command("diff", str(path), str(path), "--rules", str(path))
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert told in result.err
