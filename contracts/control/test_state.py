"""The whole state: looked at without secrets, returned to its start, carried off in a snapshot and taken up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.control.api import VENDOR, World, nothing, problem
from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write")]


def eventful(world: World) -> dict[str, str]:
    """Let much happen in a world; return its tokens."""
    text = world.login()
    world.add_fault(
        name="later", match={"operation": "whoami"}, when={"nth": 3}, action={"kind": "status", "status": 503}
    )
    world.whoami(text["access"])
    world.ask("POST", "/clock/advance", {"seconds": 3_600})
    return text


def looked_at(world: World) -> dict[str, Any]:
    """Return all that can be looked at but the journal."""
    state = expect.json_object(world.get("/state"))
    return {"clock": world.clock(), "faults": world.faults(), "tokens": world.tokens(), "state": state}


@pytest.mark.claim("control.state.vendors")
def test_state_is_there_of_all_vendors_and_of_each(world: World) -> None:
    """By name."""
    world.login()
    every = expect.json_object(world.get("/state"))
    assert list(every) == [VENDOR]
    assert expect.json_object(world.get(f"/state/{VENDOR}")) == every[VENDOR]


@pytest.mark.claim("control.state.reset")
def test_reset_returns_to_the_start(world: World) -> None:
    """Clock, chance, faults, journal and every vendor."""
    start = looked_at(world)
    first = eventful(world)
    assert looked_at(world) != start
    assert world.seed(world.ask("POST", "/reset", {})) == 0
    assert looked_at(world) == start
    assert world.entries() == []
    assert world.whoami(first["access"]) == 401
    assert [entry["seq"] for entry in world.entries()] == [1]
    world.ask("POST", "/reset")
    assert world.login() == first, "the same seed drew other tokens"


@pytest.mark.claim("control.state.seed")
@pytest.mark.parametrize(("method", "path"), [("POST", "/reset"), ("PUT", "/seed")])
def test_another_seed_is_another_estate(world: World, make_world: Callable[..., World], method: str, path: str) -> None:
    """The one that a world made with it has."""
    before = expect.json_object(world.get("/state"))
    assert world.seed(world.ask(method, path, {"seed": 2**63 - 1})) == 2**63 - 1
    after = expect.json_object(world.get("/state"))
    assert after != before
    assert after == expect.json_object(make_world(seed=2**63 - 1).get("/state"))
    assert world.seed(world.ask("POST", "/reset")) == 2**63 - 1, "a reset forgot the seed"


@pytest.mark.claim("control.snapshot.round-trip")
def test_snapshot_brings_everything_back(world: World) -> None:
    """Tokens that work, faults with their counts, timers that fire, and chance that goes on where it was."""
    text = eventful(world)
    then = looked_at(world)
    snapshot = expect.json_object(world.get("/snapshot"))
    drawn = world.login()
    world.ask("POST", "/reset", {"seed": 9})
    nothing(world.ask("PUT", "/snapshot", snapshot))
    assert looked_at(world) == then
    assert world.login() == drawn
    assert [world.whoami(text["access"]) for _ in range(2)] == [200, 503]
    world.ask("POST", "/clock/advance", {"seconds": 82_800})
    assert world.whoami(text["access"]) == 401


@pytest.mark.claim("control.snapshot.again")
def test_snapshot_of_a_restored_world_is_the_same(world: World) -> None:
    """Byte for byte, while its clock stands still."""
    eventful(world)
    first = world.get("/snapshot")
    nothing(world.ask("PUT", "/snapshot", expect.json_object(first)))
    assert world.get("/snapshot").content == first.content


@pytest.mark.claim("control.snapshot.other-world")
def test_snapshot_is_taken_up_in_another_world(world: World, make_world: Callable[..., World]) -> None:
    """Whatever its seed was; the first goes its own way."""
    text = eventful(world)
    other = make_world(seed=5)
    nothing(other.ask("PUT", "/snapshot", expect.json_object(world.get("/snapshot"))))
    assert looked_at(other) == looked_at(world)
    assert other.whoami(text["access"]) == 200
    other.changed("revoke", token=text["access"])
    nothing(other.ask("DELETE", "/faults"))
    assert (world.whoami(text["access"]), other.whoami(text["access"])) == (200, 401)


@pytest.mark.claim("control.snapshot.damaged")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ([], {}),
        ([], {"format": "vendorlab-snapshot"}),
        (["format"], "other"),
        (["version"], 99),
        (["version"], "1"),
        (["digest"], "0" * 64),
        (["content"], {}),
        (["content"], []),
        (["content", "seed"], 1),
        (["content", "vendors", VENDOR, "state"], {}),
    ],
    ids=str,
)
def test_snapshot_that_does_not_fit_is_refused(world: World, path: list[str], value: Any) -> None:
    """And the world stays as it was."""
    text = eventful(world)
    before = looked_at(world)
    damaged = swapped(expect.json_object(world.get("/snapshot")), path, value)
    problem(world.ask("PUT", "/snapshot", damaged), 409)
    assert looked_at(world) == before
    assert world.whoami(text["access"]) == 200


def swapped(snapshot: dict[str, Any], path: list[str], value: Any) -> Any:
    """Return a snapshot with one value changed, or another document altogether."""
    if not path:
        return value
    holder: Any = snapshot
    try:
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value
    except (KeyError, TypeError) as error:
        raise AssertionError(f"a snapshot has {' '.join(path)}: {error!r}") from error
    return snapshot


@pytest.mark.claim("control.snapshot.profile")
def test_snapshot_of_another_profile_is_refused(make_world: Callable[..., World]) -> None:
    """Its tokens may be of a form that this one does not know."""
    old, new = make_world(profiles={VENDOR: "legacy"}), make_world(profiles={VENDOR: "modern"})
    detail = problem(new.ask("PUT", "/snapshot", expect.json_object(old.get("/snapshot"))), 409)
    assert "legacy" in detail
    assert "modern" in detail
