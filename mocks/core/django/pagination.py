"""DRF's page-number pagination (3.6): which rows a page holds, and the envelope around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode

from .refusals import NotFound

if TYPE_CHECKING:
    from ..web.message import Request
    from .stack import Stack

PAGE = "page"


class InvalidPage(NotFound):
    """404 for a page that is not there, or is no number."""

    cause, detail = "invalid-page", "Invalid page."


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        number: from 1.
        pages: how many there are; one at least.
        count: how many rows there are on all of them.
        size: rows on a full page.
    """

    number: int
    pages: int
    count: int
    size: int

    @property
    def rows(self) -> slice:
        """Which rows it holds."""
        return slice((self.number - 1) * self.size, self.number * self.size)

    def envelope(self, request: Request, results: list[Any]) -> dict[str, Any]:
        """The rows with their count and absolute links to the pages around."""
        after = _link(request, self.number + 1) if self.number < self.pages else None
        before = _link(request, self.number - 1) if self.number > 1 else None
        return {"count": self.count, "next": after, "previous": before, "results": results}


def paginate(stack: Stack, request: Request, count: int, size: int) -> Page:
    """The page that a request asks for.

    Args:
        stack: the site's era.
        request: its query may hold ``page``: a number, or ``last``.
        count: rows in all.
        size: rows a page.

    Raises:
        InvalidPage: There is no such page.
    """
    pages = max(1, -(-count // size))
    text = request.query_fields.get(PAGE, "1")
    if not text and stack.empty_page_is_first:
        text = "1"
    try:
        number = pages if text == "last" else int(text)
    except ValueError:
        raise InvalidPage from None
    if not 1 <= number <= pages:
        raise InvalidPage
    return Page(number, pages, count, size)


def _link(request: Request, number: int) -> str:
    """The address asked for with another page; the query's other fields are kept, in the order of their names."""
    fields = parse_qs(request.query, keep_blank_values=True)
    fields[PAGE] = [str(number)]
    if number == 1:
        del fields[PAGE]
    query = urlencode(sorted(fields.items()), doseq=True)
    path = quote(request.path, safe="/:@!$&'()*+,;=~")
    return f"{request.scheme}://{request.headers.get('host', 'localhost')}{path}{'?' if query else ''}{query}"
