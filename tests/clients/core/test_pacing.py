"""The pacer against the server's own bookkeeping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.clients.core.errors import UsageError
from vendorlab.clients.core.pacing import Limit, Pacer

LIMIT = st.builds(Limit, st.integers(1, 5), st.floats(0.5, 100))


@given(
    limits=st.lists(LIMIT, min_size=1, max_size=3),
    requests=st.lists(st.tuples(st.floats(0, 50), st.floats(0, 1)), max_size=60),
)
def test_no_window_ever_holds_more_than_its_limit(limits: list[Limit], requests: list[tuple[float, float]]) -> None:
    """Also when each request takes up to a second to arrive."""
    pacer, now, arrivals = Pacer(*limits), 0.0, list[float]()
    for pause, latency in requests:
        now += pause
        while (wait := pacer.take(now)) > 0:
            now += wait
        arrivals.append(now + latency)
    arrivals.sort()
    for limit in limits:
        for arrival in arrivals:
            inside = [other for other in arrivals if arrival <= other < arrival + limit.seconds - 1e-6]
            assert len(inside) <= limit.requests


def test_requests_within_the_limit_go_at_once() -> None:
    pacer = Pacer(Limit(3, 60))
    assert [pacer.take(0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert pacer.take(1.0) == 60.0  # a minute and the slack after the first


def test_refused_slot_is_not_taken() -> None:
    pacer = Pacer(Limit(1, 10), slack=0)
    pacer.take(0.0)
    assert [pacer.take(4.0), pacer.take(6.0), pacer.take(10.0)] == [6.0, 4.0, 0.0]


def test_longest_wait_of_all_limits_counts() -> None:
    pacer = Pacer(Limit(1, 10), Limit(2, 100), slack=0)
    assert [pacer.take(0.0), pacer.take(10.0), pacer.take(20.0)] == [0.0, 0.0, 80.0]


def test_hold_delays_everything_and_is_never_shortened() -> None:
    pacer = Pacer()
    pacer.hold(50.0)
    pacer.hold(30.0)
    assert [pacer.take(20.0), pacer.take(50.0)] == [30.0, 0.0]


@pytest.mark.parametrize("limit", [(0, 60), (1, 0)])
def test_impossible_limit_is_refused(limit: tuple[int, float]) -> None:
    with pytest.raises(UsageError):
        Limit(*limit)
