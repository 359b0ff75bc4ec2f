"""What a run makes on a target, noted on disk before it is made, so that it is taken away whatever ends the run.

A run has one file for each target, in its user's state folder: ``leftovers/slv-1f0c…-3b9d.json``. It is gone when
nothing is left. A run that was killed leaves it behind; the lock beside it tells that nobody works on it any more.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import filelock

from vendorlab.contracts.core.keeping import key_of, read_private, remove, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from vendorlab.contracts.core.target import Target

FOLDER = "leftovers"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was made, or was about to be made.

    Attributes:
        number: Which, within its file.
        kind: What it is, in its suite's words.
        what: How its suite finds it again.
    """

    number: int
    kind: str
    what: Mapping[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        """As a person reads it."""
        return f"{self.kind} {' '.join(self.what.values())}"


class Leftovers:
    """What was made and is still there.

    Args:
        path: Where it is noted; None keeps it in mind only.
        target: Whose it is.
    """

    def __init__(self, path: Path | None, target: Target | None = None) -> None:
        self._path = path
        self._target = target
        self._lock: filelock.BaseFileLock | None = None
        self._entries: dict[int, Entry] = {}
        self._last = 0
        self._at = ""

    @classmethod
    def for_run(cls, home: Path, target: Target) -> Leftovers:
        """Return those of a run that begins; nothing is written until something is made."""
        return cls(home / FOLDER / f"{key_of(target)}-{secrets.token_hex(4)}.json", target)

    @classmethod
    def abandoned(cls, home: Path, target: Target) -> Iterator[Leftovers]:
        """Give those of runs on a target that ended before they were through, each locked while it is looked at.

        Raises:
            UsageError: A file cannot be used.
        """
        for path in sorted((home / FOLDER).glob(f"{key_of(target)}-????????.json")):
            found = cls(path, target)
            if not found._take():
                continue
            try:
                document = read_private(path)
                if document is not None:
                    found._fill(document)
                    yield found
                elif found._lock is not None:
                    _lock_path(path).unlink(missing_ok=True)
            finally:
                found.close()

    @property
    def at(self) -> str:
        """When they were begun, as ISO 8601 has it."""
        return self._at

    def __iter__(self) -> Iterator[Entry]:
        """Give what is there, the last first: things stand in what was made before them."""
        return iter(sorted(self._entries.values(), key=lambda each: -each.number))

    def __len__(self) -> int:
        """Return how many things are there."""
        return len(self._entries)

    def add(self, kind: str, **what: str) -> Entry:
        """Note something; to be called before it is made. When this returns, it is on disk.

        Raises:
            UsageError: It cannot be noted, so nothing should be made.
        """
        self._last += 1
        entry = Entry(self._last, kind, what)
        self._entries[entry.number] = entry
        self._write()
        return entry

    def done(self, *entries: Entry) -> None:
        """Cross off what is there no more, or never was."""
        for each in entries:
            self._entries.pop(each.number, None)
        self._write()

    def take_away(self, how: Callable[[Entry], None]) -> list[tuple[Entry, Exception]]:
        """Take away what is there, and return what could not be, each with the reason.

        Args:
            how: Takes one thing away. It may be gone already. Whatever it raises leaves the thing noted.
        """
        failures: list[tuple[Entry, Exception]] = []
        for entry in list(self):
            try:
                how(entry)
            except Exception as error:  # noqa: BLE001 - the others are to be taken away as well
                failures.append((entry, error))
            else:
                self.done(entry)
        return failures

    def close(self) -> None:
        """Let go of the file; it stays if something is left."""
        if self._lock is not None and self._path is not None:
            if not self._entries:
                with suppress(OSError):
                    _lock_path(self._path).unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _take(self) -> bool:
        """Lock the file; False if another process has."""
        assert self._path is not None
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = filelock.FileLock(_lock_path(self._path), mode=0o600)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        self._lock = lock
        return True

    def _fill(self, document: Mapping[str, Any]) -> None:
        self._at = str(document.get("at", ""))
        for row in document["entries"]:
            entry = Entry(int(row["number"]), str(row["kind"]), {str(k): str(v) for k, v in row["what"].items()})
            self._entries[entry.number] = entry
        self._last = max(self._entries, default=0)

    def _write(self) -> None:
        if self._path is None:
            return
        if self._lock is None:
            self._take()
            self._at = datetime.now(UTC).isoformat(timespec="seconds")
        if not self._entries:
            remove(self._path)
            return
        rows = [{"number": each.number, "kind": each.kind, "what": dict(each.what)} for each in self._entries.values()]
        about = {"vendor": self._target.vendor, "target": self._target.url} if self._target else {}
        write_private(self._path, {"format": FORMAT, **about, "at": self._at, "pid": os.getpid(), "entries": rows})


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")
