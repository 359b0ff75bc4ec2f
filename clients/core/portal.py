"""A loop in a thread of its own, so that threads can use what is written for asyncio."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

T = TypeVar("T")


class Portal:
    """Carries out coroutines in its loop while the caller waits. Closing it ends what still runs, and the thread.

    The thread is a daemon: a program that forgets to close it ends all the same.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        """Whether it carries out nothing any more."""
        with self._lock:
            return self._is_closed

    def call(self, work: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> T:
        """Return what a coroutine function returns, or raise what it raises.

        Raises:
            UsageError: The portal is closed, or this is its own thread.
        """
        if threading.current_thread() is self._thread:
            raise UsageError("the synchronous client cannot be used within its own loop")
        with self._lock:
            if self._is_closed:
                raise UsageError("the client is closed")
            future = asyncio.run_coroutine_threadsafe(work(*args, **kwargs), self._loop)
        try:
            return future.result()
        except BaseException:  # the caller is interrupted, or the work failed: then this does nothing
            future.cancel()
            raise

    def iterate(self, begin: Callable[[], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
        """Yield what an async generator yields, asking for one item at a time; it is closed when this one is."""
        items = self.call(_begun, begin)

        async def step() -> tuple[bool, Any]:
            try:
                return False, await anext(items)
            except StopAsyncIteration:  # which no future can hold
                return True, None

        try:
            while True:
                ended, item = self.call(step)
                if ended:
                    return
                yield item
        finally:
            if not self.is_closed:
                self.call(_closed, items)

    def close(self) -> None:
        """End what still runs, and the thread; again does nothing."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._end()
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    def _end(self) -> None:
        running = asyncio.all_tasks(self._loop)
        for task in running:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*running, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())


async def _begun(begin: Callable[[], AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
    return begin()


async def _closed(items: AsyncGenerator[Any, None]) -> None:
    await items.aclose()
