"""DRF's sliding log: what was measured (dossier, 3.7), and an obvious model beside it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vendorlab.mocks.core import throttle as throttle_module
from vendorlab.mocks.core.clock import SECOND
from vendorlab.mocks.core.throttle import Rate, Throttle

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUTE, HOUR = Rate(180, 60), Rate(1_200, 3_600)
NOW = 1_795_237_200 * SECOND


def both(*, consult_all: bool) -> Throttle:
    return Throttle((MINUTE, HOUR), consult_all=consult_all)


class Model:
    """The same by plain lists: every accepted time is kept, and the window is looked at anew each time."""

    def __init__(self, rates: Sequence[Rate], *, consult_all: bool) -> None:
        self.rates = rates
        self.consult_all = consult_all
        self.logs: dict[str, list[list[int]]] = {}

    def hit(self, identity: str, now: int) -> int | None:
        logs = self.logs.setdefault(identity, [[] for _ in self.rates])
        waits: list[int] = []
        for rate, log in zip(self.rates, logs, strict=True):
            young = [at for at in log if now - at < rate.window * SECOND]
            if len(young) < rate.limit:
                log.append(now)
            else:
                waits.append(young[0] + rate.window * SECOND - now)
                if not self.consult_all:
                    break
        return math.ceil(max(waits) / SECOND) if waits else None


@pytest.mark.parametrize("consult_all", [False, True], ids=["first-refusal-ends", "all-consulted"])
def test_the_181st_request_of_a_minute_is_refused(consult_all: bool) -> None:
    throttle = both(consult_all=consult_all)
    assert [throttle.hit("ada", NOW) for _ in range(180)] == [None] * 180
    assert throttle.hit("ada", NOW) == 60
    assert throttle.hit("ada", NOW + 59 * SECOND) == 1
    assert throttle.hit("ada", NOW + 60 * SECOND) is None


@pytest.mark.parametrize(
    ("consult_all", "wait"), [(False, None), (True, 3_539)], ids=["first-refusal-ends", "all-consulted"]
)
def test_refusals_by_the_minute_fill_the_hour_only_where_all_are_consulted(consult_all: bool, wait: int | None) -> None:
    """Measured: 180 accepted and 1,020 refused in one second, then one 61 s later."""
    throttle = both(consult_all=consult_all)
    accepted = [throttle.hit("ada", NOW) for _ in range(1_200)].count(None)
    assert accepted == 180
    assert throttle.hit("ada", NOW + 61 * SECOND) == wait


@pytest.mark.parametrize("consult_all", [False, True], ids=["first-refusal-ends", "all-consulted"])
def test_steady_three_a_second_trips_the_hour_after_400_seconds(consult_all: bool) -> None:
    """Measured: the 1,201st request, at t = 400 s, with a wait of 3,200 s."""
    throttle = both(consult_all=consult_all)
    for number in range(1_200):
        assert throttle.hit("ada", NOW + number * SECOND // 3) is None
    assert throttle.hit("ada", NOW + 400 * SECOND) == 3_200


def test_one_request_every_three_seconds_is_never_refused() -> None:
    throttle = both(consult_all=True)
    assert all(throttle.hit("ada", NOW + number * 3 * SECOND) is None for number in range(5_000))


def test_an_entry_exactly_a_window_old_no_longer_counts() -> None:
    throttle = Throttle([Rate(1, 60)], consult_all=False)
    assert throttle.hit("ada", NOW) is None
    assert throttle.hit("ada", NOW + 60 * SECOND - 1) == 1
    assert throttle.hit("ada", NOW + 60 * SECOND) is None


def test_hammering_does_not_extend_the_window() -> None:
    throttle = Throttle([Rate(2, 60)], consult_all=True)
    for second in range(60):
        throttle.hit("ada", NOW + second * SECOND)
    assert throttle.hit("ada", NOW + 60 * SECOND) is None


def test_after_the_wait_one_slot_is_sure_and_the_rest_come_at_the_old_pace() -> None:
    throttle = Throttle([Rate(3, 60)], consult_all=False)
    for second in (0, 10, 20):
        throttle.hit("ada", NOW + second * SECOND)
    assert throttle.hit("ada", NOW + 30 * SECOND) == 30
    assert throttle.hit("ada", NOW + 60 * SECOND) is None
    assert throttle.hit("ada", NOW + 60 * SECOND) == 10


def test_identities_do_not_share() -> None:
    throttle = Throttle([Rate(1, 60)], consult_all=False)
    assert throttle.hit("ada", NOW) is None
    assert throttle.hit("bob", NOW) is None
    assert throttle.hit("ada", NOW) == 60


def test_clear_forgets_every_log() -> None:
    throttle = Throttle([Rate(1, 60)], consult_all=False)
    throttle.hit("ada", NOW)
    throttle.clear()
    assert throttle.hit("ada", NOW) is None


def test_a_snapshot_through_json_goes_on_where_it_stood() -> None:
    throttle, other = both(consult_all=True), both(consult_all=True)
    for number in range(500):
        throttle.hit(f"user-{number % 3}", NOW + number * SECOND // 9)
    other.restore(json.loads(json.dumps(throttle.snapshot())))
    for number in range(500):
        now = NOW + (60 + number // 9) * SECOND
        assert throttle.hit("user-1", now) == other.hit("user-1", now)
    assert other.snapshot() == throttle.snapshot()


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 20)), min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 8 * SECOND)), max_size=120),
    st.booleans(),
)
def test_decides_as_the_obvious_model_does(
    rates: list[tuple[int, int]], hits: list[tuple[str, int]], consult_all: bool
) -> None:
    limits = [Rate(*rate) for rate in rates]
    throttle, model = Throttle(limits, consult_all=consult_all), Model(limits, consult_all=consult_all)
    now = NOW
    for identity, pause in hits:
        now += pause
        assert throttle.hit(identity, now) == model.hit(identity, now)


@given(st.integers(1, 6), st.integers(1, 20), st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=60))
def test_waiting_as_told_by_a_single_limit_is_enough_and_a_second_less_is_not(
    limit: int, window: int, pauses: list[int]
) -> None:
    # Two limits make no such promise: what one lets pass it counts, though the other refuses it.
    throttle = Throttle([Rate(limit, window)], consult_all=False)
    now = NOW
    for pause in pauses:
        now += pause
        wait = throttle.hit("ada", now)
        if wait is not None:
            assert 1 <= wait <= window
            assert throttle.hit("ada", now + (wait - 1) * SECOND) is not None
            now += wait * SECOND
            assert throttle.hit("ada", now) is None


def test_the_identities_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle_module, "MOST_IDENTITIES", 100)
    throttle = Throttle([Rate(5, 60)], consult_all=False)
    for number in range(1_000):
        throttle.hit(f"203.0.113.{number}", NOW + number)
        assert len(throttle.snapshot()) <= 100


def test_beyond_the_bound_those_whose_window_passed_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle_module, "MOST_IDENTITIES", 10)
    throttle = Throttle([Rate(1, 60)], consult_all=False)
    for number in range(5):
        throttle.hit(f"old-{number}", NOW)
    for number in range(5):
        throttle.hit(f"new-{number}", NOW + 50 * SECOND)
    throttle.hit("one-more", NOW + 60 * SECOND)
    assert set(throttle.snapshot()) == {*(f"new-{number}" for number in range(5)), "one-more"}


def test_beyond_the_bound_the_longest_unseen_goes_not_the_first_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle_module, "MOST_IDENTITIES", 3)
    throttle = Throttle([Rate(5, 60)], consult_all=False)
    for second, identity in enumerate(["first", "second", "third", "first"]):
        throttle.hit(identity, NOW + second * SECOND)
    throttle.hit("fourth", NOW + 5 * SECOND)
    assert set(throttle.snapshot()) == {"third", "first", "fourth"}
