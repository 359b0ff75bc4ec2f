"""What a rule is, and the list of all of them.

A rule looks at the evidence and answers with a ``Ruling``: how often what it is about came up, and what went against
it. What never came up is neither passed nor broken.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from vendorlab.scenarios.core.evidence import Evidence, Exchange

Judge = Callable[[Evidence, Any], "Ruling"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a story may say of a rule."""


class NoSettings(Settings, frozen=True):
    """Of a rule about which there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: what happened, and the exchanges that show it."""

    text: str
    exchanges: tuple[int, ...]


@dataclass
class Ruling:
    """What a rule makes of the evidence.

    Attributes:
        met: how often the program met what the rule is about.
        findings: every breach.
    """

    met: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])

    def breach(self, text: str, *exchanges: Exchange) -> None:
        """Note a breach; the exchanges show it."""
        self.findings.append(Finding(text, tuple(one.seq for one in exchanges)))


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        name: by which stories and reports call it.
        title: what a good client does, in one sentence.
        why: what happens to those who do not.
        remedy: what to change in a program that broke it.
        always: judged in every story, whether or not the story is about it.
        settings: what a story may say of it.
        judge: the function.
    """

    name: str
    title: str
    why: str
    remedy: str
    always: bool
    settings: type[Settings]
    judge: Judge


RULES: dict[str, Rule] = {}
"""Every rule by its name."""


def rule(
    name: str, *, remedy: str, always: bool = False, settings: type[Settings] = NoSettings
) -> Callable[[Judge], Judge]:
    """Register the function below as a rule; its docstring is the title and, behind an empty line, why.

    Args:
        name: by which stories and reports call it.
        remedy: what to change in a program that broke it.
        always: judge it in every story.
        settings: what a story may say of it; the function's second argument.
    """

    def register(judge: Judge) -> Judge:
        title, _, why = inspect.cleandoc(judge.__doc__ or "").partition("\n\n")
        if name in RULES or not title or not why:
            raise ValueError(f"the rule {name} needs a name of its own, a title and a reason")
        RULES[name] = Rule(name, " ".join(title.split()), " ".join(why.split()), remedy, always, settings, judge)
        return judge

    return register
