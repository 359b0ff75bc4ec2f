"""What MkDocs is told besides mkdocs.yml: pages that lie outside docs/ or in the code, their links, and diagrams.

Documents are written for readers of the tree: links name files. Here they come to name pages. A `mermaid` block is
shown as the picture that was drawn of it beforehand, since a browser that is to draw it would have to fetch a program.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))
from reference import pages as reference_pages

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

TREE = Path(__file__).resolve().parents[2]
TOP = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "changes/README.md": "changes.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Documents outside docs/, and the page that each is."""

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(`{3,}).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OUTSIDE = re.compile(r"[a-z]+:|#")
_LIST = re.compile(r"^(?![-*] |\d+\. |\s|\||#|>|<)(.+)\n(?=(?:[-*]|\d+\.) )", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add a page for each story: there are many, and more come."""
    nav = cast("list[dict[str, list[Any]]]", config.nav)  # pyright: ignore[reportUnknownMemberType]  it has no type
    section = next(one["Stories"] for one in nav if "Stories" in one)
    names = sorted(path.name for path in (TREE / "docs" / "stories").glob("*.md") if path.name != "README.md")
    section.append({"Each of them": [f"stories/{name}" for name in names]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages at the top of the tree, and the reference."""
    for path, place in TOP.items():
        files.append(File.generated(config, place, content=(TREE / path).read_text(encoding="utf-8")))
    for place, content in reference_pages(TREE).items():
        files.append(File.generated(config, place, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make a document of the tree a page of the site."""
    _ = config
    here = page.file.src_uri
    source = next((path for path, place in TOP.items() if place == here), f"docs/{here}")
    markdown = _MERMAID.sub(lambda found: picture(found[1], here), markdown)
    parts: list[str] = []
    end = 0
    for fence in _FENCE.finditer(markdown):
        parts += [_page(markdown[end : fence.start()], source, here, files), fence[0]]
        end = fence.end()
    return "".join([*parts, _page(markdown[end:], source, here, files)])


def diagram(text: str) -> str:
    """The name of the picture of a diagram."""
    return f"assets/diagrams/{hashlib.sha256(text.encode()).hexdigest()[:12]}.svg"


def picture(text: str, here: str) -> str:
    """Markup for a diagram's picture."""
    place = posixpath.relpath(diagram(text), posixpath.dirname(here) or ".")
    return f"![Diagram]({place}){{.diagram}}"


def _page(text: str, source: str, here: str, files: Files) -> str:
    """Prose: its links, and a blank line where a list begins right after a line, which this renderer wants."""
    linked = _LINK.sub(lambda found: _link(found[1], found[2], source, here, files), text)
    return _LIST.sub("\\1\n\n", linked)


def _link(text: str, target: str, source: str, here: str, files: Files) -> str:
    if _OUTSIDE.match(target) or here.startswith("reference/"):
        return f"[{text}]({target})"
    path, hash_sign, anchor = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    place = TOP.get(path, path.removeprefix("docs/"))
    if files.get_file_from_path(place) is None:
        return f"{text} (`{path}`)"  # a file of the tree that is no page: it is named instead
    return f"[{text}]({posixpath.relpath(place, posixpath.dirname(here) or '.')}{hash_sign}{anchor})"
