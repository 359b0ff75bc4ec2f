"""Stories that run by the wall, with a program of its own: the reference client, and one that says nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vendorlab.cli.performing import perform
from vendorlab.scenarios.core import story as stories
from vendorlab.scenarios.core.verdict import judge

PROGRAM = Path(__file__).parent / "clients" / "gateway_client.py"


def test_reference_client_as_a_program_passes() -> None:
    story = stories.find("address-change")
    evidence = perform(story, [sys.executable, str(PROGRAM)], None, 10, quiet=True)
    found = judge(story, evidence)
    found.assert_passed()
    assert evidence.end is not None
    assert evidence.end.reason == "over"


@pytest.mark.parametrize(("ends_by", "reason"), [("an exchange", "stalled"), ("the clock", "over")])
def test_silence_is_a_stall_only_where_the_program_has_to_bring_the_end_about(
    monkeypatch: pytest.MonkeyPatch, ends_by: str, reason: str
) -> None:
    story = stories.parse(TEXT[ends_by], "silent.yaml", "silent")
    monkeypatch.setattr("vendorlab.cli.performing.LOOK", 0.05)
    evidence = perform(story, ["sleep", "60"], None, 0.3, quiet=True)
    assert evidence.end is not None
    assert evidence.end.reason == reason


HEAD = """
title: x
vendor: x
hurts: x
good: x
program: x
vendors: [slv]
world: {start: 2026-11-02T06:00:00Z}
pace: {rate: 10}
rules: [noticed-lost-session]
"""
TEXT = {"an exchange": HEAD + "until: {operation: x}\n", "the clock": HEAD + "until: 10s\n"}
