"""The control API's own description, OpenAPI 3.1, made from the table of operations."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ..faults import Rule
from .models import Problem
from .operations import OPERATIONS, Operation

_REF = "#/components/schemas/{name}"


def describe(version: str) -> dict[str, Any]:
    """The whole description, as data."""
    types = [
        *(kind for one in OPERATIONS for kind in (one.body, one.query, one.answer) if kind not in (None, dict)),
        Problem,
        Rule,
    ]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = {_key(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        for prefix in ("", "/worlds/{world}") if operation.scoped else ("",):
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


def _operation(operation: Operation, path: str, by_type: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    scoped = path.startswith("/worlds/{world}")
    found: dict[str, Any] = {
        "operationId": f"{operation.name}-in-world" if scoped else operation.name,
        "summary": operation.summary,
        "responses": {str(operation.status): _success(operation, by_type), "default": _PROBLEM},
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall("{([^}]+)}", path)
    ]
    if operation.query is not None:
        name = by_type[_key(operation.query)]["$ref"].rsplit("/", 1)[1]
        properties: dict[str, Any] = components[name]["properties"]
        parameters += [{"name": field, "in": "query", "schema": schema} for field, schema in properties.items()]
    if parameters:
        found["parameters"] = parameters
    if operation.body is not None:
        schema = _schema_of_body(operation, by_type)
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if operation.public:
        found["security"] = []
    return found


def _schema_of_body(operation: Operation, by_type: dict[str, Any]) -> dict[str, Any]:
    if operation.body is not dict:
        schema: dict[str, Any] = by_type[_key(operation.body)]
        return schema
    return by_type[_key(Rule)] if operation.path == "/faults" else {"type": "object"}


def _success(operation: Operation, by_type: dict[str, Any]) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": "Done"}
    return {
        "description": operation.summary,
        "content": {"application/json": {"schema": by_type[_key(operation.answer)]}},
    }


_PROBLEM = {
    "description": "An error",
    "content": {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}},
}


def _key(kind: Any) -> str:
    return repr(kind)
