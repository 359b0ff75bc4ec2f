"""Spans of time as people write them in stories: ``90s``, ``1h30m``, ``5d``."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$(?!\n)"
Span = Annotated[str, msgspec.Meta(pattern=PATTERN, description="a span such as 90s, 1h30m or 5d", examples=["1h30m"])]

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_PART = re.compile(r"([0-9.]+)(ms|s|m|h|d)")


def seconds(span: str) -> float:
    """The seconds in a span; one that does not fit the pattern raises ``ValueError``."""
    if not re.match(PATTERN, span):
        raise ValueError(f"{span!r} is not a span of time; write 90s, 1h30m or 5d")
    return float(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(span)))


def written(span: float) -> str:
    """Seconds as a span, shortest first: 5400 is ``1h30m``."""
    if span != int(span):
        return f"{round(span * 1000)}ms" if span < 1 else f"{span:.3f}".rstrip("0").rstrip(".") + "s"
    left, parts = int(span), list[str]()
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(_UNITS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
