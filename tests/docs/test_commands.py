"""Every command and option of ``vendorlab`` explains itself in ``--help`` and is told of in the documents."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command_line() -> click.Group:
    """Give the command line: the click group in ``vendorlab.cli``."""
    for value in vars(import_module("vendorlab.cli")).values():
        if isinstance(value, click.Group):
            return value
    pytest.skip("vendorlab.cli holds no click group yet")


@pytest.fixture
def sections() -> list[str]:
    """Give README and the documents, cut at their headings."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return [part for page in pages for part in re.split(r"(?m)^(?=#+ )", page.read_text(encoding="utf-8"))]


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, and the groups on the way."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from walk(inner, f"{path} {name}")


def options(command: click.Command) -> Iterator[click.Option]:
    """Yield a command's options that its users are meant to see."""
    yield from (option for option in command.params if isinstance(option, click.Option) and not option.hidden)


def undocumented(group: click.Group, sections: list[str]) -> list[str]:
    """List the commands that no section names, and the options that no section names together with their command."""
    missing: list[str] = []
    for path, command in walk(group, "vendorlab"):
        about = [part for part in sections if re.search(rf"\b{re.escape(path)}\b", part)]
        if not about:
            missing.append(path)
        for option in options(command):
            name = max(option.opts, key=len)
            if not any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", part) for part in about):
                missing.append(f"{path} {name}")
    return missing


def test_every_command_and_option_has_help(command_line: click.Group) -> None:
    missing = [path for path, command in walk(command_line, "vendorlab") if not command.help]
    for path, command in walk(command_line, "vendorlab"):
        missing += [f"{path} {option.name}" for option in options(command) if not option.help]
    assert missing == []


def test_every_command_and_option_is_documented(command_line: click.Group, sections: list[str]) -> None:
    assert undocumented(command_line, sections) == []


def test_option_told_of_under_another_command_is_not_documented() -> None:
    up = click.Command("up", params=[click.Option(["--port"]), click.Option(["--port-base"])])
    group = click.Group("vendorlab", commands={"up": up, "wait": click.Command("wait")})
    sections = ["# vendorlab up\n`--port N`", "# vendorlab check\n`--port-base N`"]
    assert undocumented(group, sections) == ["vendorlab up --port-base", "vendorlab wait"]
