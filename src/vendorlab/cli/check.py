"""``vendorlab check`` and ``claims``: hold a target to what is documented."""

from __future__ import annotations

import os
import secrets
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab import __version__
from vendorlab.cli.common import UsageFailure, left_token, show_json, show_table, text_of
from vendorlab.mocks.registry import ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vendorlab.mocks.core.edges.certificates import TlsFiles

CONTROL = "control"
_PREFIX = "VENDORLAB_CONTROL_"
SUITES = [*(one.name for one in ADDRESSES), CONTROL]
"""What has a contract suite: the vendors, and our own control API."""
_BESIDE = {"itron-coap": ("itron-platform",), "itron-mqtt": ("itron-platform",)}
"""The addresses that a suite needs beside its own: Itron's tokens come from its platform."""
_ALWAYS_TLS = frozenset({"itron-mqtt"})
_NEVER_TLS = frozenset({"itron-coap", CONTROL})


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
    expression: str | None,
    verbose: bool,
) -> int:
    """Run a vendor's contract suite, on a fake or on the real thing; `control` is our own control API.

    A real endpoint's credentials come from the environment, as `vendorlab env` names them. There, only what reads is
    run unless --allow says more.

    \b
    Examples:
      vendorlab check scanalytics
      vendorlab check scanalytics --profile modern --json report.json
      vendorlab check scanalytics --target https://query.scanalyticsinc.com --budget 50
      vendorlab check scanalytics --tls

    Exit code: 0 all is fine, 1 something was found, 2 wrong use or nothing answers.
    """
    names = SUITES if vendor == "all" else [vendor]
    if target is not None and len(names) > 1:
        raise UsageFailure("--target goes with one vendor, not with `all`")
    if target is not None and profile is not None:
        raise UsageFailure("--profile is for the fake: a real endpoint is what it is")
    if profile is not None and CONTROL in names:
        raise UsageFailure("--profile goes with one vendor; the control API has none")
    if tls and (target is not None or vendor in _NEVER_TLS):
        raise UsageFailure("--tls is for the fake of a vendor; a target's address says by itself what it speaks")
    extra = [*(["-k", expression] if expression else []), *(["-v"] if verbose else [])]
    grants = [name.strip() for name in allow.split(",")] if allow else []
    status = 0
    for name in names:
        shared: dict[str, Any] = {
            "budget": budget,
            "json_path": _for(json_path, name, names),
            "junit_path": _for(junit_path, name, names),
            "extra_args": extra,
        }
        found = (
            _on_target(name, target, grants, shared)
            if target
            else _on_fake(name, profile, grants, shared, tls=(tls and name not in _NEVER_TLS) or name in _ALWAYS_TLS)
        )
        status = max(status, found)
    return status


def _on_target(name: str, url: str, grants: Sequence[str], shared: dict[str, Any]) -> int:
    run = _runner()
    environ = dict(os.environ)
    if name == CONTROL:  # it turns its own clocks, with the token that other commands find, too
        environ |= {f"{_PREFIX}URL": url, f"{_PREFIX}TOKEN": os.environ.get(f"{_PREFIX}TOKEN") or left_token(url) or ""}
    try:
        target = run.Target.from_environment(name, environ, url)
        control = run.control(environ)
    except run.UsageError as error:
        raise UsageFailure(str(error)) from error
    return int(run.run_suite(name, targets={name: target}, allow=grants, control=control, **shared))


def _on_fake(name: str, profile: str | None, grants: Sequence[str], shared: dict[str, Any], *, tls: bool) -> int:
    from vendorlab.cli.https import certificate

    with certificate(tls=tls) as files:
        return _on_served(name, profile, grants, shared, files)


def _on_served(
    name: str, profile: str | None, grants: Sequence[str], shared: dict[str, Any], tls: TlsFiles | None
) -> int:
    from vendorlab.cli.serving import Serving
    from vendorlab.mocks.core.world import WorldOptions

    run = _runner()
    owner = next((one.vendor for one in ADDRESSES if one.name == name), name)
    addresses = [] if name == CONTROL else [name, *_BESIDE.get(name, ())]
    serving = Serving(
        names=addresses,
        ports=dict.fromkeys(["control", *addresses], 0),
        options=WorldOptions(profiles={owner: profile} if profile else {}, tls=tls),
        token=secrets.token_urlsafe(24),
        version=__version__,
    )
    try:
        serving.start()
        control = run.ControlAddress(serving.control_url, serving.token)
        if name == CONTROL:
            targets = {name: run.Target(name, serving.control_url, {"token": serving.token})}
        else:
            ready = serving.ready()["vendors"]
            targets = {each: _target(run, each, ready[each]) for each in addresses}
        return int(run.run_suite(name, targets=targets, allow=grants, control=control, **shared))
    finally:
        serving.stop()


def _target(run: _Runner, name: str, found: dict[str, Any]) -> Any:
    credentials = {key: text_of(value) for key, value in found["credentials"].items()}
    return run.Target(name, found["url"], credentials, found.get("ca"))


class _Runner:
    """What the contracts offer, or a plain word about the extra that is missing."""

    def __init__(self) -> None:
        try:
            from vendorlab.contracts.core import control, errors, run, target
        except ModuleNotFoundError as error:
            raise UsageFailure(f"the contract suites need {error.name}: pip install 'vendorlab[contracts]'") from error
        self.run_suite = run.run_suite
        self.UsageError = errors.UsageError
        self.Target = target.Target
        self.ControlAddress = control.ControlAddress
        self.control = control.ControlAddress.from_environment


def _runner() -> Any:
    return _Runner()


def _for(path: Path | None, name: str, names: Sequence[str]) -> Path | None:
    """A report's place; with several vendors each has its own."""
    if path is None or len(names) == 1:
        return path
    return path.with_name(f"{path.stem}-{name}{path.suffix}")


@click.command()
@click.argument("vendor", required=False, type=click.Choice(SUITES))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def claims(vendor: str | None, as_json: bool) -> None:
    """List what each vendor is held to, and how that is known.

    \b
    Examples:
      vendorlab claims
      vendorlab claims scanalytics --json
    """
    try:
        from vendorlab.contracts.core.claims import load_claims
    except ModuleNotFoundError as error:
        raise UsageFailure(f"the contract suites need {error.name}: pip install 'vendorlab[contracts]'") from error

    names = [vendor] if vendor else SUITES
    found = [claim for name in names for claim in load_claims(name)]
    if as_json:
        show_json([{"id": c.id, "source": c.source, "text": c.text, "where": c.where, "date": c.date} for c in found])
        return
    show_table(["claim", "source", "text"], [[claim.id, claim.source, claim.text] for claim in found])
    if sys.stdout.isatty():
        counts = Counter(str(claim.source) for claim in found)
        click.echo(" · ".join(f"{count} {source}" for source, count in counts.items()))
