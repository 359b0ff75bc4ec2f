"""When things are out of order: a function of the seed, the thing and time. On vectors of seconds since 1970.

Time is cut into blocks. In each block a thing has at most one outage, which lies within the block; whether, when and
how long is hashed from its number and the block's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .models import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..core.series import Chance

NEVER = np.int64(1) << 60


class Rhythm(NamedTuple):
    """How often something is out of order. Seconds are multiples of ``STEP``."""

    block: int
    """The length of a block."""
    share: float
    """How many blocks have an outage."""
    shortest: int
    longest: int


class Outages:
    """The outages of many things of one kind."""

    def __init__(self, chance: Chance, rhythm: Rhythm) -> None:
        self._chance = chance
        self._rhythm = rhythm

    def at(self, numbers: NDArray[np.int64], moments: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give begin and end of the outage in the block of each moment; both ``NEVER`` where there is none."""
        rhythm = self._rhythm
        blocks = moments // rhythm.block
        exists, length, place = (self._chance.uniform(numbers, blocks, draw) for draw in range(3))
        lengths = rhythm.shortest + _steps(length * (rhythm.longest - rhythm.shortest))
        begins = blocks * rhythm.block + _steps(place * (rhythm.block - lengths))
        out = exists < rhythm.share
        return np.where(out, begins, NEVER), np.where(out, begins + lengths, NEVER)

    def before(self, numbers: NDArray[np.int64], ends: NDArray[np.int64], gone: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give, for the step that ends at each moment, its end again if it saw no outage, else where the outage began.

        Args:
            numbers: of the things.
            ends: multiples of ``STEP``.
            gone: from when on each is away for good, or ``NEVER``.
        """
        begins, stops = self.at(numbers, ends - STEP)
        out = (begins < ends) & (stops > ends - STEP)
        return np.minimum(np.where(out, begins, ends), gone)


def _steps(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    return (seconds // STEP).astype(np.int64) * STEP
