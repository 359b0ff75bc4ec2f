"""The world's memory: every exchange on every protocol, in order, without secrets.

What is stored is already masked: callers hand in fingerprints of credentials, and queries go through ``mask_query``.
Entries are kept as tuples, because one is made for each request, and read as ``Entry`` when somebody asks.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from .clock import iso
from .ids import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_SIZE = 10_000
"""Entries kept; older ones are dropped and counted."""

LONGEST_TEXT = 2_048
"""Characters of a path or query that are kept."""

_SECRET_FIELD = re.compile(r"((?:^|[&;?])[^=&;]*(?:token|secret|password|key|pwd)[^=&;]*=)([^&;]+)", re.IGNORECASE)


class Entry(NamedTuple):
    """One exchange.

    Attributes:
        seq: counts from 1, never reused within a world.
        at: the world's time in microseconds since 1970.
        vendor: whose face was called.
        protocol: ``http``, later ``coap`` and ``mqtt``.
        operation: the route's name, or ``unrouted``.
        method: of HTTP, or the packet's kind.
        path: as asked, percent-decoded.
        query: masked.
        credential: how the caller showed who he is, masked, such as ``Bearer #3f9a2c1d``.
        principal: who that is, or ``anonymous``.
        status: of the answer that the vendor made, whether or not it arrived whole.
        cause: why the answer is what it is.
        fault: the name of the fault rule that struck, or None.
        duration: seconds of real time; not part of the story.
        detail: more, by operation.
    """

    seq: int
    at: int
    vendor: str
    protocol: str
    operation: str
    method: str
    path: str
    query: str
    credential: str
    principal: str
    status: int
    cause: str
    fault: str | None
    duration: float
    detail: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The entry as the control API shows it."""
        return self._asdict() | {"at": iso(self.at), "detail": dict(self.detail)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which entries to find; what is None does not matter."""

    vendor: str | None = None
    protocol: str | None = None
    operation: str | None = None
    method: str | None = None
    principal: str | None = None
    status: int | None = None
    cause: str | None = None
    fault: str | None = None
    after: int = 0

    def matches(self, entry: Entry) -> bool:
        """Whether the entry is one of those asked for."""
        return entry.seq > self.after and all(getattr(entry, name) == value for name, value in self.wanted())

    def wanted(self) -> list[tuple[str, Any]]:
        """The conditions that were given."""
        pairs = ((name, getattr(self, name)) for name in self.__slots__ if name != "after")
        return [(name, value) for name, value in pairs if value is not None]


@dataclass(slots=True)
class _Waiting:
    condition: threading.Condition = field(default_factory=threading.Condition)
    waiters: int = 0
    interrupted: bool = False


class Journal:
    """A bounded ring of entries, safe under threads."""

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        self._entries: deque[tuple[Any, ...]] = deque(maxlen=size)
        self._seq = 0
        self._waiting = _Waiting()

    @property
    def last(self) -> int:
        """The sequence number of the newest entry; 0 before the first."""
        return self._seq

    @property
    def dropped(self) -> int:
        """How many entries the ring no longer holds."""
        return self._seq - len(self._entries)

    def add(self, *values: Any) -> None:
        """Append an entry: the values of ``Entry`` after ``seq``, in order. Called under the world's lock."""
        self._seq += 1
        self._entries.append((self._seq, *values))
        if self._waiting.waiters:
            with self._waiting.condition:
                self._waiting.condition.notify_all()

    def find(self, query: Query | None = None, /, limit: int | None = None, **wanted: Any) -> list[Entry]:
        """The entries that match, oldest first.

        Args:
            query: what to look for.
            limit: at most so many.
            wanted: the query's fields instead, as ``find(vendor="scanalytics", status=401)``.
        """
        query = query or Query(**wanted)
        matching = (entry for entry in map(Entry._make, list(self._entries)) if query.matches(entry))
        return list(islice(matching, limit))

    def count(self, **wanted: Any) -> int:
        """How many entries match."""
        return len(self.find(**wanted))

    def wait_for(
        self,
        query: Query | None = None,
        /,
        count: int = 1,
        timeout: float = 5.0,
        until: Callable[[list[Entry]], bool] | None = None,
        **wanted: Any,
    ) -> list[Entry]:
        """Wait in real time until ``count`` entries match, or ``until`` says so, or ``timeout`` seconds passed.

        Returns:
            What matched by then.
        """
        query = query or Query(**wanted)
        found: list[Entry] = []

        def enough() -> bool:
            found[:] = self.find(query)
            if self._waiting.interrupted:
                return True
            return until(found) if until else len(found) >= count

        with self._waiting.condition:
            self._waiting.waiters += 1
            try:
                self._waiting.condition.wait_for(enough, timeout)
            finally:
                self._waiting.waiters -= 1
        return found

    def interrupt(self, *, stop: bool) -> None:
        """Let nobody wait any more, since the world stops; or let them wait again."""
        with self._waiting.condition:
            self._waiting.interrupted = stop
            self._waiting.condition.notify_all()

    def clear(self) -> None:
        """Forget every entry; sequence numbers go on."""
        self._entries.clear()

    def restart(self) -> None:
        """Forget every entry and count from 1 again."""
        self._entries.clear()
        self._seq = 0


def mask_query(query: str) -> str:
    """A query with the values of its secret fields replaced by their fingerprints, and cut to a bounded length."""
    if not query:
        return ""
    return _SECRET_FIELD.sub(lambda match: match[1] + fingerprint(match[2]), query[:LONGEST_TEXT])
