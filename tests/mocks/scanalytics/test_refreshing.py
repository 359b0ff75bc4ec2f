"""Refreshing and revoking: the dossier's 3.3 (R02 to R20) and the settings that change it, on both profiles."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.mocks.core.django import tokens as tokens_module
from vendorlab.mocks.core.ids import fingerprint

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeCaller, MakeWorld
    from tests.mocks.support import Caller

INVALID_GRANT = {"error": "invalid_grant"}
INVALID_CLIENT = {"error": "invalid_client"}
INVALID_SCOPE = {"error": "invalid_scope"}
GRANT_REFUSED = {"legacy": 401, "modern": 400}


@pytest.fixture
def caller(caller_of: MakeCaller, profile: str) -> Caller:
    return caller_of(profile=profile)


def works(caller: Caller, token: str) -> bool:
    return caller.get("/v1/whoami", token).status_code == 200


def assert_refused(caller: Caller, profile: str, answer: httpx.Response, error: dict[str, str]) -> None:
    expected = 401 if error == INVALID_CLIENT else GRANT_REFUSED[profile]
    assert (answer.status_code, answer.text) == (expected, json.dumps(error))
    assert (caller.last.cause, caller.last.status) == (error["error"], expected)


def states(caller: Caller) -> dict[str, str]:
    return {token["id"]: token["state"] for token in (token.as_json() for token in caller.vendor.tokens.all())}


# --- the life of a pair ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client", ["public", "confidential"])
def test_r02_a_refresh_gives_a_new_pair_of_the_same_scope(caller: Caller, client: str) -> None:
    known = caller.credentials
    own = (
        {}
        if client == "public"
        else {"client_id": known["confidential_client_id"], "client_secret": known["confidential_client_secret"]}
    )
    old = caller.login(scope="write read", **own)
    answer = caller.ask(caller.refresh_form(old["refresh_token"], **own))
    assert answer.status_code == 200
    new = answer.json()
    assert list(new) == ["access_token", "expires_in", "token_type", "scope", "refresh_token"]
    assert (new["expires_in"], new["scope"]) == (86_400, "write read")
    assert len({old["access_token"], old["refresh_token"], new["access_token"], new["refresh_token"]}) == 4
    assert works(caller, new["access_token"])
    refreshed = caller.world.journal.find()[1]
    assert refreshed.principal == known["username"]
    assert refreshed.detail == {
        "grant_type": "refresh_token",
        "client_id": own.get("client_id", known["client_id"]),
        "refresh_token": fingerprint(old["refresh_token"]),
        "refresh_token_state": "live",
        "issued": {name: fingerprint(new[name]) for name in ("access_token", "refresh_token")},
        "expires_in": 86_400,
    }


def test_r03_the_old_access_token_dies_at_once(caller: Caller) -> None:
    old = caller.login()
    assert works(caller, old["access_token"])
    caller.ask(caller.refresh_form(old["refresh_token"]))
    answer = caller.get("/v1/whoami", old["access_token"])
    assert answer.status_code == 401
    assert "The access token is invalid." in answer.headers["www-authenticate"]
    assert caller.last.detail == {"refused": "invalid-token", "token": "revoked"}


def test_r04_the_old_refresh_token_is_refused_and_r05_the_new_pair_lives_on(caller: Caller, profile: str) -> None:
    old = caller.login()
    new = caller.ask(caller.refresh_form(old["refresh_token"])).json()
    for _ in range(2):
        assert_refused(caller, profile, caller.ask(caller.refresh_form(old["refresh_token"])), INVALID_GRANT)
        assert caller.last.detail["refresh_token_state"] == "spent"
    assert works(caller, new["access_token"])
    assert caller.ask(caller.refresh_form(new["refresh_token"])).status_code == 200


@pytest.mark.parametrize("which", ["bogus", "access-token", "of-another-client", "empty"])
def test_r07_what_is_no_refresh_token_of_this_client_is_refused(caller: Caller, profile: str, which: str) -> None:
    known = caller.credentials
    own = caller.login()
    others = caller.login(client_id=known["confidential_client_id"], client_secret=known["confidential_client_secret"])
    token = {
        "bogus": "x" * 30,
        "access-token": own["access_token"],
        "of-another-client": others["refresh_token"],
        "empty": "",
    }[which]
    answer = caller.ask(caller.refresh_form(token))
    if which == "empty":
        # The dossier has an empty one as invalid_grant and a missing one as invalid_request.
        assert answer.json()["error"] == "invalid_grant"
    assert_refused(caller, profile, answer, INVALID_GRANT)
    assert works(caller, own["access_token"])
    assert works(caller, others["access_token"])


def test_r08_a_missing_refresh_token_is_an_invalid_request_even_for_an_unknown_client(caller: Caller) -> None:
    error = {"error": "invalid_request", "error_description": "Missing refresh token parameter."}
    for client_id in (caller.credentials["client_id"], "unknown", None):
        form = caller.refresh_form("", refresh_token=None, client_id=client_id)
        answer = caller.ask(form)
        assert (answer.status_code, answer.text) == (400, json.dumps(error))


@pytest.mark.parametrize("which", ["missing", "unknown", "confidential-without-secret", "public-with-stray-secret"])
def test_r11_a_refused_client_does_not_consume_the_token(caller: Caller, profile: str, which: str) -> None:
    known = caller.credentials
    confidential = which.startswith("confidential")
    own = (
        {"client_id": known["confidential_client_id"], "client_secret": known["confidential_client_secret"]}
        if confidential
        else {}
    )
    token = caller.login(**own)
    changes: dict[str, dict[str, str | None]] = {
        "missing": {"client_id": None},
        "unknown": {"client_id": "x" * 40},
        "confidential-without-secret": {"client_id": known["confidential_client_id"]},
        "public-with-stray-secret": {"client_secret": "stray"},
    }
    answer = caller.ask(caller.refresh_form(token["refresh_token"], **changes[which]))
    assert_refused(caller, profile, answer, INVALID_CLIENT)
    assert works(caller, token["access_token"])
    assert caller.ask(caller.refresh_form(token["refresh_token"], **own)).status_code == 200


@pytest.mark.parametrize("scope", ["read write", "write", "admin", "read admin"])
def test_r13_a_wider_or_unknown_scope_is_refused_and_consumes_nothing(caller: Caller, profile: str, scope: str) -> None:
    token = caller.login(scope="read")
    answer = caller.ask(caller.refresh_form(token["refresh_token"], scope=scope))
    assert_refused(caller, profile, answer, INVALID_SCOPE)
    assert works(caller, token["access_token"])
    assert caller.ask(caller.refresh_form(token["refresh_token"])).status_code == 200


def test_r16_a_narrower_scope_is_granted_and_stays_narrow(caller: Caller, profile: str) -> None:
    token = caller.login(scope="read write")
    narrow = caller.ask(caller.refresh_form(token["refresh_token"], scope="write")).json()
    assert narrow["scope"] == "write"
    wide = caller.ask(caller.refresh_form(narrow["refresh_token"], scope="read write"))
    assert_refused(caller, profile, wide, INVALID_SCOPE)
    assert caller.ask(caller.refresh_form(narrow["refresh_token"])).json()["scope"] == "write"


def test_r20_a_refresh_token_is_no_bearer_token(caller: Caller) -> None:
    assert caller.get("/v1/whoami", caller.login()["refresh_token"]).status_code == 401


def test_e11_a_refresh_works_after_the_access_token_expired(caller: Caller) -> None:
    token = caller.login()
    caller.world.clock.advance(86_401)
    assert not works(caller, token["access_token"])
    new = caller.ask(caller.refresh_form(token["refresh_token"]))
    assert new.status_code == 200
    assert works(caller, new.json()["access_token"])


def test_a_refresh_token_never_expires(caller: Caller) -> None:
    token = caller.login()
    caller.world.clock.advance(86_400 * 365 * 20)
    assert caller.ask(caller.refresh_form(token["refresh_token"])).status_code == 200


def test_a_refresh_of_one_login_leaves_the_other_alone(caller: Caller) -> None:
    first, second = caller.login(), caller.login()
    caller.ask(caller.refresh_form(first["refresh_token"]))
    assert works(caller, second["access_token"])
    assert caller.ask(caller.refresh_form(second["refresh_token"])).status_code == 200


def test_a_long_chain_of_refreshes_keeps_one_live_pair(caller: Caller) -> None:
    token = caller.login()
    for _ in range(50):
        caller.world.clock.advance(3_600)
        token = caller.ask(caller.refresh_form(token["refresh_token"])).json()
    counts: dict[tuple[str, str], int] = {}
    for one in caller.vendor.tokens.all():
        counts[one.kind, one.state.value] = counts.get((one.kind, one.state.value), 0) + 1
    assert counts == {
        ("access", "live"): 1,
        ("access", "revoked"): 50,
        ("refresh", "live"): 1,
        ("refresh", "spent"): 50,
    }
    assert caller.world.clock.timers == 1


# --- settings --------------------------------------------------------------------------------------------------------


def test_within_the_grace_a_replay_answers_again_with_the_same_access_token(
    caller_of: MakeCaller, profile: str
) -> None:
    caller = caller_of(profile=profile, settings={"refresh_grace": 60})
    old = caller.login()
    new = caller.ask(caller.refresh_form(old["refresh_token"])).json()
    caller.world.clock.advance(59)
    again = caller.ask(caller.refresh_form(old["refresh_token"]))
    assert again.status_code == 200
    assert again.json()["access_token"] == new["access_token"]
    assert works(caller, new["access_token"])
    if profile == "modern":
        assert again.json()["refresh_token"] == new["refresh_token"]
    else:
        # Stack B gives a refresh token that it never stored: dead on arrival.
        assert again.json()["refresh_token"] != new["refresh_token"]
        dead = caller.ask(caller.refresh_form(again.json()["refresh_token"]))
        assert_refused(caller, profile, dead, INVALID_GRANT)
    assert caller.ask(caller.refresh_form(new["refresh_token"])).status_code == 200


def test_after_the_grace_a_replay_is_refused(caller_of: MakeCaller, profile: str) -> None:
    caller = caller_of(profile=profile, settings={"refresh_grace": 60})
    old = caller.login()
    caller.ask(caller.refresh_form(old["refresh_token"]))
    caller.world.clock.advance(60)
    assert_refused(caller, profile, caller.ask(caller.refresh_form(old["refresh_token"])), INVALID_GRANT)


def test_without_rotation_the_same_refresh_token_stays_and_access_tokens_replace_each_other(
    caller_of: MakeCaller, profile: str
) -> None:
    caller = caller_of(profile=profile, settings={"rotate_refresh": False})
    token = caller.login()
    seen = [token["access_token"]]
    for _ in range(3):
        new = caller.ask(caller.refresh_form(token["refresh_token"])).json()
        assert new["refresh_token"] == token["refresh_token"]
        assert not works(caller, seen[-1])
        assert works(caller, new["access_token"])
        seen.append(new["access_token"])
    assert len(set(seen)) == 4


def test_reuse_protection_ends_the_whole_family(caller_of: MakeCaller, profile: str) -> None:
    caller = caller_of(profile=profile, settings={"reuse_protection": True})
    old, other = caller.login(), caller.login()
    new = caller.ask(caller.refresh_form(old["refresh_token"])).json()
    assert_refused(caller, profile, caller.ask(caller.refresh_form(old["refresh_token"])), INVALID_GRANT)
    assert not works(caller, new["access_token"])
    assert_refused(caller, profile, caller.ask(caller.refresh_form(new["refresh_token"])), INVALID_GRANT)
    assert works(caller, other["access_token"])


def test_credentials_refresh_gives_client_credentials_a_refresh_token_that_works(
    caller_of: MakeCaller, profile: str
) -> None:
    caller = caller_of(profile=profile, settings={"credentials_refresh": True})
    known = caller.credentials
    own = {"client_id": known["credentials_client_id"], "client_secret": known["credentials_client_secret"]}
    token = caller.ask({"grant_type": "client_credentials", **own}).json()
    assert list(token)[-1] == "refresh_token"
    new = caller.ask(caller.refresh_form(token["refresh_token"], **own))
    assert new.status_code == 200
    assert works(caller, new.json()["access_token"])
    assert not works(caller, token["access_token"])


# --- revoking --------------------------------------------------------------------------------------------------------


def revoke(caller: Caller, token: str, /, **changes: str | None) -> httpx.Response:
    form = {"client_id": caller.credentials["client_id"], "token": token} | changes
    return caller.ask({name: value for name, value in form.items() if value is not None}, path="/o/revoke_token/")


def test_revoking_a_refresh_token_ends_the_pair(caller: Caller, profile: str) -> None:
    token = caller.login()
    answer = revoke(caller, token["refresh_token"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert caller.last.operation == "revoke-token"
    assert caller.last.detail["token"] == fingerprint(token["refresh_token"])
    assert not works(caller, token["access_token"])
    assert_refused(caller, profile, caller.ask(caller.refresh_form(token["refresh_token"])), INVALID_GRANT)


def test_revoking_an_access_token_leaves_other_logins_alone(caller: Caller) -> None:
    token, other = caller.login(), caller.login()
    assert revoke(caller, token["access_token"]).status_code == 200
    assert not works(caller, token["access_token"])
    assert works(caller, other["access_token"])


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_revoking_takes_a_hint_and_needs_none(caller: Caller, hint: str | None) -> None:
    token = caller.login()
    assert revoke(caller, token["access_token"], token_type_hint=hint).status_code == 200
    assert not works(caller, token["access_token"])


@pytest.mark.parametrize("state", ["unknown", "spent", "revoked", "expired"])
def test_revoking_what_has_ended_answers_the_same(caller: Caller, state: str) -> None:
    token = caller.login()
    text = {"unknown": "x" * 30, "spent": token["refresh_token"]}.get(state, token["access_token"])
    new: dict[str, Any] | None = None
    if state == "spent":
        new = caller.ask(caller.refresh_form(text)).json()
    elif state == "revoked":
        revoke(caller, text)
    elif state == "expired":
        caller.world.clock.advance(86_400)
    answer = revoke(caller, text)
    assert (answer.status_code, answer.content) == (200, b"")
    if new is not None:  # a spent token's revocation does not reach the pair that came after it
        assert works(caller, new["access_token"])


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"token": None}, 400, "invalid_request"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"client_id": "unknown"}, 401, "invalid_client"),
    ],
    ids=["no-token", "no-client", "unknown-client"],
)
def test_revoking_is_refused_without_a_client_or_a_token(
    caller: Caller, changes: dict[str, str | None], status: int, error: str
) -> None:
    token = caller.login()
    answer = revoke(caller, token["access_token"], **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert works(caller, token["access_token"])


# --- bounds and threads ----------------------------------------------------------------------------------------------


def test_the_tokens_remembered_are_bounded(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MOST_TOKENS", 5)
    tokens = [caller.login() for _ in range(8)]
    assert len(list(caller.vendor.tokens.all())) == 10
    assert caller.world.clock.timers == 5
    assert [works(caller, token["access_token"]) for token in tokens] == [False] * 3 + [True] * 5
    assert caller.ask(caller.refresh_form(tokens[0]["refresh_token"])).json() == INVALID_GRANT
    caller.world.clock.advance(86_400)
    assert caller.world.clock.timers == 0
    document = caller.world.snapshot()
    caller.world.restore(document)
    assert caller.world.snapshot()["content"] == document["content"]


def test_a_refresh_after_its_access_token_was_forgotten_still_works(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_module, "MOST_TOKENS", 5)
    token = caller.login()
    tokens = caller.vendor.tokens
    tokens._unset(tokens._access.pop(token["access_token"]))
    assert caller.ask(caller.refresh_form(token["refresh_token"])).status_code == 200


@pytest.mark.parametrize("settings", [{}, {"reuse_protection": True}, {"refresh_grace": 60}], ids=str)
def test_of_64_refreshes_at_once_over_sockets_exactly_one_wins(
    world_of: MakeWorld, profile: str, settings: dict[str, Any]
) -> None:
    world = world_of(profile=profile, settings=settings)
    url = world.listen("scanalytics")
    known = world.vendor("scanalytics").faces[0].credentials()
    ready = threading.Barrier(64)
    answers: list[httpx.Response] = []
    with httpx.Client(base_url=url, limits=httpx.Limits(max_connections=64), timeout=30) as http:
        login = {name: known[name] for name in ("username", "password", "client_id")}
        token = http.post("/o/token/", data={"grant_type": "password", **login}).json()
        form = {
            "grant_type": "refresh_token",
            "client_id": known["client_id"],
            "refresh_token": token["refresh_token"],
        }

        def refresh() -> None:
            ready.wait(10)
            answers.append(http.post("/o/token/", data=form))

        threads = [threading.Thread(target=refresh) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    won = [answer.json() for answer in answers if answer.status_code == 200]
    lost = [answer for answer in answers if answer.status_code != 200]
    live = [token for token in world.vendor("scanalytics").tokens.all() if token.state.value == "live"]  # type: ignore[union-attr]
    assert len(answers) == 64
    assert {(answer.status_code, answer.text) for answer in lost} <= {
        (GRANT_REFUSED[profile], json.dumps(INVALID_GRANT))
    }
    if "refresh_grace" in settings:
        # Everybody is told of the one new access token.
        assert len(won) == 64
        assert len({body["access_token"] for body in won}) == 1
    else:
        assert len(won) == 1
    assert len(live) == (0 if "reuse_protection" in settings else 2)
