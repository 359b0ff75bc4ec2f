"""A story on a vendorlab that is up somewhere, in a world of its own there.

It is played there (``vendorlab.theatre``), and looked at from here over the control API. What it needs of the program's
own machine is refused before it begins: a kill at an exact moment, and vendors that cannot be reached.
"""

from __future__ import annotations

import json
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from vendorlab.cli.common import UsageFailure, control_address, control_client
from vendorlab.clients.control import ControlError, ControlUnreachable, StagedStory
from vendorlab.clients.core.errors import ClientError
from vendorlab.scenarios.core.evidence import load
from vendorlab.theatre import RESTARTS

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime
    from pathlib import Path

    from vendorlab.cli.performing import Performance
    from vendorlab.clients.control import ControlClient
    from vendorlab.program import Process
    from vendorlab.scenarios.core.evidence import Evidence
    from vendorlab.scenarios.core.play import Reason
    from vendorlab.scenarios.core.story import Story

LOOK = 0.05
"""Seconds of the wall between two looks at a story."""

PATIENCE = 2.0
"""Seconds in which a vendor has to answer before a story begins."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def playable(story: Story) -> None:
    """See that a story can be played elsewhere."""
    if story.needs_program:
        raise UsageFailure(f"{RESTARTS.format(name=story.name)}, without --control")


@contextmanager
def elsewhere(control: str, pace: str | None, story: Story, seed: int) -> Generator[Performance]:
    """Play it on the vendorlab whose control API is there; nothing of it is left there afterwards.

    Args:
        control: the control API's address.
        pace: another than the story's own, as it was given.
        story: which.
        seed: of its world.
    """
    url, token = control_address(control)
    name = f"story-{uuid4().hex[:12]}"
    with control_client(url, "main") as client:
        try:
            staged = _staged(client, name, story, seed, pace)
            yield _Elsewhere(story, client.in_world(name), token, staged)
        finally:
            with suppress(ClientError):  # where nobody answers any more, the world goes by itself
                client.delete_world(name)


def _staged(client: ControlClient, name: str, story: Story, seed: int, pace: str | None) -> StagedStory:
    try:
        staged = client.stage_story(name, story.name, story.source.text, seed=seed, pace=pace)
    except ControlError as error:
        if error.status == 404:
            raise UsageFailure(f"the vendorlab at {client.url} plays no stories: it is {_version(client)}") from error
        raise
    host = urlsplit(client.url).hostname or ""
    return replace(
        staged, vendors={name: replace(one, url=told(one.url, host)) for name, one in staged.vendors.items()}
    )


def _version(client: ControlClient) -> str:
    try:
        return f"version {client.version().version}"
    except ClientError:
        return "something else"


class _Elsewhere:
    """A story in somebody else's process, as far as it is known here."""

    def __init__(self, story: Story, client: ControlClient, token: str | None, staged: StagedStory) -> None:
        self.story = story
        self.activity = 0
        self._client = client
        self._token = token
        self._staged = staged
        self._now = story.start

    def ready(self, folder: Path) -> dict[str, Any]:
        for name, one in self._staged.vendors.items():
            if not answers(one.url):
                raise UsageFailure(
                    f"{name} of the story's world is at {one.url}, where nobody answers; its ports must be reached "
                    "from here, as with `vendorlab up --world-ports`"
                )
        vendors: dict[str, Any] = {}
        for name, one in self._staged.vendors.items():
            vendors[name] = {"url": one.url, "credentials": dict(one.credentials)}
            if (pem := self._staged.authorities.get(name)) is not None:
                (folder / f"{name}.pem").write_text(pem)
                vendors[name]["ca"] = str(folder / f"{name}.pem")
        url = f"{self._client.url}/worlds/{self._client.world_name}"
        return {"control": {"url": url, "token": self._token or ""}, "vendors": vendors}

    def begin(self, process: Process) -> None:
        _ = process
        self._client.begin_story()

    def over(self) -> bool:
        time.sleep(LOOK)
        with self._told_if_lost():
            found = self._client.story()
        self.activity, self._now = found.activity, found.now
        return found.over

    def now(self) -> datetime:
        return self._now

    def advance(self, by: float) -> None:
        with self._told_if_lost():
            self._client.advance(by)

    def finish(self, reason: Reason, code: int | None) -> Evidence:
        with self._told_if_lost():
            told = self._client.end_story(None if reason == "over" else reason, code)
        return load((json.dumps(line).encode() for line in told), self._client.url)

    @contextmanager
    def _told_if_lost(self) -> Generator[None]:
        """Say what it means when the line, or the world, is gone in the middle of a story."""
        lost = f"the story {self.story.name} was lost, and there is no verdict"
        try:
            yield
        except ControlUnreachable as error:
            raise UsageFailure(f"{lost}: nothing answers at {self._client.url} any more ({error.detail})") from error
        except ControlError as error:
            if error.status != 404:
                raise
            gone = f"its world {self._client.world_name} at {self._client.url} was deleted meanwhile"
            raise UsageFailure(f"{lost}: {gone}") from error


def told(url: str, host: str) -> str:
    """A vendor's URL as it is reached from here: on the host on which the control API is.

    Args:
        url: as the vendorlab there tells it.
        host: by which its control API is reached from here.
    """
    parts = urlsplit(url)
    if parts.hostname == host or (parts.hostname in _LOOPBACK and host in _LOOPBACK):
        return url
    place = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{place}:{parts.port}"))


def answers(url: str) -> bool:
    """Whether somebody is there: over TCP who takes a connection, over CoAP who answers a ping (RFC 7252, 4.3)."""
    parts = urlsplit(url)
    place = parts.hostname or "", parts.port or 0
    if not parts.scheme.startswith("coap"):
        with suppress(OSError), socket.create_connection(place, PATIENCE):
            return True
        return False
    end = time.monotonic() + PATIENCE
    with suppress(OSError):
        found = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)
        with socket.socket(found[0][0], socket.SOCK_DGRAM) as line:
            line.connect(found[0][4])
            line.settimeout(PATIENCE / 4)
            while time.monotonic() < end:
                line.send(b"\x40\x00\x00\x01")
                with suppress(TimeoutError):
                    return line.recv(64)[:1] == b"\x70"
    return False
