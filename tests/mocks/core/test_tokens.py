"""Tokens as state over the world's clock: what may follow what, and that time alone moves them on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mocks.support import START, HandSource

from vendorlab.mocks.core.clock import Clock
from vendorlab.mocks.core.django.tokens import TRANSITIONS, State, Token, TokenStore
from vendorlab.mocks.core.ids import Ids, fingerprint

LIFETIME = 100


def make_store() -> tuple[Clock, TokenStore]:
    clock = Clock(START, 0.0, HandSource())
    return clock, TokenStore("vendor", clock, Ids(7), LIFETIME)


def login(store: TokenStore) -> tuple[Token, Token]:
    access = store.issue(access=store.new_text(), refresh=store.new_text(), user="ada", client_id="app", scope=["read"])
    refresh = store.refresh(access.partner)
    assert refresh is not None
    return access, refresh


def test_tokens_of_a_login_know_each_other() -> None:
    _, store = make_store()
    access, refresh = login(store)
    assert (access.partner, refresh.partner) == (refresh.token, access.token)
    assert access.family == refresh.family
    assert store.access(access.token) is access
    assert store.access(refresh.token) is None
    assert access.token in store
    assert refresh.token in store
    assert "nothing" not in store


def test_an_access_token_expires_to_the_microsecond_by_its_timer() -> None:
    clock, store = make_store()
    access, refresh = login(store)
    clock.advance(LIFETIME - 1e-6)
    assert access.state is State.LIVE
    fired = clock.advance(1e-6)
    assert (access.state, refresh.state) == (State.EXPIRED, State.LIVE)
    assert [(one.name, one.detail) for one in fired] == [
        ("vendor.access-token-expired", {"token": fingerprint(access.token), "user": "ada", "serial": 1})
    ]


def test_an_access_token_whose_timer_nobody_looked_at_has_expired_all_the_same() -> None:
    source = HandSource()
    clock = Clock(START, 1.0, source)
    store = TokenStore("vendor", clock, Ids(7), LIFETIME)
    access, _ = login(store)
    source.seconds += LIFETIME
    assert access.as_json()["state"] == "live"
    assert store.access(access.token) is access
    assert access.as_json()["state"] == "expired"
    assert clock.timers == 0
    assert clock.run_due() == []


def test_expire_is_for_live_access_tokens() -> None:
    clock, store = make_store()
    access, refresh = login(store)
    assert store.expire(access)
    assert (access.state, clock.timers) == (State.EXPIRED, 0)
    assert not store.expire(access)
    assert not store.expire(refresh)


def test_revoke_ends_a_token_once() -> None:
    clock, store = make_store()
    access, refresh = login(store)
    assert store.revoke(access)
    assert not store.revoke(access)
    assert (access.state, refresh.state, clock.timers) == (State.REVOKED, State.LIVE, 0)


def test_revoke_family_reaches_every_descendant_and_nobody_else() -> None:
    _, store = make_store()
    first, _ = login(store)
    child = store.issue(access="a" * 30, refresh="b" * 30, user="ada", client_id="app", scope=[], family=first.family)
    stranger, _ = login(store)
    store.revoke_family(first.family)
    assert {token.state for token in store.all() if token.family == first.family} == {State.REVOKED}
    assert child.state is State.REVOKED
    assert stranger.state is State.LIVE


def test_clear_forgets_tokens_and_timers() -> None:
    clock, store = make_store()
    first, _ = login(store)
    store.clear()
    assert (list(store.all()), clock.timers) == ([], 0)
    again, _ = login(store)
    assert again.serial == first.serial


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_no_step_leaves_the_table(kind: Any) -> None:
    for before, allowed in TRANSITIONS[kind].items():
        for after in State:
            token = Token(kind, "x", None, "app", (), 1, 1, None, "", state=before)
            if after in allowed:
                token.move(after, 5)
                assert (token.state, token.changed) == (after, 5)
            else:
                with pytest.raises(AssertionError):
                    token.move(after, 5)
                assert token.state is before


def test_a_token_is_listed_without_its_text() -> None:
    _, store = make_store()
    access, refresh = login(store)
    shown = [token.as_json() for token in store.all()]
    assert [(one["kind"], one["id"], one["expires"], one["state"]) for one in shown] == [
        ("access", fingerprint(access.token), "2026-11-21T05:01:40.000000Z", "live"),
        ("refresh", fingerprint(refresh.token), None, "live"),
    ]
    assert access.token not in json.dumps(shown)


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["login", "advance", "expire", "revoke", "spend", "family", "snapshot"]),
            st.integers(0, 9),
        ),
        max_size=25,
    )
)
def test_whatever_happens_timers_are_those_of_live_tokens_and_a_snapshot_is_whole(
    steps: list[tuple[str, int]],
) -> None:
    clock, store = make_store()
    for step, number in steps:
        tokens = list(store.all())
        chosen = tokens[number % len(tokens)] if tokens else None
        match step:
            case "login":
                login(store)
            case "advance":
                clock.advance(number * 20)
            case "snapshot":
                saved_clock, saved = (json.loads(json.dumps(one.snapshot())) for one in (clock, store))
                other_clock = Clock(START, 0.0, HandSource())
                other = TokenStore("vendor", other_clock, Ids(7), LIFETIME)
                other_clock.restore(saved_clock)
                other.restore(saved)
                assert other.snapshot() == store.snapshot()
                clock, store = other_clock, other
            case "expire" if chosen is not None:
                store.expire(chosen)
            case "revoke" if chosen is not None:
                store.revoke(chosen)
            case "family" if chosen is not None:
                store.revoke_family(chosen.family)
            case "spend" if chosen is not None and chosen.kind == "refresh" and chosen.state is State.LIVE:
                store.spend(chosen)
            case _:
                pass
        live = [token for token in store.all() if token.kind == "access" and token.state is State.LIVE]
        assert clock.timers == len(live)
        assert sorted(timer.due for timer in clock.waiting("vendor.access-token-expired")) == sorted(
            token.due for token in live if token.due is not None
        )
