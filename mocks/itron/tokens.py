"""The tokens that Itron issues: JWTs, any number of them valid at once, on the world's clock.

A token must be one that was issued here and is live, and what it allows is read from its own, signed claims. PyJWT is
not asked about times, for it would look at the wall.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..core.clock import SECOND, iso
from ..core.ids import fingerprint
from . import policy, seed
from .errors import Unauthorized
from .models import TRANSITIONS, Grant, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..core.clock import Clock, Timer
    from ..core.ids import Ids
    from ..core.store import Store
    from .models import Tenant
    from .settings import Settings

MOST_TOKENS = 20_000
"""Tokens that are remembered; beyond it the oldest are forgotten, as if they had never been issued."""

EXPIRED = "itron.access-token-expired"
"""The name of the timer that each live token has."""

ISSUER, SCOPE, ALGORITHM = "/data", "api", "HS256"
"""Public: issuer and scope. The algorithm is inferred."""

_COLUMNS = "serial, text, tenant, client, due, state"
_UNTIMED: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}


@dataclass(slots=True)
class Token:
    """One token as it is remembered.

    Attributes:
        serial: its number, never reused within a world.
        token: the secret itself.
        user: the tenant that it acts for.
        client_id: the application.
        due: when it expires, in microseconds.
        state: where it stands in its life.
    """

    serial: int
    token: str
    user: str
    client_id: str
    due: int
    state: State
    kind: str = "access"

    def as_json(self) -> dict[str, Any]:
        """The token as the control API lists it: named by its fingerprint."""
        return {
            "id": fingerprint(self.token),
            "kind": self.kind,
            "user": self.user,
            "client": self.client_id,
            "scope": SCOPE,
            "expires": iso(self.due),
            "state": self.state.value,
        }


class TokenStore:
    """Every token of one world's Itron.

    Args:
        store: where they are kept; the tables are there.
        clock: expiry follows it.
        ids: where ids are drawn, and whose seed the signing key comes from.
        settings: lifetime and policy.
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._timers: dict[int, Timer] = {}
        self._resources = lru_cache(maxsize=1_024)(self._read_resources)
        clock.on(EXPIRED, self._on_timer)

    # --- for clients -----------------------------------------------------------------------------------------------

    def issue(self, tenant: Tenant) -> str:
        """A new token for a tenant's application; those before it stay what they are."""
        import jwt  # noqa: PLC0415  it takes longer to load than a world takes to be made

        now = self._clock.micros() // SECOND
        due = now + self._settings.token_lifetime
        claims = {
            "iss": ISSUER,
            "sub": tenant.id,
            "scope": SCOPE,
            "accessPolicy": policy.statements(self._settings.policy),
            "jti": self._ids.uuid("itron/tokens"),
            "iat": now,
            "exp": due,
        }
        text = jwt.encode(claims, self._key(), algorithm=ALGORITHM)
        row = (_digest(text), text, tenant.id, tenant.client_id, due * SECOND, State.LIVE.value)
        added = self._store.connection.execute(
            "INSERT INTO itron_tokens (digest, text, tenant, client, due, state) VALUES (?, ?, ?, ?, ?, ?)", row
        )
        assert added.lastrowid is not None
        self._set_timer(added.lastrowid, text, tenant.id, due * SECOND)
        self._forget(added.lastrowid - MOST_TOKENS)
        return text

    def grant(self, text: str) -> Grant:
        """Who shows a token, and what he may do.

        Raises:
            Unauthorized: it is none of ours, has expired, or was revoked; the cause tells which.
        """
        token = self.find(text)
        resources = None if token is None else self._resources(text)
        if token is None or resources is None:
            raise Unauthorized(cause="unknown-token")
        if token.state is not State.LIVE:
            raise Unauthorized(cause=f"{token.state.value}-token")
        return Grant(token.user, token.client_id, resources)

    # --- for the control API ---------------------------------------------------------------------------------------

    def all(self) -> Iterator[Token]:
        """Every token, oldest first."""
        rows = self._store.connection.execute(f"SELECT {_COLUMNS} FROM itron_tokens ORDER BY serial")  # noqa: S608
        return map(self._token, rows.fetchall())

    def newest(self, count: int) -> list[Token]:
        """The newest few, newest first."""
        query = f"SELECT {_COLUMNS} FROM itron_tokens ORDER BY serial DESC LIMIT ?"  # noqa: S608
        return [self._token(row) for row in self._store.connection.execute(query, (count,)).fetchall()]

    def find(self, text: str) -> Token | None:
        """The token with this text, whatever its state."""
        query = f"SELECT {_COLUMNS} FROM itron_tokens WHERE digest = ?"  # noqa: S608
        row = self._store.connection.execute(query, (_digest(text),)).fetchone()
        return None if row is None else self._token(row)

    def revoke(self, token: Token) -> bool:
        """A token ends before its time; False when it had ended so already."""
        if token.state is State.REVOKED:
            return False
        self._end(token, State.REVOKED)
        return True

    def expire(self, token: Token) -> bool:
        """A token expires now; False when it is not live."""
        if token.state is not State.LIVE:
            return False
        token.due = self._clock.micros()
        self._end(token, State.EXPIRED)
        return True

    # --- for the world ---------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """The seed may be another, and the table is empty."""
        self._resources.cache_clear()
        self.resume()

    def resume(self) -> None:
        """Let every live token have its timer, and no other: table and clock were set to what they are from outside."""
        waiting = {int(timer.detail["serial"]): timer for timer in self._clock.waiting(EXPIRED)}
        live = {token.serial: token for token in self.all() if token.state is State.LIVE}
        for serial, timer in waiting.items():
            if serial not in live:
                self._clock.cancel(timer)
        self._timers = {serial: timer for serial, timer in waiting.items() if serial in live}
        for serial, token in live.items():
            if serial not in self._timers:
                self._set_timer(serial, token.token, token.user, token.due)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _key(self) -> bytes:
        return seed.secret(self._ids.seed, "signing-key")

    def _read_resources(self, text: str) -> tuple[str, ...] | None:
        """What a token's policy allows; None when it is not signed by us."""
        import jwt  # noqa: PLC0415

        try:
            claims: Mapping[str, Any] = jwt.decode(text, self._key(), algorithms=[ALGORITHM], options=_UNTIMED)
        except (jwt.PyJWTError, ValueError):
            return None
        return policy.allowed(claims["accessPolicy"])

    def _token(self, row: tuple[Any, ...]) -> Token:
        serial, text, tenant, client, due, state = row
        token = Token(serial, text, tenant, client, due, State(state))
        if token.state is State.LIVE and due <= self._clock.micros():
            self._end(token, State.EXPIRED)  # its timer is due, but nobody has looked yet
        return token

    def _end(self, token: Token, state: State) -> None:
        assert state in TRANSITIONS[token.state], f"token: {token.state} to {state}"
        token.state = state
        self._store.connection.execute(
            "UPDATE itron_tokens SET state = ?, due = ? WHERE serial = ?", (state.value, token.due, token.serial)
        )
        self._unset_timer(token.serial)

    def _forget(self, last: int) -> None:
        self._store.connection.execute("DELETE FROM itron_tokens WHERE serial <= ?", (last,))
        self._unset_timer(last)

    def _set_timer(self, serial: int, text: str, tenant: str, due: int) -> None:
        detail = {"token": fingerprint(text), "user": tenant, "serial": serial}
        self._timers[serial] = self._clock.call_at(due, EXPIRED, detail)

    def _unset_timer(self, serial: int) -> None:
        timer = self._timers.pop(serial, None)
        if timer is not None:
            self._clock.cancel(timer)

    def _on_timer(self, detail: Mapping[str, Any]) -> None:
        self._timers.pop(detail["serial"], None)
        self._store.connection.execute(
            "UPDATE itron_tokens SET state = ? WHERE serial = ? AND state = ?",
            (State.EXPIRED.value, detail["serial"], State.LIVE.value),
        )


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
