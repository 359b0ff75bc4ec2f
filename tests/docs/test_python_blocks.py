"""Every ``python`` block of the documents runs. A page is one test; its blocks share their names, top to bottom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from tests.docs.shell import UP, running_lab

from vendorlab.scenarios.core.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(page.relative_to(ROOT).as_posix() for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))


# A page that says so has its blocks run beside a lab, whose addresses and credentials are in the environment.
NEEDS_LAB = re.compile(r"^<!-- python: lab -->$", re.MULTILINE)

QUICK = ("--set", "slv.batch_seconds=0")
"""What takes a vendor its time by the clock takes none beside a page."""


def run_page(text: str, folder: Path) -> int:
    """Run a page's blocks in order, and give their number."""
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    parsers = (PythonCodeBlockParser(), SkipParser())
    examples = list(Sybil(parsers).parse(page).examples())
    for example in examples:
        example.evaluate()
    return len(examples)


@pytest.fixture(autouse=True)
def rules_of_pages_go_again() -> Iterator[None]:
    """A page on rules adds one, which other tests in this process must not find."""
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks_run(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    if not NEEDS_LAB.search(text):
        run_page(text, tmp_path)
        return
    with running_lab(tmp_path, [*UP, *QUICK]) as lab:
        for name, value in lab.environment().items():
            monkeypatch.setenv(name, value)
        run_page(lab.real(text), tmp_path)


def test_blocks_of_a_page_share_their_names(tmp_path: Path) -> None:
    assert run_page("```python\nx = 1\n```\n\nthen\n\n```python\nassert x == 1\n```\n", tmp_path) == 2


def test_block_that_fails_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run_page("```python\nassert 1 == 2\n```\n", tmp_path)
