"""Links between the documents lead somewhere: the file is there, and so is the heading."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "changes", "benchmarks", "contracts", "scenarios")
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in (*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md")))
)
OUTSIDE = re.compile(r"(https?|mailto|coaps?|mqtts?):")


def tokens(text: str) -> Iterator[Token]:
    """Yield a page's tokens, those within a line of text too."""
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        yield token
        yield from token.children or ()


def anchors(text: str) -> set[str]:
    """Give the anchors of a page's headings, made the way that Git hosts make them."""
    found: set[str] = set()
    after_heading = False
    for token in tokens(text):
        if token.type == "inline" and after_heading:
            words = "".join(child.content for child in token.children or () if child.type in {"text", "code_inline"})
            base = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            anchor, number = base, 0
            while anchor in found:
                number += 1
                anchor = f"{base}-{number}"
            found.add(anchor)
        after_heading = token.type == "heading_open"
    return found


def broken_links(page: Path) -> list[str]:
    """List a page's links that lead nowhere. Those that leave the tree are not followed."""
    broken: list[str] = []
    for token in tokens(page.read_text(encoding="utf-8")):
        link = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if not link or OUTSIDE.match(link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_somewhere(page: str) -> None:
    assert broken_links(ROOT / page) == []


def test_link_to_a_missing_file_or_heading_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Set up\n[a](#set-up) [b](page.md#set-up) [c](none.md) [d](#gone) ![e](f.png)\n", encoding="utf-8"
    )
    assert broken_links(page) == ["none.md", "#gone", "f.png"]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("## Add a vendor", "add-a-vendor"),
        ("# What's `up`?", "whats-up"),
        ("# 1. The `mocks/core` _kernel_", "1-the-mockscore-kernel"),
    ],
)
def test_anchor_is_made_from_the_words_of_its_heading(heading: str, anchor: str) -> None:
    assert anchors(heading) == {anchor}


def test_second_heading_of_a_name_is_numbered() -> None:
    assert anchors("# A\n\n# A\n") == {"a", "a-1"}
