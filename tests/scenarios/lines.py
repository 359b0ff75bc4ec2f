"""Evidence of stories over lines in few words: a story as a list of what happened, second by second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from vendorlab.scenarios.core.evidence import End, Evidence, Exchange, Move, Start
from vendorlab.scenarios.core.rules import RULES, Ruling

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
MAC = "001350050000000a"


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


class Telling:
    """A story that is told line by line."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.moves: list[Move] = []

    def happens(self, second: float, protocol: str, operation: str, **values: Any) -> Telling:
        """An exchange; what is no field of one goes into its detail."""
        known: dict[str, Any] = {name: values.pop(name) for name in list(values) if name in Exchange.__struct_fields__}
        known = {"cause": "ok", "vendor": "itron", **known}
        seq = len(self.exchanges) + 1
        one = Exchange(seq=seq, at=at(second), protocol=protocol, operation=operation, detail=values, **known)
        self.exchanges.append(one)
        return self

    def coap(self, second: float, operation: str, **values: Any) -> Telling:
        about = {} if operation.startswith("session") else {"host": f"ssn{MAC}.example", "path": "/temp"}
        return self.happens(second, "coap", operation, **{"principal": "TN1", "status": 205, **about, **values})

    def mqtt(self, second: float, operation: str, **values: Any) -> Telling:
        return self.happens(second, "mqtt", operation, **{"principal": "TN1", "client": "c1", **values})

    def hook(self, second: float, number: int, status: int = 204, **values: Any) -> Telling:
        about = {"delivery": f"d{number}", "number": number, "subscription": "s1", "status": status}
        return self.happens(second, "webhook", "delivery", **{**about, **values})

    def move(self, second: float, action: str, **what: Any) -> Telling:
        self.moves.append(Move(at=at(second), after=len(self.exchanges), action=action, what=what))
        return self

    def ruling(self, rule: str, *, until: float = 1_000.0, reason: Any = "over", **settings: Any) -> Ruling:
        """What a rule makes of it."""
        start = Start(story="x", title="x", seed=0, at=START, vendors=["itron"])
        end = End(at=at(until), after=len(self.exchanges), reason=reason)
        found = RULES[rule]
        return found.judge(Evidence(start, tuple(self.exchanges), tuple(self.moves), end), found.settings(**settings))
