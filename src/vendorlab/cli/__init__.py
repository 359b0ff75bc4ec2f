"""The command line: ``vendorlab up``, ``check``, and what talks to a running ``up``.

Commands are loaded when they are called, so that ``vendorlab --help`` and small commands start at once.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import rich_click as click
from click import exceptions

from vendorlab import __version__

FINE, FOUND, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

_COMMANDS = {
    "up": "up:up",
    "env": "env:env",
    "wait": "env:wait",
    "check": "check:check",
    "claims": "evidence:claims",
    "diff": "diff:diff",
    "promote": "promote:promote",
    "run": "run:run",
    "stories": "stories:stories",
    "clock": "clock:clock",
    "events": "events:events",
    "faults": "faults:faults",
    "journal": "journal:journal",
    "reset": "state:reset",
    "snapshot": "state:snapshot",
    "state": "state:state",
    "token": "state:token",
    "worlds": "state:worlds",
    "relay": "relay:relay",
    "doctor": "doctor:doctor",
    "version": "doctor:version",
}
"""Where each command is: module and name, in the order of ``--help``."""

click.rich_click.TEXT_MARKUP = "rich"
click.rich_click.COMMAND_GROUPS = {
    "vendorlab": [
        {"name": "Run vendors", "commands": ["up", "env", "wait"]},
        {"name": "Hold targets to their contract", "commands": ["check", "claims", "diff", "promote"]},
        {"name": "Put a program to the test", "commands": ["run", "stories"]},
        {
            "name": "Move a running world",
            "commands": ["clock", "events", "faults", "journal", "reset", "snapshot", "state", "token", "worlds"],
        },
        {"name": "Break the line", "commands": ["relay"]},
        {"name": "Help", "commands": ["doctor", "version"]},
    ]
}


class _Commands(click.RichGroup):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _ = ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Any:
        _ = ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        return getattr(import_module(f"vendorlab.cli.{module}"), name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="vendorlab")
def cli() -> None:
    """The sensor vendors your software depends on, on your own machine.

    [b]vendorlab up[/b] starts them; [b]vendorlab check[/b] holds them, or the real ones, to what is documented.

    \b
    Examples:
      vendorlab up                                  every vendor, with addresses and credentials
      eval "$(vendorlab env scanalytics)"           the same as environment variables
      vendorlab clock advance 25h                   let every token expire
      vendorlab faults add --operation token --nth 1 --reset
      vendorlab check scanalytics
    """


def run() -> None:
    """Run the command line and leave with its exit code: 0 fine, 1 found something, 2 wrong use, 130 interrupted."""
    try:
        # Not `cli.main`: it takes a closed pipe (`vendorlab journal | head`) for a failure of ours.
        with cli.make_context("vendorlab", sys.argv[1:]) as context:
            status = cli.invoke(context)
        sys.stdout.flush()
    except exceptions.Exit as leaving:
        status = leaving.exit_code
    except (exceptions.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except exceptions.ClickException as error:
        click.echo(_one_line(error), err=True)
        status = WRONG_USE
    except BrokenPipeError:
        # The reader has left. What is still in the buffer goes nowhere, or the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FINE
    sys.exit(status if isinstance(status, int) else FINE)


def _one_line(error: exceptions.ClickException) -> str:
    """What is wrong, and where to read how it goes."""
    text = " ".join(error.format_message().split())
    if isinstance(error, exceptions.UsageError) and error.ctx is not None:
        return f"vendorlab: {text.rstrip('.')}; see `{error.ctx.command_path} --help`"
    return f"vendorlab: {text}"
