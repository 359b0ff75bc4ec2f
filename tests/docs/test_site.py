"""The site: it builds without a warning, needs no network to be read, and its reference is what the code says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from vendorlab.mocks import registry
from vendorlab.mocks.core.control.operations import OPERATIONS

FETCHED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
FROM_ELSEWHERE = re.compile(r"(https?:)?//")


class Read(HTMLParser):
    """Collects what can be linked to on a page, what it links to and makes a browser fetch, and its columns' names."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.levels: list[int] = []
        self.columns: list[str] = []
        self.in_column = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.names |= {values.get("id") or ""}
        self.links += [values[name] or "" for name in ("href", "src") if name in values]
        if tag != "link" or values.get("rel") != "canonical":
            self.fetched += [value or "" for name, value in attrs if (tag, name) in FETCHED]
        if tag in HEADINGS:
            self.levels.append(HEADINGS.index(tag) + 1)
        if tag == "th":
            self.in_column = True
            self.columns.append("")

    def handle_endtag(self, tag: str) -> None:
        self.in_column = self.in_column and tag != "th"

    def handle_data(self, data: str) -> None:
        if self.in_column:
            self.columns[-1] += data


def read(place: Path) -> dict[Path, Read]:
    """Read every page of a site but the one for what is not there, whose links begin at the root."""
    found: dict[Path, Read] = {}
    for page in place.rglob("*.html"):
        if page.name != "404.html":
            found[page] = Read()
            found[page].feed(page.read_text(encoding="utf-8"))
    return found


def from_elsewhere(page: Read) -> list[str]:
    """List what a page makes a browser fetch from another place than its own."""
    return [link for link in page.fetched if FROM_ELSEWHERE.match(link)]


def leads_nowhere(pages: dict[Path, Read]) -> list[str]:
    """List the links to a file or a place on a page that is not there."""
    missing: list[str] = []
    for page, found in pages.items():
        for link in found.links:
            target = urlsplit(link)
            if target.scheme or target.netloc:
                continue
            there = Path(os.path.normpath(page.parent / unquote(target.path))) if target.path else page
            there = there / "index.html" if there.is_dir() else there
            known = pages[there].names if there in pages else set[str]()
            if not there.exists() or (target.fragment and unquote(target.fragment) not in known):
                missing.append(f"{page.name}: {link}")
    return missing


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


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Read]:
    """Read the site once."""
    return read(site)


def test_no_page_fetches_from_elsewhere(site: Path, pages: dict[Path, Read]) -> None:
    assert len(pages) > 100
    assert {page.name: links for page, found in pages.items() if (links := from_elsewhere(found))} == {}
    styles = "".join(style.read_text() for style in site.rglob("*.css"))
    assert re.findall(r"@import[^;]*//|url\(['\"]?(?:https?:)?//[^)]*\)", styles) == []


def test_fetch_from_elsewhere_would_be_found() -> None:
    page = Read()
    page.feed('<link rel="canonical" href="https://a/"><script src="//cdn.example/x.js"></script><img src="a.png">')
    assert from_elsewhere(page) == ["//cdn.example/x.js"]


def test_every_document_is_a_page(site: Path, tree: Path) -> None:
    written = [page.relative_to(tree / "docs").with_suffix(".html") for page in (tree / "docs").rglob("*.md")]
    found = [page.with_name("index.html") if page.name == "README.html" else page for page in written]
    assert [page for page in found if not (site / page).exists()] == []


def test_every_link_leads_somewhere(pages: dict[Path, Read]) -> None:
    assert leads_nowhere(pages) == []


def test_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<h1 id="top">A</h1><a href="#top"></a><a href="b.html#here"></a>')
    (tmp_path / "b.html").write_text('<a href="a.html#gone"></a><img src="c.png"><a href="https://a.example/#x"></a>')
    assert sorted(leads_nowhere(read(tmp_path))) == ["a.html: b.html#here", "b.html: a.html#gone", "b.html: c.png"]


def test_every_page_can_be_reached(pages: dict[Path, Read]) -> None:
    linked = {
        Path(os.path.normpath(page.parent / unquote(urlsplit(link).path)))
        for page, found in pages.items()
        for link in found.links
        if urlsplit(link).path
    }
    assert [page.name for page in pages if page not in linked] == []


def test_columns_of_tables_say_what_they_are(pages: dict[Path, Read]) -> None:
    assert sum(len(found.columns) for found in pages.values()) > 100
    assert {page.name for page, found in pages.items() if "" in [name.strip() for name in found.columns]} == set()


def test_headings_begin_at_the_top_and_leave_no_level_out(pages: dict[Path, Read]) -> None:
    wrong = [
        page.name
        for page, found in pages.items()
        if found.levels.count(1) != 1 or any(after > before + 1 for before, after in pairwise([0, *found.levels]))
    ]
    assert wrong == []


def test_search_knows_every_page(site: Path, pages: dict[Path, Read]) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    known = {site / entry["location"].partition("#")[0] for entry in index["docs"]}
    assert [page.name for page in pages if page not in known and page != site / "index.html"] == []


def test_pictures_are_small_shown_and_told_of(tree: Path, site: Path) -> None:
    pictures = [path for path in (tree / "docs" / "assets").rglob("*") if path.suffix in {".png", ".svg"}]
    sizes = {path.name: path.stat().st_size for path in pictures}
    assert {name for name, size in sizes.items() if size > 150_000} == set()
    assert sum(sizes.values()) < 1_000_000
    shown = "".join(page.read_text(encoding="utf-8") for page in site.rglob("*.html"))
    assert [name for name in sizes if f'{name}"' not in shown] == []
    assert re.findall(r'<img(?![^>]*alt="[^"]{10,}")[^>]*>', shown) == []


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
        name for name in ("vendorlab", "make_world", *registry.vendors()) if f">{name}</code>" not in fixtures
    ] == []


def test_claims_are_counted_by_source_and_never_summed(site: Path) -> None:
    page = (site / "reference" / "faithfulness.html").read_text()
    head = re.search(r"<thead>(.*?)</thead>", page, re.DOTALL)
    assert head
    assert re.findall(r"<th>(.*?)</th>", head[1])[:4] == ["suite", "documented", "public", "framework"]
    assert "total" not in head[1]
