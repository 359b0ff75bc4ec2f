"""The fault plan: what a rule may say, which exchanges it counts, and which of these it strikes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core import faults as faults_module
from vendorlab.mocks.core.actions import ContentType, Delay, Drip, Empty, Reset, Status, Truncate
from vendorlab.mocks.core.faults import FaultPlan
from vendorlab.mocks.core.rules import FaultError, Match, Rule, When, parse

EMPTY: dict[str, Any] = {"action": {"kind": "empty"}}


def rule(**parts: Any) -> dict[str, Any]:
    return EMPTY | parts


def strike(plan: FaultPlan, **changes: str) -> str | None:
    """The name of the rule that strikes one exchange."""
    exchange: dict[str, Any] = {
        "vendor": "scanalytics",
        "protocol": "http",
        "operation": "whoami",
        "method": "GET",
    } | changes
    principal = exchange.pop("principal", "ada@example.com")
    winner = plan.match(**exchange, principal=lambda: principal)
    return winner.name if winner else None


def struck(plan: FaultPlan, count: int) -> list[int]:
    """Which of so many exchanges are struck, counted from 1."""
    return [number for number in range(1, count + 1) if strike(plan) is not None]


# --- what a rule may say ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"kind": "status", "status": 503}, Status(status=503)),
        ({"kind": "delay", "seconds": 2}, Delay(seconds=2)),
        ({"kind": "drip", "chunk": 8, "interval": 0.5}, Drip(chunk=8, interval=0.5)),
        ({"kind": "drip"}, Drip(chunk=16, interval=0.1)),
        ({"kind": "truncate", "after": 100}, Truncate(after=100)),
        ({"kind": "reset"}, Reset(after=0)),
        ({"kind": "reset", "after": 7}, Reset(after=7)),
        ({"kind": "empty"}, Empty()),
        ({"kind": "content-type", "value": "text/html"}, ContentType(value="text/html")),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_every_action_is_read_from_its_json(action: dict[str, Any], expected: Any) -> None:
    assert parse({"action": action}).action == expected


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({}, "action"),
        ([], "object"),
        (None, "object"),
        (rule(colour="red"), "colour"),
        (rule(action={"kind": "explode"}), "$.action"),
        (rule(action={"kind": "status"}), "status"),
        (rule(action={"kind": "status", "status": 200}), "$.action.status"),
        (rule(action={"kind": "status", "status": 600}), "$.action.status"),
        (rule(action={"kind": "status", "status": "503"}), "$.action.status"),
        (rule(action={"kind": "status", "status": 503, "body": "x"}), "body"),
        (rule(action={"kind": "delay", "seconds": -1}), "$.action.seconds"),
        (rule(action={"kind": "delay", "seconds": 3_601}), "$.action.seconds"),
        (rule(action={"kind": "delay", "seconds": math.nan}), "$.action.seconds"),
        (rule(action={"kind": "delay", "seconds": math.inf}), "$.action.seconds"),
        (rule(action={"kind": "drip", "chunk": 0}), "$.action.chunk"),
        (rule(action={"kind": "truncate", "after": -1}), "$.action.after"),
        (rule(action={"kind": "content-type", "value": "a\r\nX-Evil: 1"}), "$.action.value"),
        (rule(action={"kind": "content-type", "value": "a\n"}), "$.action.value"),
        (rule(match={"path": "/v1"}), "path"),
        (rule(match={"vendor": 3}), "$.match.vendor"),
        (rule(when={"nth": 0}), "$.when.nth"),
        (rule(when={"nth": 1.5}), "$.when.nth"),
        (rule(when={"chance": 1.1}), "$.when.chance"),
        (rule(when={"chance": math.nan}), "$.when.chance"),
        (rule(when={"nth": 1, "every": 2}), "one of nth"),
        (rule(when={"first": 1, "chance": 0.5}), "one of nth"),
        (rule(when={"first": 5, "last": 2}), "`first` lies after `last`"),
        (rule(times=0), "$.times"),
        (rule(name="no spaces"), "$.name"),
        (rule(name="x" * 65), "$.name"),
        (rule(name="line\n"), "$.name"),
        (rule(phase="during"), "$.phase"),
        (rule(action={"kind": "delay", "seconds": 1}, phase="before"), "phase `before`"),
        (rule(action={"kind": "reset", "after": 1}, phase="before"), "phase `before`"),
    ],
    ids=lambda value: json.dumps(value) if not isinstance(value, str) else "",
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_place(document: Any, place: str) -> None:
    with pytest.raises(FaultError) as caught:
        FaultPlan(7).add(document)
    assert place in str(caught.value)


@pytest.mark.parametrize(
    "made_in_python",
    [
        Rule(action=Status(status=99)),
        Rule(action=Delay(seconds=1e9)),
        Rule(action=Empty(), name="no spaces"),
        Rule(action=Empty(), times=0),
        Rule(action=ContentType(value="a\r\nb")),
    ],
    ids=["status", "seconds", "name", "times", "value"],
)
def test_a_rule_made_in_python_is_held_to_the_same_bounds(made_in_python: Rule) -> None:
    with pytest.raises(FaultError):
        FaultPlan(7).add(made_in_python)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["action", "kind", "when", "match", "name", "nth", "status", "seconds", "x"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_read_or_refused(document: Any) -> None:
    try:
        parsed = parse(document)
    except FaultError:
        return
    assert isinstance(parsed, Rule)


@pytest.mark.parametrize(
    ("parts", "runs"),
    [
        ({"action": {"kind": "status", "status": 503}}, False),
        ({"action": {"kind": "status", "status": 503}, "phase": "after"}, True),
        ({"action": {"kind": "empty"}}, True),
        ({"action": {"kind": "empty"}, "phase": "before"}, False),
        ({"action": {"kind": "reset"}}, True),
        ({"action": {"kind": "reset"}, "phase": "before"}, False),
        ({"action": {"kind": "truncate", "after": 1}}, True),
    ],
    ids=json.dumps,
)
def test_phase_says_whether_the_handler_runs(parts: dict[str, Any], runs: bool) -> None:
    assert parse(parts).runs_handler is runs


# --- which exchanges are struck --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, list(range(1, 11))),
        ({"when": {}}, list(range(1, 11))),
        ({"when": {"nth": 3}}, [3]),
        ({"when": {"first": 2, "last": 5}}, [2, 3, 4, 5]),
        ({"when": {"first": 8}}, [8, 9, 10]),
        ({"when": {"last": 2}}, [1, 2]),
        ({"when": {"every": 4}}, [4, 8]),
        ({"when": {"chance": 0.0}}, []),
        ({"when": {"chance": 1.0}}, list(range(1, 11))),
        ({"times": 2}, [1, 2]),
        ({"when": {"every": 3}, "times": 1}, [3]),
        ({"when": {"nth": 3}, "times": 5}, [3]),
    ],
    ids=json.dumps,
)
def test_when_and_times_pick_exactly(parts: dict[str, Any], expected: list[int]) -> None:
    plan = FaultPlan(7)
    plan.add(rule(**parts))
    assert struck(plan, 10) == expected


def test_chance_is_drawn_from_the_seed_and_the_rules_name() -> None:
    def draws(seed: int, name: str) -> list[int]:
        plan = FaultPlan(seed)
        plan.add(rule(name=name, when={"chance": 0.5}))
        return struck(plan, 60)

    assert draws(7, "a") == draws(7, "a")
    assert len({tuple(draws(7, "a")), tuple(draws(8, "a")), tuple(draws(7, "b"))}) == 3


def test_chance_strikes_about_as_often_as_it_says() -> None:
    plan = FaultPlan(7)
    plan.add(rule(when={"chance": 0.25}))
    assert 430 < len(struck(plan, 2_000)) < 570


def test_chances_of_two_rules_do_not_disturb_each_other() -> None:
    alone, beside = FaultPlan(7), FaultPlan(7)
    for plan in (alone, beside):
        plan.add(rule(name="a", when={"chance": 0.5}))
    beside.add(rule(name="b", when={"chance": 0.5}))
    one = [strike(alone) == "a" for _ in range(50)]
    assert [strike(beside) == "a" for _ in range(50)] == one


@pytest.mark.parametrize(
    ("field", "wanted", "other"),
    [
        *((field, "wanted", "other") for field in ("vendor", "operation", "method", "principal")),
        ("protocol", "http", "coap"),
    ],
)
def test_only_matching_exchanges_count(field: str, wanted: str, other: str) -> None:
    plan = FaultPlan(7)
    plan.add(rule(match={field: wanted}, when={"nth": 2}))
    assert [strike(plan, **{field: value}) is not None for value in (other, wanted, other, wanted)] == [
        False,
        False,
        False,
        True,
    ]
    assert plan.rules()[0]["matched"] == 2


def test_the_principal_is_looked_for_only_when_a_rule_asks() -> None:
    def no_one() -> str:
        raise AssertionError("nobody asked")

    plan = FaultPlan(7)
    plan.add(rule(match={"operation": "token", "principal": "ada"}))
    plan.add(rule(match={"vendor": "scanalytics"}, when={"nth": 99}))
    assert plan.match(vendor="scanalytics", protocol="http", operation="x", method="GET", principal=no_one) is None


def test_the_first_rule_that_strikes_wins_and_the_others_only_count() -> None:
    plan = FaultPlan(7)
    plan.add(rule(name="second-only", when={"nth": 2}))
    plan.add(rule(name="always"))
    plan.add(rule(name="twice", times=2))
    assert [strike(plan) for _ in range(3)] == ["always", "second-only", "always"]
    assert [(one["name"], one["matched"], one["struck"]) for one in plan.rules()] == [
        ("second-only", 3, 1),
        ("always", 3, 2),
        ("twice", 3, 0),
    ]


# --- names and bounds ------------------------------------------------------------------------------------------------


def test_rules_without_a_name_get_one() -> None:
    plan = FaultPlan(7)
    assert [plan.add(EMPTY).name, plan.add(EMPTY).name] == ["fault-1", "fault-2"]


def test_a_made_name_avoids_those_that_were_chosen() -> None:
    plan = FaultPlan(7)
    plan.add(rule(name="fault-1"))
    assert plan.add(EMPTY).name == "fault-2"


def test_a_taken_name_is_refused_and_changes_nothing() -> None:
    plan = FaultPlan(7)
    plan.add(rule(name="mine"))
    with pytest.raises(FaultError, match="'mine'"):
        plan.add(rule(name="mine", times=1))
    assert len(plan.rules()) == 1


def test_remove_and_clear() -> None:
    plan = FaultPlan(7)
    plan.add(rule(name="mine"))
    plan.add(EMPTY)
    assert plan.remove("mine")
    assert not plan.remove("mine")
    assert [one["name"] for one in plan.rules()] == ["fault-1"]
    plan.clear()
    assert not plan
    assert plan.add(EMPTY).name == "fault-1"


def test_a_plan_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults_module, "MOST_RULES", 3)
    plan = FaultPlan(7)
    for _ in range(3):
        plan.add(EMPTY)
    with pytest.raises(FaultError, match="at most 3"):
        plan.add(EMPTY)


def test_rules_are_shown_as_they_came_with_their_counts() -> None:
    plan = FaultPlan(7)
    given_rule = {
        "name": "lost-refresh",
        "match": {"vendor": "scanalytics", "operation": "token"},
        "when": {"nth": 3},
        "times": 1,
        "action": {"kind": "status", "status": 503},
        "phase": "after",
    }
    plan.add(given_rule)
    assert plan.rules() == [given_rule | {"matched": 0, "struck": 0}]
    assert plan.add(Rule(action=Empty(), match=Match(vendor="x"), when=When(nth=1))).name == "fault-1"


# --- snapshots -------------------------------------------------------------------------------------------------------


def test_a_snapshot_through_json_goes_on_counting_and_drawing() -> None:
    plan, other = FaultPlan(7), FaultPlan(7)
    plan.add(rule(name="maybe", when={"chance": 0.5}))
    plan.add(rule(when={"every": 4}))
    plan.add(rule(times=30))
    struck(plan, 17)
    other.add(rule(name="gone"))
    other.restore(json.loads(json.dumps(plan.snapshot())))
    assert other.rules() == plan.rules()
    assert [strike(plan) for _ in range(40)] == [strike(other) for _ in range(40)]
    assert other.add(EMPTY).name == plan.add(EMPTY).name == "fault-3"


def test_reseed_forgets_the_rules_and_draws_anew() -> None:
    plan, fresh = FaultPlan(7), FaultPlan(8)
    plan.add(EMPTY)
    plan.reseed(8)
    assert plan.rules() == []
    for one in (plan, fresh):
        one.add(rule(name="a", when={"chance": 0.5}))
    assert struck(plan, 50) == struck(fresh, 50)
