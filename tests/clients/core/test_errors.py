"""The error tree: as drawn, and fit to travel."""

from __future__ import annotations

import pickle
import re

import pytest

from vendorlab.clients.core import errors
from vendorlab.clients.core.errors import ClientError, NotFound, UsageError

CLASSES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ClientError)]


def drawn_tree() -> dict[str, str | None]:
    """Each class in the drawing, with the one that it hangs from."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").split("```")[1].splitlines():
        if match := re.match(r"([│├└─ ]*)([A-Z][A-Za-z]+)\b", line):
            depth = len(match[1]) // 4
            above[depth:] = [match[2]]
            parents[match[2]] = above[depth - 1] if depth else None
    return parents


def test_tree_is_as_drawn() -> None:
    parent_of = {kind.__name__: kind.__bases__[0].__name__ for kind in CLASSES}
    assert drawn_tree() == parent_of | {"ClientError": None}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_error_tells_where_it_happened_and_survives_pickling(kind: type[ClientError]) -> None:
    error = kind("went wrong", method="GET", path="/v1/whoami")
    copy = pickle.loads(pickle.dumps(error))
    assert str(error) == str(copy) == "GET /v1/whoami: went wrong"
    assert vars(error) == vars(copy)


def test_error_without_a_request_tells_the_message_only() -> None:
    assert str(UsageError("no client id")) == "no client id"
    assert isinstance(UsageError(""), ValueError)


def test_error_keeps_its_status() -> None:
    assert NotFound("404 Not found.", status=404).status == 404
