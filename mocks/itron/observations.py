"""Every observation of one world's Data Platform: taken in whole, given out in pages, newest first.

They lie in a table as the bytes that came in. A list is walked in the order of an index from where the last page ended,
so a page costs what is on it, however long the list is.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import quote

from . import wire
from .errors import BadCursor
from .models import Cursor, Page, Window

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from ..core.store import Store
    from .models import Observation
    from .settings import Settings

_EVER = Window(-(1 << 62), 1 << 62)
_NOTHING_YET = Cursor(1 << 62, 1 << 62, 0)
_PACKED = struct.Struct(">qqq")
_SEAL = 9  # with it a cursor is 33 bytes, and Base64 needs no padding

_INSERT = """
INSERT INTO itron_observations (device, solution, at, slot, tags, names_device, raw) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (device, at, slot) DO UPDATE SET
    tags = excluded.tags, names_device = excluded.names_device, raw = excluded.raw
"""
# A seq says which came first; an observation that takes another's place keeps that one's.

_BETWEEN = """
FROM itron_observations AS o CROSS JOIN itron_devices AS d ON d.number = o.device
WHERE o.{scope} = :scope AND o.at >= :start AND o.at < :end AND (o.at, o.seq) < (:at, :seq)
    AND (:tag IS NULL OR instr(o.tags, :tag))
ORDER BY o.at DESC, o.seq DESC
"""

_NEWEST = """
FROM itron_devices AS d CROSS JOIN itron_observations AS o ON o.seq = (
    SELECT seq FROM itron_observations WHERE device = d.number AND seq <= :newest ORDER BY at DESC, seq DESC LIMIT 1)
WHERE d.solution = :scope AND (o.at, o.seq) < (:at, :seq)
ORDER BY o.at DESC, o.seq DESC
"""
# A device that reports while somebody walks the list must not drop out of it: what counts was there at its beginning.

_COLUMNS = "SELECT o.at, o.seq, d.id, o.names_device, o.raw"

_DROPPED_AT_ONCE = 1_000


class Observations:
    """The observations of all devices.

    Args:
        store: where they are kept; the tables are there.
        settings: how many, how much, and how large a page is.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._unchecked: dict[int, int] = {}

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._store.connection

    # --- in --------------------------------------------------------------------------------------------------------

    def add(self, solution: int, device: int, observations: Iterable[Observation]) -> None:
        """Store observations of a device, and drop what is then too much."""
        slots = count(self._last() + 1) if self._settings.keep_duplicates else None
        rows = [
            (device, solution, one.at, 0 if slots is None else next(slots), _tags(one.tags), one.names_device, one.raw)
            for one in observations
        ]
        self._connection.executemany(_INSERT, rows)
        self._bound_device(device, len(rows))
        self._bound_all()

    def drop(self, device: int) -> None:
        """Forget a device's observations."""
        self._connection.execute("DELETE FROM itron_observations WHERE device = ?", (device,))
        self._unchecked.pop(device, None)

    def reset(self) -> None:
        """The table was emptied or filled from outside."""
        self._unchecked.clear()

    # --- out -------------------------------------------------------------------------------------------------------

    def of_device(self, device: int, window: Window | None, after: Cursor | None, limit: int | None) -> Page:
        """A device's observations in a window, or all that there are; newest first, of equal ones the later."""
        return self._page(_BETWEEN.format(scope="device"), device, window or _EVER, after, limit, lambda row: row[4])

    def of_solution(self, solution: int, window: Window | None, after: Cursor | None, limit: int | None) -> Page:
        """A solution's observations in a window, or the newest one of each device, each with its device's id."""
        query = _NEWEST if window is None else _BETWEEN.format(scope="solution")
        if window is None and after is None:
            after = _NOTHING_YET._replace(newest=self._last())
        return self._page(query, solution, window or _EVER, after, limit, _attributed)

    def _page(
        self,
        query: str,
        scope: int,
        window: Window,
        after: Cursor | None,
        limit: int | None,
        write: Callable[[tuple[int, int, str, int, bytes]], bytes],
    ) -> Page:
        start = after or _NOTHING_YET
        last = (start.at, start.seq)
        tag = None if window.tag is None else f" {quote(window.tag, safe='')} "
        parameters = {"scope": scope, "start": window.start, "end": window.end, "tag": tag, **start._asdict()}
        items: list[bytes] = []
        size = 2
        rows = self._connection.execute(f"{_COLUMNS} {query}", parameters)
        for row in rows:
            item = write(row)
            size += len(item) + (1 if items else 0)
            if items and (size > self._settings.page_bytes or len(items) == limit):
                rows.close()
                return Page(items, Cursor(*last, start.newest))
            items.append(item)
            last = (row[0], row[1])
        return Page(items, None)

    # --- bounds ----------------------------------------------------------------------------------------------------

    def _last(self) -> int:
        (found,) = self._connection.execute("SELECT max(seq) FROM itron_observations").fetchone()
        return int(found or 0)

    def _bound_device(self, device: int, added: int) -> None:
        """Drop a device's oldest; to count is slow, so it is done once for each hundredth that was added."""
        most = self._settings.observations_per_device
        self._unchecked[device] = self._unchecked.get(device, most) + added
        if self._unchecked[device] <= most // 100:
            return
        self._unchecked[device] = 0
        query = "SELECT count(*) FROM itron_observations WHERE device = ?"
        (found,) = self._connection.execute(query, (device,)).fetchone()
        if found > most:
            self._drop("device = ?", "at, seq", (device, found - most))

    def _bound_all(self) -> None:
        """Drop those that came first, whosever they are, while everything together takes too much."""
        while self._bytes() > self._settings.megabytes << 20 and self._drop("?", "seq", (1, _DROPPED_AT_ONCE)):
            pass

    def _bytes(self) -> int:
        names = ("page_size", "page_count", "freelist_count")
        size, pages, free = (int(self._connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names)
        return size * (pages - free)

    def _drop(self, condition: str, order: str, parameters: tuple[int, int]) -> int:
        return self._connection.execute(
            "DELETE FROM itron_observations WHERE seq IN "  # noqa: S608  words of our own
            f"(SELECT seq FROM itron_observations WHERE {condition} ORDER BY {order} LIMIT ?)",
            parameters,
        ).rowcount


def pack(cursor: Cursor, key: bytes, owner: str) -> str:
    """A cursor as clients carry it: sealed, so that only those that were given out for this list come back."""
    packed = _PACKED.pack(*cursor)
    return base64.urlsafe_b64encode(packed + _seal(packed, key, owner)).decode()


def unpack(text: str, key: bytes, owner: str) -> Cursor:
    """The cursor that a client carried.

    Raises:
        BadCursor: it was not given out for this list.
    """
    try:
        whole = base64.urlsafe_b64decode(text)
    except (ValueError, binascii.Error):
        raise BadCursor from None
    if base64.urlsafe_b64encode(whole).decode() != text:  # readers of Base64 pass over what they do not know
        raise BadCursor
    packed, seal = whole[: _PACKED.size], whole[_PACKED.size :]
    if not hmac.compare_digest(seal, _seal(packed, key, owner)):
        raise BadCursor
    return Cursor(*_PACKED.unpack(packed))


def _seal(packed: bytes, key: bytes, owner: str) -> bytes:
    return hashlib.blake2b(packed + owner.encode(), key=key, digest_size=_SEAL).digest()


def _attributed(row: Sequence[object]) -> bytes:
    _, _, device_id, names_device, raw = row
    assert isinstance(raw, bytes)
    return wire.attributed(raw, str(device_id), names_device=bool(names_device))


def _tags(tags: tuple[str, ...]) -> str | None:
    """Tags as they are searched for: percent-encoded, a blank around each."""
    return f" {' '.join(quote(tag, safe='') for tag in tags)} " if tags else None
