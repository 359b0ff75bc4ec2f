"""Worlds: made, listed, deleted; a failure leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.contracts.control.api import START, VENDOR, Api, World, nothing, problem
from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write")]

_MOST = 100


@pytest.mark.claim("control.worlds.create")
def test_world_is_made_with_vendors_that_listen(api: Api, world: World) -> None:
    """It is told as it is listed, and its vendors answer at once."""
    response = api.get("/worlds")
    listed = {row.get("name"): row.get("vendors") for row in expect.json_objects(response)}
    expect.check(listed.get(world.name) == expect.json_object(world.get("/vendors")), response, "the world's vendors")
    assert api.worlds()[0] == "main"
    assert world.whoami() == 401
    assert world.whoami(world.login()["access"]) == 200


@pytest.mark.claim("control.worlds.all-vendors")
def test_world_without_vendors_named_has_all(api: Api, make_world: Callable[..., World]) -> None:
    """Those of the main world, at least."""
    every = expect.json_object(make_world(vendors=[]).get("/vendors"))
    assert every.keys() >= expect.json_object(api.get("/vendors")).keys()


@pytest.mark.claim("control.worlds.options")
def test_world_is_made_as_told(make_world: Callable[..., World]) -> None:
    """Seed, start, rate, profiles and settings."""
    world = make_world(
        seed=41, start="2018-03-01T12:45:00Z", rate=2, profiles={VENDOR: "modern"},
        settings={VENDOR: {"minute_limit": 2}},
    )  # fmt: skip
    clock = world.clock()
    assert (clock.now.isoformat()[:16], clock.rate) == ("2018-03-01T12:45", 2)
    assert world.seed(world.ask("POST", "/reset")) == 41
    response = world.get(f"/state/{VENDOR}")
    expect.check(expect.json_object(response).get("profile") == "modern", response, "the profile asked for")
    token = world.login()["access"]
    assert [world.whoami(token) for _ in range(3)] == [200, 200, 429]


@pytest.mark.claim("control.worlds.seed")
def test_worlds_of_one_seed_are_alike(make_world: Callable[..., World]) -> None:
    """And those of two are not."""
    one, same, other = make_world(seed=3), make_world(seed=3), make_world(seed=4)
    assert one.credentials == same.credentials != other.credentials
    assert one.login() == same.login() != other.login()
    assert one.url != same.url


@pytest.mark.claim("control.worlds.delete")
def test_deleted_world_is_gone_and_its_listeners_too(api: Api, make_world: Callable[..., World]) -> None:
    """Its name is free again."""
    world = make_world()
    nothing(api.ask("DELETE", f"/worlds/{world.name}"))
    assert world.name not in api.worlds()
    problem(world.get("/clock"), 404)
    problem(api.ask("DELETE", f"/worlds/{world.name}"), 404)
    with httpx.Client(trust_env=False) as http, pytest.raises(httpx.ConnectError):
        http.get(world.url)
    assert make_world(name=world.name).whoami() == 401


@pytest.mark.claim("control.worlds.main-stays")
def test_main_world_cannot_be_deleted(api: Api) -> None:
    """It can be reset."""
    assert "reset" in problem(api.ask("DELETE", "/worlds/main"), 409)
    assert "main" in api.worlds()


@pytest.mark.claim("control.worlds.taken")
def test_name_is_taken_once(api: Api, world: World) -> None:
    """And the world that has it stays as it is."""
    world.login()
    for name in (world.name, "main"):
        assert name in problem(api.ask("POST", "/worlds", {"name": name, "vendors": [VENDOR]}), 409)
    assert len(world.tokens()) == 2


@pytest.mark.claim("control.worlds.nothing-left")
@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": None}, "$.name"),
        ({"name": ""}, "$.name"),
        ({"name": ".."}, "$.name"),
        ({"name": "a/b"}, "$.name"),
        ({"name": "a\n"}, "name"),
        ({"name": "a" * 65}, "$.name"),
        ({"name": "\u00e4"}, "$.name"),
        ({"colour": "red"}, "colour"),
        ({"vendors": ["nobody"]}, "nobody"),
        ({"vendors": VENDOR}, "$.vendors"),
        ({"vendors": [1]}, "$.vendors"),
        ({"seed": -1}, "$.seed"),
        ({"seed": "7"}, "$.seed"),
        ({"start": "soon"}, "$.start"),
        ({"start": "1969-12-31T23:59:59Z"}, "1970"),
        ({"rate": -1}, "$.rate"),
        ({"profiles": {VENDOR: "modem"}}, "modem"),
        ({"profiles": {"nobody": "modern"}}, "nobody"),
        ({"settings": {VENDOR: {"minute_limt": 2}}}, "minute_limt"),
        ({"settings": {VENDOR: {"minute_limit": "many"}}}, "minute_limit"),
        ({"settings": {VENDOR: 1}}, "$.settings"),
        ({"settings": {"nobody": {}}}, "nobody"),
    ],
    ids=str,
)
def test_world_that_makes_no_sense_is_not_made(
    api: Api, new_name: Callable[[], str], changes: dict[str, Any], place: str
) -> None:
    """The detail names the place; neither a world nor a listener is left."""
    before = (api.worlds(), api.get("/health").content)
    body = {"name": new_name(), "vendors": [VENDOR], "start": START, "rate": 0, **changes}
    detail = problem(api.ask("POST", "/worlds", body), 400)
    assert place in detail, f"{detail!r} does not name {place}"
    assert (api.worlds(), api.get("/health").content) == before


@pytest.mark.claim("control.worlds.limit")
@pytest.mark.needs("exhaust")
def test_worlds_are_bounded(api: Api, make_world: Callable[..., World], new_name: Callable[[], str]) -> None:
    """At a hundred, the main one included; deleting one makes room."""
    made = [make_world() for _ in range(_MOST - len(api.worlds()))]
    assert str(_MOST) in problem(api.ask("POST", "/worlds", {"name": new_name()}), 409)
    nothing(api.ask("DELETE", f"/worlds/{made[0].name}"))
    assert make_world().whoami() == 401
