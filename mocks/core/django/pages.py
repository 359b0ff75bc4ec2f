"""What Django itself answers: error pages in HTML, bare refusals of methods, redirects.

::

    WebError
    └── PageError        an HTML page with a status
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..errors import WebError
from ..web.message import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .stack import Stack

HTML = "text/html; charset=utf-8"

SEGMENT = "[^/]+"
ROUTER_SEGMENT = "[^/.]+"
"""What a placeholder takes in paths that DRF's routers made: no dot, which begins a format there."""

_PAGES = {
    400: ("Bad Request (400)", "<h1>Bad Request (400)</h1>"),
    403: ("403 Forbidden", "<h1>403 Forbidden</h1>"),
    404: ("Not Found", "<h1>Not Found</h1><p>The requested resource was not found on this server.</p>"),
    500: ("Server Error (500)", "<h1>Server Error (500)</h1>"),
}

_PROXY_PAGES = {
    413: "413 Request Entity Too Large",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}


def page(stack: Stack, status: int, cause: str) -> Answer:
    """Django's own page for 400, 403, 404 and 500; for 413 and 502 to 504 what a proxy in front of it says.

    Source: measured for 404 and 500; the proxy's pages are inferred.
    """
    if status in _PAGES:
        answer = document(stack, status, *_PAGES[status])
        answer.headers[0] = ("Content-Type", stack.page_type)
        answer.cause = cause
        return answer
    title = _PROXY_PAGES.get(status, f"{status}")
    text = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Answer(status, text.encode(), [("Content-Type", "text/html")], cause)


def document(stack: Stack, status: int, title: str, body: str) -> Answer:
    """An HTML page in the stack's own frame.

    Args:
        stack: the site's era.
        status: of the answer.
        title: of the page, as HTML.
        body: what stands on it, as HTML.
    """
    text = stack.page.format(title=title, body=body)
    return Answer(status, text.encode(), [("Content-Type", HTML), *stack.headers])


class PageError(WebError):
    """A page of Django's: raised where no view answers any more."""

    def __init__(self, stack: Stack, status: int, cause: str) -> None:
        super().__init__(f"{status} {cause}")
        self.status = status
        self.cause = cause
        self._stack = stack

    def answer(self) -> Answer:
        """The page."""
        return page(self._stack, self.status, self.cause)


def empty(stack: Stack, status: int, headers: Iterable[tuple[str, str]] = (), cause: str = "ok") -> Answer:
    """A Django answer without a body."""
    return Answer(status, b"", [("Content-Type", HTML), *headers, *stack.headers], cause)


def method_not_allowed(stack: Stack, allowed: Collection[str]) -> Answer:
    """A plain view's refusal of a method (T50): 405, empty, with ``Allow``."""
    return empty(stack, 405, [("Allow", ", ".join(allowed))], "method-not-allowed")


def options(stack: Stack, allowed: Collection[str]) -> Answer:
    """A plain view's answer to OPTIONS (T52): 200, empty, with ``Allow``."""
    return empty(stack, 200, [("Allow", ", ".join(allowed))])


def redirect(stack: Stack, location: str, *, permanent: bool) -> Answer:
    """A redirect to a path on the same host; Django leaves it relative."""
    return empty(stack, 301 if permanent else 302, [("Location", location)], "redirect")


class Unrouted:
    """What Django says where no route leads: a redirect if only the slash is missing, otherwise 404 (T54, T56).

    Args:
        stack: the site's era.
        paths: its routes.
        segment: what a placeholder takes, as a regular expression.
    """

    def __init__(self, stack: Stack, paths: Iterable[str], segment: str = SEGMENT) -> None:
        self._stack = stack
        patterns = (re.sub("<[^>]*>", segment, path.removesuffix("/")) for path in paths if path.endswith("/"))
        self._lacks_slash = re.compile("|".join(patterns) or "(?!)")

    def __call__(self, request: Request) -> Answer:
        """Answer a request that no route takes."""
        if self._lacks_slash.fullmatch(request.path):
            query = f"?{request.query}" if request.query else ""
            return redirect(self._stack, f"{quote(request.path)}/{query}", permanent=True)
        return page(self._stack, 404, "no-such-path")
