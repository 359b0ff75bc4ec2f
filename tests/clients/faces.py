"""Both faces of a client behind one, so that a test is written once and run for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vendorlab.clients.core.faces import AsyncFace, SyncFace


class Face:
    """Calls a client's methods by name, whichever face it is; iterators come back as lists."""

    def __init__(self, client: SyncFace | AsyncFace, runner: asyncio.Runner) -> None:
        self.client: Any = client
        self._runner = runner

    def __call__(self, name: str, *args: Any, **kwargs: Any) -> Any:
        result: Any = getattr(self.client, name)(*args, **kwargs)
        if hasattr(result, "__next__"):
            return list(result)
        if hasattr(result, "__aiter__"):
            return self._runner.run(_collected(result))
        return self._runner.run(result) if asyncio.iscoroutine(result) else result

    def close(self) -> None:
        if hasattr(self.client, "close"):
            self.client.close()
        else:
            self._runner.run(self.client.aclose())


async def _collected(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


MakeFace = Callable[..., Face]


@contextmanager
def maker(make_client: Callable[..., SyncFace | AsyncFace]) -> Generator[MakeFace]:
    """Give a function that makes faces; all are closed in the end."""
    faces: list[Face] = []
    with asyncio.Runner() as runner:

        def make(**options: Any) -> Face:
            faces.append(Face(make_client(**options), runner))
            return faces[-1]

        yield make
        for face in faces:
            face.close()
