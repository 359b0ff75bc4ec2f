"""What the operations do to a world: all of it or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.mocks.core.control.desk import Desk, detail

from vendorlab.mocks.core.control.handlers import MOST_FIRED_LISTED
from vendorlab.mocks.core.snapshots import FORMAT, VERSION, digest


@pytest.mark.parametrize("now", ["1969-12-31T23:59:59Z", "9999-12-31T23:59:59.5Z", "0001-01-01T00:00:00+23:59"])
def test_half_of_a_refused_clock_change_is_not_done(desk: Desk, now: str) -> None:
    before = desk.read("/clock")
    assert "1970 to 9999" in detail(desk.ask("PUT", "/clock", {"rate": 5, "frozen": False, "now": now}), 400)
    assert desk.read("/clock") == before


def test_advance_lists_so_many_timers_and_counts_the_rest(desk: Desk) -> None:
    clock = desk.main.clock
    clock.on("tick", lambda _detail: None)
    for number in range(MOST_FIRED_LISTED + 3):
        clock.call_at(clock.micros() + number, "tick", {"number": number})
    body = json.loads(desk.ask("POST", "/clock/advance", {"seconds": 1}).body)
    assert [row["detail"]["number"] for row in body["fired"]] == list(range(MOST_FIRED_LISTED))
    assert (body["more"], body["timers"]) == (3, 0)


def test_fault_that_is_refused_is_not_added(desk: Desk) -> None:
    desk.ask("POST", "/faults", {"name": "slow", "action": {"kind": "delay", "seconds": 1}})
    assert "slow" in detail(desk.ask("POST", "/faults", {"name": "slow", "action": {"kind": "empty"}}), 409)
    detail(desk.ask("POST", "/faults", {"action": {"kind": "empty"}, "when": {"nth": 10**30}}), 400)
    assert [rule["name"] for rule in desk.read("/faults")] == ["slow"]


def test_plan_that_is_full_conflicts(desk: Desk) -> None:
    for _ in range(1_000):
        assert desk.ask("POST", "/faults", {"action": {"kind": "empty"}}).status == 201
    assert "1000" in detail(desk.ask("POST", "/faults", {"action": {"kind": "empty"}}), 409)


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_token_goes_by_text_fingerprint_or_user(desk: Desk) -> None:
    for which in ("token", "id", "user"):
        desk.ask("POST", "/reset")
        text = desk.login()
        access, refresh = desk.read("/tokens")
        names = {"token": text["access"], "id": access["id"], "user": access["user"]}
        body = {"vendor": "scanalytics", which: names[which]}
        assert json.loads(desk.ask("POST", "/tokens/expire", body).body) == {"changed": 1}
        assert json.loads(desk.ask("POST", "/tokens/expire", body).body) == {"changed": 0}
        assert [row["state"] for row in desk.read("/tokens")] == ["expired", "live"]
        assert refresh["expires"] is None


@pytest.mark.parametrize("verb", ["revoke", "expire"])
@pytest.mark.parametrize("which", [{"token": "no-such-text"}, {"id": "#00000000"}, {"token": ""}])
def test_token_that_is_not_there_is_not_found(desk: Desk, verb: str, which: dict[str, str]) -> None:
    desk.login()
    said = detail(desk.ask("POST", f"/tokens/{verb}", {"vendor": "scanalytics", **which}), 404)
    assert said == "there is no such token at scanalytics; GET /tokens lists those that there are"


def test_vendor_without_oauth_has_no_tokens(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(desk.main.vendor("scanalytics")), "tokens", None)
    assert desk.read("/tokens") == []
    body = {"vendor": "scanalytics", "user": "ada@example.com"}
    assert "issues no tokens" in detail(desk.ask("POST", "/tokens/revoke", body), 404)


# --- snapshots -------------------------------------------------------------------------------------------------------


def signed(content: Any) -> dict[str, Any]:
    """A snapshot made by hand: anybody can make a digest."""
    return {"format": FORMAT, "version": VERSION, "digest": digest(content), "content": content}


WHOLE: dict[str, Any] = {"seed": 1, "clock": {}, "ids": {}, "faults": {}, "vendors": {}}
STILL = {"now": 0, "rate": 1, "frozen": True, "timers": list[Any]()}
BY_HAND: list[dict[str, Any]] = [
    {},
    {**WHOLE, "seed": "1"},
    {**WHOLE, "vendors": 3},
    {**WHOLE, "vendors": {"scanalytics": 3}},
    {**WHOLE, "vendors": {"scanalytics": {}}},
    {**WHOLE, "vendors": {"scanalytics": {"profile": "legacy", "state": 3}}},
    {**WHOLE, "vendors": {"scanalytics": {"profile": "legacy", "state": {}}}},
    {**WHOLE, "vendors": {"nobody": {"profile": "legacy", "state": {}}}},
    WHOLE,
    {**WHOLE, "clock": {**STILL, "now": -1}},
    {**WHOLE, "clock": {**STILL, "timers": [{"due": 1, "name": "none", "detail": {}}]}},
    {**WHOLE, "clock": STILL, "faults": {"rules": [{}], "made": 0}},
    {**WHOLE, "clock": STILL, "faults": {"rules": [], "made": 0}, "ids": {"a": [3, [1], None]}},
]


@pytest.mark.parametrize("content", BY_HAND, ids=str)
def test_snapshot_made_by_hand_is_refused_and_changes_nothing(desk: Desk, content: Any) -> None:
    desk.login()
    desk.ask("POST", "/faults", {"name": "slow", "action": {"kind": "delay", "seconds": 1}})
    before = desk.ask("GET", "/snapshot").body
    detail(desk.ask("PUT", "/snapshot", signed(content)), 409)
    assert desk.ask("GET", "/snapshot").body == before


def test_snapshot_of_a_later_version_is_told_from_a_damaged_one(desk: Desk) -> None:
    document = desk.read("/snapshot") | {"version": 2}
    assert "version 2" in detail(desk.ask("PUT", "/snapshot", document), 409)
    document = desk.read("/snapshot") | {"digest": "0"}
    assert "damaged" in detail(desk.ask("PUT", "/snapshot", document), 409)
