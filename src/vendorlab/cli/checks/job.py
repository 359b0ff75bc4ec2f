"""One suite's run as data: what a worker is told, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from vendorlab.contracts.core.report import Verdict


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker does: a suite on a fake in a world of its own. Tells nothing secret.

    Attributes:
        suite: Its name.
        title: How it is spoken of where several jobs run.
        profile: Of the fake.
        settings: Its switches, as `--set` takes them.
        tls: Whether the fake is asked over https.
        allow: Names of capabilities.
        budget: Requests that the run may make.
        claims: Only the tests of these; none means all.
        modules: Only these of the suite's modules; none means all.
        mutant: The defect that is planted into the fake.
        arguments: More arguments for pytest.
    """

    suite: str
    title: str = ""
    profile: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    tls: bool = False
    allow: tuple[str, ...] = ()
    budget: int | None = None
    claims: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    mutant: str | None = None
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How it is spoken of."""
        return self.title or self.suite


class Order(msgspec.Struct, frozen=True):
    """A job, and where its results go.

    Attributes:
        job: What is to be done.
        report: Where the report of the claims goes.
        progress: A file descriptor to which the run tells how it goes.
    """

    job: Job
    report: str
    progress: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job.

    Attributes:
        job: What was to be done.
        status: The exit code: 0 fine, 1 something was found, 2 it did not run.
        report: The report of the claims; None if there is none.
        trouble: What was said on standard error, and if that is nothing the end of what pytest printed.
        seconds: How long it took.
    """

    job: Job
    status: int
    report: dict[str, Any] | None
    trouble: str
    seconds: float

    @property
    def tests(self) -> list[dict[str, Any]]:
        """The suite's tests."""
        return list(self.report["vendors"][self.job.suite]["tests"]) if self.report else []

    @property
    def counts(self) -> dict[str, int]:
        """How many tests got which verdict, without those that none got."""
        verdicts = [test["verdict"] for test in self.tests]
        return {each.value: number for each in Verdict if (number := verdicts.count(each.value))}
