"""Claims: one sentence each about a vendor's behaviour, with its source.

``claims.yaml`` is a list of mappings with exactly these keys::

    - id: scanalytics.refresh.single-use
      text: A refresh token works once; using it again is refused.
      source: documented
      where: Scanalytics API Tutorial, "Using Refresh Tokens"
      date: 2026-11-20
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import yaml

from vendorlab.contracts.core.errors import ClaimsError
from vendorlab.contracts.core.suites import suite_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEYS = ("id", "text", "source", "where", "date")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*){2,}", re.ASCII)


class Source(StrEnum):
    """Where a claim comes from, the firmest first."""

    DOCUMENTED = "documented"
    """The vendor says so."""
    OBSERVED = "observed"
    """The vendor's own endpoint was seen to do so, on the claim's date."""
    PUBLIC = "public"
    """Other public material says so."""
    FRAMEWORK = "framework"
    """The libraries that the vendor evidently runs behave so; measured."""
    INFERRED = "inferred"
    """Judgement; nobody outside the vendor knows."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence about a vendor's behaviour.

    Attributes:
        id: Vendor, subject and behaviour, joined by dots.
        text: The sentence.
        source: The class of its source.
        where: The page, the measurement or the reason.
        date: When that was read or measured.
    """

    id: str
    text: str
    source: Source
    where: str
    date: date


def claim_id(name: str, vendor: str) -> str:
    """Return a claim's whole id: a name that begins with a dot is the vendor's own, whichever vendor that is.

    Rules that several vendors share name their claims so; each vendor makes them in a claims.yaml of its own.
    """
    return f"{vendor}{name}" if name.startswith(".") else name


def load_claims(vendor: str) -> tuple[Claim, ...]:
    """Read a vendor's claims, in the order of the file.

    Raises:
        ClaimsError: There is no such file, or it cannot be used.
    """
    path = suite_folder(vendor) / "claims.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ClaimsError(f"vendor {vendor!r} has no claims: {error.strerror}: {path.name}") from error
    return parse_claims(text, vendor)


def parse_claims(text: str, vendor: str) -> tuple[Claim, ...]:
    """Read the claims in a YAML text.

    Args:
        text: The file's text.
        vendor: What every id must begin with.

    Raises:
        ClaimsError: The text is not YAML, or some claim breaks a rule; all problems are named, with their lines.
    """
    loader = yaml.SafeLoader("")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(root, yaml.SequenceNode):
            raise ClaimsError("claims.yaml: a list of claims is expected")
        entries = [_entry(loader, node) for node in cast("list[yaml.Node]", root.value)]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ClaimsError(f"claims.yaml: not YAML: {error}") from error
    problems: list[str] = []
    lines: dict[str, int] = {}
    for line, entry, trouble in entries:
        problems += (f"line {line}: {problem}" for problem in (trouble or _problems(entry, vendor)))
        name = entry.get("id")
        if isinstance(name, str) and lines.setdefault(name, line) != line:
            problems.append(f"line {line}: {name} stands in line {lines[name]} already")
    if problems:
        raise ClaimsError("claims.yaml:\n  " + "\n  ".join(problems))
    return tuple(
        Claim(entry["id"], entry["text"], Source(entry["source"]), entry["where"], entry["date"])
        for _, entry, _ in entries
    )


def _entry(loader: yaml.SafeLoader, node: yaml.Node) -> tuple[int, dict[str, Any], list[str]]:
    """Return a claim's line, its values, and what is wrong with its keys; YAML itself lets a key stand twice."""
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        return line, {}, ["a claim is a mapping"]
    construct = cast("Any", loader).construct_object  # its stub leaves types open
    values: dict[str, Any] = {}
    trouble: list[str] = []
    for key_node, value_node in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
        key = str(construct(key_node, deep=True))
        if key in values:
            trouble.append(f"{key!r} stands twice")
        values[key] = construct(value_node, deep=True)
    return line, values, trouble


def _problems(entry: Mapping[str, Any], vendor: str) -> Iterator[str]:
    for key in sorted(entry.keys() - set(KEYS)):
        yield f"unknown key {key!r}"
    for key in KEYS:
        if key not in entry:
            yield f"{key!r} is missing"
    name, text, source, where, day = (entry.get(key) for key in KEYS)
    if "id" in entry and not (isinstance(name, str) and _ID.fullmatch(name) and name.startswith(f"{vendor}.")):
        yield f"an id is {vendor}.subject.behaviour in lower case, not {name!r}"
    if "text" in entry and not (isinstance(text, str) and text.endswith(".") and "\n" not in text):
        yield "the text is one sentence with a full stop"
    if "source" in entry and source not in list(Source):
        yield f"unknown source {source!r}; there are {', '.join(Source)}"
    if "where" in entry and not (isinstance(where, str) and where.strip()):
        yield "'where' names a page, a measurement or a reason"
    if "date" in entry and type(day) is not date:
        yield f"a date is written 2026-11-20, not {day!r}"
