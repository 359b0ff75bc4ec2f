"""Tokens on disk, shared by processes.

The rules that make a single-use refresh token safe to share:

- a new pair is on the disk (file and folder flushed) before anybody uses it;
- the file is replaced whole, so a reader sees the old pairs or the new ones;
- one lock file stands for the whole store, and is held from reading an old pair to having saved the new one;
- only its owner can read it (0600).

A file that is not ours is never overwritten.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import platformdirs

from .errors import StoreError
from .reading import is_list, is_number, is_object
from .secret import Secret
from .tokens import TokenKey, TokenPair, is_token

if TYPE_CHECKING:
    from .steps import Lock

FORMAT = "vendorlab tokens"
VERSION = 1
OWNER_ONLY = 0o600


def default_token_path() -> Path:
    """Return the file in the user's state folder where tokens are kept unless another one is named."""
    return platformdirs.user_state_path("vendorlab") / "tokens.json"


class _FileLock:
    """One try at a time for the lock file; each handle excludes all others, also of the same process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = filelock.FileLock(path, mode=OWNER_ONLY, thread_local=False)

    def try_acquire(self) -> bool:
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            return False
        except OSError as trouble:
            raise StoreError(f"cannot lock the token store with {self._path}: {trouble.strerror}") from trouble
        return True

    def release(self) -> None:
        self._lock.release()


class FileTokenStore:
    """A `TokenStore` in one JSON file of mode 0600.

    Args:
        path: The file; it and its folder are made when the first pair is saved.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().resolve()  # a link's target is replaced, not the link

    def lock(self) -> Lock:
        """Return a new handle on the lock file beside the store.

        Raises:
            StoreError: The folder cannot be made.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as trouble:
            raise StoreError(f"cannot make the folder of the token store {self.path}: {trouble.strerror}") from trouble
        return _FileLock(self.path.with_name(self.path.name + ".lock"))

    def load(self, key: TokenKey) -> TokenPair | None:
        """Return the pair kept for the key; an entry that makes no sense counts as none.

        Raises:
            StoreError: The file cannot be read, or is not a token store.
        """
        for entry in self._read():
            if _is_of(entry, key):
                return _pair(entry)
        return None

    def save(self, key: TokenKey, pair: TokenPair) -> None:
        """Keep the pair, and return when it is on the disk.

        Raises:
            StoreError: The file cannot be read or written, or is not a token store.
        """
        self._write([*(entry for entry in self._read() if not _is_of(entry, key)), _entry(key, pair)])

    def delete(self, key: TokenKey) -> None:
        """Forget the pair, if there is one.

        Raises:
            StoreError: As for `save`.
        """
        entries = self._read()
        kept = [entry for entry in entries if not _is_of(entry, key)]
        if len(kept) < len(entries):
            self._write(kept)

    def _read(self) -> list[dict[str, Any]]:
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as trouble:
            raise StoreError(f"cannot read the token store {self.path}: {trouble.strerror}") from trouble
        if not raw.strip():
            return []
        try:
            document: Any = json.loads(raw)
        except (ValueError, RecursionError):
            document = None
        if not is_object(document) or document.get("format") != FORMAT:
            raise StoreError(f"{self.path} is not a token store; remove it, or name another file, to log in afresh")
        if document.get("version") != VERSION:
            raise StoreError(f"{self.path} is a token store of another version; this program knows version {VERSION}")
        entries = document.get("tokens")
        return [entry for entry in entries if is_object(entry)] if is_list(entries) else []

    def _write(self, entries: list[dict[str, Any]]) -> None:
        document = {"format": FORMAT, "version": VERSION, "tokens": entries}
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self.path, json.dumps(document, indent=1).encode())
        except OSError as trouble:
            raise StoreError(f"cannot write the token store {self.path}: {trouble.strerror}") from trouble


def _replace(path: Path, content: bytes) -> None:
    """Put content in the place of a file, durably: after a power cut there is the old file or the new."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600 by itself
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_of(entry: dict[str, Any], key: TokenKey) -> bool:
    return all(entry.get(name) == value for name, value in asdict(key).items())


def _entry(key: TokenKey, pair: TokenPair) -> dict[str, Any]:
    return asdict(key) | {
        "access_token": pair.access.reveal(),
        "refresh_token": None if pair.refresh is None else pair.refresh.reveal(),
        "granted": pair.scope,
        "expires_at": pair.expires_at,
        "lifetime": pair.lifetime,
    }


def _pair(entry: dict[str, Any]) -> TokenPair | None:
    """Read an entry; None if any member is of a wrong type, so that the caller logs in afresh."""
    access, refresh, granted = entry.get("access_token"), entry.get("refresh_token"), entry.get("granted")
    times = entry.get("expires_at"), entry.get("lifetime")
    if not isinstance(access, str) or not is_token(access) or not isinstance(granted, str):
        return None
    if refresh is not None and not (isinstance(refresh, str) and is_token(refresh)):
        return None
    if not all(time is None or is_number(time) for time in times):
        return None
    return TokenPair(Secret(access), Secret.of(refresh), granted, *times)
