"""``vendorlab journal``: every exchange, in order, without secrets."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab.cli.common import control_client, control_options

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILTERS = ("vendor", "operation", "method", "principal", "status", "cause", "fault")


def line(entry: Mapping[str, Any]) -> str:
    """One exchange on one line."""
    query = f"?{entry['query']}" if entry["query"] else ""
    fault = f" fault={entry['fault']}" if entry["fault"] else ""
    who = entry["principal"] or "-"
    return (
        f"{entry['seq']:>5} {entry['at']} {entry['vendor']} {entry['method']} {entry['path']}{query} "
        f"{entry['status']} {entry['cause']}{fault} {who} {entry['duration'] * 1000:.2f}ms"
    )


@click.group(invoke_without_command=True)
@click.option("--vendor", help="Only this vendor.")
@click.option("--operation", help="Only this operation.")
@click.option("--method", help="Only this method.")
@click.option("--principal", help="Only this caller.")
@click.option("--status", type=int, help="Only this status.")
@click.option("--cause", help="Only this cause, such as throttled or expired-token.")
@click.option("--fault", help="Only what this fault struck.")
@click.option("--after", type=int, default=0, help="Only entries behind this number.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=1_000, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each.")
@click.option("-f", "--follow", is_flag=True, help="Go on as exchanges come, until Ctrl-C.")
@control_options
@click.pass_context
def journal(
    ctx: click.Context,
    /,
    after: int,
    limit: int,
    as_json: bool,
    follow: bool,
    control: str | None,
    world: str,
    **filters: Any,
) -> None:
    """Print exchanges, oldest first.

    \b
    Examples:
      vendorlab journal --status 401
      vendorlab journal --operation token --json
      vendorlab journal --follow
      vendorlab journal clear
    """
    if ctx.invoked_subcommand is not None:
        return
    wanted = {name: filters[name] for name in _FILTERS if filters[name] is not None}
    with control_client(control, world) as client:
        page = client.journal(after=after, limit=limit, **wanted)
        while True:
            for entry in page.entries:
                row = asdict(entry) | {"at": f"{entry.at:%Y-%m-%dT%H:%M:%S.%fZ}"}
                click.echo(json.dumps(row, default=str) if as_json else line(row))
            if not follow:
                return
            page = client.wait_journal(after=page.next, timeout=5.0, **wanted)


@journal.command()
@control_options
def clear(control: str | None, world: str) -> None:
    """Forget every exchange."""
    with control_client(control, world) as client:
        client.clear_journal()
