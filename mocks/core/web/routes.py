"""A vendor's HTTP face as data: routes to plain handlers, and what the vendor says where no route leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..journal import IsSecret, knows_none
from .message import Answer, Request

Handler = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of an API.

    Attributes:
        path: with ``<name>`` where a segment is a parameter.
        operation: its name for the journal, faults and contracts.
        handler: from request to answer; refusals are answers or ``WebError``.
        blocking: it may wait, so an edge calls it away from its loop.
    """

    path: str
    operation: str
    handler: Handler
    blocking: bool = False

    @property
    def fixed(self) -> bool:
        """Whether the path has no parameters, so that equality finds it."""
        return "<" not in self.path


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
    """

    name: str
    routes: Sequence[Route]
    unrouted: Handler
    failure: Callable[[int, Request], Answer]
    identify: Callable[[Request], None]
    is_secret: IsSecret = knows_none


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
