"""Reading answers: strict about types, open to unknown members.

A `Node` is a place in a decoded JSON body that knows its own name, so that a wrong type is reported as
`[3].start: expected a time with an offset, got a number`, never as a `KeyError` far away.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from .errors import (
    BadRequest,
    NotFound,
    NotJson,
    PermissionDenied,
    ResponseError,
    ServerError,
    UnexpectedResponse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from .steps import Call

T = TypeVar("T")

_KINDS: dict[Any, str] = {
    type(None): "null",
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell whether a JSON value is a list."""
    return isinstance(value, list)


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether a JSON value is a number, and a finite one (Python reads NaN and Infinity too)."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and isfinite(value))


@dataclass(frozen=True, slots=True)
class Node:
    """A value in an answer's body, and where it stands."""

    call: Call
    status: int
    value: Any
    place: str = ""

    def object(self) -> dict[str, Any]:
        """Return an object as it is."""
        if not is_object(self.value):
            raise self._expected("an object")
        return self.value

    def member(self, name: str) -> Node:
        """Return a member of an object, which must be there."""
        node = self.maybe(name)
        if node is None:
            raise self._at(self._below(name), None).unexpected("missing")
        return node

    def maybe(self, name: str) -> Node | None:
        """Return a member of an object, or None if it is absent."""
        members = self.object()
        return self._at(self._below(name), members[name]) if name in members else None

    def present(self, name: str) -> Node | None:
        """Return a member of an object, or None if it is absent or null."""
        node = self.maybe(name)
        return None if node is None or node.is_null else node

    def members(self) -> Iterator[tuple[str, Node]]:
        """Walk over an object."""
        for name, value in self.object().items():
            yield name, self._at(self._below(name), value)

    def items(self) -> Iterator[Node]:
        """Walk over a list."""
        if not is_list(self.value):
            raise self._expected("a list")
        for index, item in enumerate(self.value):
            yield self._at(f"{self.place}[{index}]", item)

    @property
    def is_null(self) -> bool:
        """Whether the value is null."""
        return self.value is None

    def nullable(self, read: Callable[[Node], T]) -> T | None:
        """Return what the reader makes of the value, or None if it is null."""
        return None if self.is_null else read(self)

    def text(self) -> str:
        """Return a string."""
        if not isinstance(self.value, str):
            raise self._expected("a string")
        return self.value

    def boolean(self) -> bool:
        """Return a boolean."""
        if not isinstance(self.value, bool):
            raise self._expected("a boolean")
        return self.value

    def number(self) -> float:
        """Return a finite number."""
        value = self.value
        if not is_number(value):
            raise self._expected("a finite number")
        return value

    def integer(self, *, minimum: int | None = None) -> int:
        """Return an integer, not below the minimum."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._expected("an integer")
        if minimum is not None and value < minimum:
            raise self._expected(f"an integer of at least {minimum}")
        return value

    def count(self) -> int:
        """Return an integer that is not negative."""
        return self.integer(minimum=0)

    def moment(self) -> datetime:
        """Return a time; it must carry an offset."""
        try:
            moment = datetime.fromisoformat(self.text())
            if moment.utcoffset() is not None:
                moment.astimezone(UTC)  # overflows for some hours of the years 1 and 9999
                return moment
        except (ValueError, OverflowError):
            pass
        raise self._expected("an ISO 8601 time with an offset")

    def duration(self) -> timedelta:
        """Return a length of time that is given in seconds, not negative."""
        seconds = self.number()
        if seconds >= 0:
            with suppress(OverflowError):
                return timedelta(seconds=seconds)
        raise self._expected("a number of seconds")

    def _at(self, place: str, value: Any) -> Node:
        return type(self)(self.call, self.status, value, place)

    def _below(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name

    def unexpected(self, message: str) -> UnexpectedResponse:
        """Return the error that says what is wrong here."""
        return UnexpectedResponse(
            f"{self.place or 'body'}: {message}",
            status=self.status,
            field=self.place,
            method=self.call.method,
            path=self.call.path,
        )

    def _expected(self, what: str) -> UnexpectedResponse:
        return self.unexpected(f"expected {what}, got {_KINDS[type(self.value)]}")


def decode(response: httpx.Response, call: Call) -> Node:
    """Read a JSON body, whatever its content type says.

    Raises:
        NotJson: It is not.
    """
    with suppress(ValueError, RecursionError):
        return Node(call, response.status_code, json.loads(response.content))
    # Raised out here, not in an `except`: the JSON error holds the whole body, in which a token may be.
    raise unexpected(response, call, "the body is not JSON", NotJson)


def answer(response: httpx.Response, call: Call) -> Node:
    """Return the body of a 200, or raise what any other answer means.

    Raises:
        ResponseError: The class that belongs to the status, or `UnexpectedResponse`.
    """
    if response.status_code != HTTPStatus.OK:
        raise refusal(response, call)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise unexpected(response, call, f"expected JSON, got {kind or 'no content type'}", NotJson)
    return decode(response, call)


def refusal(response: httpx.Response, call: Call, said: str = "") -> ResponseError:
    """Turn an answer that is not a success into the error that it means.

    Args:
        response: The answer.
        call: What was asked.
        said: What it says, where that is no JSON.
    """
    status, message = response.status_code, complaint(response, said)
    match status:
        case 400:
            detail, fields = _complaints(response)
            return BadRequest(message, detail=detail, fields=fields, method=call.method, path=call.path)
        case 403:
            return _of_response(PermissionDenied, message, response, call)
        case 404:
            return _of_response(NotFound, message, response, call)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _of_response(ServerError, message, response, call)
        case _:
            return unexpected(response, call, "no success, and no known error")


def complaint(response: httpx.Response, said: str = "") -> str:
    """Return the status of an answer that is not a success, and what the vendor says about it."""
    detail, fields = _complaints(response)
    reason = detail or "; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items()) or said
    return f"{response.status_code} {reason or response.reason_phrase}".strip()


def unexpected(
    response: httpx.Response, call: Call, what: str, kind: type[UnexpectedResponse] = UnexpectedResponse
) -> UnexpectedResponse:
    """Return the error for an answer that nothing documented leads to."""
    message = f"{response.status_code} {response.reason_phrase}: {what}"
    return kind(message, status=response.status_code, method=call.method, path=call.path)


def _of_response(kind: type[ResponseError], message: str, response: httpx.Response, call: Call) -> ResponseError:
    return kind(message, status=response.status_code, method=call.method, path=call.path)


def _complaints(response: httpx.Response) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Read what an error body says: a detail or lists of messages by field (Django REST framework), or a message.

    API gateways write `message` or `Message`.
    """
    try:
        body: Any = json.loads(response.content)
    except (ValueError, RecursionError):
        return "", {}
    if not is_object(body):
        return "", {}
    detail = body.get("detail") or next((body[name] for name in body if name.lower() == "message"), None)
    fields = {name: _texts(value) for name, value in body.items() if is_list(value)}
    return (detail if isinstance(detail, str) else ""), fields


def _texts(value: list[Any]) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str))
