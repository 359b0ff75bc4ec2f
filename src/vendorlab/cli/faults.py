"""``vendorlab faults``: what goes wrong, where, and exactly when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab.cli.common import (
    UsageFailure,
    control_client,
    control_options,
    show_json,
    show_table,
)
from vendorlab.cli.rules import fault_options, read_rules, rule_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.group(invoke_without_command=True)
@click.pass_context
def faults(ctx: click.Context) -> None:
    """List faults, add them, take them away.

    \b
    Examples:
      vendorlab faults add --operation token --nth 1 --reset --phase after
      vendorlab faults add --operation whoami --every 10 --status 503
      vendorlab faults add --vendor scanalytics --chance 0.1 --delay 2s
      vendorlab faults add --protocol coap --direction out --type ACK --nth 2 --per exchange --drop
      vendorlab faults add --type PUBLISH --topic '+/alert/#' --every 10 --duplicate 1
      vendorlab faults
      vendorlab faults clear
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@faults.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@control_options
def list_(as_json: bool = False, control: str | None = None, world: str = "main") -> None:
    """List every fault, with how often it matched and struck."""
    with control_client(control, world) as client:
        rules = client.faults()
    if as_json:
        show_json([rule.document() | {"matched": rule.matched, "struck": rule.struck} for rule in rules])
        return
    rows = [
        [rule.name, _words(rule.match), _words(rule.when) or "always", _words(rule.action), rule.matched, rule.struck]
        for rule in rules
    ]
    show_table(["name", "match", "when", "action", "matched", "struck"], rows, empty="no faults")


@faults.command()
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A rule, or a list of rules, as JSON or YAML.",
)
@fault_options
@control_options
def add(file: Path | None, control: str | None, world: str, **options: Any) -> None:
    """Add a fault from options, or from a file."""
    rule = rule_of(options)
    if (file is None) == (rule is None):
        raise UsageFailure("say what goes wrong by options, or in a --file")
    listed = [rule] if rule else read_rules(file) if file else []
    with control_client(control, world) as client:
        for rule in listed:
            click.echo(client.add_fault(rule).name)


@faults.command()
@click.argument("name")
@control_options
def remove(name: str, control: str | None, world: str) -> None:
    """Take one fault away."""
    with control_client(control, world) as client:
        client.remove_fault(name)


@faults.command()
@control_options
def clear(control: str | None, world: str) -> None:
    """Take every fault away."""
    with control_client(control, world) as client:
        client.clear_faults()


def _words(part: Mapping[str, Any] | None) -> str:
    return " ".join(f"{key}={value}" if key != "kind" else str(value) for key, value in (part or {}).items())
