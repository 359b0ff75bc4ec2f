"""Waits for alerts: by turning the target's clock, or, where that cannot be and waiting is allowed, in real time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.capabilities import CLOCK, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.mqtt.line import Line

_STEP = 60.0
_STEPS = 120
"""Two hours, if need be: a temperature comes every one, two or three minutes, other sensors more seldom."""
_LONG_STEP, _LONG_STEPS = 300.0, 48
"""Four hours: sensors that report every hour speak more than once."""
_GRACE = 3.0
_PATIENCE = 240
"""Seconds, where the clock is a real one."""


class Feed:
    """Makes time pass until there is enough to look at.

    Args:
        access: What may be done to the target.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    def until(self, enough: Callable[[], bool], *lines: Line) -> None:
        """Let time pass, reading all of some lines into their ``messages``, until something holds.

        Skips the test where the target's clock cannot be turned and waiting is not allowed.
        """
        __tracebackhide__ = True
        turned = CLOCK in self._access.capabilities
        if not turned and "wait" not in self._access.capabilities:
            pytest.skip(refusal(CLOCK, self._access.target) + ", or " + refusal("wait", self._access.target))
        for _ in range(_STEPS if turned else _PATIENCE):
            if enough():
                return
            self._pass(lines[0])
            for line in lines:
                line.ping()
        for line in lines:  # what is published elsewhere may still be on its way
            if turned and not enough() and (found := line.arrived(_GRACE)) is not None:
                line.messages.append(found)
        waited = f"{_STEPS * _STEP / 3_600:g} hours of its time" if turned else f"{_PATIENCE} seconds"
        assert enough(), f"what is awaited did not come within {waited}: {[len(each.messages) for each in lines]} came"

    def some(self, *lines: Line) -> None:
        """Let time pass until each of some lines has a message."""
        __tracebackhide__ = True
        self.until(lambda: all(each.messages for each in lines), *lines)

    def hours(self, *lines: Line) -> None:
        """Let hours pass, until each of some lines has a message at least; only for tests that need ``clock``."""
        __tracebackhide__ = True
        for _ in range(_LONG_STEPS):
            self._access.clock.advance(_LONG_STEP)
            for line in lines:
                line.ping()
        self.some(*lines)

    def _pass(self, line: Line) -> None:
        if CLOCK in self._access.capabilities:
            self._access.clock.advance(_STEP)
        elif (found := line.arrived(1.0)) is not None:
            line.messages.append(found)
