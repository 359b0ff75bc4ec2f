"""Walks along links: what a sound server makes of them, and what each kind of broken one."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.contracts.core import following
from vendorlab.contracts.core.errors import BudgetSpentError, SpecError
from vendorlab.contracts.core.openapi import Operation, Spec

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping

LINKS = {"list -> first", "get -> book"}
ABSENT = following._ABSENT
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
                        out=("lend", "book"),
                    ),
                },
                "delete": {"operationId": "remove", "responses": {"204": {"description": "Gone."}}},
            },
            "/books/{key}": {
                "parameters": [_KEY],
                "get": {"operationId": "read", "responses": _answer({"type": "object", "required": ["title"]})},
                "delete": {"operationId": "lend", "responses": {"204": {"description": "Out."}}},
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
        if request.method == "DELETE":
            return httpx.Response(204, stream=httpx.ByteStream(b""))
        status, body = self.answers.get(request.url.path, (404, {}))
        content = httpx.ByteStream(json.dumps(body).encode())  # as from a line: only then it is told how long it took
        return httpx.Response(status, headers={"Content-Type": "application/json"}, stream=content)


def walk(
    server: Callable[[httpx.Request], httpx.Response],
    spec: Spec = SPEC,
    given: Mapping[str, object] | None = None,
    may_ask: Callable[[Operation], bool] = following.reads,
    begin: Mapping[str, httpx.Response] | None = None,
) -> Counter[str]:
    with httpx.Client(base_url="http://shelves.example.com", transport=httpx.MockTransport(server)) as http:
        return following.follow(http, spec, headers={}, given=given or {}, may_ask=may_ask, begin=begin)


def test_sound_server_is_walked_along_every_link_that_reads() -> None:
    server = Server()
    assert walk(server).keys() == {link.label for link in following.links(SPEC)} == LINKS
    assert {method for method, _ in server.asked} == {"GET"}
    assert len(server.asked) <= following.MOST
    assert {path for _, path in server.asked} >= set(SOUND)


def test_walk_is_the_same_every_time() -> None:
    first, second = Server(), Server()
    walk(first)
    walk(second)
    assert first.asked == second.asked


def test_what_is_given_goes_into_every_call_that_takes_it() -> None:
    server = Server()
    walk(server, given={"size": 3})
    assert {path for _, path in server.asked if path.startswith("/shelves?")} == {"/shelves?size=3"}
    assert "/shelves" not in {path for _, path in server.asked}


BROKEN: dict[str, tuple[dict[str, tuple[int, Any]], str]] = {
    "a list names what is not there": (
        {"_shelves": (200, [{"key": "shelftwo"}])},
        r"200, for .* named: link list -> first",
    ),
    "an object names what is not there": ({"_books_bookfour": (404, {})}, r"200, for .* named: link get -> book"),
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


def test_what_cannot_be_left_out_is_made_up_and_what_can_is_not() -> None:
    document = copy.deepcopy(dict(SPEC.document))
    named = {"name": "by", "in": "query", "required": True, "schema": {"enum": ["title", "author"]}}
    document["paths"]["/shelves"]["get"]["parameters"].append(named)
    server = Server()
    walk(server, Spec(document))
    assert {path for _, path in server.asked if path.startswith("/shelves?")} <= {
        "/shelves?by=title",
        "/shelves?by=author",
    }
    assert ("GET", "/books/bookfour") in server.asked


def test_what_takes_away_is_asked_last_and_the_first_named_at_the_end() -> None:
    server = Server()
    followed = walk(server, may_ask=lambda _: True)
    assert followed.keys() == LINKS | {"list -> end", "get -> out"}
    assert server.asked[3:] == [("DELETE", "/books/bookfour"), ("DELETE", "/shelves/shelfone")]


def test_what_may_not_be_asked_is_not_even_where_a_link_leads_to_it_or_a_walk_could_begin() -> None:
    server = Server()
    walk(server, may_ask=lambda operation: operation.method == "GET" and operation.id != "read")
    assert {path for _, path in server.asked} == {"/shelves", "/shelves/shelfone"}
    with pytest.raises(pytest.skip.Exception):
        walk(server, may_ask=lambda operation: operation.id != "list" and following.reads(operation))


def test_walk_begins_with_answers_that_there_are() -> None:
    server = Server()
    answer = httpx.Response(200, json=[{"key": "shelfone"}])
    assert walk(server, begin={"list": answer}).keys() == LINKS
    assert ("GET", "/shelves") not in server.asked


@pytest.mark.parametrize("expression", ["$response.header.Location", "$url", "$request.body#/key", "0"])
def test_expression_that_no_walk_knows_is_the_descriptions_fault(expression: str) -> None:
    document = copy.deepcopy(dict(SPEC.document))
    document["paths"]["/shelves"]["get"]["responses"]["200"]["links"]["first"]["parameters"]["key"] = expression
    with pytest.raises(SpecError, match=re.escape(repr(expression))):
        walk(Server(), Spec(document))


def test_link_that_leads_nowhere_is_the_descriptions_fault() -> None:
    document = copy.deepcopy(dict(SPEC.document))
    document["paths"]["/shelves"]["get"]["responses"]["200"]["links"]["first"]["operationId"] = "fetch"
    with pytest.raises(SpecError, match="first leads to fetch"):
        following.links(Spec(document))


@pytest.mark.parametrize(
    ("pointer", "named"),
    [("", {"a/b": [{"~": 3}]}), ("/a~1b/0/~0", 3), ("/a%7E1b/0/~0", 3), ("/a~1b/1", ABSENT), ("/a~1b/x", ABSENT),
     ("/a/0", ABSENT), ("/a~1b/0/~0/x", ABSENT)],
)  # fmt: skip
def test_pointer_names_what_stands_there(pointer: str, named: object) -> None:
    response = httpx.Response(200, json={"a/b": [{"~": 3}]})
    assert following._value(f"$response.body#{pointer}", {}, response) == named


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
