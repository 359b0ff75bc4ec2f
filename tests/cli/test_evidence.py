"""Plans, recordings, secrets, drift and promotion on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.cli.common import UsageFailure, leave_state
from vendorlab.cli.evidence import Evidence, _plan_lines, _short
from vendorlab.contracts.core.control import ControlAddress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Result

    Command = Callable[..., Result]

AWAY = "https://query.scanalytics.example"
GIVEN = "VENDORLAB_SCANALYTICS_USERNAME=a\nVENDORLAB_SCANALYTICS_PASSWORD=hunter2\nVENDORLAB_SCANALYTICS_CLIENT_ID=c\n"
WHOAMI = "scanalytics.whoami.fields"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No control API in the environment, and a state folder of the test's own."""
    for name in ("URL", "TOKEN", "WORLD"):
        monkeypatch.delenv(f"VENDORLAB_CONTROL_{name}", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    path = tmp_path / "mine.env"
    path.write_text(GIVEN)
    path.chmod(0o600)
    return path


def test_plan_tells_what_a_target_would_be_asked_and_leaves_it_alone(command: Command, secrets: Path) -> None:
    """The address resolves nowhere, so whatever was sent to it would have failed."""
    asked = ("check", "scanalytics", "--target", AWAY, "--secrets", str(secrets), "-k", "test_whoami", "--plan")
    result = command(*asked)
    assert result.code == 0, result.out + result.err
    assert "GET /v1/whoami" in result.out
    told = result.err
    assert f"scanalytics at {AWAY} would be asked 2 times, of a budget of 600" in told
    assert "at most 1 of the published 180 in a minute with a login" in told
    assert "hunter2" not in result.out + told
    document: dict[str, Any] = json.loads(command(*asked, "--json", "-").out)
    assert [each["asked"] for each in document["requests"]] == ["POST /o/token/", "GET /v1/whoami"]
    assert (document["target"], document["capabilities"]) == (AWAY, [])


@pytest.mark.parametrize("name", ["test_versions.py::test_other[/whoami]", "a/b/test_versions.py::test_other[/whoami]"])
def test_plan_names_a_test_by_its_file_and_whole_name(name: str) -> None:
    assert _short(name) == "test_versions.py::test_other[/whoami]"


@pytest.mark.parametrize(
    ("paced", "told"),
    [(True, ["at most 7 of the published 180 in a minute"]),
     (False, ["the target's clock is turned where it would be too many by the published limits: 180 in a minute"])],
)  # fmt: skip
def test_plan_counts_against_the_limits_unless_the_clock_is_turned(paced: bool, told: list[str]) -> None:
    """Its times know nothing of a clock that is turned."""
    document: dict[str, Any] = {key: {} for key in ("requests", "capabilities", "left_out", "broken")}
    document |= {"vendor": "scanalytics", "target": None, "seconds": 1, "budget": None, "paced": paced}
    document["limits"] = [{"most": 7, "text": "180 in a minute"}]
    assert [line for line in _plan_lines(document) if "published" in line] == told


def test_check_finds_the_token_that_up_left_as_other_commands_do(monkeypatch: pytest.MonkeyPatch) -> None:
    control = "http://127.0.0.1:9"
    monkeypatch.setenv("VENDORLAB_CONTROL_URL", control)
    asked = Evidence(secrets=None, real=False, plan=False, record=None, clean_up=False)
    with pytest.raises(UsageFailure, match="VENDORLAB_CONTROL_TOKEN is not"):
        asked.addresses("scanalytics", AWAY)
    leave_state(control, "made-up")
    assert asked.addresses("scanalytics", AWAY)[1] == ControlAddress(control, "made-up")


def test_secrets_that_others_may_read_are_refused(command: Command, secrets: Path) -> None:
    secrets.chmod(0o644)
    result = command("check", "scanalytics", "--target", AWAY, "--secrets", str(secrets))
    assert (result.code, result.out) == (2, "")
    assert f"chmod 600 {secrets}" in result.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--clean-up",), "go with --target"),
        (("--real",), "go with --target"),
        (("--plan", "--clean-up", "--target", AWAY), "do not go together"),
        (("--plan", "--record", "x"), "nothing to --record"),
        (("--plan", "--mutants"), "do not go together"),
        (("--plan", "--html", "x.html"), "a plan is written by --json alone"),
        (("--mutants", "--record", "x"), "--mutants and --record do not go together"),
        (("inode", "--record", "x"), "--record goes with one vendor"),
        (("--clean-up", "--target", AWAY, "--json", "x"), "nothing to report"),
        (("--secrets", "mine.env"), "goes with --target"),
    ],
)
def test_options_that_make_no_sense_are_one_line(command: Command, options: tuple[str, ...], message: str) -> None:
    result = command("check", "scanalytics", *options)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert result.err.count("\n") == 1


@pytest.mark.slow
def test_recording_of_a_fake_shows_its_verdict_and_promotes_nothing(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    result = command("check", "scanalytics", "-k", "test_whoami", "--record", str(folder))
    assert result.code == 0, result.out + result.err
    recording = folder / "scanalytics.json"
    assert json.loads(recording.read_text())["real"] is False

    for where in ((), ("--evidence", str(folder))):
        rows = {row["id"]: row for row in json.loads(command("claims", "scanalytics", "--json", *where).out)}
        assert (rows[WHOAMI]["fake"]["verdict"], rows[WHOAMI]["real"]) == ("passed", None)
        assert rows[WHOAMI]["tests"] == ["test_resources::test_whoami_tells_who_and_where"]
        assert rows["scanalytics.refresh.single-use"]["fake"] is None

    nothing = command("promote", str(folder))
    assert (nothing.code, nothing.out) == (1, "")
    assert "nothing to promote" in nothing.err

    same = command("diff", str(recording), str(recording), "--json")
    assert (same.code, json.loads(same.out)) == (0, [])
    document = json.loads(recording.read_text())
    [exchange] = [each for each in document["exchanges"] if each["operation"] == "GET /{version}/whoami"]
    exchange["headers"]["always"].remove("vary")
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document))
    assert command("diff", str(recording), str(other)).code == 0
    graver = command("diff", str(recording), str(other), "--fail-on", "warn")
    assert graver.code == 1
    assert "WARN\theader-gone\tGET /{version}/whoami → 200\tthe header vary was always there" in graver.out


def test_diff_of_what_is_no_recording_is_wrong_use(command: Command, secrets: Path) -> None:
    result = command("diff", str(secrets), str(secrets))
    assert (result.code, result.out) == (2, "")
