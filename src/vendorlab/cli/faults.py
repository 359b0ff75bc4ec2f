"""``vendorlab faults``: what goes wrong, where, and exactly when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab.cli.common import (
    Duration,
    UsageFailure,
    control_client,
    control_options,
    read_json,
    show_json,
    show_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_Rules: Any = dict[str, Any] | list[dict[str, Any]]


@click.group(invoke_without_command=True)
@click.pass_context
def faults(ctx: click.Context) -> None:
    """List faults, add them, take them away.

    \b
    Examples:
      vendorlab faults add --operation token --nth 1 --reset --phase after
      vendorlab faults add --operation whoami --every 10 --status 503
      vendorlab faults add --vendor scanalytics --chance 0.1 --delay 2s
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
    help="A rule, or a list of rules, as JSON.",
)
@click.option("--name", help="To remove it by. Default: made.")
@click.option("--vendor", help="Only exchanges with this vendor.")
@click.option(
    "--operation", help="Only this operation, such as token or whoami (`vendorlab journal` shows their names)."
)
@click.option("--method", help="Only this method.")
@click.option("--principal", help="Only this caller: a user's name, a client's id, or anonymous.")
@click.option("--nth", type=int, help="Only the nth matching exchange.")
@click.option("--first", type=int, help="From this exchange on.")
@click.option("--last", type=int, help="Up to this exchange.")
@click.option("--every", type=int, help="Every k-th exchange.")
@click.option("--chance", type=float, help="Each with this probability, from the world's seed.")
@click.option("--times", type=int, help="At most so often.")
@click.option("--phase", type=click.Choice(["before", "after"]), help="Before or after the vendor's handler ran.")
@click.option("--status", type=int, help="The vendor's own answer for this status.")
@click.option("--delay", type=Duration(), help="The answer comes late.")
@click.option("--drip", is_flag=True, help="The body comes in small pieces.")
@click.option("--truncate", type=int, metavar="BYTES", help="The connection closes after so many bytes of the body.")
@click.option("--reset", is_flag=True, help="The connection is reset.")
@click.option("--empty", is_flag=True, help="The connection closes without a byte.")
@click.option("--content-type", metavar="TYPE", help="The answer claims another media type.")
@control_options
def add(file: Path | None, control: str | None, world: str, **options: Any) -> None:
    """Add a fault from options, or from a file."""
    rules: Any = read_json(file, _Rules, "a rule or a list of rules") if file else [_rule(options)]
    listed: list[dict[str, Any]] = [rules] if isinstance(rules, dict) else rules
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


_ACTIONS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "status": lambda value: {"kind": "status", "status": value},
    "delay": lambda value: {"kind": "delay", "seconds": value},
    "drip": lambda _: {"kind": "drip"},
    "truncate": lambda value: {"kind": "truncate", "after": value},
    "reset": lambda _: {"kind": "reset"},
    "empty": lambda _: {"kind": "empty"},
    "content_type": lambda value: {"kind": "content-type", "value": value},
}
"""By option, what goes wrong."""


def _rule(options: dict[str, Any]) -> dict[str, Any]:
    chosen = [action(options[name]) for name, action in _ACTIONS.items() if options[name] not in (None, False)]
    if len(chosen) != 1:
        raise UsageFailure(
            "say what goes wrong by exactly one of --status, --delay, --drip, --truncate, --reset, --empty, "
            "--content-type"
        )

    def given(*names: str) -> dict[str, Any]:
        return {name: options[name] for name in names if options[name] is not None}

    rule = {"action": chosen[0], **given("name", "times", "phase")}
    match, when = given("vendor", "operation", "method", "principal"), given("nth", "first", "last", "every", "chance")
    return rule | ({"match": match} if match else {}) | ({"when": when} if when else {})


def _words(part: Mapping[str, Any] | None) -> str:
    return " ".join(f"{key}={value}" if key != "kind" else str(value) for key, value in (part or {}).items())
