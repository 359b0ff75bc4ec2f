"""iNode's token endpoint: what it has of its own beside what every django-oauth-toolkit does."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.inode.support import LINKS, TOKEN, Caller

from vendorlab.mocks.core.web.dispatch import Dispatch
from vendorlab.mocks.core.web.message import FORM, LARGEST_BODY, Request
from vendorlab.mocks.core.web.routes import Router

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeWorld
    from tests.mocks.inode.conftest import MakeCaller

FIELDS = ["access_token", "expires_in", "token_type", "scope", "refresh_token"]


def test_login_gives_a_pair_for_five_days(dated: Caller) -> None:
    answer = dated.ask(dated.password_form())
    token = answer.json()
    assert list(token) == FIELDS
    assert (token["expires_in"], token["token_type"], token["scope"]) == (432_000, "Bearer", "sync")
    assert {len(token["access_token"]), len(token["refresh_token"])} == {30}
    assert answer.text == json.dumps(token)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-store")


def test_scope_left_out_is_sync(caller: Caller) -> None:
    assert caller.login(scope=None)["scope"] == "sync"


@pytest.mark.parametrize("scope", ["read", "sync read", "", "SYNC"])
def test_any_other_scope_is_refused(dated: Caller, profile: str, scope: str) -> None:
    answer = dated.ask(dated.password_form(scope=scope))
    assert (answer.status_code, answer.json()) == (401 if profile == "legacy" else 400, {"error": "invalid_scope"})


@pytest.mark.parametrize("change", [{"client_secret": None}, {"client_secret": "wrong"}, {"client_id": "unknown"}])
def test_client_without_its_secret_is_refused_at_login_and_at_refresh(
    dated: Caller, change: dict[str, str | None]
) -> None:
    token = dated.login()
    for form in (dated.password_form(**change), dated.refresh_form(token["refresh_token"], **change)):
        answer = dated.ask(form)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert dated.ask(dated.refresh_form(token["refresh_token"])).status_code == 200


@pytest.mark.parametrize("username", ["nobody@example.com", "{former}", "{owner}"])
def test_wrong_unknown_and_deactivated_users_are_refused_alike(dated: Caller, profile: str, username: str) -> None:
    former = next(user for user in dated.vendor.backend.estate.users.values() if not user.active)
    name = username.format(former=former.email, owner=dated.known["username"])
    password = former.password if name == former.email else "wrong"
    answer = dated.ask(dated.password_form(username=name, password=password))
    error = {"error": "invalid_grant", "error_description": "Invalid credentials given."}
    assert (answer.status_code, answer.json()) == (401 if profile == "legacy" else 400, error)


def test_non_owner_gets_a_token_and_sees_what_his_company_has(caller: Caller) -> None:
    known = caller.known
    token = caller.login(username=known["second_username"], password=known["second_password"])["access_token"]
    assert caller.get(LINKS, f"Bearer {token}").json() == caller.links()


@pytest.mark.parametrize("grant", ["client_credentials", "authorization_code", "implicit", "", "PASSWORD"])
def test_other_grants_are_not_for_this_application(caller: Caller, grant: str) -> None:
    answer = caller.ask(caller.password_form(grant_type=grant))
    error = "unauthorized_client" if grant == "client_credentials" else "unsupported_grant_type"
    assert (answer.status_code, answer.json()) == (400, {"error": error})


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"grant_type": "password"}'),
        ("application/json", b"{broken"),
        ("text/plain", b"grant_type=password"),
        (FORM, b""),
        (FORM, b"grant_type"),
        (FORM, b"%zz=%zz&=&&;"),
        (FORM, b"\xff\xfe\x00"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
    ],
)
def test_body_that_is_no_form_has_no_grant_type(caller: Caller, content_type: str, body: bytes) -> None:
    answer = caller.http.post(TOKEN, content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})


def test_json_login_with_all_the_right_values_is_refused(caller: Caller) -> None:
    answer = caller.http.post(TOKEN, json=caller.password_form())
    assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})


def test_too_large_a_body_is_refused_before_anyone_reads_it(caller: Caller) -> None:
    answer = caller.http.post(TOKEN, data={"username": "x" * 10_000_000})
    assert answer.status_code == 413
    answer = caller.http.post(LINKS, content=b"x" * (LARGEST_BODY + 1))
    assert answer.status_code == 413


def test_forgotten_slash_redirects_and_a_get_is_405(caller: Caller) -> None:
    answer = caller.http.post(TOKEN.rstrip("/"), data=caller.password_form())
    assert (answer.status_code, answer.headers["location"]) == (301, TOKEN)
    answer = caller.http.get(TOKEN)
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (405, b"", "POST, OPTIONS")


# --- refreshing ------------------------------------------------------------------------------------------------------


def test_refresh_keeps_the_scope_and_ends_the_old_pair(dated: Caller, profile: str) -> None:
    old = dated.login()
    new = dated.ask(dated.refresh_form(old["refresh_token"])).json()
    assert list(new) == FIELDS
    assert new["scope"] == "sync"
    assert dated.get(LINKS, f"Bearer {old['access_token']}").status_code == 401
    assert dated.get(LINKS, f"Bearer {new['access_token']}").status_code == 200
    replayed = dated.ask(dated.refresh_form(old["refresh_token"]))
    assert (replayed.status_code, replayed.json()) == (401 if profile == "legacy" else 400, {"error": "invalid_grant"})
    assert dated.get(LINKS, f"Bearer {new['access_token']}").status_code == 200


def test_revoked_refresh_token_takes_its_access_token_along(caller: Caller) -> None:
    token = caller.login()
    form = {"token": token["refresh_token"], **{name: caller.known[name] for name in ("client_id", "client_secret")}}
    assert caller.http.post("/api/oauth/revoke_token/", data=form).status_code == 200
    assert caller.get(LINKS, f"Bearer {token['access_token']}").status_code == 401


def test_switches_of_refreshing_reach_the_server(caller_of: MakeCaller) -> None:
    graceful = caller_of(refresh_grace=60)
    old = graceful.login()["refresh_token"]
    first, again = (graceful.ask(graceful.refresh_form(old)).json() for _ in range(2))
    assert first == again
    still = caller_of(rotate_refresh=False)
    old = still.login()["refresh_token"]
    assert still.ask(still.refresh_form(old)).json()["refresh_token"] == old
    wary = caller_of(reuse_protection=True)
    old = wary.login()["refresh_token"]
    new = wary.ask(wary.refresh_form(old)).json()
    wary.ask(wary.refresh_form(old))
    assert wary.get(LINKS, f"Bearer {new['access_token']}").status_code == 401


@pytest.mark.slow
def test_of_64_refreshes_at_once_exactly_one_wins_in_each_of_1000_trials(world_of: MakeWorld) -> None:
    """Straight at the dispatch that every edge and lane shares, from 64 threads that start together."""
    trials, crowd = 1_000, 64
    caller = Caller(world_of("inode"))
    site = caller.vendor.faces[0].site
    assert site is not None
    dispatch = Dispatch(site, caller.world.clock, caller.world.faults, caller.world.journal)
    found = Router(site.routes).find(TOKEN)
    assert found is not None
    route = found[0]

    def refresh(token: str) -> tuple[int, dict[str, Any]]:
        body = "&".join(f"{name}={value}" for name, value in caller.refresh_form(token).items())
        answer = dispatch(route, Request("POST", TOKEN, headers={"content-type": FORM}, body=body.encode()))
        return answer.status, json.loads(answer.body)

    current = caller.login()["refresh_token"]
    start, end = threading.Barrier(crowd + 1), threading.Barrier(crowd + 1)
    answers: list[tuple[int, dict[str, Any]]] = []

    def work() -> None:
        with suppress(threading.BrokenBarrierError):
            for _ in range(trials):
                start.wait()
                answers.append(refresh(current))
                end.wait()

    threads = [threading.Thread(target=work) for _ in range(crowd)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(trials):
            start.wait()
            end.wait()
            winners = [content for status, content in answers if status == 200]
            losers = [(status, content) for status, content in answers if status != 200]
            assert len(winners) == 1
            assert losers == [(400, {"error": "invalid_grant"})] * (crowd - 1)
            current = winners[0]["refresh_token"]
            answers.clear()
    finally:
        start.abort()
        for thread in threads:
            thread.join()
