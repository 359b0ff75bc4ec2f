"""What was answered to whom, so that a repeated message gets the same again and is not acted upon twice.

Two generations, bounded by time and by size: when the younger is full or old enough, the elder is let go whole. Each
entry also knows its own end, for a message ID may be used again right after EXCHANGE_LIFETIME.

Source: RFC 7252, sections 4.2, 4.3 and 4.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .transmission import Limits

Answer = tuple[float, bytes, bytes]
"""When it is forgotten; what is sent again, if anything; and what follows it, if anything."""


class Memory:
    """Answers by the key of the message that they answer (``peer.base + mid``).

    Args:
        limits: how many, and how many bytes.
        lifetime: seconds that a generation lasts at most: the longest of any entry.

    Attributes:
        fresh: the younger generation.
        old: the elder.
    """

    def __init__(self, limits: Limits, lifetime: float) -> None:
        self._most = limits.remembered // 2
        self._most_bytes = limits.remembered_bytes // 2
        self._lifetime = lifetime
        self.fresh: dict[int, Answer] = {}
        self.old: dict[int, Answer] = {}
        self._bytes = 0
        self._turned = 0.0

    def __len__(self) -> int:
        return len(self.fresh) + len(self.old)

    def find(self, key: int, now: float) -> Answer | None:
        """What was answered to a message, or None when it is new or so old that its ID means another."""
        answer = self.fresh.get(key) or self.old.get(key)
        return answer if answer is not None and now < answer[0] else None

    def keep(self, key: int, until: float, first: bytes, second: bytes, now: float) -> None:
        """Remember an answer."""
        self.fresh[key] = until, first, second
        self._bytes += len(first) + len(second)
        if len(self.fresh) >= self._most or self._bytes >= self._most_bytes or now - self._turned >= self._lifetime:
            self.old, self.fresh = self.fresh, {}
            self._bytes = 0
            self._turned = now
