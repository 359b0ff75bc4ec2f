"""Page-number pagination: which rows, and the links around them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.django.pagination import InvalidPage, paginate
from vendorlab.mocks.core.django.stack import LEGACY, MODERN
from vendorlab.mocks.core.web.message import Request


def ask(query: str = "", host: str = "h.example:81", path: str = "/api/v1/links/") -> Request:
    return Request("GET", path, query, {"host": host})


@given(st.integers(0, 60), st.integers(1, 20))
def test_following_next_gives_every_row_once_and_previous_leads_back(count: int, size: int) -> None:
    rows, query = list(range(count)), "b=2&a=1"
    pages: list[dict[str, Any]] = []
    while True:
        request = ask(query)
        page = paginate(MODERN, request, count, size)
        envelope = page.envelope(request, rows[page.rows])
        pages.append(envelope)
        if envelope["next"] is None:
            break
        query = envelope["next"].partition("?")[2]
    assert [row for one in pages for row in one["results"]] == rows
    assert {one["count"] for one in pages} == {count}
    backward = [one["previous"] for one in pages]
    assert backward[0] is None
    assert [link and link.partition("?")[2] for link in backward[1:3]] == ["a=1&b=2", "a=1&b=2&page=2"][
        : len(backward) - 1
    ]


def test_links_are_absolute_and_keep_what_was_asked() -> None:
    request = ask("x=%2B1&page=2&x=3&empty=", path="/a b/")
    envelope = paginate(MODERN, request, 9, 3).envelope(request, [])
    assert envelope["next"] == "http://h.example:81/a%20b/?empty=&page=3&x=%2B1&x=3"
    assert envelope["previous"] == "http://h.example:81/a%20b/?empty=&x=%2B1&x=3"
    first = ask("page=2")
    assert paginate(MODERN, first, 9, 3).envelope(first, [])["previous"] == "http://h.example:81/api/v1/links/"


@pytest.mark.parametrize(
    ("text", "number"), [("last", 4), ("1", 1), (" 2 ", 2), ("%D9%A3", 3), ("+2", 2), ("1_0", None)]
)
def test_page_is_a_number_as_python_reads_it_or_the_last(text: str, number: int | None) -> None:
    if number is None:
        with pytest.raises(InvalidPage):
            paginate(MODERN, ask(f"page={text}"), 10, 3)
    else:
        assert paginate(MODERN, ask(f"page={text.replace('+', '%2B')}"), 10, 3).number == number


@pytest.mark.parametrize("text", ["0", "-1", "5", "x", "1.0", "Last", "9" * 5_000, "1e0"])
def test_page_that_is_not_there_is_refused(text: str) -> None:
    with pytest.raises(InvalidPage):
        paginate(MODERN, ask(f"page={text}"), 10, 3)


def test_page_without_a_number_is_the_first_on_newer_stacks() -> None:
    assert paginate(MODERN, ask("page="), 10, 3).number == 1
    with pytest.raises(InvalidPage):
        paginate(LEGACY, ask("page="), 10, 3)


def test_empty_list_has_one_empty_page() -> None:
    request = ask("page=1")
    page = paginate(MODERN, request, 0, 3)
    assert page.envelope(request, []) == {"count": 0, "next": None, "previous": None, "results": []}
    with pytest.raises(InvalidPage):
        paginate(MODERN, ask("page=2"), 0, 3)


@given(st.text(max_size=10))
def test_any_text_is_a_page_or_refused(text: str) -> None:
    request = ask()
    request._query_fields = {"page": text}
    with suppress(InvalidPage):
        assert 1 <= paginate(MODERN, request, 10, 3).number <= 4
