"""Django REST framework's rate limits over the world's clock: a sliding log per limit and identity.

A request is refused when a log already holds its limit of entries younger than the window; an entry exactly one window
old no longer counts. A refusal is never recorded in the log that refused. What a refusal by one limit does to the other
limits' logs changed with DRF 3.10, hence ``consult_all``.

Source: measured on six DRF versions (dossier, section 3.7); `<https://github.com/encode/django-rest-framework/pull/6711>`_.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_IDENTITIES = 10_000
"""Identities remembered; beyond it those whose windows have passed are forgotten, and the longest unseen."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a window of so many seconds."""

    limit: int
    window: int


class Throttle:
    """Several rates at once for one scope of identities.

    Args:
        rates: in the order in which they are asked.
        consult_all: ask every rate even after one refused, and report the longest wait (DRF 3.10 and later);
            otherwise stop at the first refusal (DRF up to 3.9).
    """

    def __init__(self, rates: Sequence[Rate], *, consult_all: bool) -> None:
        self.rates = tuple(rates)
        self.consult_all = consult_all
        self._limits = tuple((rate.limit, rate.window * SECOND) for rate in rates)
        self._logs: dict[str, tuple[deque[int], ...]] = {}

    def hit(self, identity: str, now: int) -> int | None:
        """Ask for one request at ``now`` (microseconds).

        Returns:
            None when it may pass; otherwise whole seconds to wait, rounded up, so never 0.
        """
        logs = self._logs.get(identity)
        if logs is None:
            logs = self._remember(identity, now)
        wait = 0
        for (limit, window), log in zip(self._limits, logs, strict=True):
            horizon = now - window
            while log and log[0] <= horizon:
                log.popleft()
            if len(log) < limit:
                log.append(now)
                continue
            wait = max(wait, log[0] - horizon)
            if not self.consult_all:
                break
        return -(-wait // SECOND) if wait else None

    def clear(self) -> None:
        """Forget every log."""
        self._logs.clear()

    def snapshot(self) -> dict[str, Any]:
        """Every log as JSON-like data."""
        return {identity: [list(log) for log in logs] for identity, logs in self._logs.items()}

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the logs from ``snapshot``."""
        self._logs = {identity: tuple(deque(log) for log in logs) for identity, logs in document.items()}

    def _remember(self, identity: str, now: int) -> tuple[deque[int], ...]:
        if len(self._logs) >= MOST_IDENTITIES:
            self._forget(now)
        logs = tuple(deque[int](maxlen=limit) for limit, _ in self._limits)
        self._logs[identity] = logs
        return logs

    def _forget(self, now: int) -> None:
        longest = max(window for _, window in self._limits)
        newest = {identity: max((log[-1] for log in logs if log), default=0) for identity, logs in self._logs.items()}
        by_age = sorted(newest, key=newest.__getitem__)
        passed = sum(seen <= now - longest for seen in newest.values())
        # A tenth at least, so that a crowd of new faces does not pay for this search one by one.
        for identity in by_age[: max(passed, MOST_IDENTITIES // 10, 1)]:
            del self._logs[identity]
