"""The control API's reference, from its OpenAPI description: every call once, and every body with its members."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tables import attributes, table

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_WORLD = "/worlds/{world}"
HEAD = """\
# The control API, call by call

From its own description, `GET /openapi.json`. How it is used, and who may, is told on [its page](../control.md).

A call that is about a world is about `main`; the same call below `/worlds/{world}` is about another, and then 404 says
that there is none of that name. A refusal is a [`Problem`](#body-problem) (`application/problem+json`).
"""
LARGEST = 2**63 - 1  # no bound of the API's, but of what holds its numbers
BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "`{}`",
    "format": "{}",
}


def page(document: dict[str, Any]) -> str:
    """The whole page."""
    paths: dict[str, dict[str, Any]] = document["paths"]
    own = [path for path in paths if not path.startswith(f"{IN_WORLD}/")]
    parts = [HEAD, *(part for path in own for part in _path(path, paths))]
    parts.append("## Bodies\n\nWhat calls take and answer, as JSON.\n")
    parts += [_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    return "\n".join(parts)


def _path(path: str, paths: dict[str, dict[str, Any]]) -> Iterator[str]:
    also = f" In another world: `{IN_WORLD}{path}`." if IN_WORLD + path in paths else ""
    for method in (name for name in paths[path] if name != "parameters"):
        call: dict[str, Any] = paths[path][method]
        yield f"## {method.upper()} `{path}`\n\n{call['summary']}.{also}\n"
        named = [(f"`{one['name']}`", one["in"], _type(one["schema"])) for one in call.get("parameters", [])]
        if named:
            yield table(["parameter", "in", "what it is"], named)
        yield from _answers(call)


def _answers(call: dict[str, Any]) -> Iterator[str]:
    if "requestBody" in call:
        yield f"Body: {_body(call['requestBody'])}\n"
    answers: dict[str, dict[str, Any]] = call["responses"]
    for status in (name for name in answers if name < "4"):
        yield f"Answer: {' '.join([status, _body(answers[status])]).strip()}\n"
    refused = [f"{name} {answers[name]['description'].lower()}" for name in answers if name >= "4"]
    yield f"Refused: {', '.join(refused)}\n"


def _schema(name: str, schema: dict[str, Any]) -> str:
    doc = schema.get("description", "").replace("``", "`")
    meanings, needed = attributes(doc), schema.get("required", [])
    rows = [
        (f"`{one}`", ": ".join(filter(None, [_type(inner), meanings.get(one)])), "yes" if one in needed else "")
        for one, inner in schema.get("properties", {}).items()
    ]
    told = f"### {name} {{#body-{name.lower()}}}\n\n{doc.partition('Attributes:')[0].strip()}\n"
    return f"{told}\n{table(['member', 'what it is', 'always there'], rows)}" if rows else told


def _body(holder: dict[str, Any]) -> str:
    for content in holder.get("content", {}).values():
        return _type(content.get("schema", {}))
    return ""


def _type(schema: dict[str, Any]) -> str:
    """A schema in words; those with a name are links to it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[`{name}`](#body-{name.lower()})"
    words = _kind(schema)
    bounds = [told.format(_number(schema[key])) for key, told in BOUNDS.items() if schema.get(key, LARGEST) != LARGEST]
    default = schema.get("default")
    if default not in (None, [], {}, ""):
        bounds.append(f"`{json.dumps(default)}` if left out")
    return ", ".join([words, *bounds])


def _number(bound: object) -> str:
    """A bound as people write it."""
    return f"{bound:,.0f}" if isinstance(bound, int | float) and bound == int(bound) else str(bound)


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(one)}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    kind: str | list[str] = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return kind if isinstance(kind, str) else " or ".join(kind)
