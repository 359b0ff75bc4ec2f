"""Chance without state, and events that add up whatever window is asked for."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.series import MEAN_LIMIT, Arrivals, Chance, Events, poisson

if TYPE_CHECKING:
    from numpy.typing import NDArray

MASK = 2**64 - 1
COUNTERS = st.integers(-(2**63), 2**63 - 1)
DAY = 86_400


def slow_uniform(seed: int, stream: str, *counters: int) -> float:
    """The same in whole numbers of any size."""
    state = int.from_bytes(hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=8).digest(), "little")
    for counter in counters:
        z = (state + (counter + 1) * 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        state = z ^ (z >> 31)
    return (state >> 11) / 2**53


def test_uniform_gives_the_same_numbers_for_ever() -> None:
    assert Chance(7, "pin").uniform(np.arange(3)).tolist() == [
        0.9874508845042751,
        0.39761082124071345,
        0.874950693528458,
    ]
    assert Chance(-1, "other").uniform(-5, 2**62).item() == 0.5348996632606281


@given(seed=st.integers(), stream=st.text("abc/é", max_size=8), counters=st.lists(COUNTERS, max_size=4))
def test_uniform_is_plain_integer_arithmetic(seed: int, stream: str, counters: list[int]) -> None:
    found = Chance(seed, stream).uniform(*counters).item()
    assert found == slow_uniform(seed, stream, *counters)
    assert 0 <= found < 1


def test_uniform_broadcasts_its_counters() -> None:
    table = Chance(1, "a").uniform(np.arange(3)[:, None], np.arange(4))
    assert table.shape == (3, 4)
    assert table[2, 3] == Chance(1, "a").uniform(2, 3)


def test_uniform_tells_seeds_streams_and_the_order_of_counters_apart() -> None:
    chance = Chance(1, "a")
    found = {
        float(number)
        for number in (
            chance.uniform(1, 2),
            chance.uniform(2, 1),
            chance.uniform(1),
            chance.child("b").uniform(1, 2),
            Chance(2, "a").uniform(1, 2),
        )
    }
    assert len(found) == 5


def test_uniform_is_even_and_uncorrelated() -> None:
    n = 100_000
    u = Chance(3, "even").uniform(np.arange(n))
    expected = n / 100
    spread = np.bincount((u * 100).astype(np.int64), minlength=100) - expected
    chi_square = float((spread**2).sum() / expected)
    assert 50 < chi_square < 170  # 99 degrees of freedom: mean 99, deviation 14
    assert abs(float(np.corrcoef(u[1:], u[:-1])[0, 1])) < 4 / math.sqrt(n)


def slow_poisson(mean: float, u: float) -> int:
    k, probability = 0, math.exp(-mean)
    cumulative = probability
    while u >= cumulative and k < 2000:
        k += 1
        probability *= mean / k
        cumulative += probability
    return k


@given(mean=st.floats(0, 300), u=st.floats(0, 0.999999))
def test_poisson_inverts_the_distribution(mean: float, u: float) -> None:
    found = poisson(np.array([mean]), np.array([u])).item()
    assert found == slow_poisson(mean, u)


def test_poisson_takes_a_cumulative_probability_as_the_begin_of_the_next_count() -> None:
    mean = np.array([0.5, 3.0])
    assert poisson(mean, np.exp(-mean)).tolist() == [1, 1]


@pytest.mark.parametrize("mean", [0.01, 1.0, 30.0, 300.0, MEAN_LIMIT])
def test_poisson_has_its_mean_and_variance(mean: float) -> None:
    n = 20_000
    counts = poisson(np.full(n, mean), Chance(5, "poisson").uniform(np.arange(n)))
    assert counts.mean() == pytest.approx(mean, abs=5 * math.sqrt(mean / n))
    assert counts.var() == pytest.approx(mean, rel=0.06, abs=0.01)


def test_poisson_ends_in_the_tail() -> None:
    last = np.nextafter(1.0, 0.0)
    counts = poisson(np.array([0.0, 1e-300, 1.0, MEAN_LIMIT]), np.full(4, last))
    assert counts[0] == 0
    assert np.all(counts < 2000)
    assert counts[3] < 2**12


@pytest.mark.parametrize("mean", [-1.0, MEAN_LIMIT + 1, float("nan"), float("inf")])
def test_poisson_refuses_a_mean_it_cannot_do(mean: float) -> None:
    with pytest.raises(ValueError, match="mean"):
        poisson(np.array([1.0, mean]), np.array([0.5, 0.5]))


def rate(cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Nothing in every third hour; otherwise 0 to 8."""
    hours = cells // 3600
    return np.where(hours % 3 == 0, 0.0, (hours % 9).astype(np.float64))


ARRIVALS = Arrivals(Chance(11, "arrivals"), rate)


def rows(events: Events) -> list[tuple[int, ...]]:
    return list(zip(*(column.tolist() for column in events), strict=True))


@given(
    start=st.integers(-5 * DAY, 20_000 * DAY),
    lengths=st.tuples(st.integers(0, 3 * DAY), st.integers(0, 3 * DAY)),
)
def test_windows_that_meet_add_up_to_the_whole(start: int, lengths: tuple[int, int]) -> None:
    middle, end = start + lengths[0], start + sum(lengths)
    whole = rows(ARRIVALS.between(start, end))
    assert rows(ARRIVALS.between(start, middle)) + rows(ARRIVALS.between(middle, end)) == whole
    assert whole == rows(ARRIVALS.between(start, end))


def test_events_are_half_open_in_time_ordered_and_in_their_cells() -> None:
    times, cells, ranks = ARRIVALS.between(-DAY, 30 * DAY)
    assert np.all(np.diff(times) >= 0)
    assert np.array_equal(times // 3600, cells)
    assert np.all(rate(cells * 3600) > 0)
    assert len(set(zip(cells.tolist(), ranks.tolist(), strict=True))) == times.size
    first, last = int(times[0]), int(times[-1])
    assert ARRIVALS.between(first, last).times.size == np.count_nonzero((times >= first) & (times < last))
    assert last not in ARRIVALS.between(first, last).times


def test_chunks_are_the_same_events_in_parts() -> None:
    start, end = 12_345, 12_345 + 20_000 * 3600
    parts = list(ARRIVALS.chunks(start, end))
    assert len(parts) == 3
    assert np.array_equal(np.concatenate([part.times for part in parts]), ARRIVALS.between(start, end).times)


@pytest.mark.parametrize("end", [-DAY, 0])
def test_an_empty_window_has_no_events(end: int) -> None:
    assert rows(ARRIVALS.between(0, end)) == []
    assert list(ARRIVALS.chunks(0, end)) == []


def test_events_come_at_their_rate_evenly_within_the_cell() -> None:
    arrivals = Arrivals(Chance(2, "steady"), lambda cells: np.full(cells.shape, 4.0), cell=900)
    times = arrivals.between(0, 9_000 * 900).times
    assert times.size == pytest.approx(36_000, abs=5 * math.sqrt(36_000))
    quarters = np.bincount(times % 900 // 225, minlength=4)
    assert quarters.tolist() == pytest.approx([9000] * 4, abs=5 * math.sqrt(9000))
