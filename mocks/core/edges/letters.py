"""Letters, and the gate that they pass: the world's fault plan may lose, delay or repeat one, or let others pass it.

To the plan a letter is a message of protocol ``webhook`` that goes out; each attempt to deliver something is one. The
gate for datagrams does the work. It is handed a ticket in place of the letter, for an envelope is never opened here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from ..actions import Drop
from ..gates import DatagramGate
from ..journal import IsSecret, knows_none, mask_path, mask_query
from ..web.message import ANONYMOUS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..faults import FaultPlan, Strike
    from ..gates import Later

METHOD = "POST"
PROTOCOL: Final = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent, by POST.

    Attributes:
        vendor: who sends it.
        url: where to; ``http`` or ``https``.
        headers: beside ``Host`` and ``Content-Length``.
        body: as it goes out.
        anywhere: also beyond loopback.
        operation: what is done with it, for journal and faults.
        principal: for whom it is sent.
        exchange: the same for every attempt to deliver one thing, so that faults can count these.
        device: that it tells of, for faults.
        detail: what else the journal should remember, without secrets.
        is_secret: knows what must not be shown of the URL.
    """

    vendor: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    anywhere: bool = False
    operation: str = "delivery"
    principal: str = ANONYMOUS
    exchange: str = ""
    device: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_secret: IsSecret = knows_none

    @property
    def peer(self) -> str:
        """The receiver's host and port; what stands for it where the URL is none."""
        try:
            place = urlsplit(self.url)
            port = place.port or (443 if place.scheme == "https" else 80)
        except ValueError:
            return self.url
        host = place.hostname or ""
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def describe(self) -> Mapping[str, str]:
        """What it is, by the names of a fault's match."""
        return {
            "operation": self.operation,
            "method": METHOD,
            "principal": self.principal,
            "exchange": self.exchange,
            "device": self.device,
        }

    def shown(self) -> tuple[str, str]:
        """URL and query as the journal may have them."""
        try:
            place = urlsplit(self.url)
        except ValueError:
            return mask_path(self.url, self.is_secret), ""
        path = mask_path(unquote(place.path), self.is_secret)
        return f"{place.scheme}://{self.peer}{path}", mask_query(place.query, self.is_secret)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a letter: the receiver's status, or why there is none."""

    status: int | None
    error: str = ""

    @property
    def cause(self) -> str:
        """The same in a word, for the journal, when the sender has none of his own."""
        if self.status is None:
            return "unreachable"
        return "ok" if 200 <= self.status < 300 else "refused"


@dataclass(slots=True, eq=False)
class Copy:
    """A letter on its way; a fault may send it several times.

    Attributes:
        done: who waits for what comes of it; nobody does for a repetition.
        fault: the rule that struck it.
        era: as the courier counts them; what was sent in another one concerns nobody any more.
        began: the real time at which it was posted, in seconds.
    """

    letter: Letter
    done: Callable[[Outcome], str | None] | None
    era: int
    fault: str | None = None
    began: float = 0.0


class LetterGate:
    """Where the letters of one vendor go wrong.

    Args:
        plan: the world's.
        vendor: who sends.
        later: calls back after seconds of line time.
        forward: takes a copy that goes on, and how many seconds of line time later.
    """

    def __init__(self, plan: FaultPlan, vendor: str, later: Later, forward: Callable[[Copy, float], None]) -> None:
        self._gate = DatagramGate(
            plan,
            vendor=vendor,
            protocol=PROTOCOL,
            later=later,
            emit=lambda _direction, _peer, ticket: self._forward(self._held.pop(ticket), 0.0),
            told=self._told,
        )
        self._forward = forward
        self._tickets = count(1)
        self._held: dict[bytes, Copy] = {}
        self._strikes: list[Strike] = []

    def __call__(self, copy: Copy) -> str | None:
        """Forward a letter as the plan has it.

        Returns:
            The name of the rule by which it is lost, if it is.
        """
        ticket = b"%d" % next(self._tickets)
        self._strikes.clear()
        sends = self._gate("out", copy.letter.peer, ticket, copy.letter.describe)
        strike = self._strikes[0] if self._strikes else None
        copy.fault = strike.rule.name if strike else None
        self._held[ticket] = copy
        if strike is not None and isinstance(strike.action, Drop):
            del self._held[ticket]
            return copy.fault
        seen: dict[bytes, Copy] = {}
        for delay, one in [(0.0, ticket)] if sends is None else sends:
            first = seen.get(one)
            if first is None:
                first = seen[one] = self._held.pop(one)
                self._forward(first, delay)
            else:
                self._forward(Copy(first.letter, None, first.era, first.fault), delay)
        return None

    def _told(self, strike: Strike, _direction: str, _peer: object) -> None:
        self._strikes.append(strike)
