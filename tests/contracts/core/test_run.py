"""Running a suite as a process of its own: what it is given, what it is not, and what comes out."""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import run
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:7071"
TARGET = Target("scanalytics", URL, {"username": "ada@example.com", "password": "hunter2", "client_id": "app"})
CONTROL = ControlAddress("http://127.0.0.1:7070", "control-token")


class Recorder:
    """Stands in for the process: remembers what it was started with."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.command: list[str] = []
        self.environment: dict[str, str] = {}
        self.descriptors: tuple[int, ...] = ()

    def __call__(self, command: list[str], environ: dict[str, str], *, quiet: bool, heard: tuple[int, ...]) -> int:
        assert not quiet
        self.command, self.environment, self.descriptors = command, environ, heard
        return self.status


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    found = Recorder()
    monkeypatch.setattr(run, "supervise", found)
    return found


def run_suite(**options: Any) -> int:
    given: dict[str, Any] = {"targets": {"scanalytics": TARGET}, "environ": {}, **options}
    return run.run_suite("scanalytics", **given)


def test_command_runs_the_suite_by_its_name_under_its_own_configuration(recorder: Recorder, tmp_path: Path) -> None:
    status = run_suite(
        allow=["wait"],
        budget=100,
        json_path=tmp_path / "report.json",
        progress=7,
        extra_args=["-k", "refresh"],
    )
    assert status == 0
    command = recorder.command
    assert command[:6] == [sys.executable, "-P", "-m", "pytest", "--pyargs", "vendorlab.contracts.scanalytics"]
    assert command[command.index("-c") + 1].endswith("suite.ini")
    assert "--vendorlab-allow=wait" in command
    assert "--vendorlab-budget=100" in command
    assert f"--vendorlab-json={tmp_path / 'report.json'}" in command
    assert ("--vendorlab-progress=7" in command, recorder.descriptors) == (True, (7,))
    assert command[-2:] == ["-k", "refresh"]


def test_credentials_go_by_environment_and_never_by_argument(recorder: Recorder) -> None:
    run_suite(control=CONTROL)
    assert "hunter2" not in " ".join(recorder.command)
    assert "control-token" not in " ".join(recorder.command)
    assert recorder.environment["VENDORLAB_SCANALYTICS_PASSWORD"] == "hunter2"
    assert recorder.environment["VENDORLAB_CONTROL_TOKEN"] == "control-token"


def test_authority_to_trust_goes_by_environment_and_another_ones_does_not(recorder: Recorder) -> None:
    environ = {"VENDORLAB_SCANALYTICS_CA": "stray.pem"}
    run_suite(environ=environ)
    assert "VENDORLAB_SCANALYTICS_CA" not in recorder.environment
    run_suite(environ=environ, targets={"scanalytics": replace(TARGET, ca="ca.pem")})
    assert recorder.environment["VENDORLAB_SCANALYTICS_CA"] == "ca.pem"


def test_environment_of_another_world_is_not_handed_on(recorder: Recorder) -> None:
    """Else a stray control address would let the suite believe that it may turn a real vendor's clock."""
    run_suite(
        environ={
            "LANG": "C.UTF-8",
            "PYTEST_ADDOPTS": "--maxfail=1",
            "VENDORLAB_CONTROL_URL": "http://127.0.0.1:1",
            "VENDORLAB_CONTROL_TOKEN": "stray",
            "VENDORLAB_SCANALYTICS_SECOND_USERNAME": "stray@example.com",
        }
    )
    assert recorder.environment.pop("HYPOTHESIS_STORAGE_DIRECTORY")
    assert recorder.environment == {
        "LANG": "C.UTF-8",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "VENDORLAB_SCANALYTICS_USERNAME": "ada@example.com",
        "VENDORLAB_SCANALYTICS_PASSWORD": "hunter2",
        "VENDORLAB_SCANALYTICS_CLIENT_ID": "app",
    }


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 2), (5, 2), (-2, 130), (-9, 2)])
def test_exit_codes_are_those_of_the_command_line(recorder: Recorder, status: int, expected: int) -> None:
    recorder.status = status
    assert run_suite() == expected


def test_run_that_chose_no_test_says_so(recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    recorder.status = 5
    assert run_suite() == 2
    assert capsys.readouterr().err == "no test of scanalytics was chosen: nothing was asked\n"


@pytest.mark.parametrize(
    ("vendor", "targets", "options", "message"),
    [
        ("acme", {}, {}, "there is no contract suite for 'acme'"),
        ("core", {}, {}, "there is no contract suite for 'core'"),
        ("scanalytics", {}, {}, "no target for scanalytics"),
        (
            "scanalytics",
            {"scanalytics": Target("scanalytics", URL, {"username": "ada"})},
            {},
            "needs credentials: set VENDORLAB_SCANALYTICS_PASSWORD, VENDORLAB_SCANALYTICS_CLIENT_ID",
        ),
        ("scanalytics", {"scanalytics": TARGET}, {"allow": ["teleport"]}, "unknown capability 'teleport'"),
    ],
)
def test_wrong_use_is_a_line_and_exit_code_2(
    recorder: Recorder,
    capsys: pytest.CaptureFixture[str],
    *,
    vendor: str,
    targets: dict[str, Target],
    options: dict[str, Any],
    message: str,
) -> None:
    assert run.run_suite(vendor, targets=targets, environ={}, **options) == 2
    assert message in capsys.readouterr().err
    assert recorder.command == []


@pytest.mark.slow
def test_unreachable_target_is_exit_code_2_with_a_report(tmp_path: Path) -> None:
    """For real: a process of its own, whatever pytest configuration lies about."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    target = Target("scanalytics", f"http://127.0.0.1:{port}", TARGET.credentials)
    status = run.run_suite(
        "scanalytics", targets={"scanalytics": target}, json_path=tmp_path / "report.json", extra_args=["-q"]
    )
    assert status == 2
    tests = json.loads((tmp_path / "report.json").read_text())["vendors"]["scanalytics"]["tests"]
    assert [test["verdict"] for test in tests if test["verdict"] != "skipped"] == ["error"]
