"""Faults are data: what goes wrong, where, and exactly when.

A rule matches exchanges and counts those that it matches; ``when`` picks among them by number or by seeded chance,
never by an unseeded one. The first rule that strikes wins. What an action does to the bytes is the edges' business.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_RULES = 1_000
"""Rules in one plan."""

LONGEST_DELAY = 3_600.0
"""Seconds of line time that a delay may last."""

Count = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Bytes = Annotated[int, msgspec.Meta(ge=0, le=1 << 30)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=LONGEST_DELAY)]
# A bare `$` lets a line break follow.
Name = Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$(?!\n)")]


class FaultError(ValueError):
    """A plan that makes no sense; the message says what to change."""


class FaultConflictError(FaultError):
    """The rules that are there stand in the way of another."""


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Every part of a rule: immutable, and an unknown key is an error."""


class Match(_Data, frozen=True):
    """Which exchanges a rule counts; what is not given does not matter."""

    vendor: str | None = None
    protocol: str | None = None
    operation: str | None = None
    method: str | None = None
    principal: str | None = None


class When(_Data, frozen=True):
    """Which of the matching exchanges a rule strikes: one of four ways; none given strikes all.

    Attributes:
        nth: only this one, counted from 1.
        first: from this one on (with ``last``, a range with both ends).
        last: up to this one.
        every: each k-th.
        chance: each with this probability, from the world's seed and the rule's name.
    """

    nth: Count | None = None
    first: Count | None = None
    last: Count | None = None
    every: Count | None = None
    chance: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None

    def __post_init__(self) -> None:
        """Refuse two ways at once."""
        ways = [self.nth, self.every, self.chance, self.first or self.last]
        if sum(way is not None for way in ways) > 1:
            raise ValueError("`when` takes one of nth, first/last, every or chance")
        if self.first and self.last and self.first > self.last:
            raise ValueError("`first` lies after `last`")

    def strikes(self, number: int, stream: random.Random) -> bool:
        """Whether the exchange with this number is struck."""
        if self.nth is not None:
            return number == self.nth
        if self.every is not None:
            return number % self.every == 0
        if self.chance is not None:
            return stream.random() < self.chance
        return (self.first or 1) <= number <= (self.last or number)


class Status(_Data, frozen=True, tag_field="kind", tag="status"):
    """The vendor's own answer for a status."""

    status: Annotated[int, msgspec.Meta(ge=400, le=599)]


class Delay(_Data, frozen=True, tag_field="kind", tag="delay"):
    """The answer comes late by seconds of line time."""

    seconds: Seconds


class Drip(_Data, frozen=True, tag_field="kind", tag="drip"):
    """The body comes in small pieces with pauses."""

    chunk: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)] = 16
    interval: Seconds = 0.1


class Truncate(_Data, frozen=True, tag_field="kind", tag="truncate"):
    """The connection closes after so many bytes of the body."""

    after: Bytes


class Reset(_Data, frozen=True, tag_field="kind", tag="reset"):
    """The connection is reset after so many bytes of the body; with 0 not even the head arrives."""

    after: Bytes = 0


class Empty(_Data, frozen=True, tag_field="kind", tag="empty"):
    """The connection closes without a byte."""


class ContentType(_Data, frozen=True, tag_field="kind", tag="content-type"):
    """The answer claims another media type."""

    value: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e ]{1,200}$(?!\n)")]


Action = Status | Delay | Drip | Truncate | Reset | Empty | ContentType


class Rule(_Data, frozen=True):
    """One fault.

    Attributes:
        name: to list and remove it by; made when absent.
        match: which exchanges count.
        when: which of these are struck.
        times: strike at most so often.
        action: what happens to them.
        phase: ``before`` the vendor's handler ran, so that nothing changed there, or ``after``, so that the change
            stands and only the answer is lost. By default a status strikes before and the wire after.
    """

    action: Action
    name: Name = ""
    match: Match = Match()
    when: When = When()
    times: Count | None = None
    phase: Literal["before", "after"] | None = None

    def __post_init__(self) -> None:
        """Refuse an answer to be spoiled that nobody made."""
        silent = isinstance(self.action, Status | Empty) or (isinstance(self.action, Reset) and not self.action.after)
        if self.phase == "before" and not silent:
            raise ValueError(
                "phase `before` goes with status, empty, and reset after 0 bytes: the rest spoil an answer"
            )

    @property
    def runs_handler(self) -> bool:
        """Whether the vendor's handler runs all the same."""
        return (self.phase or ("before" if isinstance(self.action, Status) else "after")) == "after"


class _Active:
    """A rule with its counts."""

    def __init__(self, rule: Rule, seed: int) -> None:
        self.rule = rule
        self.matched = 0
        self.struck = 0
        self.stream = random.Random(f"{seed}/fault/{rule.name}")

    def due(self) -> bool:
        """Count one matching exchange and say whether it is to be struck."""
        self.matched += 1
        if not self.rule.when.strikes(self.matched, self.stream):
            return False
        return self.rule.times is None or self.struck < self.rule.times


class FaultPlan:
    """The rules of one world, asked in the order in which they were added."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._active: list[_Active] = []
        self._made = 0

    def __bool__(self) -> bool:
        return bool(self._active)

    def add(self, rule: Rule | dict[str, Any]) -> Rule:
        """Add a rule, given as a ``Rule`` or as its JSON.

        Returns:
            The rule with its name.

        Raises:
            FaultError: it makes no sense.
            FaultConflictError: its name is taken, or the plan is full.
        """
        # A rule made in Python goes the same way, for a constructor checks no bounds.
        rule = parse(msgspec.to_builtins(rule) if isinstance(rule, Rule) else rule)
        taken = {active.rule.name for active in self._active}
        if not rule.name:
            rule = msgspec.structs.replace(rule, name=self._free_name(taken))
        if rule.name in taken:
            raise FaultConflictError(
                f"a fault named {rule.name!r} is there already; remove it first or choose another name"
            )
        if len(self._active) >= MOST_RULES:
            raise FaultConflictError(f"a plan holds at most {MOST_RULES} faults")
        self._active.append(_Active(rule, self._seed))
        return rule

    def _free_name(self, taken: set[str]) -> str:
        while True:
            self._made += 1
            if (name := f"fault-{self._made}") not in taken:
                return name

    def remove(self, name: str) -> bool:
        """Remove a rule by name; False when there is none."""
        before = len(self._active)
        self._active = [active for active in self._active if active.rule.name != name]
        return len(self._active) < before

    def clear(self) -> None:
        """Remove every rule."""
        self._active.clear()
        self._made = 0

    def reseed(self, seed: int) -> None:
        """Remove every rule and draw chance from another seed from now on."""
        self.clear()
        self._seed = seed

    def rules(self) -> list[dict[str, Any]]:
        """Every rule as JSON-like data, with how often it matched and struck."""
        return [
            {**msgspec.to_builtins(active.rule), "matched": active.matched, "struck": active.struck}
            for active in self._active
        ]

    def match(
        self, *, vendor: str, protocol: str, operation: str, method: str, principal: Callable[[], str]
    ) -> Rule | None:
        """Count an exchange with every rule that it matches and return the first that strikes."""
        winner: Rule | None = None
        for active in self._active:
            match = active.rule.match
            if (
                match.vendor in (None, vendor)
                and match.protocol in (None, protocol)
                and match.operation in (None, operation)
                and match.method in (None, method)
                and (match.principal is None or match.principal == principal())
                and active.due()
                and winner is None
            ):
                active.struck += 1
                winner = active.rule
        return winner

    def snapshot(self) -> dict[str, Any]:
        """The plan with its counts as JSON-like data."""
        return {
            "made": self._made,
            "rules": [
                {
                    "rule": msgspec.to_builtins(active.rule),
                    "matched": active.matched,
                    "struck": active.struck,
                    "stream": active.stream.getstate(),
                }
                for active in self._active
            ],
        }

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the plan from ``snapshot``."""
        self.clear()
        for item in document["rules"]:
            self.add(parse(item["rule"]))
            active = self._active[-1]
            active.matched, active.struck = item["matched"], item["struck"]
            version, state, gauss = item["stream"]
            active.stream.setstate((version, tuple(state), gauss))
        self._made = document["made"]


def parse(document: Any) -> Rule:
    """A rule from its JSON form; an unknown key or a wrong value raises ``FaultError`` and names its place."""
    try:
        return msgspec.convert(document, Rule)
    except msgspec.ValidationError as error:
        raise FaultError(f"this fault makes no sense: {error}") from error
