"""Observations: posting them, and reading them by pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform import raw

if TYPE_CHECKING:
    from vendorlab.contracts.itron.platform.api import Api

PAGE_BYTES = 1_048_576
BODY_BYTES = 10_485_760
_MOST_PAGES = 200
_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer with observations.

    Attributes:
        response: The answer.
        rows: The observations.
        following: Where the next page is; None on the last one.
    """

    response: httpx.Response
    rows: list[dict[str, Any]]
    following: str | None

    def check(self, holds: object, expected: str) -> None:
        """Fail unless something holds."""
        __tracebackhide__ = True
        expect.check(holds, self.response, expected)

    @property
    def numbers(self) -> list[Any]:
        """The member ``n`` of each observation: what the suite tells its own readings by."""
        return [row.get("n") for row in self.rows]

    @property
    def next_page(self) -> str:
        """Expect a next page, at a whole URL, and where this one is: whoever follows it shows the token there."""
        __tracebackhide__ = True
        url = self.following or ""
        here = origin(str(self.response.request.url))
        self.check(url, "a next_page header, since there is more")
        self.check(url.isascii() and url.isprintable(), f"next_page to be a URL, not {url!r}")
        self.check(origin(url) == here, f"a next_page at {'://'.join(here)}, not {url!r}")
        return url

    @property
    def texts(self) -> list[str]:
        """The observations as they are written, but for blanks."""
        return raw.elements(raw.members(self.response.text)["observations"])


def page(response: httpx.Response) -> Page:
    """Expect a page of observations."""
    __tracebackhide__ = True
    body = expect.json_object(response)
    expect.fields(response, body, {"observations": list})
    try:
        exact = json.loads(response.content, parse_float=Decimal)
    except ValueError:
        raise AssertionError("the observations are not JSON in UTF-8") from None
    rows = cast("list[Any]", exact["observations"])
    for row in rows:
        expect.check(isinstance(row, dict), response, "observations to be objects")
        expect.fields(response, row, {"timestamp": str})
    return Page(response, rows, response.headers.get("next_page"))


def origin(url: str) -> tuple[str, str]:
    """Return scheme and host with port; empty where the text is no whole URL."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return "", ""
    return (parts.scheme, parts.netloc.decode()) if parts.scheme in _SCHEMES else ("", "")


def follow(api: Api, before: Page, token: str) -> Page:
    """Read the page after another, by its URL as it is."""
    __tracebackhide__ = True
    return page(api.get(before.next_page, token))


def walk(api: Api, first: Page, token: str) -> list[Page]:
    """Read all pages from a first one on."""
    __tracebackhide__ = True
    pages = [first]
    while pages[-1].following is not None:
        pages[-1].check(len(pages) < _MOST_PAGES, f"fewer than {_MOST_PAGES} pages")
        pages.append(follow(api, pages[-1], token))
    return pages


def numbers(pages: list[Page]) -> list[Any]:
    """Return the numbers of the readings on some pages."""
    return [number for each in pages for number in each.numbers]


def cursor(of: Page) -> str:
    """Expect a cursor in the next page's URL and return it."""
    __tracebackhide__ = True
    found = parse_qs(urlsplit(of.next_page).query).get("after", [""])[0]
    of.check(found, "a cursor 'after' in next_page")
    return found


@dataclass(frozen=True, slots=True)
class Times:
    """Moments around a full minute that the suite's readings are made at.

    Attributes:
        zero: The minute.
    """

    zero: datetime

    def at(self, seconds: float) -> str:
        """Return a moment so many seconds after the minute, as the vendor's clients write it."""
        moment = (self.zero + timedelta(seconds=seconds)).astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03d}Z"

    def reading(self, seconds: float, number: int, **values: Any) -> dict[str, Any]:
        """Return an observation."""
        return {"timestamp": self.at(seconds), "n": number, **values}

    def window(self, start: float, end: float) -> dict[str, str]:
        """Return the query of a window."""
        return {"from_": self.at(start), "to": self.at(end)}
