"""What ``vendorlab check`` may do besides: plan, record, clean up; and ``vendorlab claims``, what is known."""

from __future__ import annotations

import functools
import json
import os
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab.cli.checks.worlds import CONTROL, SUITES
from vendorlab.cli.common import UsageFailure, left_token, show_json, show_table
from vendorlab.mocks.registry import ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vendorlab.cli.checks.reports import Places
    from vendorlab.contracts.core.control import ControlAddress
    from vendorlab.contracts.core.target import Target

_PREFIX = "VENDORLAB_CONTROL_"
_KEPT = ("client_id", "client_secret")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The options of ``check`` that are told here.

    Attributes:
        secrets: A file of credentials.
        real: Whether the target is the vendor's own though its address is this machine's.
        plan: Whether to say what would be asked.
        record: The folder for a recording.
        clean_up: Whether to take away what killed runs have left, and nothing else.
    """

    secrets: Path | None
    real: bool
    plan: bool
    record: Path | None
    clean_up: bool

    def check(self, target: str | None, names: Sequence[str], places: Places, *, mutants: bool) -> None:
        """Say what does not go together.

        Raises:
            UsageFailure: Some of it.
        """
        if target is None and (self.real or self.clean_up):
            raise UsageFailure("--real and --clean-up go with --target: a fake of the run's own ends with it")
        if target is None and self.secrets is not None:
            raise UsageFailure("--secrets goes with --target: the credentials of a fake of the run's own are known")
        does = {"--clean-up": self.clean_up, "--plan": self.plan, "--mutants": mutants}
        alone = [name for name, given in does.items() if given]
        if len(alone) > 1:
            raise UsageFailure(f"{' and '.join(alone)} do not go together")
        if self.plan and len(names) > 1:
            raise UsageFailure("--plan goes with one vendor")
        if self.plan and self.record:
            raise UsageFailure("--plan sends nothing to the target, so there is nothing to --record")
        if self.record and alone:
            raise UsageFailure(f"{alone[0]} and --record do not go together")
        if self.record and len(names) > 1:
            raise UsageFailure("--record goes with one vendor")
        if self.clean_up and places.given():
            raise UsageFailure("--clean-up runs no test, so there is nothing to report")
        if self.plan and places.given() != [each for each in (places.json,) if each]:
            raise UsageFailure("a plan is written by --json alone; the other reports tell of a run")

    def addresses(self, name: str, url: str) -> tuple[dict[str, Target], ControlAddress | None]:
        """Return a target, with what lies beside it, and the control API that turns its clock, if there is one.

        Raises:
            UsageFailure: The environment or the file of secrets makes no sense.
        """
        from vendorlab.contracts.core.control import ControlAddress
        from vendorlab.contracts.core.errors import UsageError
        from vendorlab.contracts.core.secrets_file import with_secrets
        from vendorlab.contracts.core.target import Target, variable_prefix

        try:
            environ = with_secrets(os.environ, self.secrets)
            if name == CONTROL:  # it turns its own clocks
                environ[f"{_PREFIX}URL"] = url
            control = environ.get(f"{_PREFIX}URL")
            if control and not environ.get(f"{_PREFIX}TOKEN"):  # other commands find it, too
                environ[f"{_PREFIX}TOKEN"] = left_token(control) or ""
            if self.real:
                environ[f"{variable_prefix(name)}REAL"] = "1"
            found = {name: Target.from_environment(name, environ, url)}
            for one in ADDRESSES if name != CONTROL else ():
                if one.name != name and one.name.partition("-")[0] == name.partition("-")[0]:
                    found[one.name] = Target.from_environment(one.name, environ)
            return {each: target for each, target in found.items() if target}, ControlAddress.from_environment(environ)
        except UsageError as error:
            raise UsageFailure(str(error)) from error


def evidence_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``check`` its options that are told here, as one argument: ``evidence``."""

    @functools.wraps(command)
    def packed(**options: Any) -> Any:
        mine = {each.name: options.pop(each.name) for each in fields(Evidence)}
        return command(evidence=Evidence(**mine), **options)

    file = click.Path(dir_okay=False, path_type=Path)
    folder = click.Path(file_okay=False, path_type=Path)
    for option in (
        click.option(
            "--clean-up", is_flag=True, help="Take away what killed runs have left there, and do nothing else."
        ),
        click.option(
            "--record", type=folder, metavar="DIR", help="Keep the shapes of answers, without values, in DIR."
        ),
        click.option("--plan", is_flag=True, help="Say what would be asked, in order; the target is left alone."),
        click.option("--real", is_flag=True, help="A target on this machine is the vendor's own, as through a tunnel."),
        click.option("--secrets", type=file, metavar="FILE", help="Credentials by the environment's names; mode 0600."),
    ):
        packed = option(packed)
    return packed


def keep_verdicts(report: Path) -> None:
    """Remember a report's verdicts for ``vendorlab claims``; a state folder that cannot be written is no failure."""
    from vendorlab.contracts.core.errors import UsageError
    from vendorlab.contracts.core.keeping import state_home
    from vendorlab.contracts.core.verdicts import keep

    try:
        keep(state_home(), json.loads(report.read_text(encoding="utf-8")))
    except (UsageError, OSError) as error:
        click.echo(f"vendorlab: the verdicts are not kept: {error}", err=True)


def clean_up(evidence: Evidence, name: str, url: str) -> int:
    """Take away what killed runs have left on a target."""
    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.company import clean_up as take_away
    from vendorlab.contracts.core.errors import SuiteError

    targets, _ = evidence.addresses(name, url)
    try:
        access = Access(targets[name])
        try:
            lines = take_away(access, targets.get)
        finally:
            access.close()
    except SuiteError as error:
        raise UsageFailure(str(error)) from error
    for line in lines or ["nothing is left there by a run of this user"]:
        click.echo(line)
    return int(any("still there" in line for line in lines))


# --- plans -----------------------------------------------------------------------------------------------------------


def plan(
    evidence: Evidence,
    name: str,
    url: str | None,
    grants: Sequence[str],
    budget: int | None,
    json_path: Path | None,
    served: Callable[[Callable[[dict[str, Target], ControlAddress], int]], int],
    extra: Sequence[str],
) -> int:
    """Say what a run would ask.

    Args:
        evidence: The options.
        name: Whose suite.
        url: The target that is not to be asked; None is a fake.
        grants: What the run would be allowed.
        budget: Requests that it might make.
        json_path: Where the plan goes; None shows it.
        served: Runs something on a fake of its own, handing it the fake's addresses.
        extra: More arguments for pytest.
    """
    targets, control = evidence.addresses(name, url) if url else ({}, None)

    def ask(fakes: dict[str, Target], fake_control: ControlAddress) -> int:
        from vendorlab.contracts.core.run import run_suite

        turned = fake_control if control is not None or url is None else None
        alike = {each: _like(fake, targets.get(each), name, url) for each, fake in fakes.items()}
        with tempfile.TemporaryDirectory(prefix="vendorlab-plan-") as folder:
            draft = Path(folder, "plan.json")
            run_suite(
                name,
                targets=alike,
                allow=grants,
                control=turned,
                budget=budget,
                plan=draft,
                extra_args=extra,
                quiet=True,
            )
            if not draft.exists():
                raise UsageFailure(f"the plan of {name} came to nothing; `vendorlab check {name}` shows why")
            document = json.loads(draft.read_text(encoding="utf-8")) | {"target": url}
        _tell(document, json_path)
        return 0

    return served(ask)


def _like(fake: Target, target: Target | None, name: str, url: str | None) -> Target:
    """A fake that has what the target has: its capabilities, and this machine's freedom only if the target is here."""
    from dataclasses import replace

    from vendorlab.contracts.core.capabilities import CAPABILITIES

    if url is None:
        return fake
    if target is None:
        return replace(fake, real=True) if fake.vendor == name else fake
    lacking = {
        credential
        for each in CAPABILITIES.values()
        if each.credentials and target.missing(each.credentials)
        for credential in each.credentials
        if credential not in _KEPT
    }
    credentials = {key: value for key, value in fake.credentials.items() if key not in lacking}
    return replace(fake, credentials=credentials, real=not target.loopback)


def _tell(document: dict[str, Any], json_path: Path | None) -> None:
    from vendorlab.contracts.core.report import write

    if json_path is not None and str(json_path) != "-":
        write(json_path, document)
        return
    if json_path is not None:
        show_json(document)
        return
    rows = [
        [number, f"{each['at']:.0f} s", each["asked"], _short(each["test"])]
        for number, each in enumerate(document["requests"], 1)
    ]
    show_table(["#", "after", "request", "test"], rows, empty="no request")
    for line in _plan_lines(document):
        click.echo(line, err=not sys.stdout.isatty())


def _short(test: str) -> str:
    """A test's name without the folders of its file; what stands in brackets may have strokes of its own."""
    file, marks, name = test.partition("::")
    return f"{file.rpartition('/')[2]}{marks}{name}"


def _plan_lines(document: dict[str, Any]) -> list[str]:
    """What is to be said of a plan besides its requests."""
    target, requests = document["target"] or "a fake of the run's own", len(document["requests"])
    minutes, seconds = divmod(round(document["seconds"]), 60)
    budget = f", of a budget of {document['budget']}" if document["budget"] is not None else ""
    pace = f"at least {minutes} min {seconds:02} s at its pace" if document["paced"] else "sent at once"
    lines = [
        f"{document['vendor']} at {target} would be asked {requests} times{budget}: {pace}. Nothing was sent to it.",
        "A fake was asked with the same capabilities; what a target answers may change what comes next.",
        f"allowed: {', '.join(document['capabilities']) or 'reading only'}",
    ]
    if not document["limits"]:
        lines.append("no rate limit is published by this vendor")
    elif document["paced"]:
        lines += (f"at most {each['most']} of the published {each['text']}" for each in document["limits"])
    else:
        published = "; ".join(each["text"] for each in document["limits"])
        lines.append(f"the target's clock is turned where it would be too many by the published limits: {published}")
    left_out = document["left_out"].items()
    lines += (f"left out: {number} test{'s' * (number > 1)}: {reason}" for reason, number in left_out)
    lines += (f"not to be relied on, it failed on the fake: {test}" for test in document["broken"])
    return lines


# --- claims ----------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("vendor", required=False, type=click.Choice(SUITES))
@click.option(
    "--evidence",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Verdicts from the reports and recordings in DIR. Default: the last of this user's runs.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def claims(vendor: str | None, folder: Path | None, as_json: bool) -> None:
    """List what each vendor is held to, how that is known, which tests ask it, and what came of it last.

    The verdict on fakes and that on the vendor's own endpoint are columns of their own: the one says nothing about the
    other.

    \b
    Examples:
      vendorlab claims
      vendorlab claims scanalytics --json
      vendorlab claims slv --evidence recordings/2026-11
    """
    try:
        from vendorlab.contracts.core.claims import load_claims
        from vendorlab.contracts.core.errors import UsageError
        from vendorlab.contracts.core.inventory import names_by_claim, suite_modules, suite_tests
        from vendorlab.contracts.core.keeping import state_home
        from vendorlab.contracts.core.verdicts import in_folder, kept
    except ModuleNotFoundError as error:
        raise UsageFailure(f"the contract suites need {error.name}: pip install 'vendorlab[contracts]'") from error

    try:
        verdicts = in_folder(folder) if folder else kept(state_home())
    except UsageError as error:
        raise UsageFailure(str(error)) from error
    rows: list[dict[str, Any]] = []
    for name in [vendor] if vendor else SUITES:
        tests = names_by_claim(suite_tests(suite_modules(name)))
        rows += (
            {
                "id": claim.id,
                "source": claim.source,
                "text": claim.text,
                "where": claim.where,
                "date": claim.date,
                "tests": tests.get(claim.id, []),
                "fake": verdicts.get(claim.id, {}).get("fake"),
                "real": verdicts.get(claim.id, {}).get("real"),
            }
            for claim in load_claims(name)
        )
    if as_json:
        show_json(rows)
        return
    show_table(
        ["claim", "source", "tests", "on fakes", "on the real one", "text"],
        [[r["id"], r["source"], len(r["tests"]), _verdict(r["fake"]), _verdict(r["real"]), r["text"]] for r in rows],
    )
    if sys.stdout.isatty():
        counts = Counter(str(row["source"]) for row in rows)
        click.echo(" · ".join(f"{count} {source}" for source, count in counts.items()))


def _verdict(found: dict[str, str] | None) -> str:
    return f"{found['verdict']} {found['at'][:10]}" if found else ""
