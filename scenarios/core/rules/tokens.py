"""Rules about tokens that expire, refresh tokens that work once, and vendors who refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.scenarios.core.evidence import Evidence, Exchange

AT_ONCE = 5.0
"""World seconds within which two requests count as made side by side, not one after the other."""
MOST_TRIES = 3
"""How often a program may ask again with what was refused: several threads may hold the same token."""

_LIVED = 0.5
"""The part of its life that a token must have lived before a new one is due."""


def grants(evidence: Evidence) -> Iterator[Exchange]:
    """What was asked of token endpoints that give refresh tokens."""
    return (one for one in evidence.exchanges if one.operation == "token" and "grant_type" in one.detail)


def is_refresh(exchange: Exchange) -> bool:
    """Whether it spends a refresh token."""
    return exchange.detail.get("grant_type") == "refresh_token"


def issued(exchange: Exchange, kind: str = "access_token") -> str | None:
    """The fingerprint of the token that the vendor gave, whether or not it arrived."""
    given: Any = exchange.detail.get("issued") or {}
    return given.get(kind) if exchange.cause == "ok" else None


def presented(exchange: Exchange) -> str:
    """The fingerprint of the token by which a request was made, if by one."""
    return exchange.credential.removeprefix("Bearer ") if exchange.credential.startswith("Bearer #") else ""


@rule(
    "renewed-once-per-expiry",
    remedy="Keep the token and the time at which it expires; ask for another when that comes near, or after a 401, and not before.",
)
def renewed_once_per_expiry(evidence: Evidence, _: NoSettings) -> Ruling:
    """A token is renewed once, when it is about to expire or was refused.

    Whoever logs in before every call, or refreshes at every turn, doubles their traffic, runs into the vendor's limits, and
    with refresh tokens that work once has as many chances to lose the session as it makes requests.
    """
    ruling = Ruling()
    held: dict[tuple[str, str], Exchange] = {}
    refused: set[str] = set()
    excused: set[tuple[str, str]] = set()
    spent: set[str] = set()
    for one in evidence.exchanges:
        if one.status == 401 and presented(one):
            refused.add(presented(one))
        if one.operation != "token" or "grant_type" not in one.detail:
            continue
        who = (one.vendor, one.principal)
        before = held.get(who)
        again = is_refresh(one) and one.detail.get("refresh_token") in spent
        if before is not None and not again and not one.failed:
            ruling.met += 1
            token = issued(before)
            life = float(before.detail.get("expires_in") or 0)
            age = one.seconds_after(before)
            if life and age < life * _LIVED and token not in refused and who not in excused:
                text = f"a new token was asked for after {age:.0f} s, though the one before is good for {life:.0f} s"
                ruling.breach(text, before, one)
        excused.discard(who)
        if is_refresh(one):
            spent.add(str(one.detail.get("refresh_token")))
        if one.cause != "ok" or evidence.unheard(one):
            excused.add(who)  # a login after that is what a good client does
        else:
            held[who] = one
    return ruling
