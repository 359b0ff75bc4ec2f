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
"""How often what was refused may be shown again at once: several threads may hold the same token."""

LIVED = 0.5
"""The part of its life that a token must have lived before a new one is due."""


def grants(evidence: Evidence) -> Iterator[Exchange]:
    """What was asked of token endpoints that give refresh tokens."""
    return (one for one in evidence.exchanges if one.operation == "token" and "grant_type" in one.detail)


def is_refresh(exchange: Exchange) -> bool:
    """Whether it spends a refresh token."""
    return exchange.detail.get("grant_type") == "refresh_token"


def spends(exchange: Exchange) -> str:
    """The fingerprint of the refresh token that it shows."""
    return str(exchange.detail.get("refresh_token", ""))


def is_made(exchange: Exchange) -> bool:
    """Whether the vendor made a token, whether or not it arrived."""
    return exchange.cause == "ok" and "issued" in exchange.detail


def issued(exchange: Exchange) -> str | None:
    """The fingerprint of the access token that the vendor gave."""
    given: Any = exchange.detail.get("issued") or {}
    text: str | None = given.get("access_token")
    return text


def shown(exchange: Exchange) -> str:
    """The fingerprint of the access token by which a request was made, if by one."""
    scheme, _, text = exchange.credential.rpartition(" ")
    return text if text.startswith("#") and scheme in ("", "Bearer", "Token") else ""


def is_refused(exchange: Exchange) -> bool:
    """Whether the vendor would not take the refresh token, and the program was told."""
    return is_refresh(exchange) and exchange.cause == "invalid_grant" and not exchange.failed


@rule(
    "renewed-once-per-expiry",
    remedy="Keep the token with the time at which it expires; ask for another when that is near, or after a 401.",
)
def renewed_once_per_expiry(evidence: Evidence, _: NoSettings) -> Ruling:
    """A token is renewed once, when it is about to expire or was refused.

    Whoever logs in before every call, or refreshes at every turn, doubles the traffic, runs into the vendor's limits,
    and has as many chances to lose the session as it makes requests.
    """
    ruling = Ruling()
    held: dict[tuple[str, str], Exchange] = {}
    refused: set[str] = set()
    excused: set[tuple[str, str]] = set()
    spent: set[str] = set()
    for one in evidence.exchanges:
        if one.status == 401:
            refused.add(shown(one))
        if one.operation != "token" or "grant_type" not in one.detail:
            continue
        who = (one.vendor, one.principal)
        before = held.get(who)
        repeated = is_refresh(one) and spends(one) in spent  # a matter of the rules below
        if before is not None and not repeated:
            ruling.met += 1
            life = float(before.detail.get("expires_in") or 0)
            age = one.seconds_after(before)
            if age < life * LIVED and issued(before) not in refused and who not in excused:
                text = f"a token was asked for after {age:.0f} s, though the one before is good for {life:.0f} s"
                ruling.breach(text, before, one)
        if is_refresh(one):
            spent.add(spends(one))
        if is_made(one) and not evidence.unheard(one):
            held[who] = one
            excused.discard(who)
        else:
            excused.add(who)  # to ask again after that is what a good client does
    return ruling


@rule(
    "one-refresh-at-a-time",
    remedy="Refresh under a lock that all threads and processes of the account share; who waited takes the new pair.",
)
def one_refresh_at_a_time(evidence: Evidence, _: NoSettings) -> Ruling:
    """However many threads find the token expired, one of them refreshes it.

    A refresh token works once. The second refresh is refused, and at vendors who take it for theft all tokens of the
    account die, also those that the first one just got.
    """
    ruling = Ruling()
    first: dict[str, Exchange] = {}
    for one in grants(evidence):
        if not is_refresh(one):
            continue
        before = first.get(spends(one))
        if before is None or evidence.unheard(before):
            ruling.met += before is None
            first[spends(one)] = one
        elif not before.failed and one.seconds_after(before) <= AT_ONCE:
            ruling.breach("the same refresh token was spent twice at once", before, one)
    return ruling


@rule(
    "no-spent-refresh-token",
    remedy="When a refresh succeeds, put the new pair in the old one's place, also on the disk, before using it.",
)
def no_spent_refresh_token(evidence: Evidence, _: NoSettings) -> Ruling:
    """A refresh token whose successor arrived is never shown again.

    It is refused, and vendors with reuse detection end the whole family of tokens: the program, and every other that
    shares its login, is out until a person logs in.
    """
    ruling = Ruling()
    rotated: dict[str, Exchange] = {}
    for one in grants(evidence):
        if not is_refresh(one):
            continue
        before = rotated.get(spends(one))
        if before is not None and one.seconds_after(before) > AT_ONCE:
            ruling.breach(f"spent {one.seconds_after(before):.0f} s ago, and shown again", before, one)
        if is_made(one) and not evidence.unheard(one) and "refresh_token" in one.detail["issued"]:
            ruling.met += 1
            rotated.setdefault(spends(one), one)
    return ruling


@rule(
    "survived-lost-refresh",
    remedy="When a refresh ends without an answer, try it once more, and log in anew if the vendor refuses.",
)
def survived_lost_refresh(evidence: Evidence, _: NoSettings) -> Ruling:
    """When the vendor made a new pair and the answer was lost, the program gets in again.

    The old refresh token is spent, the new one nobody has. Whoever knows nothing but to refresh is locked out for good,
    and often enough asks so every minute for the rest of its days.
    """
    ruling = Ruling()
    for one in grants(evidence):
        if not (is_refresh(one) and is_made(one) and evidence.unheard(one)):
            continue
        ruling.met += 1
        later = [other for other in evidence.exchanges if other.seq > one.seq and other.vendor == one.vendor]
        again = [other for other in later if is_refresh(other) and spends(other) == spends(one)]
        if len(again) > MOST_TRIES:
            ruling.breach(f"the same refresh token was shown {len(again)} more times", one, *again[:3])
        elif not any(other.operation != "token" and shown(other) and other.is_ok for other in later):
            ruling.breach("the new pair was lost on its way, and no call succeeded any more", one, *later[:3])
    return ruling


@rule(
    "logged-in-again",
    remedy="Take `invalid_grant` for what it is: drop both tokens, and log in with the credentials, once.",
)
def logged_in_again(evidence: Evidence, _: NoSettings) -> Ruling:
    """When the vendor refuses a refresh token, the program logs in anew.

    Refresh tokens end before their time: somebody revoked them, the vendor cleaned up. Without another way in, the
    program stands until a person sees it.
    """
    ruling = Ruling()
    judged: set[str] = set()
    for one in grants(evidence):
        if not is_refused(one) or spends(one) in judged:
            continue
        judged.add(spends(one))
        ruling.met += 1
        later = [other for other in evidence.exchanges if other.seq > one.seq and other.vendor == one.vendor]
        again = [other for other in later if is_refresh(other) and spends(other) == spends(one)]
        late = [other for other in again if other.seconds_after(one) > AT_ONCE]
        if late or len(again) > MOST_TRIES:
            ruling.breach("a refresh token that the vendor had refused was shown again", one, *(late or again)[:3])
        elif not any(other.operation != "token" and shown(other) and other.is_ok for other in later):
            ruling.breach("no call succeeded after the vendor refused the refresh token", one, *later[:3])
    return ruling


@rule(
    "dropped-refused-token",
    remedy="After a 401, renew the token once and repeat the call with the new one; a second 401 is an error.",
)
def dropped_refused_token(evidence: Evidence, _: NoSettings) -> Ruling:
    """An access token that was answered 401 is not shown again.

    A dead token does not come back to life. A loop that goes on with it asks in vain for hours, counts against the
    limits, and looks like an attack.
    """
    ruling = Ruling()
    refused: dict[tuple[str, str], Exchange] = {}
    again: dict[tuple[str, str], list[Exchange]] = {}
    for one in evidence.exchanges:
        key = (one.vendor, shown(one))
        before = refused.get(key)
        if before is not None:
            again.setdefault(key, []).append(one)
        elif one.status == 401 and shown(one) and not evidence.unheard(one):
            ruling.met += 1
            refused[key] = one
    for key, shows in again.items():
        before = refused[key]
        late = [one for one in shows if one.seconds_after(before) > AT_ONCE]
        if late or len(shows) > MOST_TRIES:
            ruling.breach(f"the refused token was shown {len(shows)} more times", before, *(late or shows)[:3])
    return ruling
