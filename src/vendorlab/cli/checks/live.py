"""How a person sees several suites run: rows that fill on a terminal, a line for each in a pipe."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import rich_click as click

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from rich.progress import Progress, TaskID

    from vendorlab.cli.checks.job import Job, Outcome
    from vendorlab.cli.checks.pool import View

_BAD = ("failed", "error")


@contextmanager
def live(jobs: Sequence[Job]) -> Generator[View]:
    """A view of jobs, for as long as the block lasts."""
    if not sys.stdout.isatty():
        yield Lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
    ) as progress:
        yield Rows(progress, jobs)


class Lines:
    """For a pipe: what happened, when it has."""

    def started(self, job: Job) -> None:
        """Nothing yet."""

    def heard(self, job: Job, event: dict[str, Any]) -> None:
        """Tell of a test that found something at once, and of no other."""
        if event.get("verdict") in _BAD:
            click.echo(f"{job.name}: {event['verdict']} {event['test']}")

    def ended(self, outcome: Outcome) -> None:
        """Tell what came of it."""
        click.echo(f"{outcome.job.name}: {told(outcome)}")


class Rows:
    """For a terminal: a row for each job.

    Args:
        progress: draws them.
        jobs: all that there will be.
    """

    def __init__(self, progress: Progress, jobs: Sequence[Job]) -> None:
        self._progress = progress
        self._counts: dict[Job, Counter[str]] = {job: Counter() for job in jobs}
        self._rows: dict[Job, TaskID] = {
            job: progress.add_task(job.name, start=False, total=None, told="[dim]waits") for job in jobs
        }

    def started(self, job: Job) -> None:
        """Let its clock run."""
        self._progress.start_task(self._rows[job])
        self._progress.update(self._rows[job], told="[dim]starts")

    def heard(self, job: Job, event: dict[str, Any]) -> None:
        """Move its bar."""
        row, counts = self._rows[job], self._counts[job]
        if "tests" in event:
            self._progress.update(row, total=event["tests"])
            return
        counts[event["verdict"]] += 1
        told = " ".join(f"[red]{counts[each]} {each}[/]" for each in _BAD if counts[each])
        self._progress.update(row, advance=1, told=told)

    def ended(self, outcome: Outcome) -> None:
        """Say what came of it."""
        row, colour = self._rows[outcome.job], "green" if outcome.status == 0 else "red"
        self._progress.update(row, told=f"[{colour}]{told(outcome)}[/]", total=max(1, len(outcome.tests)))
        self._progress.update(row, completed=max(1, len(outcome.tests)))
        self._progress.stop_task(row)


def told(outcome: Outcome) -> str:
    """What came of a job, in a few words."""
    if outcome.report is None:
        return "did not run: " + (outcome.trouble.splitlines() or ["nothing was said"])[-1]
    return (
        ", ".join(f"{number} {verdict}" for verdict, number in outcome.counts.items()) + f" in {outcome.seconds:.1f} s"
    )
