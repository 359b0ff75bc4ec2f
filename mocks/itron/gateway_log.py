"""What the journal remembers of the gateway's exchanges: which operation, whose, and why it ended as it did.

A status is a code without its dot: 205 for 2.05, which stands among the details as it is written. What opens a session
is a token, so of payloads nothing is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..core.clock import SECOND
from ..core.coap.codes import Code, dotted, is_success
from ..core.coap.errors import CoapError
from ..core.coap.options import Option
from ..core.exchanges import METHODS, TYPES
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


class Subject(NamedTuple):
    """What a request is about, as the journal has it: without secrets."""

    operation: str
    method: str
    host: str
    path: str
    query: str


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
        self._subject = lru_cache(MOST_REMEMBERED)(self._look)
        self._notes: dict[Exchange, Note] = {}

    def forget(self) -> None:
        """What was under way is over, and secrets are others."""
        self._notes.clear()
        self._subject.cache_clear()

    def note(self, exchange: Exchange) -> Note:
        """What is known of an exchange; a new note for one that is new."""
        found = self._notes.get(exchange)
        if found is None:
            found = self._notes[exchange] = Note(at=self._clock.micros())
        return found

    def told(self, exchange: Exchange, response: Response | None) -> None:
        """An exchange is answered, by the handler or by the engine."""
        note = self._notes.pop(exchange, None) or Note()
        code = 0 if response is None else response.code
        cause = note.cause or ("silence" if response is None else "ok" if is_success(code) else "refused")
        taken = max(0.0, self.now() - exchange.arrived)
        now = self._clock.micros()
        waited = (now - note.at) // SECOND if note.at else 0
        more = {"took": waited} if waited else {}  # whole seconds: a story is to be the same each time
        self._write(now, exchange.request, "", code, note, cause, taken, **more)

    def notified(self, observation: Observation, response: Response, session: Session | None) -> None:
        """A notification goes out."""
        note = Note()
        if session is not None:
            note.of(session)
        number = {"number": response.options.uint(Option.OBSERVE)}
        self._write(self._clock.micros(), observation.request, NOTIFY, response.code, note, "ok", 0.0, **number)

    def unobserved(self, observation: Observation, why: str, session: Session | None) -> None:
        """A client ended an observation, in one way or another."""
        note = Note()
        if session is not None:
            note.of(session)
        self._write(self._clock.micros(), observation.request, UNOBSERVED, 0, note, why, 0.0)

    def _write(
        self, at: int, request: Message, operation: str, code: int, note: Note, cause: str, taken: float, **more: Any
    ) -> None:
        own, method, host, path, query = self._subject(request.code, request.options)
        more |= {"code": dotted(code), "type": TYPES[request.type], "mid": request.mid, "token": request.token.hex()}
        if host:
            more["host"] = host
        self._journal.add(
            at,
            VENDOR,
            PROTOCOL,
            operation or own,
            method,
            path,
            query,
            note.credential,
            note.principal,
            status(code),
            cause,
            None,
            taken,
            more,
        )

    def _look(self, code: int, options: Options) -> Subject:
        """What a request is about."""
        host, path, query = _asked(options)
        method = METHODS[code] if code < len(METHODS) else dotted(code)
        path, query = mask_path(path, self._is_secret), mask_query(query, self._is_secret)
        return Subject(operation(code, options), method, host, path, query)


def status(code: int) -> int:
    """A code as a number: 205 for 2.05."""
    return (code >> 5) * 100 + (code & 31)


def operation(code: int, options: Options) -> str:
    """The name of what a request wants."""
    if options.proxied:
        observe = options.uint(Option.OBSERVE)
        if observe in _OBSERVES and code == Code.GET:
            return _OBSERVES[observe]
        method = METHODS[code] if code < len(METHODS) else ""
        return f"proxy.{method.lower()}" if method else "proxy"
    path = options.path
    if path == ("sessions",):
        return _SESSIONS.get(code, "session")
    return "discover" if path == (".well-known", "core") else "unrouted"


def _asked(options: Options) -> tuple[str, str, str]:
    """Host, path and query of a request."""
    if options.proxied:
        try:
            target = forward(options).target
        except CoapError:
            return "", "", ""
        return target.host, "/" + "/".join(target.path), "&".join(target.query)
    return "", "/" + "/".join(options.path), "&".join(options.query)
