"""Reading answers: any JSON gives a value of the right type or an error that names the place."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.clients.core.errors import BadRequest, ResponseError, UnexpectedResponse
from vendorlab.clients.core.reading import Node, answer, decode, refusal
from vendorlab.clients.core.steps import Call

if TYPE_CHECKING:
    from collections.abc import Callable

CALL = Call("GET", "/v1/things")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(datetime.isoformat),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
READERS: dict[str, tuple[Callable[[Node], Any], type]] = {
    "text": (Node.text, str),
    "boolean": (Node.boolean, bool),
    "number": (Node.number, (int, float)),  # type: ignore[dict-item]
    "integer": (Node.integer, int),
    "count": (Node.count, int),
    "moment": (Node.moment, datetime),
    "duration": (Node.duration, timedelta),
    "object": (Node.object, dict),
    "items": (lambda node: list(node.items()), list),
}


def node(value: Any) -> Node:
    return Node(CALL, 200, value, "there")


@given(value=JSON, name=st.sampled_from(sorted(READERS)))
def test_reader_gives_its_type_or_names_the_place(value: Any, name: str) -> None:
    read, kind = READERS[name]
    try:
        result = read(node(value))
    except UnexpectedResponse as error:
        assert (error.field, error.status, error.method, error.path) == ("there", 200, "GET", "/v1/things")  # noqa: PT017 - most draws are good
    else:
        assert isinstance(result, kind)
        assert name == "boolean" or not isinstance(result, bool)


WRONG: list[tuple[Callable[[Node], Any], Any, str]] = [
    (Node.text, None, "there: expected a string, got null"),
    (Node.number, float("nan"), "there: expected a finite number, got a number"),
    (Node.number, True, "there: expected a finite number, got a boolean"),
    (Node.count, -1, "there: expected an integer of at least 0, got a number"),
    (Node.duration, -1, "there: expected a number of seconds, got a number"),
    (Node.duration, 1e300, "there: expected a number of seconds, got a number"),
    (Node.duration, "60", "there: expected a finite number, got a string"),
    (Node.moment, "2018-03-01T12:00", "there: expected an ISO 8601 time with an offset, got a string"),
    (Node.moment, "0001-01-01T00:00+14:00", "there: expected an ISO 8601 time with an offset, got a string"),
    (Node.object, [], "there: expected an object, got a list"),
    (lambda node: node.member("name"), {}, "there.name: missing"),
    (lambda node: next(node.items()).text(), [{}], "there[0]: expected a string, got an object"),
    (
        lambda node: node.member("a").member("b").text(),
        {"a": {"b": 1}},
        "there.a.b: expected a string, got a number",
    ),
]


@pytest.mark.parametrize(("read", "value", "told"), WRONG, ids=range(len(WRONG)))
def test_wrong_type_is_told_in_words(read: Callable[[Node], Any], value: Any, told: str) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        read(node(value))
    assert str(caught.value) == f"GET /v1/things: {told}"


def test_good_values_are_read() -> None:
    assert node(10**400).number() == 10**400
    assert node("2018-03-01T18:45:00Z").moment() == datetime(2018, 3, 1, 18, 45, tzinfo=UTC)
    assert node({"a": None}).present("a") is None
    assert node({}).maybe("a") is None
    assert [name for name, _ in node({"a": 1, "b": 2}).members()] == ["a", "b"]


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_decoded_or_unexpected(content: bytes) -> None:
    try:
        decode(httpx.Response(200, content=content), CALL)
    except UnexpectedResponse as error:
        assert "not JSON" in str(error)  # noqa: PT017 - most draws are good


def test_body_that_is_not_json_does_not_travel_with_the_error() -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        decode(httpx.Response(200, content=b'{"access_token": "a-secret"'), CALL)
    assert caught.value.__context__ is None


def test_bottomless_body_is_unexpected() -> None:
    with pytest.raises(UnexpectedResponse):
        decode(httpx.Response(200, content=b"[" * 100_000), CALL)


@given(
    status=st.integers(300, 599), content=st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode())
)
def test_any_refusal_becomes_an_error_with_its_status(status: int, content: bytes) -> None:
    error = refusal(httpx.Response(status, content=content), CALL)
    assert isinstance(error, ResponseError)
    assert error.status == status
    assert str(status) in str(error)


def test_complaints_by_field_are_in_the_message() -> None:
    error = refusal(httpx.Response(400, json={"start": ["This field is required."], "odd": [1], "more": 2}), CALL)
    assert isinstance(error, BadRequest)
    assert error.fields == {"start": ("This field is required.",), "odd": ()}
    assert "start: This field is required." in str(error)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_content_types_are_accepted(kind: str) -> None:
    assert answer(httpx.Response(200, content=b"[]", headers={"Content-Type": kind}), CALL).value == []


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/html"}, {"Content-Type": "application/jsonp"}], ids=str)
def test_other_content_types_are_unexpected(headers: dict[str, str]) -> None:
    with pytest.raises(UnexpectedResponse, match="expected JSON"):
        answer(httpx.Response(200, content=b"[]", headers=headers), CALL)


@pytest.mark.parametrize("name", ["message", "Message", "MESSAGE"])
def test_message_of_a_gateway_is_read_however_it_is_spelt(name: str) -> None:
    error = refusal(httpx.Response(403, json={name: "User is not authorized to access this resource"}), CALL)
    assert error.message == "403 User is not authorized to access this resource"


@pytest.mark.parametrize("body", [{"message": 7}, {"message": None}, {"message": {"a": 1}}, ["message"]])
def test_message_that_is_no_text_is_passed_over(body: Any) -> None:
    assert refusal(httpx.Response(400, json=body), CALL).message == "400 Bad Request"
