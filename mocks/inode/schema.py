"""iNode's own description of itself: OpenAPI for programs, a page for people. Inferred: the real ones need a login."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.django.pagination import PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TITLE = "iNode API"

_SCHEMAS = "#/components/schemas/"

_SCHEMES = {
    "oauth2": {
        "type": "oauth2",
        "flows": {
            "password": {
                "tokenUrl": "/api/oauth/token/",
                "refreshUrl": "/api/oauth/token/",
                "scopes": {"sync": "Read links and devices"},
            }
        },
    },
    "tokenAuth": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token <key>`"},
    "cookieAuth": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
}


class Described(NamedTuple):
    """One thing that can be read.

    Attributes:
        path: with ``<name>`` where a segment is a parameter.
        operation: its name.
        model: what it gives, a name in ``wire.TYPES``.
        form: ``object``, ``array``, or ``page`` for the envelope of a page.
        query: parameters that it needs.
    """

    path: str
    operation: str
    model: str
    form: str
    query: tuple[str, ...] = ()


def openapi(described: Sequence[Described], types: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The description as OpenAPI 3."""
    return {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "version": "v1"},
        "paths": {_path(one.path): {"get": _get(one)} for one in described},
        "components": {
            "schemas": {
                name: {
                    "type": "object",
                    "properties": {field: _type(code) for field, code in fields.items()},
                    "required": list(fields),
                }
                for name, fields in types.items()
            },
            "securitySchemes": _SCHEMES,
        },
    }


def page(described: Sequence[Described], schema: str) -> str:
    """The description as HTML: a table of operations, and where the schema is."""
    rows = "".join(
        f"<tr><td>GET</td><td><code>{escape(one.path)}</code></td><td>{one.operation}</td></tr>" for one in described
    )
    return f'<h1>{TITLE}</h1><p>Schema: <a href="{schema}">{schema}</a></p><table>{rows}</table>'


def _path(path: str) -> str:
    return path.replace("<", "{").replace(">", "}")


def _get(one: Described) -> dict[str, Any]:
    names = [part[1:-1] for part in one.path.split("/") if part.startswith("<")]
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}} for name in names
    ]
    parameters += [
        {"name": name, "in": "query", "required": True, "schema": {"type": "string", "format": "date-time"}}
        for name in one.query
    ]
    if one.form == "page":
        parameters.append({"name": PAGE, "in": "query", "required": False, "schema": {"type": "integer"}})
    return {
        "operationId": one.operation,
        "parameters": parameters,
        "security": [{"oauth2": ["sync"]}, {"tokenAuth": []}, {"cookieAuth": []}],
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": _form(one)}}}},
    }


def _form(one: Described) -> dict[str, Any]:
    item = {"$ref": f"{_SCHEMAS}{one.model}"}
    if one.form == "object":
        return item
    rows = {"type": "array", "items": item}
    if one.form == "array":
        return rows
    link = {"type": "string", "format": "uri", "nullable": True}
    fields = {"count": {"type": "integer"}, "next": link, "previous": link, "results": rows}
    return {"type": "object", "properties": fields, "required": list(fields)}


def _type(code: str) -> dict[str, Any]:
    name = code.rstrip("?*")
    if name[0].isupper():
        return {"allOf": [{"$ref": f"{_SCHEMAS}{name}"}], "nullable": code.endswith("?")}
    if code.endswith("*"):
        return {"type": "array", "items": {"type": name}}
    return {"type": name, "nullable": True} if code.endswith("?") else {"type": name}
