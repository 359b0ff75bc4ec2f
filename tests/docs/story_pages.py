"""Writes docs/stories anew from the stories: ``python -m tests.docs.story_pages``."""

from __future__ import annotations

from pathlib import Path

from vendorlab.scenarios.core.pages import index, page
from vendorlab.scenarios.core.story import find, names

PAGES = Path(__file__).parents[2] / "docs" / "stories"

if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    stories = [find(name) for name in names()]
    for story in stories:
        (PAGES / f"{story.name}.md").write_text(page(story), encoding="utf-8")
    (PAGES / "README.md").write_text(index(stories), encoding="utf-8")
