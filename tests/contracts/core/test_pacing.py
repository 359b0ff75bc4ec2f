"""Pace and budget, under a clock of the test's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.errors import BudgetSpentError
from vendorlab.contracts.core.pacing import BURST, INTERVAL, LOCAL_INTERVAL, Budget, Pacer


class Sleeper:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def pacer(sleeper: Sleeper, burst: int, interval: float) -> Pacer:
    return Pacer(burst, interval, clock=sleeper.clock, sleep=sleeper.sleep)


def test_burst_goes_out_at_once_and_the_rest_one_by_one() -> None:
    sleeper = Sleeper()
    pace = pacer(sleeper, 3, 4.0)
    times: list[float] = []
    for _ in range(6):
        pace.wait()
        times.append(sleeper.now - 1_000)
    assert times == [0, 0, 0, 4, 8, 12]


def test_burst_grows_back_while_nothing_is_sent() -> None:
    sleeper = Sleeper()
    pace = pacer(sleeper, 2, 4.0)
    for _ in range(2):
        pace.wait()
    sleeper.now += 100
    began = sleeper.now
    for _ in range(3):
        pace.wait()
    assert sleeper.now - began == 4


@pytest.mark.parametrize(
    ("interval", "minute", "hour"), [(INTERVAL, 90, 1_000), (LOCAL_INTERVAL, 180, None)], ids=["elsewhere", "here"]
)
def test_defaults_stay_under_the_published_limits(interval: float, minute: int, hour: int | None) -> None:
    """Half of 180 a minute and well under 1,200 an hour where others share the account."""
    sleeper = Sleeper()
    pace = pacer(sleeper, BURST, interval)
    times: list[float] = []
    for _ in range(1_500):
        pace.wait()
        times.append(sleeper.now)
    for window, limit in ((60, minute), (3_600, hour)):
        if limit is not None:
            assert max(sum(1 for at in times if start <= at < start + window) for start in times[:200]) <= limit


@given(st.integers(1, 20), st.floats(0.1, 10), st.lists(st.floats(0, 30), max_size=60))
def test_no_window_ever_holds_more_than_burst_and_interval_allow(
    burst: int, interval: float, pauses: list[float]
) -> None:
    sleeper = Sleeper()
    pace = pacer(sleeper, burst, interval)
    times: list[float] = []
    for pause in pauses:
        sleeper.now += pause
        pace.wait()
        times.append(sleeper.now)
    for first, start in enumerate(times):
        for count, end in enumerate(times[first:], 1):
            assert count <= burst + (end - start) / interval + 1 + 1e-6


def test_budget_counts_down_to_nothing() -> None:
    budget = Budget(2)
    budget.take()
    assert not budget.exhausted
    budget.take()
    assert budget.exhausted
    with pytest.raises(BudgetSpentError, match="budget of 2 requests"):
        budget.take()
    assert budget.spent == 2


def test_budget_without_limit_only_counts() -> None:
    budget = Budget(None)
    for _ in range(1_000):
        budget.take()
    assert (budget.spent, budget.exhausted) == (1_000, False)


def test_budget_is_exact_under_threads() -> None:
    budget = Budget(50)

    def take(_: int) -> bool:
        try:
            budget.take()
        except BudgetSpentError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(200))) == 50
