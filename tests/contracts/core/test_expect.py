"""Expectations: what they take, and that all they refuse is the target's fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core import expect

REQUEST = httpx.Request("GET", "http://target.example/v1/thing?access_token=secret")


def answer(status: int = 200, *, json: Any = None, text: str | None = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if text is not None:
        return httpx.Response(status, text=text, headers={"Content-Type": "text/html", **named}, request=REQUEST)
    return httpx.Response(status, json=json, headers=named, request=REQUEST)


DETAIL = {"detail": "Not found."}
Case = tuple[Callable[[httpx.Response], object], httpx.Response]

RIGHT: list[Case] = [
    (lambda response: expect.status(response, 200, 201), answer(201)),
    (expect.json_object, answer(json={"a": 1})),
    (lambda response: expect.json_object(response, 400, 401), answer(401, json={})),
    (expect.json_objects, answer(json=[{"a": 1}, {}])),
    (lambda response: expect.fields(response, {"a": 1, "b": None}, {"a": int, "b": (str, type(None))}), answer()),
    (lambda response: expect.fields(response, {"a": True}, {"a": bool}), answer()),
    (lambda response: expect.detail(response, 404), answer(404, json=DETAIL)),
    (lambda response: expect.detail(response, 404, "x", "Not found."), answer(404, json=DETAIL)),
    (expect.not_found, answer(404, json=DETAIL)),
    (expect.not_found, answer(404, json={"detail": "No Array matches the given query."})),
    (expect.no_such_path, answer(404, text="<h1>Not Found</h1>")),
    (lambda response: expect.field_errors(response, {"a": ["b"]}), answer(400, json={"a": ["b"]})),
    (lambda response: expect.oauth_error(response, "e", [401]), answer(401, json={"error": "e"})),
    (
        lambda response: expect.oauth_error(response, "e", [400, 401], "why"),
        answer(400, json={"error": "e", "error_description": "why"}),
    ),
]


@pytest.mark.parametrize(("subject", "response"), RIGHT)
def test_right_answers_are_taken(subject: Callable[[httpx.Response], object], response: httpx.Response) -> None:
    subject(response)


WRONG: list[Case] = [
    (lambda response: expect.status(response, 200, 201), answer(204)),
    (expect.json_object, answer(json=[])),
    (expect.json_object, answer(500, json={})),
    (expect.json_object, answer(text="{}")),
    (expect.json_object, httpx.Response(200, headers={"Content-Type": "application/json"}, request=REQUEST)),
    (expect.json_objects, answer(json={"results": []})),
    (expect.json_objects, answer(json=[1])),
    (lambda response: expect.fields(response, {}, {"a": int}), answer()),
    (lambda response: expect.fields(response, {"a": True}, {"a": int}), answer()),
    (lambda response: expect.fields(response, {"a": "1"}, {"a": (int, float)}), answer()),
    (lambda response: expect.detail(response, 404), answer(404, json={"detail": 5})),
    (lambda response: expect.detail(response, 404), answer(404, json={})),
    (lambda response: expect.detail(response, 404, "x"), answer(404, json=DETAIL)),
    (expect.not_found, answer(404, json={"detail": "Gone."})),
    (expect.not_found, answer(404, text="Not found.")),
    (expect.no_such_path, answer(404, json=DETAIL)),
    (lambda response: expect.field_errors(response, {"a": ["b"]}), answer(400, json={"a": ["b"], "c": ["d"]})),
    (lambda response: expect.oauth_error(response, "e", [401]), answer(400, json={"error": "e"})),
    (
        lambda response: expect.oauth_error(response, "e", [401]),
        answer(401, json={"error": "e", "error_description": "why"}),
    ),
    (expect.allows, answer()),
]


@pytest.mark.parametrize(("subject", "response"), WRONG)
def test_wrong_answers_are_the_targets_fault(
    subject: Callable[[httpx.Response], object], response: httpx.Response
) -> None:
    with pytest.raises(AssertionError, match="GET /v1/thing answered"):
        subject(response)


def test_complaint_tells_what_was_asked_answered_and_expected_but_no_query() -> None:
    with pytest.raises(AssertionError) as caught:
        expect.status(answer(500, text="x" * 1_000), 200)
    told = str(caught.value)
    assert told.startswith("GET /v1/thing answered 500 text/html 'xxx")
    assert told.endswith("…'; expected 200")
    assert "secret" not in told


def test_headers_that_are_lists_are_read_as_lists() -> None:
    response = answer(Allow="GET, HEAD,OPTIONS", Vary="Accept, Cookie")
    assert expect.allows(response) == {"GET", "HEAD", "OPTIONS"}
    assert expect.header_words(response, "Vary") == {"accept", "cookie"}
    assert expect.header_words(response, "Nothing") == set()


@given(st.binary(), st.sampled_from(["application/json", "text/html", "nonsense", "application/json; charset=utf-8"]))
def test_any_body_is_taken_or_the_targets_fault(body: bytes, media_type: str) -> None:
    response = httpx.Response(200, content=body, headers={"Content-Type": media_type}, request=REQUEST)
    for subject in (expect.json_object, expect.json_objects):
        try:
            subject(response)
        except AssertionError:
            continue
