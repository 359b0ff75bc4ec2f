"""Requests of our own: the client's side of an exchange, observations that others keep for us among them.

Source: RFC 7252, sections 4.7, 5.2 and 5.3; RFC 7641, section 3.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from .codes import Type, is_success
from .errors import (
    CancelledError,
    NoAnswerError,
    OverloadedError,
    RequestError,
    ResetError,
    UnusableAnswerError,
)
from .options import Option, is_critical
from .outbox import Outcome

if TYPE_CHECKING:
    import random
    from collections.abc import Hashable

    from .message import Message
    from .outbox import Outbox, Sending
    from .peers import Peer
    from .timers import Schedule
    from .transmission import Limits, Transmission

TOKEN_BYTES = 4
"""Bytes of the tokens that we choose: enough to tell a peer's answers apart, and to be no guess over loopback."""

NEWER_WITHIN = 1 << 23
STALE_AFTER = 128.0
"""Seconds after which a notification is newer whatever its number: RFC 7641, section 3.4."""

Answered = Callable[["Message | RequestError"], None]
"""Hears what came of a request."""


class Verdict(Enum):
    """What a message with an answer was to us."""

    TAKEN = "taken"
    UNKNOWN = "unknown"
    UNUSABLE = "unusable"


class Outgoing:
    """A request of ours.

    Attributes:
        message: as it was sent, once it has a message ID.
        observing: notifications are awaited, after a first answer that promised some.
    """

    __slots__ = ("_answered", "_last", "_requests", "done", "due", "key", "message", "observing", "peer", "sending")

    def __init__(self, requests: Requests, peer: Peer, message: Message, answered: Answered) -> None:
        self._requests = requests
        self._answered = answered
        self._last: tuple[int, float] | None = None
        self.peer = peer
        self.message = message
        self.key = -1
        self.sending: Sending | None = None
        self.observing = False
        self.done = False
        self.due: float | None = None

    def cancel(self) -> None:
        """Give it up; ``answered`` hears a ``CancelledError``. What still comes for it is rejected."""
        self.finish(CancelledError("given up"))

    def fire(self) -> None:
        """Time is up."""
        self.finish(NoAnswerError("no answer in time"))

    def settled(self, outcome: Outcome) -> None:
        """What became of the confirmable message; acknowledged means that the answer will come later."""
        self.sending = None
        self._requests.release(self)
        if outcome is Outcome.RESET:
            self.finish(ResetError("rejected"))
        elif outcome is Outcome.TIMED_OUT:
            self.finish(NoAnswerError("not even acknowledged"))

    def renewed(self) -> tuple[int, bytes] | None:
        """A request is repeated as it is."""
        return None

    def finish(self, result: Message | RequestError) -> None:
        """Over, with this."""
        if not self.done:
            self.done = True
            self._requests.forget(self)
            self._answered(result)

    def take(self, message: Message, now: float) -> None:
        """An answer has come."""
        number = message.options.uint(Option.OBSERVE)
        if number is None or not is_success(message.code) or self.message.options.uint(Option.OBSERVE) != 0:
            self.finish(message)
            return
        self._requests.keep(self)
        self.observing = True
        if self._last is None or is_newer(self._last, (number, now)):
            self._last = number, now
            self._answered(message)


class Requests:
    """All requests of ours without an answer, or with more to come."""

    def __init__(
        self,
        limits: Limits,
        transmission: Transmission,
        outbox: Outbox,
        schedule: Schedule,
        chance: random.Random,
        now: Callable[[], float],
        send: Callable[[bytes, Hashable], None],
    ) -> None:
        self._limits = limits
        self._nstart = transmission.nstart
        self._lifetime = transmission.exchange_lifetime
        self._outbox = outbox
        self._schedule = schedule
        self._chance = chance
        self._now = now
        self._send = send
        self._count = 0
        self._unconfirmed: dict[int, Outgoing] = {}

    def __len__(self) -> int:
        return self._count

    def start(
        self, peer: Peer | None, message: Message, answered: Answered, timeout: float, *, chosen: bool
    ) -> Outgoing | None:
        """Send a request, or let it wait for its turn.

        Args:
            peer: to whom; None when there was no room for one more.
            message: with its type, code, options and payload; with its token when that was ``chosen``.
            answered: hears what comes of it.
            timeout: seconds.
            chosen: the token is the caller's; an earlier request with it is forgotten, as with one that is renewed.
        """
        mine = (peer.requests or {}) if peer else {}
        if peer is None or self._count >= self._limits.requests or len(mine) >= self._limits.requests_per_peer:
            answered(OverloadedError("too many requests at once"))
            return None
        if not chosen:
            message.token = self._token(mine)
        elif (former := mine.get(message.token)) is not None:
            former.cancel()
        outgoing = Outgoing(self, peer, message, answered)
        if peer.requests is None:
            peer.requests = {}
        peer.requests[message.token] = outgoing
        self._count += 1
        self._schedule.set(outgoing, self._now() + timeout)
        if message.type is Type.CON and peer.sending >= self._nstart:
            if peer.queue is None:
                peer.queue = deque()
            peer.queue.append(outgoing)
        else:
            self._launch(outgoing)
        return outgoing

    def answered(self, peer: Peer, message: Message) -> Verdict:
        """Find whose answer a message is, and give it to him."""
        outgoing: Outgoing | None = peer.requests.get(message.token) if peer.requests else None
        if outgoing is None or outgoing.key < 0:
            return Verdict.UNKNOWN
        if message.type is Type.ACK and outgoing.key != peer.base + message.mid:
            return Verdict.UNKNOWN
        if any(is_critical(number) for number in message.options.unrecognised):
            outgoing.finish(UnusableAnswerError("a critical option that is not understood"))
            return Verdict.UNUSABLE
        if outgoing.sending is not None:
            # An answer says that the request has come, whether or not its acknowledgement does.
            self._outbox.drop(outgoing.sending)
            outgoing.sending = None
            self.release(outgoing)
        outgoing.take(message, self._now())
        return Verdict.TAKEN

    def rejected(self, key: int) -> bool:
        """A message of ours was rejected; False when it was no request."""
        outgoing = self._unconfirmed.get(key)
        if outgoing is None:
            return False
        outgoing.finish(ResetError("rejected"))
        return True

    def keep(self, outgoing: Outgoing) -> None:
        """There is no time-out for what is observed."""
        self._schedule.cancel(outgoing)

    def release(self, outgoing: Outgoing) -> None:
        """A request is no longer under way; the next one may go."""
        peer = outgoing.peer
        peer.sending -= 1
        while peer.queue and peer.sending < self._nstart:
            following: Outgoing = peer.queue.popleft()
            if not following.done:
                self._launch(following)

    def forget(self, outgoing: Outgoing) -> None:
        """A request is over."""
        peer = outgoing.peer
        if peer.requests and peer.requests.get(outgoing.message.token) is outgoing:
            del peer.requests[outgoing.message.token]
        self._count -= 1
        self._schedule.cancel(outgoing)
        self._unconfirmed.pop(outgoing.key, None)
        if outgoing.sending is not None:
            self._outbox.drop(outgoing.sending)
            outgoing.sending = None
            self.release(outgoing)

    def _launch(self, outgoing: Outgoing) -> None:
        peer, message = outgoing.peer, outgoing.message
        mid = peer.next_mid(self._lifetime, self._now())
        if mid is None or len(self._outbox) >= self._limits.sending:
            outgoing.finish(OverloadedError("no message ID is free, or too many messages are under way"))
            return
        message.mid = mid
        outgoing.key = peer.base + mid
        data = message.encode()
        if message.type is Type.CON:
            peer.sending += 1
            outgoing.sending = self._outbox.post(peer, mid, data, outgoing)
        else:
            self._unconfirmed[outgoing.key] = outgoing
            self._send(data, peer.address)

    def _token(self, mine: dict[bytes, Outgoing]) -> bytes:
        while True:
            token = self._chance.getrandbits(8 * TOKEN_BYTES).to_bytes(TOKEN_BYTES, "big")
            if token not in mine:
                return token


def is_newer(last: tuple[int, float], this: tuple[int, float]) -> bool:
    """Whether a notification, by number and time, is newer than another: RFC 7641, section 3.4."""
    (before, then), (number, now) = last, this
    if before < number:
        return number - before < NEWER_WITHIN or now > then + STALE_AFTER
    return before - number > NEWER_WITHIN or now > then + STALE_AFTER
