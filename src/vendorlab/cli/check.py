"""``vendorlab check``: hold a target to what is documented."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab import __version__
from vendorlab.cli import evidence as beside
from vendorlab.cli.common import UsageFailure, text_of
from vendorlab.cli.evidence import CONTROL, SUITES, Evidence, evidence_options
from vendorlab.mocks.registry import ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vendorlab.contracts.core.control import ControlAddress
    from vendorlab.contracts.core.target import Target
    from vendorlab.mocks.core.edges.certificates import TlsFiles

BESIDE = {"itron-coap": ("itron-platform",), "itron-mqtt": ("itron-platform",)}
"""The addresses that a suite needs beside its own: Itron's tokens come from its platform."""
ALWAYS_TLS = frozenset({"itron-mqtt"})
NEVER_TLS = frozenset({"itron-coap", CONTROL})


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("vendor", type=click.Choice([*SUITES, "all"]))
@click.option("--target", metavar="URL", help="The endpoint to check. Default: a fake, in a world made for the run.")
@click.option("--allow", metavar="CAP[,CAP]", help="What the suite may do there beyond reading, such as spend,exhaust.")
@click.option("--budget", type=click.IntRange(1), metavar="N", help="Requests that the run may make.")
@click.option("--profile", metavar="NAME", help="The fake's profile, such as legacy or modern.")
@click.option("--tls", is_flag=True, help="Ask the fake over https.")
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Where the report of the claims goes."
)
@click.option("--junit", "junit_path", type=click.Path(dir_okay=False, path_type=Path), help="Where JUnit XML goes.")
@evidence_options
@click.option("-k", "expression", metavar="EXPRESSION", help="Only tests that match, as pytest has it.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each test.")
def check(
    vendor: str,
    target: str | None,
    allow: str | None,
    budget: int | None,
    profile: str | None,
    tls: bool,
    json_path: Path | None,
    junit_path: Path | None,
    evidence: Evidence,
    expression: str | None,
    verbose: bool,
) -> int:
    """Run a vendor's contract suite, on a fake or on the real thing; `control` is our own control API.

    A real endpoint's credentials come from the environment, as `vendorlab env` names them, or from a file of such
    variables. There, only what reads is run unless --allow says more.

    \b
    Examples:
      vendorlab check scanalytics
      vendorlab check scanalytics --profile modern --json report.json
      vendorlab check scanalytics --target https://query.scanalyticsinc.com --budget 50
      vendorlab check scanalytics --target https://query.scanalyticsinc.com --secrets mine.env --plan
      vendorlab check scanalytics --target https://query.scanalyticsinc.com --secrets mine.env --record observed

    Exit code: 0 all is fine, 1 something was found, 2 wrong use or nothing answers.
    """
    names = SUITES if vendor == "all" else [vendor]
    if target is not None and len(names) > 1:
        raise UsageFailure("--target goes with one vendor, not with `all`")
    if target is not None and profile is not None:
        raise UsageFailure("--profile is for the fake: a real endpoint is what it is")
    if profile is not None and CONTROL in names:
        raise UsageFailure("--profile goes with one vendor; the control API has none")
    if tls and (target is not None or vendor in NEVER_TLS):
        raise UsageFailure("--tls is for the fake of a vendor; a target's address says by itself what it speaks")
    evidence.check(target, names)
    extra = [*(["-k", expression] if expression else []), *(["-v"] if verbose else [])]
    grants = [name.strip() for name in allow.split(",")] if allow else []
    _runner()
    if evidence.clean_up and target is not None:
        return beside.clean_up(evidence, vendor, target)
    if evidence.plan:
        tls = (tls and vendor not in NEVER_TLS) or vendor in ALWAYS_TLS
        served = partial(_on_fake, vendor, profile, tls=tls)
        return beside.plan(evidence, vendor, target, grants, budget, json_path, served, extra)
    status = 0
    for name in names:
        shared: dict[str, Any] = {
            "allow": grants,
            "budget": budget,
            "junit_path": _for(junit_path, name, names),
            "record": evidence.record,
            "extra_args": extra,
        }
        found = _kept(name, target, evidence, shared, _for(json_path, name, names), profile, tls=tls)
        status = max(status, found)
    return status


def _kept(
    name: str,
    target: str | None,
    evidence: Evidence,
    shared: dict[str, Any],
    json_path: Path | None,
    profile: str | None,
    *,
    tls: bool,
) -> int:
    """Run a suite, and remember its verdicts."""
    from vendorlab.contracts.core.run import run_suite

    def on_fake(targets: dict[str, Target], control: ControlAddress) -> int:
        return run_suite(name, targets=targets, control=control, **shared)

    with tempfile.TemporaryDirectory(prefix="vendorlab-check-") as folder:
        report = shared["json_path"] = Path(folder, "report.json")
        if target:
            targets, control = evidence.addresses(name, target)
            status = run_suite(name, targets=targets, control=control, **shared)
        else:
            status = _on_fake(name, profile, on_fake, tls=(tls and name not in NEVER_TLS) or name in ALWAYS_TLS)
        if report.exists():
            beside.keep_verdicts(report)
            if json_path is not None:
                json_path.parent.mkdir(parents=True, exist_ok=True)
                draft = json_path.with_name(f".{json_path.name}.draft")
                shutil.copyfile(report, draft)
                draft.replace(json_path)
    return status


def _on_fake(
    name: str, profile: str | None, run: Callable[[dict[str, Target], ControlAddress], int], *, tls: bool
) -> int:
    """Run something on a fake in a world made for it."""
    from vendorlab.cli.https import certificate

    with certificate(tls=tls) as files:
        return _on_served(name, profile, run, files)


def _on_served(
    name: str,
    profile: str | None,
    run: Callable[[dict[str, Target], ControlAddress], int],
    tls: TlsFiles | None,
) -> int:
    from vendorlab.cli.serving import Serving
    from vendorlab.contracts.core.control import ControlAddress
    from vendorlab.contracts.core.target import Target
    from vendorlab.mocks.core.world import WorldOptions

    owner = next((one.vendor for one in ADDRESSES if one.name == name), name)
    addresses = [] if name == CONTROL else [name, *BESIDE.get(name, ())]
    serving = Serving(
        names=addresses,
        ports=dict.fromkeys(["control", *addresses], 0),
        options=WorldOptions(profiles={owner: profile} if profile else {}, tls=tls),
        token=secrets.token_urlsafe(24),
        version=__version__,
    )
    try:
        serving.start()
        control = ControlAddress(serving.control_url, serving.token)
        if name == CONTROL:
            targets = {name: Target(name, serving.control_url, {"token": serving.token})}
        else:
            ready = serving.ready()["vendors"]
            targets = {each: _target(each, ready[each]) for each in addresses}
        return run(targets, control)
    finally:
        serving.stop()


def _target(name: str, found: dict[str, Any]) -> Target:
    from vendorlab.contracts.core.target import Target

    credentials = {key: text_of(value) for key, value in found["credentials"].items()}
    return Target(name, found["url"], credentials, found.get("ca"))


def _runner() -> None:
    """Say plainly which extra is missing, if one is."""
    try:
        import_module("vendorlab.contracts.core.run")
    except ModuleNotFoundError as error:
        raise UsageFailure(f"the contract suites need {error.name}: pip install 'vendorlab[contracts]'") from error


def _for(path: Path | None, name: str, names: Sequence[str]) -> Path | None:
    """A report's place; with several vendors each has its own."""
    if path is None or len(names) == 1:
        return path
    return path.with_name(f"{path.stem}-{name}{path.suffix}")
