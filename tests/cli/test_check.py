"""``vendorlab check control`` and ``claims control``: our own vendor is held to its contract as any other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Result, Up

    Command = Callable[..., Result]


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No control API in the environment, and none left by ``up``."""
    for name in ("URL", "TOKEN", "WORLD"):
        monkeypatch.delenv(f"VENDORLAB_CONTROL_{name}", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.usefixtures("nowhere")
def test_check_sets_switches_of_the_fake(command: Callable[..., Result]) -> None:
    arguments = ("check", "itron-mqtt", "-k", "five and connack", "-v")
    assert "speaks MQTT 3.1.1 only" in command(*arguments).out
    result = command(*arguments, "--set", "itron.mqtt_profile=hivemq4")
    assert (result.code, "speaks MQTT 3.1.1 only" in result.out) == (0, False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "slv.batch_seconds=0"), "a vendor that is not checked"),
        (("--set", "mqtt_profile=hivemq4"), "has no dot"),
        (("--set", "itron.nothing=1"), "nothing"),
        (("--set", "itron.mqtt_profile=hivemq4", "--target", "mqtts://127.0.0.1:9"), "--set is for the fake"),
    ],
)
def test_switch_that_makes_no_sense_is_refused(
    command: Callable[..., Result], arguments: tuple[str, ...], words: str
) -> None:
    result = command("check", "itron-mqtt", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in " ".join(result.err.split())


def test_check_holds_a_control_api_made_for_the_run(command: Command, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = command("check", "control", "-k", "version or set_forward", "--json", str(report))
    assert result.code == 0, result.out + result.err
    assert "control at http://127.0.0.1:" in result.out
    tests = json.loads(report.read_text())["vendors"]["control"]["tests"]
    assert {test["verdict"] for test in tests} == {"passed"}
    assert len(tests) >= 2


def test_check_holds_a_running_control_api(
    served: Up, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The address is the option's, the token the environment's."""
    monkeypatch.delenv("VENDORLAB_CONTROL_URL", raising=False)
    monkeypatch.setenv("VENDORLAB_CONTROL_TOKEN", served.environment["VENDORLAB_CONTROL_TOKEN"])
    url = served.environment["VENDORLAB_CONTROL_URL"]
    report = tmp_path / "report.json"
    result = command("check", "control", "--target", url, "-k", "version", "--json", str(report))
    assert result.code == 0, result.out + result.err
    assert served.environment["VENDORLAB_CONTROL_TOKEN"] not in result.out
    found = json.loads(report.read_text())["vendors"]["control"]
    assert (found["target"], "clock" in found["capabilities"]) == (url, True)


@pytest.mark.usefixtures("nowhere")
def test_check_without_a_token_is_wrong_use(command: Command) -> None:
    result = command("check", "control", "--target", "http://127.0.0.1:9")
    assert (result.code, result.out) == (2, "")
    assert "VENDORLAB_CONTROL_TOKEN" in result.err


@pytest.mark.parametrize("vendor", ["control", "all"])
def test_check_has_no_profile_of_the_control_api(command: Command, vendor: str) -> None:
    result = command("check", vendor, "--profile", "modern")
    assert (result.code, result.out) == (2, "")
    assert "the control API has none" in result.err


def test_claims_of_the_control_api_are_listed(command: Command) -> None:
    claims = json.loads(command("claims", "control", "--json").out)
    assert {claim["id"].partition(".")[0] for claim in claims} == {"control"}
    every = json.loads(command("claims", "--json").out)
    assert [claim for claim in every if claim["id"].startswith("control.")] == claims
    assert len(every) > len(claims)
