"""``vendorlab run``: your program goes through a story, and is judged."""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab import __version__
from vendorlab.cli.common import UsageFailure, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vendorlab.play import WorldStage
    from vendorlab.program import Process
    from vendorlab.scenarios.core.evidence import Evidence
    from vendorlab.scenarios.core.play import Player, Reason
    from vendorlab.scenarios.core.story import Story
    from vendorlab.scenarios.core.verdict import Verdict

LOOK = 0.01
"""Seconds of the wall between two looks at a program."""

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("story", required=False)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--seed", type=click.IntRange(0), help="All chance comes from it. Default: the story's own.")
@click.option(
    "--repeat", type=click.IntRange(1), default=1, show_default=True, help="Play it so often; journals must agree."
)
@click.option(
    "--stall", type=float, default=10.0, show_default=True, help="Seconds in which the program may ask for nothing."
)
@click.option(
    "--pace",
    metavar="PACE",
    help="How time passes, if not as the story has it: each=1h (with every exchange), rate=3600 (as fast as that), "
    "idle=100ms,step=1h (when the program rests), or program (when it turns the clock).",
)
@click.option("--json", "json_file", type=_FILE, metavar="FILE", help="The verdict as JSON.")
@click.option("--junit", type=_FILE, metavar="FILE", help="The verdict as JUnit XML: a case a rule.")
@click.option("--html", type=_FILE, metavar="FILE", help="The verdict as one page that needs nothing else.")
@click.option("--journal", type=_FILE, metavar="FILE", help="Keep what happened, to be judged again with --replay.")
@click.option(
    "--replay",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Judge a kept journal.",
)
@click.option(
    "--record",
    type=_FILE,
    metavar="FILE",
    help="Make a story of what you do by hand over the control API, until Ctrl-C; STORY gives the world.",
)
@click.option("-q", "--quiet", is_flag=True, help="Hide what the program prints.")
def run(
    story: str | None,
    command: tuple[str, ...],
    seed: int | None,
    repeat: int,
    stall: float,
    pace: str | None,
    json_file: Path | None,
    junit: Path | None,
    html: Path | None,
    journal: Path | None,
    replay: Path | None,
    record: Path | None,
    quiet: bool,
) -> int:
    """Run a program through a story, and judge how it behaved.

    The program gets addresses and credentials by environment, as `vendorlab env` names them, and as the ready file that
    VENDORLAB_READY_FILE names. Exit code 0: it kept every rule; 1: it did not; 2: the story or the command is wrong.

    \b
    Examples:
      vendorlab run expired-token -- python poller.py
      vendorlab run expired-token --pace each=1h -- python poller.py
      vendorlab run ./my-story.yaml --seed 3 --junit report.xml -- ./poll.sh
      vendorlab run --replay journal.ndjson
      vendorlab run --record my-story.yaml
    """
    from vendorlab.scenarios.core.verdict import judge

    if (replay or record) and command:
        raise UsageFailure("--replay and --record run no program; leave out the command")
    if record is not None:
        from vendorlab.cli.record import record as record_by_hand

        record_by_hand(record, None if story is None else _story(story), seed)
        return 0
    if replay is not None:
        evidence = _load(replay)
        chosen = _story(story or evidence.start.story)
        verdicts = [judge(chosen, evidence)]
    else:
        if story is None or not command:
            raise UsageFailure("name a story and, behind --, the command to run: vendorlab run STORY -- COMMAND")
        chosen = _story(story, pace)
        verdicts = _performances(chosen, command, seed, repeat, stall, quiet=quiet)
    _leave(verdicts, json_file, junit, html, journal)
    return _tell(verdicts, repeat)


def _leave(
    verdicts: Sequence[Verdict], json_file: Path | None, junit: Path | None, html: Path | None, journal: Path | None
) -> None:
    """Write the reports that were asked for."""
    from vendorlab.scenarios.core import report

    last = verdicts[-1]
    if journal is not None:
        write_bytes(journal, last.evidence.dump())
    if json_file is not None:
        write_bytes(json_file, json.dumps(report.as_json(last), indent=2).encode() + b"\n")
    if junit is not None:
        write_bytes(junit, report.junit(verdicts).encode())
    if html is not None:
        from vendorlab.scenarios.core.html import page

        write_bytes(html, page(verdicts).encode())


def _tell(verdicts: Sequence[Verdict], repeat: int) -> int:
    """Say how it went, and give the exit code."""
    from vendorlab.scenarios.core import report

    failed = next((one for one in verdicts if not one.passed), None)
    click.echo(report.text(failed or verdicts[-1]))
    if failed is not None and failed.missed and report.duration(failed.evidence) == "0s":
        click.echo("no time went by, as nobody turned the clock; for a program that cannot, try --pace each=1h")
    first = verdicts[0].evidence.dump()
    differ = sum(one.evidence.dump() != first for one in verdicts)
    if repeat > 1:
        alike = f"{differ} differ from the first" if differ else "all journals are the same"
        click.echo(f"{len(verdicts)} performances; {alike}")
    end = verdicts[-1].evidence.end
    if end is not None and end.reason == "interrupted":
        return 130
    return 1 if failed is not None else 0


def _story(name: str, pace: str | None = None) -> Story:
    """A story, checked against what a world can be."""
    from vendorlab.play import check
    from vendorlab.scenarios.core.errors import ScenarioError
    from vendorlab.scenarios.core.pacing import paced
    from vendorlab.scenarios.core.story import find

    try:
        found = find(name)
        if pace is not None:
            found = paced(found, pace)
        check(found)
    except ScenarioError as error:
        raise UsageFailure(str(error)) from error
    return found


def _load(path: Path) -> Evidence:
    from vendorlab.scenarios.core.errors import ScenarioError
    from vendorlab.scenarios.core.evidence import load

    try:
        return load(path.read_bytes().splitlines(), str(path))
    except (ScenarioError, OSError) as error:
        raise UsageFailure(str(error)) from error


def _performances(
    story: Story, command: Sequence[str], seed: int | None, repeat: int, stall: float, *, quiet: bool
) -> list[Verdict]:
    from vendorlab.scenarios.core.verdict import judge

    verdicts: list[Verdict] = []
    for _ in range(repeat):
        evidence = perform(story, command, seed, stall, quiet=quiet)
        verdicts.append(judge(story, evidence))
        if evidence.end is not None and evidence.end.reason == "interrupted":
            break
    return verdicts


def perform(story: Story, command: Sequence[str], seed: int | None, stall: float, *, quiet: bool) -> Evidence:
    """Play a story once with a command; give what happened."""
    from vendorlab.cli.common import environment_of
    from vendorlab.cli.serving import Serving
    from vendorlab.mocks.core.world import WorldOptions
    from vendorlab.mocks.registry import ADDRESSES
    from vendorlab.play import WorldStage
    from vendorlab.program import Process, ProgramError
    from vendorlab.scenarios.core.play import Player
    from vendorlab.scenarios.core.story import Pace

    spec = story.spec
    seed = spec.world.seed if seed is None else seed
    options = WorldOptions(
        seed=seed, start=story.start, rate=0.0, profiles=spec.world.profiles, settings=spec.world.settings
    )
    ports = dict.fromkeys(["control", *(one.name for one in ADDRESSES)], 0)
    serving = Serving(spec.vendors, ports, options, secrets.token_urlsafe(24), __version__)
    with tempfile.TemporaryDirectory(prefix="vendorlab-") as folder:
        try:
            serving.start()
            ready = Path(folder) / "ready.json"
            write_whole(ready, json.dumps(serving.ready(), indent=2))
            given = {
                **environment_of(serving.ready()),
                "VENDORLAB_READY_FILE": str(ready),
                "VENDORLAB_STORY": story.name,
                "VENDORLAB_SEED": str(seed),
                "VENDORLAB_RATE": f"{spec.pace.rate if isinstance(spec.pace, Pace) and spec.pace.rate else 0:g}",
            }
            process = Process(command, given, quiet=quiet)
            stage = WorldStage(serving.world)
            player = Player(story, stage, seed, process)
            player.begin()
            try:
                process.start()
                reason, code = _watch(player, stage, process, stall)
            except ProgramError as error:
                raise UsageFailure(str(error)) from error
            except KeyboardInterrupt:
                reason, code = "interrupted", None
            finally:
                evidence = player.finish("interrupted") if player.over.is_set() else None
                process.stop()
            return evidence or player.finish(reason, code)
        finally:
            serving.stop()


def _watch(player: Player, stage: WorldStage, process: Process, stall: float) -> tuple[Reason, int | None]:
    """Wait for the end: the story's, the program's, or that of our patience."""
    from vendorlab.scenarios.core.durations import seconds
    from vendorlab.scenarios.core.story import Pace

    pace = player.story.spec.pace
    idle, step = (pace.idle, pace.step) if isinstance(pace, Pace) else (None, None)
    # Where the clock runs, it says nothing of the program; a story that ends by the clock need not hear of it.
    runs = isinstance(pace, Pace) and pace.rate is not None
    ends_itself = runs and isinstance(player.story.spec.until, str)

    def seen_now() -> tuple[int, Any]:
        return player.activity, None if runs and not ends_itself else stage.now()

    seen, since = seen_now(), time.monotonic()
    stepped = 0  # before the first exchange the program is only starting
    while not player.over.wait(LOOK):
        if (code := process.poll()) is not None:
            return "ended", code
        now = seen_now()
        quiet = time.monotonic() - since
        if now != seen:
            seen, since = now, time.monotonic()
        elif idle and step and quiet > seconds(idle) and stepped != player.activity:
            stepped = player.activity
            stage.advance(seconds(step))
        elif quiet > stall:
            return "stalled", None
    return "over", None


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, or say why not."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageFailure(f"{path} cannot be written: {error.strerror}") from error
