"""What MkDocs is told besides mkdocs.yml: pages that lie outside docs/ or in the code, their links, and pictures.

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

from mkdocs.structure.files import File, Files, InclusionLevel

sys.path.insert(0, str(Path(__file__).parent))
from reference import claims_place, unreleased
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
    "examples/README.md": "examples.md",
}
"""Documents outside docs/, and the page that each is."""
SHOWN = sorted(
    path.relative_to(TREE).as_posix()
    for path in [
        TREE / "docker-compose.yml",
        TREE / ".devcontainer" / "devcontainer.json",
        *(path for path in (TREE / "examples").rglob("*.*") if path.suffix not in {".md", ".pyc", ".class"}),
    ]
)
"""Files that documents lead to and that are short enough to read: each is a page that shows it."""
FIRST = ("install.md", "tutorial.md", "vendors/README.md", "clock-and-faults.md", "pytest.md", "stories.md")
ASIDE = ("adr/", "changelog.md", "changes.md", "files/", "reference/claims-", "stories/")
"""Pages whose words count more in a search, and less."""
RELEASES = "<!-- towncrier release notes start -->"
LANGUAGES = {".mjs": "javascript", ".py": "python", ".sh": "sh", ".yml": "yaml"}

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(`{3,}).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"^\s*accTitle: (.+)$", re.MULTILINE)
_OUTSIDE = re.compile(r"[a-z]+:|#")
_PICTURE = re.compile(r"(!\[[^\]]*\]\()docs/")
_ROW = re.compile(r"^\|.*$", re.MULTILINE)
_CODE = re.compile(r"`[^`]*`")
_SHORT = re.compile(r"(?<!</span>)(?<!<pre>)<code>([^<\n]{1,36})</code>")
_LIST = re.compile(r"^(?![-*] |\d+\. |\s|\||#|>|<)(.+)\n(?=(?:[-*]|\d+\.) )", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add what there is much of, and more comes: a page for each story, and for the claims of each suite."""
    nav = cast("list[dict[str, list[Any]]]", config.nav)  # pyright: ignore[reportUnknownMemberType]  it has no type
    sections = {name: pages for one in nav for name, pages in one.items()}
    names = sorted(path.name for path in (TREE / "docs" / "stories").glob("*.md") if path.name != "README.md")
    sections["Stories"].append({"Each of them": [f"stories/{name}" for name in names]})
    sections["Contracts"].append({"Claims": sorted(place for place in reference_pages(TREE) if "/claims-" in place)})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages at the top of the tree, and the reference."""
    for path, place in TOP.items():
        text = (TREE / path).read_text(encoding="utf-8")
        files.append(File.generated(config, place, content=text.replace(RELEASES, f"{unreleased(TREE)}\n{RELEASES}")))
    for place, content in reference_pages(TREE).items():
        files.append(File.generated(config, place, content=content))
    for path in SHOWN:
        shown = File.generated(config, _place(path), content=_shown(path))
        shown.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(shown)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make a document of the tree a page of the site."""
    _ = config
    here = page.file.src_uri
    page.meta["search"] = {"boost": 0.5 if here.startswith(ASIDE) else 2 if here in FIRST else 1}
    source = next((path for path, place in TOP.items() if place == here), f"docs/{here}")
    markdown = _MERMAID.sub(lambda found: picture(found[1], here), markdown)
    parts: list[str] = []
    end = 0
    for fence in _FENCE.finditer(markdown):
        parts += [_page(markdown[end : fence.start()], source, here, files), fence[0]]
        end = fence.end()
    return "".join([*parts, _page(markdown[end:], source, here, files)])


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Mark names and options that are short enough to stay in one piece."""
    _ = page, config, files
    return _SHORT.sub(r'<code class="whole">\1</code>', html)


def diagram(text: str) -> str:
    """The name of the picture of a diagram."""
    return f"assets/diagrams/{hashlib.sha256(text.encode()).hexdigest()[:12]}.svg"


def picture(text: str, here: str) -> str:
    """Markup for a diagram's picture."""
    place = posixpath.relpath(diagram(text), posixpath.dirname(here) or ".")
    title = _TITLE.search(text)
    return f"![{title[1] if title else 'Diagram'}]({place}){{.diagram}}"


def _page(text: str, source: str, here: str, files: Files) -> str:
    """Prose: its links, and a blank line where a list begins right after a line, which this renderer wants."""
    if source in TOP:
        text = _PICTURE.sub("\\1", text)
    linked = _LINK.sub(lambda found: _link(found[1], found[2], source, here, files), text)
    listed = _LIST.sub("\\1\n\n", linked)
    return _ROW.sub(lambda row: _CODE.sub(lambda code: code[0].replace("\\|", "|"), row[0]), listed)


def _place(path: str) -> str:
    """The page that a file of the tree is, if it is one."""
    if path in TOP:
        return TOP[path]
    if path in SHOWN:
        return f"files/{path.lstrip('.')}.md"
    if path.endswith("/claims.yaml"):
        return f"reference/{claims_place('.'.join(path.split('/')[1:-1]))}"
    return "reference/faithfulness.md" if path == "contracts" else path.removeprefix("docs/")


def _shown(path: str) -> str:
    """A page that shows a file, which may hold fences of its own."""
    text = (TREE / path).read_text(encoding="utf-8").rstrip()
    language = LANGUAGES.get(Path(path).suffix, Path(path).suffix.removeprefix("."))
    return f"# `{path}`\n\n`````{language}\n{text}\n`````\n"


def _link(text: str, target: str, source: str, here: str, files: Files) -> str:
    if _OUTSIDE.match(target) or here.startswith("reference/"):
        return f"[{text}]({target})"
    path, hash_sign, anchor = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    place = _place(path)
    if files.get_file_from_path(place) is None:
        return f"{text} (`{path}`)"  # a file of the tree that is no page: it is named instead
    return f"[{text}]({posixpath.relpath(place, posixpath.dirname(here) or '.')}{hash_sign}{anchor})"
