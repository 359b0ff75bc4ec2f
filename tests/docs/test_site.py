"""The site: it builds without a warning, needs no network to be read, and its reference is what the code says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from vendorlab.mocks import registry
from vendorlab.mocks.core.control.operations import OPERATIONS

if TYPE_CHECKING:
    from pathlib import Path

FETCHED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}
FROM_ELSEWHERE = re.compile(r"(https?:)?//")


class Fetches(HTMLParser):
    """Collects what a browser fetches by itself when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and values.get("rel") == "canonical":
            return
        self.found += [value or "" for name, value in attrs if (tag, name) in FETCHED]


def fetched(page: str) -> list[str]:
    """What a page makes a browser fetch."""
    reader = Fetches()
    reader.feed(page)
    return reader.found


@pytest.fixture(scope="module")
def site(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, strictly."""
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(place)]
    done = subprocess.run(
        command, cwd=tree, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    warnings = [line for line in done.stderr.splitlines() if line.startswith(("WARNING", "ERROR"))]
    assert warnings == []
    return place


def test_no_page_fetches_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    found = {page.name: [link for link in fetched(page.read_text()) if FROM_ELSEWHERE.match(link)] for page in pages}
    assert {name: links for name, links in found.items() if links} == {}
    styles = "".join(style.read_text() for style in site.rglob("*.css"))
    assert re.findall(r"@import[^;]*//|url\(['\"]?(?:https?:)?//[^)]*\)", styles) == []


def test_fetch_from_elsewhere_would_be_found() -> None:
    page = '<link rel="canonical" href="https://a/"><script src="//cdn.example/x.js"></script><img src="a.png">'
    assert [link for link in fetched(page) if FROM_ELSEWHERE.match(link)] == ["//cdn.example/x.js"]


def test_every_document_is_a_page(site: Path, tree: Path) -> None:
    written = [page.relative_to(tree / "docs").with_suffix(".html") for page in (tree / "docs").rglob("*.md")]
    found = [page.with_name("index.html") if page.name == "README.html" else page for page in written]
    assert [page for page in found if not (site / page).exists()] == []


def test_diagrams_are_pictures(site: Path) -> None:
    pages = [page.read_text() for page in site.rglob("*.html")]
    assert not [page for page in pages if 'class="mermaid"' in page or "language-mermaid" in page]
    assert sum(page.count('class="diagram"') for page in pages) >= 2


def test_reference_has_every_call_setting_and_fixture(site: Path) -> None:
    api = (site / "reference" / "control-api.html").read_text()
    assert [one.path for one in OPERATIONS if one.path.replace("<", "{").replace(">", "}") not in api] == []
    settings = (site / "reference" / "settings.html").read_text()
    assert [name for name in registry.vendors() if f'id="{name}"' not in settings] == []
    assert "scanalytics.minute_limit" in settings
    fixtures = (site / "reference" / "fixtures.html").read_text()
    assert [
        name for name in ("vendorlab", "make_world", *registry.vendors()) if f"<code>{name}</code>" not in fixtures
    ] == []


def test_claims_are_counted_by_source_and_never_summed(site: Path) -> None:
    page = (site / "reference" / "faithfulness.html").read_text()
    head = re.search(r"<thead>(.*?)</thead>", page, re.DOTALL)
    assert head
    assert re.findall(r"<th>(.*?)</th>", head[1])[:4] == ["suite", "documented", "public", "framework"]
    assert "total" not in head[1]
