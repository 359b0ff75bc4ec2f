"""Declared defects: ways in which a fake can be made wrong on purpose, so that its contract can prove that it notices.

A mutant is planted into one vendor of one world for as long as a context lasts. It reaches into the fake from outside,
and into classes that other worlds of the process share: plant one at a time, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import msgspec

from .web.dispatch import Dispatch

if TYPE_CHECKING:
    from .web.message import Answer, Request
    from .web.routes import Route

Planted = AbstractContextManager[object]
Change = Callable[["Request", "Answer"], None]
"""Makes an answer wrong."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect.

    Attributes:
        name: how to speak of it.
        text: what the fake does then.
        claims: those of the vendor's contract that it breaks, each of which must be found broken.
        plant: plants it into the vendor.
    """

    name: str
    text: str
    claims: tuple[str, ...]
    plant: Callable[[Any], Planted]


def instead(owner: Any, name: str, make: Callable[[Any], Any]) -> Planted:
    """Put something in the place of an attribute.

    Args:
        owner: an object, a class or a module.
        name: of the attribute.
        make: gets what is there and gives what takes its place; of a method that is a plain function of the class.
    """
    return mock.patch.object(owner, name, make(getattr(owner, name)))


def never(owner: Any, name: str, answer: Any = None) -> Planted:
    """Let a method do nothing, and return always the same."""

    def nothing(*_args: Any, **_options: Any) -> Any:
        return answer

    return instead(owner, name, lambda _: nothing)


def planting(owner: Any, name: str, make: Callable[[Any], Any]) -> Callable[[Any], Planted]:
    """``instead`` as a mutant's ``plant``, where it reaches into what all fakes of a process share."""
    return lambda _vendor: instead(owner, name, make)


def silencing(owner: Any, name: str, answer: Any = None) -> Callable[[Any], Planted]:
    """``never`` as a mutant's ``plant``."""
    return lambda _vendor: never(owner, name, answer)


def answers(vendor: str, change: Change, *, operation: str = "", path: str = "") -> Planted:
    """Change every answer of a vendor's over HTTP before it leaves.

    Args:
        vendor: whose.
        change: does it.
        operation: only those of this operation.
        path: only those to paths that begin so.
    """

    def make(handle: Callable[[Dispatch, Route, Request], Answer]) -> Callable[[Dispatch, Route, Request], Answer]:
        def changed(dispatch: Dispatch, route: Route, request: Request) -> Answer:
            answer = handle(dispatch, route, request)
            wanted = dispatch.site.name == vendor and operation in ("", route.operation)
            if wanted and request.path.startswith(path):
                change(request, answer)
            return answer

        return changed

    return instead(Dispatch, "_handle", make)


def without_header(name: str) -> Change:
    """Lose a header."""

    def change(_request: Request, answer: Answer) -> None:
        answer.headers = [pair for pair in answer.headers if pair[0].lower() != name.lower()]

    return change


def with_header(name: str, value: str) -> Change:
    """Set a header."""

    def change(request: Request, answer: Answer) -> None:
        without_header(name)(request, answer)
        answer.headers.append((name, value))

    return change


def with_status(before: int, after: int) -> Change:
    """Answer with another status where one was given."""

    def change(_request: Request, answer: Answer) -> None:
        if answer.status == before:
            answer.status = after

    return change


def with_text(before: bytes, after: bytes) -> Change:
    """Say something else in the body."""

    def change(_request: Request, answer: Answer) -> None:
        answer.body = answer.body.replace(before, after)

    return change


def with_json(edit: Callable[[Any], Any]) -> Change:
    """Edit a body that is JSON; what the edit returns is sent."""

    def change(_request: Request, answer: Answer) -> None:
        if answer.status == 200 and answer.body:
            answer.body = msgspec.json.encode(edit(msgspec.json.decode(answer.body)))

    return change
