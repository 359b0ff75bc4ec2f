"""The shape of what was answered: which fields there were, of which types and forms, and never a value."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = "$"
OTHER = "{…}"
"""Stands for a name that is no word, and so is data."""
_WORD = re.compile(r"[A-Za-z_$@][A-Za-z0-9_$@.:\- ]{0,63}", re.ASCII)
_FORMS = (
    ("empty", re.compile(r"")),
    ("digits", re.compile(r"[0-9]+", re.ASCII)),
    ("number", re.compile(r"-?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?", re.ASCII)),
    ("date", re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)),
    ("hex", re.compile(r"(?=.*[0-9])[0-9a-fA-F]{8,}", re.ASCII)),
    ("address", re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.ASCII)),
    ("e-mail", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    ("token", re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9._~+/-]{20,}=*", re.ASCII)),
    ("word", re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)),
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)


def form_of(text: str) -> str:
    """Return what form a text has, without telling what it says."""
    if _TIME.match(text):
        try:
            zone = datetime.fromisoformat(text).tzinfo
        except ValueError:
            return "text"
        return "time" if zone is None else "time-with-zone"
    return next((name for name, pattern in _FORMS if pattern.fullmatch(text)), "text")


def type_of(value: Any, literals: frozenset[str] = frozenset()) -> str:
    """Return a value's type in JSON's words; a string's has its form behind a colon.

    Args:
        value: As JSON has it.
        literals: Texts that say nothing about anybody, and are kept as they are: ``string=invalid_grant``.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return f"string={value}" if value in literals else f"string:{form_of(value)}"
        case bytes():
            return "bytes"
        case list() | tuple():
            return "array"
        case dict():
            return "object"
        case _:
            return type(value).__name__


class Shape:
    """What several values have in common.

    Args:
        literals: For each name of a field the texts that are kept as they are.
    """

    def __init__(self, literals: Mapping[str, frozenset[str]] | None = None) -> None:
        self._literals = literals or {}
        self._types: dict[str, Counter[str]] = {}

    def add(self, value: Any) -> None:
        """Add a value."""
        for path, kind in self._walk(ROOT, "", value):
            self._types.setdefault(path, Counter())[kind] += 1

    def document(self) -> dict[str, dict[str, Any]]:
        """Return for each path its types, and whether it is not always there where what holds it is."""
        found: dict[str, dict[str, Any]] = {}
        for path in sorted(self._types):
            kinds = self._types[path]
            row: dict[str, Any] = {"types": sorted(kinds)}
            holder, dot, name = path.rpartition(".")
            if dot and name != OTHER and kinds.total() < self._types.get(holder, Counter())["object"]:
                row["optional"] = True
            found[path] = row
        return found

    def _walk(self, path: str, name: str, value: Any) -> Iterator[tuple[str, str]]:
        yield path, type_of(value, self._literals.get(name, frozenset()))
        if isinstance(value, dict):
            for key, member in cast("dict[str, Any]", value).items():
                step = field_name(f"{key}")
                yield from self._walk(f"{path}.{step}", step, member)
        elif isinstance(value, list | tuple):
            for member in cast("list[Any]", value):
                yield from self._walk(f"{path}[]", name, member)


def field_name(key: str) -> str:
    """Return a field's name with its dots out of the way, or what stands for it where it is no word."""
    return key.replace(".", "·") if _WORD.fullmatch(key) else OTHER
