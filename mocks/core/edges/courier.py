"""Letters out of a world: what a vendor sends to its customer's own server, over a real socket, and what came of it.

A vendor's rules decide what is sent when, and what an outcome means; the courier only carries. It works on the world's
loop, so that neither a slow receiver nor one that asks back in the middle holds anybody up. A receiver lies on this
machine unless the vendor was told otherwise: a fake must not become a way to reach other hosts.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import Clock
    from ..store import Store
    from .loop import LoopThread

MOST_UNDER_WAY = 1_000
"""Letters that may be under way at once; one more fails at once, as if nobody had answered."""

SECONDS = 10.0
"""A receiver that has not answered by then has not answered."""

_log = logging.getLogger("vendorlab")


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent, by POST.

    Attributes:
        url: where to; ``http`` or ``https``.
        headers: beside ``Host`` and ``Content-Length``.
        body: as it goes out.
        anywhere: also beyond loopback.
    """

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a letter: the receiver's status, or why there is none."""

    status: int | None
    error: str = ""


class Courier:
    """Carries letters for one world.

    Args:
        clock: whose lock is held while an outcome is told.
        store: what an outcome changes there is made durable.
        thread: gives the loop to work on.
    """

    def __init__(self, clock: Clock, store: Store, thread: Callable[[], LoopThread]) -> None:
        self._clock = clock
        self._store = store
        self._thread = thread
        self._idle = threading.Condition()
        self._under_way = 0
        self._era = 0
        self._client: httpx.AsyncClient | None = None

    def send(self, letter: Letter, done: Callable[[Outcome], None]) -> None:
        """Send a letter and return at once; ``done`` is told what came of it, under the world's lock."""
        with self._idle:
            full = self._under_way >= MOST_UNDER_WAY
            self._under_way += not full
        if full:
            done(Outcome(None, "too many letters are under way"))
            return
        asyncio.run_coroutine_threadsafe(self._carry(letter, done, self._era), self._thread().loop)

    def settle(self, timeout: float) -> bool:
        """Wait, for seconds of real time, until no letter is under way; not on the loop, and not under the lock."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._under_way, timeout)

    def forget(self) -> None:
        """What comes of the letters that are under way concerns nobody any more."""
        self._era += 1

    async def _carry(self, letter: Letter, done: Callable[[Outcome], None], era: int) -> None:
        try:
            outcome = await self._post(letter)
            with self._clock.lock:
                if era == self._era:
                    done(outcome)
                    self._store.commit()
        except Exception:  # noqa: BLE001  nobody waits for it
            _log.exception("vendorlab made a mistake with what came of a letter")
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    async def _post(self, letter: Letter) -> Outcome:
        outcome = Outcome(None, "the name of the receiver does not resolve")
        try:
            url = httpx.URL(letter.url)
            for address in await _addresses(url):
                if not (letter.anywhere or ip_address(address).is_loopback):
                    return Outcome(None, "the receiver is not on this machine")
                try:
                    return Outcome(await self._ask(letter, url, address))
                except httpx.ConnectError as error:  # the next address may be the one that listens
                    outcome = Outcome(None, _words(error))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            outcome = Outcome(None, _words(error))
        return outcome

    async def _ask(self, letter: Letter, url: httpx.URL, address: str) -> int:
        if self._client is None:
            # None is kept open: whoever ends the loop need not look for connections that nobody uses.
            self._client = httpx.AsyncClient(
                verify=ssl.create_default_context(),
                trust_env=False,
                timeout=SECONDS,
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        headers = [("Host", url.netloc.decode("ascii")), *letter.headers]
        # The address that was looked at is the one that is called: a name may lead elsewhere a moment later.
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            headers=headers,
            content=letter.body,
            extensions={"sni_hostname": url.host},
        )
        answer = await self._client.send(request, stream=True, follow_redirects=False)
        await answer.aclose()
        return answer.status_code


async def _addresses(url: httpx.URL) -> list[str]:
    loop = asyncio.get_running_loop()
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await loop.getaddrinfo(url.host, port, type=1)  # 1: a stream
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _words(error: Exception) -> str:
    """An error for people; httpx leaves some without a word."""
    return str(error) or type(error).__name__
