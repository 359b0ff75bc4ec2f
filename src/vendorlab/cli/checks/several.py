"""Several suites in one run: side by side, seen in one view, told in one report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from vendorlab.cli.checks.job import Job
from vendorlab.cli.checks.live import live
from vendorlab.cli.checks.pool import Pool, cores
from vendorlab.cli.checks.reports import failures, of_fake
from vendorlab.contracts.core.report import merged, summary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vendorlab.cli.check import Asked
    from vendorlab.cli.checks.reports import Places

HEAVY_FIRST = ("itron-coap", "slv", "control", "scanalytics", "itron-mqtt", "itron-platform", "inode")
"""Suites by how long they take, measured; so no core is idle while the longest one goes on alone."""


def run(asked: Asked, jobs: int | None, places: Places) -> int:
    """Run the suites; return the worst exit code."""
    wanted = [
        Job(
            suite=name,
            profile=asked.profile,
            settings=asked.settings,
            tls=asked.tls,
            allow=asked.allow,
            budget=asked.budget,
            arguments=asked.arguments,
        )
        for name in heavy_first(asked.names)
    ]
    with live(wanted) as view:
        outcomes = Pool(view, jobs or cores()).run(wanted)
    in_order = sorted(outcomes, key=lambda each: list(asked.names).index(each.job.suite))
    report = merged(of_fake(each.report, each.job.suite, each.job.profile) for each in in_order if each.report)
    for line in failures(report):
        click.echo(line)
    click.echo()
    for name, vendor in report["vendors"].items():
        for line in summary(name, vendor):
            click.echo(line)
    for each in in_order:
        if each.report is None:
            click.echo(f"vendorlab: {each.job.name} did not run: {each.trouble}", err=True)
    places.write(report)
    return max(each.status for each in outcomes)


def heavy_first(names: Iterable[str]) -> list[str]:
    """Names by how long their suites take; those that were never measured come last."""
    order = {name: place for place, name in enumerate(HEAVY_FIRST)}
    return sorted(names, key=lambda name: order.get(name, len(order)))
