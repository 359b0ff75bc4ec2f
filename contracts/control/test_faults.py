"""Faults: added, listed, counted and removed; they strike as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.control.api import VENDOR, World, nothing, problem
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
    "drop": {"action": {"kind": "drop"}},
    "duplicate": {"action": {"kind": "duplicate", "count": 2, "gap": 0.5}},
    "reorder": {"action": {"kind": "reorder", "behind": 2, "timeout": 5}},
    "corrupt": {"action": {"kind": "corrupt", "offset": -1, "bit": 7}},
    "corrupt-byte": {"action": {"kind": "corrupt", "offset": 0, "byte": 255}},
    "corrupt-seeded": {"action": {"kind": "corrupt"}},
    "cut": {"action": {"kind": "cut", "reset": True}, "phase": "before"},
    "refuse": {"action": {"kind": "refuse", "code": 151}, "match": {"type": "SUBSCRIBE", "topic": "+/alert/#"}},
    "forget-session": {"action": {"kind": "forget-session"}, "match": {"session": "meter-7"}},
    "stale-retained": {"action": {"kind": "stale-retained"}},
    "throttle": {"action": {"kind": "throttle", "rate": 100}},
    "half-open": {"action": {"kind": "half-open"}},
}  # fmt: skip
_MESSAGES: dict[str, dict[str, Any]] = {
    "udp": {"match": {"protocol": "udp", "direction": "in", "peer": "127.0.0.1:5683"},
            "when": {"nth": 2, "per": "peer"}},
    "coap": {"match": {"protocol": "coap", "type": "ACK", "code": "2.05", "device": "00135005001a2b3c"},
             "when": {"nth": 2, "per": "exchange"}},
    "coap-request": {"match": {"type": "CON", "method": "GET"}, "when": {"every": 3, "per": "device"}},
    "mqtt": {"match": {"type": "PUBLISH", "direction": "out", "topic": "+/alert/#", "session": "meter-7"},
             "when": {"chance": 0.5, "per": "session"}},
    "webhook": {"match": {"protocol": "webhook", "direction": "out", "operation": "delivery", "device": "8e7d"},
                "when": {"nth": 1, "per": "exchange"}},
}  # fmt: skip
_MISFITS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"action": {"kind": "reorder"}, "match": {"protocol": "mqtt"}}, ("reorder", "coap", "mqtt")),
    ({"action": {"kind": "drop"}, "match": {"protocol": "http"}}, ("drop", "udp", "http")),
    ({"action": {"kind": "status", "status": 503}, "match": {"direction": "in"}}, ("status", "http", "direction")),
    ({"action": {"kind": "cut"}, "match": {"type": "ACK"}}, ("cut", "mqtt", "ACK")),
    ({"action": {"kind": "drop"}, "match": {"code": "2.05", "topic": "a"}}, ("2.05", "coap", "topic", "mqtt")),
    ({"action": {"kind": "drop"}, "match": {"protocol": "mqtt"}, "when": {"per": "exchange"}}, ("exchange", "coap")),
    (
        {"action": {"kind": "drop"}, "match": {"protocol": "webhook", "direction": "in"}},
        ("webhook", "direction", "coap"),
    ),
    ({"action": {"kind": "corrupt"}, "match": {"protocol": "webhook"}}, ("corrupt", "coap", "webhook")),
    ({"action": {"kind": "drop"}, "phase": "after"}, ("phase", "drop")),
]


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


@pytest.mark.claim("control.faults.messages")
@pytest.mark.parametrize("parts", _MESSAGES.values(), ids=_MESSAGES.keys())
def test_rule_for_messages_is_listed_as_it_came(world: World, parts: dict[str, Any]) -> None:
    """No part of it is lost or changed."""
    rule = {"name": "one", **parts, "action": {"kind": "drop"}}
    world.add_fault(**rule)
    assert world.faults() == [{**rule, "matched": 0, "struck": 0}]


@pytest.mark.claim("control.faults.misfit")
@pytest.mark.parametrize(("rule", "told"), _MISFITS, ids=str)
def test_rule_that_fits_no_protocol_is_refused(world: World, rule: dict[str, Any], told: tuple[str, ...]) -> None:
    """When it is added, rather than never striking."""
    detail = problem(world.ask("POST", "/faults", rule), 400)
    assert [word for word in told if word not in detail] == [], f"{detail!r} does not say it"
    assert world.faults() == []


@pytest.mark.claim("control.faults.nobody")
@pytest.mark.parametrize("vendor", ["nobody", "Scanalytics", "slv"])
def test_rule_for_a_vendor_that_is_not_there_is_refused(world: World, vendor: str) -> None:
    """It would never strike, and whoever waits for that would wait long."""
    rule = {"match": {"vendor": vendor}, "action": {"kind": "empty"}}
    detail = problem(world.ask("POST", "/faults", rule), 400)
    assert f"there are: {VENDOR}" in detail, f"{detail!r} does not say which vendors there are"
    assert world.faults() == []


@pytest.mark.claim("control.faults.own-protocol")
def test_rule_for_messages_counts_no_http_exchange(world: World) -> None:
    """One that fits HTTP, too, does."""
    world.add_fault(name="messages", action={"kind": "drop"})
    world.add_fault(name="datagrams", match={"protocol": "udp"}, action={"kind": "delay", "seconds": 0})
    world.add_fault(name="any", action={"kind": "delay", "seconds": 0})
    assert [world.whoami(), world.whoami()] == [401, 401]
    assert [(rule["name"], rule["matched"]) for rule in world.faults()] == [
        ("messages", 0),
        ("datagrams", 0),
        ("any", 2),
    ]


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
