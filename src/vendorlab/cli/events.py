"""``vendorlab events``: what may happen to devices, and make it happen."""

from __future__ import annotations

import rich_click as click

from vendorlab.cli.common import UsageFailure, control_client, control_options, show_json, show_table
from vendorlab.mocks.registry import vendors


@click.group(invoke_without_command=True)
@click.pass_context
def events(ctx: click.Context) -> None:
    """List what may happen to devices, and let it happen.

    \b
    Examples:
      vendorlab events
      vendorlab events happen slv failure controller=LP-001 device=L00001 hours=6
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@events.command(name="list")
@click.argument("vendor", required=False, type=click.Choice(vendors()))
@click.option("--json", "as_json", is_flag=True, help="As JSON, with every field's type and bounds.")
@control_options
def list_(vendor: str | None = None, as_json: bool = False, control: str | None = None, world: str = "main") -> None:
    """List every kind of event with its fields; those in brackets may be left out."""
    with control_client(control, world) as client:
        kinds = client.events(vendor=vendor)
    if as_json:
        show_json(
            [
                {"vendor": one.vendor, "kind": one.kind, "summary": one.summary, "fields": dict(one.fields)}
                for one in kinds
            ]
        )
        return
    rows = [
        [
            one.vendor,
            one.kind,
            " ".join(name if name in one.required else f"[{name}]" for name in one.fields),
            one.summary,
        ]
        for one in kinds
    ]
    show_table(["vendor", "event", "fields", "what it is"], rows, empty="no events")


@events.command()
@click.argument("vendor", type=click.Choice(vendors()))
@click.argument("kind")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@control_options
def happen(vendor: str, kind: str, fields: tuple[str, ...], control: str | None, world: str) -> None:
    """Let an event happen now."""
    given: dict[str, str] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals or not name or name == "kind":
            raise UsageFailure(f"{field!r} is not of the form FIELD=VALUE")
        given[name] = value
    with control_client(control, world) as client:
        event = client.happen(vendor, kind, **given)
    click.echo(" ".join(f"{name}={value}" for name, value in event.items()))
