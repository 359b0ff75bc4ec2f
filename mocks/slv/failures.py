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

_PAGE, _MOST_PAGES = 1_024, 2_048
"""Lamps whose failures in a block are found out together, and how many such pages are remembered."""

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
        self._page = lru_cache(maxsize=_MOST_PAGES)(self._make)

    @cached_property
    def _chance(self) -> Chance:
        from ..core.series import Chance  # noqa: PLC0415  numpy is not needed to start

        return Chance(self._seed, "slv/failures")

    def of(self, lamp: int, start: int, end: int) -> list[Failure]:
        """A lamp's failures that are there at some time in [start, end), in order."""
        if not self._share:
            return []
        page = lamp // _PAGE
        blocks = range(start // self._block, (end - 1) // self._block + 1)
        found = (self._page(page, block).get(lamp) for block in blocks)
        return [failure for failure in found if failure and failure.begin < end and failure.end > start]

    def beginning(self, lamps: list[int], start: int, end: int) -> list[tuple[int, Failure]]:
        """Every failure of these lamps that begins in [start, end), in order of time."""
        found: list[tuple[int, Failure]] = []
        for lamp in lamps:
            found += ((lamp, failure) for failure in self.of(lamp, start, end) if failure.begin >= start)
        return sorted(found, key=lambda pair: (pair[1].begin, pair[0]))

    def _make(self, page: int, block: int) -> dict[int, Failure]:
        """The failures of a page of lamps in a block: most lamps have none, so they are found out together."""
        import numpy as np  # noqa: PLC0415  not needed to start

        lamps = np.arange(page * _PAGE, (page + 1) * _PAGE, dtype=np.int64)
        lamps = lamps[self._chance.uniform(lamps, block, 0) < self._share]
        draws = (self._chance.uniform(lamps, block, draw).tolist() for draw in range(1, 4))
        found: dict[int, Failure] = {}
        for lamp, how, place, length in zip(lamps.tolist(), *draws, strict=True):
            lasts = int(self._block * (_SHORTEST + (_LONGEST - _SHORTEST) * length))
            begin = block * self._block + int((self._block - lasts) * place)
            kind = next(kind for kind, bound in zip(_KINDS, _UP_TO, strict=True) if how < bound)
            found[lamp] = Failure(begin, begin + lasts, kind)
        return found
