"""One tree, two forms: what a call answers as JSON, and as XML.

A tree is made of dicts, ``Array``s, texts, numbers, booleans and None. In XML a member is an element of its name;
one that is None is left out; the items of an array are elements named by their class. (Roots are public; the inside
is inferred, here in one place.) ``<null/>`` stands for None in an array, so that columns keep their places.

Writing is done by hand, since a city is a large document; a property test holds it to a parser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

JSON = ("Content-Type", "application/json;charset=UTF-8")
XML = ("Content-Type", "text/xml;charset=UTF-8")

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_NO_CHARACTER = "\ufffd"
"""Stands for what XML has no way to write."""

Tree = Any


class Map(dict[str, Any]):
    """Members whose names are data: JSON has them as they are, XML as entries, since it could not write every name."""

    __slots__ = ()


class Array(list[Any]):
    """A list, and the class of its items."""

    __slots__ = ("of",)

    def __init__(self, of: str, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self.of = of


def to_json(tree: Tree) -> bytes:
    """The tree as JSON."""
    return msgspec.json.encode(tree)


def to_xml(root: str, tree: Tree) -> bytes:
    """The tree as an XML document whose root has this name."""
    parts = [_HEAD]
    if tree is None:
        parts.append(f"<{root}/>")
    else:
        _write(root, tree, parts.append)
    return "".join(parts).encode()


def _write(name: str, value: Tree, put: Any) -> None:
    kind = value.__class__
    if kind is str:
        put(f"<{name}>{_escaped(value)}</{name}>")
    elif kind is bool:
        put(f"<{name}>true</{name}>" if value else f"<{name}>false</{name}>")
    elif kind is dict:
        put(f"<{name}>")
        for key, member in value.items():
            if member is not None:
                _write(key, member, put)
        put(f"</{name}>")
    elif kind is Map:
        put(f"<{name}>")
        for key, member in value.items():
            _write("entry", {"key": key, "value": member}, put)
        put(f"</{name}>")
    elif kind is Array:
        items = cast("Array", value)
        put(f"<{name}>")
        for item in items:
            if item is None:
                put("<null/>")
            else:
                _write(items.of, item, put)
        put(f"</{name}>")
    else:
        assert kind in (int, float), f"{kind} has no form in XML"
        put(f"<{name}>{value!r}</{name}>")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(_escape, text) if _SPECIAL.search(text) else text


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0], _NO_CHARACTER)
