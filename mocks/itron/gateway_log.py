"""What the journal remembers of the gateway's exchanges: which operation, whose, and why it ended as it did.

A status is a code without its dot: 205 for 2.05, which stands among the details as it is written. What opens a session
is a token, so of payloads nothing is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ..core.clock import SECOND
from ..core.coap.codes import Code, dotted, is_success
from ..core.coap.errors import CoapError
from ..core.coap.options import Option
from ..core.coap.rules import is_proxied
from ..core.exchanges import METHODS
from ..core.journal import mask_path, mask_query
from .forwarding import forward

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.clock import Clock
    from ..core.coap.exchange import Exchange
    from ..core.coap.message import Message
    from ..core.coap.observe import Observation
    from ..core.coap.options import Options
    from ..core.coap.response import Response
    from ..core.journal import IsSecret, Journal
    from .sessions import Session

VENDOR: Final = "itron"
PROTOCOL: Final = "coap"
ANONYMOUS = "anonymous"
NOTIFY = "notify"
UNOBSERVED = "observe.end"

MOST_REMEMBERED = 4_096
"""Requests of which it is remembered how they look without secrets."""

_SESSIONS: dict[int, str] = {Code.POST: "session.open", Code.DELETE: "session.close"}
_OBSERVES: dict[int | None, str] = {0: "observe", 1: "observe.cancel"}


@dataclass(slots=True)
class Note:
    """What is known of an exchange until it is answered; ``at`` is when it came, in microseconds of the world."""

    principal: str = ANONYMOUS
    credential: str = ""
    cause: str = ""
    at: int = 0

    def of(self, session: Session) -> None:
        """It was made in a session."""
        self.principal, self.credential = session.tenant, session.credential


class Log:
    """Writes the journal.

    Args:
        clock: the world's.
        journal: where.
        is_secret: tells whether a text is one of the secrets that the vendor gave out.

    Attributes:
        now: line time.
    """

    def __init__(self, clock: Clock, journal: Journal, is_secret: IsSecret) -> None:
        self._journal = journal
        self.now: Callable[[], float] = clock.source
        self._clock = clock
        self._is_secret = is_secret
        self._masked = lru_cache(MOST_REMEMBERED)(self._mask)
        self._notes: dict[Exchange, Note] = {}

    def forget(self) -> None:
        """What was under way is over, and secrets are others."""
        self._notes.clear()
        self._masked.cache_clear()

    def note(self, exchange: Exchange, session: Session | None) -> Note:
        """What is known of an exchange; a new note for one that is new."""
        found = self._notes.get(exchange)
        if found is None:
            found = self._notes[exchange] = Note(at=self._clock.micros())
            if session is not None:
                found.of(session)
        return found

    def told(self, exchange: Exchange, response: Response | None) -> None:
        """An exchange is answered, by the handler or by the engine."""
        note = self._notes.pop(exchange, None) or Note()
        request = exchange.request
        code = 0 if response is None else response.code
        cause = note.cause or ("silence" if response is None else "ok" if is_success(code) else "refused")
        taken = max(0.0, self.now() - exchange.arrived)
        waited = (self._clock.micros() - note.at) // SECOND if note.at else 0
        more = {"took": waited} if waited else {}  # whole seconds: a story is to be the same each time
        self._write(request, operation(request), code, note, cause, taken, **more)

    def notified(self, observation: Observation, response: Response, session: Session | None) -> None:
        """A notification goes out."""
        note = Note()
        if session is not None:
            note.of(session)
        number = {"number": response.options.uint(Option.OBSERVE)}
        self._write(observation.request, NOTIFY, response.code, note, "ok", 0.0, **number)

    def unobserved(self, observation: Observation, why: str, session: Session | None) -> None:
        """A client ended an observation, in one way or another."""
        note = Note()
        if session is not None:
            note.of(session)
        self._write(observation.request, UNOBSERVED, 0, note, why, 0.0)

    def _write(
        self, request: Message, operation: str, code: int, note: Note, cause: str, taken: float, **more: Any
    ) -> None:
        host, path, query = self._masked(request.options)
        detail = {"code": dotted(code), "type": request.type.name, "mid": request.mid, "token": request.token.hex()}
        if host:
            detail["host"] = host
        self._journal.add(
            self._clock.micros(),
            VENDOR,
            PROTOCOL,
            operation,
            METHODS[request.code] if request.code < len(METHODS) else dotted(request.code),
            path,
            query,
            note.credential,
            note.principal,
            status(code),
            cause,
            None,
            taken,
            detail | more,
        )

    def _mask(self, options: Options) -> tuple[str, str, str]:
        """Host, path and query of a request, without secrets."""
        host, path, query = _asked(options)
        return host, mask_path(path, self._is_secret), mask_query(query, self._is_secret)


def status(code: int) -> int:
    """A code as a number: 205 for 2.05."""
    return (code >> 5) * 100 + (code & 31)


def operation(request: Message) -> str:
    """What a request is about."""
    options = request.options
    if is_proxied(options):
        observe = options.uint(Option.OBSERVE)
        if observe in _OBSERVES and request.code == Code.GET:
            return _OBSERVES[observe]
        method = METHODS[request.code] if request.code < len(METHODS) else ""
        return f"proxy.{method.lower()}" if method else "proxy"
    path = options.path
    if path == ("sessions",):
        return _SESSIONS.get(request.code, "session")
    return "discover" if path == (".well-known", "core") else "unrouted"


def _asked(options: Options) -> tuple[str, str, str]:
    """Host, path and query of a request."""
    if is_proxied(options):
        try:
            target = forward(options).target
        except CoapError:
            return "", "", ""
        return target.host, "/" + "/".join(target.path), "&".join(target.query)
    return "", "/" + "/".join(options.path), "&".join(options.query)
