"""The OAuth 2 flow: which token a request carries, and how it is renewed exactly once.

The vendors rotate refresh tokens: using one spends it, kills the access token at once, and gives a new pair. So

- renewing happens under the store's lock; whoever waited for the lock reads the store again and takes the newer pair;
- the new pair is saved before it is used, and a pair that could not be saved is saved first thing next time;
- a renewal is never left half done because its caller was cancelled;
- when the answer to a refresh is lost, the token may be spent or not: it is tried once more;
- a refused login is refused for all who waited for it;
- `invalid_grant` (400 from current servers, 401 from older ones) means: log in again;
- a request answered 401 is renewed for once, and then believed.
"""

from __future__ import annotations

import time
from copy import copy
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from .errors import LoginRefused, LoginRequired, ServerError, TokenRefused
from .reading import Node, decode, refusal, unexpected
from .secret import Credential, Secret
from .steps import Acquire, Call, Steps, Unbroken
from .tokens import TokenKey, TokenPair, TokenStore, is_token

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from .exchange import Exchange

REFRESH_ATTEMPTS = 2
"""Sends of one refresh token; a third would tell no more."""


@dataclass(frozen=True, slots=True)
class Application:
    """The client as the vendor knows it, and the user it acts for.

    Attributes:
        client_id: As registered.
        client_secret: None for a public application.
        username: None to act as the application itself (grant `client_credentials`).
        password: None if only stored tokens may be used.
        scope: What to ask for; "" for the vendor's default.
    """

    client_id: str
    client_secret: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    scope: str = ""

    def login_form(self) -> dict[str, str] | None:
        """Return the form that logs in, or None if there is nothing to log in with."""
        if self.username is not None and self.password is not None:
            form = {"grant_type": "password", "username": self.username, "password": self.password.reveal()}
        elif self.username is None and self.client_secret is not None:
            form = {"grant_type": "client_credentials"}
        else:
            return None
        return form | self._identity() | ({"scope": self.scope} if self.scope else {})

    def refresh_form(self, token: Secret) -> dict[str, str]:
        """Return the form that spends a refresh token."""
        return {"grant_type": "refresh_token", "refresh_token": token.reveal()} | self._identity()

    def _identity(self) -> dict[str, str]:
        secret = {} if self.client_secret is None else {"client_secret": self.client_secret.reveal()}
        return {"client_id": self.client_id} | secret


class OAuth:
    """The token life of one application and user at one vendor.

    Args:
        application: Who asks.
        base_url: Where; part of the key in the store.
        token_path: The token endpoint below the base URL, with its slash.
        store: Where the pair is kept.
        exchange: Sends the calls.
        clock: Unix seconds.
        margin: Seconds before expiry at which a token is renewed (at most a tenth of its life).
        lock_timeout: Seconds to wait for somebody else's renewal.
    """

    def __init__(
        self,
        application: Application,
        *,
        base_url: str,
        token_path: str,
        store: TokenStore,
        exchange: Exchange,
        clock: Callable[[], float] = time.time,
        margin: float = 60.0,
        lock_timeout: float = 300.0,
    ) -> None:
        self._application = application
        self._key = TokenKey(base_url, application.client_id, application.username or "", application.scope)
        self._token_path = token_path
        self._store = store
        self._exchange = exchange
        self._clock = clock
        self._margin = margin
        self._lock_timeout = lock_timeout
        self._pair: TokenPair | None = None
        self._unsaved: TokenPair | None = None
        self._refusal: LoginRefused | None = None

    def authorised(self, call: Call) -> Steps[httpx.Response]:
        """Send a call with a good access token, renewing it when it is due or refused.

        Returns:
            The answer; never 401.

        Raises:
            LoginRequired: No usable token, and no way to get one.
            TokenRefused: A token just renewed was refused.
            NetworkError, StoreError, Throttled, ResponseError: As their docstrings say.
        """
        pair = yield from self._usable()
        is_new = False
        for last in (False, False, True):  # as found, then perhaps another worker's newer pair, then one made for this
            response = yield from self._exchange.send(replace(call, credential=Credential("Bearer", pair.access)))
            if response.status_code != HTTPStatus.UNAUTHORIZED:
                return response
            if is_new or last:
                break
            pair, is_new = yield Unbroken(self._renewed(pair))
        raise TokenRefused("401, also with a renewed token", method=call.method, path=call.path)

    def _usable(self) -> Steps[TokenPair]:
        if self._pair is None:
            self._pair = self._store.load(self._key)
        pair = self._pair  # read once: other threads change it
        if pair is None or self._unsaved is not None or not pair.is_fresh(self._clock(), self._margin):
            pair, _ = yield Unbroken(self._renewed(None))
        return pair

    def _renewed(self, refused: TokenPair | None) -> Steps[tuple[TokenPair, bool]]:
        """Return a pair other than the refused one, and whether it was made here and now."""
        lock, known = self._store.lock(), self._refusal
        yield Acquire(lock, self._lock_timeout)
        try:
            if self._unsaved is not None:
                self._keep(self._unsaved)
            stored = self._store.load(self._key)
            if stored is not None and _is_other(stored, refused) and stored.is_fresh(self._clock(), self._margin):
                self._pair = stored
                return stored, False
            if self._refusal is not None and self._refusal is not known:
                raise copy(self._refusal)  # of a login made while this one waited: asking again would tell no more
            made = yield from self._make(stored)
            self._keep(made)
            return made, True
        finally:
            lock.release()

    def _keep(self, pair: TokenPair) -> None:
        self._unsaved = pair  # its refresh token is the only live one: if saving fails, it must not be lost
        self._store.save(self._key, pair)
        self._pair, self._unsaved = pair, None

    def _make(self, stored: TokenPair | None) -> Steps[TokenPair]:
        if stored is not None and stored.refresh is not None:
            form = self._application.refresh_form(stored.refresh)
            made = yield from self._ask(form, stored.refresh, attempts=REFRESH_ATTEMPTS)
            if isinstance(made, TokenPair):
                return made
            if made.error != "invalid_grant":
                raise self._refused(made)
            self._pair = None
            self._store.delete(self._key)
        login = self._application.login_form()
        if login is None:
            raise LoginRequired(
                "no usable token is stored and no password is known: log in again",
                method="POST",
                path=self._token_path,
            )
        made = yield from self._ask(login, None)
        if isinstance(made, TokenPair):
            return made
        raise self._refused(made)

    def _refused(self, refusal: LoginRefused) -> LoginRefused:
        self._refusal = refusal
        return refusal

    def _ask(
        self, form: dict[str, str], refresh: Secret | None, *, attempts: int | None = None
    ) -> Steps[TokenPair | LoginRefused]:
        call = Call("POST", self._token_path, form=form)
        asked_at = self._clock()
        response = yield from self._exchange.send(call, paced=False, attempts=attempts)
        if response.status_code == HTTPStatus.OK:
            return _pair(decode(response, call), asked_at, refresh)
        return _refusal(response, call)


def _is_other(stored: TokenPair, refused: TokenPair | None) -> bool:
    return refused is None or stored.access != refused.access


def _pair(body: Node, asked_at: float, refresh: Secret | None) -> TokenPair:
    """Read a token response; the old refresh token stays if no new one came (RFC 6749, section 6)."""
    kind = body.member("token_type")
    if kind.text().lower() != "bearer":
        raise kind.unexpected("expected Bearer")
    lifetime, renewal, scope = body.maybe("expires_in"), body.maybe("refresh_token"), body.maybe("scope")
    access = body.member("access_token")
    if not is_token(access.text()) or not (renewal is None or is_token(renewal.text())):
        raise body.unexpected("access_token, refresh_token: not made of printable ASCII")
    seconds = None if lifetime is None else float(lifetime.integer(minimum=1))
    return TokenPair(
        access=Secret(access.text()),
        refresh=refresh if renewal is None else Secret(renewal.text()),
        scope="" if scope is None else scope.text(),
        expires_at=None if seconds is None else asked_at + seconds,
        lifetime=seconds,
    )


def _refusal(response: httpx.Response, call: Call) -> LoginRefused:
    """Read an OAuth error; only 400 and 401 are the protocol's.

    A 403 or 404 from here must not look like one of the thing that was asked for, so neither keeps its class.
    """
    if response.status_code not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
        trouble = refusal(response, call)
        raise (
            trouble if isinstance(trouble, ServerError) else unexpected(response, call, "no token, and no OAuth error")
        )
    body = decode(response, call)
    error = body.member("error").text()
    said = body.maybe("error_description")
    message = f"{response.status_code} {error}" + ("" if said is None else f": {said.text()}")
    return LoginRefused(message, error=error, method=call.method, path=call.path)
