"""Staying under published rate limits.

A `Pacer` keeps the same sliding log that Django REST framework keeps on the other side: a request may go when
each limit's window holds fewer requests than it allows. The windows are a little longer than published, because
what left a window apart may arrive closer together. Time is handed in; nothing here sleeps.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from .errors import UsageError


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds."""

    requests: int
    seconds: float

    def __post_init__(self) -> None:
        if self.requests < 1 or self.seconds <= 0:
            raise UsageError(f"a limit allows at least one request in some time: {self}")


class Pacer:
    """Tells when the next request may go; share one among all clients of one user.

    Args:
        *limits: Limits that all hold at once; none means that only `hold` delays.
        slack: Seconds by which each window is taken longer than published.
    """

    def __init__(self, *limits: Limit, slack: float = 1.0) -> None:
        self.limits = limits
        self._slack = slack
        self._log: deque[float] = deque(maxlen=max((limit.requests for limit in limits), default=0))
        self._held_until = float("-inf")
        self._lock = threading.Lock()

    def take(self, now: float) -> float:
        """Take a slot if there is one.

        Args:
            now: Seconds on the client's clock.

        Returns:
            0.0 if the request may go now (and is counted), else the seconds after which to ask again.
        """
        with self._lock:
            wait = max((self._free_at(limit) for limit in self.limits), default=float("-inf"))
            wait = max(wait, self._held_until) - now
            if wait > 0:
                return wait
            self._log.append(now)
            return 0.0

    def hold(self, until: float) -> None:
        """Let nothing go before a time: the vendor has asked for it."""
        with self._lock:
            self._held_until = max(self._held_until, until)

    def _free_at(self, limit: Limit) -> float:
        if len(self._log) < limit.requests:
            return float("-inf")
        return self._log[-limit.requests] + limit.seconds + self._slack
