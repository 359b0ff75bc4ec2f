"""Walks along links: what a sound server makes of them, and what each kind of broken one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.contracts.core import following
from vendorlab.contracts.core.errors import BudgetSpentError
from vendorlab.contracts.core.openapi import Spec

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

_KEY: Any = {"name": "key", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[a-z]{8}$"}}
_NAMED: Any = {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}}


def _answer(schema: Any, **links: tuple[str, str]) -> Any:
    named = {
        name: {"operationId": target, "parameters": {"key": f"$response.body#/{pointer}"}}
        for name, (target, pointer) in links.items()
    }
    content = {"application/json": {"schema": schema}}
    nothing = {"description": "No.", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {"200": {"description": "Yes.", "content": content, "links": named}, "404": nothing}


SPEC = Spec(
    {
        "openapi": "3.1.0",
        "info": {"title": "Shelves", "version": "1"},
        "paths": {
            "/shelves": {
                "get": {
                    "operationId": "list",
                    "parameters": [{"name": "size", "in": "query", "schema": {"type": "integer"}}],
                    "responses": _answer(
                        {"type": "array", "items": _NAMED}, first=("get", "0/key"), end=("remove", "0/key")
                    ),
                }
            },
            "/shelves/{key}": {
                "parameters": [_KEY],
                "get": {
                    "operationId": "get",
                    "responses": _answer(
                        {"type": "object", "required": ["key", "book"], "properties": {"book": {"type": "string"}}},
                        book=("read", "book"),
                    ),
                },
                "delete": {"operationId": "remove", "responses": _answer({})},
            },
            "/books/{key}": {
                "parameters": [_KEY],
                "get": {"operationId": "read", "responses": _answer({"type": "object", "required": ["title"]})},
            },
        },
        "components": {},
    }
)
SOUND: dict[str, tuple[int, Any]] = {
    "/shelves": (200, [{"key": "shelfone"}]),
    "/shelves/shelfone": (200, {"key": "shelfone", "book": "bookfour"}),
    "/books/bookfour": (200, {"title": "Emma"}),
}


class Server:
    """Answers from a table."""

    def __init__(self, **changes: tuple[int, Any]) -> None:
        self.answers = SOUND | {name.replace("_", "/"): answer for name, answer in changes.items()}
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, str(request.url.raw_path, "ascii")))
        status, body = self.answers.get(request.url.path, (404, {}))
        content = httpx.ByteStream(json.dumps(body).encode())  # as from a line: only then it is told how long it took
        return httpx.Response(status, headers={"Content-Type": "application/json"}, stream=content)


def walk(server: Callable[[httpx.Request], httpx.Response], **given: object) -> Counter[str]:
    with httpx.Client(base_url="http://shelves.example.com", transport=httpx.MockTransport(server)) as http:
        return following.follow(http, SPEC, headers={}, given=given)


def test_sound_server_is_walked_along_every_link_that_reads() -> None:
    server = Server()
    assert walk(server).keys() == following.links(SPEC) == {"first", "book"}
    assert {method for method, _ in server.asked} == {"GET"}
    assert len(server.asked) <= following.WALKS * following.STEPS
    assert {path for _, path in server.asked} >= set(SOUND)


def test_walk_is_the_same_every_time() -> None:
    first, second = Server(), Server()
    walk(first)
    walk(second)
    assert first.asked == second.asked


def test_what_is_given_goes_into_every_call_that_takes_it() -> None:
    server = Server()
    walk(server, size=3)
    assert {path for _, path in server.asked if path.startswith("/shelves?")} == {"/shelves?size=3"}
    assert "/shelves" not in {path for _, path in server.asked}


BROKEN: dict[str, tuple[dict[str, tuple[int, Any]], str]] = {
    "a list names what is not there": ({"_shelves": (200, [{"key": "shelftwo"}])}, r"200, for .* named: link first"),
    "an object names what is not there": ({"_books_bookfour": (404, {})}, r"200, for .* named: link book"),
    "what was named is not as described": (
        {"_books_bookfour": (200, {"name": "Emma"})},
        r"(?s)yaml says: .*title",
    ),
    "what was named breaks the server": ({"_shelves_shelfone": (500, {})}, r"[Ss]erver error"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_server_fails(kind: str) -> None:
    changes, told = BROKEN[kind]
    with pytest.raises(AssertionError) as caught:
        walk(Server(**changes))
    assert re.search(told, str(caught.value)), caught.value


def test_server_that_names_nothing_is_skipped() -> None:
    with pytest.raises(pytest.skip.Exception, match="names anything"):
        walk(Server(_shelves=(200, [])))


def test_end_of_the_budget_ends_the_walk() -> None:
    asked: list[str] = []

    def spent(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise BudgetSpentError("the budget is spent")

    with pytest.raises(BudgetSpentError):
        walk(spent)
    assert len(asked) <= 2
