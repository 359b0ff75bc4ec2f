"""Plays a story's timeline on a stage, and writes down what happens there.

A stage is whatever has a world's clock, journal, faults, tokens and events. It calls back at moments of the world's
time, and after each exchange *before its answer leaves*: so what is to happen after the second token answer happens
exactly then, whatever threads and processes do, and the same story gives the same journal.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import msgspec

from vendorlab.scenarios.core.durations import seconds
from vendorlab.scenarios.core.errors import CannotHappenError
from vendorlab.scenarios.core.evidence import End, Evidence, Exchange, Move, Start, exchange
from vendorlab.scenarios.core.story import After, ClearLimits, Entry, Pace, Story, fits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

Reason = Literal["over", "ended", "stalled", "interrupted"]


class Stage(Protocol):
    """A world, as far as a story moves it."""

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Held while something happens; may be taken twice by one thread."""
        ...

    def now(self) -> datetime:
        """The world's time."""
        ...

    def advance(self, by: float) -> None:
        """Turn the clock by seconds."""
        ...

    def run(self, rate: float) -> None:
        """Let the clock run at a rate; 0 stops it."""
        ...

    def call_at(self, moment: datetime, call: Callable[[], None]) -> None:
        """Call when the clock gets there, under the lock."""
        ...

    def watch(self, call: Callable[[Mapping[str, Any]], None]) -> None:
        """Call after each exchange with its entry as JSON, under the lock and before the answer leaves."""
        ...

    def leave(self) -> None:
        """Call back no more."""
        ...

    def add_fault(self, rule: Mapping[str, Any]) -> None:
        """Add a rule; ``CannotHappenError`` when one of its name is in force."""
        ...

    def clear_faults(self, name: str | None) -> None:
        """Remove a rule, or all."""
        ...

    def clear_limits(self, vendor: str | None) -> None:
        """Forget what was counted against a vendor's limits, or all vendors'."""
        ...

    def change_tokens(self, vendor: str, change: str, kind: str | None, user: str | None) -> None:
        """Let tokens expire, or revoke them."""
        ...

    def identified(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """An event with the name of its device in place of a number, as ``#1``: names come from the seed."""
        ...

    def happen(self, vendor: str, event: Mapping[str, Any]) -> None:
        """Let something happen to a device; ``CannotHappenError`` when it cannot."""
        ...


class Program(Protocol):
    """The program under test, as far as a story touches it."""

    def restart(self) -> None:
        """Kill it at once, as kill -9 does, and see that it is started again."""
        ...


@dataclass
class _Awaited:
    """Something that happens after an exchange: how many of those that matter were seen."""

    after: After
    then: Callable[[], None]
    seen: int = 0
    done: bool = False


@dataclass
class _Notes:
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    moves: list[Move] = field(default_factory=list[Move])
    end: End | None = None


class Player:
    """One performance of a story.

    Args:
        story: what is played.
        stage: where; its clock stands at the story's start.
        seed: of the world.

    Attributes:
        over: set when the story has come to its end.
        activity: counts exchanges, so that whoever waits sees whether the program still does something.
    """

    def __init__(self, story: Story, stage: Stage, seed: int) -> None:
        self.story = story
        self.over = threading.Event()
        self.activity = 0
        self._stage = stage
        self._seed = seed
        self._program: Program | None = None
        self._notes = _Notes()
        self._awaited: list[_Awaited] = []
        self._left = len(story.spec.timeline)

    def begin(self, program: Program | None = None) -> None:
        """Raise the curtain: from now on what happens is written down.

        Args:
            program: the program under test, if it is one that can be restarted.
        """
        spec, stage = self.story.spec, self._stage
        self._program = program
        with stage.lock:
            start = self.story.start
            for entry in spec.timeline:
                if entry.at is not None:
                    self._at(start + timedelta(seconds=seconds(entry.at)), entry)
                elif entry.after is not None:
                    self._awaited.append(_Awaited(entry.after, self._performing(entry)))
            if isinstance(spec.until, str):
                stage.call_at(start + timedelta(seconds=seconds(spec.until)), self._end)
            else:
                self._awaited.append(_Awaited(spec.until, self._end))
            stage.watch(self._saw)
            stage.run(spec.pace.rate or 0 if isinstance(spec.pace, Pace) else 0)

    def finish(self, reason: Reason, code: int | None = None) -> Evidence:
        """Let the curtain fall, unless it has, and give what was written down.

        Args:
            reason: why it ends now, if it had not ended by itself.
            code: the program's exit code, if it ended by itself.
        """
        with self._stage.lock:
            self._close(reason, code)
            self._stage.leave()
        spec, notes = self.story.spec, self._notes
        start = Start(
            story=self.story.name, title=spec.title, seed=self._seed, at=self.story.start, vendors=list(spec.vendors)
        )
        return Evidence(start, tuple(notes.exchanges), tuple(notes.moves), notes.end)

    def so_far(self) -> Evidence:
        """What was written down until now; the story goes on."""
        start = Start(
            story=self.story.name,
            title=self.story.spec.title,
            seed=self._seed,
            at=self.story.start,
            vendors=list(self.story.spec.vendors),
        )
        with self._stage.lock:
            return Evidence(start, tuple(self._notes.exchanges), tuple(self._notes.moves), self._notes.end)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        self._close("over", None)

    def _close(self, reason: Reason, code: int | None) -> None:
        if self._notes.end is None:
            last = self._notes.exchanges[-1].seq if self._notes.exchanges else 0
            self._notes.end = End(at=self._stage.now(), after=last, reason=reason, code=code, left=self._left)
            self._stage.run(0)
        self.over.set()

    def _saw(self, entry: Mapping[str, Any]) -> None:
        self.activity += 1
        if self._notes.end is not None:
            return
        self._notes.exchanges.append(exchange(entry))
        for awaited in list(self._awaited):
            if not awaited.done and fits(awaited.after, entry):
                awaited.seen += 1
                if awaited.seen == awaited.after.count:
                    awaited.done = True
                    awaited.then()
        pace = self.story.spec.pace
        if isinstance(pace, Pace) and pace.each and (pace.of is None or fits(pace.of, entry)):
            self._stage.advance(seconds(pace.each))

    def _at(self, moment: datetime, entry: Entry) -> None:
        self._stage.call_at(moment, lambda: self._perform(entry))

    def _performing(self, entry: Entry) -> Callable[[], None]:
        """What to do when the exchange that an entry waits for is there."""
        if entry.later is None:
            return lambda: self._perform(entry)
        wait = timedelta(seconds=seconds(entry.later))
        return lambda: self._at(self._stage.now() + wait, entry)

    def _perform(self, entry: Entry) -> None:
        if self._notes.end is not None:
            return
        self._left -= 1
        what: Any = msgspec.to_builtins(getattr(entry, entry.action))
        if isinstance(what, dict):
            given = cast("dict[str, Any]", what)
            what = {name: value for name, value in given.items() if value is not None}
        if entry.event is not None:
            what = self._stage.identified(what)
        last = self._notes.exchanges[-1].seq if self._notes.exchanges else 0
        move = Move(at=self._stage.now(), after=last, action=entry.action, what=what, say=entry.say)
        self._notes.moves.append(move)
        try:
            self._act(entry, what)
        except (
            CannotHappenError
        ) as error:  # it is the story's mistake, and none of the program, which may be asking just now
            self._notes.moves[self._notes.moves.index(move)] = msgspec.structs.replace(move, failed=str(error))

    def _act(self, entry: Entry, what: Any) -> None:
        stage = self._stage
        if entry.clock is not None:
            if entry.clock.jump is not None:
                stage.advance(seconds(entry.clock.jump))
            else:
                stage.run(entry.clock.rate or 0)
        elif entry.fault is not None:
            stage.add_fault(entry.fault)
        elif isinstance(entry.clear, ClearLimits):
            stage.clear_limits(entry.clear.limits)
        elif entry.clear == "limits":
            stage.clear_limits(None)
        elif entry.clear is not None:
            stage.clear_faults(None if entry.clear == "faults" else entry.clear)
        elif entry.tokens is not None:
            one = entry.tokens
            stage.change_tokens(one.vendor, one.change, one.kind, one.user)
        elif entry.event is not None:
            stage.happen(what["vendor"], {k: v for k, v in what.items() if k != "vendor"})
        elif self._program is not None:
            self._program.restart()
