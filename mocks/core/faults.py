"""The fault plan of a world: its rules with their counts, asked about everything that passes.

A rule matches traffic and counts it, all together or each exchange, session, device or peer by itself; ``when`` picks
by number or by seeded chance, never by an unseeded one. The first rule that strikes wins. What an action does to an
answer is the HTTP edges' business, to a datagram or packet that of ``gates``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from .actions import Action, Corrupt, Protocol, Truncate
from .rules import FaultConflictError, Rule, parse, topic_fits

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_RULES = 1_000
"""Rules in one plan."""

MOST_SCOPES = 4_096
"""Exchanges, sessions, devices or peers that one rule counts by themselves; beyond, the oldest is forgotten."""

_CARRIES: dict[str, frozenset[str]] = {
    "http": frozenset({"http"}),
    "mqtt": frozenset({"mqtt"}),
    "udp": frozenset({"udp"}),
    "coap": frozenset({"coap", "udp"}),
    "webhook": frozenset({"webhook"}),
}
"""By what passes, the protocols whose rules are asked: CoAP comes in datagrams, and a rule for UDP means any."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A rule strikes.

    Attributes:
        rule: which.
        lot: what further chance is drawn from; another for each strike.
    """

    rule: Rule
    lot: str

    @property
    def action(self) -> Action:
        """What happens."""
        return self.rule.action

    def spoil(self, data: bytes) -> bytes:
        """The bytes of a message as ``corrupt`` or ``truncate`` leaves them; as they are with any other action."""
        match self.rule.action:
            case Truncate(after=after):
                return data[:after]
            case Corrupt() as action if data:
                return _corrupted(data, action, random.Random(self.lot))
            case _:
                return data


def _corrupted(data: bytes, action: Corrupt, drawn: random.Random) -> bytes:
    last = len(data) - 1
    offset = drawn.randint(0, last) if action.offset is None else action.offset
    offset = min(max(offset + len(data), 0), last) if offset < 0 else min(offset, last)
    spoiled = bytearray(data)
    if action.byte is not None:
        spoiled[offset] = action.byte
    else:
        spoiled[offset] ^= 1 << (drawn.randrange(8) if action.bit is None else action.bit)
    return bytes(spoiled)


def _topics_fit(pattern: str, topics: str) -> bool:
    return any(topic_fits(pattern, topic) for topic in topics.split("\0"))


class _Active:
    """A rule with its counts.

    Attributes:
        scopes: for a rule that counts ``per`` something, by that: its number in the order of appearance, and its count.
    """

    def __init__(self, rule: Rule, seed: int) -> None:
        self.rule = rule
        self.matched = 0
        self.struck = 0
        self.scopes: dict[str, tuple[int, int]] = {}
        self.appeared = 0
        self.protocols = rule.protocols
        self.lot = f"{seed}/fault/{rule.name}"
        self._given = rule.match.given
        self._per = rule.when.per

    def fits(self, seen: Callable[[str], str]) -> bool:
        """Whether what passes is what the rule counts."""
        return all(
            _topics_fit(value, seen(name)) if name == "topic" else seen(name) == value for name, value in self._given
        )

    def due(self, seen: Callable[[str], str]) -> bool:
        """Count what passes and say whether it is to be struck."""
        if self._per == "world":
            scope, number = 0, self.matched + 1
        elif key := seen(self._per):
            scope, number = self._count(key)
        else:
            return False  # it belongs to no exchange, session, device or peer that anybody knows
        self.matched += 1
        lot = f"{self.lot}/{scope}" if scope else self.lot
        return self.rule.when.strikes(number, lot) and (self.rule.times is None or self.struck < self.rule.times)

    def _count(self, key: str) -> tuple[int, int]:
        scope, number = self.scopes.get(key, (0, 0))
        if not scope:
            self.appeared += 1
            scope = self.appeared
            if len(self.scopes) >= MOST_SCOPES:
                del self.scopes[next(iter(self.scopes))]
        self.scopes[key] = found = scope, number + 1
        return found


class FaultPlan:
    """The rules of one world, asked in the order in which they were added."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._active: list[_Active] = []
        self._made = 0
        self._asked: dict[str, tuple[_Active, ...]] = {}
        self._followed: frozenset[str] = frozenset()
        self._watchers: list[Callable[[], None]] = []
        self._sort()

    def __bool__(self) -> bool:
        return bool(self._active)

    def concerns(self, protocol: Protocol) -> bool:
        """Whether any rule may strike what passes on a protocol; while none does, it need not be looked at."""
        return bool(self._asked[protocol])

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call ``watcher`` whenever there are other rules, for an edge that had rather not ask each time."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Stop calling ``watcher``."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def follows_exchanges(self, protocol: Protocol) -> bool:
        """Whether any rule for a protocol asks what only the request tells, so that every message has to be seen."""
        return protocol in self._followed

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
        self._sort()
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
        self._sort()
        return len(self._active) < before

    def clear(self) -> None:
        """Remove every rule."""
        self._active = []
        self._made = 0
        self._sort()

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
        self, *, vendor: str, protocol: Protocol, operation: str, method: str, principal: Callable[[], str]
    ) -> Rule | None:
        """Count an exchange with every rule that it matches and return the first that strikes."""
        known = {"vendor": vendor, "operation": operation, "method": method}
        struck = self.strike(protocol, lambda name: principal() if name == "principal" else known.get(name, ""))
        return struck.rule if struck else None

    def strike(self, protocol: Protocol, seen: Callable[[str], str]) -> Strike | None:
        """Count what passes with every rule that it matches, and say how the first that strikes does.

        Args:
            protocol: on which it passes.
            seen: tells what it is, by the names of ``Match`` and of ``When.per``; "" where there is no such thing, and
                U+0000 between several topics.
        """
        winner: Strike | None = None
        for active in self._asked[protocol]:
            if active.fits(seen) and active.due(seen) and winner is None:
                active.struck += 1
                winner = Strike(active.rule, f"{active.lot}/strike/{active.struck}")
        return winner

    def snapshot(self) -> dict[str, Any]:
        """The plan with its counts as JSON-like data. What a gate holds is on the wire, and no part of a world."""
        return {
            "made": self._made,
            "rules": [
                {
                    "rule": msgspec.to_builtins(active.rule),
                    "matched": active.matched,
                    "struck": active.struck,
                    "appeared": active.appeared,
                    "scopes": [[key, scope, number] for key, (scope, number) in active.scopes.items()],
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
            active.matched, active.struck, active.appeared = item["matched"], item["struck"], item["appeared"]
            active.scopes = {key: (scope, number) for key, scope, number in item["scopes"]}
        self._made = document["made"]

    def _sort(self) -> None:
        """Say for each protocol which rules are asked; put in place whole, for an edge may be asking just now."""
        self._asked = {
            passing: tuple(active for active in self._active if active.protocols & rules)
            for passing, rules in _CARRIES.items()
        }
        self._followed = frozenset(
            passing for passing, asked in self._asked.items() if any(active.rule.follows for active in asked)
        )
        for watcher in self._watchers:
            watcher()
