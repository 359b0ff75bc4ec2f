"""Writes docs/commands.md from the command line's own help: ``python -m tests.docs.command_reference``."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
HEAD = """\
# Commands

<!-- Written by `python -m tests.docs.command_reference` from the program's own help; the tests compare the two. -->

Exit codes: 0 fine; 1 a check, rule or diff found something; 2 wrong use, bad configuration, target unreachable;
130 interrupted.
"""
WHICH = """
## Which vendorlab

Commands that speak to a running `vendorlab up` find it by themselves, or are told by these options:

| option | what it does |
| --- | --- |
"""
SHARED = ("control", "world")
MANY = 5
MARKUP = re.compile(r"\[/?(b|i|bold|italic|dim)\]")


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is meant to be seen, with its full name; groups come before what is in them."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from walk(inner, f"{path} {name}")


def options(command: click.Command) -> list[click.Option]:
    """Give a command's options that are meant to be seen."""
    return [option for option in command.params if isinstance(option, click.Option) and not option.hidden]


def render(group: click.Group, name: str) -> str:
    """Write the page: a heading for each command, what it says of itself, and a table of its options."""
    shared = _shared(command for _, command in walk(group, name))
    sections = [part for path, command in walk(group, name) for part in _section(command, path, shared)]
    head = HEAD + (WHICH + "\n".join([*shared, ""]) if shared else "")
    return "\n".join([head, *sections]).rstrip() + "\n"


def _shared(commands: Iterable[click.Command]) -> list[str]:
    """Give the rows of options that many commands have in the same words, and that are told of once."""
    rows = Counter(_row(option) for command in commands for option in options(command) if option.name in SHARED)
    return [row for row, times in rows.items() if times >= MANY]


def _section(command: click.Command, path: str, shared: list[str]) -> Iterator[str]:
    arguments = [_argument(param) for param in command.params if isinstance(param, click.Argument)]
    words = [path, *(["[OPTIONS]"] if options(command) else []), *arguments]
    words += ["COMMAND"] if isinstance(command, click.Group) else []
    yield f"## `{path}`\n\n```text\n{' '.join(words)}\n```\n"
    yield from _help(MARKUP.sub("", inspect.cleandoc(command.help or "")))
    own = [row for option in options(command) if (row := _row(option)) not in shared]
    if own:
        yield "\n".join(["| option | what it does |\n| --- | --- |", *own, ""])
    elsewhere = [f"`{option.opts[0]}`" for option in options(command) if _row(option) in shared]
    if elsewhere:
        which = f"{'Besides' if own else 'Options'}: {' and '.join(elsewhere)}"
        yield f"{which}, see [which vendorlab](#which-vendorlab).\n"


def _help(text: str) -> Iterator[str]:
    """Yield a help text's paragraphs; click keeps one as it stands that begins with a backspace: those are examples."""
    for paragraph in text.split("\n\n"):
        if not paragraph.startswith("\b"):
            yield f"{paragraph}\n"
            continue
        title, _, body = paragraph.removeprefix("\b").lstrip("\n").partition("\n")
        yield f"{title}\n\n```text\n{inspect.cleandoc(body)}\n```\n"


def _argument(argument: click.Argument) -> str:
    name = (argument.metavar or argument.name or "").strip("[]").removesuffix("]...").removesuffix("...").upper()
    name += "..." if argument.nargs != 1 else ""
    return name if argument.required else f"[{name}]"


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if not option.is_flag and not option.count:
        value = (
            "|".join(map(str, option.type.choices))
            if isinstance(option.type, click.Choice)
            else option.type.name.removesuffix(" range").upper()
        )
        names += f" `{option.metavar or value}`".replace("|", r"\|")
    text = MARKUP.sub("", option.help or "").replace("|", r"\|")
    default = option.default
    if option.show_default and isinstance(default, str | int | float) and not isinstance(default, bool):
        text += f" Default: `{default}`."
    return f"| {names} | {text}{' Repeatable.' if option.multiple else ''} |"


def main() -> None:
    """Write the page."""
    from vendorlab.cli import cli

    PAGE.write_text(render(cli, "vendorlab"), encoding="utf-8")


if __name__ == "__main__":
    main()
