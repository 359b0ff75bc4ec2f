"""``vendorlab check`` with several names: side by side in workers, one view, one report in every form."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from vendorlab.cli.checks.job import Job, Outcome
from vendorlab.cli.checks.live import Lines, Rows, told
from vendorlab.cli.checks.pool import Pool
from vendorlab.cli.checks.several import heavy_first

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Result

    Command = Callable[..., Result]


class Watcher:
    """A view that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    def started(self, job: Job) -> None:
        self.seen.append(("started", job.name))

    def heard(self, job: Job, event: dict[str, Any]) -> None:
        self.seen.append(("heard", event))

    def ended(self, outcome: Outcome) -> None:
        self.seen.append(("ended", outcome.status))


@pytest.mark.slow
def test_suites_run_side_by_side_into_one_report_of_every_form(command: Command, tmp_path: Path) -> None:
    places = {form: tmp_path / f"report.{form}" for form in ("json", "junit", "html", "markdown")}
    options = [word for form, path in places.items() for word in (f"--{form}", str(path))]
    result = command("check", "inode", "control", "-k", "version or test_link", "--jobs", "2", *options)
    assert (result.code, result.err) == (0, "")
    report = json.loads(places["json"].read_text())
    assert list(report["vendors"]) == ["inode", "control"]
    assert {vendor["fake"]["profile"] for vendor in report["vendors"].values()} == {None}
    assert all(vendor["tests"] for vendor in report["vendors"].values())
    suites = [suite.get("name") for suite in ET.parse(places["junit"]).iter("testsuite")]
    assert suites == ["vendorlab.inode", "vendorlab.control"]
    assert '<h3 id="title-control">' in places["html"].read_text()
    assert "| **control** |" in places["markdown"].read_text()
    assert [line for line in result.out.splitlines() if line.startswith(("inode: ", "control: "))] != []
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in places.values())


@pytest.mark.slow
def test_suite_that_cannot_run_is_told_and_the_others_are_reported(command: Command, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = command("check", "inode", "slv", "--profile", "7.7", "-k", "test_link", "--json", str(report))
    assert result.code == 2
    assert "vendorlab: inode did not run:" in result.err
    assert "profile" in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["inode", "slv", "--target", "http://127.0.0.1:9"], "--target goes with one vendor"),
        (["inode", "--html", "nowhere/at/all.html"], "there is no folder"),
        (["nobody"], "'nobody' is not one of"),
        ([], "Missing argument"),
        (["slv", "--mutants", "--html", "x.html"], "--mutants writes --json alone"),
        (["slv", "--mutants", "--target", "http://127.0.0.1:9"], "--mutants goes with fakes"),
        (["slv", "--mutants", "-k", "x"], "chooses the tests by itself"),
        (["control", "--mutants"], "no mutants of control"),
    ],
)
def test_wrong_use_is_one_line(command: Command, arguments: list[str], words: str) -> None:
    result = command("check", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert result.err.count("\n") == 1


@pytest.mark.slow
def test_worker_tells_how_its_suite_goes() -> None:
    view = Watcher()
    job = Job(suite="control", claims=("control.version.fields",), modules=("test_process",))
    (outcome,) = Pool(view, 1).run([job])
    assert outcome.status == 0, outcome.trouble
    events = [event for kind, event in view.seen if kind == "heard"]
    assert events[0] == {"tests": len(events) - 1}
    assert {event["verdict"] for event in events[1:]} == {"passed"}
    assert [kind for kind, _ in view.seen if kind != "heard"] == ["started", "ended"]
    assert outcome.counts == {"passed": len(events) - 1}


@pytest.mark.slow
def test_worker_ends_with_who_gave_it_its_job(tmp_path: Path) -> None:
    """A kill -9 leaves no suite and no fake behind."""
    command = [sys.executable, "-m", "vendorlab", "check", "itron-coap", "slv"]
    parent = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
    children = _wait_for(lambda: found if len(found := _descendants(parent.pid)) >= 4 else None)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert _wait_for(lambda: not [pid for pid in children if _alive(pid)]), "what it had started goes on"


@pytest.mark.slow
def test_interrupted_run_ends_its_workers_and_says_130(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vendorlab", "check", "itron-coap", "slv", "--json", "report.json"]
    parent = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
    children = _wait_for(lambda: found if len(found := _descendants(parent.pid)) >= 4 else None)
    parent.send_signal(signal.SIGINT)
    assert parent.wait(timeout=30) == 130
    assert [pid for pid in children if _alive(pid)] == []
    assert list(tmp_path.iterdir()) == []


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for folder in _proc().glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(folder.name), *_descendants(int(folder.name))]
    return found


def _alive(pid: int) -> bool:
    try:
        return (_proc() / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _proc() -> Path:
    from pathlib import Path

    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc here")
    return Path("/proc")


def _wait_for(what: Callable[[], Any], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    return pytest.fail("it did not come to pass")


# --- views -----------------------------------------------------------------------------------------------------------


def outcome(*verdicts: str, status: int = 0, trouble: str = "") -> Outcome:
    tests = [{"verdict": verdict} for verdict in verdicts]
    report = {"vendors": {"inode": {"tests": tests}}} if verdicts else None
    return Outcome(Job(suite="inode"), status, report, trouble, 1.25)


def test_outcome_is_told_in_a_few_words() -> None:
    assert told(outcome("passed", "failed", "passed", status=1)) == "2 passed, 1 failed in 1.2 s"
    assert told(outcome(status=2, trouble="one\ntwo")) == "did not run: two"
    assert told(outcome(status=2)) == "did not run: nothing was said"


def test_pipe_is_told_of_failures_at_once_and_of_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    view, job = Lines(), Job(suite="inode")
    view.started(job)
    view.heard(job, {"tests": 2})
    view.heard(job, {"test": "test_a.py::a", "verdict": "passed"})
    view.heard(job, {"test": "test_a.py::b", "verdict": "failed"})
    view.ended(outcome("passed", "failed", status=1))
    assert capsys.readouterr().out == "inode: failed test_a.py::b\ninode: 1 passed, 1 failed in 1.2 s\n"


def test_terminal_has_a_row_that_fills() -> None:
    from rich.progress import Progress

    job = Job(suite="inode")
    progress = Progress(disable=True)
    view = Rows(progress, [job])
    view.started(job)
    view.heard(job, {"tests": 3})
    view.heard(job, {"test": "a", "verdict": "failed"})
    row = progress.tasks[0]
    assert (row.completed, row.total, row.fields["told"]) == (1, 3, "[red]1 failed[/]")
    view.ended(outcome("failed", "passed", "passed", status=1))
    assert (row.completed, row.total, row.fields["told"]) == (3, 3, "[red]2 passed, 1 failed in 1.2 s[/]")


def test_heavy_suites_come_first_and_unknown_ones_last() -> None:
    assert heavy_first(["new", "inode", "slv", "itron-coap"]) == ["itron-coap", "slv", "inode", "new"]
