"""``vendorlab check --mutants``: does each suite find what was broken on purpose?

First the tests that are about to be asked run on a fake that is whole: what fails there proves nothing. Then each
mutant is planted into a fake of its own, and is caught if every claim that it breaks is found broken.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab.cli.checks.job import Job, Outcome
from vendorlab.cli.checks.pool import Pool, cores
from vendorlab.cli.checks.several import heavy_first
from vendorlab.cli.checks.worlds import owner
from vendorlab.cli.common import UsageFailure
from vendorlab.contracts.core.report import write
from vendorlab.mocks.registry import mutants, vendors

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from vendorlab.cli.check import Asked
    from vendorlab.cli.checks.pool import View
    from vendorlab.cli.checks.reports import Places
    from vendorlab.mocks.core.mutants import Mutant


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant before one suite.

    Attributes:
        suite: The suite.
        mutant: The mutant.
        claims: Those of the suite that it breaks.
    """

    suite: str
    mutant: Mutant
    claims: tuple[str, ...]

    def job(self, asked: Asked, whole: Outcome) -> Job:
        """What a worker does, given what came of the same tests on a whole fake.

        With one claim to be found broken, the first test that does is enough.
        """
        proofs = [test["name"] for test in whole.tests if not set(self.claims).isdisjoint(test["claims"])]
        return Job(
            suite=self.suite,
            title=f"{self.suite} {self.mutant.name}",
            profile=asked.profile,
            settings=asked.settings,
            claims=self.claims,
            modules=tuple(dict.fromkeys(name.partition("/")[2].partition(".py::")[0] for name in proofs)),
            mutant=self.mutant.name,
            arguments=("-x",) if len(self.claims) == 1 else (),
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a trial.

    Attributes:
        trial: The trial.
        missed: For each claim that was not found broken, why; empty where the mutant was caught.
        seconds: How long it took.
    """

    trial: Trial
    missed: Mapping[str, str]
    seconds: float

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return {
            "suite": self.trial.suite,
            "name": self.trial.mutant.name,
            "text": self.trial.mutant.text,
            "claims": list(self.trial.claims),
            "caught": not self.missed,
            "missed": dict(self.missed),
            "seconds": round(self.seconds, 2),
        }


def trials(suites: Iterable[str]) -> list[Trial]:
    """Every mutant of the suites' vendors, before each suite whose claims it breaks."""
    return [
        Trial(suite, mutant, claims)
        for suite in suites
        for mutant in (mutants(owner(suite)) if owner(suite) in vendors() else ())
        if (claims := tuple(claim for claim in mutant.claims if claim.partition(".")[0] == suite))
    ]


def run(asked: Asked, jobs: int | None, places: Places) -> int:
    """Try the mutants; return 0 if each is caught, and 1 if one is missed."""
    _sane(asked, places)
    wanted = trials(heavy_first(asked.names))
    if not wanted:
        raise UsageFailure(f"no mutants of {', '.join(asked.names)} are declared")
    pool_of = jobs or cores()
    whole = _baseline(wanted, asked, pool_of)
    with _progress(len(wanted)) as view:
        outcomes = Pool(view, pool_of).run([trial.job(asked, whole[trial.suite]) for trial in wanted])
    findings = [
        Finding(trial, dict(_missed(trial, _verdicts(whole[trial.suite]), outcome)), outcome.seconds)
        for trial, outcome in zip(wanted, outcomes, strict=True)
    ]
    missed = [each for each in findings if each.missed]
    for each in missed:
        click.echo(f"missed: {each.trial.suite} {each.trial.mutant.name}: {each.trial.mutant.text}")
        for claim, why in each.missed.items():
            click.echo(f"  {claim}: {why}")
    if places.json:
        caught = len(findings) - len(missed)
        rows = [each.document() for each in findings]
        write(places.json, {"format": 1, "caught": caught, "declared": len(findings), "mutants": rows})
    click.echo(f"{len(findings) - len(missed)} of {len(findings)} mutants caught")
    return 1 if missed else 0


def _sane(asked: Asked, places: Places) -> None:
    if asked.target is not None:
        raise UsageFailure("--mutants goes with fakes: a real endpoint cannot be broken on purpose")
    if asked.arguments:
        raise UsageFailure("--mutants chooses the tests by itself: give neither -k nor -v")
    if places.junit or places.html or places.markdown:
        raise UsageFailure("--mutants writes --json alone")


def _baseline(wanted: Sequence[Trial], asked: Asked, jobs: int) -> dict[str, Outcome]:
    """Run on whole fakes what the trials will ask: what came of it, by suite."""
    claims: dict[str, dict[str, None]] = {}
    for trial in wanted:
        claims.setdefault(trial.suite, {}).update(dict.fromkeys(trial.claims))
    asking = [
        Job(suite=suite, title=f"{suite} as it is", profile=asked.profile, settings=asked.settings, claims=tuple(names))
        for suite, names in claims.items()
    ]
    with _progress(len(asking)) as view:
        outcomes = Pool(view, jobs).run(asking)
    for each in outcomes:
        if each.report is None:
            raise UsageFailure(f"{each.job.suite} does not run as it is: {each.trouble}")
    return {each.job.suite: each for each in outcomes}


def _verdicts(outcome: Outcome) -> dict[str, str | None]:
    assert outcome.report is not None
    return {claim["id"]: claim["verdict"] for claim in outcome.report["vendors"][outcome.job.suite]["claims"]}


def _missed(trial: Trial, whole: Mapping[str, str | None], outcome: Outcome) -> Generator[tuple[str, str]]:
    """Each claim that was not found broken, and why not."""
    if outcome.report is None:
        told = (outcome.trouble.splitlines() or ["nothing was said"])[-1]
        yield from ((claim, f"its tests did not run: {told}") for claim in trial.claims)
        return
    broken = _verdicts(outcome)
    for claim in trial.claims:
        if whole[claim] != "passed":
            yield claim, f"its tests do not pass without the mutant either: {whole[claim]}"
        elif broken[claim] != "failed":
            yield claim, f"its tests say {broken[claim] or 'nothing'}"


def _progress(number: int) -> AbstractContextManager[View]:
    from vendorlab.cli.checks.bar import bar

    return bar(number, visible=sys.stdout.isatty())
