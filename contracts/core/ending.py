"""How a run ends when it is told to: SIGTERM is heeded as Ctrl-C is, and neither keeps a run from tidying up."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

ONE_ACT = 2.0
"""Seconds in which several signals are one: a terminal tells every process of a group, and a parent tells its child."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Ending:
    """Turns the first signal into KeyboardInterrupt; one that comes later, while the run tidies up, ends that as well.

    Args:
        now: Seconds on a clock that never steps back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._since: float | None = None

    @property
    def asked(self) -> bool:
        """Whether the run was told to end."""
        return self._since is not None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Heed a signal."""
        _ = number, frame
        now = self._now()
        if self._since is not None and now - self._since < ONE_ACT:
            return
        self._since = now
        raise KeyboardInterrupt

    @contextmanager
    def heeded(self) -> Generator[None]:
        """Heed signals from here on. They stay heeded after an interruption: what tidies up then runs after this."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread is told of signals
            return
        before = {each: signal.signal(each, self) for each in SIGNALS}
        yield
        for number, handler in before.items():
            signal.signal(number, handler)
