"""What the rules about CoAP, MQTT and webhooks share: how time passed for the program, and what struck the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendorlab.scenarios.core.durations import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from vendorlab.scenarios.core.evidence import Evidence, Exchange

LOSES = frozenset({"drop", "truncate", "corrupt"})
"""Faults after which a message has not arrived, or not so that it can be read."""


class Time:
    """World seconds between two moments, less the jumps of the clock that the story made: nobody can wait by those."""

    def __init__(self, evidence: Evidence) -> None:
        self._jumps = [
            (move.at, seconds(move.what["jump"]))
            for move in evidence.moves
            if move.action == "clock" and move.what.get("jump")
        ]

    def between(self, first: datetime, then: datetime) -> float:
        """The seconds from one moment to another."""
        jumped = sum(length for at, length in self._jumps if first <= at < then)
        return (then - first).total_seconds() - jumped


def end_of(evidence: Evidence) -> datetime:
    """When the story, or what is known of it, ended."""
    if evidence.end is not None:
        return evidence.end.at
    return evidence.exchanges[-1].at if evidence.exchanges else evidence.start.at


def strikes(evidence: Evidence, protocol: str, *actions: str) -> Iterator[Exchange]:
    """The strikes of faults on a protocol's messages."""
    for one in evidence.exchanges:
        if one.protocol == protocol and one.operation == "fault" and action_of(one) in actions:
            yield one


def action_of(strike: Exchange) -> str:
    """What a strike did."""
    return str(strike.detail.get("action") or strike.cause)
