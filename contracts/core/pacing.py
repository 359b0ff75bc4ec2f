"""How fast and how often a suite may ask: pace and budget."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from vendorlab.contracts.core.errors import BudgetSpentError

if TYPE_CHECKING:
    from collections.abc import Callable

BURST = 60
INTERVAL = 4.0
"""Seconds between requests once the burst is used up.

At most 75 requests in any minute and 960 in any hour: well under the lowest published limits (180 and 1,200), so
that a suite leaves room for whoever else uses the account. Three seconds would reach 1,260 in the first hour.
"""
LOCAL_INTERVAL = 1.0
"""The same on this machine, where nobody else is troubled: at most 120 requests in any minute."""
REMOTE_BUDGET = 600
"""Requests that a run may make on a target that is not this machine's own, unless told otherwise."""


class Imagined:
    """Time that passes only where somebody sleeps: for a run that wants to know how long another would take.

    Attributes:
        seconds: How much has passed.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        """Return the seconds that have passed."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let seconds pass, at once."""
        self.seconds += seconds


class Pacer:
    """A token bucket: a burst, then one request every interval.

    Args:
        burst: Requests that need not wait.
        interval: Seconds in which one more becomes free.
        clock: Seconds on a clock that never steps back.
        sleep: Waits a number of seconds.
    """

    def __init__(
        self,
        burst: int = BURST,
        interval: float = INTERVAL,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._burst = burst
        self._interval = interval
        self._clock = clock
        self._sleep = sleep
        self._free = float(burst)
        self._at = clock()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may go out; threads that come together leave one by one."""
        with self._lock:
            now = self._clock()
            self._free = min(float(self._burst), self._free + (now - self._at) / self._interval)
            self._at = now
            self._free -= 1.0
            delay = -self._free * self._interval
        if delay > 0:
            self._sleep(delay)

    def pause(self, seconds: float) -> None:
        """Wait for seconds that the target asked for."""
        self._sleep(seconds)


class Budget:
    """A number of requests that a run may make.

    Args:
        limit: The number, or None for no limit.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.spent = 0
        self._lock = threading.Lock()

    @property
    def exhausted(self) -> bool:
        """Whether no request is left."""
        return self.limit is not None and self.spent >= self.limit

    def take(self, *, owed: bool = False) -> None:
        """Count one request.

        Args:
            owed: It must be made whatever is left: a run that may not ask any more still takes away what it made.

        Raises:
            BudgetSpentError: None is left.
        """
        with self._lock:
            if self.exhausted and not owed:
                raise BudgetSpentError(self.notice)
            self.spent += 1

    @property
    def notice(self) -> str:
        """The reason of tests that are skipped for want of budget."""
        return f"the budget of {self.limit} requests is spent"
