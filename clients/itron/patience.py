"""Waiting by a clock that is handed in: for one thing or another, whichever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

Sleep: TypeAlias = Callable[[float], Awaitable[object]]


async def within(work: Coroutine[Any, Any, T], seconds: float, sleep: Sleep) -> T:
    """Return what the work returns, or raise `TimeoutError` once so many seconds have gone by.

    Nothing is left running, whichever way it ends. `asyncio.timeout` would go by the loop's clock.
    """
    return await first(work, _timeout(seconds, sleep))


async def first(*works: Coroutine[Any, Any, T]) -> T:
    """Return what the first to end returns, or raise what it raises; the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task.done()).result()
    finally:
        for task in tasks:
            if not task.done():
                task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.exception()  # looked at, so that asyncio does not complain of the one that came second


async def _timeout(seconds: float, sleep: Sleep) -> Any:
    await sleep(seconds)
    raise TimeoutError
