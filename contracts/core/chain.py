"""A user's refresh token, where that is all a run was given: each works once, so its successor must never be lost.

The successor is on disk, for its user alone, before anything is done with the answer that it came in. The next run goes
on from there, though the environment still has the first token. One run at a time spends a token.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import filelock

from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.keeping import key_of, read_private, write_private
from vendorlab.contracts.core.target import variable_prefix

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vendorlab.contracts.core.target import Target

FOLDER = "tokens"
FORMAT = 1
_PATIENCE = 60.0


class Chain:
    """The refresh tokens that followed one which somebody was given.

    Args:
        home: The user's state folder.
        target: Whose credentials hold the first.
    """

    def __init__(self, home: Path, target: Target) -> None:
        self._target = target
        self._first = target.credentials["refresh_token"]
        digest = hashlib.sha256(self._first.encode()).hexdigest()[:12]
        self.path = home / FOLDER / f"{key_of(target)}-{digest}.json"

    def spend(self, ask: Callable[[str, Callable[[Any], None]], bool]) -> None:
        """Spend the newest token.

        Args:
            ask: Is given the token and what to call with the body of the answer, before anything else is done with
                it. Returns whether the vendor granted it.

        Raises:
            UsageError: It is refused, or the state cannot be read or written.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = filelock.FileLock(self.path.with_suffix(".lock"), mode=0o600)
        try:
            with lock.acquire(timeout=_PATIENCE):
                self._spend(ask)
        except filelock.Timeout:
            raise UsageError(f"another run has been spending the refresh token of {self._target.vendor} for "
                             f"{_PATIENCE:g} seconds") from None  # fmt: skip

    def _spend(self, ask: Callable[[str, Callable[[Any], None]], bool]) -> None:
        kept = read_private(self.path) or {}
        newest = str(kept.get("refresh_token", self._first))
        interrupted = bool(kept.get("spending"))
        self._keep(newest, spending=True)

        def heard(body: Any) -> None:
            members = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
            successor = members.get("refresh_token")
            if isinstance(successor, str) and successor:
                self._keep(successor, spending=False)

        if ask(newest, heard):
            return
        self._keep(newest, spending=False)
        raise UsageError(self._refusal(kept, interrupted=interrupted))

    def _refusal(self, kept: dict[str, Any], *, interrupted: bool) -> str:
        variable = f"{variable_prefix(self._target.vendor)}REFRESH_TOKEN"
        if not kept:
            return f"{self._target.vendor} refuses the refresh token in {variable}: log in anew and set it"
        why = "; that run was killed while it spent it, before the answer came" if interrupted else ""
        return (
            f"{self._target.vendor} refuses the refresh token that the run of {kept.get('at')} kept{why}: log in anew "
            f"and set {variable}"
        )

    def _keep(self, token: str, *, spending: bool) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        write_private(self.path, {"format": FORMAT, "refresh_token": token, "spending": spending, "at": at})
