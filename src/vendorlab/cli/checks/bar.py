"""One bar for many short jobs: on a terminal alone, since a pipe wants to know only how it ended."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.progress import Progress, TaskID

    from vendorlab.cli.checks.job import Job, Outcome
    from vendorlab.cli.checks.pool import View


@contextmanager
def bar(number: int, *, visible: bool) -> Generator[View]:
    """A view of some number of jobs, for as long as the block lasts."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(bar_width=28), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, disable=not visible, transient=True) as progress:
        yield Bar(progress, progress.add_task("", total=number))


class Bar:
    """The bar, and the name of the job that began last.

    Args:
        progress: draws it.
        task: what it is there.
    """

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def started(self, job: Job) -> None:
        """Name it."""
        self._progress.update(self._task, description=job.name)

    def heard(self, job: Job, event: dict[str, Any]) -> None:
        """Tests are too many to tell of."""

    def ended(self, outcome: Outcome) -> None:
        """One more is done."""
        _ = outcome
        self._progress.advance(self._task)
