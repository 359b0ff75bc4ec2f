"""YAML with the place of every word, so that a mistake in a story is told by line and column.

Only what a story needs is read: maps, lists, and plain values. Dates stay text, for YAML would make them naive; tags
and anything else that could run code are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
import yaml

from vendorlab.scenarios.core.errors import StoryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")
Path = tuple[str | int, ...]

MOST_VALUES = 100_000
"""Aliases of aliases write out to more than a machine holds, and stories come from elsewhere, too."""

_DEEP = "it is nested too deeply"
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")
_UNKNOWN = re.compile(r"^Object contains unknown field `(.+)`$", re.DOTALL)
_TYPE = re.compile(r"^Expected `([^`]+)`, got `([^`]+)`$")
_ALIEN = re.compile(r"^Invalid (?:enum )?value '?(.*?)'?$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(.+)`$", re.DOTALL)
_KINDS = {
    "array": "a list",
    "object": "a map",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}
"""What msgspec's names are in a story."""
_PLAIN = {"tag:yaml.org,2002:" + name for name in ("str", "int", "float", "bool", "null", "timestamp")}


@dataclass
class Source:
    """A document, and where in the file each part of it stands.

    Attributes:
        name: of the file, as messages show it.
        text: as it was read.
        data: the content, as JSON would have it.
        values: line and column of every value, from 1, by its path.
        keys: those of every key.
    """

    name: str
    text: str = ""
    data: Any = None
    values: dict[Path, tuple[int, int]] = field(default_factory=dict[Path, tuple[int, int]])
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict[Path, tuple[int, int]])

    def error(self, path: Path, what: str, *, key: bool = False) -> StoryError:
        """A mistake at a path, or at the nearest place around it that is in the file."""
        if key and path in self.keys:
            return StoryError(self._place(self.keys[path]), what)
        while path not in self.values and path:
            path = path[:-1]
        return StoryError(self._place(self.values.get(path, (1, 1))), what)

    def convert(self, kind: type[T]) -> T:
        """The document as a struct.

        Raises:
            StoryError: something in it does not fit; the message names its place, and the nearest key that is known.
        """
        try:
            return msgspec.convert(self.data, kind)
        except msgspec.ValidationError as error:
            raise self.misfit(error, (), kind) from error

    def misfit(self, error: Exception, under: Path, kind: Any) -> StoryError:
        """What msgspec says of a part of the document, with its place.

        Args:
            error: what it raised.
            under: where that part stands.
            kind: the struct that was wanted there, for the names it knows.
        """
        what, _, where = str(error).rpartition(" - at `$")
        if not what:
            what, where = str(error), ""
        where = where.rstrip("`")
        inner = self._path(where, under)
        if unknown := _UNKNOWN.match(what):
            name = unknown.group(1)
            known = _known(kind, inner[len(under) :])
            return self.error((*inner, name), f"there is no key {name!r} here; {hint(name, known)}", key=True)
        return self.error(inner, _told(what, kind, inner[len(under) :]))

    def _path(self, where: str, under: Path) -> Path:
        path = under
        for step in _STEP.finditer(where):
            name, number = step.groups()
            path = (*path, name if name is not None else int(number) if number else 0)
        return path

    def _place(self, mark: tuple[int, int]) -> str:
        return f"{self.name}:{mark[0]}:{mark[1]}"


def read(text: str, name: str) -> Source:
    """Read YAML.

    Raises:
        StoryError: it is not YAML, or has what a story has no use for.
    """
    source = Source(name, text)
    try:
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else f"{name}:1:1"
        raise StoryError(place, f"this is not YAML: {error.problem or error}") from error
    except yaml.YAMLError as error:
        raise StoryError(f"{name}:1:1", f"this is not YAML: {error}") from error
    except RecursionError as error:
        raise StoryError(f"{name}:1:1", _DEEP) from error
    if node is None:
        raise StoryError(f"{name}:1:1", "there is nothing in it")
    try:
        source.data = _take(source, node, (), set())
    except RecursionError as error:
        raise StoryError(f"{name}:1:1", _DEEP) from error
    return source


def hint(name: object, known: Iterable[str]) -> str:
    """The nearest name that there is, or all of them."""
    names = sorted(known)
    near = get_close_matches(str(name), names, 1, 0.5)
    return f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(names) or 'none'}"


def _take(source: Source, node: Any, path: Path, above: set[int]) -> Any:
    mark = node.start_mark
    source.values[path] = (mark.line + 1, mark.column + 1)
    if len(source.values) > MOST_VALUES:
        raise source.error(path, f"there are more than {MOST_VALUES} values in it, with aliases written out")
    if id(node) in above:
        raise source.error(path, "this alias leads back into itself")
    if isinstance(node, yaml.ScalarNode):
        return _scalar(source, node, path)
    if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
        raise source.error(path, f"the tag {node.tag!r} has no place in a story")
    inside = above | {id(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_take(source, item, (*path, number), inside) for number, item in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key, value in cast("Sequence[tuple[Any, Any]]", node.value):
        where = (key.start_mark.line + 1, key.start_mark.column + 1)
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            raise StoryError(f"{source.name}:{where[0]}:{where[1]}", "a key is a plain word")
        source.keys[*path, key.value] = where
        if key.value in found:
            raise source.error((*path, key.value), f"{key.value!r} stands here twice", key=True)
        found[key.value] = _take(source, value, (*path, key.value), inside)
    return found


def _scalar(source: Source, node: Any, path: Path) -> Any:
    if node.tag not in _PLAIN:
        raise source.error(path, f"the tag {node.tag!r} has no place in a story")
    if node.tag.endswith((":str", ":timestamp")):
        return node.value
    try:
        loader: Any = yaml.SafeLoader("")
        return loader.construct_object(node)
    except ValueError as error:
        raise source.error(path, f"{node.value!r} makes no sense: {error}") from error


def _told(what: str, kind: Any, path: Path) -> str:
    """What msgspec says of a value, with what might stand there instead where it does not say so itself."""
    places = _at(kind, path)
    if wrong := _TYPE.match(what):
        return f"expected {_expected(wrong.group(1), places)}, not {_word(wrong.group(2))}"
    if alien := _ALIEN.match(what):
        keys = [name for place in places for name in place.get("properties", {})]
        otherwise = f", or a map with {', '.join(sorted(keys))}" if keys else ""
        return f"there is no {alien.group(1)!r} here; {hint(alien.group(1), _words(places))}{otherwise}"
    if (missing := _MISSING.match(what)) and (words := _words(_at(kind, (*path, missing.group(1))))):
        return f"object missing required field `{missing.group(1)}`; there are: {', '.join(sorted(words))}"
    if "matching regex" in what:
        for place in places:
            if "description" in place:
                return f"expected {place['description']}"
    return what[:1].lower() + what[1:]


def _expected(types: str, places: list[dict[str, Any]]) -> str:
    """What should stand there, in a story's words; a text that has a form of its own by that."""
    forms = [str(place["description"]) for place in places if place.get("type") == "string" and "description" in place]
    wanted = [name for name in types.split(" | ") if name != "null"]
    return " or ".join(forms[0] if name == "str" and forms else _word(name) for name in wanted)


def _word(name: str) -> str:
    return _KINDS.get(name, name)


def _words(places: list[dict[str, Any]]) -> list[str]:
    return [str(word) for place in places for word in place.get("enum", ())]


def _known(kind: Any, path: Path) -> list[str]:
    """The keys that a struct knows at a path inside of it."""
    return [name for place in _at(kind, path) for name in place.get("properties", {})]


def _at(kind: Any, path: Path) -> list[dict[str, Any]]:
    """The schemas of all that may stand at a path inside of a struct."""
    schema = msgspec.json.schema(kind)
    definitions: dict[str, Any] = schema.get("$defs", {})
    places = [schema]
    for step in path:
        places = [inner for place in places for inner in _inside(place, step, definitions)]
    return [one for place in places for one in _choices(place, definitions)]


def _choices(place: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in place:
        return _choices(definitions[place["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in place:
        return [one for inner in place["anyOf"] for one in _choices(inner, definitions)]
    return [place]


def _inside(place: dict[str, Any], step: str | int, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in _choices(place, definitions):
        inner = one.get("items") if isinstance(step, int) else one.get("properties", {}).get(step)
        if isinstance(inner, dict):
            found.append(cast("dict[str, Any]", inner))
    return found
