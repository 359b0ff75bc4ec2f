"""The command line as a user types it: in this process, against one real ``vendorlab up``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.cli import run as run_cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Up:
    """A running ``vendorlab up``."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.ready["vendors"]["scanalytics"]["url"])

    @property
    def credentials(self) -> dict[str, str]:
        return dict(self.ready["vendors"]["scanalytics"]["credentials"])

    @property
    def environment(self) -> dict[str, str]:
        control = self.ready["control"]
        return {"VENDORLAB_CONTROL_URL": control["url"], "VENDORLAB_CONTROL_TOKEN": control["token"]}


def start_up(folder: Path, *arguments: str) -> Up:
    """Start ``vendorlab up`` and wait until its ready file is there."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "vendorlab", "up", "--port", "0", "--ready-file", str(ready), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not ready.exists():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.002)  # its output is left for whoever ends it: a line read here would take more with it
    return Up(process, json.loads(ready.read_text()))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One ``vendorlab up`` for the whole run; each test begins with its world reset."""
    up = start_up(tmp_path_factory.mktemp("up"))
    yield up
    up.process.send_signal(signal.SIGTERM)
    up.process.communicate(timeout=10)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run a command in this process."""

    def call(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["vendorlab", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as leaving:
            run_cli()
        out, err = capfd.readouterr()
        assert isinstance(leaving.value.code, int)
        return Result(leaving.value.code, out, err)

    return call


@pytest.fixture
def remote(served: Up, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command against the running one, whose world was reset."""
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)
    assert command("reset", "--seed", "0").code == 0
    return command
