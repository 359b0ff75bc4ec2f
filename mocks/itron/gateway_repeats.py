"""Requests that come to the gateway again before they are answered: by them the journal shows a client's patience.

Datagrams are looked at as they arrive, before a fault may lose them: a client whose requests are lost is the one whose
back-off matters. What is sent again is one message under one ID (RFC 7252, section 4.2). Who asks the same *anew*,
under another ID, goes round that section, and the journal says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.coap.codes import Type, dotted
from ..core.gates import label

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ..core.clock import Clock
    from ..core.journal import Journal

    _Content = tuple[Hashable, int, bytes]
    """Of whom a request comes, its code, and all that follows its token."""

REPEAT = "repeat"
"""The operation of such an entry."""

MOST_REMEMBERED = 4_096
"""Requests that are remembered; beyond, the oldest are forgotten."""

EXCHANGE_LIFETIME = 247.0
"""Seconds after which an ID may stand for another message: RFC 7252, section 4.8.2."""

ACK_TIMEOUT = 2.0
"""Seconds that a confirmable request is given at the least before it is sent again."""

_METHODS = range(1, 32)
_HEADER = 4


class _Asked:
    """One request.

    Attributes:
        token, content: by what it is found; there only while it waits for an answer.
        last: when it last came, in line time.
        again: how often it came again.
        answered: whether anything was sent in answer to it.
    """

    __slots__ = ("again", "answered", "content", "data", "first", "last", "token")

    def __init__(self, data: bytes, now: float, token: tuple[Hashable, bytes], content: _Content) -> None:
        self.data = data
        self.token = token
        self.content = content
        self.first = self.last = now
        self.again = 0
        self.answered = False


class Repeats:
    """Looks at what passes one socket.

    Requests are known by message ID in two generations: when the younger is full, the elder is let go. Those that wait
    for an answer are known by token and by content, too.

    Args:
        clock: the world's.
        journal: where what comes again is told.
        now: line time.
    """

    def __init__(self, clock: Clock, journal: Journal, now: Callable[[], float]) -> None:
        self._clock = clock
        self._journal = journal
        self._now = now
        self._fresh: dict[tuple[Hashable, bytes], _Asked] = {}
        self._old: dict[tuple[Hashable, bytes], _Asked] = {}
        self._by_token: dict[tuple[Hashable, bytes], _Asked] = {}
        self._by_content: dict[_Content, _Asked] = {}

    def came(self, address: Hashable, data: bytes) -> None:
        """A datagram has come."""
        if len(data) < _HEADER or data[0] >> 6 != 1 or data[1] not in _METHODS:
            return
        now, token_end = self._now(), _HEADER + (data[0] & 15)
        key = address, data[2:4]
        found = self._fresh.get(key) or self._old.get(key)
        if found is not None and found.data == data and now - found.first < EXCHANGE_LIFETIME:
            found.again += 1
            self._tell(address, found, now, anew=False)
            found.last = now
            return
        token, content = (address, data[_HEADER:token_end]), (address, data[1], data[token_end:])
        asked = _Asked(data, now, token, content)
        former = self._by_content.get(content)
        if former is not None and now - former.last < ACK_TIMEOUT and data[0] >> 4 & 3 == Type.CON:
            asked.again = former.again + 1
            asked.last = former.last
            self._tell(address, asked, now, anew=True)
            asked.last = now
        if len(self._fresh) >= MOST_REMEMBERED // 2:
            self._old, self._fresh = self._fresh, {}
        self._fresh[key] = asked
        _keep(self._by_token, token, asked)
        _keep(self._by_content, content, asked)

    def went(self, address: Hashable, data: bytes) -> None:
        """A datagram goes out, and will arrive."""
        if len(data) < _HEADER:
            return
        found = None
        if data[0] & 0x20:  # an acknowledgement or a rejection
            key = address, data[2:4]
            found = self._fresh.get(key) or self._old.get(key)
        if found is None and data[1]:
            found = self._by_token.get((address, data[_HEADER : _HEADER + (data[0] & 15)]))
        if found is not None and not found.answered:
            found.answered = True
            if self._by_token.get(found.token) is found:
                del self._by_token[found.token]
            if self._by_content.get(found.content) is found:
                del self._by_content[found.content]
            del found.token, found.content  # thousands of them are kept

    def _tell(self, address: Hashable, asked: _Asked, now: float, *, anew: bool) -> None:
        detail: dict[str, Any] = header(asked.data) | {
            "peer": label(address),
            "again": asked.again,
            "waited": round(now - asked.last, 2),
            "anew": anew,
            "answered": asked.answered,
        }
        values = (REPEAT, "", "", "", "", "", 0, "anew" if anew else "again", None, 0.0, detail)
        with self._clock.lock:
            self._journal.add(self._clock.micros(), "itron", "coap", *values)


def header(data: bytes) -> dict[str, Any]:
    """Type, code and message ID of a datagram, as far as it has them."""
    if len(data) < _HEADER:
        return {}
    return {"type": Type(data[0] >> 4 & 3).name, "code": dotted(data[1]), "mid": int.from_bytes(data[2:4])}


def _keep(table: dict[Any, _Asked], key: Any, asked: _Asked) -> None:
    """Remember one that waits."""
    if len(table) >= MOST_REMEMBERED and key not in table:
        del table[next(iter(table))]
    table[key] = asked
