"""``vendorlab check``: hold a target to what is documented."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab.cli import evidence as beside
from vendorlab.cli.checks.reports import Places, of_fake, report_options
from vendorlab.cli.checks.worlds import CONTROL, NEVER_TLS, SUITES, owner
from vendorlab.cli.common import Pair, UsageFailure, switches
from vendorlab.cli.evidence import Evidence, evidence_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vendorlab.contracts.core.control import ControlAddress
    from vendorlab.contracts.core.target import Target


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user asked for, apart from where reports go."""

    names: Sequence[str]
    target: str | None
    allow: tuple[str, ...]
    budget: int | None
    profile: str | None
    settings: tuple[tuple[str, str], ...]
    tls: bool
    arguments: tuple[str, ...]


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("vendors", metavar="VENDOR...", nargs=-1, required=True, type=click.Choice([*SUITES, "all"]))
@click.option("--target", metavar="URL", help="The endpoint to check. Default: a fake, in a world made for the run.")
@click.option("--allow", metavar="CAP[,CAP]", help="What the suite may do there beyond reading, such as spend,exhaust.")
@click.option("--budget", type=click.IntRange(1), metavar="N", help="Requests that the run may make.")
@click.option("--profile", metavar="NAME", help="The fake's profile, such as legacy or modern.")
@click.option(
    "--set",
    "settings",
    type=Pair(),
    multiple=True,
    metavar="VENDOR.KEY=VALUE",
    help="A switch of the fake, such as itron.mqtt_profile=hivemq4.",
)
@click.option("--tls", is_flag=True, help="Ask the fake over https.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Suites at once. Default: one for each core.")
@click.option("--mutants", is_flag=True, help="Break the fakes in every declared way; each suite must find each.")
@report_options
@evidence_options
@click.option("-k", "expression", metavar="EXPRESSION", help="Only tests that match, as pytest has it.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each test.")
def check(
    vendors: tuple[str, ...],
    target: str | None,
    allow: str | None,
    budget: int | None,
    profile: str | None,
    settings: Sequence[tuple[str, str]],
    tls: bool,
    jobs: int | None,
    mutants: bool,
    json_path: Path | None,
    junit_path: Path | None,
    html_path: Path | None,
    markdown_path: Path | None,
    evidence: Evidence,
    expression: str | None,
    verbose: bool,
) -> int:
    """Run contract suites, on fakes or on the real thing; `control` is our own control API, and `all` is every one.

    Several suites run side by side, each on a fake in a world of its own. A real endpoint's credentials come from the
    environment, as `vendorlab env` names them, or from a file of such variables. There, only what reads is run unless
    --allow says more.

    \b
    Examples:
      vendorlab check scanalytics
      vendorlab check all --html report.html --junit junit.xml
      vendorlab check slv --mutants
      vendorlab check scanalytics --profile modern --json report.json
      vendorlab check scanalytics --target https://query.scanalyticsinc.com --budget 50
      vendorlab check scanalytics --target https://query.scanalyticsinc.com --secrets mine.env --plan
      vendorlab check scanalytics --target https://query.scanalyticsinc.com --secrets mine.env --record observed

    Exit code: 0 all is fine, 1 something was found, 2 wrong use or nothing answers.
    """
    asked = Asked(
        names=SUITES if "all" in vendors else list(dict.fromkeys(vendors)),
        target=target,
        allow=tuple(name.strip() for name in allow.split(",")) if allow else (),
        budget=budget,
        profile=profile,
        settings=tuple(settings),
        tls=tls,
        arguments=(*(["-k", expression] if expression else []), *(["-v"] if verbose else [])),
    )
    _sane(asked)
    places = Places(json_path, junit_path, html_path, markdown_path)
    evidence.check(target, asked.names, places, mutants=mutants)
    places.check()
    _contracts()
    if evidence.clean_up and target is not None:
        return beside.clean_up(evidence, asked.names[0], target)
    if evidence.plan:
        return _plan(asked, evidence, json_path)
    if mutants:
        from vendorlab.cli.checks.mutants import run as try_mutants

        return try_mutants(asked, jobs, places)
    if len(asked.names) > 1:
        from vendorlab.cli.checks.several import run as run_several

        return run_several(asked, jobs, places)
    return _alone(asked.names[0], asked, evidence, places)


def _sane(asked: Asked) -> None:
    if asked.target is not None and len(asked.names) > 1:
        raise UsageFailure("--target goes with one vendor")
    if asked.target is not None and (asked.profile is not None or asked.settings):
        raise UsageFailure(f"--{'set' if asked.settings else 'profile'} is for the fake: a real endpoint is what it is")
    for vendor in switches(asked.settings).keys() - {owner(name) for name in asked.names}:
        raise UsageFailure(f"--set {vendor}.… is for a vendor that is not checked")
    if asked.profile is not None and CONTROL in asked.names:
        raise UsageFailure("--profile goes with one vendor; the control API has none")
    if asked.tls and (asked.target is not None or (asked.names[0] in NEVER_TLS and len(asked.names) == 1)):
        raise UsageFailure("--tls is for the fake of a vendor; a target's address says by itself what it speaks")


def _alone(name: str, asked: Asked, evidence: Evidence, places: Places) -> int:
    """Run one suite; pytest prints how it goes."""
    from vendorlab.contracts.core.report import read
    from vendorlab.contracts.core.run import FINE, FOUND

    with tempfile.TemporaryDirectory(prefix="vendorlab-check-") as folder:
        kept = Path(folder, "report.json")
        shared: dict[str, Any] = {
            "allow": asked.allow,
            "budget": asked.budget,
            "json_path": kept,
            "record": evidence.record,
            "extra_args": asked.arguments,
        }
        status = _on_target(name, asked.target, evidence, shared) if asked.target else _on_fake(name, asked, shared)
        if kept.exists():
            beside.keep_verdicts(kept)
        if kept.exists() and status in (FINE, FOUND):  # of a run that could not go on there is nothing to report
            report = read(kept)
            places.write(report if asked.target else of_fake(report, name, asked.profile))
    return status


def _on_target(name: str, url: str, evidence: Evidence, shared: dict[str, Any]) -> int:
    from vendorlab.contracts.core.errors import UsageError
    from vendorlab.contracts.core.preflight import preflight
    from vendorlab.contracts.core.run import run_suite

    targets, control = evidence.addresses(name, url)
    try:
        preflight(targets[name], targets)
    except UsageError as error:
        raise UsageFailure(str(error)) from error
    return run_suite(name, targets=targets, control=control, **shared)


def _on_fake(name: str, asked: Asked, shared: dict[str, Any]) -> int:
    from vendorlab.cli.checks.worlds import fake
    from vendorlab.contracts.core.run import run_suite

    with fake(name, asked.profile, asked.settings, tls=asked.tls) as (targets, control):
        return run_suite(name, targets=targets, control=control, **shared)


def _plan(asked: Asked, evidence: Evidence, json_path: Path | None) -> int:
    """Say what a run would ask, by asking a fake."""
    name = asked.names[0]

    def served(ask: Callable[[dict[str, Target], ControlAddress], int]) -> int:
        from vendorlab.cli.checks.worlds import fake

        with fake(name, asked.profile, asked.settings, tls=asked.tls) as (targets, control):
            return ask(dict(targets), control)

    return beside.plan(evidence, name, asked.target, asked.allow, asked.budget, json_path, served, asked.arguments)


def _contracts() -> None:
    """Say plainly which extra is missing, if one is."""
    try:
        import_module("vendorlab.contracts.core.run")
    except ModuleNotFoundError as error:
        raise UsageFailure(f"the contract suites need {error.name}: pip install 'vendorlab[contracts]'") from error
