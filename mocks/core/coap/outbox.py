"""Confirmable messages on their way: repeated with growing patience until they are acknowledged, rejected or given up.

Source: RFC 7252, section 4.2.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Hashable

    from .peers import Peer
    from .timers import Schedule
    from .transmission import Transmission


class Outcome(Enum):
    """How it ended for a confirmable message."""

    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"
    TIMED_OUT = "timed out"


class Owner(Protocol):
    """Whose message it is."""

    def settled(self, outcome: Outcome) -> None:
        """The message's fate is known."""
        ...

    def renewed(self) -> tuple[int, bytes] | None:
        """Asked before each repetition: message ID and datagram of what is better sent in its place, or None."""
        ...


class Sending:
    """One confirmable message on its way."""

    __slots__ = ("_outbox", "attempts", "data", "due", "key", "owner", "peer", "timeout")

    def __init__(self, outbox: Outbox, peer: Peer, key: int, data: bytes, owner: Owner, timeout: float) -> None:
        self._outbox = outbox
        self.peer = peer
        self.key = key
        self.data = data
        self.owner = owner
        self.timeout = timeout
        self.attempts = 0
        self.due: float | None = None

    def fire(self) -> None:
        """Nobody acknowledged it in time."""
        self._outbox.repeat(self)


class Outbox:
    """All confirmable messages on their way, by key (``peer.base + mid``).

    Args:
        transmission: how patient to be.
        chance: spreads the first repetitions.
        schedule: wakes them.
        now: line time.
        send: puts a datagram on the line.
    """

    def __init__(
        self,
        transmission: Transmission,
        chance: random.Random,
        schedule: Schedule,
        now: Callable[[], float],
        send: Callable[[bytes, Hashable], None],
    ) -> None:
        self._least = transmission.ack_timeout
        self._spread = transmission.ack_timeout * (transmission.ack_random_factor - 1)
        self._most = transmission.max_retransmit
        self._chance = chance
        self._schedule = schedule
        self._now = now
        self._send = send
        self._under_way: dict[int, Sending] = {}
        self.repeated = 0

    def __len__(self) -> int:
        return len(self._under_way)

    def post(self, peer: Peer, mid: int, data: bytes, owner: Owner) -> Sending:
        """Send a confirmable message, and see to it from now on."""
        key = peer.base + mid
        sending = Sending(self, peer, key, data, owner, self._least + self._spread * self._chance.random())
        self._under_way[key] = sending
        self._schedule.set(sending, self._now() + sending.timeout)
        self._send(data, peer.address)
        return sending

    def settle(self, key: int, outcome: Outcome) -> bool:
        """An acknowledgement or rejection has come; False when nothing waited for it."""
        sending = self._under_way.get(key)
        if sending is None:
            return False
        self.drop(sending)
        sending.owner.settled(outcome)
        return True

    def owner(self, key: int) -> Owner | None:
        """Whose message has a key."""
        sending = self._under_way.get(key)
        return sending.owner if sending else None

    def drop(self, sending: Sending) -> None:
        """Send a message no more, and tell nobody."""
        if self._under_way.pop(sending.key, None) is not None:
            self._schedule.cancel(sending)

    def repeat(self, sending: Sending) -> None:
        """Send again, or give up."""
        if sending.attempts >= self._most:
            self._under_way.pop(sending.key, None)
            sending.owner.settled(Outcome.TIMED_OUT)
            return
        newer = sending.owner.renewed()
        if newer is not None:
            del self._under_way[sending.key]
            sending.key, sending.data = sending.peer.base + newer[0], newer[1]
            self._under_way[sending.key] = sending
        sending.attempts += 1
        sending.timeout *= 2
        self.repeated += 1
        self._schedule.set(sending, self._now() + sending.timeout)
        self._send(sending.data, sending.peer.address)
