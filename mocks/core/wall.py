"""Real time: for whatever is real itself, such as sockets and certificates, and for a clock that follows it.

It is asked for in ways that libraries which freeze a test's time do not replace.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

monotonic: Callable[[], float] = partial(time.clock_gettime, time.CLOCK_MONOTONIC)
"""Real seconds that never go back."""


def real_micros() -> int:
    """The real present, whatever any world's clock or a test's frozen time says."""
    time_machine = sys.modules.get("time_machine")  # the one library that replaces this way too, and shows another
    if time_machine is not None and time_machine.escape_hatch.is_travelling():
        return int(time_machine.escape_hatch.time.time_ns()) // 1_000
    return time.clock_gettime_ns(time.CLOCK_REALTIME) // 1_000
