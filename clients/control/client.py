"""A small client for the control API that `vendorlab up` serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from ..core.secret import Secret
from ..core.urls import segment
from .line import ControlLine, fields, stated
from .models import (
    Advance,
    Clock,
    EventKind,
    Fault,
    Health,
    JournalPage,
    Token,
    Vendor,
    Version,
    World,
    read_advance,
    read_clock,
    read_event_kind,
    read_fault,
    read_health,
    read_journal,
    read_token,
    read_vendors,
    read_version,
    read_world,
)
from .stories import StagedStory, StoryProgress, read_staged_story, read_story_progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


class ControlClient(ControlLine):
    """The control API of one world, for scripts and tests; may be shared among threads.

    Every method may raise `ControlError` (the API's own complaint), `ControlUnreachable` (nothing is there) and
    `UnexpectedResponse` (something else is there).

    Args:
        url: Such as `http://127.0.0.1:7070`.
        token: Printed by `vendorlab up`, and in its ready file; None for the calls that need none.
        world: Whose clock, journal and so on; "main" is the one that `up` starts.
        timeout: Seconds without progress on a connection.
        transport: An httpx transport in place of the network.
        ca: A file of PEM certificates that alone are trusted to sign the API's; by default the public ones are.
    """

    # The process

    def health(self) -> Health:
        """Return whether all is well, and every listener of every world."""
        return read_health(self._ask("GET", "/health"))

    def version(self) -> Version:
        """Return the versions of vendorlab and of this API."""
        return read_version(self._ask("GET", "/version"))

    def worlds(self) -> list[World]:
        """Return all worlds."""
        return [read_world(item) for item in self._ask("GET", "/worlds").items()]

    def create_world(
        self,
        name: str,
        *,
        vendors: Sequence[str] | None = None,
        seed: int | None = None,
        start: datetime | None = None,
        profiles: Mapping[str, str] | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> World:
        """Make a world with vendors of its own.

        Args:
            name: What to call it.
            vendors: Which; all if None.
            seed: Of its chance.
            start: Of its clock.
            profiles: Dated behaviour by vendor.
            settings: Switches by vendor.
        """
        document = {
            "name": name,
            "vendors": None if vendors is None else list(vendors),
            "seed": seed,
            "start": None if start is None else start.isoformat(),
            "profiles": profiles,
            "settings": settings,
        }
        return read_world(self._ask("POST", "/worlds", json=stated(document)))

    def delete_world(self, name: str) -> None:
        """Stop a world and forget it."""
        self._tell("DELETE", f"/worlds/{segment(name)}")

    def stage_story(
        self,
        world: str,
        name: str,
        story: str,
        *,
        seed: int | None = None,
        pace: str | None = None,
        lease: float | None = None,
    ) -> StagedStory:
        """Make the world of a story, in which it can be begun.

        Args:
            world: What to call that.
            name: Of the story.
            story: The story itself: YAML.
            seed: Of the world's chance, if not the story's own.
            pace: How time passes, if not as the story has it; as `vendorlab run --pace` takes it.
            lease: Seconds after which the world is deleted when nobody asked about the story.
        """
        document = {"world": world, "name": name, "story": story, "seed": seed, "pace": pace, "lease": lease}
        return read_staged_story(self._ask("POST", "/stories", json=stated(document)))

    # One world

    def story(self) -> StoryProgress:
        """Return how far the world's story is; who asks shows that he still cares for it."""
        return read_story_progress(self._ask("GET", self._prefix + "/story"))

    def begin_story(self) -> StoryProgress:
        """Begin the world's story."""
        return read_story_progress(self._ask("POST", self._prefix + "/story/begin"))

    def end_story(self, reason: str | None = None, code: int | None = None) -> list[dict[str, Any]]:
        """End the world's story, unless it has ended; return what happened: its start, exchanges, moves and end.

        Args:
            reason: "ended" when the program did by itself, "stalled", or "interrupted", which is the default.
            code: The program's exit code.
        """
        body = stated({"reason": reason, "code": code})
        answer = self._ask("POST", self._prefix + "/story/end", json=body)
        return [item.object() for item in answer.member("evidence").items()]

    def vendors(self) -> dict[str, Vendor]:
        """Return where the world's vendors are, by name, with credentials that they accept."""
        return read_vendors(self._ask("GET", self._prefix + "/vendors"))

    def clock(self) -> Clock:
        """Return the clock."""
        return read_clock(self._ask("GET", self._prefix + "/clock"))

    def set_clock(self, *, now: datetime | None = None, rate: float | None = None, frozen: bool | None = None) -> Clock:
        """Set the clock's time or speed, freeze it or let it run; what is None stays."""
        document = {"now": None if now is None else now.isoformat(), "rate": rate, "frozen": frozen}
        return read_clock(self._ask("PUT", self._prefix + "/clock", json=stated(document)))

    def advance(self, seconds: float) -> Advance:
        """Turn the clock forward, letting every timer on the way fire in its turn."""
        return read_advance(self._ask("POST", self._prefix + "/clock/advance", json={"seconds": seconds}))

    def faults(self) -> list[Fault]:
        """Return the fault rules in force."""
        return [read_fault(item) for item in self._ask("GET", self._prefix + "/faults").items()]

    def add_fault(self, fault: Fault | Mapping[str, Any]) -> Fault:
        """Add a fault rule, and return it with its name."""
        document = fault.document() if isinstance(fault, Fault) else dict(fault)
        return read_fault(self._ask("POST", self._prefix + "/faults", json=document))

    def remove_fault(self, name: str) -> None:
        """Take one rule away."""
        self._tell("DELETE", f"{self._prefix}/faults/{segment(name)}")

    def clear_faults(self) -> None:
        """Take all rules away."""
        self._tell("DELETE", self._prefix + "/faults")

    def clear_limits(self, vendor: str | None = None) -> None:
        """Forget what was counted against the limits of a vendor, or of all."""
        self._tell("DELETE", self._prefix + "/limits", params=fields({"vendor": vendor}))

    def events(self, *, vendor: str | None = None) -> list[EventKind]:
        """Return what may happen to devices: of one vendor, or of all."""
        found = self._ask("GET", self._prefix + "/events", params=fields({"vendor": vendor}))
        return [read_event_kind(item) for item in found.items()]

    def happen(self, vendor: str, kind: str, **fields: Any) -> dict[str, Any]:
        """Let something happen to a device now; return the event with all its fields.

        Args:
            vendor: Whose device.
            kind: One of those that `events` lists.
            **fields: As it lists them; numbers may be texts.
        """
        body = {"vendor": vendor, "event": {**fields, "kind": kind}}
        return self._ask("POST", self._prefix + "/events", json=body).member("event").object()

    def journal(self, *, after: int | None = None, limit: int | None = None, **filters: str | int) -> JournalPage:
        """Return entries of the journal.

        Args:
            after: Only those with a higher number.
            limit: No more than so many.
            **filters: Any of vendor, protocol, operation, principal, status, cause.
        """
        params = fields({"after": after, "limit": limit, **filters})
        return read_journal(self._ask("GET", self._prefix + "/journal", params=params))

    def wait_journal(
        self, *, count: int = 1, timeout: float = 10.0, after: int | None = None, **filters: str | int
    ) -> JournalPage:
        """Wait until so many entries match, or the time is up; `matched` says which.

        Args:
            count: How many entries to wait for.
            timeout: Seconds of the wall.
            after: Only entries with a higher number count.
            **filters: As for `journal`.
        """
        params = fields({"count": count, "timeout": timeout, "after": after, **filters})
        path = self._prefix + "/journal/wait"
        return read_journal(self._ask("GET", path, params=params, timeout=timeout + self._timeout))

    def clear_journal(self) -> None:
        """Forget all entries."""
        self._tell("DELETE", self._prefix + "/journal")

    def reset(self, seed: int | None = None) -> int:
        """Put the world back to its start, with another seed if given; return the seed."""
        return self._ask("POST", self._prefix + "/reset", json=stated({"seed": seed})).member("seed").integer()

    def set_seed(self, seed: int) -> int:
        """Put the world back to its start with this seed."""
        return self._ask("PUT", self._prefix + "/seed", json={"seed": seed}).member("seed").integer()

    def snapshot(self) -> dict[str, Any]:
        """Return the whole world as a document for `restore`."""
        return self._ask("GET", self._prefix + "/snapshot").object()

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Put the world into the state that a snapshot holds."""
        self._tell("PUT", self._prefix + "/snapshot", json=dict(snapshot))

    def state(self, vendor: str | None = None) -> dict[str, Any]:
        """Return the state of one vendor or of all, secrets masked."""
        return self._ask("GET", self._prefix + "/state" + ("" if vendor is None else f"/{segment(vendor)}")).object()

    def tokens(self, *, vendor: str | None = None, kind: str | None = None) -> list[Token]:
        """Return the tokens issued; kind is "access" or "refresh"."""
        params = fields({"vendor": vendor, "kind": kind})
        return [read_token(item) for item in self._ask("GET", self._prefix + "/tokens", params=params).items()]

    def revoke_token(
        self, vendor: str, *, token: str | Secret | None = None, fingerprint: str | None = None, user: str | None = None
    ) -> int:
        """Revoke a token, or all of a user; return how many that changed.

        Args:
            vendor: Whose.
            token: The token itself.
            fingerprint: Its `id` as `tokens` and the journal show it.
            user: All tokens of this user.
        """
        return self._change_token("revoke", vendor, token, fingerprint, user)

    def expire_token(
        self, vendor: str, *, token: str | Secret | None = None, fingerprint: str | None = None, user: str | None = None
    ) -> int:
        """Let a token be expired; as `revoke_token`."""
        return self._change_token("expire", vendor, token, fingerprint, user)

    def _change_token(
        self, verb: str, vendor: str, token: str | Secret | None, fingerprint: str | None, user: str | None
    ) -> int:
        given = Secret.of(token)
        which = stated({"token": None if given is None else given.reveal(), "id": fingerprint, "user": user})
        if len(which) != 1:
            raise UsageError("name the token by exactly one of token, fingerprint and user")
        answer = self._ask("POST", f"{self._prefix}/tokens/{verb}", json={"vendor": vendor, **which})
        return answer.member("changed").count()
