"""The timeline happens exactly when it says, and what happened is written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.scenarios.support import BENCH, Raw, bench

import vendorlab
from vendorlab.play import PlayableStory, check
from vendorlab.scenarios.core.errors import EvidenceError, ScenarioError
from vendorlab.scenarios.core.evidence import load
from vendorlab.scenarios.core.report import text
from vendorlab.scenarios.core.story import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.play import StoryLab
    from vendorlab.scenarios.core.evidence import Evidence

START = datetime(2026, 11, 2, 6, tzinfo=UTC)


def played(act: Callable[[StoryLab], object], pace: str = "", until: str = "30d", **world: str) -> Evidence:
    """Play a timeline and give what was written down."""
    story = bench("no-secret-in-url", until=until, **world)
    if pace:
        text = f"pace: {pace}\n"
        given = {"vendors": "scanalytics", "settings": "", "timeline": "", "start": "2026-11-02T06:00:00Z"} | world
        story = parse(BENCH.format(**given, until=until, rule="no-secret-in-url") + text, "bench.yaml", "bench")
    check(story)
    with PlayableStory(story).play() as lab:
        act(lab)
        return lab.verdict.evidence


def sleeps(lab: StoryLab) -> None:
    lab.sleep(3 * 3_600)


def asks(*pauses: float) -> Callable[[StoryLab], object]:
    def act(lab: StoryLab) -> None:
        raw = Raw(lab)
        for pause in pauses:
            raw.get("nobody")
            lab.sleep(pause)

    return act


def test_entry_happens_at_its_time_in_the_middle_of_a_sleep() -> None:
    found = played(sleeps, timeline="{at: 1h30m, fault: {name: a, action: {kind: empty}}}, {at: 2h, clear: a}")
    assert [(move.at - START, move.action) for move in found.moves] == [
        (timedelta(hours=1, minutes=30), "fault"),
        (timedelta(hours=2), "clear"),
    ]


def test_entry_after_an_exchange_happens_before_the_next() -> None:
    found = played(
        asks(0, 0, 0, 0),
        timeline="{after: {operation: whoami, count: 2}, fault: {times: 1, action: {kind: status, status: 503}}}",
    )
    assert [one.status for one in found.exchanges] == [401, 401, 503, 401]
    assert [move.after for move in found.moves] == [2]


def test_later_waits_after_the_exchange() -> None:
    found = played(
        asks(60, 60, 60, 60),
        timeline="{after: {status: 401, count: 2}, later: 90s, fault: {times: 1, action: {kind: status, status: 503}}}",
    )
    assert [one.status for one in found.exchanges] == [401, 401, 401, 503]
    assert found.moves[0].at - START == timedelta(seconds=150)


def test_jump_in_the_middle_of_a_sleep_makes_it_longer_and_fires_all_in_order() -> None:
    found = played(
        sleeps,
        timeline="{at: 1h, clock: {jump: 10h}}, {at: 2h, fault: {name: a, action: {kind: empty}}}, {at: 12h, clear: a}",
    )
    assert [(move.at - START) // timedelta(hours=1) for move in found.moves] == [1, 2, 12]
    assert found.end is not None
    assert found.end.at - START == timedelta(hours=13)


def test_tokens_end_when_the_story_says_so() -> None:
    def act(lab: StoryLab) -> None:
        raw = Raw(lab)
        token = raw.login()["access_token"]
        for _ in range(2):
            raw.get(token)
            lab.sleep(60)

    for change, cause in (("expire", "expired-token"), ("revoke", "invalid-token")):
        found = played(act, timeline=f"{{at: 30s, tokens: {{vendor: scanalytics, change: {change}, kind: access}}}}")
        assert [one.cause for one in found.exchanges] == ["ok", "ok", cause]


def test_devices_do_what_the_story_says() -> None:
    entry = "{at: 1m, event: {vendor: slv, kind: failure, controller: LP-001, device: L00001, hours: 6}}"

    def act(lab: StoryLab) -> None:
        lab.sleep(120)
        with lab.slv.client() as client:
            (alarm,) = client.call("alarm", "getAlarms", {"active": "true"})
        assert alarm["valueName"] == "LampFailure"

    assert played(act, vendors="slv", timeline=entry).moves[0].action == "event"


def test_each_exchange_takes_time_where_the_pace_says_so() -> None:
    def act(lab: StoryLab) -> None:
        raw = Raw(lab)
        raw.login()
        for _ in range(3):
            raw.get("nobody")

    found = played(act, pace="{each: 1h, of: {operation: whoami}}")
    assert [(one.at - START) // timedelta(hours=1) for one in found.exchanges] == [0, 0, 1, 2]


def test_story_ends_after_an_exchange_and_what_comes_later_does_not_count() -> None:
    found = played(asks(0, 0, 0), until="{operation: whoami, count: 2}")
    assert len(found.exchanges) == 2
    assert found.end is not None
    assert (found.end.reason, found.end.after) == ("over", 2)


def test_story_ends_at_its_time_and_what_comes_later_does_not_count() -> None:
    found = played(asks(50, 50, 50), until="90s")
    assert len(found.exchanges) == 2
    assert found.end is not None
    assert found.end.at - START == timedelta(seconds=90)


def test_program_that_leaves_early_is_said_to_have_ended_and_what_is_left_is_counted() -> None:
    found = played(asks(1), timeline="{at: 1h, clear: faults}")
    assert found.end is not None
    assert (found.end.reason, found.end.left) == ("ended", 1)


def test_evidence_is_read_back_as_it_was_written() -> None:
    found = played(asks(60, 60), timeline="{at: 30s, say: away, fault: {action: {kind: status, status: 503}}}")
    assert load(found.dump().splitlines(), "kept") == found
    assert [line.split(b'"')[1] for line in found.lines()] == [b"start", b"exchange", b"move", b"exchange", b"end"]


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"nonsense", b'{"start": {}}', b'{"other": 1}', b"[]", b'{"end": 1, "x": 2}']
)
def test_what_is_no_kept_journal_is_refused(text: bytes) -> None:
    with pytest.raises(EvidenceError, match="kept"):
        load([text], "kept")


def test_journal_is_the_same_each_time() -> None:
    def performance() -> bytes:
        with vendorlab.story("refresh-lost").play() as lab, lab.scanalytics.client() as client:
            while not lab.over:
                client.whoami()
                lab.sleep(3_600)
            return lab.verdict.evidence.dump()

    assert len({performance() for _ in range(5)}) == 1


def test_another_seed_makes_another_journal() -> None:
    def performance(seed: int) -> bytes:
        with vendorlab.story("expired-token").play(seed=seed) as lab:
            Raw(lab).login()
            return lab.verdict.evidence.dump()

    assert performance(1) != performance(2)


def test_story_with_a_restart_is_not_for_a_test() -> None:
    with (
        pytest.raises(ScenarioError, match="vendorlab run kill-in-mid-refresh"),
        vendorlab.story("kill-in-mid-refresh").play(),
    ):
        pass


def test_broken_rule_fails_the_assertion_and_shows_the_exchanges() -> None:
    with vendorlab.story("expired-token").play() as lab:
        raw = Raw(lab)
        raw.login()
        raw.login()
        with pytest.raises(AssertionError, match=r"(?s)BROKEN +renewed-once.*#2 .*POST /o/token/.*what to do"):
            lab.verdict.assert_passed()


def test_event_names_a_device_by_number_whatever_the_seed() -> None:
    entry = '{at: 1m, event: {vendor: itron, kind: reboot, device: "#2"}}'
    story = bench("no-secret-in-url", vendors="itron", timeline=entry)
    check(story)
    for seed in (0, 3):
        with PlayableStory(story).play(seed) as lab:
            second = lab.vendor("itron-coap").credentials["devices"][1]
            lab.sleep(60)
            (move,) = lab.verdict.evidence.moves
        assert move.what == {"vendor": "itron", "kind": "reboot", "device": second}


def test_client_of_a_lab_lives_at_the_rate_of_its_story() -> None:
    text = BENCH.format(
        vendors="scanalytics, itron",
        settings="",
        timeline="",
        start="2026-11-02T06:00:00Z",
        until="30d",
        rule="no-secret-in-url",
    )
    story = parse(text + "pace: {rate: 100000}\n", "bench.yaml", "bench")
    with PlayableStory(story).play() as lab:
        handle = lab.scanalytics
        with handle.client() as client:
            client.whoami()
            lab.clock.advance(90_000)
            client.whoami()  # by the world's clock the token is over, and is renewed before it is refused
        assert not lab.journal.find(status=401)


def test_what_a_story_meant_to_do_and_never_did_is_noted() -> None:
    timeline = (
        "{at: 1h, fault: {name: idle, match: {operation: whoam}, action: {kind: empty}}}, "
        "{after: {operation: nothing}, clear: faults}"
    )
    with PlayableStory(bench("no-secret-in-url", timeline=timeline)).play() as lab:
        asks(7_200, 7_200)(lab)
        assert lab.verdict.notes == (
            "the fault idle struck nothing",
            "1 of the timeline's entries never came to pass",
            "nobody asked for 'nothing', which the story names; there are: whoami",
            "scanalytics answered 401 to everything",
        )
        assert "note: the fault idle struck nothing" in text(lab.verdict)


def test_story_in_which_all_came_to_pass_has_no_notes() -> None:
    timeline = "{at: 1h, fault: {name: away, match: {operation: whoami}, action: {kind: status, status: 503}}}"
    with PlayableStory(bench("no-secret-in-url", timeline=timeline)).play() as lab:
        asks(7_200, 7_200)(lab)
        assert lab.verdict.notes == ()


AGAIN = "fault: {name: again, match: {operation: none}, action: {kind: empty}}"


@pytest.mark.parametrize(
    ("timeline", "told"),
    [
        ("{at: 1h, event: {vendor: scanalytics, kind: delivery}}", "event of 11-02 07:00:00 could not be: nothing is"),
        (f"{{at: 1h, {AGAIN}}}, {{at: 2h, {AGAIN}}}", "fault of 11-02 08:00:00 could not be: a fault named 'again'"),
    ],
)  # fmt: skip
def test_what_cannot_happen_is_the_storys_trouble_and_not_the_programs(timeline: str, told: str) -> None:
    """It asked at that moment."""
    with PlayableStory(bench("no-secret-in-url", timeline=timeline)).play() as lab:
        asks(5_400, 5_400)(lab)
        (trouble,) = lab.verdict.troubles
        assert told in trouble
        assert not lab.verdict.passed
        assert load(lab.verdict.evidence.lines(), "kept").moves == lab.verdict.evidence.moves


def test_operation_that_nobody_asked_for_is_told_with_the_nearest() -> None:
    with PlayableStory(bench("cadence-kept: {operation: whoamy, every: 1h}")).play() as lab:
        asks(5_400, 5_400)(lab)
        assert "nobody asked for 'whoamy', which the story names; did you mean \"whoami\"?" in lab.verdict.notes


@pytest.mark.parametrize(
    ("timeline", "last"),
    [
        ("", 429),
        ("{at: 5s, clear: limits}", 200),
        ("{at: 5s, clear: {limits: scanalytics}}", 200),
        ("{at: 5s, clear: {limits: inode}}", 429),
    ],
)
def test_limits_are_counted_anew_once_they_were_cleared(timeline: str, last: int) -> None:
    def act(lab: StoryLab) -> None:
        raw = Raw(lab)
        token = raw.login()["access_token"]
        for _ in range(3):
            raw.get(token)
        lab.sleep(10)
        raw.get(token)

    found = played(act, vendors="scanalytics, inode", settings="scanalytics: {minute_limit: 2}", timeline=timeline)
    assert [one.status for one in found.exchanges][-2:] == [429, last]
