"""What a CoAP datagram is and which exchange it belongs to, read from its first bytes (RFC 7252, section 3).

An exchange is a request with all that follows from it: its repeats, acknowledgements, answer and notifications. Tokens
tell where an answer belongs, message ids an acknowledgement or a reset, which have no token; so it has to be watched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from .rules import Direction

MOST_EXCHANGES = 8_192
"""Message ids, and tokens, that are remembered; beyond, the oldest are forgotten and begin an exchange of their own."""

TYPES = ("CON", "NON", "ACK", "RST")
METHODS = ("", "GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH")

K = TypeVar("K")

_OTHER: dict[Direction, Direction] = {"in": "out", "out": "in"}


class Exchanges:
    """Describes the datagrams between some peers and one listener, both ways."""

    def __init__(self) -> None:
        self._by_mid: dict[tuple[Hashable, Direction, int], str] = {}
        self._by_token: dict[tuple[Hashable, Direction, bytes], str] = {}

    def describe(self, direction: Direction, peer: Hashable, data: bytes) -> Mapping[str, str]:
        """The ``type``, ``code``, ``method``, ``mid``, ``token`` and ``exchange`` of a datagram.

        Nothing is said of one that is no CoAP message.
        """
        size = data[0] & 0x0F if data else 9
        if len(data) < 4 + size or size > 8 or data[0] >> 6 != 1:
            return {}
        kind, code, mid = TYPES[data[0] >> 4 & 3], data[1], int.from_bytes(data[2:4])
        token = data[4 : 4 + size]
        found = {
            "type": kind,
            "code": f"{code >> 5}.{code & 31:02}",
            "mid": str(mid),
            "token": token.hex(),
            "exchange": self._exchange(direction, peer, kind, code, mid, token),
        }
        if 0 < code < len(METHODS):
            found["method"] = METHODS[code]
        return found

    def _exchange(self, direction: Direction, peer: Hashable, kind: str, code: int, mid: int, token: bytes) -> str:
        own = f"{peer} {direction} {token.hex()} {mid}"
        answers = self._by_mid.get((peer, _OTHER[direction], mid)) if kind in ("ACK", "RST") else None
        if 0 < code < 32:
            found = own
            _remember(self._by_token, (peer, direction, token), own)
        elif code:
            asked = peer, _OTHER[direction], token
            found = answers or self._by_token.get(asked) or own
            # Whoever begins to watch amid an observation sees notifications whose request has passed.
            _remember(self._by_token, asked, found)
        else:
            found = answers or own
        if kind in ("CON", "NON"):
            _remember(self._by_mid, (peer, direction, mid), found)
        return found


def _remember(table: dict[K, str], key: K, value: str) -> None:
    table.pop(key, None)
    if len(table) >= MOST_EXCHANGES:
        del table[next(iter(table))]
    table[key] = value
