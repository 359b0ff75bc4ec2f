"""Runs the shell blocks of the documents, as a reader would who types them from top to bottom.

A block takes part when a comment right above it names its story, ``<!-- test: tour -->``. The blocks of one story on a
page run in one shell, in an empty folder, while ``vendorlab up`` runs on free ports. ``<!-- test: tour, no lab -->``
goes without it, and ``<!-- test: tour, https -->`` with ``vendorlab up --tls``. The documents show the usual ports:
they are replaced by the real ones in what is run, and put back in what is printed. Addresses and credentials are in
the environment, by the names that ``vendorlab env`` prints.

``sh`` blocks must end well. In ``console`` blocks a line that begins with ``$`` is a command (``>`` goes on with it),
and the lines below are what it prints, where ``...`` stands for anything.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import pytest
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

MARK = re.compile(r"<!-- test: (?P<story>[a-z][a-z0-9-]*)(?:, (?P<lab>no lab|https))? -->")
USUAL_PORTS = {
    "control": 7070,
    "scanalytics": 7071,
    "inode": 7072,
    "itron-platform": 7073,
    "slv": 7074,
    "itron-coap": 5683,
    "itron-mqtt": 8883,
}
UP = (sys.executable, "-m", "vendorlab", "up", "--port", "0")
PATIENCE = 60.0  # seconds for a lab to start or a story to end; a limit, not a pace


@dataclass(frozen=True)
class Command:
    """One command, where it stands, and what it must print; ``None`` means anything."""

    text: str
    line: int
    prints: str | None = None


@dataclass(frozen=True)
class Story:
    """The commands of one story on one page."""

    name: str
    needs_lab: bool
    commands: tuple[Command, ...]
    https: bool = False


def stories(page: str) -> list[Story]:
    """Read the marked blocks of a page.

    Raises:
        ValueError: A mark is misspelt, or stands over something that is no shell block, or two marks disagree.
    """
    tokens = MarkdownIt("commonmark").parse(page)
    found: dict[str, tuple[str | None, list[Command]]] = {}
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type != "html_block" or not token.content.lstrip().startswith("<!-- test"):
            continue
        line = token.map[0] + 1 if token.map else 0
        mark = MARK.fullmatch(token.content.strip())
        language = following.info.strip() if following is not None and following.type == "fence" else ""
        if mark is None or following is None or language not in {"sh", "console"}:
            raise ValueError(f"line {line}: not `<!-- test: NAME -->` right above a block of sh or console")
        lab, commands = found.setdefault(mark["story"], (mark["lab"], []))
        if lab != mark["lab"]:
            raise ValueError(f"line {line}: the blocks of {mark['story']} disagree about the lab")
        first = following.map[0] + 2 if following.map else 0
        commands += [Command(following.content, first)] if language == "sh" else _dialogue(following.content, first)
    return [
        Story(name, lab != "no lab", tuple(commands), https=lab == "https") for name, (lab, commands) in found.items()
    ]


def _dialogue(block: str, first: int) -> Iterator[Command]:
    parts: list[tuple[int, list[str], list[str]]] = []
    for number, line in enumerate(block.splitlines(), start=first):
        if line.startswith("$ "):
            parts.append((number, [line[2:]], []))
        elif not parts:
            raise ValueError(f"line {number}: a console block begins with a command, `$ …`")
        elif line.startswith("> ") and not parts[-1][2]:
            parts[-1][1].append(line[2:])
        else:
            parts[-1][2].append(line)
    for number, typed, printed in parts:
        yield Command("\n".join(typed), number, "".join(f"{line}\n" for line in printed))


@dataclass(frozen=True)
class Lab:
    """A running ``vendorlab up``: for every service its address, credentials and whatever else a client must know."""

    services: Mapping[str, Mapping[str, str]]

    @classmethod
    def from_ready_file(cls, text: str) -> Lab:
        """Read what ``--ready-file`` wrote. Lists become words with commas between."""
        document: dict[str, Any] = json.loads(text)
        services: dict[str, dict[str, str]] = {}
        for name, service in {"control": document["control"], **document["vendors"]}.items():
            flat: dict[str, str | list[str]] = {**service, **service.get("credentials", {})}
            flat.pop("credentials", None)
            services[name] = {key: ",".join(value) if isinstance(value, list) else value for key, value in flat.items()}
        return cls(services)

    def environment(self) -> dict[str, str]:
        """Give addresses and credentials by the names that programs know them by."""
        return {
            f"VENDORLAB_{name}_{key}".upper().replace("-", "_"): value
            for name, service in self.services.items()
            for key, value in service.items()
        }

    def real(self, text: str) -> str:
        """Replace the usual ports by those that this lab has."""
        ports = {usual: real for real, usual in self._ports()}
        pattern = r"\b(127\.0\.0\.1|localhost):(\d+)\b"
        text = re.sub(pattern, lambda match: f"{match[1]}:{ports.get(match[2], match[2])}", text)
        return re.sub(r"(?<= -p )(\d+)\b", lambda match: ports.get(match[1], match[1]), text)

    def usual(self, text: str) -> str:
        """Put the usual ports back."""
        for real, usual in self._ports():
            text = re.sub(rf":{real}\b", f":{usual}", text)
        return text

    def _ports(self) -> Iterator[tuple[str, str]]:
        for name, service in self.services.items():
            yield str(urlsplit(service["url"]).port), str(USUAL_PORTS[name])


@contextmanager
def running_lab(folder: Path, up: Sequence[str] = UP) -> Generator[Lab]:
    """Start a lab in a folder, wait until it is ready, and stop it at the end."""
    ready = folder / "ready.json"
    log = folder / "up.log"
    with log.open("wb") as output:
        started = subprocess.Popen(
            [*up, "--ready-file", str(ready)], stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while not ready.exists():
                _fail_if_ended(started, log, deadline)
            yield Lab.from_ready_file(ready.read_text(encoding="utf-8"))
        finally:
            started.send_signal(signal.SIGINT)
            try:
                started.wait(PATIENCE)
            finally:
                started.kill()


def _fail_if_ended(started: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    try:
        code = started.wait(0.02)  # the pace at which the ready file is looked for
    except subprocess.TimeoutExpired:
        if time.monotonic() < deadline:
            return
        code = None
    pytest.fail(f"the lab did not get ready (exit code {code}):\n{log.read_text(encoding='utf-8')}", pytrace=False)


def play(story: Story, folder: Path, lab: Lab | None = None) -> None:
    """Run a story's commands in one shell; fail the test with the command that went wrong or printed something else."""
    mark = f"--- command of {story.name} ---"
    script = ["set -eo pipefail", "exec 2>&1"]
    for command in story.commands:
        script += [f"printf '%s\\n' '{mark}'", lab.real(command.text) if lab else command.text]
    (folder / "story.sh").write_text("\n".join(script) + "\n", encoding="utf-8")
    code, printed = _bash(folder, lab.environment() if lab else {})
    outputs = (lab.usual(printed) if lab else printed).split(f"{mark}\n")[1:]
    for command, output in zip(story.commands, outputs, strict=False):
        if command.prints is not None and not _matches(command.prints, output):
            _fail(command, f"should print\n{command.prints}\nbut printed\n{output}")
    if code != 0:
        reached = max(len(outputs) - 1, 0)
        _fail(story.commands[reached], f"ended with {code}\n{outputs[-1] if outputs else printed}")


def _bash(folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run the story's script; whatever it leaves running is ended with it."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    plain = {"PATH": path, "HOME": str(folder), "NO_COLOR": "1", "COLUMNS": "120", "LC_ALL": "C.UTF-8"}
    inherited = {name: os.environ[name] for name in ("PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    place = folder / "place"
    place.mkdir()
    with (folder / "printed").open("w+", encoding="utf-8") as output:
        running = subprocess.Popen(
            ["bash", str(folder / "story.sh")],
            cwd=place,
            env={**inherited, **plain, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            start_new_session=True,
        )
        try:
            code = running.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
        output.seek(0)
        return code, output.read()


def _matches(expected: str, output: str) -> bool:
    wanted, got = ("".join(f"{line.rstrip()}\n" for line in text.splitlines()) for text in (expected, output))
    return doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS)


def _fail(command: Command, words: str) -> NoReturn:
    pytest.fail(f"line {command.line}: {command.text.strip()}\n{words}", pytrace=False)
