"""The commands that move a running world, end to end."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.cli.common import leave_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Result, Up

    Remote = Callable[..., Result]


def login(up: Up) -> dict[str, Any]:
    form = {"grant_type": "password", **{key: up.credentials[key] for key in ("username", "password", "client_id")}}
    return dict(httpx.post(f"{up.url}/o/token/", data=form).json())


def whoami(up: Up, token: str) -> httpx.Response:
    return httpx.get(f"{up.url}/v1/whoami", headers={"Authorization": f"Bearer {token}"})


def test_clock_advance_expires_a_token_and_says_so(remote: Remote, served: Up) -> None:
    token = login(served)["access_token"]
    assert whoami(served, token).status_code == 200
    result = remote("clock", "advance", "25h")
    assert result.code == 0
    assert "scanalytics.access-token-expired" in result.out
    assert token not in result.out
    assert "has expired" in whoami(served, token).headers["www-authenticate"]


def test_clock_freezes_runs_and_goes_to_a_moment(remote: Remote) -> None:
    assert "frozen" in remote("clock", "freeze").out
    assert remote("clock", "set", "2018-03-08T16:45:00-06:00").out.startswith("2018-03-08T22:45:00.000000Z frozen")
    assert "running at 1" in remote("clock", "resume").out
    assert "running at 60" in remote("clock", "rate", "60").out
    assert "running at 60" in remote("clock").out
    assert "frozen" in remote("clock", "rate", "0").out


@pytest.mark.parametrize("by", ["", "5 days", "-3s", "1x", "h", "1h-2m"])
def test_clock_refuses_what_is_no_duration(remote: Remote, by: str) -> None:
    result = remote("clock", "advance", "--", by)
    assert result.code == 2
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("by", "seconds"), [("90s", 90), ("61m", 3_660), ("25h", 90_000), ("5d", 432_000), ("1h30m", 5_400), ("90", 90)]
)
def test_clock_reads_durations(remote: Remote, by: str, seconds: int) -> None:
    remote("clock", "freeze")
    remote("clock", "set", "2020-01-01T00:00:00Z")
    told = remote("clock", "advance", by).out.split()[0]
    assert (datetime.fromisoformat(told) - datetime.fromisoformat("2020-01-01T00:00:00Z")).total_seconds() == seconds


def test_faults_are_added_listed_struck_and_removed(remote: Remote, served: Up) -> None:
    assert (
        remote("faults", "add", "--operation", "whoami", "--nth", "2", "--status", "503", "--name", "one").out
        == "one\n"
    )
    statuses = [whoami(served, "bogus").status_code for _ in range(3)]
    assert statuses == [401, 503, 401]
    listed = json.loads(remote("faults", "list", "--json").out)
    assert (listed[0]["matched"], listed[0]["struck"]) == (3, 1)
    assert "nth=2" in remote("faults").out
    assert "fault=one" in remote("journal", "--fault", "one").out
    assert remote("faults", "remove", "one").code == 0
    assert remote("faults", "remove", "one").code == 2
    assert remote("faults", "clear").code == 0


def test_limits_are_forgotten_and_nothing_else(remote: Remote, served: Up) -> None:
    token = login(served)["access_token"]
    statuses = iter(lambda: whoami(served, token).status_code, 429)
    assert {*statuses} == {200}
    assert remote("reset", "--limits", "inode").code == 0
    assert whoami(served, token).status_code == 429
    assert remote("reset", "--limits", "all").out == "what was counted against the limits of all is forgotten\n"
    assert whoami(served, token).status_code == 200
    assert "limits nothing" in remote("reset", "--limits", "slv").err
    assert "no --seed" in remote("reset", "--limits", "all", "--seed", "3").err


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ("--protocol coap --direction out --type ack --code 2.05 --nth 2 --per exchange --drop",
         {"match": {"protocol": "coap", "direction": "out", "type": "ACK", "code": "2.05"},
          "when": {"nth": 2, "per": "exchange"}, "action": {"kind": "drop"}}),
        ("--device 0a --chance 0 --reorder 2 --timeout 3s",
         {"match": {"device": "0a"}, "when": {"chance": 0.0},
          "action": {"kind": "reorder", "behind": 2, "timeout": 3.0}}),
        ("--peer [::1]:9 --duplicate 3 --gap 1m",
         {"match": {"peer": "[::1]:9"}, "action": {"kind": "duplicate", "count": 3, "gap": 60.0}}),
        ("--protocol udp --corrupt seeded", {"match": {"protocol": "udp"}, "action": {"kind": "corrupt"}}),
        ("--corrupt=-1:7", {"action": {"kind": "corrupt", "offset": -1, "bit": 7}}),
        ("--truncate 0 --direction in", {"match": {"direction": "in"}, "action": {"kind": "truncate", "after": 0}}),
        ("--type PUBLISH --topic +/alert/# --session meter-7 --cut --phase before",
         {"match": {"type": "PUBLISH", "session": "meter-7", "topic": "+/alert/#"}, "action": {"kind": "cut"},
          "phase": "before"}),
        ("--type SUBSCRIBE --refuse 151", {"match": {"type": "SUBSCRIBE"}, "action": {"kind": "refuse", "code": 151}}),
        ("--forget-session --times 1", {"times": 1, "action": {"kind": "forget-session"}}),
        ("--stale-retained", {"action": {"kind": "stale-retained"}}),
        ("--throttle 100", {"action": {"kind": "throttle", "rate": 100}}),
        ("--half-open", {"action": {"kind": "half-open"}}),
    ],
)  # fmt: skip
def test_faults_of_messages_are_said_by_options(remote: Remote, options: str, rule: dict[str, Any]) -> None:
    assert remote("faults", "add", "--name", "one", *options.split()).out == "one\n"
    (listed,) = json.loads(remote("faults", "list", "--json").out)
    assert listed == {"name": "one", **rule, "matched": 0, "struck": 0}


def test_faults_come_from_yaml(remote: Remote, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    file = tmp_path / "plan.yaml"
    file.write_text("- name: slow\n  action: {kind: delay, seconds: 1}\n- action: {kind: drop}\n")
    assert remote("faults", "add", "--file", str(file)).out == "slow\nfault-1\n"
    file.write_text("a: b: c")
    assert "is not YAML" in remote("faults", "add", "--file", str(file)).err


def test_faults_come_from_a_file(remote: Remote, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(
        json.dumps([{"action": {"kind": "empty"}}, {"name": "slow", "action": {"kind": "delay", "seconds": 1}}])
    )
    assert remote("faults", "add", "--file", str(file)).out == "fault-1\nslow\n"
    file.write_text("{")
    assert remote("faults", "add", "--file", str(file)).code == 2
    file.write_text("[3]")
    assert remote("faults", "add", "--file", str(file)).code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--nth", "1"], "exactly one"),
        (["--reset", "--empty"], "exactly one"),
        (["--status", "200"], "400"),
        (["--reset", "--nth", "1", "--every", "2"], "one of"),
        (["--delay", "1s", "--phase", "before"], "before"),
        (["--type", "ACK", "--topic", "a", "--drop"], "type ACK goes with coap, and `topic` 'a' with mqtt"),
        (["--drop", "--protocol", "http"], "`drop` goes with coap, mqtt, udp and webhook"),
        (["--drop", "--timeout", "1s"], "--timeout goes with --reorder"),
        (["--corrupt", "1:9"], "$.action.bit"),
        ([], "by options, or in a --file"),
        (["--file", __file__, "--drop"], "by options, or in a --file"),
    ],
    ids=" ".join,
)
def test_faults_that_make_no_sense_are_refused(remote: Remote, arguments: list[str], told: str) -> None:
    result = remote("faults", "add", *arguments)
    assert result.code == 2
    assert told in " ".join(result.err.split())


def test_journal_filters_and_never_shows_a_secret(remote: Remote, served: Up) -> None:
    token = login(served)["access_token"]
    httpx.get(f"{served.url}/v1/whoami", params={"access_token": token})
    whoami(served, "bogus")
    everything = remote("journal").out
    assert token not in everything
    assert served.credentials["password"] not in everything
    refused = [json.loads(line) for line in remote("journal", "--status", "401", "--json").out.splitlines()]
    assert [entry["cause"] for entry in refused] == ["invalid-token"]
    assert remote("journal", "clear").code == 0
    assert remote("journal").out == ""


def test_token_lists_expires_and_revokes(remote: Remote, served: Up) -> None:
    token = login(served)["access_token"]
    user = served.credentials["username"]
    assert "access\tlive" in remote("token").out
    assert token not in remote("token", "list", "--json").out
    assert remote("token", "expire", "scanalytics", "--user", user).out == "1 expired\n"
    assert "has expired" in whoami(served, token).headers["www-authenticate"]
    assert remote("token", "revoke", "scanalytics", "--user", user).out == "2 revoked\n"
    assert remote("token", "revoke", "scanalytics").code == 2


def test_snapshot_carries_the_world_through_a_file(remote: Remote, served: Up, tmp_path: Path) -> None:
    token = login(served)["access_token"]
    file = tmp_path / "world.json"
    assert remote("snapshot", "save", str(file)).code == 0
    remote("clock", "advance", "25h")
    assert whoami(served, token).status_code == 401
    assert remote("snapshot", "load", str(file)).code == 0
    assert whoami(served, token).status_code == 200
    file.write_text(file.read_text().replace(token, token[::-1]))
    damaged = remote("snapshot", "load", str(file))
    assert damaged.code == 2
    assert "damaged" in damaged.err
    file.write_text("not json")
    assert remote("snapshot", "load", str(file)).code == 2
    assert whoami(served, token).status_code == 200


def test_state_is_json_without_secrets(remote: Remote, served: Up) -> None:
    out = remote("state", "scanalytics").out
    assert len(json.loads(out)["deployments"]) == 5
    assert served.credentials["password"] not in out


def test_worlds_are_apart(remote: Remote, served: Up) -> None:
    made = json.loads(remote("worlds", "create", "blue", "--seed", "3").out)
    url = made["vendors"]["scanalytics"]["url"]
    assert httpx.get(f"{url}/v1/whoami").status_code == 401
    assert remote("journal").out == ""
    assert "/v1/whoami" in remote("journal", "--world", "blue").out
    assert "blue" in remote("worlds").out
    assert remote("worlds", "create", "blue").code == 2
    assert remote("worlds", "delete", "blue").code == 0
    assert remote("worlds", "delete", "main").code == 2
    assert remote("clock", "show", "--world", "blue").code == 2


def test_doctor_and_version_say_what_is_here(remote: Remote) -> None:
    assert "vendorlab" in remote("version").out
    found = remote("doctor")
    assert found.code in (0, 1)
    assert "time zones are there" in found.out


def test_claims_are_listed_with_their_sources(remote: Remote) -> None:
    listed = json.loads(remote("claims", "scanalytics", "--json").out)
    assert {"documented", "framework", "inferred"} <= {claim["source"] for claim in listed}


def test_check_refuses_what_makes_no_sense(remote: Remote) -> None:
    assert remote("check", "nobody").code == 2
    assert remote("check", "all", "--target", "http://127.0.0.1:9").code == 2
    assert remote("check", "scanalytics", "--target", "http://127.0.0.1:9", "--profile", "modern").code == 2


def test_events_are_listed_and_happen(remote: Remote) -> None:
    listed = remote("events")
    assert (listed.code, "failure" in listed.out, "[hours]" in listed.out) == (0, True, True)
    assert {row["kind"] for row in json.loads(remote("events", "list", "slv", "--json").out)} >= {"failure", "repair"}
    result = remote("events", "happen", "slv", "failure", "controller=LP-001", "device=L00001", "hours=2")
    assert result.out == "kind=failure controller=LP-001 device=L00001 failure=LampFailure hours=2.0\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("slv", "failures"), "did you mean 'failure'?"),
        (("slv", "failure", "controller"), "FIELD=VALUE"),
        (("slv", "failure", "kind=repair"), "FIELD=VALUE"),
        (("slv", "failure", "controller=LP-001", "device=L00001", "hours=soon"), "hours"),
        (("inode", "failure"), "inode has no events"),
    ],
)
def test_event_that_makes_no_sense_is_one_clear_line(remote: Remote, arguments: tuple[str, ...], said: str) -> None:
    result = remote("events", "happen", *arguments)
    assert (result.code, said in result.err, result.err.count("\n")) == (2, True, 1)


def test_command_that_finds_nothing_tells_where_this_users_up_is(
    command: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    asked = ("clock", "show", "--control", "http://127.0.0.1:1")
    assert "Yours" not in command(*asked).err
    left = leave_state("http://127.0.0.1:17070", "made-up")
    assert "Yours is at http://127.0.0.1:17070: set VENDORLAB_CONTROL_URL." in command(*asked).err
    assert left is not None
    left.write_text(left.read_text().replace(f'"pid": {os.getpid()}', '"pid": 99999999'))
    assert "Yours" not in command(*asked).err
