"""Faults: added, listed, counted and removed; they strike as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.control.api import World, nothing, problem
from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write")]

_RULES: dict[str, dict[str, Any]] = {
    "status": {"action": {"kind": "status", "status": 503}},
    "delay": {"action": {"kind": "delay", "seconds": 2}},
    "drip": {"action": {"kind": "drip", "chunk": 8, "interval": 0.5}},
    "truncate": {"action": {"kind": "truncate", "after": 100}},
    "reset": {"action": {"kind": "reset", "after": 3}},
    "empty": {"action": {"kind": "empty"}},
    "content-type": {"action": {"kind": "content-type", "value": "text/html; charset=utf-8"}},
    "everything": {
        "name": "lost-refresh",
        "match": {"vendor": "scanalytics", "protocol": "http", "operation": "token", "method": "POST",
                  "principal": "ada@example.com"},
        "when": {"first": 2, "last": 5},
        "times": 1,
        "action": {"kind": "reset"},
        "phase": "after",
    },
}  # fmt: skip


@pytest.mark.claim("control.faults.add", "control.faults.kinds")
@pytest.mark.parametrize("rule", _RULES.values(), ids=_RULES.keys())
def test_rule_is_answered_with_its_name_and_listed(world: World, rule: dict[str, Any]) -> None:
    """The name is made where there is none."""
    response = world.ask("POST", "/faults", rule)
    body = expect.json_object(response, 201)
    expect.fields(response, body, {"name": str, "action": dict})
    assert body["name"] == rule.get("name", body["name"]) != ""
    assert body["action"].items() <= rule["action"].items(), "the action is another"
    (listed,) = world.faults()
    assert {**rule, "name": body["name"], "action": body["action"], "matched": 0, "struck": 0} == listed


@pytest.mark.claim("control.faults.strikes", "control.faults.counts")
def test_rule_strikes_exactly_where_it_says(world: World) -> None:
    """The second and no other; the counts and the journal tell."""
    name = world.add_fault(match={"operation": "whoami"}, when={"nth": 2}, action={"kind": "status", "status": 503})
    world.login()
    assert [world.whoami() for _ in range(3)] == [401, 503, 401]
    (rule,) = world.faults()
    assert (rule["matched"], rule["struck"]) == (3, 1)
    assert [(entry["operation"], entry["status"]) for entry in world.entries(fault=name)] == [("whoami", 503)]


@pytest.mark.claim("control.faults.strikes")
@pytest.mark.parametrize(
    ("when", "times", "statuses"),
    [
        ({}, None, [503, 503, 503, 503, 503]),
        ({}, 2, [503, 503, 401, 401, 401]),
        ({"every": 2}, None, [401, 503, 401, 503, 401]),
        ({"first": 2, "last": 3}, None, [401, 503, 503, 401, 401]),
        ({"first": 4}, None, [401, 401, 401, 503, 503]),
        ({"chance": 0}, None, [401, 401, 401, 401, 401]),
        ({"chance": 1}, None, [503, 503, 503, 503, 503]),
    ],
    ids=str,
)
def test_when_and_times_pick_among_the_matching(
    world: World, when: dict[str, Any], times: int | None, statuses: list[int]
) -> None:
    """By number, never by the clock of the wall."""
    rest = {} if times is None else {"times": times}
    world.add_fault(when=when, action={"kind": "status", "status": 503}, **rest)
    assert [world.whoami() for _ in statuses] == statuses


@pytest.mark.claim("control.faults.chance")
def test_chance_is_the_seeds(make_world: Callable[..., World]) -> None:
    """The same seed, rule and requests give the same faults."""
    drawn: list[list[int]] = []
    for seed in (7, 7, 8):
        world = make_world(seed=seed)
        world.add_fault(name="maybe", when={"chance": 0.5}, action={"kind": "status", "status": 503})
        drawn.append([world.whoami() for _ in range(32)])
    assert drawn[0] == drawn[1] != drawn[2]
    assert set(drawn[0]) == {401, 503}


@pytest.mark.claim("control.faults.taken")
def test_name_is_taken_once(world: World) -> None:
    """A second of the name conflicts, and the first stays."""
    world.add_fault(name="slow", action={"kind": "delay", "seconds": 1})
    detail = problem(world.ask("POST", "/faults", {"name": "slow", "action": {"kind": "empty"}}), 409)
    assert "slow" in detail
    assert [rule["action"]["kind"] for rule in world.faults()] == ["delay"]


@pytest.mark.claim("control.faults.remove")
def test_fault_is_removed_by_name(world: World) -> None:
    """Once."""
    world.add_fault(name="a", action={"kind": "empty"})
    world.add_fault(name="b", action={"kind": "empty"})
    nothing(world.ask("DELETE", "/faults/a"))
    assert [rule["name"] for rule in world.faults()] == ["b"]
    for name in ("a", "none", "%20"):
        problem(world.ask("DELETE", f"/faults/{name}"), 404)


@pytest.mark.claim("control.faults.clear")
def test_all_faults_are_removed_at_once(world: World) -> None:
    """None at all is fine, too."""
    world.add_fault(action={"kind": "status", "status": 503})
    for _ in range(2):
        nothing(world.ask("DELETE", "/faults"))
    assert world.faults() == []
    assert world.whoami() == 401


@pytest.mark.claim("control.worlds.apart")
def test_faults_of_two_worlds_are_two(make_world: Callable[..., World]) -> None:
    """One may fail while the other does not."""
    one, other = make_world(), make_world()
    one.add_fault(action={"kind": "status", "status": 503})
    assert (one.whoami(), other.whoami()) == (503, 401)
    assert other.faults() == []
