"""Runs a vendor's suite as a process of its own: the way ``vendorlab check`` does it.

Neither the user's pytest configuration nor their plugins take part: a verdict must not depend on who asks.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vendorlab.contracts.core.capabilities import parse_allow
from vendorlab.contracts.core.control import PREFIX, ControlAddress
from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.notes import VARIABLE, notes
from vendorlab.contracts.core.suites import suite_package
from vendorlab.contracts.core.supervising import supervise
from vendorlab.contracts.core.target import Target, variable_prefix

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

FINE, FOUND, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
_SIGNALLED = (-2, -15)
_NOTHING_CHOSEN = 5


def run_suite(
    vendor: str,
    *,
    targets: Mapping[str, Target],
    allow: Collection[str] = (),
    control: ControlAddress | None = None,
    budget: int | None = None,
    json_path: Path | None = None,
    progress: int | None = None,
    claims: Sequence[str] = (),
    modules: Sequence[str] = (),
    record: Path | None = None,
    plan: Path | None = None,
    quiet: bool = False,
    extra_args: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> int:
    """Hold a target to a vendor's contract. What happens is printed as pytest prints it.

    Args:
        vendor: Whose suite.
        targets: Where the vendors are, by name; the credentials go over by environment, never by arguments.
        allow: Names of capabilities, as ``--vendorlab-allow`` takes them.
        control: The control API that turns the target's clock, if there is one. Only this one counts: an address
            left in the environment may be that of some other world.
        budget: Requests that the run may make.
        json_path: Where the report of the claims goes.
        progress: A file descriptor to which the run tells how it goes, as ``progress.py`` has it.
        claims: Only the tests of these claims; none means all.
        modules: Only these of the suite's modules, such as ``test_token``, since to load all takes a second.
        record: The folder that a recording goes to.
        plan: Where a plan goes: the targets are fakes, which are asked what others would be.
        quiet: Whether nothing is printed.
        extra_args: More arguments for pytest.
        environ: The environment to start from; None is this process's.

    Returns:
        0 if all is fine, 1 if something was found, 2 for wrong use or an unreachable target (with a line on
        standard error), 130 if interrupted.
    """
    try:
        parse_allow(allow)
        _check_target(vendor, targets)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_USE
    command = [
        # -P keeps the current directory off the import path.
        *(sys.executable, "-P", "-m", "pytest", "--pyargs"),
        *([f"{suite_package(vendor)}.{each}" for each in modules] or [suite_package(vendor)]),
        *("-p", "vendorlab.contracts.plugin", "-p", "no:cacheprovider"),
        *("-c", str(Path(__file__).with_name("suite.ini")), "--rootdir", str(Path(__file__).parents[1])),
        *(f"--vendorlab-target={name}={target.url}" for name, target in targets.items()),
        *(f"--vendorlab-allow={name}" for name in sorted(allow)),
        *([f"--vendorlab-budget={budget}"] if budget is not None else []),
        *(f"--vendorlab-claim={claim}" for claim in claims),
        *([f"--vendorlab-record={record.absolute()}"] if record else []),
        *([f"--vendorlab-plan={plan.absolute()}"] if plan else []),
        *([f"--vendorlab-json={json_path.absolute()}"] if json_path else []),
        *([f"--vendorlab-progress={progress}"] if progress is not None else []),
        *extra_args,
    ]
    environment = _environment(os.environ if environ is None else environ, targets, control)
    heard = () if progress is None else (progress,)
    with notes() as folder:
        environment[VARIABLE] = str(folder)
        status = supervise(command, environment, quiet=quiet, heard=heard)
    if status == _NOTHING_CHOSEN:
        sys.stderr.write(f"no test of {vendor} was chosen: nothing was asked\n")
    if status in _SIGNALLED:
        return INTERRUPTED
    return status if status in (FINE, FOUND, INTERRUPTED) else WRONG_USE


def _check_target(vendor: str, targets: Mapping[str, Target]) -> None:
    try:
        module = importlib.import_module(suite_package(vendor))
        required: tuple[str, ...] = module.REQUIRED_CREDENTIALS
    except (ModuleNotFoundError, AttributeError):
        raise UsageError(f"there is no contract suite for {vendor!r}") from None
    target = targets.get(vendor)
    if target is None:
        raise UsageError(f"no target for {vendor}")
    instead: tuple[str, ...] = getattr(module, "INSTEAD", required)
    if (missing := target.missing(required)) and target.missing(instead):
        raise UsageError(f"{vendor} at {target.url} needs credentials: set {', '.join(missing)}")


def _environment(
    environ: Mapping[str, str], targets: Mapping[str, Target], control: ControlAddress | None
) -> dict[str, str]:
    dropped = ("PYTEST_", PREFIX, *(variable_prefix(name) for name in targets))
    kept = {name: value for name, value in environ.items() if not name.startswith(dropped)}
    for name, target in targets.items():
        prefix = variable_prefix(name)
        kept |= {f"{prefix}{each.upper()}": value for each, value in target.credentials.items()}
        kept |= {f"{prefix}CA": target.ca} if target.ca else {}
        kept |= {f"{prefix}REAL": "1"} if target.real else {}
    return kept | (control.variables() if control else {}) | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
