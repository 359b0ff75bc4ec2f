"""JSON as it was written: numbers with all their digits, strings with their escapes, members in their order.

Blanks between the words of JSON mean nothing, so they do not count; everything else does. Texts are taken to be valid.
"""

from __future__ import annotations

import json
import re

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.DOTALL)


def compact(text: str) -> str:
    """Return a JSON text without blanks between its words."""
    return "".join(_WORD.findall(text))


def elements(text: str) -> list[str]:
    """Return the elements of an array, each as it was written but for blanks."""
    return ["".join(words) for words in _inside(text)]


def members(text: str) -> dict[str, str]:
    """Return the members of an object, each value as it was written but for blanks; of two of one name the last."""
    return {json.loads(words[0]): "".join(words[2:]) for words in _inside(text)}


def _inside(text: str) -> list[list[str]]:
    """Return the words of each part of an array or object."""
    words: list[str] = _WORD.findall(text)
    parts: list[list[str]] = [[]]
    depth = 0
    for word in words[1:-1]:
        depth += (word in ("[", "{")) - (word in ("]", "}"))
        if word == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]
