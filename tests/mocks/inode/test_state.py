"""The whole state: reset, snapshot, what people are shown, and that no secret is ever among it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest
from tests.mocks.inode.support import DEVICES, LINKS, TOKEN, Caller
from tests.mocks.inode.test_description import log_in

import vendorlab
from vendorlab.mocks.core.ids import fingerprint

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeWorld
    from tests.mocks.inode.conftest import MakeCaller


def test_same_seed_gives_the_same_world_and_another_another(world_of: MakeWorld) -> None:
    one, two, other = (Caller(world_of("inode", seed=seed)) for seed in (1, 1, 2))
    assert one.known == two.known
    assert (one.links(), one.devices(), one.login()) == (two.links(), two.devices(), two.login())
    assert one.known.keys() == other.known.keys()
    assert set(one.known.values()).isdisjoint(other.known.values())


def test_reset_takes_back_what_was_given(caller: Caller) -> None:
    links, token = caller.links(), caller.login()
    log_in(caller)
    caller.world.reset()
    assert caller.get(LINKS, f"Bearer {token['access_token']}").status_code == 401
    assert caller.http.get("/api/schema/").status_code == 302
    assert caller.links() == links
    caller.world.reset(8)
    assert caller.links() != links


def test_snapshot_carries_tokens_sessions_and_limits_to_another_world(caller_of: MakeCaller) -> None:
    caller, other = caller_of(rate_limit=3), caller_of(rate_limit=3)
    token = caller.login()
    log_in(caller)
    caller.world.clock.advance(100)
    assert [caller.get(LINKS).status_code for _ in range(2)] == [200, 200]
    document = json.loads(json.dumps(caller.world.snapshot()))
    other.world.restore(document)
    assert other.get(LINKS, f"Bearer {token['access_token']}").json() == caller.links()
    assert other.get(LINKS).status_code == 429
    other.http.cookies.update(caller.http.cookies)
    assert other.http.get("/api/schema/").status_code == 200
    other.http.cookies.clear()
    other.world.clock.advance(432_000)
    assert other.get(LINKS, f"Bearer {token['access_token']}").status_code == 401
    assert other.ask(other.refresh_form(token["refresh_token"])).status_code == 200


def test_state_shows_people_and_things_and_no_secret(caller: Caller) -> None:
    caller.login()
    log_in(caller)
    state = caller.vendor.state()
    assert state["companies"]["capital"] == {"links": caller.links(), "devices": caller.devices()}
    assert [user["role"] for user in state["users"]] == ["owner", "user", "owner", "owner"]
    assert state["users"][0]["api_key"] == fingerprint(caller.known["api_key"])
    text = json.dumps(state)
    assert [secret for secret in secrets(caller) if secret in text] == []


def secrets(caller: Caller) -> list[str]:
    """Every secret that the vendor gave out."""
    backend = caller.vendor.backend
    found = [user.password for user in backend.estate.users.values()]
    found += [user.api_key for user in backend.estate.users.values() if user.api_key]
    found += [application.client_secret for application in backend.estate.applications]
    found += [token.token for token in backend.tokens.all()]
    return [*found, *backend.sessions.snapshot()]


def test_journal_never_shows_a_secret_wherever_it_is_put(caller: Caller) -> None:
    caller.login()
    log_in(caller)
    for secret in secrets(caller):
        for header in (secret, f"Token {secret}", f"Bearer {secret}", f"Basic {secret}", f"Token {secret} {secret}"):
            caller.http.get(LINKS, headers={"Authorization": header})
        for name in ("access_token", "api_key", "key", "q", secret):
            caller.http.get(DEVICES, params={name: secret})
        for path in (f"{LINKS}{secret}/", f"/{secret}", f"/api/{secret}/x", f"{LINKS}{secret}"):
            caller.http.get(path)
            caller.get(path)
        for field in ("username", "client_id", "grant_type", "scope", "refresh_token", "password"):
            caller.ask(caller.password_form(**{field: secret}))
        caller.http.post(f"{TOKEN}?{urlencode({'key': secret})}", data={secret: secret})
        caller.http.get("/accounts/login/", params={"next": secret}, headers={"Cookie": f"sessionid={secret}"})
        log_in(caller, username=secret)
    told = json.dumps([entry.as_json() for entry in caller.world.journal.find()])
    assert [secret for secret in secrets(caller) if secret in told] == []


def test_vendor_answers_under_its_handle_and_on_its_port() -> None:
    with vendorlab.world("inode", seed=7) as lab:
        key: Any = {"Authorization": f"Token {lab.inode.credentials['api_key']}"}
        assert httpx.get(f"{lab.inode.url}{LINKS}", headers=key).status_code == 200
        assert lab.journal.count(vendor="inode", operation="links") == 1


@pytest.mark.parametrize("year", [1970, 2015, 2018, 2040, 9999])
def test_world_of_any_year_answers(caller_of: MakeCaller, year: int) -> None:
    caller = caller_of(start=datetime(year, 1, 2, tzinfo=UTC))
    links, devices = caller.links(), caller.devices()
    assert (len(links), len(devices)) == (12, 8)
    measured = [link["last_updated"] is not None for link in links]
    assert measured == [year > 2016] * 12


def test_login_works_over_a_socket_as_in_process() -> None:
    with vendorlab.world("inode", seed=7) as lab:
        known = lab.inode.credentials
        with httpx.Client(base_url=lab.inode.url, follow_redirects=True) as http:
            page = http.get("/api/swagger/")
            hidden = dict(re.findall(r'name="(csrfmiddlewaretoken|next)" value="([^"]*)"', page.text))
            shown = http.post(page.url, data={**hidden, "username": known["username"], "password": known["password"]})
            assert shown.json()["openapi"] == "3.0.3"
            assert http.get(LINKS).status_code == 200
