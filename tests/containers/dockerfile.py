"""Reads a Dockerfile: its stages and, in each, its instructions, as far as ours goes."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined: ``flags`` are what begins with ``--``."""

    name: str
    flags: dict[str, str]
    text: str

    @property
    def words(self) -> list[str]:
        """Its arguments: of the JSON form as they stand, else as a shell would part them."""
        return list(map(str, json.loads(self.text))) if self.text.startswith("[") else shlex.split(self.text)


@dataclass
class Stage:
    """What follows a ``FROM``."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list[Instruction])

    def all(self, name: str) -> list[Instruction]:
        """Its instructions of a name."""
        return [one for one in self.instructions if one.name == name]


def expand(text: str, variables: Mapping[str, str]) -> str:
    """A text with its variables put in; one that is not known is nothing."""
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), text)


def parse(text: str) -> dict[str, Stage]:
    """The stages by name, in their order; the base has the arguments' defaults put in."""
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    for one in _instructions(text):
        if one.name == "ARG" and not stages:
            name, _, default = one.text.partition("=")
            arguments[name] = default
        elif one.name == "FROM":
            base, _as, name = one.words
            stages[name] = Stage(name, expand(base, arguments))
        else:
            stages[next(reversed(stages))].instructions.append(one)
    return stages


def chain(stages: Mapping[str, Stage], target: str) -> list[Stage]:
    """The stages that a target stands on, the lowest first, and itself."""
    found: list[Stage] = []
    name = target
    while name in stages:
        found.insert(0, stages[name])
        name = stages[name].base
    return found


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        name, _, rest = line.partition(" ")
        flags: dict[str, str] = {}
        while found := re.match(r"--([\w-]+)=(\S+)\s+", rest):
            flags[found[1]] = found[2]
            rest = rest[found.end() :]
        yield Instruction(name.upper(), flags, rest.strip())
