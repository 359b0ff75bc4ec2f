"""Rate limits that vendors publish, and how near to them a run comes."""

from __future__ import annotations

import importlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vendorlab.contracts.core.suites import suite_package

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes:
        requests: How many requests are allowed.
        seconds: In any so many seconds.
        anonymous: Whether it is for requests without a login; else it is for those with one.
    """

    requests: int
    seconds: int
    anonymous: bool = False

    def __str__(self) -> str:
        """As a person reads it."""
        whose = "without a login" if self.anonymous else "with a login"
        return f"{self.requests:,} in {_SPANS.get(self.seconds, f'{self.seconds} seconds')} {whose}"


_SPANS = {60: "a minute", 3_600: "an hour", 86_400: "a day"}


def published_limits(vendor: str) -> tuple[Limit, ...]:
    """Return the limits that a vendor publishes, as its suite has them: ``PUBLISHED_LIMITS``; most publish none."""
    found: tuple[Limit, ...] = getattr(importlib.import_module(suite_package(vendor)), "PUBLISHED_LIMITS", ())
    return found


def most_within(times: Iterable[float], seconds: float) -> int:
    """Return how many of some times, in order, lie within any so many seconds at the most."""
    window: deque[float] = deque()
    most = 0
    for at in times:
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most
