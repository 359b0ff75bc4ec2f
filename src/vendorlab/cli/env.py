"""``vendorlab env`` and ``vendorlab wait``: what a program or a pipeline asks of a running ``vendorlab up``."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab.cli.common import (
    UsageFailure,
    by_address,
    control_client,
    control_options,
    environment,
    left_token,
    of_control,
    read_json,
)
from vendorlab.mocks.registry import ADDRESSES, names

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_SECONDS = 0.05


def _fish(value: str) -> str:
    """A text in fish's single quotes, in which only the quote and the backslash mean something."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _dotenv(value: str) -> str:
    """A text as dotenv files quote it: as it is in single quotes, or with escapes in double ones."""
    if "'" not in value and "\n" not in value:
        return f"'{value}'"
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("\n", "\\n")):
        value = value.replace(plain, escaped)
    return f'"{value}"'


def _docker(value: str) -> str:
    """A text in a file for ``docker run --env-file``, which has no quotes at all."""
    if "\n" in value:
        raise UsageFailure("a value holds a line break, which Docker's files cannot carry; take another --format")
    return value


_LINES: dict[str, Callable[[str, str], str]] = {
    "sh": lambda name, value: f"export {name}={shlex.quote(value)}",
    "fish": lambda name, value: f"set -gx {name} {_fish(value)}",
    "dotenv": lambda name, value: f"{name}={_dotenv(value)}",
    "docker": lambda name, value: f"{name}={_docker(value)}",
}
_UNSET: dict[str, Callable[[str], str]] = {
    "sh": lambda name: f"unset {name}",
    "fish": lambda name: f"set -e {name}",
}


@click.command()
@click.argument("vendor", type=click.Choice(["all", "control", *names()]), metavar="VENDOR|control|all")
@click.option(
    "--format",
    "form",
    type=click.Choice([*_LINES, "json"]),
    default="sh",
    show_default=True,
    help="For a POSIX shell, for fish, for a .env file, for `docker run --env-file`, or one JSON object.",
)
@click.option("--unset", is_flag=True, help="Lines that take the variables away again; for sh and fish.")
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="Ask this ready file rather than the control API.",
)
@control_options
def env(vendor: str, form: str, unset: bool, ready_file: Path | None, control: str | None, world: str) -> None:
    """Print the address and credentials of a running vendor as environment variables.

    A vendor with several addresses is named whole, such as itron, or one by one, such as itron-coap.

    \b
    Examples:
      eval "$(vendorlab env scanalytics)"
      vendorlab env --format fish slv | source
      vendorlab env --format dotenv all > .env
      vendorlab env --format json inode | jq -r .VENDORLAB_INODE_API_KEY
    """
    if unset and form not in _UNSET:
        raise UsageFailure(f"--unset is for {' and '.join(_UNSET)}, not for {form}")
    known = _from_file(ready_file) if ready_file else _from_control(control, world)
    if vendor != "all":
        wanted = {one.name for one in ADDRESSES if vendor in (one.name, one.vendor)} or {vendor}
        known = {address: found for address, found in known.items() if address in wanted}
    if not known:
        raise UsageFailure(f"{vendor} is not in this world; start it with `vendorlab up {vendor}`")
    variables = {name: value for found in known.values() for name, value in found.items()}
    if form == "json":
        click.echo(json.dumps(variables, indent=2))
        return
    for name, value in variables.items():
        click.echo(_UNSET[form](name) if unset else _LINES[form](name, value))
    if sys.stdout.isatty() and form == "sh":
        click.echo(f'# take them up with: eval "$(vendorlab env {vendor})"', err=True)


@click.command()
@click.option("--timeout", type=float, default=30.0, show_default=True, help="Seconds to wait at most.")
@click.option("--control", metavar="URL", help="Address of the control API.")
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Wait until this ready file is there, and then for the control API that it names.",
)
def wait(timeout: float, control: str | None, ready_file: Path | None) -> None:
    """Wait until a `vendorlab up` answers and everything in it listens.

    It ends with 0 as soon as that is so, and with 2 when the time is over.

    \b
    Examples:
      vendorlab up & vendorlab wait --timeout 10
      vendorlab up --port 0 --ready-file ready.json & vendorlab wait --ready-file ready.json
    """
    deadline = time.monotonic() + timeout
    while True:
        trouble = _trouble(control, ready_file)
        if trouble is None:
            return
        if time.monotonic() > deadline:
            raise UsageFailure(f"not up after {timeout:g} seconds: {trouble}")
        time.sleep(LOOK_SECONDS)


def _trouble(control: str | None, ready_file: Path | None) -> str | None:
    """What is still missing; None when all is there."""
    if ready_file is not None:
        if not ready_file.exists():
            return f"there is no {ready_file} yet"
        control = str(_ready(ready_file)["control"]["url"])
    try:
        with control_client(control, "main") as client:
            return None if client.health().status == "ok" else "something in it does not listen yet"
    except UsageFailure as error:
        return error.message


def _from_file(path: Path) -> dict[str, dict[str, str]]:
    return by_address(_ready(path))


def _from_control(control: str | None, world: str) -> dict[str, dict[str, str]]:
    with control_client(control, world) as client:
        token = os.environ.get("VENDORLAB_CONTROL_TOKEN") or left_token(client.url) or ""
        known = {"control": of_control(client.url, token)}
        for address, found in client.vendors().items():
            known[address] = environment(address, found.url, found.credentials, found.ca)
    return known


def _ready(path: Path) -> dict[str, Any]:
    found = read_json(path, dict[str, Any], "a ready file")
    if not {"control", "vendors"} <= found.keys():
        raise UsageFailure(f"{path} is not a ready file: it names neither control nor vendors")
    return found
