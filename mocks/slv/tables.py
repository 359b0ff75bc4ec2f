"""SLV's tables: all that people change, in the world's store.

What a lamp does by itself is nowhere here; it follows from the seed, the time and what is here. Things with an id
are kept as documents; what comes in numbers (set values, commands, sessions) has rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from .errors import LimitExceeded, Unknown
from .models import Document

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from ..core.store import Store

D = TypeVar("D", bound=Document)

_TABLES: dict[str, str] = {
    "slv_documents": "kind TEXT, id INTEGER, document TEXT, PRIMARY KEY (kind, id)",
    "slv_counters": "name TEXT PRIMARY KEY, value INTEGER",
    "slv_people": "kind TEXT, name TEXT, document TEXT, PRIMARY KEY (kind, name)",
    "slv_sessions": "id TEXT PRIMARY KEY, login TEXT, csrf TEXT, due INTEGER",
    "slv_properties": "device INTEGER, name TEXT, value TEXT, PRIMARY KEY (device, name)",
    "slv_values": (
        "seq INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER, name TEXT, at INTEGER, updated INTEGER, "
        "value TEXT, logged INTEGER, comment TEXT"
    ),
    "slv_commands": (
        "seq INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER, begins INTEGER, ends INTEGER, level INTEGER"
    ),
    "slv_commissions": "controller TEXT, since INTEGER, document TEXT, PRIMARY KEY (controller, since)",
    "slv_failures": ("seq INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER, begins INTEGER, ends INTEGER, name TEXT"),
    "slv_repairs": "device INTEGER, at INTEGER, PRIMARY KEY (device, at)",
}

_INDEXES = (
    "CREATE INDEX IF NOT EXISTS slv_values_of ON slv_values (device, name, at)",
    "CREATE INDEX IF NOT EXISTS slv_commands_of ON slv_commands (device, begins)",
    "CREATE INDEX IF NOT EXISTS slv_sessions_due ON slv_sessions (due)",
)


class Tables:
    """The tables, made if they are not there.

    Attributes:
        changes: counts what was written; whoever keeps something ready in memory looks whether it still holds.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.changes = 0
        for name, columns in _TABLES.items():
            self.connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
        for index in _INDEXES:
            self.connection.execute(index)
        store.commit()

    @property
    def connection(self) -> sqlite3.Connection:
        """The database."""
        return self._store.connection

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        return self.connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        """The first that a query finds, or None."""
        found: tuple[Any, ...] | None = self.connection.execute(query, values).fetchone()
        return found

    def write(self, statement: str, *values: Any) -> None:
        """Change something."""
        self.connection.execute(statement, values)
        self.changes += 1

    def write_many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Change something for each row."""
        self.connection.executemany(statement, rows)
        self.changes += 1

    def keep_newest(self, table: str, most: int) -> None:
        """Let the oldest rows of a table go, so that no more than ``most`` stay."""
        self.connection.execute(
            f"DELETE FROM {table} WHERE seq <= (SELECT max(seq) FROM {table}) - ?",  # noqa: S608  our own names
            (most,),
        )

    def next_id(self, name: str, first: int) -> int:
        """A number that was never given out under this name before."""
        self.write("INSERT OR IGNORE INTO slv_counters VALUES (?, ?)", name, first)
        self.write("UPDATE slv_counters SET value = value + 1 WHERE name = ?", name)
        (value,) = self.rows("SELECT value - 1 FROM slv_counters WHERE name = ?", name)[0]
        return int(value)

    def mark(self, name: str, value: int) -> None:
        """Remember a number under a name."""
        self.write("INSERT OR REPLACE INTO slv_counters VALUES (?, ?)", name, value)

    def marked(self, name: str) -> int | None:
        """The number under a name."""
        found = self.row("SELECT value FROM slv_counters WHERE name = ?", name)
        return None if found is None else int(found[0])

    # --- the whole state -----------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget everything."""
        for name in _TABLES:
            self.write(f"DELETE FROM {name}")  # noqa: S608  our own names

    def dump(self) -> dict[str, Any]:
        """Every row of every table as JSON-like data."""
        return {
            name: [list(row) for row in self.rows(f"SELECT * FROM {name} ORDER BY 1, 2")]  # noqa: S608  our own names
            for name in _TABLES
        }

    def load(self, document: dict[str, Any]) -> None:
        """Take up the rows from ``dump``, instead of what is there."""
        self.clear()
        for name in _TABLES:
            rows: list[list[Any]] = document[name]
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                self.write_many(f"INSERT INTO {name} VALUES ({marks})", map(tuple, rows))  # noqa: S608  our own names


class Shelf(Generic[D]):
    """The documents of one kind, by id.

    Args:
        tables: where they are.
        kind: what they are called there, and to people.
        form: their type.
        most: how many there may be.
        first: the first id that is given out.
    """

    def __init__(self, tables: Tables, kind: str, form: type[D], most: int, first: int = 1) -> None:
        self._tables = tables
        self._kind = kind
        self._form = form
        self._most = most
        self._first = first

    def new_id(self) -> int:
        """An id for one more.

        Raises:
            LimitExceeded: there are enough.
        """
        if self.count() >= self._most:
            raise LimitExceeded(f"There are {self._most} of kind {self._kind} already")
        return self._tables.next_id(self._kind, self._first)

    def count(self) -> int:
        """How many there are."""
        (found,) = self._tables.rows("SELECT count(*) FROM slv_documents WHERE kind = ?", self._kind)[0]
        return int(found)

    def drop_oldest(self, keep: int) -> None:
        """Let those with the smallest ids go, so that no more than ``keep`` stay."""
        surplus = self.count() - keep
        if surplus > 0:
            self._tables.write(
                "DELETE FROM slv_documents WHERE kind = ? AND id IN "
                "(SELECT id FROM slv_documents WHERE kind = ? ORDER BY id LIMIT ?)",
                self._kind,
                self._kind,
                surplus,
            )

    def find(self, number: int) -> D | None:
        """One by its id."""
        found = self._tables.row(
            "SELECT document FROM slv_documents WHERE kind = ? AND id = ?", self._kind, _storable(number)
        )
        return None if found is None else msgspec.json.decode(found[0], type=self._form)

    def get(self, number: int) -> D:
        """One by its id, which must be there."""
        found = self.find(number)
        if found is None:
            raise Unknown(self._kind, number)
        return found

    def all(self) -> Iterator[D]:
        """Every one, in the order of ids."""
        rows = self._tables.rows("SELECT document FROM slv_documents WHERE kind = ? ORDER BY id", self._kind)
        return (msgspec.json.decode(document, type=self._form) for (document,) in rows)

    def put(self, document: D) -> D:
        """Keep one, instead of the one with its id."""
        text = msgspec.json.encode(document).decode()
        self._tables.write("INSERT OR REPLACE INTO slv_documents VALUES (?, ?, ?)", self._kind, document.id, text)
        return document

    def delete(self, number: int) -> None:
        """Forget one."""
        self._tables.write("DELETE FROM slv_documents WHERE kind = ? AND id = ?", self._kind, number)


def _storable(number: int) -> int:
    """A number that SQLite can hold; no id is the one that stands for all others."""
    return number if -(1 << 63) <= number < 1 << 63 else -1
