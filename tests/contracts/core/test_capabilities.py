"""Capabilities: what a run may do, by default and when told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.capabilities import CAPABILITIES, GRANTABLE, granted, parse_allow, refusal
from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.target import Target

HERE = Target("scanalytics", "http://127.0.0.1:7071")
AWAY = Target("scanalytics", "https://query.example.com")


def test_target_on_this_machine_allows_all_but_waiting() -> None:
    assert granted(HERE, (), clock=False) == {"write", "exhaust", "spend"}


def test_target_elsewhere_allows_nothing_but_reading() -> None:
    assert granted(AWAY, (), clock=False) == set()


def test_control_api_gives_the_clock() -> None:
    assert granted(AWAY, (), clock=True) == {"clock"}


def test_allow_adds_to_the_default() -> None:
    assert granted(HERE, ("wait",), clock=False) == {"write", "exhaust", "spend", "wait"}
    assert granted(AWAY, ("spend",), clock=False) == {"spend"}


def test_none_takes_the_default_away() -> None:
    assert granted(HERE, ("none",), clock=False) == set()
    assert granted(HERE, ("none", "spend"), clock=False) == {"spend"}


def test_all_allows_what_can_be_allowed() -> None:
    assert granted(AWAY, ("all",), clock=False) == set(GRANTABLE)


def test_credentials_give_the_capabilities_that_stand_on_them() -> None:
    target = Target("scanalytics", AWAY.url, {"second_username": "bob", "second_password": "pw"})
    assert granted(target, (), clock=False) == {"second-user"}
    assert granted(Target("scanalytics", AWAY.url, {"second_username": "bob"}), (), clock=False) == set()


def test_allow_reads_commas_and_repetitions() -> None:
    assert parse_allow(["write, wait", "spend", ""]) == {"write", "wait", "spend"}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("teleport", "unknown capability 'teleport'; there are write, exhaust, spend, wait"),
        ("clock", "VENDORLAB_CONTROL_URL"),
        ("second-user", "SECOND_USERNAME, SECOND_PASSWORD"),
    ],
)
def test_allow_refuses_what_no_option_can_give(word: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_allow([word])


@given(st.lists(st.text()))
def test_allow_is_understood_or_refused(values: list[str]) -> None:
    try:
        words = parse_allow(values)
    except UsageError:
        return
    assert words <= {"all", "none", *GRANTABLE}


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_refusal_names_capability_and_remedy(capability: str) -> None:
    reason = refusal(capability, AWAY)
    assert reason.startswith(f"needs {capability} (")
    assert "VENDORLAB_" in reason or "--vendorlab-allow" in reason
