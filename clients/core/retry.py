"""When to try again: back-off after line trouble, and Retry-After."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TRANSIENT = frozenset({502, 503, 504})
"""Statuses that speak of the way to the vendor, or of a passing state of it. A 500 is an answer, and stays one."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently.

    Attributes:
        attempts: Sends of one request, the first included, that may end without a proper answer.
        refusals: 429 answers to one request before giving up.
        base: Seconds before the second attempt; doubled for each further one.
        cap: The longest such wait.
        chance: Spreads the waits over their upper half, so that clients cut off together do not return together.
    """

    attempts: int = 4
    refusals: int = 5
    base: float = 0.5
    cap: float = 30.0
    chance: random.Random = field(default_factory=random.Random, repr=False, compare=False)

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after the nth failure (1, 2, …)."""
        longest = min(self.cap, self.base * 2.0 ** min(failures - 1, 32))
        return longest * self.chance.uniform(0.5, 1.0)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After: whole seconds, or a date measured against the answer's own Date.

    Returns:
        Seconds, never negative; None if the header is absent or makes no sense.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, wait.total_seconds())
