"""``vendorlab promote``: what was observed goes where the inferred stood, as changes of text that somebody reviews.

Files are changed where a value stands and nowhere else: comments, order and quotes of everything around it stay.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import yaml

from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.openapi import FILE as OPENAPI
from vendorlab.contracts.core.suites import suite_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_CLAIMS = "claims.yaml"
_BOTTOM = "contracts"
_TYPES = ("string", "integer", "number", "boolean", "null", "object", "array")


@dataclass(frozen=True, slots=True)
class Revision:
    """A file, and what it would become.

    Attributes:
        path: The file.
        before: Its text.
        after: What it would be.
    """

    path: Path
    before: str
    after: str

    def patch(self) -> str:
        """Return the change as a unified diff, whose paths begin where ``contracts`` lies."""
        parts = self.path.parts
        name = "/".join(parts[len(parts) - 1 - parts[::-1].index(_BOTTOM) :])
        lines = unified_diff(self.before.splitlines(True), self.after.splitlines(True), f"a/{name}", f"b/{name}")
        return "".join(lines)


def load_evidence(path: Path) -> list[dict[str, Any]]:
    """Read one piece of evidence, or all in a folder and below.

    Raises:
        UsageError: There is none.
    """
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    found: list[dict[str, Any]] = []
    for each in files:
        try:
            document: Any = json.loads(each.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{each} cannot be read: {error}") from error
        if isinstance(document, dict):
            members = cast("dict[str, Any]", document)
            if members.get("kind") == "evidence" and members.get("format") == 1:
                found.append(members)
    if not found:
        raise UsageError(f"there is no evidence in {path}: give the folder of a recording (`vendorlab check --record`)")
    return found


def revisions(evidence: Iterable[Mapping[str, Any]]) -> list[Revision]:
    """Return what evidence changes: of claims that are inferred, and passed on the vendor's own endpoint.

    Raises:
        UsageError: A file of the suite cannot be read.
    """
    by_vendor: dict[str, dict[str, Mapping[str, Any]]] = {}
    for each in evidence:
        if each["observed"]:
            found = by_vendor.setdefault(str(each["vendor"]), {})
            if each["claim"] not in found or found[each["claim"]]["at"] < each["at"]:
                found[str(each["claim"])] = each
    return [each for vendor, found in sorted(by_vendor.items()) for each in _of_vendor(vendor, found)]


def _of_vendor(vendor: str, evidence: Mapping[str, Mapping[str, Any]]) -> Iterator[Revision]:
    path = suite_folder(vendor) / _CLAIMS
    text = _read(path)
    promoted, after = promoted_claims(text, evidence)
    if promoted:
        yield Revision(path, text, after)
    path = suite_folder(vendor) / OPENAPI
    if promoted and path.exists():
        text = _read(path)
        after = promoted_shapes(text, [evidence[each] for each in sorted(promoted)])
        if after != text:
            yield Revision(path, text, after)


def promoted_claims(text: str, evidence: Mapping[str, Mapping[str, Any]]) -> tuple[set[str], str]:
    """Return the claims that evidence raises, and the text of ``claims.yaml`` with them raised.

    Args:
        text: The file's text.
        evidence: By claim.
    """
    edits: list[tuple[int, int, str]] = []
    promoted: set[str] = set()
    for node in cast("list[yaml.MappingNode]", cast("Any", yaml.compose(text, Loader=yaml.SafeLoader)).value):
        values = {key.value: value for key, value in node.value}
        found = evidence.get(values["id"].value)
        if found is None or values["source"].value != "inferred":
            continue
        promoted.add(values["id"].value)
        host = urlsplit(str(found["target"])).hostname or found["target"]
        edits += (
            _edit(values["source"], "observed"),
            _edit(values["where"], _scalar(f"{values['where'].value}; observed at {host}")),
            _edit(values["date"], str(found["at"])[:10]),
        )
    return promoted, _edited(text, edits)


def promoted_shapes(text: str, evidence: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of ``openapi.yaml`` with what was observed in the operations whose claims were raised.

    A field's type becomes what was seen if that is another; a field that was seen and not described is added. Nothing
    is taken away: that a field was not seen does not mean that it is never there.

    Args:
        text: The file's text.
        evidence: On claims that are raised.
    """
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    seen: dict[tuple[str, str], dict[str, set[str]]] = {}
    for each in evidence:
        for exchange in each["exchanges"]:
            if each["claim"] not in _claims_of(root, exchange["operation"]) or exchange["status"][0] != "2":
                continue
            fields = seen.setdefault((exchange["operation"], exchange["status"]), {})
            for path, row in exchange["fields"].items():
                fields.setdefault(path, set()).update(kind.partition(":")[0].partition("=")[0] for kind in row["types"])
    edits: dict[tuple[int, int], str] = {}
    for (operation, status), fields in sorted(seen.items()):
        for begin, end, new in _shape_edits(root, operation, status, fields):
            edits.setdefault((begin, end), new)  # a schema that two operations share is changed once
    return _edited(text, [(begin, end, new) for (begin, end), new in edits.items()])


def _shape_edits(
    root: Any, operation: str, status: str, fields: Mapping[str, set[str]]
) -> Iterator[tuple[int, int, str]]:
    schema = _schema(root, operation, status)
    added: dict[int, list[str]] = {}
    holders: dict[int, Any] = {}
    for path, kinds in sorted(fields.items()):
        holder, _, name = path.rpartition(".")
        if schema is None or not kinds <= set(_TYPES) or "{" in path or path == "$":
            continue
        if path.endswith("[]"):
            continue
        properties = _get(root, _at(root, schema, holder), "properties")
        if properties is None:
            continue
        described = _get(root, properties, name.replace("·", "."))
        if described is None:
            added.setdefault(properties.start_mark.index, []).append(f"{_scalar(name)}: {{type: {_types(kinds)}}}")
            holders[properties.start_mark.index] = properties
            continue
        declared = _get(root, described, "type")
        if declared is not None and not _allowed(declared, kinds):
            yield _edit(declared, _types(kinds))
    for place, texts in added.items():
        yield _insertion(holders[place], texts)


def _schema(root: Any, operation: str, status: str) -> Any:
    method, _, path = operation.partition(" ")
    node = root
    for key in ("paths", path, method.lower(), "responses", status, "content", "application/json", "schema"):
        node = _get(root, node, key)
        if node is None:
            return None
    return node


def _claims_of(root: Any, operation: str) -> set[str]:
    method, _, path = operation.partition(" ")
    node = root
    for key in ("paths", path, method.lower(), "x-claims"):
        node = _get(root, node, key)
        if node is None:
            return set()
    return {each.value for each in node.value}


def _at(root: Any, schema: Any, path: str) -> Any:
    """Return the schema of what stands at a path; None where there is none, or where there is a choice."""
    node = schema
    for step in path.removeprefix("$").replace("[]", ".[]").split("."):
        if node is None or not step:
            continue
        node = _get(root, node, "items") if step == "[]" else _get(root, _get(root, node, "properties"), step)
    return node


def _get(root: Any, node: Any, key: str) -> Any:
    """Return a member of a mapping, its reference resolved; None if it is not there."""
    if not isinstance(node, yaml.MappingNode):
        return None
    members = {each.value: value for each, value in cast("list[tuple[Any, Any]]", node.value)}
    found = members.get(key)
    while isinstance(found, yaml.MappingNode):
        reference = next((value.value for name, value in found.value if name.value == "$ref"), None)
        if reference is None:
            break
        target = root
        for part in str(reference).removeprefix("#/").split("/"):
            target = _get(root, target, part.replace("~1", "/").replace("~0", "~"))
        found = target
    return found


def _allowed(declared: Any, kinds: set[str]) -> bool:
    names = {declared.value} if isinstance(declared, yaml.ScalarNode) else {each.value for each in declared.value}
    return kinds <= names | ({"integer"} if "number" in names else set())


def _types(kinds: set[str]) -> str:
    ordered = [each for each in _TYPES if each in kinds and not (each == "integer" and "number" in kinds)]
    quoted = ['"null"' if each == "null" else each for each in ordered]
    return quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"


def _insertion(properties: Any, texts: list[str]) -> tuple[int, int, str]:
    """Put members before the first one: where a block ends is not where its text does."""
    if properties.flow_style or not properties.value:
        at = properties.start_mark.index + 1
        return at, at, "".join(f"{each}, " for each in texts)
    first = properties.value[0][0].start_mark
    return first.index, first.index, "".join(f"{each}\n{' ' * first.column}" for each in texts)


def _edit(node: Any, new: str) -> tuple[int, int, str]:
    return node.start_mark.index, node.end_mark.index, new


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    for begin, end, new in sorted(edits, reverse=True):
        text = text[:begin] + new + text[end:]
    return text


def _scalar(text: str) -> str:
    """Return a text as YAML writes it on one line."""
    return yaml.safe_dump(text, width=1 << 20, allow_unicode=True).removesuffix("\n").removesuffix("\n...")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
