"""The judgement of a program: which rules it kept, which it broke, and which it was never put to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from vendorlab.scenarios.core.rules import RULES
from vendorlab.scenarios.core.source import hint
from vendorlab.scenarios.core.story import Pace, Where

if TYPE_CHECKING:
    from vendorlab.scenarios.core.evidence import End, Evidence, Exchange
    from vendorlab.scenarios.core.rules import Finding, Rule
    from vendorlab.scenarios.core.story import Story

Status = Literal["passed", "broken", "not exercised"]

MOST_SHOWN = 5
"""Breaches of one rule that a report shows; it counts the rest."""


@dataclass(frozen=True)
class Judged:
    """A rule and what became of it.

    Attributes:
        rule: which.
        wanted: the story is about it, so the program must have met it.
        met: how often it did.
        findings: every breach.
    """

    rule: Rule
    wanted: bool
    met: int
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """Passed, broken or not exercised."""
        if self.findings:
            return "broken"
        return "passed" if self.met else "not exercised"


@dataclass(frozen=True)
class Verdict:
    """What a story makes of a program.

    Attributes:
        evidence: on which it stands.
        judged: every rule that was looked at; those that the story is about first.
        troubles: what else went wrong: the program failed, or asked for nothing any more.
        unseen: operations that the story names and that nobody asked for.
    """

    evidence: Evidence
    judged: tuple[Judged, ...]
    troubles: tuple[str, ...]
    unseen: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Nothing was broken, and all that the story is about was put to the test."""
        return not self.troubles and not self.broken and not self.missed

    @property
    def broken(self) -> tuple[Judged, ...]:
        """The rules that were broken."""
        return tuple(one for one in self.judged if one.status == "broken")

    @property
    def missed(self) -> tuple[Judged, ...]:
        """The rules that the story is about and the program never came to."""
        return tuple(one for one in self.judged if one.wanted and one.status == "not exercised")

    @property
    def notes(self) -> tuple[str, ...]:
        """What does not make it worse, but may be a mistake in the story: what it meant to do and never did."""
        struck = {one.fault for one in self.evidence.exchanges}
        named = dict.fromkeys(move.what.get("name") for move in self.evidence.moves if move.action == "fault")
        idle = [f"the fault {name} struck nothing" for name in named if name and name not in struck]
        left = self.evidence.end.left if self.evidence.end else 0
        unspent = [f"{left} of the timeline's entries never came to pass"] if left else []
        seen = {one.operation for one in self.evidence.exchanges}
        misnamed = [
            f"nobody asked for {name!r}, which the story names; {hint(name, seen)}" for name in self.unseen if seen
        ]
        return (*idle, *unspent, *misnamed, *_shut_out(self.evidence))

    def assert_passed(self) -> None:
        """Raise ``AssertionError`` with the report unless all is well."""
        if not self.passed:
            from vendorlab.scenarios.core.report import text  # noqa: PLC0415  it shows verdicts

            verdict: Any = self  # the folder has two names, and a type checker sees two classes
            raise AssertionError("\n" + text(verdict))

    def exchange(self, seq: int) -> Exchange | None:
        """An exchange by its number."""
        return next((one for one in self.evidence.exchanges if one.seq == seq), None)


def judge(story: Story, evidence: Evidence) -> Verdict:
    """Hold what happened against the story's rules, and those that always hold."""
    wanted = {rule.name for rule, _ in story.rules}
    rules: list[tuple[Rule, Any]] = [
        *story.rules,
        *((rule, rule.settings()) for rule in RULES.values() if rule.always and rule.name not in wanted),
    ]
    judged: list[Judged] = []
    for rule, settings in rules:
        ruling = rule.judge(evidence, settings)
        judged.append(Judged(rule, rule.name in wanted, ruling.met, tuple(ruling.findings)))
    return Verdict(evidence, tuple(judged), tuple(_troubles(evidence)), tuple(_unseen(story, evidence)))


def _unseen(story: Story, evidence: Evidence) -> list[str]:
    """Operations that the story waits for or judges, and that are in no exchange: perhaps they have another name."""
    spec = story.spec
    waits = [
        spec.until,
        spec.pace.of if isinstance(spec.pace, Pace) else None,
        *(entry.after for entry in spec.timeline),
    ]
    named = [one.operation for one in waits if isinstance(one, Where)]
    judges = [getattr(settings, "operation", None) for _, settings in story.rules]
    seen = {one.operation for one in evidence.exchanges}
    return [name for name in dict.fromkeys([*named, *judges]) if name is not None and name not in seen]


def _shut_out(evidence: Evidence) -> list[str]:
    """Vendors who let the program in not once: mostly its credentials are not sent as they want them."""
    statuses: dict[str, set[int]] = {}
    for one in evidence.exchanges:
        statuses.setdefault(one.vendor, set()).add(one.status)
    return [f"{vendor} answered 401 to everything" for vendor, seen in statuses.items() if seen == {401}]


def _troubles(evidence: Evidence) -> list[str]:
    failed = [
        f"the story's {move.action} of {move.at:%m-%d %H:%M:%S} could not be: {move.failed}"
        for move in evidence.moves
        if move.failed is not msgspec.UNSET
    ]
    return [*failed, *_ends(evidence.end)]


def _ends(end: End | None) -> list[str]:
    if end is None:
        return ["the story did not come to its end"]
    if end.reason == "ended" and end.code:
        how = f"was ended by signal {-end.code}" if end.code < 0 else f"ended with exit code {end.code}"
        return [f"the program {how} before the story was over"]
    if end.reason == "stalled":
        return ["the program asked for nothing any more, and did not end; the story could not go on"]
    if end.reason == "interrupted":
        return ["the story was interrupted"]
    return []
