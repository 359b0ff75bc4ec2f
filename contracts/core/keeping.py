"""Files that must survive whatever ends a run: for this user alone, whole or not at all, on disk at once."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import platformdirs

from vendorlab.contracts.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vendorlab.contracts.core.target import Target


def state_home() -> Path:
    """Return the folder in which vendorlab keeps this user's state; it need not exist."""
    return Path(platformdirs.user_state_dir("vendorlab", appauthor=False))


def key_of(target: Target) -> str:
    """Return what files about a target are called by: its vendor, and a few digits for its address."""
    return f"{target.vendor}-{hashlib.sha256(target.url.encode()).hexdigest()[:12]}"


def write_private(path: Path, document: Mapping[str, Any]) -> None:
    """Write JSON for this user alone; when this returns, it is on disk, whatever happens next.

    Raises:
        UsageError: It cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)  # of a process of the same number that died
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def remove(path: Path) -> None:
    """Remove a file, and see to it that it stays so."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        _sync(path.parent)


def read_private(path: Path) -> dict[str, Any] | None:
    """Return what ``write_private`` wrote; None if there is no such file.

    Raises:
        UsageError: It is there, and cannot be used.
    """
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be used: {error}; look at it, then remove it") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} cannot be used: an object is expected; look at it, then remove it")
    return cast("dict[str, Any]", found)


def _sync(folder: Path) -> None:
    """A rename is on disk when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
