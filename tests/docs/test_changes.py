"""The changelog: fragments are named so that towncrier reads them, and a release leaves none behind."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vendorlab

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"feature": "Added", "change": "Changed", "fix": "Fixed", "removal": "Removed", "doc": "Documentation"}
FRAGMENT = re.compile(rf"(\d+|\+[a-z0-9-]+)\.({'|'.join(KINDS)})(\.\d+)?\.md")


def fragments() -> list[Path]:
    """Give what lies in ``changes`` but its README."""
    return sorted(path for path in (ROOT / "changes").iterdir() if path.name != "README.md")


def draft(tree: Path) -> str:
    """Give the section that towncrier would write at a release."""
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "1.2.3", "--date", "2026-11-21"]
    return subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True).stdout


def words(text: str) -> str:
    """Give a text as one line, however it was wrapped."""
    return " ".join(text.split())


def test_fragment_names_its_kind() -> None:
    wrong = [path.name for path in fragments() if not FRAGMENT.fullmatch(path.name)]
    assert wrong == [], f"NUMBER.KIND.md or +WORD.KIND.md; kinds: {', '.join(KINDS)}"


def test_fragment_is_made_of_sentences() -> None:
    texts = {path.name: path.read_text(encoding="utf-8").strip() for path in fragments()}
    assert [name for name, text in texts.items() if not re.fullmatch(r"[A-Z`].*\.", text, re.DOTALL)] == []


def test_every_fragment_reaches_the_changelog() -> None:
    pytest.importorskip("towncrier")
    written = words(draft(ROOT))
    assert [path.name for path in fragments() if words(path.read_text(encoding="utf-8")) not in written] == []


def test_kinds_become_the_headings_of_keep_a_changelog(tmp_path: Path) -> None:
    pytest.importorskip("towncrier")
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", symlinks=True)
    (tmp_path / "changes").mkdir()
    for kind in KINDS:
        (tmp_path / "changes" / f"+word.{kind}.md").write_text(f"This is a {kind}.", encoding="utf-8")
    expected = [line for kind, heading in KINDS.items() for line in (f"### {heading}", f"- This is a {kind}.")]
    assert [line for line in draft(tmp_path).splitlines() if line.startswith(("#", "-"))] == [
        "## [1.2.3] - 2026-11-21",
        *expected,
    ]


def test_released_version_heads_the_changelog() -> None:
    if "dev" in vendorlab.__version__:
        pytest.skip(f"{vendorlab.__version__} is not a release")
    headings = re.findall(r"(?m)^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert headings[:1] == [vendorlab.__version__]
    assert fragments() == []
