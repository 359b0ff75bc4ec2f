"""Observations in pages: each answer is read whole, and its header `next_page` says where the next one is.

The header is a whole URL with a cursor, used as it is given, but only if it leads back to the vendor: a token goes
with it. A page may be short or empty while more follows, so the header alone says where the end is.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, TypeAlias

import httpx

from ..core.errors import NotFound, NotJson, UnexpectedResponse, UsageError
from ..core.reading import Node, unexpected
from ..core.steps import Call
from ..core.urls import PORTS, port_of
from .models import in_utc, read_observation, window_query
from .values import items_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ..core.steps import Steps
    from .models import Observation

NEXT_PAGE: Final = "next_page"
LIST: Final = "observations"

Send: TypeAlias = "Callable[[Call], Steps[httpx.Response]]"
"""Sends a call with a token and returns a success, or raises what any other answer means."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, the end not included. The vendor goes by whole seconds; what it gives too much is left out.

    Raises:
        UsageError: A time without a zone, or an end that is not later than the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if in_utc(self.start, "start") >= in_utc(self.end, "end"):
            raise UsageError("a window ends later than it starts")

    def query(self) -> dict[str, str]:
        """Return the window as the platform wants it."""
        try:
            return window_query(in_utc(self.start, "start"), in_utc(self.end, "end"))
        except OverflowError:
            raise UsageError("end: a time beyond the calendar") from None

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


class Walk:
    """One walk over the pages of a list of observations.

    Args:
        send: Sends the calls.
        call: The GET of the first page.
        base_url: Where it goes; no page is asked of anybody else.
        device_id: Whose observations these are; None for those of a solution.
        window: What to keep; None for everything.
    """

    def __init__(
        self, send: Send, call: Call, base_url: str, device_id: str | None = None, window: Window | None = None
    ) -> None:
        self._send = send
        self._next: Call | None = call
        self._home = httpx.URL(base_url)
        self._device_id = device_id
        self._window = window
        self._walked: set[bytes] = set()

    @property
    def is_over(self) -> bool:
        """Whether there is no further page."""
        return self._next is None

    def next(self) -> Steps[list[Observation] | None]:
        """Ask for the next page.

        Returns:
            Its observations, in the vendor's order; None if there is no further page.

        Raises:
            UnexpectedResponse: No list of observations; a header that leads elsewhere or in a circle.
            ClientError: As for any call.
        """
        call = self._next
        if call is None:
            return None
        try:
            response = yield from self._send(call)
        except NotFound:
            if self._device_id is not None or call.url is not None:
                raise
            self._next = None  # a solution begins with its first device; until then there is nothing in it
            return None
        found = read_page(response, call, self._device_id)
        self._next = self._page_after(response, call)
        return found if self._window is None else [item for item in found if item.timestamp in self._window]

    def _page_after(self, response: httpx.Response, call: Call) -> Call | None:
        link = response.headers.get(NEXT_PAGE, "").strip()
        if not link:
            return None
        try:
            page = httpx.URL(link)
        except (httpx.InvalidURL, ValueError):
            raise _astray(response, call, "not a URL") from None
        if page.scheme not in PORTS or not page.host:
            raise _astray(response, call, "not a whole URL")
        if page.userinfo or _origin(page) != _origin(self._home):
            raise _astray(response, call, "leads to another origin; not followed")
        mark = blake2b(link.encode(), digest_size=16).digest()  # a walk may be long, and the cursors too
        if mark in self._walked:
            raise _astray(response, call, "leads to a page that was there before")
        self._walked.add(mark)
        return Call("GET", page.path, url=link)


def read_page(response: httpx.Response, call: Call, device_id: str | None) -> list[Observation]:
    """Read one page of observations.

    Raises:
        NotJson: It is no JSON.
        UnexpectedResponse: It is something else.
    """
    is_json = False
    items = None
    with suppress(ValueError, RecursionError):
        items = items_of(response.content.decode(), LIST)
        is_json = True
    if not is_json:
        raise unexpected(response, call, "the body is not JSON", NotJson)
    if items is None:
        raise Node(call, response.status_code, None, LIST).unexpected("missing, or no list")
    return [
        read_observation(Node(call, response.status_code, value, f"{LIST}[{index}]"), raw, device_id)
        for index, (value, raw) in enumerate(items)
    ]


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, port_of(url, url.scheme)


def _astray(response: httpx.Response, call: Call, what: str) -> UnexpectedResponse:
    return Node(call, response.status_code, None, NEXT_PAGE).unexpected(what)
