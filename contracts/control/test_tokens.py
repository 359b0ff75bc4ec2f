"""Tokens: listed by fingerprint, revoked and let expire by text, fingerprint or user."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.control.api import VENDOR, World, problem

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write")]


def states(world: World) -> dict[str, list[str]]:
    """Return the state of every token, by kind."""
    return {kind: [each["state"] for each in world.tokens(kind=kind)] for kind in ("access", "refresh")}


@pytest.mark.claim("control.tokens.fields")
def test_tokens_are_named_by_fingerprint(world: World) -> None:
    """With kind, user, client, scope, expiry and state; never by their text."""
    text = world.login()
    access, refresh = world.tokens()
    for each, kind in ((access, "access"), (refresh, "refresh")):
        assert (each["vendor"], each["kind"], each["state"], each["scope"]) == (VENDOR, kind, "live", "read")
        assert (each["user"], each["client"]) == (world.credentials["username"], world.credentials["client_id"])
        assert re.fullmatch("#[0-9a-f]{8}", each["id"])
        assert text[kind] not in str(each)
    assert (access["expires"], refresh["expires"]) == ("2026-11-22T05:00:00.000000Z", None)


@pytest.mark.claim("control.tokens.filters")
def test_tokens_are_filtered_by_vendor_and_kind(world: World) -> None:
    """A vendor has its own, and a kind has its own."""
    world.login()
    assert [each["kind"] for each in world.tokens(vendor=VENDOR)] == ["access", "refresh"]
    assert [each["kind"] for each in world.tokens(kind="access")] == ["access"]
    assert [each["kind"] for each in world.tokens(vendor=VENDOR, kind="refresh")] == ["refresh"]


@pytest.mark.claim("control.tokens.revoke")
@pytest.mark.parametrize("way", ["token", "id"])
def test_one_token_is_revoked(world: World, way: str) -> None:
    """By its text or its fingerprint; the others stay, and the vendor takes it no more."""
    first, second = world.login(), world.login()
    which = first["access"] if way == "token" else world.tokens(kind="access")[0]["id"]
    assert world.changed("revoke", **{way: which}) == 1
    assert states(world) == {"access": ["revoked", "live"], "refresh": ["live", "live"]}
    assert (world.whoami(first["access"]), world.whoami(second["access"])) == (401, 200)
    assert world.changed("revoke", **{way: which}) == 0, "it was revoked already"


@pytest.mark.claim("control.tokens.revoke")
def test_refresh_token_is_revoked(world: World) -> None:
    """It has a fingerprint, too."""
    text = world.login()
    assert world.changed("revoke", token=text["refresh"]) == 1
    assert states(world) == {"access": ["live"], "refresh": ["revoked"]}


@pytest.mark.claim("control.tokens.expire")
@pytest.mark.parametrize("way", ["token", "id", "user"])
def test_access_tokens_expire_on_demand(world: World, way: str) -> None:
    """No timer is left behind; refresh tokens never expire."""
    text = world.login()
    which = {"token": text["access"], "id": world.tokens(kind="access")[0]["id"], "user": world.credentials["username"]}
    assert world.changed("expire", **{way: which[way]}) == 1
    assert states(world) == {"access": ["expired"], "refresh": ["live"]}
    assert world.whoami(text["access"]) == 401
    assert world.clock().timers == 0
    assert world.changed("expire", token=text["refresh"]) == 0


@pytest.mark.claim("control.tokens.user")
def test_tokens_of_a_user_are_revoked_together(world: World) -> None:
    """Of that user and no other."""
    world.login()
    world.login()
    assert world.changed("revoke", user="somebody.else@example.com") == 0
    assert world.changed("revoke", user=world.credentials["username"]) == 4
    assert states(world) == {"access": ["revoked", "revoked"], "refresh": ["revoked", "revoked"]}


@pytest.mark.claim("control.tokens.unknown")
@pytest.mark.parametrize("verb", ["revoke", "expire"])
@pytest.mark.parametrize("which", [{"token": "nonsense"}, {"token": ""}, {"id": "#00000000"}, {"id": ""}], ids=str)
def test_token_that_is_not_there_is_not_found(world: World, verb: str, which: dict[str, str]) -> None:
    """Whichever way it is named; what was sent is not repeated."""
    world.login()
    detail = problem(world.ask("POST", f"/tokens/{verb}", {"vendor": VENDOR, **which}), 404)
    assert "nonsense" not in detail
    assert states(world) == {"access": ["live"], "refresh": ["live"]}


@pytest.mark.claim("control.worlds.apart")
def test_tokens_of_two_worlds_are_two(make_world: Callable[..., World]) -> None:
    """One world's token is nothing to another."""
    one, other = make_world(seed=1), make_world(seed=2)
    token = one.login()["access"]
    assert (one.whoami(token), other.whoami(token)) == (200, 401)
    assert other.tokens() == []
