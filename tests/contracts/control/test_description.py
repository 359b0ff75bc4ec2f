"""The plain form in which two descriptions are compared: what it overlooks, and that it overlooks nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from vendorlab.contracts.control.description import operations, plain, spread

DOCUMENT: dict[str, Any] = {
    "security": [{"token": []}],
    "paths": {
        "/doors/{key}": {
            "x-also-below": "/houses/{house}",
            "parameters": [{"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}],
            "put": {
                "operationId": "setDoor",
                "summary": "Open or shut.",
                "parameters": [{"name": "wait", "in": "query", "schema": {"type": "integer", "default": 5}}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Door"}}},
                },
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Door"}}}},
                    "400": {
                        "description": "No.",
                        "links": {
                            "again": {"operationId": "setDoor", "parameters": {"key": "$response.body#/key"}},
                            "ask": {"operationId": "health", "parameters": {}},
                        },
                    },
                },
            },
        },
        "/health": {"get": {"operationId": "health", "security": [], "responses": {"204": {"description": "Well."}}}},
    },
    "components": {
        "schemas": {
            "Door": {
                "type": "object",
                "required": ["open", "title"],
                "properties": {
                    "open": {"type": "boolean"},
                    "title": {"type": ["string", "null"], "maxLength": 9},
                    "state": {"enum": ["new", "old"]},
                    "required": {"type": "integer", "description": "A member of that name."},
                },
            }
        }
    },
}
DOOR = DOCUMENT["components"]["schemas"]["Door"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": "string", "title": "T", "description": "D"}, {"type": "string"}),
        ({"type": ["null", "string"]}, {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}),
        ({"enum": ["b", "a", None]}, {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]}),
        ({"type": "object", "required": ["b", "a"]}, {"type": "object", "required": ["a", "b"]}),
        ({"type": "object"}, {"type": "object", "required": [], "default": {}}),
        ({"$ref": "#/components/schemas/Door"}, DOOR),
        ({"$ref": "#/components/schemas/Door", "default": 3}, {**DOOR, "default": 3}),
    ],
)
def test_ways_to_say_the_same_are_one(one: Any, other: Any) -> None:
    assert plain(DOCUMENT, one) == plain(DOCUMENT, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": "string"}, {"type": "integer"}),
        ({"type": "string"}, {"type": ["string", "null"]}),
        ({"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 1}),
        ({"type": "integer", "default": 0}, {"type": "integer"}),
        ({"type": "boolean", "default": False}, {"type": "boolean"}),
        ({"type": "string", "pattern": "a"}, {"type": "string"}),
        ({"type": "object", "additionalProperties": False}, {"type": "object"}),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"properties": {"title": {"type": "string"}}}, {"properties": {}}),
        ({"properties": {"default": {"type": "string"}}}, {"properties": {}}),
        ({"properties": {"required": {"type": "string"}}}, {"properties": {"required": {"type": "integer"}}}),
    ],
)
def test_what_a_caller_depends_on_is_told_apart(one: Any, other: Any) -> None:
    assert plain(DOCUMENT, one) != plain(DOCUMENT, other)


CHANGES: list[tuple[list[str], Any]] = [
    (["security"], []),
    (["paths", "/health", "get", "security"], [{"token": []}]),
    (["paths", "/health", "get", "operationId"], "other"),
    (["paths", "/health", "get", "responses", "503"], {"description": "Ill."}),
    (["paths", "/health", "head"], {"operationId": "more", "responses": {}}),
    (["paths", "/doors/{key}", "parameters"], []),
    (["paths", "/doors/{key}", "put", "parameters"], []),
    (["paths", "/doors/{key}", "put", "requestBody", "required"], False),
    (["paths", "/doors/{key}", "put", "requestBody", "content"], {}),
    (["paths", "/doors/{key}", "put", "responses", "200", "content"], {}),
    (["paths", "/doors/{key}", "put", "responses", "400", "links"], {}),
    (["paths", "/doors/{key}", "put", "responses", "400", "links", "again", "parameters", "key"], "$url"),
    (["components", "schemas", "Door", "required"], ["open"]),
    (["components", "schemas", "Door", "properties", "open", "type"], "string"),
]


@pytest.mark.parametrize(("path", "value"), CHANGES, ids=lambda value: str(value)[-40:])
def test_changed_description_is_another(path: list[str], value: Any) -> None:
    changed = copy.deepcopy(DOCUMENT)
    holder: Any = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    assert operations(changed) != operations(DOCUMENT)


def test_prose_is_anybodys_own() -> None:
    changed = copy.deepcopy(DOCUMENT)
    changed["paths"]["/doors/{key}"]["put"]["summary"] = "Otherwise."
    changed["components"]["schemas"]["Door"]["description"] = "A door."
    assert operations(changed) == operations(DOCUMENT)


def test_operations_elsewhere_are_written_out() -> None:
    found = operations(spread(DOCUMENT))
    assert list(found) == ["PUT /doors/{key}", "GET /health", "PUT /houses/{house}/doors/{key}"]
    here, there = found["PUT /doors/{key}"], found["PUT /houses/{house}/doors/{key}"]
    assert there["operationId"] == "setDoor-in-world"
    assert there["parameters"].keys() - here["parameters"].keys() == {"path house"}
    assert there["responses"].keys() - here["responses"].keys() == {"404"}
    assert there["body"] == here["body"]
    again = {"house": "$request.path.house", "key": "$response.body#/key"}
    assert there["links"]["400"] == {
        "again": {"operationId": "setDoor-in-world", "parameters": again},
        "ask": here["links"]["400"]["ask"],
    }


@pytest.mark.parametrize("document", [{}, {"paths": 3}, {"paths": {"/": 3}}, {"paths": {"/": {"get": {}}}}], ids=str)
def test_what_is_no_description_raises(document: Any) -> None:
    with pytest.raises((KeyError, TypeError, AttributeError)):
        operations(document)
