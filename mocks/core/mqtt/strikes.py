"""Between a world's fault plan and a broker: what a rule says happens to a packet, in the words of ``faulty``.

The plan tells when it has rules for MQTT. As long as it has none the broker has no gate, and packets go the quick way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .. import actions, gates
from . import faulty
from .events import OPERATIONS

if TYPE_CHECKING:
    from ..faults import FaultPlan, Strike
    from ..rules import Direction
    from .broker import BrokerCore
    from .connection import Connection

Told = Callable[["Connection", "Direction", str, "Strike", dict[str, str]], None]
"""Hears of every strike: on which connection, which way, of which packet, which, and what the packet is."""

_PACKETS = {
    ("in", "CONNECT"): OPERATIONS["connect"],
    ("out", "CONNACK"): OPERATIONS["connect"],
    ("in", "SUBSCRIBE"): OPERATIONS["subscribe"],
    ("out", "SUBACK"): OPERATIONS["subscribe"],
    ("in", "UNSUBSCRIBE"): OPERATIONS["unsubscribe"],
    ("out", "UNSUBACK"): OPERATIONS["unsubscribe"],
    ("in", "PUBLISH"): OPERATIONS["publish-in"],
    ("out", "PUBLISH"): OPERATIONS["publish-out"],
    ("in", "DISCONNECT"): OPERATIONS["disconnect"],
    ("out", "DISCONNECT"): OPERATIONS["disconnect"],
    ("in", "PINGREQ"): "ping",
    ("out", "PINGRESP"): "ping",
}
"""The operation that a packet belongs to, as in the journal; any other acknowledges."""


def join(core: BrokerCore, plan: FaultPlan, vendor: str, told: Told) -> None:
    """Let a plan's rules strike a broker's packets.

    Args:
        core: the broker.
        plan: the world's.
        vendor: whose broker it is, for rules.
        told: hears of every strike, within the packet's handling.
    """
    asked = partial(_struck, gates.PacketGate(plan, vendor=vendor), told)

    def sort() -> None:
        core.gate = asked if plan.concerns("mqtt") else None

    plan.watch(sort)
    sort()


def _struck(
    gate: gates.PacketGate, told: Told, direction: str, connection: Connection, name: str, tell: faulty.Describe
) -> faulty.Action | None:
    described: dict[str, str] = {}
    way: Direction = "in" if direction == faulty.IN else "out"

    def describe() -> dict[str, str]:
        if not described:
            described.update(_described(way, connection, name, tell))
        return described

    strike = gate(way, connection, name, describe)
    if strike is None:
        return None
    told(connection, way, name, strike, describe())
    return action(strike)


def _described(direction: Direction, connection: Connection, name: str, tell: faulty.Describe) -> dict[str, str]:
    found = tell()
    return {
        "operation": _PACKETS.get((direction, name), OPERATIONS["ack-in"]),
        "session": str(found["session"]),
        "principal": str(found["principal"]),
        "peer": connection.peer,
        "topic": str(found.get("topic", "")) or "\0".join(found.get("filters", ())),
    }


def action(strike: Strike) -> faulty.Action:
    """What a strike does to a packet."""
    match strike.action:
        case actions.Drop():
            return faulty.Lose()
        case actions.Delay(seconds=seconds):
            return faulty.Delay(seconds)
        case actions.Duplicate(count=count, gap=gap):
            return faulty.Duplicate(count + 1, gap)
        case actions.Cut(reset=reset):
            return faulty.Cut(after=strike.rule.runs_handler, reset=reset)
        case actions.Refuse(code=code):
            return faulty.Refuse(code)
        case actions.ForgetSession():
            return faulty.ForgetSession()
        case actions.StaleRetained():
            return faulty.StaleRetained()
        case actions.Throttle(rate=rate):
            return faulty.Throttle(rate)
        case actions.HalfOpen():
            return faulty.HalfOpen()
        case _:
            return faulty.Corrupt(strike.spoil)
