"""The sessions of the CoAP Gateway: who may send requests to devices, by the UDP source that he sends from.

A session lives until it is closed or nobody has used it for four hours (public for ten sessions and four hours; that
they count by tenant, and that the four hours begin anew with each request, is inferred). The token opened it and has no
say after that. They outlive the process with the world: a client that kept its socket finds its session again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ..core.clock import SECOND, iso
from ..core.gates import label
from .gateway_errors import TooManySessions

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from ..core.clock import Clock, Timer
    from ..core.store import Store
    from .settings import Settings

IDLE = "itron.coap-session-idle"
"""The name of the timer that each session has."""

COARSE = 60 * SECOND
"""Between two snapshots, what is written of a session's last use is no older."""


@dataclass(slots=True)
class Session:
    """One session.

    Attributes:
        source: the UDP source.
        tenant: whose it is.
        credential: the fingerprint of the token that opened or renewed it.
        opened, used: in microseconds since 1970.
        endpoint: what the client called itself by option 124, if it did.
    """

    source: Hashable
    tenant: str
    credential: str
    opened: int
    used: int
    endpoint: bytes | None = None

    @property
    def name(self) -> str:
        """What faults and the journal call it."""
        return label(self.source)

    def as_json(self) -> dict[str, Any]:
        """As the control API shows it."""
        return {"source": self.name, "tenant": self.tenant, "opened": iso(self.opened), "used": iso(self.used)}


class Sessions:
    """All sessions of one world.

    Args:
        clock: they age by it.
        store: keeps them; the table is there.
        settings: how many, how long.

    Attributes:
        ended: hears of a session's end, however it came.
    """

    def __init__(self, clock: Clock, store: Store, settings: Settings) -> None:
        self.ended: Callable[[Session], None] = lambda _session: None
        self._clock = clock
        self._store = store
        self._most = settings.coap_max_sessions
        self._idle = settings.coap_session_idle * SECOND
        self._open: dict[Hashable, Session] = {}
        self._timers: dict[Hashable, Timer] = {}
        self._written: dict[Hashable, int] = {}
        clock.on(IDLE, self._on_timer)

    def __len__(self) -> int:
        return len(self._open)

    def all(self) -> list[Session]:
        """Every session, the oldest first."""
        return list(self._open.values())

    def known(self, source: Hashable) -> Session | None:
        """The session of a source, without any change to it."""
        return self._open.get(source)

    def use(self, source: Hashable) -> Session | None:
        """The session of a source, which lives on for it."""
        session = self._open.get(source)
        if session is not None:
            session.used = now = self._clock.micros()
            if now - self._written[source] >= COARSE:
                self._write(session)
        return session

    def open(self, source: Hashable, tenant: str, credential: str) -> bool:
        """Open a session, or renew the one there is; False when it was renewed.

        A source that shows the token of another tenant has that one's session from then on.

        Raises:
            TooManySessions: the tenant has as many as it may.
        """
        now = self._clock.micros()
        former = self._open.get(source)
        if former is None or former.tenant != tenant:
            self._check_room(tenant, now)
        if former is not None and former.tenant == tenant:
            former.used, former.credential = now, credential
            self._write(former)
            return False
        if former is not None:
            self._end(former)
        self._enter(Session(source, tenant, credential, now, now))
        return True

    def close(self, source: Hashable) -> bool:
        """Close the session of a source; False when there is none."""
        session = self._open.get(source)
        if session is not None:
            self._end(session)
        return session is not None

    def find(self, endpoint: bytes) -> Session | None:
        """The one session whose client calls itself so."""
        found = [session for session in self._open.values() if session.endpoint == endpoint]
        return found[0] if len(found) == 1 else None

    def call(self, session: Session, endpoint: bytes) -> None:
        """A client says what it calls itself."""
        if session.endpoint != endpoint:
            session.endpoint = endpoint
            self._write(session)

    def move(self, session: Session, source: Hashable) -> Session:
        """A client sends from elsewhere now; its session goes with it, and nobody is told that it ended."""
        self._strike_off(session)
        session.source = source
        self._enter(session)
        return session

    # --- for the world ---------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write down when each was last used."""
        for session in self._open.values():
            if self._written[session.source] != session.used:
                self._write(session)

    def reset(self) -> None:
        """There are none; the table is empty."""
        for timer in self._clock.waiting(IDLE):
            self._clock.cancel(timer)
        self._open.clear()
        self._timers.clear()
        self._written.clear()

    def resume(self) -> None:
        """Take up what the table says."""
        self.reset()
        query = "SELECT source, tenant, credential, opened, used, endpoint FROM itron_sessions ORDER BY opened, source"
        for source, tenant, credential, opened, used, endpoint in self._store.connection.execute(query).fetchall():
            key = tuple(msgspec.json.decode(source, type=list[Any]))
            name = None if endpoint is None else bytes.fromhex(endpoint)
            self._enter(Session(key, tenant, credential, opened, used, name))

    # --- inside ----------------------------------------------------------------------------------------------------

    def _check_room(self, tenant: str, now: int) -> None:
        theirs = [session for session in self._open.values() if session.tenant == tenant]
        if len(theirs) >= self._most:
            first = min(session.used for session in theirs) + self._idle
            raise TooManySessions(self._most, max(1, -(-(first - now) // SECOND)))

    def _enter(self, session: Session) -> None:
        self._open[session.source] = session
        self._set_timer(session)
        self._write(session)

    def _end(self, session: Session) -> None:
        self._strike_off(session)
        self.ended(session)

    def _strike_off(self, session: Session) -> None:
        del self._open[session.source]
        del self._written[session.source]
        timer = self._timers.pop(session.source, None)
        if timer is not None:
            self._clock.cancel(timer)
        self._store.connection.execute("DELETE FROM itron_sessions WHERE source = ?", (_text(session.source),))

    def _set_timer(self, session: Session) -> None:
        # It is set once for the whole time, and looks again when it is due: requests come by the thousand.
        detail = {"session": session.name, "source": _text(session.source)}
        self._timers[session.source] = self._clock.call_at(session.used + self._idle, IDLE, detail)

    def _on_timer(self, detail: Mapping[str, Any]) -> None:
        session = self._open.get(tuple(msgspec.json.decode(detail["source"], type=list[Any])))
        if session is None:
            return
        del self._timers[session.source]
        if session.used + self._idle > self._clock.micros():
            self._set_timer(session)
        else:
            self._end(session)

    def _write(self, session: Session) -> None:
        self._written[session.source] = session.used
        name = None if session.endpoint is None else session.endpoint.hex()
        row = (_text(session.source), session.tenant, session.credential, session.opened, session.used, name)
        self._store.connection.execute("INSERT OR REPLACE INTO itron_sessions VALUES (?, ?, ?, ?, ?, ?)", row)


def _text(source: Hashable) -> str:
    return msgspec.json.encode(source).decode()
