"""Access and refresh tokens: issued, spent, expired, revoked. Pure state over the world's clock.

::

    access:   LIVE ──time──> EXPIRED        LIVE, EXPIRED ──refresh, revoke──> REVOKED
    refresh:  LIVE ──refresh──> SPENT       LIVE, SPENT ──revoke, reuse──> REVOKED
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

from ..clock import SECOND, iso
from ..ids import fingerprint
from .drf import Principal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..clock import Clock, Timer
    from ..ids import Ids

MOST_TOKENS = 50_000
"""Tokens of each kind that are remembered; beyond it the oldest are forgotten, as if they had never been issued."""

TOKEN_LENGTH = 30


class State(Enum):
    """Where a token stands in its life."""

    LIVE = "live"
    EXPIRED = "expired"
    SPENT = "spent"
    REVOKED = "revoked"


TRANSITIONS: dict[str, dict[State, frozenset[State]]] = {
    "access": {
        State.LIVE: frozenset({State.EXPIRED, State.REVOKED}),
        State.EXPIRED: frozenset({State.REVOKED}),
        State.REVOKED: frozenset(),
    },
    "refresh": {
        State.LIVE: frozenset({State.SPENT, State.REVOKED}),
        State.SPENT: frozenset({State.REVOKED}),
        State.REVOKED: frozenset(),
    },
}
"""What may follow what, by kind of token."""


@dataclass(slots=True)
class Token:
    """One token.

    Attributes:
        kind: access or refresh.
        token: the secret itself.
        user: for whom it acts; None for nobody.
        client_id: to which application it was issued.
        scope: what it allows, in the order asked.
        serial: its number, never reused within a world.
        family: shared by all tokens that descend from one login.
        due: when an access token expires, in microseconds; None for never.
        partner: of an access token the refresh token issued with it, and the other way round; empty for none.
        state: where it stands.
        changed: when it came to that, in microseconds.
    """

    kind: Literal["access", "refresh"]
    token: str
    user: str | None
    client_id: str
    scope: tuple[str, ...]
    serial: int
    family: int
    due: int | None
    partner: str
    state: State = State.LIVE
    changed: int = 0
    principal: Principal = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.principal = Principal(
            self.user, self.user or self.client_id, f"Bearer {fingerprint(self.token)}", frozenset(self.scope)
        )

    def move(self, state: State, now: int) -> None:
        """Go on to another state; a step that the table lacks is a mistake of ours."""
        assert state in TRANSITIONS[self.kind][self.state], f"{self.kind} token: {self.state} to {state}"
        self.state = state
        self.changed = now

    def as_json(self) -> dict[str, Any]:
        """The token as the control API lists it: named by its fingerprint."""
        return {
            "id": fingerprint(self.token),
            "kind": self.kind,
            "user": self.user,
            "client": self.client_id,
            "scope": " ".join(self.scope),
            "expires": None if self.due is None else iso(self.due),
            "state": self.state.value,
        }


class TokenStore:
    """Every token of one vendor.

    Args:
        vendor: names the streams and timers that it uses.
        clock: expiry follows it; each live access token has a timer named ``<vendor>.access-token-expired``.
        ids: where tokens are drawn.
        lifetime: seconds an access token lives.
    """

    def __init__(self, vendor: str, clock: Clock, ids: Ids, lifetime: int) -> None:
        self._stream = f"{vendor}/tokens"
        self._expired = f"{vendor}.access-token-expired"
        self._clock = clock
        self._ids = ids
        self._lifetime = lifetime
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self._timers: dict[int, tuple[Timer, Token]] = {}
        self._serial = 0
        clock.on(self._expired, self._expire)

    def new_text(self) -> str:
        """A token's text that nobody has yet."""
        while (text := self._ids.text(self._stream, TOKEN_LENGTH)) in self:
            pass
        return text

    def access(self, token: str) -> Token | None:
        """The access token with this text, whatever its state."""
        found = self._access.get(token)
        if (
            found is not None
            and found.state is State.LIVE
            and found.due is not None
            and found.due <= self._clock.micros()
        ):
            self._end(found, State.EXPIRED)  # its timer is due, but nobody has looked yet
        return found

    def refresh(self, token: str) -> Token | None:
        """The refresh token with this text, whatever its state."""
        return self._refresh.get(token)

    def find(self, text: str) -> Token | None:
        """The token with this text, of either kind and whatever its state."""
        return self.access(text) or self.refresh(text)

    def issue(
        self,
        *,
        access: str,
        refresh: str | None,
        user: str | None,
        client_id: str,
        scope: Iterable[str],
        family: int | None = None,
    ) -> Token:
        """Remember a new access token and, if there is one, its refresh token.

        Args:
            access: the access token's text.
            refresh: the refresh token's; one that is known already goes on with the new access token.
            user: for whom they act.
            client_id: to which application they are issued.
            scope: what they allow, in the order asked.
            family: of the token that they replace; None for a new login.
        """
        now = self._clock.micros()
        due = now + self._lifetime * SECOND
        scopes = tuple(scope)
        serial = self._next_serial()
        family = serial if family is None else family
        token = Token("access", access, user, client_id, scopes, serial, family, due, refresh or "", changed=now)
        self._access[access] = token
        self._set_timer(token)
        if refresh is not None and (known := self._refresh.get(refresh)) is not None:
            known.partner = access
        elif refresh is not None:
            serial = self._next_serial()
            self._refresh[refresh] = Token(
                "refresh", refresh, user, client_id, scopes, serial, family, None, access, changed=now
            )
        self._bound()
        return token

    def spend(self, refresh: Token) -> None:
        """A refresh token is used up."""
        refresh.move(State.SPENT, self._clock.micros())

    def revoke(self, token: Token) -> bool:
        """A token ends before its time; False when it had ended so already."""
        if token.state is State.REVOKED:
            return False
        self._end(token, State.REVOKED)
        return True

    def revoke_family(self, family: int) -> None:
        """Every token that descends from one login ends."""
        for token in self.all():
            if token.family == family:
                self.revoke(token)

    def expire(self, token: Token) -> bool:
        """An access token expires now; False when it is not live or is a refresh token, which never expires."""
        if token.kind != "access" or token.state is not State.LIVE:
            return False
        token.due = self._clock.micros()
        self._end(token, State.EXPIRED)
        return True

    def __contains__(self, text: object) -> bool:
        return text in self._access or text in self._refresh

    def all(self) -> Iterator[Token]:
        """Every token, oldest first, access tokens before refresh tokens."""
        yield from self._access.values()
        yield from self._refresh.values()

    def clear(self) -> None:
        """Forget every token and its timer."""
        for timer, _ in self._timers.values():
            self._clock.cancel(timer)
        self._timers.clear()
        self._access.clear()
        self._refresh.clear()
        self._serial = 0

    def snapshot(self) -> dict[str, Any]:
        """Every token as JSON-like data."""
        return {"serial": self._serial, "tokens": [_row(token) for token in self.all()]}

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the tokens from ``snapshot``; their timers came back with the clock's own, or are set anew."""
        self._access.clear()
        self._refresh.clear()
        self._serial = document["serial"]
        known: dict[int, Token] = {}
        for row in document["tokens"]:
            token = Token(**row | {"state": State(row["state"]), "scope": tuple(row["scope"])})
            (self._access if token.kind == "access" else self._refresh)[token.token] = token
            known[token.serial] = token
        waiting = self._clock.waiting(self._expired)
        self._timers = {timer.detail["serial"]: (timer, known[timer.detail["serial"]]) for timer in waiting}
        for token in self._access.values():
            if token.state is State.LIVE and token.serial not in self._timers:
                self._set_timer(token)

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def _end(self, token: Token, state: State) -> None:
        token.move(state, self._clock.micros())
        self._unset(token)

    def _set_timer(self, token: Token) -> None:
        if token.due is not None:
            detail = {"token": fingerprint(token.token), "user": token.user, "serial": token.serial}
            self._timers[token.serial] = (self._clock.call_at(token.due, self._expired, detail), token)

    def _unset(self, token: Token) -> None:
        timer, _ = self._timers.pop(token.serial, (None, None))
        if timer is not None:
            self._clock.cancel(timer)

    def _expire(self, detail: Mapping[str, Any]) -> None:
        _, token = self._timers.pop(detail["serial"], (None, None))
        if token is not None:
            token.move(State.EXPIRED, self._clock.micros())

    def _bound(self) -> None:
        for tokens in (self._access, self._refresh):
            if len(tokens) > MOST_TOKENS:
                self._unset(tokens.pop(next(iter(tokens))))


def _row(token: Token) -> dict[str, Any]:
    names = ("kind", "token", "user", "client_id", "serial", "family", "due", "partner", "changed")
    row = {name: getattr(token, name) for name in names}
    return row | {"state": token.state.value, "scope": list(token.scope)}
