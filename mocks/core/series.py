"""Readings as a pure function of (seed, sensor, time).

Nothing is stored and nothing is drawn in order. `Chance` hashes a seed, the name of a stream and any counters into a
number, so the value at one moment never depends on which others were asked for. `Arrivals` stands on that: single
events, each with an identity of its own. Whatever is counted from events adds up: any window of any year, in buckets
of any width, counts the same ones.

The hash is integer arithmetic modulo 2**64, the same for ever on every platform and under every numpy. What goes
through floating-point functions on top of it (rates, logarithms) is as stable as their last bit.

numpy takes a while to import: import this module where readings are made, not where a program starts.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = (np.uint64(n) for n in (30, 27, 31, 11))

MEAN_LIMIT = 700.0
"""The largest mean for `poisson`: beyond it exp(-mean) leaves the range of normal floats."""

_RANK_BITS = 12
"""Room for the rank of an event in its cell: no quantile of a Poisson count within `MEAN_LIMIT` reaches 2**12."""

_CHUNK = 8192
"""How many cells are worked on at a time."""


class Chance:
    """Chance without state: uniform numbers that are a function of a seed, a stream's name and counters.

    The mixing function is the finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
    Generators, OOPSLA 2014), applied once for each counter.
    """

    def __init__(self, seed: int, stream: str) -> None:
        self.seed = seed
        self.stream = stream
        digest = hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=8).digest()
        self._key = np.uint64(int.from_bytes(digest, "little"))

    def child(self, name: str) -> Chance:
        """Branch off a stream of its own for one use."""
        return Chance(self.seed, f"{self.stream}/{name}")

    def uniform(self, *counters: NDArray[np.int64] | int) -> NDArray[np.float64]:
        """Give a number in [0, 1) for each combination of counters, which broadcast against each other."""
        state = np.asarray(self._key)
        with np.errstate(over="ignore"):  # 64-bit arithmetic wraps on purpose; numpy warns of it for single numbers
            for counter in counters:
                state = _mix(state + (np.asarray(counter, np.int64).view(np.uint64) + np.uint64(1)) * _GOLDEN)
        return (state >> _S11).astype(np.float64) * np.float64(2.0**-53)


def _mix(number: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
    z = np.array(number)
    z ^= z >> _S30
    z *= _MIX_1
    z ^= z >> _S27
    z *= _MIX_2
    z ^= z >> _S31
    return z


def poisson(mean: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turn uniform numbers into Poisson counts by inversion: the smallest k whose cumulative probability exceeds u.

    Args:
        mean: Expected counts, from 0 to `MEAN_LIMIT`.
        u: Numbers in [0, 1), of the same shape.

    Returns:
        Counts; 0 wherever the mean is 0.

    Raises:
        ValueError: A mean is negative, too large or not a number.
    """
    if not np.all((mean >= 0) & (mean <= MEAN_LIMIT)):
        raise ValueError(f"a mean lies outside 0 to {MEAN_LIMIT:g}")
    counts = np.zeros(mean.shape, np.int64)
    top = float(mean.max(initial=0.0))
    # Rounding may keep a sum of probabilities below the largest u for ever; nobody is that far out in the tail.
    limit = int(top + 12 * top**0.5 + 40)
    probability = np.exp(-mean)
    cumulative = probability.copy()
    factor, beyond = np.empty_like(mean), np.empty(mean.shape, np.bool_)
    for k in range(1, limit + 1):
        np.greater_equal(u, cumulative, out=beyond)
        if k % 16 == 1 and not beyond.any():
            break
        counts += beyond
        probability *= np.divide(mean, k, out=factor)
        cumulative += probability
    return counts


class Events(NamedTuple):
    """Single events in order of time. `cells` and `ranks` are who they are: counters for anything else about them."""

    times: NDArray[np.int64]
    """Seconds since 1970-01-01T00:00Z, ascending."""
    cells: NDArray[np.int64]
    """The cell that each event belongs to, counted from 1970."""
    ranks: NDArray[np.int64]
    """Its number within the cell."""


_NOTHING = Events(*(np.zeros(0, np.int64) for _ in range(3)))


class Arrivals:
    """Events that come by chance at a rate that changes over time (an inhomogeneous Poisson process).

    Time is cut into cells of equal length. A cell's count is a Poisson number, and each of its events falls on a
    second of the cell, all hashed from the cell's index. So the rate is taken as constant within a cell.

    Args:
        chance: The stream that belongs to these events alone.
        rate: Called with the first seconds of cells, gives the expected number of events in each.
        cell: The length of a cell in seconds.
    """

    def __init__(
        self, chance: Chance, rate: Callable[[NDArray[np.int64]], NDArray[np.float64]], *, cell: int = 3600
    ) -> None:
        self.cell = cell
        self._rate = rate
        self._counts = chance.child("count")
        self._places = chance.child("place")

    def between(self, start: int, end: int) -> Events:
        """Give all events with start <= time < end, both in seconds since 1970-01-01T00:00Z."""
        parts = [*self.chunks(start, end)] or [_NOTHING]
        return Events(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def chunks(self, start: int, end: int) -> Iterator[Events]:
        """Give the same events as `between` a part at a time, so that the memory needed has a bound."""
        if end <= start:
            return
        stop = -(-end // self.cell)
        for first in range(start // self.cell, stop, _CHUNK):
            yield self._events(np.arange(first, min(first + _CHUNK, stop), dtype=np.int64), start, end)

    def _events(self, cells: NDArray[np.int64], start: int, end: int) -> Events:
        counts = poisson(self._rate(cells * self.cell), self._counts.uniform(cells))
        owners = np.repeat(cells, counts)
        ranks = np.arange(owners.size, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
        times = owners * self.cell + (self._places.uniform(owners, ranks) * self.cell).astype(np.int64)
        # One number holds time and rank, so that a plain sort orders both; the cell follows from the time.
        keys = np.sort((times << _RANK_BITS) | ranks)
        keys = keys[slice(*np.searchsorted(keys, [start << _RANK_BITS, end << _RANK_BITS]))]
        times = keys >> _RANK_BITS
        return Events(times, times // self.cell, keys & ((1 << _RANK_BITS) - 1))
