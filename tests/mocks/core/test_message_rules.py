"""Rules for datagrams and packets: what fits together, what is counted by itself, and what is drawn."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core import faults as faults_module
from vendorlab.mocks.core.actions import (
    Corrupt,
    Cut,
    Drop,
    Duplicate,
    ForgetSession,
    HalfOpen,
    Refuse,
    Reorder,
    StaleRetained,
    Throttle,
)
from vendorlab.mocks.core.faults import FaultPlan
from vendorlab.mocks.core.rules import FaultError, Match, Rule, fraction, parse, topic_fits

DROP: dict[str, Any] = {"kind": "drop"}
ON = Literal["http", "coap", "mqtt", "udp"]


def strike(plan: FaultPlan, on: ON = "coap", /, **seen: str) -> str | None:
    """The name of the rule that strikes one message."""
    struck = plan.strike(on, lambda name: seen.get(name, ""))
    return struck.rule.name if struck else None


@pytest.mark.parametrize(
    ("action", "expected", "protocols"),
    [
        ({"kind": "drop"}, Drop(), "coap udp mqtt webhook"),
        ({"kind": "duplicate"}, Duplicate(count=1, gap=0), "coap udp mqtt webhook"),
        ({"kind": "duplicate", "count": 3, "gap": 0.5}, Duplicate(count=3, gap=0.5), "coap udp mqtt webhook"),
        ({"kind": "reorder"}, Reorder(behind=1, timeout=1), "coap udp webhook"),
        ({"kind": "corrupt", "offset": -1, "bit": 7}, Corrupt(offset=-1, bit=7), "coap udp mqtt"),
        ({"kind": "cut"}, Cut(), "mqtt"),
        ({"kind": "refuse"}, Refuse(code=0x87), "mqtt"),
        ({"kind": "forget-session"}, ForgetSession(), "mqtt"),
        ({"kind": "stale-retained"}, StaleRetained(), "mqtt"),
        ({"kind": "throttle", "rate": 100}, Throttle(rate=100), "mqtt"),
        ({"kind": "half-open"}, HalfOpen(), "mqtt"),
    ],
    ids=str,
)
def test_action_is_read_and_knows_where_it_fits(action: dict[str, Any], expected: Any, protocols: str) -> None:
    rule = parse({"action": action})
    assert rule.action == expected
    assert rule.protocols == set(protocols.split())


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (
            {"action": {"kind": "reorder"}, "match": {"protocol": "mqtt"}},
            "`reorder` goes with coap, udp and webhook, and this rule with mqtt",
        ),
        (
            {"action": DROP, "match": {"protocol": "webhook", "direction": "in"}},
            "this rule goes with webhook, and `direction` 'in' with",
        ),
        (
            {"action": {"kind": "corrupt"}, "match": {"protocol": "webhook"}},
            "`corrupt` goes with coap, mqtt and udp, and this rule with webhook",
        ),
        (
            {"action": DROP, "match": {"protocol": "http"}},
            "`drop` goes with coap, mqtt, udp and webhook, and this",
        ),
        (
            {"action": {"kind": "status", "status": 503}, "match": {"direction": "in"}},
            "`status` goes with http, and `direction` 'in' with coap, mqtt and udp",
        ),
        ({"action": {"kind": "cut"}, "match": {"type": "ACK"}}, "`cut` goes with mqtt, and type ACK with coap"),
        (
            {"action": DROP, "match": {"type": "ACK", "topic": "a"}},
            "type ACK goes with coap, and `topic` 'a' with mqtt",
        ),
        ({"action": DROP, "match": {"protocol": "udp", "code": "2.05"}}, "this rule goes with udp, and `code` '2.05'"),
        (
            {"action": DROP, "match": {"protocol": "mqtt"}, "when": {"per": "exchange"}},
            "this rule goes with mqtt, and `per` exchange with coap",
        ),
        ({"action": {"kind": "empty"}, "when": {"per": "peer"}}, "`empty` goes with http, and `per` peer with"),
        ({"action": DROP, "phase": "after"}, "phase goes with http and with `cut`"),
        (
            {"action": {"kind": "refuse"}, "match": {"type": "PINGREQ"}},
            "`refuse` answers CONNECT, PUBLISH and",
        ),
        ({"action": {"kind": "corrupt", "bit": 1, "byte": 1}}, "`bit` or `byte`"),
        ({"action": DROP, "match": {"protocol": "coop"}}, "$.match.protocol"),
        ({"action": DROP, "match": {"type": "ack"}}, "$.match.type"),
        ({"action": DROP, "match": {"direction": "up"}}, "$.match.direction"),
        ({"action": DROP, "match": {"code": "205"}}, "$.match.code"),
        ({"action": DROP, "match": {"code": "2.32"}}, "$.match.code"),
        ({"action": DROP, "match": {"topic": "a/#/b"}}, "`#` for all that follow"),
        ({"action": DROP, "match": {"topic": "a+"}}, "one whole level"),
        ({"action": DROP, "match": {"topic": ""}}, "one whole level"),
        ({"action": DROP, "when": {"per": "person"}}, "$.when.per"),
        ({"action": {"kind": "duplicate", "count": 101}}, "$.action.count"),
        ({"action": {"kind": "reorder", "behind": 0}}, "$.action.behind"),
        ({"action": {"kind": "corrupt", "bit": 8}}, "$.action.bit"),
        ({"action": {"kind": "refuse", "code": 0x7F}}, "$.action.code"),
        ({"action": {"kind": "throttle"}}, "rate"),
    ],
    ids=str,
)
def test_rule_that_could_never_strike_is_refused_when_it_is_added(document: dict[str, Any], says: str) -> None:
    plan = FaultPlan(7)
    with pytest.raises(FaultError, match=re.escape(says)):
        plan.add(document)
    assert not plan


def test_rule_made_in_python_is_refused_where_it_is_made() -> None:
    with pytest.raises(ValueError, match="`cut` goes with mqtt"):
        Rule(action=Cut(), match=Match(protocol="coap"))


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ({"action": DROP, "match": {"protocol": "udp"}}, "udp coap"),
        ({"action": DROP, "match": {"protocol": "coap"}}, "coap"),
        ({"action": DROP}, "udp coap mqtt"),
        ({"action": DROP, "match": {"type": "PUBLISH"}}, "mqtt"),
        ({"action": {"kind": "delay", "seconds": 1}}, "http udp coap mqtt"),
        ({"action": {"kind": "delay", "seconds": 1}, "match": {"method": "GET"}}, "http coap"),
    ],
    ids=str,
)
def test_plan_concerns_only_what_a_rule_may_strike(rule: dict[str, Any], asked: str) -> None:
    plan = FaultPlan(7)
    added = plan.add(rule)
    protocols: tuple[ON, ...] = ("http", "coap", "mqtt", "udp")
    assert {on for on in protocols if plan.concerns(on)} == set(asked.split())
    assert {on for on in protocols if strike(plan, on, type="PUBLISH", method="GET")} == set(asked.split())
    plan.remove(added.name)
    assert not any(plan.concerns(on) for on in protocols)


@pytest.mark.parametrize(
    ("match", "value", "other"),
    [
        ({"direction": "out"}, "out", "in"),
        ({"type": "ACK"}, "ACK", "CON"),
        ({"code": "2.05"}, "2.05", "0.01"),
        ({"device": "00135005"}, "00135005", ""),
        ({"session": "meter-7"}, "meter-7", "meter-8"),
        ({"peer": "127.0.0.1:9"}, "127.0.0.1:9", "127.0.0.1:10"),
        ({"principal": "ada"}, "ada", "bob"),
    ],
    ids=str,
)
def test_only_matching_messages_count(match: dict[str, Any], value: str, other: str) -> None:
    plan = FaultPlan(7)
    plan.add({"name": "one", "action": DROP, "match": match, "when": {"nth": 2}})
    (name,) = match
    assert [strike(plan, **{name: one}) for one in (other, value, other, value, value)] == [
        None,
        None,
        None,
        "one",
        None,
    ]
    assert (plan.rules()[0]["matched"], plan.rules()[0]["struck"]) == (3, 1)


# --- topics ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "topic", "fits"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/", True),
        ("+/+", "/x", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a", "A", False),
        ("a", "", False),
    ],
)
def test_topic_fits_as_mqtt_says(pattern: str, topic: str, fits: bool) -> None:
    assert topic_fits(pattern, topic) is fits


LEVELS = st.lists(st.sampled_from(["", "a", "b", "$c"]), min_size=1, max_size=4)


@given(LEVELS, st.data())
def test_topic_fits_as_a_regular_expression_does(levels: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from(["", "a", "b", "$c", "+"]), min_size=1, max_size=4))
    end = data.draw(st.booleans())
    source = "/".join("[^/]*" if level == "+" else re.escape(level) for level in wanted) + ("(/.*)?" if end else "")
    hidden = levels[0].startswith("$") and wanted[0] == "+"
    expected = re.fullmatch(source, "/".join(levels)) is not None and not hidden
    assert topic_fits("/".join(wanted) + ("/#" if end else ""), "/".join(levels)) is expected


# --- counted by itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("per", ["exchange", "session", "device", "peer"])
def test_each_is_counted_by_itself(per: str) -> None:
    plan = FaultPlan(7)
    plan.add({"name": "second", "action": DROP, "when": {"nth": 2, "per": per}})
    passing = ["a", "b", "a", "a", "b", "c", "", ""]
    assert [strike(plan, **{per: one}) is not None for one in passing] == [
        False, False, True, False, True, False, False, False,
    ]  # fmt: skip
    assert (plan.rules()[0]["matched"], plan.rules()[0]["struck"]) == (6, 2), "what belongs to none is not counted"


def test_times_counts_over_all_of_them() -> None:
    plan = FaultPlan(7)
    plan.add({"action": DROP, "when": {"nth": 1, "per": "peer"}, "times": 2})
    assert [strike(plan, peer=one) is not None for one in "abcd"] == [True, True, False, False]


def test_chance_of_one_peer_is_not_disturbed_by_another() -> None:
    def draws(*order: str) -> dict[str, list[bool]]:
        plan = FaultPlan(7)
        plan.add({"name": "maybe", "action": DROP, "when": {"chance": 0.5, "per": "peer"}})
        found: dict[str, list[bool]] = {"a": [], "b": []}
        for peer in order:
            found[peer].append(strike(plan, peer=peer) is not None)
        return found

    alternating, in_turn = draws(*"ab" * 40), draws("a", "b", *"a" * 39, *"b" * 39)
    assert alternating == in_turn
    assert alternating["a"] != alternating["b"]


def test_scopes_are_bounded_and_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults_module, "MOST_SCOPES", 3)
    plan = FaultPlan(7)
    plan.add({"action": DROP, "when": {"nth": 2, "per": "peer"}})
    assert [strike(plan, peer=one) is not None for one in "abcdadd"] == [False] * 5 + [True, False]
    assert len(plan.snapshot()["rules"][0]["scopes"]) == 3


def test_snapshot_through_json_goes_on_counting_each() -> None:
    plan, other = FaultPlan(7), FaultPlan(7)
    plan.add({"name": "third", "action": DROP, "when": {"nth": 3, "per": "exchange"}})
    plan.add({"name": "maybe", "action": DROP, "when": {"chance": 0.5, "per": "peer"}})
    passing = [{"exchange": one, "peer": other} for one in "abcab" for other in "xyz"]
    for seen in passing[:8]:
        strike(plan, **seen)
    other.restore(json.loads(json.dumps(plan.snapshot())))
    assert [strike(plan, **seen) for seen in passing] == [strike(other, **seen) for seen in passing]
    assert plan.snapshot() == other.snapshot()


# --- chance ----------------------------------------------------------------------------------------------------------


@given(st.text(), st.text())
def test_fraction_is_a_fraction_and_always_the_same(one: str, other: str) -> None:
    try:
        one.encode()
        other.encode()
    except UnicodeEncodeError:
        return
    assert 0 <= fraction(one) < 1
    assert (fraction(one) == fraction(other)) is (one == other)


def test_fractions_are_spread_evenly() -> None:
    drawn = [int(fraction(f"7/fault/x/{number}") * 10) for number in range(10_000)]
    assert all(900 < drawn.count(tenth) < 1_100 for tenth in range(10))
