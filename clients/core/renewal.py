"""Which token a request carries, and how it is renewed exactly once, however tokens are made.

- Renewing happens under the store's lock; whoever waited for the lock reads the store again and takes the newer token.
- A new token is saved before it is used, and one that could not be saved is saved first thing next time.
- A renewal is never left half done because its caller was cancelled.
- A refused login is refused for all who waited for it.
- A request answered 401 is renewed for once, and then believed.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from .errors import LoginRefused, TokenRefused
from .steps import Acquire, Call, Steps, Unbroken

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from .exchange import Exchange
    from .secret import Credential, Secret
    from .tokens import TokenKey, TokenPair, TokenStore


class Authority(Protocol):
    """Lends a call the right to be made."""

    def authorised(self, call: Call) -> Steps[httpx.Response]:
        """Send a call with a credential; the answer is never 401."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """What an authority works with.

    Attributes:
        base_url: Where the vendor is; part of the key in the store.
        token_path: The token endpoint below the base URL, with its slash if it has one.
        exchange: Sends the calls.
        store: Where tokens are kept.
        clock: Unix seconds.
        margin: Seconds before expiry at which a token is renewed (at most a tenth of its life).
        lock_timeout: Seconds to wait for somebody else's renewal.
    """

    base_url: str
    token_path: str
    exchange: Exchange
    store: TokenStore
    clock: Callable[[], float]
    margin: float
    lock_timeout: float


class Identity(Protocol):
    """Who asks: an application, a user, or the holder of a key."""

    @property
    def name(self) -> str:
        """For people, and without a secret."""
        ...

    def authority(self, line: Line) -> Authority:
        """Return what lends this one's calls the right to be made."""
        ...


class TokenSource(Protocol):
    """How tokens of one kind are made."""

    @property
    def key(self) -> TokenKey:
        """Whose tokens these are."""
        ...

    def credential(self, access: Secret) -> Credential:
        """Return how a request shows an access token."""
        ...

    def refresh(self, token: Secret) -> Steps[TokenPair | None]:
        """Spend a refresh token.

        Returns:
            The new pair; None if the vendor does not take the token any more.

        Raises:
            LoginRefused: The vendor refuses the application itself.
        """
        ...

    def login(self) -> Steps[TokenPair]:
        """Make a token from nothing but the credentials.

        Raises:
            LoginRequired: There is nothing to log in with.
            LoginRefused: The vendor refuses.
        """
        ...


class Renewal:
    """The token life of one user at one vendor."""

    def __init__(self, source: TokenSource, line: Line) -> None:
        self._source = source
        self._key = source.key
        self._line = line
        self._store = line.store
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
        pair = yield from self.usable()
        is_new = False
        for last in (False, False, True):  # as found, then perhaps another worker's newer pair, then one made for this
            credential = self._source.credential(pair.access)
            response = yield from self._line.exchange.send(replace(call, credential=credential))
            if response.status_code != HTTPStatus.UNAUTHORIZED:
                return response
            if is_new or last:
                break
            pair, is_new = yield Unbroken(self._renewed(pair))
        raise TokenRefused("401, also with a renewed token", method=call.method, path=call.path)

    def usable(self) -> Steps[TokenPair]:
        """Return a pair that is not known to be due, making one if need be.

        Raises:
            LoginRequired, NetworkError, StoreError, Throttled, ResponseError: As for `authorised`.
        """
        if self._pair is None:
            self._pair = self._store.load(self._key)
        pair = self._pair  # read once: other threads change it
        if pair is None or self._unsaved is not None or not self._is_fresh(pair):
            pair, _ = yield Unbroken(self._renewed(None))
        return pair

    def another(self) -> Steps[TokenPair]:
        """Return a pair that this one has not used yet: what it has at hand is refused, or not fresh enough.

        Raises:
            LoginRequired, NetworkError, StoreError, Throttled, ResponseError: As for `authorised`.
        """
        if self._pair is None:
            return (yield from self.usable())
        pair: TokenPair
        pair, _ = yield Unbroken(self._renewed(self._pair))
        return pair

    def _renewed(self, refused: TokenPair | None) -> Steps[tuple[TokenPair, bool]]:
        """Return a pair other than the refused one, and whether it was made here and now."""
        lock, known = self._store.lock(), self._refusal
        yield Acquire(lock, self._line.lock_timeout)
        try:
            if self._unsaved is not None:
                self._keep(self._unsaved)
            stored = self._store.load(self._key)
            if stored is not None and _is_other(stored, refused) and self._is_fresh(stored):
                self._pair = stored
                return stored, False
            if self._refusal is not None and self._refusal is not known:
                raise copy(self._refusal)  # of a login made while this one waited: asking again would tell no more
            try:
                made = yield from self._make(stored)
            except LoginRefused as refusal:
                self._refusal = refusal
                raise
            self._keep(made)
            return made, True
        finally:
            lock.release()

    def _make(self, stored: TokenPair | None) -> Steps[TokenPair]:
        if stored is not None and stored.refresh is not None:
            made = yield from self._source.refresh(stored.refresh)
            if made is not None:
                return made
            self._pair = None
            self._store.delete(self._key)
        return (yield from self._source.login())

    def _keep(self, pair: TokenPair) -> None:
        self._unsaved = pair  # its refresh token is the only live one: if saving fails, it must not be lost
        self._store.save(self._key, pair)
        self._pair, self._unsaved = pair, None

    def _is_fresh(self, pair: TokenPair) -> bool:
        return pair.is_fresh(self._line.clock(), self._line.margin)


def _is_other(stored: TokenPair, refused: TokenPair | None) -> bool:
    return refused is None or stored.access != refused.access
