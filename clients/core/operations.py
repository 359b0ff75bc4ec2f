"""What can be asked of a vendor, as values: each operation knows its calls and how to read the answers, without I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar
from urllib.parse import urljoin

import httpx

from .errors import NotFound
from .reading import is_list
from .urls import PORTS, port_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from .reading import Node
    from .steps import Call, Steps

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

WALKS = 3
"""Walks over a list whose pages go away on the way, before that is reported."""

PAGES = 10_000
"""Pages of one list, at most; a list that goes on is a vendor gone wrong."""

Ask: TypeAlias = "Callable[[Call], Steps[Node]]"
"""Sends a call with a credential and returns the body of a 200, or raises what any other answer means."""


class Operation(Protocol[T_co]):
    """Something that can be asked."""

    def steps(self, ask: Ask) -> Steps[T_co]:
        """Ask, and return what was answered."""
        ...


@dataclass(frozen=True, slots=True)
class Get(Generic[T]):
    """One GET and how to read what comes back."""

    call: Call
    read: Callable[[Node], T]

    def steps(self, ask: Ask) -> Steps[T]:
        """Ask, and read the answer."""
        return self.read((yield from ask(self.call)))


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A whole list, as Django REST framework serves it: a bare array, or pages in envelopes with a `next`.

    Attributes:
        call: The GET of the first page.
        base_url: Where it goes; no page is asked of anybody else.
        read: Reads one item.
        identity: Tells items apart. One that turns up again on a later page, because the list moved on meanwhile,
            counts once, as last seen.
    """

    call: Call
    base_url: str
    read: Callable[[Node], T]
    identity: Callable[[T], Hashable]

    def steps(self, ask: Ask) -> Steps[list[T]]:
        """Ask for one page after the other.

        Raises:
            UnexpectedResponse: Neither an array nor an envelope; a `next` that leads elsewhere or in a circle.
            NotFound: The list is not there, or its pages went away while they were walked over, again and again.
        """
        walks = 1
        while True:
            first = yield from ask(self.call)
            try:
                return (yield from self._walk(first, ask))
            except NotFound:  # the list grew shorter on the way, and what has moved up would be missed
                if walks == WALKS:
                    raise
                walks += 1

    def _walk(self, body: Node, ask: Ask) -> Steps[list[T]]:
        seen: dict[Hashable, T] = {}
        asked = {(self.call.path, str(httpx.QueryParams(self.call.params)))}
        while True:
            is_bare = is_list(body.value)
            found = [self.read(item) for item in (body if is_bare else body.member("results")).items()]
            seen |= {self.identity(item): item for item in found}
            call = None if is_bare else self._page_after(body, asked)
            if call is None:
                return list(seen.values())
            body = yield from ask(call)

    def _page_after(self, body: Node, asked: set[tuple[str, str]]) -> Call | None:
        """Follow path and query of `next`: behind a proxy its scheme is often wrong."""
        link = body.present("next")
        if link is None:
            return None
        base = httpx.URL(self.base_url)
        try:
            here = httpx.URL(f"{self.base_url}{body.call.path}")
            page = httpx.URL(urljoin(str(here), link.text()))
        except (httpx.InvalidURL, ValueError):
            raise link.unexpected("not a URL") from None
        prefix = base.raw_path.decode("ascii").rstrip("/")
        path, _, query = page.raw_path.decode("ascii").partition("?")
        if path.startswith(f"{prefix}/"):
            path = path.removeprefix(prefix)
        is_home = (page.host, port_of(page, base.scheme)) == (base.host, port_of(base, base.scheme))
        # A path that begins with two slashes would be taken for a host when it is joined to the base URL.
        if page.scheme not in PORTS or page.userinfo or not is_home or path.startswith("//"):
            raise link.unexpected("leads to another origin; not followed")
        if (path, query) in asked or len(asked) == PAGES:
            raise link.unexpected("leads to a page that was there before, or on without end")
        asked.add((path, query))
        return replace(self.call, path=path, params=httpx.QueryParams(query))
