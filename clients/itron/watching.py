"""Observation of one resource through everything that ends one in silence (RFC 7641, and dossier facts of the mesh).

An observation may end without a word: the device moved in the mesh, rebooted, or has another observer now; the session
is gone. So what is not heard of for too long is registered again, and each silence in vain doubles the next one's
length, for a sensor may simply have nothing to say, or be slower than we thought: boards count their period from the
registration, so that registering too often would keep a slow sensor silent for ever.

Each registration has a token of its own: what an old one still sends cannot be taken for the answer to a new one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..core.errors import ClientError, NetworkError, ServerError, UnexpectedResponse
from ..core.retry import RetryPolicy
from .errors import DeviceUnknown, GatewayBusy, NotSupported
from .messages import METHODS, OBSERVE, UNAUTHORIZED, Answer, Ask, refusal
from .patience import first, within
from .transfer import whole

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from .courier import Exchange
    from .sessions import GatewaySession

HALF: Final = 1 << 23
REORDERED: Final = 128.0
"""Seconds after which a notification is new, whatever its number."""

SILENCE: Final = 300.0
LONGEST: Final = 3_600.0
AGES: Final = 3.0


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How patient an observation is; in seconds.

    Attributes:
        timeout: For the answer to a registration.
        silence: After which it is registered again, at least; three times Max-Age if that is longer.
        longest: Of silences that were in vain, at most.
        retry: When to try again after a registration failed.
        on_lost: Told why an observation is to be registered again.
    """

    timeout: float = 310.0
    silence: float = SILENCE
    longest: float = LONGEST
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(base=1.0, cap=300.0))
    on_lost: Callable[[ClientError], object] | None = None


class Watch:
    """One observation."""

    def __init__(self, session: GatewaySession, ask: Ask, settings: WatchSettings) -> None:
        self._session = session
        self._ask = ask
        self._settings = settings
        self._exchange: Exchange | None = None
        self._lost: asyncio.Event = session.lost
        self._number = 0
        self._heard_at = 0.0
        self._max_age = 0.0
        self._in_vain = 0
        self._failures = 0
        self._was_registered = False

    async def answers(self) -> AsyncGenerator[Answer, None]:
        """Yield the answers that carry something, each once and none after a newer one.

        Raises:
            ClientError: What no waiting will mend: a refusal that is not passing.
        """
        try:
            while True:
                try:
                    answer: Answer | None = await self._register()
                    while answer is not None:
                        if answer.payload:
                            self._failures = self._in_vain = 0
                            yield await whole(answer, self._ask, self._fetch)
                        answer = await self._next()
                except (NetworkError, ServerError) as trouble:
                    if isinstance(trouble, NotSupported) or (
                        isinstance(trouble, DeviceUnknown) and not self._was_registered
                    ):
                        raise
                    await self._back_off(trouble)
        finally:
            await self._leave()

    async def _register(self) -> Answer:
        for last in (False, True):
            opening = await self._session.ready()
            self._drop()
            self._lost = self._session.lost
            self._exchange = exchange = await self._session.exchange()
            ask = self._ask.having((OBSERVE, b""))
            exchange.send(ask)
            answer = await self._session.awaited(exchange, ask, self._settings.timeout)
            if answer.code != UNAUTHORIZED or last:
                break
            await self._session.renewed(opening)
        if not answer.is_success:
            self._drop()
            raise refusal(answer, self._ask)
        if answer.observe is None:
            self._drop()
            raise UnexpectedResponse("answered, but not observed", method=METHODS[ask.method], path=ask.path)
        self._was_registered = True
        self._take(answer, answer.observe)
        return answer

    async def _next(self) -> Answer | None:
        """Return the next answer; None when it is time to register again."""
        exchange = self._exchange
        assert exchange is not None
        while True:
            least = max(self._settings.silence, AGES * self._max_age)
            silence = min(least * 2**self._in_vain, max(least, self._settings.longest))
            patience, due = self._heard_at + silence - self._session.clock(), self._session.due_in()
            try:
                answer: Answer | None = await within(
                    first(_maybe(exchange.next()), self._session_lost()), min(patience, due), self._session.sleep
                )
            except TimeoutError:
                if due < patience:
                    await self._session.ready()
                    continue
                self._in_vain = min(self._in_vain + 1, 32)
                self._tell(NetworkError(f"nothing heard for {silence:.0f} s", path=self._ask.path))
                return None
            if answer is None:
                self._tell(NetworkError("the session is gone", path=self._ask.path))
                return None
            if not answer.is_success:
                self._drop()
                raise _ended(answer, self._ask)
            if answer.observe is None:
                self._drop()
                raise NetworkError("the observation was ended by the other side", path=self._ask.path)
            if self._is_newer(answer.observe):
                self._take(answer, answer.observe)
                return answer

    async def _session_lost(self) -> Answer | None:
        await self._lost.wait()
        return None

    def _is_newer(self, number: int) -> bool:
        """Tell whether a notification is newer than the last; RFC 7641, 3.4."""
        last = self._number
        return (
            (last < number and number - last < HALF)
            or (last > number and last - number > HALF)
            or self._session.clock() > self._heard_at + REORDERED
        )

    def _take(self, answer: Answer, number: int) -> None:
        self._number, self._heard_at, self._max_age = number, self._session.clock(), answer.max_age

    async def _fetch(self, ask: Ask) -> Answer:
        return await self._session.ask(ask.without(OBSERVE), self._settings.timeout)

    async def _back_off(self, trouble: ClientError) -> None:
        self._tell(trouble)
        self._failures += 1
        delay = self._settings.retry.delay(self._failures)
        if isinstance(trouble, GatewayBusy):
            delay = max(delay, trouble.retry_after)
        await self._session.sleep(delay)

    def _tell(self, why: ClientError) -> None:
        if self._settings.on_lost is not None:
            self._settings.on_lost(why)

    def _drop(self) -> None:
        if self._exchange is not None:
            self._exchange.end()
            self._exchange = None

    async def _leave(self) -> None:
        """End the observation on the token that it was begun with; whoever does not listen is not waited for."""
        exchange = self._exchange
        if exchange is None:
            return
        ask = self._ask.having((OBSERVE, b"\x01"))
        try:
            with suppress(ClientError, TimeoutError):
                exchange.send(ask)
                await within(_parted(exchange), self._session.settings.parting, self._session.sleep)
        finally:
            self._drop()


async def _maybe(work: Coroutine[Any, Any, Answer]) -> Answer | None:
    return await work


async def _parted(exchange: Exchange) -> None:
    """Pass over what is still on its way, until the answer that is no notification."""
    while (await exchange.next()).observe is not None:
        pass


def _ended(answer: Answer, ask: Ask) -> ClientError:
    """Return why an observation ended: an error of the device or gateway, of which registering anew tells the worth."""
    said = refusal(answer, ask)
    return NetworkError(f"the observation was ended: {said.message}", method=said.method, path=said.path)
