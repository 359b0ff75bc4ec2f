"""``vendorlab run``: your program goes through a story, and is judged."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from vendorlab.cli.common import UsageFailure

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from vendorlab.cli.performing import Venue
    from vendorlab.scenarios.core.evidence import Evidence
    from vendorlab.scenarios.core.story import Story
    from vendorlab.scenarios.core.verdict import Verdict

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
@click.option(
    "--control",
    metavar="URL",
    help="Play it on a vendorlab that is up, in a world of its own there: the address of its control API. The token "
    "comes from $VENDORLAB_CONTROL_TOKEN, else from what `up` left for its user.",
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
    control: str | None,
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
      vendorlab run expired-token --control http://127.0.0.1:7070 -- python poller.py
    """
    from vendorlab.scenarios.core.verdict import judge

    if (replay or record) and command:
        raise UsageFailure("--replay and --record run no program; leave out the command")
    if (replay or record) and control:
        raise UsageFailure("--replay and --record take place here; leave out --control")
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
        venue = _venue(control, chosen, pace)
        with _interruptible():
            verdicts = _performances(chosen, command, seed, repeat, stall, quiet=quiet, venue=venue)
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
    story: Story, command: Sequence[str], seed: int | None, repeat: int, stall: float, *, quiet: bool, venue: Venue
) -> list[Verdict]:
    from vendorlab.cli.performing import perform
    from vendorlab.scenarios.core.verdict import judge

    verdicts: list[Verdict] = []
    for _ in range(repeat):
        evidence = perform(story, command, seed, stall, quiet=quiet, venue=venue)
        verdicts.append(judge(story, evidence))
        if evidence.end is not None and evidence.end.reason == "interrupted":
            break
    return verdicts


def _venue(control: str | None, story: Story, pace: str | None) -> Venue:
    """Where it is played."""
    if control is None:
        from vendorlab.cli.performing import here

        return here
    from vendorlab.cli.elsewhere import elsewhere, playable

    playable(story)
    return partial(elsewhere, control, pace)


@contextmanager
def _interruptible() -> Generator[None]:
    """Let SIGTERM interrupt as Ctrl-C does, so that neither the program nor its world outlives us."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, or say why not."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageFailure(f"{path} cannot be written: {error.strerror}") from error
