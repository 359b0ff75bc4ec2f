"""When lamps fail: a function of the seed, the lamp and time.

Time is cut into blocks. In each block a lamp fails at most once, within the block; whether, how, when and for how
long is hashed from its id and the block's. Somebody mends it at last even if nobody sends him; a repair ends it at
once.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .models import DAY

if TYPE_CHECKING:
    from ..core.series import Chance

_KINDS = ("LampFailure", "BallastFailure", "DefaultLostNode", "RelayFailure")
_UP_TO = (0.5, 0.75, 0.95, 1.0)

_CALM, _WILD = 56 * DAY, 7 * DAY
"""The length of a block; with more than a few failures a year blocks are short."""

_SHORTEST, _LONGEST = 0.01, 0.4
"""How much of its block a failure may last."""


class Failure(NamedTuple):
    """One failure.

    Attributes:
        begin, end: seconds since 1970; at ``end`` it is over.
        name: the value that tells it.
    """

    begin: int
    end: int
    name: str


class Failures:
    """The failures of all lamps, before anybody mends one.

    Args:
        seed: the world's.
        rate: failures of a lamp in a year.
    """

    def __init__(self, seed: int, rate: float) -> None:
        self._seed = seed
        self._block = _WILD if rate > 3 else _CALM
        self._share = min(0.95, rate * self._block / (365 * DAY))
        self._of = lru_cache(maxsize=65_536)(self._one)

    @cached_property
    def _chance(self) -> Chance:
        from ..core.series import Chance  # noqa: PLC0415  numpy is not needed to start

        return Chance(self._seed, "slv/failures")

    def of(self, lamp: int, start: int, end: int) -> list[Failure]:
        """A lamp's failures that are there at some time in [start, end), in order."""
        if not self._share:
            return []
        blocks = range(start // self._block, (end - 1) // self._block + 1)
        found = (self._of(lamp, block) for block in blocks)
        return [failure for failure in found if failure and failure.begin < end and failure.end > start]

    def beginning(self, lamps: list[int], start: int, end: int) -> list[tuple[int, Failure]]:
        """Every failure of these lamps that begins in [start, end), in order of time."""
        found: list[tuple[int, Failure]] = []
        if self._share and lamps:
            import numpy as np  # noqa: PLC0415

            numbers = np.array(lamps, np.int64)
            for block in range(start // self._block, (end - 1) // self._block + 1):
                fails = self._chance.uniform(numbers, block, 0) < self._share
                for lamp in numbers[fails].tolist():
                    failure = self._of(lamp, block)
                    if failure and start <= failure.begin < end:
                        found.append((lamp, failure))
        return sorted(found, key=lambda pair: (pair[1].begin, pair[0]))

    def _one(self, lamp: int, block: int) -> Failure | None:
        fails, how, place, length = (float(self._chance.uniform(lamp, block, draw)) for draw in range(4))
        if fails >= self._share:
            return None
        lasts = int(self._block * (_SHORTEST + (_LONGEST - _SHORTEST) * length))
        begin = block * self._block + int((self._block - lasts) * place)
        kind = next(kind for kind, bound in zip(_KINDS, _UP_TO, strict=True) if how < bound)
        return Failure(begin, begin + lasts, kind)
