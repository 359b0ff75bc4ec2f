"""A vendor's HTTP face as data: routes to plain handlers, and what the vendor says where no route leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..journal import IsSecret, knows_none
from .message import LARGEST_BODY, Answer, Request

Handler = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of an API.

    Attributes:
        path: with ``<name>`` where a segment is a parameter.
        operation: its name for the journal, faults and contracts.
        handler: from request to answer; refusals are answers or ``WebError``.
        blocking: it may wait, so an edge calls it away from its loop.
        refine: where one path serves several operations, finds the one that a request means.
    """

    path: str
    operation: str
    handler: Handler
    blocking: bool = False
    refine: Callable[[Request], Route] | None = None


class Router:
    """Finds the route of a path: by equality where it has no parameters, else segment by segment."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._fixed = {route.path: route for route in routes if "<" not in route.path}
        self._patterns: dict[int, list[tuple[Route, tuple[str, ...]]]] = {}
        for route in routes:
            if route.path not in self._fixed:
                segments = tuple(route.path.split("/"))
                self._patterns.setdefault(len(segments), []).append((route, segments))

    def find(self, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and what its parameters matched, or None; a parameter is a whole segment, and not empty."""
        route = self._fixed.get(path)
        if route is not None:
            return route, {}
        asked = path.split("/")
        for route, segments in self._patterns.get(len(asked), ()):
            if all(want == got or (want[:1] == "<" and got) for want, got in zip(segments, asked, strict=True)):
                pairs = zip(segments, asked, strict=True)
                return route, {want[1:-1]: got for want, got in pairs if want[:1] == "<"}
        return None


@dataclass(frozen=True, slots=True)
class Site:
    """All of one vendor's HTTP face.

    Attributes:
        name: the vendor's name, as in the journal.
        routes: every operation.
        unrouted: answers a request that no route takes.
        failure: the vendor's own form of a status that no handler gave: injected, or refused by the edge.
        identify: fills in principal and credential before any handler ran, for faults that ask who calls.
        is_secret: knows the secrets that the vendor gave out, so that the journal never shows one.
        largest_body: bytes that a request may carry; one with more is refused with 413.
    """

    name: str
    routes: Sequence[Route]
    unrouted: Handler
    failure: Callable[[int, Request], Answer]
    identify: Callable[[Request], None]
    is_secret: IsSecret = knows_none
    largest_body: int = LARGEST_BODY


class Responder(Protocol):
    """What an edge hands requests to: a vendor's dispatch, or the control API."""

    @property
    def site(self) -> Site:
        """The face that answers."""
        ...

    @property
    def unrouted(self) -> Route:
        """Where requests go that no route takes."""
        ...

    def __call__(self, route: Route, request: Request) -> Answer:
        """Answer one request; never raises."""
        ...

    def refuse(self, status: int, request: Request, cause: str) -> Answer:
        """A refusal that the edge itself makes."""
        ...
