"""Tokens, and where they are kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .secret import Secret
    from .steps import Lock


def is_token(text: str) -> bool:
    """Tell whether a text can be a token at all: printable ASCII, so that it fits into a header."""
    return text != "" and text.isascii() and text.isprintable()


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Whose tokens: a pair is never used for another vendor, application, user or scope."""

    base_url: str
    client_id: str
    username: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token and what renews it.

    Attributes:
        access: The access token.
        refresh: The refresh token; None where the grant gives none.
        scope: The scope granted, as the vendor wrote it.
        expires_at: Unix seconds on the client's clock; None if the vendor did not say.
        lifetime: Seconds from issue to expiry; None likewise.
    """

    access: Secret
    refresh: Secret | None = None
    scope: str = ""
    expires_at: float | None = None
    lifetime: float | None = None

    def is_fresh(self, now: float, margin: float) -> bool:
        """Tell whether the access token still has more than the margin, or a tenth of its life, to go."""
        if self.expires_at is None:
            return True
        if self.lifetime is not None:
            margin = min(margin, self.lifetime / 10)
        return now < self.expires_at - margin


class TokenStore(Protocol):
    """Keeps the tokens of several keys. `save` and `delete` are called by whoever holds the lock."""

    def lock(self) -> Lock:
        """Return a new handle on the lock that all users of this store share."""
        ...

    def load(self, key: TokenKey) -> TokenPair | None:
        """Return the pair kept for the key."""
        ...

    def save(self, key: TokenKey, pair: TokenPair) -> None:
        """Keep the pair; when this returns, it will be found again."""
        ...

    def delete(self, key: TokenKey) -> None:
        """Forget the pair, if there is one."""
        ...


class _ThreadLock:
    """One `threading.Lock` behind the `Lock` protocol."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock

    def try_acquire(self) -> bool:
        return self._lock.acquire(blocking=False)

    def release(self) -> None:
        self._lock.release()


class MemoryTokenStore:
    """A `TokenStore` that lives and dies with the process."""

    def __init__(self) -> None:
        self._pairs: dict[TokenKey, TokenPair] = {}
        self._lock = threading.Lock()

    def lock(self) -> Lock:
        """Return a handle on the store's one lock."""
        return _ThreadLock(self._lock)

    def load(self, key: TokenKey) -> TokenPair | None:
        """Return the pair kept for the key."""
        return self._pairs.get(key)

    def save(self, key: TokenKey, pair: TokenPair) -> None:
        """Keep the pair."""
        self._pairs[key] = pair

    def delete(self, key: TokenKey) -> None:
        """Forget the pair, if there is one."""
        self._pairs.pop(key, None)
