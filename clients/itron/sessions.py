"""One session at the gateway: opened when it is first needed, kept, renewed, and deleted in the end.

A session belongs to the socket that it was opened from, so there is one socket for all. It ends when nothing was asked
for some hours; before that it is opened again, which renews it. When the gateway says that there is none (4.01), it is
opened anew and the request sent once more. Observations end with their session, in silence: `lost` tells them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..core.errors import ClientError, NetworkError, UsageError
from .messages import CONTENT_FORMAT, DELETE, METHODS, POST, UNAUTHORIZED, URI_PATH, Answer, Ask, refusal
from .patience import within

if TYPE_CHECKING:
    from collections.abc import Callable

    from .access import Access
    from .courier import Courier, Exchange
    from .patience import Sleep

CREATED: Final = 0x41
BUSY: Final = 0xA3
LAST_TENTH: Final = 0.9
"""Of its idle life, after which a session is renewed."""

_SESSIONS: Final = (URI_PATH, b"sessions")


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How patient a session is; all in seconds.

    Attributes:
        idle: After which the gateway ends a session of which nothing was heard.
        timeout: For an answer to its opening.
        max_wait: For a place, when all sessions are taken.
        parting: For answers to what is said in the end.
    """

    idle: float = 14_400.0
    timeout: float = 30.0
    max_wait: float = 120.0
    parting: float = 2.0


class GatewaySession:
    """A session, and the only way to ask anything."""

    def __init__(
        self,
        courier: Callable[[], Courier],
        access: Access,
        settings: SessionSettings,
        clock: Callable[[], float],
        sleep: Sleep,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.sleep = sleep
        self._make_courier = courier
        self._access = access
        self._courier: Courier | None = None
        self._is_open = False
        self._is_closed = False
        self._used_at = 0.0
        self._openings = 0
        self._lost = asyncio.Event()
        self._lock = asyncio.Lock()

    @property
    def lost(self) -> asyncio.Event:
        """Set when the session that is open now has turned out to be gone."""
        return self._lost

    def due_in(self) -> float:
        """Return the seconds until the session should be renewed."""
        return self._used_at + LAST_TENTH * self.settings.idle - self.clock()

    async def ready(self) -> int:
        """Open or renew the session if need be; return which opening this is."""
        async with self._lock:
            if not self._is_open or self.due_in() <= 0:
                await self._open()
            return self._openings

    async def renewed(self, opening: int) -> None:
        """Open the session anew, unless somebody has since that opening."""
        async with self._lock:
            if opening == self._openings:
                self._is_open = False
                await self._open()

    async def exchange(self) -> Exchange:
        """Begin an exchange on the one socket."""
        return (await self._line()).exchange()

    async def ask(self, ask: Ask, timeout: float) -> Answer:
        """Ask within the session; the answer may be an error, but not for want of a session.

        Raises:
            NotAuthorised: Also a new session does not help.
            NetworkError: No answer came in time.
        """
        for last in (False, True):
            opening = await self.ready()
            answer = await self.bare(ask, timeout)
            if answer.code != UNAUTHORIZED:
                return answer
            if last:
                break
            await self.renewed(opening)
        raise refusal(answer, ask)

    async def bare(self, ask: Ask, timeout: float) -> Answer:
        """Ask, session or not."""
        with await self.exchange() as exchange:
            exchange.send(ask)
            answer = await self.awaited(exchange, ask, timeout)
        if answer.code != UNAUTHORIZED:
            self._used_at = self.clock()
        return answer

    async def awaited(self, exchange: Exchange, ask: Ask, timeout: float) -> Answer:
        """Wait for an answer."""
        try:
            return await within(exchange.next(), timeout, self.sleep)
        except TimeoutError:
            raise NetworkError(f"no answer in {timeout:g} s", method=METHODS[ask.method], path=ask.path) from None

    async def close(self) -> None:
        """Delete the session, without insisting, and close the socket."""
        async with self._lock:
            self._is_closed = True
            if self._courier is None:
                return
            if self._is_open:
                self._is_open = False
                with suppress(ClientError):
                    await self.bare(Ask(DELETE, "/sessions", (_SESSIONS,)), self.settings.parting)
            courier, self._courier = self._courier, None
            await courier.close()

    async def _open(self) -> None:
        waited, is_fresh = 0.0, False
        while True:
            token = await self._access.token(fresh=is_fresh)
            ask = Ask(POST, "/sessions", (_SESSIONS, (CONTENT_FORMAT, b"")), token.reveal().encode())
            answer = await self.bare(ask, self.settings.timeout)
            if answer.is_success:
                break
            if answer.code == UNAUTHORIZED and not is_fresh:
                is_fresh = True
            elif answer.code == BUSY and waited + answer.max_age <= self.settings.max_wait:
                await self.sleep(answer.max_age)
                waited += answer.max_age
            else:
                raise refusal(answer, ask)
        if self._openings and (not self._is_open or answer.code == CREATED):
            self._lost.set()
            self._lost = asyncio.Event()
        self._is_open = True
        self._openings += 1

    async def _line(self) -> Courier:
        if self._courier is None:
            if self._is_closed:
                raise UsageError("the client is closed")
            courier = self._make_courier()
            await courier.open()
            if self._courier is None:
                self._courier = courier
            else:
                await courier.close()  # another task was quicker
        return self._courier
