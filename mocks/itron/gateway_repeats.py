"""Requests that come to the gateway again before they are answered: by them the journal shows a client's patience.

Datagrams are looked at as they arrive, before a fault may lose them: a client whose requests are lost is the one whose
back-off matters. What is sent again is one message under one ID (RFC 7252, section 4.2). Who asks the same *anew*,
under another ID, goes round that section, and the journal says so.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ..core.coap.codes import Type, dotted
from ..core.gates import label

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ..core.clock import Clock
    from ..core.journal import Journal

REPEAT = "repeat"
"""The operation of such an entry."""

MOST_REMEMBERED = 4_096
"""Requests that are remembered; beyond, the oldest are forgotten."""

EXCHANGE_LIFETIME = 247.0
"""Seconds after which an ID may stand for another message: RFC 7252, section 4.8.2."""

ACK_TIMEOUT = 2.0
"""Seconds that a confirmable request is given at the least before it is sent again."""

_NO_CODES = range(1, 32)
_HEADER = 4


class _Asked:
    """One request.

    Attributes:
        last: when it last came, in line time.
        again: how often it came again.
        answered: whether anything was sent in answer to it.
    """

    __slots__ = ("again", "answered", "data", "first", "last")

    def __init__(self, data: bytes, now: float) -> None:
        self.data = data
        self.first = self.last = now
        self.again = 0
        self.answered = False


class Repeats:
    """Looks at what passes one socket.

    Args:
        clock: the world's.
        journal: where what comes again is told.
        now: line time.
    """

    def __init__(self, clock: Clock, journal: Journal, now: Callable[[], float]) -> None:
        self._clock = clock
        self._journal = journal
        self._now = now
        self._by_mid: OrderedDict[tuple[Hashable, bytes], _Asked] = OrderedDict()
        self._by_token: OrderedDict[tuple[Hashable, bytes], _Asked] = OrderedDict()
        self._by_content: OrderedDict[tuple[Hashable, int, bytes], _Asked] = OrderedDict()

    def came(self, address: Hashable, data: bytes) -> None:
        """A datagram has come."""
        if len(data) < _HEADER or data[0] >> 6 != 1 or data[1] not in _NO_CODES:
            return
        now, token_end = self._now(), _HEADER + (data[0] & 15)
        key = address, data[2:4]
        found = self._by_mid.get(key)
        if found is not None and found.data == data and now - found.first < EXCHANGE_LIFETIME:
            found.again += 1
            self._tell(address, found, now, anew=False)
            found.last = now
            return
        asked = _Asked(data, now)
        content = address, data[1], data[token_end:]
        former = self._by_content.get(content)
        hurried = former is not None and not former.answered and now - former.last < ACK_TIMEOUT
        if former is not None and hurried and data[0] >> 4 & 3 == Type.CON:
            asked.again = former.again + 1
            asked.last = former.last
            self._tell(address, asked, now, anew=True)
            asked.last = now
        _keep(self._by_mid, key, asked)
        _keep(self._by_token, (address, data[_HEADER:token_end]), asked)
        _keep(self._by_content, content, asked)

    def went(self, address: Hashable, data: bytes) -> None:
        """A datagram goes out, and will arrive."""
        if len(data) < _HEADER:
            return
        kind = data[0] >> 4 & 3
        found = self._by_mid.get((address, data[2:4])) if kind in (Type.ACK, Type.RST) else None
        if found is None and data[1]:
            found = self._by_token.get((address, data[_HEADER : _HEADER + (data[0] & 15)]))
        if found is not None:
            found.answered = True

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


def _keep(table: OrderedDict[Any, _Asked], key: Any, asked: _Asked) -> None:
    """Remember one, as the newest."""
    if key in table:
        table.move_to_end(key)
    elif len(table) >= MOST_REMEMBERED:
        table.popitem(last=False)
    table[key] = asked
