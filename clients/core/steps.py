"""The clients' work as steps without I/O, and the two drivers that carry them out.

A client's logic is a generator. It yields what it needs from the world (an answer, a pause, a lock) and is
sent the result, or thrown the error. `SyncDriver` and `AsyncDriver` are the only places that do I/O, so the
sync and the async face of a client share every rule. The idea is that of httpx's auth flows, widened:
those cannot be told that a request failed, which is just what a client must know about a lost refresh.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import httpx

from .errors import StoreError

if TYPE_CHECKING:
    from .secret import Credential

T = TypeVar("T")

LOCK_POLL = 0.01
"""Seconds of the wall between two tries for a lock that somebody else holds."""

Parameters: TypeAlias = Mapping[str, str | list[str]]
"""Those of a query or a form; a list stands for one that is repeated."""


class Lock(Protocol):
    """A lock that is tried, never waited in, so that an event loop can wait for it too."""

    def try_acquire(self) -> bool:
        """Take the lock if it is free."""
        ...

    def release(self) -> None:
        """Give it back, from whatever thread."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as plain data.

    Attributes:
        method: The HTTP method.
        path: The path below the base URL, slash kept as given.
        params: The query; a list stands for a parameter that is repeated.
        form: A form-encoded body, likewise.
        json: A JSON body.
        text: A body that is written already; JSON, unless the headers say otherwise.
        headers: Further headers.
        credential: Sent in the Authorization header and nowhere else.
        url: Where to send it, whole and as given, in place of the base URL, path and query; errors name the path.
        once: Whether sending it twice could do harm, so that it is sent again only if it surely never arrived.
    """

    method: str
    path: str
    params: Parameters | None = None
    form: Parameters | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    credential: Credential | None = None
    url: str | None = field(default=None, repr=False)
    once: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """Send the call; the result is its `httpx.Response`, read whole."""

    call: Call


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let so many seconds go by."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Acquire:
    """Wait for the lock; whoever yields this releases it."""

    lock: Lock
    timeout: float


@dataclass(frozen=True, slots=True)
class Unbroken:
    """Carry out steps that a cancelled caller must not leave half done; the result is theirs."""

    steps: Steps[Any]


Effect: TypeAlias = Send | Sleep | Acquire | Unbroken
Steps: TypeAlias = Generator[Effect, Any, T]


def request_of(client: httpx.Client | httpx.AsyncClient, call: Call, timeout: float | None = None) -> httpx.Request:
    """Make the request that a call describes; the timeout is the client's unless one is given."""
    headers = {} if call.credential is None else {"Authorization": call.credential.header()}
    if call.text is not None:
        headers["Content-Type"] = "application/json"
    if call.headers is not None:
        headers |= call.headers
    return client.build_request(
        call.method,
        call.path if call.url is None else call.url,
        params=call.params,
        content=call.text,
        data=call.form,
        json=call.json,
        headers=headers,
        timeout=httpx.USE_CLIENT_DEFAULT if timeout is None else timeout,
    )


def _lock_timeout(effect: Acquire) -> StoreError:
    return StoreError(f"somebody else has held the lock of the token store for more than {effect.timeout:g} s")


@dataclass(frozen=True, slots=True)
class SyncDriver:
    """Carries out steps in the calling thread."""

    client: httpx.Client
    sleep: Callable[[float], object] = time.sleep

    def run(self, steps: Steps[T]) -> T:
        """Return what the steps return, or raise what they raise."""
        try:
            effect = next(steps)
            while True:
                try:
                    result = self._perform(effect)
                except BaseException as trouble:  # noqa: BLE001 - the steps decide, and release what they hold
                    effect = steps.throw(trouble)
                else:
                    effect = steps.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Send(call):
                return self.client.send(request_of(self.client, call), follow_redirects=False)
            case Sleep(seconds):
                return self.sleep(seconds)
            case Acquire(lock, timeout):
                deadline = time.monotonic() + timeout
                while not lock.try_acquire():
                    if time.monotonic() > deadline:
                        raise _lock_timeout(effect)
                    time.sleep(LOCK_POLL)  # another thread's real time, whatever clock the steps go by
                return None
            case Unbroken(steps):
                return self.run(steps)


@dataclass(frozen=True, slots=True)
class AsyncDriver:
    """Carries out steps in an asyncio task, never blocking its loop."""

    client: httpx.AsyncClient
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _unbroken: set[asyncio.Task[Any]] = field(default_factory=set["asyncio.Task[Any]"], repr=False)

    async def run(self, steps: Steps[T]) -> T:
        """Return what the steps return, or raise what they raise."""
        try:
            effect = next(steps)
            while True:
                try:
                    result = await self._perform(effect)
                except BaseException as trouble:  # noqa: BLE001 - the steps decide, and release what they hold
                    effect = steps.throw(trouble)
                else:
                    effect = steps.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Let unbroken work come to its end, then close the connections."""
        await asyncio.gather(*self._unbroken, return_exceptions=True)
        await self.client.aclose()

    async def _perform(self, effect: Effect) -> Any:
        match effect:
            case Send(call):
                return await self.client.send(request_of(self.client, call), follow_redirects=False)
            case Sleep(seconds):
                return await self.sleep(seconds)
            case Acquire(lock, timeout):
                deadline = time.monotonic() + timeout
                while not lock.try_acquire():
                    if time.monotonic() > deadline:
                        raise _lock_timeout(effect)
                    await asyncio.sleep(LOCK_POLL)
                return None
            case Unbroken(steps):
                task = asyncio.ensure_future(self.run(steps))
                self._unbroken.add(task)
                task.add_done_callback(self._settle)
                return await asyncio.shield(task)

    def _settle(self, task: asyncio.Task[Any]) -> None:
        self._unbroken.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain when the caller has gone
