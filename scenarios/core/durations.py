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
    """Seconds as a span: 5400 is ``1h30m``; what is less than a millisecond is left out."""
    left, thousandths = divmod(round(span * 1_000), 1_000)
    parts: list[str] = []
    for unit in ("d", "h", "m"):
        count, left = divmod(left, int(_UNITS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    last = f"{left}.{thousandths:03}".rstrip("0").rstrip(".")
    return "".join(parts if last == "0" and parts else [*parts, f"{last}s"])
