"""Where a world keeps what must not be lost: tables in SQLite, in memory or in a file that outlives the process.

A vendor with much state keeps it in tables of its own, through ``connection``, and writes nothing twice. Of the others
the whole state is saved as one document each. Whatever one exchange changes becomes durable together, before its answer
leaves: a process that is killed has lost nothing that anybody was told of.

The file holds secrets (tokens, keys), so only its owner may read it. Only one process at a time may have it open. A
file that is not ours, of another version, or damaged is refused and left as it is.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from .errors import WorldError

if TYPE_CHECKING:
    import sqlite3

    from filelock import FileLock

FILE = "world.sqlite3"
LOCK = "world.lock"

APPLICATION = 0x564C6162  # "VLab", at byte 68 of the file
VERSION = 1

_MAGIC = b"SQLite format 3\x00"


class StoreError(WorldError):
    """A folder with a world's state cannot be used; the message names the remedy."""


class Store:
    """The tables of one world; in memory unless ``in_folder`` made it. Used under the world's lock.

    Attributes:
        kept: it outlives the process.
        found: it held a world already when it was opened.
    """

    def __init__(self) -> None:
        self.kept = False
        self.found = False
        self._connection: sqlite3.Connection | None = None
        self._lock: FileLock | None = None

    @classmethod
    def in_folder(cls, folder: Path) -> Store:
        """The store in a folder, which is made if need be.

        Raises:
            StoreError: somebody else has it open, or it is not a store of this version, or damaged; it is then left
                untouched.
        """
        store = cls()
        path = folder / FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            store._take(folder / LOCK)
            store.kept, store.found = True, path.exists()
            if store.found:
                _check(path)
            else:
                path.touch(mode=0o600)
            store._open(path)
        except OSError as error:
            store.close()
            raise StoreError(f"the state folder {folder} cannot be used: {error.strerror or error}") from error
        except StoreError:
            store.close()
            raise
        return store

    @property
    def connection(self) -> sqlite3.Connection:
        """The database; a write opens a transaction, which ``commit`` ends."""
        if self._connection is None:
            import sqlite3  # noqa: PLC0415  most vendors need no tables

            self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        return self._connection

    def commit(self) -> None:
        """Make durable what was written since the last time."""
        if self._connection is not None and self._connection.in_transaction:
            self._connection.commit()

    def rollback(self) -> None:
        """Take back what was written since the last ``commit``."""
        if self._connection is not None and self._connection.in_transaction:
            self._connection.rollback()

    def save(self, name: str, document: Any) -> None:
        """Keep a JSON-like document under a name, instead of what was there."""
        self.connection.execute("INSERT OR REPLACE INTO saved VALUES (?, ?)", (name, msgspec.json.encode(document)))

    def saved(self, name: str) -> Any:
        """The document under a name, or None."""
        row = self.connection.execute("SELECT document FROM saved WHERE name = ?", (name,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0])

    def close(self) -> None:
        """Close the file and let others have it; a second call does nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if self._lock is not None:
            self._lock.release()

    def _take(self, path: Path) -> None:
        from filelock import FileLock, Timeout  # noqa: PLC0415  only a world with a file needs it

        lock = FileLock(path, mode=0o600)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise StoreError(
                f"{path.parent} is in use by another vendorlab; end that one, or give another folder"
            ) from None
        self._lock = lock

    def _open(self, path: Path) -> None:
        import sqlite3  # noqa: PLC0415

        # Autocheckpoint and a crash-safe log: a commit has reached the operating system when it returns, so a killed
        # process loses none. (Only a power cut may take the last ones; the file stays whole.)
        connection = self._connection = sqlite3.connect(path, check_same_thread=False)
        if not self.found:
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("CREATE TABLE IF NOT EXISTS saved (name TEXT PRIMARY KEY, document BLOB) WITHOUT ROWID")
        connection.commit()


def _check(path: Path) -> None:
    """Refuse a file that is not a whole store of this version, without writing a byte to it."""
    remedy = "give another folder with --state, or move the file away to begin anew"
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(_MAGIC) or int.from_bytes(head[68:72]) != APPLICATION:
        raise StoreError(f"{path} is not a vendorlab state file; {remedy}")
    version = int.from_bytes(head[60:64])
    if version != VERSION:
        raise StoreError(f"{path} is of version {version}, and this vendorlab reads version {VERSION}; {remedy}")
    trouble = _trouble(path)
    if trouble:
        raise StoreError(f"{path} is damaged ({trouble}); {remedy}")


def _trouble(path: Path) -> str | None:
    """What is wrong inside, found in a copy: to open a database may already mean to write to it."""
    import sqlite3  # noqa: PLC0415

    log = path.with_name(f"{path.name}-wal")
    with tempfile.TemporaryDirectory(prefix="vendorlab-") as folder:
        copy = Path(folder, path.name)
        shutil.copyfile(path, copy)
        if log.exists():
            shutil.copyfile(log, Path(folder, log.name))
        connection = sqlite3.connect(copy)
        try:
            (found,) = cast("tuple[str]", connection.execute("PRAGMA quick_check(1)").fetchone())
            connection.execute("SELECT count(*) FROM saved").fetchone()
        except sqlite3.DatabaseError as error:
            return str(error)
        finally:
            connection.close()
    return None if found == "ok" else found.splitlines()[0]
