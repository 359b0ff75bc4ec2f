"""``vendorlab clock``: the world's time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import rich_click as click

from vendorlab.cli.common import Duration, UsageFailure, control_client, control_options

if TYPE_CHECKING:
    from vendorlab.clients.control import Clock


def moment(text: str) -> datetime:
    """A moment in ISO 8601; without a zone in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageFailure(f"{text!r} is not a time; write it as 2026-03-01T12:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.group(invoke_without_command=True)
@click.pass_context
def clock(ctx: click.Context) -> None:
    """Show the world's clock, or turn it.

    \b
    Examples:
      vendorlab clock
      vendorlab clock advance 25h
      vendorlab clock set 2018-03-08T16:45:00Z
      vendorlab clock freeze
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@clock.command()
@control_options
def show(control: str | None = None, world: str = "main") -> None:
    """Show the time, the rate and how many timers wait."""
    with control_client(control, world) as client:
        _print(client.clock())


@clock.command()
@click.argument("by", type=Duration(), metavar="DURATION")
@control_options
def advance(by: float, control: str | None, world: str) -> None:
    """Go forward by a duration such as 90s, 61m, 25h, 5d or 1h30m, and say which timers fired."""
    with control_client(control, world) as client:
        moved = client.advance(by)
    _print(moved.clock)
    for timer in moved.fired:
        detail = " ".join(f"{key}={value}" for key, value in timer.detail.items() if value is not None)
        click.echo(f"  {timer.due:%Y-%m-%dT%H:%M:%SZ} {timer.name} {detail}")
    if moved.more:
        click.echo(f"  and {moved.more} more")


@clock.command(name="set")
@click.argument("time", metavar="TIME")
@control_options
def set_(time: str, control: str | None, world: str) -> None:
    """Go to a moment (ISO 8601): forward fires timers on the way, backward undoes nothing."""
    with control_client(control, world) as client:
        _print(client.set_clock(now=moment(time)))


@clock.command()
@control_options
def freeze(control: str | None, world: str) -> None:
    """Stand still."""
    with control_client(control, world) as client:
        _print(client.set_clock(frozen=True))


@clock.command()
@control_options
def resume(control: str | None, world: str) -> None:
    """Go on at the rate it had."""
    with control_client(control, world) as client:
        _print(client.set_clock(frozen=False))


@clock.command()
@click.argument("factor", type=click.FloatRange(0, 1_000_000))
@control_options
def rate(factor: float, control: str | None, world: str) -> None:
    """Let FACTOR seconds pass in the world for each real one; 0 freezes."""
    with control_client(control, world) as client:
        _print(client.set_clock(rate=factor))


def _print(found: Clock) -> None:
    pace = "frozen" if found.frozen else f"running at {found.rate:g}"
    timers = "1 timer waits" if found.timers == 1 else f"{found.timers} timers wait"
    click.echo(f"{found.now:%Y-%m-%dT%H:%M:%S.%fZ} {pace}, {timers}")
