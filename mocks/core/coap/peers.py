"""The other endpoints: what is kept for each, and for how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections import deque
    from collections.abc import Hashable

    from .transmission import Limits, Transmission

MIDS = 1 << 16
LAP = 1 << 12
"""Message IDs are taken back by sixteenths of their range: exact enough, and sixteen times to remember a peer."""

RETRY = 1.0
"""Seconds before it is looked again whether a peer may be forgotten, when none could be."""

Address = Any
"""Where a datagram came from, as the transport has it; hashable, and not looked into."""


class Peer:
    """Another endpoint.

    Attributes:
        address: where it is.
        base: a number that no other peer has, with room for a message ID below it: ``base + mid`` is a key.
        credit: datagrams that it may send before its rate is looked at.
        open: its requests that wait for their answer.
        sending: requests of ours under way to it.
        queue: requests of ours that wait for one of those to end.
        requests: our requests without an answer, by token.
        observations: what it observes, by token.
    """

    __slots__ = (
        "_laps",
        "_left",
        "_reset_since",
        "_resets",
        "_since",
        "address",
        "base",
        "credit",
        "mid",
        "observations",
        "open",
        "queue",
        "requests",
        "sending",
    )

    def __init__(self, address: Hashable, base: int, mid: int, credit: int, now: float) -> None:
        self.address = address
        self.base = base
        self.mid = mid
        self.credit = credit
        self.open = 0
        self.sending = 0
        self.queue: deque[Any] | None = None
        self.requests: dict[bytes, Any] | None = None
        self.observations: dict[bytes, Any] | None = None
        self._laps: dict[int, float] | None = None
        self._left = 0
        self._since = now
        self._resets = 0
        self._reset_since = now

    @property
    def busy(self) -> bool:
        """Whether something is under way that must not be forgotten."""
        return bool(self.open or self.sending or self.queue or self.requests or self.observations)

    def refill(self, rate: int, now: float) -> bool:
        """Give credit anew for the time that has passed; False when there is none to give."""
        earned = int(min(float(rate), (now - self._since) * rate))
        if earned < 1:
            return False
        self.credit += earned
        self._since = now
        return True

    def may_be_reset(self, rate: int, now: float) -> bool:
        """Whether it may be sent one more rejection."""
        if now - self._reset_since >= 1.0:
            self._reset_since = now
            self._resets = 0
        self._resets += 1
        return self._resets <= rate

    def next_mid(self, lifetime: float, now: float) -> int | None:
        """A message ID that was not used for this peer within ``lifetime`` seconds, or None when there is none."""
        mid = self.mid
        if not mid % LAP and self._laps and (left := self._laps.get(mid // LAP)) is not None and now < left + lifetime:
            return None
        self.mid = following = (mid + 1) % MIDS
        if not following % LAP:
            self._laps = self._laps or {}
            self._laps[mid // LAP] = now
        return mid

    def mid_free_at(self, lifetime: float) -> float:
        """When ``next_mid`` will have one again, after it had none."""
        return (self._laps or {}).get(self.mid // LAP, 0.0) + lifetime


class Peers:
    """Peers by address, in two generations: when the younger is full, those of the elder with nothing under way go."""

    def __init__(self, limits: Limits, transmission: Transmission, chance: random.Random) -> None:
        self._rate = limits.rate
        self._half = limits.peers // 2
        self._lifetime = transmission.exchange_lifetime
        self._chance = chance
        self._made = 0
        self._stale: dict[Hashable, Peer] = {}
        self._turned = 0.0
        self._full_until = 0.0
        self.fresh: dict[Hashable, Peer] = {}

    def __len__(self) -> int:
        return len(self.fresh) + len(self._stale)

    def find(self, address: Hashable, now: float) -> Peer | None:
        """The peer at an address, whether known or new; None when there is no room for another."""
        peer = self.fresh.get(address) or self._stale.pop(address, None)
        if peer is None:
            if now < self._full_until:
                return None
            self._made += 1
            peer = Peer(address, self._made * MIDS, self._chance.randrange(MIDS), self._rate, now)
        if len(self.fresh) >= self._half or now - self._turned >= self._lifetime:
            if now >= self._full_until:
                self._turn(now)
                self._full_until = now + RETRY if len(self.fresh) >= self._half else now
            if len(self.fresh) >= self._half and not peer.busy:
                return None
        self.fresh[address] = peer
        return peer

    def known(self, address: Hashable) -> Peer | None:
        """The peer at an address if it is known."""
        return self.fresh.get(address) or self._stale.get(address)

    def _turn(self, now: float) -> None:
        busy = {address: peer for address, peer in self._stale.items() if peer.busy}
        if len(busy) < self._half:
            self._stale, self.fresh = self.fresh, busy
        else:
            self._stale = busy
        self._turned = now
