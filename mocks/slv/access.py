"""How one gets in, and who that is.

Up to 7.7 Basic on every call. From 7.8 a session in a cookie and, with it, a CSRF token on every call: fetched with
Basic, or with the session of a login by form. Whoever is not in is shown the login page, with status 200 (public).
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, NamedTuple

from ..core.ids import fingerprint
from ..core.journal import mask
from ..core.web.message import cookies
from .errors import CsrfRequired, NotLoggedIn, WrongBasic

if TYPE_CHECKING:
    from ..core.web.message import Request
    from .models import User
    from .people import People
    from .sessions import Session, Sessions
    from .settings import Version

COOKIE, TOKEN = "JSESSIONID", "X-CSRF-Token"
FETCH = "fetch"

Headers = list[tuple[str, str]]


class Entry(NamedTuple):
    """Somebody who may call, and what the answer tells him besides."""

    user: User
    headers: Headers


class Access:
    """The door.

    Args:
        version: of the server.
        sessions: who is logged in.
        people: whose passwords are taken.
    """

    def __init__(self, version: Version, sessions: Sessions, people: People) -> None:
        self._version = version
        self._sessions = sessions
        self._people = people

    def identify(self, request: Request) -> User | None:
        """Who calls, written into the request for the journal; nothing is changed, and nobody refused."""
        basic = self._basic(request)
        if basic is not None:
            request.credential = f"Basic {fingerprint(request.headers['authorization'])}"
            user = self._people.login(*basic)
            if user is not None:
                request.principal = user.login
                return user
            request.principal = mask(basic[0], self._is_secret)[:200] or request.principal
        session = self.session(request)
        if session is None or session.login is None:
            return None
        request.credential = f"Session {fingerprint(session.id)}"
        request.principal = session.login
        return self._people.user(session.login)

    def enter(self, request: Request, *, logs_in: bool) -> Entry:
        """Let somebody in.

        Args:
            request: shows who that is.
            logs_in: it is the call by which one logs in, and fetches a token.

        Raises:
            NotLoggedIn: Nobody that is known.
            WrongBasic: The same, where one logs in.
            CsrfRequired: Known, but without a token that holds.
        """
        user = self.identify(request)
        basic = self._basic(request)
        if basic is not None and logs_in and self._people.login(*basic) is None:
            raise WrongBasic
        if user is None:
            raise NotLoggedIn("bad-login" if basic is not None else "not-logged-in")
        session = self._session_of(user, request)
        if not self._version.csrf:
            return Entry(user, [])
        token = request.headers.get(TOKEN.lower(), "")
        if logs_in and token.lower() == FETCH:
            if session is None:
                session = self._sessions.begin(user.login)
            self._sessions.touch(session)
            return Entry(user, [(TOKEN, self._sessions.token(session)), cookie(request, session.id)])
        if session is None or session.csrf is None or token != session.csrf:
            raise CsrfRequired
        self._sessions.touch(session)
        return Entry(user, [])

    def session(self, request: Request) -> Session | None:
        """The session that a request's cookie names, if it has not ended."""
        return self._sessions.find(cookies(request).get(COOKIE, ""))

    def _session_of(self, user: User, request: Request) -> Session | None:
        """The request's session, if it is the same person's."""
        session = self.session(request)
        return session if session is not None and session.login == user.login else None

    def _basic(self, request: Request) -> tuple[str, str] | None:
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            plain = base64.b64decode(coded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            return "", ""
        login, _, password = plain.partition(":")
        return login, password

    def _is_secret(self, text: str) -> bool:
        return self._sessions.knows(text) or any(user.password == text for user in self._people.users())


def cookie(request: Request, key: str) -> tuple[str, str]:
    """The header that gives a session to a client."""
    secure = "; Secure" if request.scheme == "https" else ""
    return "Set-Cookie", f"{COOKIE}={key}; Path=/reports{secure}; HttpOnly"
