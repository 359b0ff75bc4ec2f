"""What is to happen later on the world's clock, as callbacks that a reset or a restored snapshot calls off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...core.clock import Clock, Timer


class Agenda:
    """Callbacks under one timer's name.

    Args:
        clock: the world's.
        name: of the timers, as whoever advances the clock sees them.
    """

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock = clock
        self._name = name
        self._waiting: dict[int, tuple[Timer, Callable[[], None]]] = {}
        self._last = 0
        clock.on(name, self._due)

    def __len__(self) -> int:
        return len(self._waiting)

    def later(self, seconds: float, callback: Callable[[], None], **detail: Any) -> int:
        """Call back after seconds; at once, and without a timer, when there are none.

        Returns:
            What ``cancel`` takes.
        """
        if seconds <= 0:
            callback()
            return 0
        self._last += 1
        due = self._clock.micros() + round(seconds * SECOND)
        timer = self._clock.call_at(due, self._name, {**detail, "number": self._last})
        self._waiting[self._last] = timer, callback
        return self._last

    def cancel(self, number: int) -> None:
        """Call it off, if it still waits."""
        found = self._waiting.pop(number, None)
        if found is not None:
            self._clock.cancel(found[0])

    def clear(self) -> None:
        """Call everything off, timers too that a snapshot brought and nobody knows."""
        self._waiting.clear()
        for timer in self._clock.waiting(self._name):
            self._clock.cancel(timer)

    def _due(self, detail: Mapping[str, Any]) -> None:
        _, callback = self._waiting.pop(detail["number"], (None, None))
        if callback is not None:
            callback()
