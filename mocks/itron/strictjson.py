"""JSON as the platform takes it: strictly, and without touching what is free-form.

A value that only goes through is kept as its own bytes, so that numbers of any length, escapes and the order of members
come back as they were posted. What is no JSON, or means different things to different readers (NaN, a member named
twice, half of a surrogate pair), is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeGuard, cast

import msgspec

from .errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_NESTED = 100
"""How deep objects and arrays may lie in each other; a bound of the fake's own."""

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


def read(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds; every number in it is 0.0, as nobody here reads one, and some fit no type.

    Raises:
        BadRequest: it holds anything else.
    """
    try:
        _OBJECT.decode(body)  # the whole syntax, surrogates included; not the bytes inside of strings
        found = json.loads(body.decode(), object_pairs_hook=_members, parse_int=_number, parse_float=_number)
    except msgspec.ValidationError:
        raise BadRequest("The request body is not a JSON object.", cause="not-an-object") from None
    except (ValueError, RecursionError) as error:  # msgspec's errors and Unicode's are ValueErrors
        raise BadRequest("The request body is not valid JSON.", cause="not-json") from error
    if body.count(b"{") + body.count(b"[") > MOST_NESTED:
        _check_depth(found)
    return cast("dict[str, Any]", found)


def members(raw: bytes) -> Mapping[str, bytes]:
    """The members of a JSON object, each as its bytes; the object was ``read`` before."""
    return {name: bytes(value).strip() for name, value in _OBJECT.decode(raw).items()}


def elements(raw: bytes) -> Sequence[bytes]:
    """The elements of a JSON array, each as its bytes; the array was ``read`` before."""
    return [bytes(value).strip() for value in _ARRAY.decode(raw)]


def write(members: Mapping[str, bytes]) -> bytes:
    """The JSON object with these members, whose values are JSON already."""
    return b"{" + b",".join(msgspec.json.encode(name) + b":" + value for name, value in members.items()) + b"}"


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value is a JSON array."""
    return isinstance(value, list)


def _number(_text: str) -> float:
    return 0.0


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is named twice")
    return found


def _check_depth(value: Any) -> None:
    """Refuse what is nested too deep; level by level, since to recurse would be what it guards against."""
    level = [value]
    for _ in range(MOST_NESTED):
        below: list[Any] = []
        for container in level:
            inside: Any = container.values() if is_object(container) else container
            below += [one for one in inside if isinstance(one, dict | list)]
        if not below:
            return
        level = below
    raise BadRequest("The request body is nested too deep.", cause="too-deep")
