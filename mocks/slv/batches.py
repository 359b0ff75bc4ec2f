"""What takes its time: batches run, and end on the world's clock.

Nothing waits for them with a timer. Whoever looks at anything lets happen first what came due in the meantime, at the
moment when it was due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..core.clock import SECOND
from .errors import LimitExceeded, Refusal
from .models import TRANSITIONS, Batch, BatchState
from .tables import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable

    from .tables import Tables

MOST_RUNNING, MOST_KEPT = 100, 1_000
"""Batches at one time, and batches that are remembered."""

_NEXT = "next batch"


class Batches:
    """Every batch.

    Args:
        tables: where they are.
        work: by kind, what is done in the end: from the batch's detail and the second to what went wrong, or None.
    """

    def __init__(self, tables: Tables, work: dict[str, Callable[[dict[str, Any], int], str | None]]) -> None:
        self._tables = tables
        self._work = work
        self._shelf = Shelf(tables, "batch", Batch, MOST_KEPT + MOST_RUNNING)

    def start(self, kind: str, detail: dict[str, Any], due: int) -> Batch:
        """Begin one that ends at ``due``, in microseconds since 1970.

        Raises:
            LimitExceeded: Too many are running.
        """
        running = sum(batch.state is BatchState.RUNNING for batch in self._shelf.all())
        if running >= MOST_RUNNING:
            raise LimitExceeded(f"There are {MOST_RUNNING} batches running already")
        self._shelf.drop_oldest(MOST_KEPT - 1)
        batch = Batch(id=self._shelf.new_id(), kind=kind, due=due, state=BatchState.RUNNING, detail=detail)
        self._shelf.put(batch)
        self._tables.mark(_NEXT, min(due, self._tables.marked(_NEXT) or due))
        return batch

    def get(self, number: int) -> Batch:
        """A batch by its id."""
        return self._shelf.get(number)

    def settle(self, now: int) -> None:
        """Let every batch end that came due by ``now``, in the order in which they did."""
        due = self._tables.marked(_NEXT)
        if due is None or due > now:
            return
        running = [batch for batch in self._shelf.all() if batch.state is BatchState.RUNNING]
        for batch in sorted(running, key=_order):
            if batch.due <= now:
                self._end(batch)
        waiting = [batch.due for batch in running if batch.due > now]
        if waiting:
            self._tables.mark(_NEXT, min(waiting))
        else:
            self._tables.write("DELETE FROM slv_counters WHERE name = ?", _NEXT)

    def running(self) -> list[Batch]:
        """Those that have not ended."""
        return [batch for batch in self._shelf.all() if batch.state is BatchState.RUNNING]

    def _end(self, batch: Batch) -> None:
        try:
            problem = self._work[batch.kind](batch.detail, batch.due // SECOND)
        except Refusal as refusal:
            problem = str(refusal)
        state = BatchState.DONE if problem is None else BatchState.FAILED
        assert state in TRANSITIONS[batch.state]
        self._shelf.put(msgspec.structs.replace(batch, state=state, message=problem, detail={}))


def _order(batch: Batch) -> tuple[int, int]:
    return batch.due, batch.id
