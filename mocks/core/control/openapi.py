"""The control API's own description, OpenAPI 3.1, made from the table of operations."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from .models import TITLES, Problem
from .operations import BY_NAME, OPERATIONS, Operation

_REF = "#/components/schemas/{name}"
_WORLD = "/worlds/{world}"


def describe(version: str) -> dict[str, Any]:
    """The whole description, as data."""
    types = [kind for one in OPERATIONS for kind in (one.body, one.answer) if kind not in (None, dict)]
    schemas, components = msgspec.json.schema_components([*types, Problem], ref_template=_REF)
    by_type = {_key(kind): schema for kind, schema in zip(types, schemas, strict=False)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        for prefix in ("", _WORLD) if operation.scoped else ("",):
            path = prefix + re.sub("<([^>]+)>", r"{\1}", operation.path)
            paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, path, by_type, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "vendorlab control API",
            "version": version,
            "description": "Moves the clock, sets faults and reads the journal of fake vendors.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def statuses(operation: Operation, *, named_world: bool) -> list[int]:
    """The statuses of every refusal: those that all calls share, and the operation's own."""
    found = {400, 403, *operation.refuses}
    if not operation.public:
        found.add(401)
    if named_world:
        found.add(404)
    if operation.body is not None:
        found |= {413, 415}
    return sorted(found)


def _operation(operation: Operation, path: str, by_type: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    in_world = path.startswith(_WORLD + "/")
    refusals = {str(status): _problem(status) for status in statuses(operation, named_world=in_world)}
    found: dict[str, Any] = {
        "operationId": f"{operation.name}-in-world" if in_world else operation.name,
        "summary": operation.summary,
        "responses": {str(operation.status): _success(operation, by_type) | _links(operation, in_world), **refusals},
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall("{([^}]+)}", path)
    ]
    if operation.query is not None:
        properties: dict[str, Any] = msgspec.json.schema_components([operation.query])[1][operation.query.__name__]
        parameters += [
            {"name": field, "in": "query", "schema": schema} for field, schema in properties["properties"].items()
        ]
    if parameters:
        found["parameters"] = parameters
    if operation.body is not None:
        found["requestBody"] = _request_body(operation, by_type, components)
    if operation.public:
        found["security"] = []
    return found


def _request_body(operation: Operation, by_type: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """What is sent; nothing at all stands for an object without members."""
    if operation.body is dict:
        return {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    schema: dict[str, Any] = by_type[_key(operation.body)]
    required = bool(components[schema["$ref"].rsplit("/", 1)[1]]["required"])
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _success(operation: Operation, by_type: dict[str, Any]) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": "Done"}
    media_type = "text/plain" if operation.answer is str else "application/json"
    return {"description": operation.summary, "content": {media_type: {"schema": by_type[_key(operation.answer)]}}}


def _links(operation: Operation, in_world: bool) -> dict[str, Any]:
    """What can be asked about what an answer names, as it is written into a response."""
    found: dict[str, Any] = {}
    for name, link in operation.links.items():
        given = {parameter: f"$response.body#{pointer}" for parameter, pointer in link.given.items()}
        if in_world and BY_NAME[link.target].scoped:
            given = {"world": "$request.path.world", **given}
        target = f"{link.target}-in-world" if "world" in given else link.target
        found[name] = {"operationId": target, "parameters": given}
    return {"links": found} if found else {}


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=Problem.__name__)}
    return {"description": TITLES[status], "content": {"application/problem+json": {"schema": schema}}}


def _key(kind: Any) -> str:
    return repr(kind)
