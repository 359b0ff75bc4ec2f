"""Brings a description by hand and one made by a program to one plain form, so that they can be compared.

What is left is what a caller depends on: operations, parameters, bodies, statuses, links and schemas with their bounds.
Prose, the names of schemas, and the several ways to say "or null" and "by default nothing" are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard, cast

from vendorlab.contracts.core.openapi import METHODS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_PROSE = {"title", "description", "summary", "discriminator"}
_NOTHING: tuple[Any, ...] = (None, {}, [], "")
_ALSO = "x-also-below"
_BELOW = "-in-world"


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
    items = [item for item in paths.values() if _ALSO in item]
    there = {item[method]["operationId"] for item in items for method in METHODS if method in item}
    for path, item in document["paths"].items():
        if _ALSO in item:
            paths[item[_ALSO] + path] = _below(item[_ALSO], item, there)
    return {**document, "paths": paths}


def _below(template: str, item: Mapping[str, Any], there: Collection[str]) -> dict[str, Any]:
    """Write an item out below a template; what it links to, if it is there below as well, is asked there."""
    name = template.rpartition("{")[2].rstrip("}")
    parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    found: dict[str, Any] = {"parameters": [parameter, *item.get("parameters", [])]}
    for method in METHODS:
        if method in item:
            answers = {"404": item[method]["responses"]["400"], **item[method]["responses"]}
            answers = {status: _linked(answer, name, there) for status, answer in answers.items()}
            found[method] = {
                **item[method],
                "operationId": f"{item[method]['operationId']}{_BELOW}",
                "responses": answers,
            }
    return found


def _linked(answer: Mapping[str, Any], name: str, there: Collection[str]) -> Mapping[str, Any]:
    links = {
        each: {
            "operationId": f"{link['operationId']}{_BELOW}",
            "parameters": {name: f"$request.path.{name}", **link["parameters"]},
        }
        if link["operationId"] in there
        else link
        for each, link in answer.get("links", {}).items()
    }
    return {**answer, "links": links} if links else answer


def _operation(document: Any, item: Any, details: Any, security: Any) -> dict[str, Any]:
    parameters = [plain(document, each) for each in (*item.get("parameters", []), *details.get("parameters", []))]
    body = details.get("requestBody")
    return {
        "operationId": details["operationId"],
        "public": not details.get("security", security),
        "parameters": {f"{each['in']} {each['name']}": each for each in parameters},
        "body": None if body is None else {"required": bool(body.get("required")), "content": _content(document, body)},
        "responses": {str(status): _content(document, each) for status, each in details["responses"].items()},
        "links": {str(status): each["links"] for status, each in details["responses"].items() if each.get("links")},
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
