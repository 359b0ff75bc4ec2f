"""Whether an XML answer says what a JSON answer says.

In XML each member of an object is an element of that name, the items of a list are elements of one name, null is an
element that is not there or, in a list, one called null, and numbers and booleans are written as in JSON. A map whose
keys cannot be element names has them as texts instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

VOLATILE = frozenset({"eventTimeAgeInSeconds"})
"""Members that differ between two answers to the same question."""
_NULL = "null"
_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


def differences(value: Any, element: Element | None, path: str = "") -> list[str]:
    """Return where an element says something else than a JSON value; an empty list if it does not.

    Args:
        value: The JSON value.
        element: The element; None for one that is not there.
        path: Where in the answer this is.
    """
    where = path or "the answer"
    if value is None:
        return [f"{where}: null in JSON, there in XML"] if _says_something(element) else []
    if element is None:
        return [] if value == [] else [f"{where}: {_short(value)} in JSON, not there in XML"]
    if isinstance(value, dict):
        return _of_object(cast("dict[str, Any]", value), element, path)
    if isinstance(value, list):
        return _of_list(cast("Sequence[Any]", value), element, path)
    if len(element):
        return [f"{where}: {_short(value)} in JSON, elements in XML"]
    text = element.text or ""
    return [] if _same_scalar(value, text) else [f"{where}: {_short(value)} in JSON, {_short(text)} in XML"]


def _of_object(members: dict[str, Any], element: Element, path: str) -> list[str]:
    if not all(_NAME.fullmatch(name) for name in members):
        return _of_map(members, element, path)
    children: dict[str, list[Element]] = {}
    for child in element:
        children.setdefault(child.tag, []).append(child)
    found = [f"{path}/{name}: in XML only" for name in children if name not in members]
    for name, value in members.items():
        own = children.get(name, [])
        if len(own) > 1:
            found.append(f"{path}/{name}: {len(own)} times in XML")
        elif name not in VOLATILE:
            found += differences(value, own[0] if own else None, f"{path}/{name}")
    return found


def _of_list(items: Sequence[Any], element: Element, path: str) -> list[str]:
    if len(items) != len(element):
        return [f"{path or 'the answer'}: {len(items)} items in JSON, {len(element)} in XML"]
    if len({child.tag for child in element} - {_NULL}) > 1:
        return [f"{path or 'the answer'}: items of several names in XML"]
    pairs = zip(items, element, strict=True)
    return [line for number, pair in enumerate(pairs) for line in differences(*pair, f"{path}[{number}]")]


def _of_map(members: dict[str, Any], element: Element, path: str) -> list[str]:
    texts = sorted((child.text or "").strip() for child in element.iter() if not len(child))
    said = sorted(_leaves(members))
    return [] if [text for text in texts if text] == said else [f"{path or 'the answer'}: another map in XML"]


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            yield name
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in cast("Sequence[Any]", value):
            yield from _leaves(each)
    elif value is not None and value != "":
        yield str(value).lower() if isinstance(value, bool) else str(value)


def _same_scalar(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, str):
        return text == value
    try:
        return float(text) == float(value)
    except (ValueError, OverflowError):
        return False


def _says_something(element: Element | None) -> bool:
    return element is not None and (len(element) > 0 or bool((element.text or "").strip()))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else f"{text[:80]}…"
