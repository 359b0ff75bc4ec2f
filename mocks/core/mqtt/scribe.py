"""Writes a broker's story into the world's journal: who came, what he asked for, and what he was sent.

Nobody's password is in an event. Client ids and topics are whatever clients make them, so they are masked and cut.
"""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..actions import kind
from ..journal import LONGEST_TEXT, mask_path
from .events import OPERATIONS, Event
from .reasons import SUBACK_FAILURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..clock import Clock
    from ..faults import Strike
    from ..journal import IsSecret, Journal
    from ..rules import Direction
    from .connection import Connection

SHOWN = 20
"""Of a SUBSCRIBE's filters so many are kept; it may have ten thousand."""

LONGEST_ID = 128

REMEMBERED, LONGEST_REMEMBERED = 4_096, 256
"""Names of which the masked form is remembered, for most come again and again; and how long one may be."""

NOBODY = "anonymous"


class Scribe:
    """Observes one broker.

    Args:
        clock: says when.
        journal: the world's.
        vendor: whose broker it is.
        is_secret: tells whether a text is one of the secrets that somebody gave out.
        credential: what the client showed whose CONNECT is being answered, masked.
    """

    def __init__(
        self, clock: Clock, journal: Journal, vendor: str, is_secret: IsSecret, credential: Callable[[], str]
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._vendor = vendor
        self._is_secret = is_secret
        self._credential = credential
        self._remembered = lru_cache(REMEMBERED)(partial(mask_path, is_secret=is_secret))

    def forget(self) -> None:
        """There are other secrets from now on."""
        self._remembered.cache_clear()

    def __call__(self, event: Event) -> None:
        """Something happened on a connection."""
        operation = OPERATIONS[event.kind]
        status, cause = _outcome(event)
        self._add(
            operation,
            event.packet or ("CONNECT" if event.kind == "refuse" else ""),
            event.filters or ((event.topic,) if event.topic else ()),
            self._credential() if operation == "connect" else "",
            event.principal,
            status,
            cause,
            None,
            {"client": self._name(event.client_id), "version": event.version} | _more(event),
        )

    def struck(
        self, connection: Connection, direction: Direction, packet: str, strike: Strike, about: Mapping[str, str]
    ) -> None:
        """A rule of the fault plan struck a packet."""
        self._add(
            "fault",
            packet,
            about["topic"].split("\0") if about["topic"] else (),
            "",
            about["principal"],
            0,
            kind(strike.action),
            strike.rule.name,
            {"client": self._name(about["session"]), "version": connection.version, "direction": direction},
        )

    def _add(
        self,
        operation: str,
        packet: str,
        topics: Iterable[str],
        credential: str,
        principal: str,
        status: int,
        cause: str,
        fault: str | None,
        detail: Mapping[str, Any],
    ) -> None:
        self._journal.add(
            self._clock.micros(),
            self._vendor,
            "mqtt",
            operation,
            packet,
            " ".join(map(self._masked, islice(topics, SHOWN)))[:LONGEST_TEXT],
            "",
            credential,
            principal or NOBODY,
            status,
            cause,
            fault,
            0.0,
            detail,
        )

    def _name(self, client_id: str) -> str:
        return self._masked(client_id)[:LONGEST_ID]

    def _masked(self, text: str) -> str:
        return self._remembered(text) if len(text) <= LONGEST_REMEMBERED else mask_path(text, self._is_secret)


def _outcome(event: Event) -> tuple[int, str]:
    """The reason code, and why."""
    if event.kind == "subscribe":
        worst = max(event.codes, default=0)
        return worst, "refused" if worst >= SUBACK_FAILURE else "ok"
    if event.cause == "refused" and event.text:
        return event.code, event.text
    return event.code, event.cause or "ok"


def _more(event: Event) -> dict[str, Any]:
    """What else an event tells."""
    if event.kind in ("publish-in", "publish-out"):
        return {"qos": event.qos, "retain": event.retain, "packet_id": event.packet_id, "size": event.size}
    if event.kind == "ack-in":
        return {"packet_id": event.packet_id}
    if event.kind in ("subscribe", "unsubscribe"):
        return {"filters": len(event.filters), "codes": list(event.codes[:SHOWN])}
    return {"session_present": event.session_present} if event.kind == "connect" else {}
