"""One asyncio loop in a thread of its own: every listener of every world that shares it lives there."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..clock import SECOND
from ..errors import WorldError
from ..wall import monotonic

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ..clock import Clock, Timer
    from ..gates import Handle

T = TypeVar("T")

MOST_THREADS = 256
"""Calls that may be away from the loop at once; asyncio's own bound is a few per processor, and some wait for long."""

STOP_SECONDS = 10.0
"""How long whoever stops a loop waits for it; one that hangs is left behind rather than hanging its user too."""

_log = logging.getLogger("vendorlab")


class _Loop(asyncio.SelectorEventLoop):
    """asyncio's own, with a time that a test cannot freeze."""

    def time(self) -> float:
        """Real seconds."""
        return monotonic()


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415  the extra `fast`
    except ImportError:
        return _Loop()
    return uvloop.new_event_loop()


def _mistaken(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception that nobody caught: ours, as what clients do wrong is dealt with where it comes in."""
    _log.error("vendorlab made a mistake on its loop: %s", context["message"], exc_info=context.get("exception"))


class LoopThread:
    """An event loop that runs beside the caller until ``stop``."""

    def __init__(self) -> None:
        self.loop = _new_loop()
        self.loop.set_default_executor(ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="vendorlab"))
        self.loop.set_exception_handler(_mistaken)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="vendorlab", daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T], timeout: float = 30.0) -> T:
        """Run a coroutine on the loop and wait for its result; not to be called from the loop itself.

        Raises:
            WorldError: the loop does not run.
        """
        if not self._thread.is_alive():
            coroutine.close()
            raise WorldError(
                "the thread that serves this world does not run: it was stopped, or this process was forked from the "
                "one that made the world"
            )
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def stop(self) -> None:
        """End the loop and its thread; a second call does nothing."""
        self._stopping = True
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(STOP_SECONDS)
        if not self._thread.is_alive() and not self.loop.is_closed():
            self.loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._stopping:
            try:
                self.loop.run_forever()
            except BaseException:  # noqa: BLE001  others are still to be served
                _log.critical("vendorlab made a mistake that ended its loop; it goes on", exc_info=True)
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.run_until_complete(self.loop.shutdown_default_executor())


class ClockDriver:
    """Wakes the loop when a timer of a running clock is due in real time, so that it fires without anyone asking."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        clock.watch(self._changed)
        self._changed()

    def stop(self) -> None:
        """Stop waking."""
        self._clock.unwatch(self._changed)

        def cancel() -> None:
            if self._handle is not None:
                self._handle.cancel()

        self._loop.call_soon_threadsafe(cancel)

    def _changed(self) -> None:
        self._loop.call_soon_threadsafe(self._arm)

    def _arm(self, least: float = 0.0) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        due, rate = self._clock.next_due(), self._clock.rate
        if due is not None and rate:
            seconds = max(0.0, (due - self._clock.micros()) / SECOND / rate)
            # A loop cannot wait for ever in one go; a day later it looks again.
            self._handle = self._loop.call_later(max(least, min(seconds, self._clock.patience)), self._wake)

    def _wake(self) -> None:
        fired = self._clock.run_due()
        self._arm(0.0 if fired else 0.01)  # where time stands still for a test, the next timer may be near for long


class Line:
    """Line time: pauses and time-outs on the wire, on the wall by default or on the world's clock when told so."""

    def __init__(self, clock: Clock, *, on_clock: bool) -> None:
        self._clock = clock
        self._on_clock = on_clock
        self._pending: dict[int, tuple[Timer, Callable[[], None]]] = {}
        self._numbers = 0
        self.now: Callable[[], float] = self._clock_seconds if on_clock else clock.source
        """Seconds of line time; only their differences mean anything."""
        clock.on("line", self._due, transient=True)

    def later(self, seconds: float, callback: Callable[[], None]) -> Handle:
        """Call back after seconds of line time, unless it is called off; called on a loop, and calls back on it."""
        loop = asyncio.get_running_loop()
        if not self._on_clock:
            return loop.call_later(seconds, callback)
        with self._clock.lock:
            self._numbers += 1
            due = self._clock.micros() + round(seconds * SECOND)
            timer = self._clock.call_at(due, "line", {"number": self._numbers})
            self._pending[self._numbers] = timer, partial(_post, loop, callback)
            return _Waiting(self, self._numbers)

    def forget(self, number: int) -> None:
        """Call off what waits by this number, if it still does."""
        with self._clock.lock:
            timer, _ = self._pending.pop(number, (None, None))
            if timer is not None:
                self._clock.cancel(timer)

    def _clock_seconds(self) -> float:
        return self._clock.micros() / SECOND

    def stop(self) -> None:
        """Let nobody wait any more: the loop is about to end."""
        with self._clock.lock:
            for timer, _ in self._pending.values():
                self._clock.cancel(timer)
            self._pending.clear()

    def _due(self, detail: Any) -> None:
        _, callback = self._pending.pop(detail["number"], (None, None))
        if callback is not None:
            callback()


class _Waiting:
    """A call on the world's clock that may be called off."""

    __slots__ = ("_line", "_number")

    def __init__(self, line: Line, number: int) -> None:
        self._line = line
        self._number = number

    def cancel(self) -> None:
        """Call it off."""
        self._line.forget(self._number)


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(callback)
