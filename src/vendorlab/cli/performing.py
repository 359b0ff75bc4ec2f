"""Puts a program through a story, wherever that is played."""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vendorlab import __version__
from vendorlab.cli.common import UsageFailure, environment_of, write_whole
from vendorlab.cli.serving import Serving
from vendorlab.mocks.registry import ADDRESSES
from vendorlab.play import WorldStage, world_options
from vendorlab.program import Process, ProgramError
from vendorlab.scenarios.core.durations import seconds
from vendorlab.scenarios.core.play import Player
from vendorlab.scenarios.core.story import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from vendorlab.scenarios.core.evidence import Evidence
    from vendorlab.scenarios.core.play import Reason
    from vendorlab.scenarios.core.story import Story

LOOK = 0.01
"""Seconds of the wall between two looks at a program."""


class Performance(Protocol):
    """A story in its world."""

    @property
    def story(self) -> Story:
        """Which."""
        ...

    @property
    def activity(self) -> int:
        """How many exchanges there were when it was last looked at."""
        ...

    def ready(self, folder: Path) -> dict[str, Any]:
        """Addresses and credentials for the program: the content of a ready file.

        Args:
            folder: for what lies beside it; it is there until the program has ended.
        """
        ...

    def begin(self, process: Process) -> None:
        """Raise the curtain."""
        ...

    def over(self) -> bool:
        """Look at it, for a moment: whether it has come to its end."""
        ...

    def now(self) -> datetime:
        """The world's time."""
        ...

    def advance(self, by: float) -> None:
        """Turn the clock by seconds."""
        ...

    def finish(self, reason: Reason, code: int | None) -> Evidence:
        """Let the curtain fall, unless it has, and give what was written down."""
        ...


if TYPE_CHECKING:
    Venue = Callable[[Story, int], AbstractContextManager[Performance]]
    """Makes the world of a story, with a seed; it ends with the block."""


class _Here:
    """A story in a process of ours."""

    def __init__(self, story: Story, seed: int, serving: Serving) -> None:
        self.story = story
        self._serving = serving
        self._stage = WorldStage(serving.world)
        self._player = Player(story, self._stage, seed)

    @property
    def activity(self) -> int:
        return self._player.activity

    def ready(self, folder: Path) -> dict[str, Any]:
        _ = folder
        return self._serving.ready()

    def begin(self, process: Process) -> None:
        self._player.begin(process)

    def over(self) -> bool:
        return self._player.over.wait(LOOK)

    def now(self) -> datetime:
        return self._stage.now()

    def advance(self, by: float) -> None:
        self._stage.advance(by)

    def finish(self, reason: Reason, code: int | None) -> Evidence:
        return self._player.finish(reason, code)


@contextmanager
def here(story: Story, seed: int) -> Generator[Performance]:
    """Play it in this process."""
    ports = dict.fromkeys(["control", *(one.name for one in ADDRESSES)], 0)
    serving = Serving(story.spec.vendors, ports, world_options(story, seed), secrets.token_urlsafe(24), __version__)
    try:
        serving.start()
        yield _Here(story, seed, serving)
    finally:
        serving.stop()


def perform(
    story: Story, command: Sequence[str], seed: int | None, stall: float, *, quiet: bool, venue: Venue = here
) -> Evidence:
    """Play a story once with a command; give what happened.

    Args:
        story: which.
        command: the program under test.
        seed: of the world; the story's own if None.
        stall: seconds of the wall in which the program may ask for nothing.
        quiet: its output goes nowhere.
        venue: where it is played.
    """
    pace = story.spec.pace
    seed = story.spec.world.seed if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="vendorlab-") as name, venue(story, seed) as performance:
        folder = Path(name)
        ready = performance.ready(folder)
        write_whole(folder / "ready.json", json.dumps(ready, indent=2))
        given = {
            **environment_of(ready),
            "VENDORLAB_READY_FILE": str(folder / "ready.json"),
            "VENDORLAB_STORY": story.name,
            "VENDORLAB_SEED": str(seed),
            "VENDORLAB_RATE": f"{pace.rate if isinstance(pace, Pace) and pace.rate else 0:g}",
        }
        process = Process(command, given, quiet=quiet)
        performance.begin(process)
        try:
            process.start()
            reason, code = _watch(performance, process, stall)
        except ProgramError as error:
            raise UsageFailure(str(error)) from error
        except KeyboardInterrupt:
            reason, code = "interrupted", None
        finally:
            process.stop()
        return performance.finish(reason, code)


def _watch(performance: Performance, process: Process, stall: float) -> tuple[Reason, int | None]:
    """Wait for the end: the story's, the program's, or that of our patience."""
    spec = performance.story.spec
    pace = spec.pace
    idle, step = (pace.idle, pace.step) if isinstance(pace, Pace) else (None, None)
    # Where the clock runs, it says nothing of the program; a story that ends by the clock need not hear of it.
    runs = isinstance(pace, Pace) and pace.rate is not None
    ends_itself = runs and isinstance(spec.until, str)

    def seen_now() -> tuple[int, Any]:
        return performance.activity, None if runs and not ends_itself else performance.now()

    seen, since = seen_now(), time.monotonic()
    stepped = 0  # before the first exchange the program is only starting
    while not performance.over():
        if (code := process.poll()) is not None:
            return "ended", code
        now = seen_now()
        quiet = time.monotonic() - since
        if now != seen:
            seen, since = now, time.monotonic()
        elif idle and step and quiet > seconds(idle) and stepped != performance.activity:
            stepped = performance.activity
            performance.advance(seconds(step))
        elif quiet > stall:
            return "stalled", None
    return "over", None
