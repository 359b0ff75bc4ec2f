"""Tables of Markdown, as the pages of the reference have them, and what docstrings say to fill them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_TAG = re.compile(r"<(?!br>)")


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table of Markdown."""
    names = list(columns)
    lines = [names, ["---"] * len(names), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(value: Any) -> str:
    """What stands in one line of a table; `<br>` is left to begin another."""
    return _TAG.sub("&lt;", " ".join(str(value).split()).replace("|", "\\|"))


def attributes(doc: str) -> dict[str, str]:
    """The `Attributes:` of a docstring; several names may share a sentence."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in doc.partition("Attributes:")[2].splitlines():
        head, colon, rest = line.strip().partition(":")
        if colon and line.startswith("    ") and not line.startswith("     "):
            names = [name.strip() for name in head.split(",")]
            found |= dict.fromkeys(names, rest.strip())
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found
