"""Brings a description by hand and one made by a program to one plain form, so that they can be compared.

What is left is what a caller depends on: operations, parameters, bodies, statuses and schemas with their bounds. Prose,
the names of schemas, and the several ways to say "or null" and "by default nothing" are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard, cast

from vendorlab.contracts.core.openapi import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROSE = {"title", "description", "summary", "discriminator"}
_NOTHING: tuple[Any, ...] = (None, {}, [], "")
_ALSO = "x-also-below"


def operations(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return every operation in plain form, by method and path.

    Raises:
        KeyError, TypeError, AttributeError: The document is no OpenAPI, or refers to what it has not.
    """
    public = document.get("security", [])
    return {
        f"{method.upper()} {path}": _operation(document, item, details, public)
        for path, item in cast("Mapping[str, Mapping[str, Any]]", document["paths"]).items()
        for method, details in item.items()
        if method in METHODS
    }


def spread(document: Mapping[str, Any]) -> dict[str, Any]:
    """Write out what ``x-also-below`` says: return the document with those paths below the template, too."""
    paths = dict(document["paths"])
    for path, item in document["paths"].items():
        if _ALSO in item:
            paths[item[_ALSO] + path] = _below(item[_ALSO], item)
    return {**document, "paths": paths}


def _below(template: str, item: Mapping[str, Any]) -> dict[str, Any]:
    name = template.rpartition("{")[2].rstrip("}")
    parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    found: dict[str, Any] = {"parameters": [parameter, *item.get("parameters", [])]}
    for method in METHODS:
        if method in item:
            refusals = {"404": item[method]["responses"]["400"], **item[method]["responses"]}
            name = f"{item[method]['operationId']}-in-world"
            found[method] = {**item[method], "operationId": name, "responses": refusals}
    return found


def _operation(document: Any, item: Any, details: Any, security: Any) -> dict[str, Any]:
    parameters = [plain(document, each) for each in (*item.get("parameters", []), *details.get("parameters", []))]
    body = details.get("requestBody")
    return {
        "operationId": details["operationId"],
        "public": not details.get("security", security),
        "parameters": {f"{each['in']} {each['name']}": each for each in parameters},
        "body": None if body is None else {"required": bool(body.get("required")), "content": _content(document, body)},
        "responses": {str(status): _content(document, each) for status, each in details["responses"].items()},
    }


def _content(document: Any, holder: Any) -> Any:
    content = _resolved(document, holder).get("content", {})
    return {kind: plain(document, each["schema"]) for kind, each in content.items()}


def plain(document: Any, node: Any) -> Any:
    """Return a schema, or whatever holds one, in plain form: references followed, prose and empty defaults gone."""
    if _is_list(node):
        return [plain(document, each) for each in node]
    if not _is_object(node):
        return node
    resolved = dict(_resolved(document, node))
    if "properties" in resolved:
        properties = resolved.pop("properties").items()
        resolved["members"] = {name: plain(document, each) for name, each in properties}
    return dict(_told(document, _nullable(resolved)))


def _told(document: Any, node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        empty = key in ("default", "required") and value in _NOTHING
        if key in _PROSE or empty:
            continue
        if key in ("enum", "type", "required") and _is_list(value):
            yield key, sorted(value, key=str)
        else:
            yield key, value if key == "members" else plain(document, value)


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    """Write "this or null" as one schema that allows null."""
    either: list[dict[str, Any]] = node.get("anyOf", [])
    others = [each for each in either if each != {"type": "null"}]
    if len(others) != 1 or len(either) != 2:
        return node
    only = others[0]
    widened = {"enum": [*only["enum"], None]} if "enum" in only else {"type": [only["type"], "null"]}
    return {key: value for key, value in node.items() if key != "anyOf"} | only | widened


def _resolved(document: Any, node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference; what stands beside it counts, too."""
    if "$ref" not in node:
        return node
    target = document
    for step in str(node["$ref"]).removeprefix("#/").split("/"):
        target = target[step]
    return {**_resolved(document, target), **{key: value for key, value in node.items() if key != "$ref"}}


def _is_list(node: Any) -> TypeGuard[list[Any]]:
    return isinstance(node, list)


def _is_object(node: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(node, dict)
