"""A story's page in the docs, made from the story itself so that it cannot say something else."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING

import msgspec

from vendorlab.scenarios.core.rules import RULES
from vendorlab.scenarios.core.story import After, Pace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vendorlab.scenarios.core.story import Entry, Story


_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n        .+)*)", re.MULTILINE)
"""An attribute, as Google's form of docstrings has it."""

_INTRODUCTION = """Each puts a program through something that vendors do: `vendorlab run NAME -- COMMAND`. How to run
them is told in [Stories](../stories.md), how to write them in [Writing stories and rules](../stories-authoring.md).
These pages are made from the stories."""


def page(story: Story) -> str:
    """The page as Markdown."""
    spec = story.spec
    rules = [f"- **{rule.name}**: {rule.title}" for rule, _ in story.rules]
    parts = [
        f"# {spec.title}",
        f"`vendorlab run {story.name} -- COMMAND` · {', '.join(spec.vendors)}",
        f"**What happens at the vendor.** {_plain(spec.vendor)}",
        f"**Why it hurts.** {_plain(spec.hurts)}",
        f"**How a good client acts.** {_plain(spec.good)}",
        f"**What your program has to do.** {_plain(spec.program)}",
        "\n".join([f"It is {spec.world.start}. {_passing(spec.pace)}", *_timeline(story)]),
        "\n".join(["## Rules", "", *rules]),
        "[Why, and what to change](README.md#rules)",
    ]
    return "\n\n".join(parts) + "\n"


def index(stories: Sequence[Story]) -> str:
    """The list of all stories and rules, as Markdown."""
    rows = [f"| [{one.name}]({one.name}.md) | {one.spec.title} | {', '.join(one.spec.vendors)} |" for one in stories]
    rules = [f"| `{rule.name}` | {rule.title} {rule.why} | {rule.remedy} |" for rule in RULES.values()]
    parts = [
        "# All stories and rules",
        _INTRODUCTION,
        "\n".join(["| story | what happens | vendors |", "| --- | --- | --- |", *rows]),
        "## Rules",
        "\n".join(["| rule | what a good client does, and why | what to change |", "| --- | --- | --- |", *rules]),
        "## Settings of rules",
        "Some rules take settings, as in `- cadence-kept: {operation: links, every: 5m}`.",
        "\n".join(["| rule | setting | default | what it is |", "| --- | --- | --- | --- |", *_settings()]),
    ]
    return "\n\n".join(parts) + "\n"


def _settings() -> Iterator[str]:
    """A row for each setting of each rule."""
    for rule in RULES.values():
        told = dict(_ATTRIBUTE.findall(inspect.cleandoc(rule.settings.__doc__ or "")))
        for field in msgspec.structs.fields(rule.settings):
            default = "must be given" if field.required else f"`{_short(field.default)}`" if field.default else "any"
            yield f"| `{rule.name}` | `{field.name}` | {default} | {_plain(told[field.name]).replace('``', '`')} |"


def _plain(text: str) -> str:
    return " ".join(text.split())


def _passing(pace: object) -> str:
    if not isinstance(pace, Pace):
        return "Time passes when the program turns the clock."
    if pace.rate == 1:
        return "Time runs as fast as the wall's."
    if pace.rate is not None:
        return f"Time runs {pace.rate:g} times as fast as the wall's."
    if pace.each is not None:
        which = "exchange" if pace.of is None else f"exchange with {_given(pace.of)}"
        return f"Each {which} takes {pace.each}."
    return f"Whenever the program has asked for nothing for {pace.idle}, {pace.step} go by."


def _timeline(story: Story) -> list[str]:
    entries = [f"- {_when(entry)}: {entry.say or _what(entry)}" for entry in story.spec.timeline]
    until = story.spec.until
    end = f"after {until}" if isinstance(until, str) else _after(until)
    return ["", *entries, f"- {end}: the story is over"]


def _when(entry: Entry) -> str:
    if entry.after is None:
        return f"at {entry.at}"
    return (f"{entry.later} " if entry.later else "") + _after(entry.after)


def _after(after: After) -> str:
    which = f"exchange number {after.count}" if after.count > 1 else "the first exchange"
    return f"after {which} with {_given(after)}"


def _given(where: object) -> str:
    values = {name: value for name, value in msgspec.structs.asdict(where).items() if value and name != "count"}  # type: ignore[arg-type]
    return ", ".join(f"{name} {_short(value)}" for name, value in values.items()) or "anything"


def _what(entry: Entry) -> str:
    return f"{entry.action} {_short(getattr(entry, entry.action))}"


def _short(value: object) -> str:
    built = msgspec.to_builtins(value)
    if isinstance(built, dict):
        built = {name: one for name, one in built.items() if one is not None}  # pyright: ignore[reportUnknownVariableType]
    return built if isinstance(built, str) else json.dumps(built)
