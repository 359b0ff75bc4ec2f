"""``vendorlab reset``, ``snapshot``, ``state``, ``token`` and ``worlds``: the whole world at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab.cli.common import UsageFailure, control_client, control_options, read_json, show_json, show_table
from vendorlab.mocks.registry import names as named
from vendorlab.mocks.registry import vendors

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command()
@click.option("--seed", type=click.IntRange(0), help="Begin with another seed.")
@click.option(
    "--limits",
    type=click.Choice(["all", *vendors()]),
    help="Only forget what was counted against the limits of a vendor, or of all.",
)
@control_options
def reset(seed: int | None, limits: str | None, control: str | None, world: str) -> None:
    """Return to the start: clock, tokens, limits, faults, journal.

    \b
    Examples:
      vendorlab reset
      vendorlab reset --seed 7
      vendorlab reset --limits scanalytics
    """
    if limits is not None and seed is not None:
        raise UsageFailure("--limits leaves the rest as it is, so no --seed goes with it")
    with control_client(control, world) as client:
        if limits is not None:
            client.clear_limits(None if limits == "all" else limits)
            click.echo(f"what was counted against the limits of {limits} is forgotten")
            return
        click.echo(f"back at the start, with seed {client.reset(seed)}")


@click.group()
def snapshot() -> None:
    """Save the whole state to a file, or take it up again.

    \b
    Examples:
      vendorlab snapshot save before.json
      vendorlab snapshot load before.json
    """


@snapshot.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@control_options
def save(file: Path, control: str | None, world: str) -> None:
    """Save clock, timers, tokens and all other state. The file holds live (fake) tokens."""
    with control_client(control, world) as client:
        document = client.snapshot()
    try:
        file.write_text(json.dumps(document) + "\n")
    except OSError as error:
        raise UsageFailure(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"saved to {file}")


@snapshot.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@control_options
def load(file: Path, control: str | None, world: str) -> None:
    """Take up a saved state; a damaged file, or one of another version, is refused and changes nothing."""
    document = read_json(file, dict[str, Any], "a snapshot")
    with control_client(control, world) as client:
        client.restore(document)
    click.echo(f"taken up from {file}")


@click.command()
@click.argument("vendor", required=False, type=click.Choice(vendors()))
@control_options
def state(vendor: str | None, control: str | None, world: str) -> None:
    """Show what is in the vendors, without secrets.

    \b
    Example:
      vendorlab state scanalytics | jq '.deployments[].name'
    """
    with control_client(control, world) as client:
        show_json(client.state(vendor))


@click.group(invoke_without_command=True)
@click.pass_context
def token(ctx: click.Context) -> None:
    """List OAuth tokens, revoke them, or let them expire.

    \b
    Examples:
      vendorlab token
      vendorlab token expire scanalytics --user ada@example.com
      vendorlab token revoke scanalytics --id '#3f9a2c1d'
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@token.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@control_options
def list_(as_json: bool = False, control: str | None = None, world: str = "main") -> None:
    """List every token by its fingerprint."""
    columns = ["vendor", "id", "kind", "state", "user", "client", "scope", "expires"]
    with control_client(control, world) as client:
        rows = [[getattr(found, name) for name in columns] for found in client.tokens()]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    show_table(columns, rows, empty="no tokens yet")


def _which(command: Callable[..., Any]) -> Callable[..., Any]:
    command = control_options(command)
    command = click.option("--user", help="All tokens of this user.")(command)
    command = click.option("--id", "fingerprint", help="One, by its fingerprint.")(command)
    return click.argument("vendor", type=click.Choice(vendors()))(command)


@token.command()
@_which
def revoke(vendor: str, fingerprint: str | None, user: str | None, control: str | None, world: str) -> None:
    """End tokens before their time."""
    _need_one(fingerprint, user)
    with control_client(control, world) as client:
        click.echo(f"{client.revoke_token(vendor, fingerprint=fingerprint, user=user)} revoked")


@token.command()
@_which
def expire(vendor: str, fingerprint: str | None, user: str | None, control: str | None, world: str) -> None:
    """Let access tokens expire now."""
    _need_one(fingerprint, user)
    with control_client(control, world) as client:
        click.echo(f"{client.expire_token(vendor, fingerprint=fingerprint, user=user)} expired")


def _need_one(fingerprint: str | None, user: str | None) -> None:
    if (fingerprint is None) == (user is None):
        raise UsageFailure("say which tokens by exactly one of --id and --user")


@click.group(invoke_without_command=True)
@click.pass_context
def worlds(ctx: click.Context) -> None:
    """List worlds, make more of them on the same server, end them.

    \b
    Examples:
      vendorlab worlds create blue --seed 7
      vendorlab clock advance 5d --world blue
      vendorlab worlds delete blue
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_worlds)


@worlds.command(name="list")
@click.option("--control", metavar="URL", help="Address of the control API.")
def list_worlds(control: str | None = None) -> None:
    """List every world and where its vendors are."""
    with control_client(control, "main") as client:
        rows = [[found.name, name, one.url] for found in client.worlds() for name, one in found.vendors.items()]
    show_table(["world", "vendor", "url"], rows)


@worlds.command()
@click.argument("name")
@click.option("--vendor", "names", multiple=True, type=click.Choice(named()), help="Which vendors. Default: all.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="All its chance comes from it.")
@click.option("--control", metavar="URL", help="Address of the control API.")
def create(name: str, names: tuple[str, ...], seed: int, control: str | None) -> None:
    """Make a world of its own on free ports and print its addresses and credentials as JSON."""
    with control_client(control, "main") as client:
        made = client.create_world(name, vendors=list(names) or None, seed=seed)
    found = {
        one: {"url": at.url} | ({"ca": at.ca} if at.ca else {}) | {"credentials": dict(at.credentials)}
        for one, at in made.vendors.items()
    }
    show_json({"name": made.name, "vendors": found})


@worlds.command()
@click.argument("name")
@click.option("--control", metavar="URL", help="Address of the control API.")
def delete(name: str, control: str | None) -> None:
    """End a world."""
    with control_client(control, "main") as client:
        client.delete_world(name)
