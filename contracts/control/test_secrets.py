"""Secrets: what is looked at shows none, wherever somebody put them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.control.api import VENDOR, Api, World, problem

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write")]

_LOOKING = ("/clock", "/faults", "/journal", "/journal/wait?timeout=0", "/state", f"/state/{VENDOR}", "/tokens")


def secrets_of(world: World, tokens: Mapping[str, str]) -> dict[str, str]:
    """Return all that must not show."""
    kept = {name: world.credentials[name] for name in ("password", "confidential_client_secret")}
    return {**kept, **tokens}


@pytest.mark.claim("control.secrets.nowhere")
def test_no_secret_is_shown_wherever_it_was_put(world: World) -> None:
    """In a header, a form, a query under any name, a path; by a grant that works and by one that does not."""
    http = world.api.http
    secrets = secrets_of(world, world.login())
    for value in secrets.values():
        http.get(f"{world.url}/v1/whoami", headers={"Authorization": f"Bearer {value}"})
        http.get(f"{world.url}/v1/whoami", params={"q": value, "access_token": value, value: "1"})
        http.get(f"{world.url}/v1/array/{value}")
        http.get(f"{world.url}/{value}/{value}")
        http.post(f"{world.url}/o/token/", data={"grant_type": "password", "username": value, "password": value})
        http.post(
            f"{world.url}/o/token/", data={"grant_type": "refresh_token", "refresh_token": value, "client_id": value}
        )
    world.ask("POST", "/clock/advance", {"seconds": 60})
    for path in _LOOKING:
        text = world.get(path).text
        shown = [name for name, value in secrets.items() if value in text]
        assert not shown, f"{path} shows {', '.join(shown)}"


@pytest.mark.claim("control.secrets.timers")
def test_timers_that_fire_show_no_secret(world: World) -> None:
    """They tell whose token expired by its fingerprint."""
    tokens = world.login()
    text = world.ask("POST", "/clock/advance", {"seconds": 90_000}).text
    assert world.tokens(kind="access")[0]["id"] in text
    assert not [kind for kind, value in tokens.items() if value in text]


@pytest.mark.claim("control.secrets.control-token")
def test_control_token_is_in_no_answer(api: Api, world: World) -> None:
    """Not even in those that hold the vendors' own credentials, nor in a refusal of almost the same."""
    world.whoami(api.token)
    for path in (*_LOOKING, "/vendors", "/snapshot"):
        assert api.token not in world.get(path).text, f"{path} shows the control API's token"
    for path in ("/health", "/version", "/worlds", "/openapi.json"):
        assert api.token not in api.get(path).text, f"{path} shows the control API's token"
    response = world.ask("POST", "/tokens/revoke", {"vendor": VENDOR, "token": api.token})
    assert api.token not in problem(response, 404)


@pytest.mark.claim("control.secrets.snapshot")
def test_snapshot_holds_the_tokens_it_must_bring_back(world: World) -> None:
    """It is the one document that is as secret as what it holds; credentials of the seed are not in it."""
    tokens = world.login()
    text = world.get("/snapshot").text
    assert all(value in text for value in tokens.values())
    assert world.credentials["password"] not in text
