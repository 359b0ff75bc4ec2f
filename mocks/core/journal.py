"""The world's memory: every exchange on every protocol, in order, without secrets.

What is stored is already masked: callers hand in fingerprints of credentials; paths and queries go through
``mask_path`` and ``mask_query``, since people put a token wherever they please. Entries are kept as tuples, because one
is made for each request, and read as ``Entry`` when somebody asks.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

from .clock import iso
from .ids import fingerprint
from .tally import Tally
from .traces import Spans

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SIZE = 10_000
"""Entries kept; older ones are dropped and counted."""

LONGEST_TEXT = 2_048
"""Characters of a path or query that are kept."""

_SECRET_NAME = re.compile(r"token|secret|pass|pwd|key|auth|credential|session|signature", re.IGNORECASE)
_SECRET_SHAPE = re.compile(r"[A-Za-z0-9]{24}")
"""A run of letters and digits that no name, date or number of a vendor is long enough for, but every token is."""

IsSecret = Callable[[str], bool]
"""Tells whether a text is one of the secrets that somebody gave out."""


class Entry(NamedTuple):
    """One exchange.

    Attributes:
        seq: counts from 1, never reused within a world.
        at: the world's time in microseconds since 1970.
        vendor: whose face was called.
        protocol: ``http``, later ``coap`` and ``mqtt``.
        operation: the route's name, or ``unrouted``.
        method: of HTTP, or the packet's kind.
        path: as asked, percent-decoded and masked.
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

    def wanted(self) -> list[tuple[int, Any]]:
        """The conditions that were given: the place of a value in an entry, and what must stand there."""
        pairs = ((Entry._fields.index(name), getattr(self, name)) for name in self.__slots__ if name != "after")
        return [(place, value) for place, value in pairs if value is not None]


@dataclass(slots=True)
class _Waiting:
    condition: threading.Condition = field(default_factory=threading.Condition)
    waiters: int = 0
    interrupted: bool = False


class Journal:
    """A bounded ring of entries, safe under threads.

    Args:
        size: how many are kept.
        spans: names what is part of a caller's trace.
    """

    def __init__(self, size: int = DEFAULT_SIZE, spans: Spans | None = None) -> None:
        self._entries: deque[tuple[Any, ...]] = deque(maxlen=size)
        self._seq = 0
        self._cleared = 0
        self._waiting = _Waiting()
        self._watchers: list[Callable[[Entry], object]] = []
        self.tally = Tally()
        self.spans = spans or Spans()
        self.listener: Callable[[Entry], None] | None = None
        """Called for each entry, under the world's lock: it must be quick and not raise."""

    @property
    def last(self) -> int:
        """The sequence number of the newest entry; 0 before the first."""
        return self._seq

    @property
    def dropped(self) -> int:
        """How many entries fell out of the ring because it was full; those that were cleared do not count."""
        return self._seq - self._cleared - len(self._entries)

    def add(self, *values: Any) -> None:
        """Append an entry: the values of ``Entry`` after ``seq``, in order. Called under the world's lock."""
        self._seq += 1
        self._entries.append((self._seq, *values))
        self.tally.count(values)
        if self.listener is not None:
            self.listener(Entry(self._seq, *values))
        if self._waiting.waiters:
            with self._waiting.condition:
                self._waiting.condition.notify_all()
        if self._watchers:
            entry = Entry(self._seq, *values)
            for watcher in tuple(self._watchers):
                watcher(entry)

    def watch(self, watcher: Callable[[Entry], object]) -> None:
        """Call ``watcher`` with every new entry, under the world's lock and before the answer leaves."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[Entry], object]) -> None:
        """Stop calling ``watcher``."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def find(self, query: Query | None = None, /, limit: int | None = None, **wanted: Any) -> list[Entry]:
        """The entries that match, oldest first.

        Args:
            query: what to look for.
            limit: at most so many.
            wanted: the query's fields instead, as ``find(vendor="scanalytics", status=401)``.
        """
        query = query or Query(**wanted)
        conditions = query.wanted()
        rows = list(self._entries)
        if query.after and rows:
            rows = rows[max(0, query.after + 1 - rows[0][0]) :]  # sequence numbers have no gaps
        matching = (Entry._make(row) for row in rows if all(row[place] == value for place, value in conditions))
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
        self._cleared += len(self._entries)
        self._entries.clear()

    def restart(self) -> None:
        """Forget every entry and count from 1 again."""
        self._entries.clear()
        self._seq = self._cleared = 0


def knows_none(_text: str) -> bool:
    """For who gave out no secrets."""
    return False


def mask(text: str, is_secret: IsSecret = knows_none) -> str:
    """A text as it is, or its fingerprint when it is a secret or looks like one; cut to a bounded length."""
    return fingerprint(text) if _SECRET_SHAPE.search(text) or is_secret(text) else text[:LONGEST_TEXT]


def mask_path(path: str, is_secret: IsSecret = knows_none) -> str:
    """A percent-decoded path with every segment masked, and cut to a bounded length."""
    return "/".join(mask(segment, is_secret) for segment in path.split("/"))[:LONGEST_TEXT]


def mask_query(query: str, is_secret: IsSecret = knows_none) -> str:
    """A raw query with what is secret in it replaced by fingerprints, and cut to a bounded length.

    Masked are the values of fields with a telling name, and whatever is a secret or looks like one, under any name.
    """
    return "&".join(_mask_field(field, is_secret) for field in query.split("&"))[:LONGEST_TEXT] if query else ""


def _mask_field(field: str, is_secret: IsSecret) -> str:
    name, equals, value = field.partition("=")
    plain = unquote_plus(value)
    # To some servers a semicolon begins another field, so a telling name may stand behind one.
    telling = _SECRET_NAME.search(unquote_plus(name if ";" not in field else field))
    if plain and (telling or _SECRET_SHAPE.search(plain) or is_secret(plain)):
        value = fingerprint(plain)
    plain = unquote_plus(name)
    if _SECRET_SHAPE.search(plain) or is_secret(plain):
        name = fingerprint(plain)
    return name + equals + value
