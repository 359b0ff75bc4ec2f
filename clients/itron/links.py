"""CoRE Link Format (RFC 6690), read leniently: sensor boards end their lists with commas and semicolons.

Nothing raises. What is between links and is none is passed over; the board's own text, trailing commas and all, gives
the links that it means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LARGEST: Final = 65_536
"""Characters that are looked at, at most."""

_TARGET = re.compile(r"<([^<>]*)>")
_PARAMETER = re.compile(r'\s*;\s*([^\s;,=<>"]*)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,"]*)))?', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """One link.

    Attributes:
        target: Its URI, mostly a path.
        attributes: Names and values in their order; None for a name without a value.
    """

    target: str
    attributes: tuple[tuple[str, str | None], ...] = ()

    def get(self, name: str) -> str | None:
        """Return the first value of an attribute; None if there is none."""
        return next((value for found, value in self.attributes if found == name), None)


def parse_links(text: str) -> list[Link]:
    """Read the links of a text, as many as there are."""
    text = text[:LARGEST]
    links: list[Link] = []
    at = 0
    while (start := _TARGET.search(text, at)) is not None:
        at = start.end()
        attributes: list[tuple[str, str | None]] = []
        while (parameter := _PARAMETER.match(text, at)) is not None and parameter.end() > at:
            name, quoted, bare = parameter.groups()
            if name:
                attributes.append((name, bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)))
            at = parameter.end()
        links.append(Link(start[1], tuple(attributes)))
    return links
