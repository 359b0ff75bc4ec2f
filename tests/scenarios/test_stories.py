"""Every story that comes with vendorlab makes sense, has its page, and lets our reference clients pass."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.scenarios.programs import PROGRAMS

import vendorlab
from vendorlab.scenarios.core import story as stories
from vendorlab.scenarios.core.pages import index, page
from vendorlab.scenarios.core.rules import RULES

PAGES = Path(__file__).parents[2] / "docs" / "stories"
NEED_A_PROCESS = {"kill-in-mid-refresh"}  # tests/scenarios/test_run.py plays it


BY_THE_WALL = [
    ["gateway-outage", "coap-session-ends", "broker-forgets", "token-ends-between-connections"],
    ["webhook-twice-and-late", "broker-failover", "half-open"],
]
"""Stories that run as the wall does, idle for most of it, are played side by side. Those that run faster are not: what
takes a moment of the wall is minutes there."""


def passes(name: str) -> None:
    with vendorlab.story(name).play() as lab:
        PROGRAMS[name](lab)
        lab.verdict.assert_passed()
        assert [one.rule.name for one in lab.verdict.judged if one.wanted and one.status != "passed"] == []
        assert lab.verdict.notes == (), "what the story meant to do did not come to pass"


@pytest.mark.parametrize("name", sorted(set(PROGRAMS).difference(*BY_THE_WALL)))
def test_reference_client_passes(name: str) -> None:
    passes(name)


@pytest.mark.parametrize("names", BY_THE_WALL, ids=" ".join)
def test_reference_client_passes_by_the_wall(names: list[str]) -> None:
    with ThreadPoolExecutor(len(names)) as pool:
        played = {name: pool.submit(passes, name) for name in names}
    assert {name: str(one.exception()) for name, one in played.items() if one.exception()} == {}


def test_stories_that_need_a_process_are_those_that_restart_it() -> None:
    assert {name for name in stories.names() if stories.find(name).needs_program} == NEED_A_PROCESS
    assert set(PROGRAMS) == set(stories.names()) - NEED_A_PROCESS


def test_there_is_a_page_for_each_story_and_it_says_what_the_story_says() -> None:
    written = {path.stem: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    due = {name: page(stories.find(name)) for name in stories.names()}
    due["README"] = index([stories.find(name) for name in stories.names()])
    assert written == due, "write them anew: python -m tests.docs.story_pages"


def test_each_rule_is_what_some_story_is_about_or_always_judged() -> None:
    named = {rule.name for name in stories.names() for rule, _ in stories.find(name).rules}
    assert named | {rule.name for rule in RULES.values() if rule.always} == set(RULES)
