"""``vendorlab run --record``: what you do by hand becomes a story."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import rich_click as click

from vendorlab import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vendorlab.cli.serving import Serving
    from vendorlab.mocks.core.control.handlers import Call
    from vendorlab.scenarios.core.record import Recorder
    from vendorlab.scenarios.core.story import Story

_BLANK = """
title: {title}
vendor: x
hurts: x
good: x
program: x
vendors: [{vendors}]
world: {{start: {start}}}
pace: {{rate: 1}}
until: 36500d
rules: [no-secret-in-url]
"""
TITLE = "What was done by hand"


def record(file: Path, story: Story | None, seed: int | None) -> None:
    """Start a world, let people do as they please until Ctrl-C, and write a story of it.

    Args:
        file: where the story goes.
        story: whose world it is; all vendors, now, if None.
        seed: of the world.
    """
    from vendorlab.cli.banner import banner
    from vendorlab.cli.run import write_bytes
    from vendorlab.cli.serving import Serving
    from vendorlab.cli.up import Stop
    from vendorlab.mocks.registry import ADDRESSES, names
    from vendorlab.play import WorldStage, world_options
    from vendorlab.scenarios.core.play import Player
    from vendorlab.scenarios.core.record import Recorder
    from vendorlab.scenarios.core.story import parse

    if story is None:
        start = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        story = parse(_BLANK.format(title=TITLE, vendors=", ".join(names()), start=start), str(file), file.stem)
    else:
        blank = _BLANK.format(title=TITLE, vendors=", ".join(story.spec.vendors), start=story.spec.world.start)
        story = _with_world(parse(blank, str(file), file.stem), story)
    setting = msgspec.structs.replace(story.spec.world, seed=story.spec.world.seed if seed is None else seed)
    options = world_options(story, setting.seed)
    ports = dict.fromkeys(["control", *(one.name for one in ADDRESSES)], 0)
    serving = Serving(story.spec.vendors, ports, options, secrets.token_urlsafe(24), __version__)
    with Stop() as stopped:
        try:
            serving.start()
            recorder = Recorder(story.start)
            player = Player(story, WorldStage(serving.world), setting.seed)
            player.begin()
            serving.control.watch(_noting(serving, recorder))
            banner(serving.ready())
            click.echo(f"recording; Ctrl-C writes {file}", err=True)
            stopped.wait()
            evidence = player.finish("over")
        finally:
            serving.stop()
    world = {name: value for name, value in msgspec.to_builtins(setting).items() if value}
    write_bytes(file, recorder.story(TITLE, story.spec.vendors, world, evidence).encode())


def _with_world(blank: Story, story: Story) -> Story:
    """The blank story in another one's world."""
    from vendorlab.scenarios.core.story import Story as Made

    spec = msgspec.structs.replace(blank.spec, world=story.spec.world)
    return Made(blank.name, spec, blank.rules, blank.source)


def _noting(serving: Serving, recorder: Recorder) -> Callable[[str, Call], Callable[[], None] | None]:
    lock = threading.Lock()

    def before(operation: str, call: Call) -> Callable[[], None] | None:
        if call.world is not serving.world:
            return None
        now = serving.world.clock.now()
        given = call.body if call.body is not None else call.query
        body: Any = {} if given is None else msgspec.to_builtins(given)

        def done() -> None:
            with lock:
                recorder.note(now, operation, body, call.params)

        return done

    return before
