"""Letters out of a world: what a vendor sends to its customer's own server, over a real socket, and what came of it.

A vendor's rules decide what is sent when, and what an outcome means; the courier only carries. It works on the world's
loop, so that neither a slow receiver nor one that asks back in the middle holds anybody up. Letters to one receiver go
one after the other, in the order in which they were sent or the fault plan left them; whoever is slow delays only what
is sent to him. A receiver lies on this machine unless the vendor was told otherwise: a fake must not become a way to
reach other hosts.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections import deque
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import httpx

from .letters import METHOD, PROTOCOL, Copy, Letter, LetterGate, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import Clock
    from ..faults import FaultPlan
    from ..journal import Journal
    from ..sockets import Running
    from ..store import Store

__all__ = ["Courier", "Letter", "Outcome"]

MOST_UNDER_WAY = 1_000
"""Letters that may be under way at once; one more fails at once, as if nobody had answered."""

SECONDS = 10.0
"""A receiver that is silent for so long has not answered."""

SECONDS_IN_ALL = 30.0
"""Nor has one that dribbles for so long."""

_log = logging.getLogger("vendorlab")


class Courier:
    """Carries letters for one world.

    Args:
        clock: whose lock is held while an outcome is told.
        store: what an outcome changes there is made durable.
        faults: the world's plan.
        journal: remembers every letter.
        running: gives the loop to work on, and line time there.
    """

    def __init__(
        self, clock: Clock, store: Store, faults: FaultPlan, journal: Journal, running: Callable[[], Running]
    ) -> None:
        self._clock = clock
        self._store = store
        self._faults = faults
        self._journal = journal
        self._running = running
        self._idle = threading.Condition()
        self._under_way: set[object] = set()
        self._lanes: dict[tuple[int, str], deque[Copy]] = {}
        self._gates: dict[str, LetterGate] = {}
        self._era = 0
        self._client: httpx.AsyncClient | None = None

    def send(self, letter: Letter, done: Callable[[Outcome], str | None]) -> None:
        """Send a letter and return at once.

        Args:
            letter: what and where to.
            done: told what came of it, under the world's lock; at once when it cannot even be sent. It may say in a
                word for the journal what that means.
        """
        with self._clock.lock:
            copy = Copy(letter, done, self._era, began=self._clock.source())
            if not self._take(copy):
                self._tell(copy, Outcome(None, "too many letters are under way"))
                return
            lost = self._gate(letter.vendor)(copy)
            if lost is not None:
                self._end(copy)
                self._tell(copy, Outcome(None, f"lost, by the fault {lost}"))

    def announce(self) -> Callable[[], None]:
        """Letters will follow, so nothing has settled before the returned function is called: they are sent."""
        promise = object()
        with self._idle:
            self._under_way.add(promise)
        return lambda: self._end(promise)

    @property
    def busy(self) -> bool:
        """Whether a letter is under way, or announced."""
        return bool(self._under_way)

    def settle(self, timeout: float) -> bool:
        """Wait, for seconds of real time, until no letter is under way; not on the loop, and not under the lock."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._under_way, timeout)

    def forget(self) -> None:
        """What comes of the letters that are under way concerns nobody any more, and those that wait stay here."""
        with self._idle:
            self._era += 1
            self._gates.clear()
            self._lanes.clear()
            self._under_way.clear()
            self._idle.notify_all()

    # --- the way out ---------------------------------------------------------------------------------------------

    def _gate(self, vendor: str) -> LetterGate:
        if vendor not in self._gates:
            self._gates[vendor] = LetterGate(self._faults, vendor, self._later, self._forward)
        return self._gates[vendor]

    def _take(self, copy: Copy) -> bool:
        with self._idle:
            if len(self._under_way) >= MOST_UNDER_WAY:
                return False
            self._under_way.add(copy)
            return True

    def _end(self, one: object) -> None:
        with self._idle:
            self._under_way.discard(one)
            if not self._under_way:
                self._idle.notify_all()

    def _forward(self, copy: Copy, delay: float) -> None:
        """A copy has passed the gate."""
        if copy.era != self._era or (copy.done is None and not self._take(copy)):
            return
        if delay:
            self._later(delay, lambda: self._queue(copy))
        else:
            self._queue(copy)

    def _queue(self, copy: Copy) -> None:
        with self._idle:
            if copy.era != self._era:
                return
            way = copy.era, copy.letter.peer
            lane = self._lanes.get(way)
            if lane is not None:
                lane.append(copy)
                return
            self._lanes[way] = deque([copy])
        asyncio.run_coroutine_threadsafe(self._drain(way), self._running().thread.loop)

    async def _drain(self, way: tuple[int, str]) -> None:
        """Carry what is to go to one receiver, one after the other, until there is no more."""
        while True:
            with self._idle:
                lane = self._lanes.get(way)
                if not lane:
                    self._lanes.pop(way, None)
                    return
                copy = lane.popleft()
            await self._carry(copy)

    async def _carry(self, copy: Copy) -> None:
        try:
            copy.began = self._clock.source()
            outcome = await self._post(copy.letter)
            with self._clock.lock:
                if copy.era == self._era:
                    self._tell(copy, outcome)
                    self._store.commit()
        except Exception:  # noqa: BLE001  nobody waits for it
            _log.exception("vendorlab made a mistake with what came of a letter")
        finally:
            self._end(copy)

    def _tell(self, copy: Copy, outcome: Outcome) -> None:
        """What came of a copy goes to who waits for it, and into the journal; under the world's lock."""
        cause = "repeated" if copy.done is None else copy.done(outcome) or outcome.cause
        letter = copy.letter
        path, query = letter.shown()
        duration = self._clock.source() - copy.began
        more: dict[str, Any] = {"error": outcome.error} if outcome.error else {}
        if duration >= 1:  # whole seconds only: a story is to be the same each time
            more["seconds"] = int(duration)
        self._journal.add(
            self._clock.micros(),
            letter.vendor,
            PROTOCOL,
            letter.operation,
            METHOD,
            path,
            query,
            "",
            letter.principal,
            outcome.status or 0,
            cause,
            copy.fault,
            duration,
            {**letter.detail, **more},
        )

    def _later(self, seconds: float, callback: Callable[[], None]) -> _Alarm:
        """Call back after seconds of line time, under the world's lock; from any thread."""
        running = self._running()
        alarm = _Alarm(self._clock, callback)
        running.thread.loop.call_soon_threadsafe(lambda: running.line.later(seconds, alarm))
        return alarm

    # --- the wire ------------------------------------------------------------------------------------------------

    async def _post(self, letter: Letter) -> Outcome:
        outcome = Outcome(None, "the name of the receiver does not resolve")
        try:
            url = httpx.URL(letter.url)
            for address in await _addresses(url):
                if not (letter.anywhere or ip_address(address).is_loopback):
                    return Outcome(None, "the receiver is not on this machine")
                try:
                    async with asyncio.timeout(SECONDS_IN_ALL):
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
            METHOD,
            url.copy_with(host=address),
            headers=headers,
            content=letter.body,
            extensions={"sni_hostname": url.host},
        )
        answer = await self._client.send(request, stream=True, follow_redirects=False)
        await answer.aclose()
        return answer.status_code


class _Alarm:
    """Something that happens later, unless it was called off."""

    def __init__(self, clock: Clock, callback: Callable[[], None]) -> None:
        self._clock = clock
        self._callback: Callable[[], None] | None = callback

    def __call__(self) -> None:
        with self._clock.lock:
            callback, self._callback = self._callback, None
            if callback is not None:
                callback()

    def cancel(self) -> None:
        self._callback = None


async def _addresses(url: httpx.URL) -> list[str]:
    loop = asyncio.get_running_loop()
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await loop.getaddrinfo(url.host, port, type=1)  # 1: a stream
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _words(error: Exception) -> str:
    """An error for people; httpx leaves some without a word."""
    return str(error) or type(error).__name__
