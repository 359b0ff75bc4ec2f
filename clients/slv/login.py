"""How a user gets in, stays in, and gets in again: once, never in a loop, and one for all who wait.

| `login` | what is done | what calls carry |
| --- | --- | --- |
| `csrf` | a fetch with Basic, which answers with a token and a cookie (from 7.8) | both of them |
| `basic` | nothing | Basic (up to 7.7) |
| `form` | a form as people fill it in, then the fetch without Basic | the cookie, and the token if there is one |
| `auto` | the fetch; `basic` where it brings no token, `form` where it is answered with a login page | accordingly |

The vendor says in several ways that a call was not let in, the commonest a login page with status 200. Then the way is
gone once more, and the call sent again: it was not carried out. Only of a page that is no login page nobody knows; a
call that writes is not sent again after one.
"""

from __future__ import annotations

from base64 import b64encode
from copy import copy
from dataclasses import dataclass, replace
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ..core.errors import LoginRefused, NotJson, ServerError, TokenRefused, UsageError
from ..core.reading import complaint, refusal, unexpected
from ..core.secret import Credential, Secret
from ..core.steps import Acquire, Call, Steps, Unbroken
from ..core.tokens import is_token
from .reading import is_login_page, is_page, read

if TYPE_CHECKING:
    import httpx

    from ..core.errors import ClientError
    from ..core.renewal import Authority, Line

Login: TypeAlias = Literal["auto", "csrf", "basic", "form"]

USER_PATH: Final = "/reports/api/userprofile/getCurrentUser"
SESSION_PATH: Final = "/reports/auth.json"
FORM_PATH: Final = "/reports/j_security_check"

CSRF: Final = "X-CSRF-Token"
WORDS: Final = frozenset({"fetch", "required"})
"""What stands in that header and is no token."""

TRIES: Final = 3
"""Sends of one call that is not let in, at most."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Shut(Enum):
    """In which way a call was not let in."""

    UNAUTHORIZED = auto()
    TOKEN_REQUIRED = auto()
    LOGIN_PAGE = auto()
    REDIRECT = auto()
    SOME_PAGE = auto()
    """Perhaps: it may also be something between here and the vendor that speaks."""


def shut_out(response: httpx.Response) -> Shut | None:
    """Tell whether, and in which way, a call was not let in."""
    status = response.status_code
    if status == HTTPStatus.UNAUTHORIZED:
        return Shut.UNAUTHORIZED
    if status == HTTPStatus.FORBIDDEN and response.headers.get(CSRF, "").strip().lower() == "required":
        return Shut.TOKEN_REQUIRED
    if status in REDIRECTS:
        return Shut.REDIRECT
    if status == HTTPStatus.OK and is_page(response):
        return Shut.LOGIN_PAGE if is_login_page(response) else Shut.SOME_PAGE
    return None


@dataclass(frozen=True, slots=True)
class Account:
    """A user.

    Attributes:
        username: Who.
        password: Their password.
        login: How to get in.

    Raises:
        UsageError: No name, one that Basic cannot carry, or no way in of that name.
    """

    username: str
    password: Secret
    login: Login = "auto"

    def __post_init__(self) -> None:
        if not self.username or ":" in self.username:
            raise UsageError("a user name is not empty, and has no colon in it")
        if self.login not in ("auto", "csrf", "basic", "form"):
            raise UsageError(f"login is auto, csrf, basic or form, not {self.login!r}")

    @property
    def name(self) -> str:
        """Who."""
        return self.username

    def authority(self, line: Line) -> Authority:
        """Return what gets calls in."""
        return Doorkeeper(self, line)

    def basic(self) -> Credential:
        """Return what Basic shows."""
        text = f"{self.username}:{self.password.reveal()}"
        return Credential("Basic", Secret(b64encode(text.encode()).decode("ascii")))


@dataclass(frozen=True, slots=True)
class Entry:
    """What lets calls in.

    Attributes:
        credential: For Basic on every call; None where a session does.
        cookies: Of the session, by name.
        token: The CSRF token of the session, if its server has such.
    """

    credential: Credential | None = None
    cookies: tuple[tuple[str, Secret], ...] = ()
    token: Secret | None = None

    def applied(self, call: Call) -> Call:
        """Return the call as it is let in."""
        headers = dict(call.headers or {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value.reveal()}" for name, value in self.cookies)
        if self.token is not None:
            headers[CSRF] = self.token.reveal()
        return replace(call, headers=headers, credential=self.credential)


class Doorkeeper:
    """Gets the calls of one user in."""

    def __init__(self, account: Account, line: Line) -> None:
        self._account = account
        self._exchange = line.exchange
        self._lock_timeout = line.lock_timeout
        self._lock = line.store.lock()
        self._entry: Entry | None = None
        self._refusal: LoginRefused | None = None

    def authorised(self, call: Call) -> Steps[httpx.Response]:
        """Send a call that is let in, getting in again when it was not.

        Returns:
            The answer; a web page only if it is no login page.

        Raises:
            LoginRefused: The vendor does not let the user in.
            TokenRefused: It did, and then refused the call all the same.
            NetworkError, Throttled, StoreError, ResponseError: As their docstrings say.
        """
        entry = self._entry
        if entry is None:
            entry, _ = yield Unbroken(self._entered(None))
        is_new, tries = False, 0
        while True:  # as found, then perhaps with another's newer entry, then with one made for this
            tries += 1
            response = yield from self._exchange.send(entry.applied(call))
            shut = shut_out(response)
            if shut is None or (shut is Shut.SOME_PAGE and call.once):
                return response
            if self._account.login == "basic":
                raise self._not_basic(response, call, shut)
            if is_new or tries == TRIES:
                break
            entry, is_new = yield Unbroken(self._entered(entry))
        if shut is Shut.SOME_PAGE:
            return response
        raise TokenRefused(f"{_named(shut)}, also in a new session", method=call.method, path=call.path)

    def _entered(self, refused: Entry | None) -> Steps[tuple[Entry, bool]]:
        """Return an entry other than the refused one, and whether it was made here and now."""
        known = self._refusal
        yield Acquire(self._lock, self._lock_timeout)
        try:
            if self._entry is not None and self._entry is not refused:
                return self._entry, False
            if self._refusal is not None and self._refusal is not known:
                raise copy(self._refusal)  # of a login made while this one waited: asking again would tell no more
            try:
                self._entry = yield from self._way_in()
            except LoginRefused as refusal:
                self._refusal = refusal
                raise
            return self._entry, True
        finally:
            self._lock.release()

    def _way_in(self) -> Steps[Entry]:
        match self._account.login:
            case "basic":
                return Entry(self._account.basic())
            case "form":
                return (yield from self._fill_in_form())
            case _:
                return (yield from self._fetch_with_basic())

    def _fetch_with_basic(self) -> Steps[Entry]:
        is_auto = self._account.login == "auto"
        basic = self._account.basic()
        call, response = yield from self._fetch(Entry(basic))
        shut = shut_out(response)
        if shut is Shut.LOGIN_PAGE and is_auto:
            return (yield from self._fill_in_form())
        self._must_be_in(call, response, shut)
        token, cookies = _token(response), _cookies(response)
        if token is None:
            if is_auto:
                return Entry(basic)
            raise unexpected(
                response, call, f"no {CSRF} came; before 7.8 there is none, and login='basic' is the way in"
            )
        return Entry(None if cookies else basic, cookies, token)

    def _fill_in_form(self) -> Steps[Entry]:
        call = Call("GET", SESSION_PATH)
        opened = yield from self._exchange.send(call, paced=False)
        _must_be_well(call, opened)
        cookies = dict(_cookies(opened))
        form = {"j_username": self._account.username, "j_password": self._account.password.reveal()}
        call = Call("POST", FORM_PATH, form=form)
        filled = yield from self._exchange.send(Entry(cookies=tuple(cookies.items())).applied(call), paced=False)
        _must_be_well(call, filled)
        if filled.status_code not in REDIRECTS:
            raise self._refused(call, filled)
        cookies |= _cookies(filled)
        entry = Entry(cookies=tuple(cookies.items()))
        # A server may lead to a page that says no, so that only an answer proves that it said yes.
        call, response = yield from self._fetch(entry)
        self._must_be_in(call, response, shut_out(response))
        cookies |= _cookies(response)
        return Entry(cookies=tuple(cookies.items()), token=_token(response))

    def _fetch(self, entry: Entry) -> Steps[tuple[Call, httpx.Response]]:
        headers = {CSRF: "Fetch", "X-Requested-With": "XMLHttpRequest"}
        call = Call("GET", USER_PATH, params={"ser": "json"}, headers=headers)
        response = yield from self._exchange.send(entry.applied(call), paced=False)
        return call, response

    def _must_be_in(self, call: Call, response: httpx.Response, shut: Shut | None) -> None:
        if shut is Shut.SOME_PAGE:
            raise unexpected(response, call, "a web page, and no login page, in place of an answer", NotJson)
        if shut is Shut.REDIRECT:
            raise unexpected(response, call, "redirected; not followed")
        if shut is not None or response.status_code == HTTPStatus.FORBIDDEN:
            raise self._refused(call, response)
        _must_be_well(call, response)
        if response.status_code != HTTPStatus.OK:
            raise unexpected(response, call, "no user, and no refusal")
        read(response, call)

    def _refused(self, call: Call, response: httpx.Response) -> LoginRefused:
        shut = shut_out(response)
        what = complaint(response) if shut is None else _named(shut)
        return LoginRefused(f"{what}: {self._account.username!r} is not let in", method=call.method, path=call.path)

    def _not_basic(self, response: httpx.Response, call: Call, shut: Shut) -> ClientError:
        if shut is Shut.SOME_PAGE:
            return unexpected(response, call, "a web page in place of an answer", NotJson)
        if shut is Shut.REDIRECT:
            return unexpected(response, call, "redirected; not followed")
        if shut is Shut.TOKEN_REQUIRED:
            message = f"{_named(shut)}; login='auto' fetches one"
            return LoginRefused(message, method=call.method, path=call.path)
        return self._refused(call, response)


def _must_be_well(call: Call, response: httpx.Response) -> None:
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        trouble = refusal(response, call)
        assert isinstance(trouble, ServerError)
        raise trouble


def _named(shut: Shut) -> str:
    return {
        Shut.UNAUTHORIZED: "401",
        Shut.TOKEN_REQUIRED: "403, a CSRF token is required",
        Shut.LOGIN_PAGE: "a login page in place of an answer",
        Shut.REDIRECT: "redirected",
        Shut.SOME_PAGE: "a web page in place of an answer",
    }[shut]


def _token(response: httpx.Response) -> Secret | None:
    text = response.headers.get(CSRF, "").strip()
    return Secret(text) if is_token(text) and text.lower() not in WORDS else None


def _cookies(response: httpx.Response) -> tuple[tuple[str, Secret], ...]:
    return tuple((cookie.name, Secret(cookie.value)) for cookie in response.cookies.jar if cookie.value)
