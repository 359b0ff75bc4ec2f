"""API keys, sessions and the order in which a site asks for them."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.clock import Clock
from vendorlab.mocks.core.django import sessions as sessions_module
from vendorlab.mocks.core.django.drf import Action, Authenticator, Framework, Principal, View, unlimited
from vendorlab.mocks.core.django.keys import KeyAuthenticator, KeyHolder
from vendorlab.mocks.core.django.refusals import AuthenticationFailed
from vendorlab.mocks.core.django.sessions import SESSION_SECONDS, SessionAuthenticator, Sessions
from vendorlab.mocks.core.django.stack import MODERN
from vendorlab.mocks.core.ids import Ids
from vendorlab.mocks.core.web.message import Request, cookies

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def sessions() -> Sessions:
    return Sessions("seven", Clock(datetime(2026, 11, 21, tzinfo=UTC), 0), Ids(7))


def _latin(raw: bytes) -> str:
    return raw.decode("latin-1")


def keys() -> KeyAuthenticator:
    return KeyAuthenticator({KEY: KeyHolder("ada@example.com", active=True)}.get)


def view_of(authenticators: Sequence[Authenticator], **options: Any) -> View:
    clock = Clock(datetime(2026, 11, 21, tzinfo=UTC), 0)
    framework = Framework(stack=MODERN, clock=clock, authenticators=authenticators, throttle=unlimited, **options)

    def get(_request: Request, principal: Principal) -> dict[str, Any]:
        return {"user": principal.user}

    return framework.view("Thing", GET=Action(get, "read"))


def ask(view: View, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    answer = view(Request("GET", "/", headers=headers))
    return answer.status, answer.body, dict(answer.headers)


# --- keys ------------------------------------------------------------------------------------------------------------


@given(st.builds(str.__add__, st.sampled_from(["", "Token ", "token", "Bearer "]), st.binary().map(_latin)))
def test_any_header_is_somebody_nobody_or_refused(header: str) -> None:
    ours = header.encode("latin-1").split()[:1] in ([b"Token"], [b"token"])
    with pytest.raises(AuthenticationFailed) if ours else nullcontext():
        assert keys().authenticate(Request("GET", "/", headers={"authorization": header})) is None


@given(st.sampled_from(["Token", "token", "TOKEN", "tOkEn"]), st.text(" \t", min_size=1), st.text(" \t"))
def test_good_key_is_taken_in_any_dress(scheme: str, blanks: str, tail: str) -> None:
    request = Request("GET", "/", headers={"authorization": f"{tail}{scheme}{blanks}{KEY}{tail}"})
    principal = keys().authenticate(request)
    assert principal is not None
    assert (principal.user, KEY in principal.credential) == ("ada@example.com", False)


@pytest.mark.parametrize("blank", ["\x85", "\xa0"])
def test_only_ascii_blanks_part_words(blank: str) -> None:
    assert keys().authenticate(Request("GET", "/", headers={"authorization": f"Token{blank}{KEY}"})) is None


# --- the order -------------------------------------------------------------------------------------------------------


def test_session_first_makes_every_401_a_403_without_a_challenge(sessions: Sessions) -> None:
    session = SessionAuthenticator(MODERN, sessions, lambda _user: True)
    view = view_of([session, keys()])
    for headers in ({}, {"authorization": "Token wrong"}):
        status, _, answered = ask(view, **headers)
        assert (status, "WWW-Authenticate" in answered) == (403, False)
    status, body, _ = ask(view, authorization=f"Token {KEY}")
    assert (status, body) == (200, b'{"user":"ada@example.com"}')


def test_who_may_not_is_told_so_after_he_is_known(sessions: Sessions) -> None:
    def nobody(_principal: Principal) -> bool:
        return False

    view = view_of([keys()], permits=nobody)
    assert ask(view)[0] == 401
    assert ask(view, authorization=f"Token {KEY}")[0] == 403


# --- sessions --------------------------------------------------------------------------------------------------------


def test_session_holds_for_its_time_and_until_it_is_ended(sessions: Sessions) -> None:
    one, two = sessions.begin("ada@example.com"), sessions.begin("bob@example.com")
    assert (sessions.user(one), sessions.user(two), sessions.user("x")) == ("ada@example.com", "bob@example.com", None)
    sessions.end(one)
    sessions.end("unknown")
    assert (sessions.user(one), one in sessions, two in sessions) == (None, False, True)
    sessions._clock.advance(SESSION_SECONDS)
    assert sessions.user(two) is None


def test_sessions_are_bounded_and_the_oldest_go(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MOST_SESSIONS", 3)
    made = [sessions.begin("ada@example.com") for _ in range(5)]
    assert [key in sessions for key in made] == [False, False, True, True, True]


def test_session_of_somebody_who_is_not_active_is_none(sessions: Sessions) -> None:
    key = sessions.begin("ada@example.com")
    view = view_of([SessionAuthenticator(MODERN, sessions, lambda _user: False), keys()])
    assert ask(view, cookie=f"sessionid={key}")[0] == 403


@given(st.text(max_size=60))
def test_any_cookie_header_is_read(text: str) -> None:
    found = cookies(Request("GET", "/", headers={"cookie": text}))
    assert all(";" not in name + value for name, value in found.items())


def test_cookies_are_read_by_name() -> None:
    found = cookies(Request("GET", "/", headers={"cookie": "a=1; sessionid = x=y ;;b; a=2"}))
    assert found == {"a": "2", "sessionid": "x=y"}
