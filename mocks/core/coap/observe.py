"""Observations: who wants to hear of what, and how each is told (RFC 7641, the server's side).

Each observation has at most one confirmable notification under way, and keeps the newest value only: when a newer one
comes, it takes the place of the older at its next repetition, and nothing older is ever sent after it. NSTART does not
hold notifications back, as a client that observes a thousand things would otherwise get all of them late for one lost
acknowledgement; section 4.5.1 asks for restraint per observation, and that is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from .codes import Type, is_success
from .message import Message, encode
from .options import Option, encode_options, encode_uint
from .outbox import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from .blockwise import Blocks
    from .outbox import Outbox, Sending
    from .peers import Peer
    from .response import Response
    from .timers import Schedule
    from .transmission import Limits, Transmission

NUMBERS = 1 << 24
"""The sequence numbers of notifications: 24 bits."""

RECENT = 4
"""Non-confirmable notifications of an observation for which a rejection is still understood."""

DAY = 86_400.0


class End(Enum):
    """Why an observation ended."""

    DEREGISTERED = "deregistered"
    REPLACED = "replaced"
    RESET = "reset"
    TIMED_OUT = "timed out"
    ERROR = "error"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an observation is told.

    Attributes:
        confirmable: every notification is confirmable.
        check_every: otherwise one at least every so many seconds (RFC 7641, section 4.5), so that who has gone is
            noticed; None for never, as some devices have it.
        first: the number of the first answer; the others follow it.
    """

    confirmable: bool = False
    check_every: float | None = DAY
    first: int = 1


DEFAULT = Manner()


class Notice:
    """A notification made ready once for all that it goes to."""

    __slots__ = ("_after", "_before", "_made", "_number", "_wire", "response")

    def __init__(self, response: Response) -> None:
        self.response = response
        items = response.options.items
        # Whoever sets Observe himself means it. Otherwise it is put in between, which is all that differs.
        self._made = None if Option.OBSERVE not in response.options.values else response.options.wire
        self._before = [item for item in items if item[0] < Option.OBSERVE]
        self._after = [item for item in items if item[0] > Option.OBSERVE]
        self._number = -1
        self._wire = b""

    def wire(self, number: int) -> bytes:
        """The options with the number of an observation."""
        if self._made is not None:
            return self._made
        if number != self._number:
            self._number = number
            self._wire = encode_options([*self._before, (Option.OBSERVE, encode_uint(number)), *self._after])
        return self._wire


class Observation:
    """One client that wants to hear of one thing.

    Attributes:
        peer, token: who; the two together are its name.
        topic: of what.
        request: how it was asked for.
        number: the last sequence number that was sent.
        pending: the newest value, while an older one is under way.
        recent: keys of the last notifications that were not confirmable.
        live: until it ends.
    """

    __slots__ = (
        "_checked",
        "_ended",
        "_manner",
        "_observations",
        "_sending",
        "due",
        "live",
        "number",
        "peer",
        "pending",
        "recent",
        "request",
        "token",
        "topic",
    )

    def __init__(
        self,
        observations: Observations,
        peer: Peer,
        request: Message,
        topic: Hashable,
        manner: Manner,
        ended: Callable[[Observation, End], None] | None,
        now: float,
    ) -> None:
        self._observations = observations
        self._manner = manner
        self._ended = ended
        self._checked = now
        self._sending: Sending | None = None
        self.recent: tuple[int, ...] = ()
        self.peer = peer
        self.token = request.token
        self.topic = topic
        self.request = request
        self.number = (manner.first - 1) % NUMBERS
        self.pending: Notice | None = None
        self.due: float | None = None
        self.live = True

    def next_number(self) -> int:
        """The number of the next notification."""
        self.number = number = (self.number + 1) % NUMBERS
        return number

    def notify(self, response: Response, type_: Type | None = None) -> None:
        """Send a new state of the thing, as a message of a type or as the observation's manner has it.

        An error ends the observation with it (RFC 7641, section 4.2).
        """
        self.tell(Notice(response), type_)

    def tell(self, notice: Notice, type_: Type | None = None) -> None:
        """Send a notification that was made ready."""
        if not self.live:
            return
        if self._sending is not None:
            self.pending = notice
            return
        made = self._make(notice, type_)
        if made is None:
            return
        mid, data, confirmable = made
        if confirmable:
            self._sending = self._observations.outbox.post(self.peer, mid, data, self)
        else:
            self._observations.sent(self, mid)
            self._observations.send(data, self.peer.address)
        if not is_success(notice.response.code):
            self._observations.end(self, End.ERROR)

    def cancel(self, end: End = End.CANCELLED) -> None:
        """End it without a word."""
        self._observations.end(self, end)

    def fire(self) -> None:
        """A message ID is free again."""
        if (notice := self.pending) is not None:
            self.pending = None
            self.tell(notice)

    def settled(self, outcome: Outcome) -> None:
        """What became of the confirmable notification."""
        self._sending = None
        if outcome is Outcome.ACKNOWLEDGED:
            self._checked = self._observations.now()
            self.fire()
        else:
            self.cancel(End.RESET if outcome is Outcome.RESET else End.TIMED_OUT)

    def renewed(self) -> tuple[int, bytes] | None:
        """The newest value in place of the one that was not acknowledged: RFC 7641, section 4.5.2."""
        notice = self.pending
        if notice is None or not self.live:
            return None
        self.pending = None
        made = self._make(notice, Type.CON)
        if made is None:
            return None
        if not is_success(notice.response.code):
            self._observations.end(self, End.ERROR)
        return made[0], made[1]

    def close(self, end: End) -> None:
        """It has been struck off; whoever registered it is told."""
        self.live = False
        self.pending = None
        if self._sending is not None and end is not End.ERROR:
            self._observations.outbox.drop(self._sending)
        if self._ended is not None:
            self._ended(self, end)

    def _make(self, notice: Notice, type_: Type | None) -> tuple[int, bytes, bool] | None:
        """Message ID and datagram; None, and to be tried again later, when no message ID is free."""
        observations = self._observations
        now = observations.now()
        mid = self.peer.next_mid(observations.lifetime, now)
        if mid is None:
            self.pending = notice
            observations.schedule.set(self, self.peer.mid_free_at(observations.lifetime))
            return None
        response = notice.response
        if type_ is None:
            manner = self._manner
            every = manner.check_every
            confirmable = manner.confirmable or (every is not None and now - self._checked >= every)
        else:
            confirmable = type_ is Type.CON
        confirmable = confirmable and observations.may_wait
        if not is_success(response.code):
            options = response.options.wire
        elif len(response.payload) > observations.blocks.size:
            response = observations.blocks.answer(self.peer, self.request, response, None, now, extra=False)
            options = response.options.with_((Option.OBSERVE, self.next_number())).wire
        else:
            options = notice.wire(self.next_number())
        kind = Type.CON if confirmable else Type.NON
        return mid, encode(kind, response.code, mid, self.token, options, response.payload), confirmable


class Observations:
    """All observations of an endpoint, by peer and token, and by topic."""

    def __init__(
        self,
        limits: Limits,
        transmission: Transmission,
        outbox: Outbox,
        schedule: Schedule,
        blocks: Blocks,
        now: Callable[[], float],
        send: Callable[[bytes, Hashable], None],
    ) -> None:
        self._limits = limits
        self._topics: dict[Hashable, dict[Observation, None]] = {}
        self._recent: dict[int, Observation] = {}
        self._count = 0
        self.lifetime = transmission.exchange_lifetime
        self.outbox = outbox
        self.schedule = schedule
        self.blocks = blocks
        self.now = now
        self.send = send

    def __len__(self) -> int:
        return self._count

    @property
    def may_wait(self) -> bool:
        """Whether there is room for another confirmable notification."""
        return len(self.outbox) < self._limits.sending

    def register(
        self,
        peer: Peer,
        request: Message,
        topic: Hashable,
        manner: Manner = DEFAULT,
        ended: Callable[[Observation, End], None] | None = None,
    ) -> Observation | None:
        """Enter an observation, in place of one of the same peer and token; None when there is no room.

        One that is renewed so goes on with its numbers, for the client compares them.
        """
        theirs = peer.observations
        former: Observation | None = theirs.get(request.token) if theirs else None
        if former is not None:
            self.end(former, End.REPLACED)
        elif self._count >= self._limits.observations or len(theirs or ()) >= self._limits.observations_per_peer:
            return None
        observation = Observation(self, peer, request, topic, manner, ended, self.now())
        if former is not None:
            observation.number = former.number
        if peer.observations is None:
            peer.observations = {}
        peer.observations[request.token] = observation
        self._topics.setdefault(topic, {})[observation] = None
        self._count += 1
        return observation

    def find(self, peer: Peer, token: bytes) -> Observation | None:
        """The observation of a peer with a token."""
        return peer.observations.get(token) if peer.observations else None

    def of(self, topic: Hashable) -> list[Observation]:
        """Who observes a thing, the first first."""
        return list(self._topics.get(topic, ()))

    def notify(self, topic: Hashable, response: Response, type_: Type | None = None) -> int:
        """Tell everybody who observes a thing of its new state; returns how many."""
        observers = self._topics.get(topic)
        if not observers:
            return 0
        notice = Notice(response)
        told = list(observers)
        for observation in told:
            observation.tell(notice, type_)
        return len(told)

    def end(self, observation: Observation, end: End) -> None:
        """Strike an observation off."""
        if not observation.live:
            return
        peer, topic = observation.peer, observation.topic
        if peer.observations:
            peer.observations.pop(observation.token, None)
        observers = self._topics.get(topic)
        if observers is not None:
            observers.pop(observation, None)
            if not observers:
                del self._topics[topic]
        for key in observation.recent:
            self._recent.pop(key, None)
        self.schedule.cancel(observation)
        self._count -= 1
        observation.close(end)

    def end_all(self, peer: Peer, end: End = End.CANCELLED) -> None:
        """Strike off everything that a peer observes."""
        for observation in list((peer.observations or {}).values()):
            self.end(observation, end)

    def sent(self, observation: Observation, mid: int) -> None:
        """Remember the message ID of a notification, in case it is rejected."""
        key = observation.peer.base + mid
        recent = observation.recent
        if len(recent) >= RECENT:
            self._recent.pop(recent[0], None)
            recent = recent[1:]
        observation.recent = (*recent, key)
        self._recent[key] = observation

    def rejected(self, key: int) -> bool:
        """A message of ours was rejected; False when it was no notification."""
        observation = self._recent.get(key)
        if observation is None:
            return False
        self.end(observation, End.RESET)
        return True
