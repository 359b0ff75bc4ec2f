"""What a token allows: the statements of its ``accessPolicy``, held against a method and a path.

A resource is a method right before a path, with ``*`` for anything, slashes included (inferred from the one token that
is public).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ACTION = "execute-api:Invoke"


def statements(resources: Iterable[str]) -> list[dict[str, Any]]:
    """The claim ``accessPolicy`` that allows these resources."""
    return [{"Action": ACTION, "Effect": "Allow", "Resource": resource} for resource in resources]


def allowed(claim: Any) -> tuple[str, ...]:
    """The resources that a claim allows."""
    found = (one for one in claim if one["Effect"] == "Allow" and one["Action"] == ACTION)
    return tuple(one["Resource"] for one in found)


def permits(resources: Iterable[str], method: str, path: str) -> bool:
    """Whether one of the resources matches a call."""
    call = method + path
    return any(_pattern(resource).fullmatch(call) for resource in resources)


@lru_cache(maxsize=256)
def _pattern(resource: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in resource.split("*")), re.DOTALL)
