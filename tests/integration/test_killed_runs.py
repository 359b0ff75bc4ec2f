"""Runs that are killed at the worst moment, and what of them is found on the target afterwards: nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.cli.common import environment
from vendorlab.cli.serving import Serving
from vendorlab.clients.control import ControlClient
from vendorlab.mocks.core.world import WorldOptions

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

pytestmark = pytest.mark.slow

_PATIENCE = 20.0


class Fake:
    """A vendor on this machine, with a control API that the runs know nothing of."""

    def __init__(self, vendor: str, home: Path) -> None:
        self.vendor = vendor
        self.home = home
        self._serving = Serving(
            [vendor], dict.fromkeys(["control", vendor], 0), WorldOptions(), "token-of-the-test", "0"
        )
        self._serving.start()
        found = self._serving.ready()["vendors"][vendor]
        self.url: str = found["url"]
        self.control = ControlClient(self._serving.control_url, "token-of-the-test")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VENDORLAB_", "PYTEST_"))}
        self.environ = kept | environment(vendor, found["url"], found["credentials"]) | {"XDG_STATE_HOME": str(home)}

    def stop(self) -> None:
        self.control.close()
        self._serving.stop()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "vendorlab", "check", self.vendor, "--target", self.url, *arguments]

    def run(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        command = self.command(*arguments)
        return subprocess.run(
            command, env=self.environ | changes, capture_output=True, text=True, check=False, timeout=120
        )

    @contextmanager
    def running(self, *arguments: str, **changes: str) -> Generator[subprocess.Popen[str]]:
        """Run in a group of its own, so that it can be killed as a whole."""
        process = subprocess.Popen(
            self.command(*arguments),
            env=self.environ | changes,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=_PATIENCE)

    def noted(self, folder: str) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in (self.home / "vendorlab" / folder).glob("*.json")]

    def ours(self) -> set[str]:
        """The names there that begin as a suite's names do."""
        return set(re.findall(r"vendorlab[0-9a-f]{8}", json.dumps(self.control.snapshot())))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def slv(home: Path) -> Generator[Fake]:
    found = Fake("slv", home)
    yield found
    found.stop()


@pytest.fixture
def scanalytics(home: Path) -> Generator[Fake]:
    found = Fake("scanalytics", home)
    yield found
    found.stop()


def wait_for(what: Any) -> None:
    """Wait until something that another process does is done."""
    deadline = time.monotonic() + _PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


MADE = ("--allow", "write", "-k", "test_device_is_made_as_it_was_told")


def hold(fake: Fake, operation: str, nth: int) -> None:
    """Let an answer of an operation come late: it is done by then, and nobody has heard."""
    fake.control.add_fault(
        {
            "name": "held",
            "match": {"vendor": fake.vendor, "operation": operation},
            "when": {"nth": nth},
            "action": {"kind": "delay", "seconds": 30},
            "phase": "after",
        }
    )


def test_what_a_killed_run_made_is_noted_and_taken_away(slv: Fake) -> None:
    """Killed when the device is made, and before the run has heard so."""
    hold(slv, "assetmanagement/createCategoryDevice", 2)  # the first is a controller
    with slv.running(*MADE) as process:
        wait_for(lambda: len(slv.ours()) == 3)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_PATIENCE)
    assert slv.ours()
    [note] = slv.noted("leftovers")
    assert {entry["kind"] for entry in note["entries"]} >= {"geozone", "device"}
    [path] = (slv.home / "vendorlab" / "leftovers").glob("*.json")
    assert path.stat().st_mode & 0o777 == 0o600

    reading = slv.run("--allow", "none", "-k", "test_alarm_definitions_have_id_and_name")
    assert "still there: take away with" in reading.stdout
    assert slv.ours()

    cleaned = slv.run("--clean-up")
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    assert cleaned.stdout.count("taken away") == len(note["entries"])
    assert (slv.ours(), slv.noted("leftovers")) == (set(), [])
    assert "nothing is left" in slv.run("--clean-up").stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_takes_away_what_it_made(slv: Fake, number: signal.Signals) -> None:
    """Only the command is told, as by a supervisor; it waits for its suite to tidy up, and ends with 130."""
    hold(slv, "asset/getDevice", 1)
    with slv.running(*MADE) as process:
        wait_for(lambda: len(slv.ours()) == 3)
        process.send_signal(number)
        slv.control.clear_faults()
        assert process.wait(_PATIENCE) == 130
    assert (slv.ours(), slv.noted("leftovers")) == (set(), [])


def test_next_run_that_may_write_takes_away_what_a_killed_one_made(slv: Fake) -> None:
    """Without being asked to."""
    hold(slv, "assetmanagement/createGeozone", 1)
    with slv.running(*MADE) as process:
        wait_for(lambda: len(slv.ours()) == 1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_PATIENCE)
    result = slv.run("--allow", "write", "-k", "test_alarm_definitions_have_id_and_name")
    assert re.search(r"left by a run of \S+, taken away: geozone vendorlab", result.stdout), result.stdout
    assert (slv.ours(), slv.noted("leftovers")) == (set(), [])


# --- refresh tokens --------------------------------------------------------------------------------------------------


def refresh_token(fake: Fake) -> str:
    form = {
        "grant_type": "password",
        "username": fake.environ["VENDORLAB_SCANALYTICS_USERNAME"],
        "password": fake.environ["VENDORLAB_SCANALYTICS_PASSWORD"],
        "client_id": fake.environ["VENDORLAB_SCANALYTICS_CLIENT_ID"],
    }
    return str(httpx.post(f"{fake.url}/o/token/", data=form).json()["refresh_token"])


@pytest.fixture
def resumed(scanalytics: Fake) -> dict[str, str]:
    """The environment of somebody who has a refresh token and no password."""
    given = {"VENDORLAB_SCANALYTICS_REFRESH_TOKEN": refresh_token(scanalytics)}
    for name in ("USERNAME", "PASSWORD"):
        del scanalytics.environ[f"VENDORLAB_SCANALYTICS_{name}"]
    return given


LOOK = ("-k", "test_whoami_tells")


def kept(fake: Fake) -> str:
    [found] = fake.noted("tokens")
    return str(found["refresh_token"])


def test_refresh_token_serves_run_after_run_though_each_spends_it(scanalytics: Fake, resumed: dict[str, str]) -> None:
    """The environment has the first one all the time."""
    seen = [resumed["VENDORLAB_SCANALYTICS_REFRESH_TOKEN"]]
    for _ in range(2):
        result = scanalytics.run(*LOOK, **resumed)
        assert result.returncode == 0, result.stdout + result.stderr
        assert kept(scanalytics) not in seen
        assert kept(scanalytics) not in result.stdout + result.stderr
        seen.append(kept(scanalytics))
    [path] = (scanalytics.home / "vendorlab" / "tokens").glob("*.json")
    assert path.stat().st_mode & 0o777 == 0o600


def test_run_killed_right_after_it_spent_the_token_locks_nobody_out(scanalytics: Fake, resumed: dict[str, str]) -> None:
    """Killed at its first request after the login: the successor is kept by then."""
    scanalytics.control.add_fault(
        {
            "name": "held",
            "match": {"vendor": "scanalytics", "operation": "whoami"},
            "action": {"kind": "delay", "seconds": 30},
        }
    )
    with scanalytics.running(*LOOK, **resumed) as process:
        wait_for(lambda: scanalytics.noted("tokens") and not scanalytics.noted("tokens")[0]["spending"])
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_PATIENCE)
    scanalytics.control.clear_faults()
    assert kept(scanalytics) != resumed["VENDORLAB_SCANALYTICS_REFRESH_TOKEN"]
    result = scanalytics.run(*LOOK, **resumed)
    assert result.returncode == 0, result.stdout + result.stderr


def test_run_killed_before_the_answer_came_is_told_of_in_the_next_one(
    scanalytics: Fake, resumed: dict[str, str]
) -> None:
    """The one moment that nobody can help: the vendor has spent the token, and its successor was on its way."""
    hold(scanalytics, "token", 1)
    with scanalytics.running(*LOOK, **resumed) as process:
        wait_for(lambda: scanalytics.noted("tokens") and scanalytics.noted("tokens")[0]["spending"])
        wait_for(lambda: len(scanalytics.control.tokens(vendor="scanalytics", kind="refresh")) > 1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_PATIENCE)
    scanalytics.control.clear_faults()
    result = scanalytics.run(*LOOK, **resumed)
    assert result.returncode != 0
    assert "was killed while it spent it, before the answer came: log in anew" in result.stdout
