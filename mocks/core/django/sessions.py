"""Logins in a browser: sessions kept by a cookie, DRF's authenticator for them, and Django's login page.

Source of what cookies and refusals look like: Django's and DRF's own defaults, read there; not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ..clock import SECOND
from ..ids import fingerprint
from ..journal import mask
from ..web.message import ANONYMOUS, MalformedFormError, TooManyFieldsError, cookies
from . import pages
from .drf import Principal
from .refusals import PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import Clock
    from ..ids import Ids
    from ..web.message import Answer, Request
    from .accounts import Accounts
    from .stack import Stack

SESSION_COOKIE, CSRF_COOKIE, CSRF_FIELD = "sessionid", "csrftoken", "csrfmiddlewaretoken"

SESSION_SECONDS = 1_209_600
"""Two weeks, Django's default."""

CSRF_SECONDS = 31_449_600
"""A year of 52 weeks, likewise."""

MOST_SESSIONS = 10_000
"""Sessions that are remembered; beyond it the oldest are forgotten."""

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
_KEY_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class _Session:
    user: str
    due: int


class Sessions:
    """Who is logged in, by the key in his cookie. Pure state over the world's clock.

    Args:
        vendor: names the stream of chance.
        clock: sessions end by it.
        ids: where keys are drawn.
    """

    def __init__(self, vendor: str, clock: Clock, ids: Ids) -> None:
        self._stream = f"{vendor}/sessions"
        self._clock = clock
        self._ids = ids
        self._sessions: dict[str, _Session] = {}

    def begin(self, user: str) -> str:
        """Log a user in; returns the key."""
        key = self.new_text()
        self._sessions[key] = _Session(user, self._clock.micros() + SESSION_SECONDS * SECOND)
        if len(self._sessions) > MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return key

    def new_text(self) -> str:
        """A key, or the secret of a form."""
        return self._ids.text(self._stream, _KEY_LENGTH, _KEY_ALPHABET)

    def user(self, key: str) -> str | None:
        """Who is logged in by this key, if it still holds."""
        session = self._sessions.get(key)
        return session.user if session is not None and self._clock.micros() < session.due else None

    def end(self, key: str) -> None:
        """Forget a session."""
        self._sessions.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self._sessions

    def clear(self) -> None:
        """Forget every session."""
        self._sessions.clear()

    def snapshot(self) -> dict[str, Any]:
        """Every session as JSON-like data."""
        return {key: [session.user, session.due] for key, session in self._sessions.items()}

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the sessions from ``snapshot``."""
        self._sessions = {key: _Session(user, due) for key, (user, due) in document.items()}


class SessionAuthenticator:
    """Takes a browser's session; whoever changes something with it must show that he came from the site's own form.

    Args:
        stack: the site's era.
        sessions: who is logged in.
        is_active: whether a user may still do anything.
    """

    def __init__(self, stack: Stack, sessions: Sessions, is_active: Callable[[str], bool]) -> None:
        self._stack = stack
        self._sessions = sessions
        self._is_active = is_active

    def authenticate(self, request: Request) -> Principal | None:
        """The session's principal, or None.

        Raises:
            PermissionDenied: A method that changes something, without the form's secret.
        """
        request.vary = ("Cookie",)
        key = cookies(request).get(SESSION_COOKIE, "")
        user = self._sessions.user(key)
        if user is None or not self._is_active(user):
            return None
        reason = None if request.method in _SAFE_METHODS else csrf_refusal(self._stack, request)
        if reason is not None:
            raise PermissionDenied(f"CSRF Failed: {reason}", cause="csrf")
        return Principal(user, user, f"Session {fingerprint(key)}")

    def challenge(self, _request: Request) -> None:
        """Nothing: a browser's session is not something to ask for."""


class LoginPage:
    """Django's login page: a form, a cookie, and the way back to where one wanted to go.

    Args:
        stack: the site's era.
        accounts: whose passwords are taken.
        sessions: where logins are kept.
        clock: tells when cookies end.
        path: where the page is.
        home: where a login leads that began here.
    """

    def __init__(
        self, stack: Stack, accounts: Accounts, sessions: Sessions, clock: Clock, *, path: str, home: str
    ) -> None:
        self._stack = stack
        self._accounts = accounts
        self._sessions = sessions
        self._clock = clock
        self._path = path
        self._home = home

    def user(self, request: Request) -> str | None:
        """Who is logged in; written into the request for the journal. No other credential counts here."""
        request.principal, request.credential = ANONYMOUS, ""
        key = cookies(request).get(SESSION_COOKIE, "")
        user = self._sessions.user(key)
        if user is not None:
            request.principal, request.credential = user, f"Session {fingerprint(key)}"
        return user

    def send_here(self, request: Request) -> Answer:
        """The redirect of somebody who must log in first."""
        query = f"?{request.query}" if request.query else ""
        wanted = quote(f"{quote(request.path)}{query}", safe="/")
        answer = pages.redirect(self._stack, f"{self._path}?next={wanted}", permanent=False)
        answer.cause = "login-required"
        answer.headers.append(("Vary", "Cookie"))
        return answer

    def __call__(self, request: Request) -> Answer:
        """``GET`` shows the form, ``POST`` fills it in."""
        if request.method in ("GET", "HEAD"):
            return self._form(request, request.query_fields.get("next", ""))
        if request.method == "OPTIONS":
            return pages.options(self._stack, ("GET", "POST", "PUT", "HEAD", "OPTIONS"))
        reason = csrf_refusal(self._stack, request)
        if reason is not None:
            return pages.page(self._stack, 403, "csrf")
        if request.method != "POST":
            return pages.method_not_allowed(self._stack, ("GET", "POST", "PUT", "HEAD", "OPTIONS"))
        return self._log_in(request)

    def _log_in(self, request: Request) -> Answer:
        form = _form(self._stack, request)
        username = form.get("username", "")
        request.principal = mask(username, self._accounts.is_secret)[:200] or request.principal
        wanted = form.get("next") or request.query_fields.get("next", "")
        if not self._accounts.check(username, form.get("password", "")):
            answer = self._form(request, wanted, "Please enter a correct username and password.")
            answer.cause = "bad-login"
            return answer
        self._sessions.end(cookies(request).get(SESSION_COOKIE, ""))
        place = quote(wanted, safe="/#%[]=:;$&()+,!?*@'~") if _stays_here(wanted) else self._home
        answer = pages.redirect(self._stack, place, permanent=False)
        answer.cause = "ok"
        answer.headers += [
            ("Vary", "Cookie"),
            self._cookie(CSRF_COOKIE, self._sessions.new_text(), CSRF_SECONDS),
            self._cookie(SESSION_COOKIE, self._sessions.begin(username), SESSION_SECONDS, "HttpOnly"),
        ]
        return answer

    def _form(self, request: Request, wanted: str, problem: str = "") -> Answer:
        secret = cookies(request).get(CSRF_COOKIE, "")
        if not _is_secret(secret):
            secret = self._sessions.new_text()
        body = (
            f'<h1>Log in</h1>{f"<p>{problem}</p>" if problem else ""}<form method="post">'
            f'<input type="hidden" name="{CSRF_FIELD}" value="{secret}">'
            '<p><label>Username: <input type="text" name="username" autofocus required></label></p>'
            '<p><label>Password: <input type="password" name="password" required></label></p>'
            f'<input type="hidden" name="next" value="{escape(wanted)}">'
            '<button type="submit">Log in</button></form>'
        )
        answer = pages.document(self._stack, 200, "Log in", body)
        answer.headers += [("Vary", "Cookie"), self._cookie(CSRF_COOKIE, secret, CSRF_SECONDS)]
        return answer

    def _cookie(self, name: str, value: str, seconds: int, *attributes: str) -> tuple[str, str]:
        expires = formatdate(self._clock.micros() // SECOND + seconds, usegmt=True)
        parts = (f"{name}={value}", f"expires={expires}", *attributes, f"Max-Age={seconds}", "Path=/", *self._same_site)
        return "Set-Cookie", "; ".join(parts)

    @property
    def _same_site(self) -> tuple[str, ...]:
        return ("SameSite=Lax",) if self._stack.same_site else ()


def csrf_refusal(stack: Stack, request: Request) -> str | None:
    """Why a request that changes something is taken for forged: its form or header lacks the cookie's secret."""
    secret = cookies(request).get(CSRF_COOKIE, "")
    if not _is_secret(secret):
        return "CSRF cookie not set."
    places = {"POST": _form(stack, request).get(CSRF_FIELD, "")}
    places["the 'X-Csrftoken' HTTP header"] = request.headers.get("x-csrftoken", "")
    place, sent = next(((place, sent) for place, sent in places.items() if sent), ("", ""))
    if sent == secret:
        return None
    if stack.csrf_reasons_differ:
        return f"CSRF token from {place} incorrect." if sent else "CSRF token missing."
    return "CSRF token missing or incorrect."


def _form(stack: Stack, request: Request) -> dict[str, str]:
    try:
        return request.form
    except TooManyFieldsError:
        raise pages.PageError(stack, 400, "too-many-fields") from None
    except MalformedFormError:
        return {}


def _is_secret(text: str) -> bool:
    return len(text) in (_KEY_LENGTH, 64) and text.isascii() and text.isalnum()


def _stays_here(address: str) -> bool:
    """Whether an address is a path on this site, so that no link can lead a login to another."""
    if not address.startswith("/") or address.startswith(("//", "/\\")) or not address.isprintable():
        return False
    parts = urlsplit(address)
    return not parts.netloc and not parts.scheme
