"""Every command and option of ``vendorlab`` explains itself, in ``--help`` and docs/commands.md, in the same words."""

from __future__ import annotations

import rich_click as click
from tests.docs.command_reference import PAGE, options, render, walk

from vendorlab.cli import cli


def silent(group: click.Group) -> list[str]:
    """List the commands, and the options, that say nothing of themselves."""
    missing: list[str] = []
    for path, command in walk(group, "vendorlab"):
        missing += [] if command.help else [path]
        missing += [f"{path} {option.opts[0]}" for option in options(command) if not option.help]
    return missing


def sample() -> click.Group:
    """Make a small command line."""
    up = click.Command("up", help="Start.\n\n\b\nExamples:\n  vendorlab up\n  vendorlab up -v")
    up.params = [
        click.Argument(["vendor"], nargs=-1),
        click.Option(["--port", "-p"], metavar="N", default=7070, show_default=True, help="Where [b]it[/b] listens."),
        click.Option(["--form"], type=click.Choice(["json", "text"]), multiple=True),
        click.Option(["--secret"], hidden=True),
    ]
    hidden = click.Command("hidden", hidden=True)
    return click.Group("vendorlab", commands={"up": up, "hidden": hidden}, help="All of it.")


def test_every_command_and_option_has_help() -> None:
    assert silent(cli) == []


def test_page_of_commands_is_what_the_program_says() -> None:
    written, said = PAGE.read_text(encoding="utf-8"), render(cli, "vendorlab")
    assert written == said, "write it anew: python -m tests.docs.command_reference"


def test_command_or_option_without_help_is_found() -> None:
    group = sample()
    group.add_command(click.Command("wait"))
    assert silent(group) == ["vendorlab up --form", "vendorlab wait"]


def test_page_shows_usage_examples_options_and_defaults() -> None:
    page = render(sample(), "vendorlab")
    assert "## `vendorlab`\n\n```text\nvendorlab COMMAND\n```\n\nAll of it.\n" in page
    assert "## `vendorlab up`\n\n```text\nvendorlab up [OPTIONS] [VENDOR...]\n```\n\nStart.\n" in page
    assert "Examples:\n\n```text\nvendorlab up\nvendorlab up -v\n```\n" in page
    assert "| `--port`, `-p` `N` | Where it listens. Default: `7070`. |\n" in page
    assert "| `--form` `json\\|text` |  Repeatable. |\n" in page
    assert "hidden" not in page
    assert "--secret" not in page


def test_options_that_many_commands_share_are_told_once() -> None:
    group = sample()
    for name in ("clock", "faults", "journal", "reset", "state"):
        world = click.Option(["--world"], metavar="NAME", help="Which one.")
        group.add_command(click.Command(name, help="Do it.", params=[world]))
    group.add_command(click.Command("run", help="Do it.", params=[click.Option(["--world"], help="Another thing.")]))
    page = render(group, "vendorlab")
    assert page.count("| `--world` `NAME` | Which one. |\n") == 1
    assert page.count("Options: `--world`, see [which vendorlab](#which-vendorlab).\n") == 5
    assert page.count("| `--world` `TEXT` | Another thing. |\n") == 1
