"""Who is logged in: sessions by the id in a cookie, each with a CSRF token once one was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..core.clock import SECOND
from ..core.ids import HEX

if TYPE_CHECKING:
    from ..core.clock import Clock
    from ..core.ids import Ids
    from .tables import Tables

MOST_SESSIONS = 10_000
"""Sessions that are remembered; beyond it those go that were idle longest."""

_LENGTH = 32
_TOUCH = 60 * SECOND
"""A session's end is put off at most once a minute: every call would be a write otherwise."""


class Session(NamedTuple):
    """One session; without a login it only waits for one."""

    id: str
    login: str | None
    csrf: str | None
    due: int


class Sessions:
    """Every session.

    Args:
        tables: where they are.
        clock: they end by it.
        ids: where ids and tokens are drawn.
        minutes: of idleness that they bear.
    """

    def __init__(self, tables: Tables, clock: Clock, ids: Ids, minutes: int) -> None:
        self._tables = tables
        self._clock = clock
        self._ids = ids
        self._idle = minutes * 60 * SECOND

    def begin(self, login: str | None) -> Session:
        """A new session."""
        session = Session(self._text(), login, None, self._clock.micros() + self._idle)
        self._tables.write("INSERT INTO slv_sessions VALUES (?, ?, ?, ?)", *session)
        self._tables.write(
            "DELETE FROM slv_sessions WHERE id IN (SELECT id FROM slv_sessions ORDER BY due DESC LIMIT -1 OFFSET ?)",
            MOST_SESSIONS,
        )
        return session

    def find(self, key: str) -> Session | None:
        """A session that has not ended; without a change to it."""
        row = self._tables.row("SELECT id, login, csrf, due FROM slv_sessions WHERE id = ?", key) if key else None
        session = None if row is None else Session(*row)
        return session if session is not None and session.due > self._clock.micros() else None

    def touch(self, session: Session) -> None:
        """Somebody used it: its end is put off."""
        due = self._clock.micros() + self._idle
        if due - session.due >= min(_TOUCH, self._idle // 2):
            self._tables.write("UPDATE slv_sessions SET due = ? WHERE id = ?", due, session.id)

    def log_in(self, session: Session, login: str) -> None:
        """The session is somebody's from now on."""
        self._tables.write("UPDATE slv_sessions SET login = ?, csrf = NULL WHERE id = ?", login, session.id)

    def token(self, session: Session) -> str:
        """The session's CSRF token, drawn when it is first asked for."""
        if session.csrf is not None:
            return session.csrf
        token = self._text()
        self._tables.write("UPDATE slv_sessions SET csrf = ? WHERE id = ?", token, session.id)
        return token

    def end(self, session: Session) -> None:
        """Forget it."""
        self._tables.write("DELETE FROM slv_sessions WHERE id = ?", session.id)

    def end_all(self, login: str) -> None:
        """Forget every session of somebody."""
        self._tables.write("DELETE FROM slv_sessions WHERE login = ?", login)

    def knows(self, text: str) -> bool:
        """Whether a text is a session's id or token."""
        if len(text) != _LENGTH:
            return False
        return self._tables.row("SELECT 1 FROM slv_sessions WHERE id = ? OR csrf = ?", text, text) is not None

    def _text(self) -> str:
        return self._ids.text("slv/sessions", _LENGTH, HEX.upper())
