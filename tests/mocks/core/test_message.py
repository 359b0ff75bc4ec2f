"""Requests as values: their fields, whatever was sent."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.web.message import FORM, MalformedFormError, Request, TooManyFieldsError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=10)


def form(body: bytes, content_type: str = FORM) -> Request:
    return Request("POST", "/", headers={"content-type": content_type}, body=body)


@given(PAIRS)
def test_a_form_gives_back_what_was_put_in_the_last_of_each_name(pairs: list[tuple[str, str]]) -> None:
    encoded = urlencode(pairs)
    assert form(encoded.encode()).form == dict(pairs)
    assert Request("GET", "/", encoded).query_fields == dict(pairs)


@given(st.lists(st.tuples(st.text("abc", min_size=1, max_size=5), TEXT), max_size=6))
def test_a_multipart_form_gives_back_the_same(pairs: list[tuple[str, str]]) -> None:
    parts = "".join(
        f'--b0undary\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs
    )
    request = form(f"{parts}--b0undary--\r\n".encode(), "multipart/form-data; boundary=b0undary")
    assert request.form == dict(pairs)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_of_some_kind(body: bytes) -> None:
    assert isinstance(form(body).form, dict)
    assert isinstance(Request("GET", "/", body.decode("latin-1")).query_fields, dict)


@given(st.binary(max_size=200), st.sampled_from(["", "; boundary=b", '; boundary="b"', "; boundary=", "; charset=x"]))
def test_any_bytes_as_multipart_are_read_or_refused(body: bytes, parameters: str) -> None:
    try:
        fields = form(b"--b\r\n" + body, f"multipart/form-data{parameters}").form
    except (MalformedFormError, TooManyFieldsError):
        return
    assert isinstance(fields, dict)


def test_fields_are_bounded() -> None:
    assert len(form(b"&".join(b"f%d=" % n for n in range(1_000))).form) == 1_000
    with pytest.raises(TooManyFieldsError):
        _ = form(b"&".join(b"f%d=" % n for n in range(1_001))).form
    with pytest.raises(TooManyFieldsError):
        _ = Request("GET", "/", "&".join("f=" for _ in range(1_001))).query_fields


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [("Application/JSON; charset=x", "application/json"), (" a/b ;", "a/b"), (";", ""), ("", "")],
)
def test_media_type_is_bare_and_small(content_type: str, media_type: str) -> None:
    assert form(b"", content_type).media_type == media_type


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "x-www-form-urlencoded"])
def test_other_bodies_have_no_form(content_type: str) -> None:
    assert form(b"a=1", content_type).form == {}
