"""``vendorlab up``: what it says, writes and leaves, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.cli.conftest import Up, start_up

from vendorlab.cli.banner import _try, banner
from vendorlab.cli.common import state_file
from vendorlab.mocks.registry import ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Result


def test_ready_file_has_addresses_and_credentials_as_promised(served: Up) -> None:
    assert set(served.ready) == {"control", "vendors"}
    assert set(served.ready["control"]) == {"url", "token"}
    assert {"username", "password", "client_id", "confidential_client_id", "confidential_client_secret"} <= set(
        served.credentials
    )
    assert httpx.get(f"{served.url}/v1/whoami").status_code == 401


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_signal_ends_up_at_once_and_takes_its_files_away(tmp_path: Path, number: int, code: int) -> None:
    up = start_up(tmp_path)
    left = state_file(int(up.ready["control"]["url"].rsplit(":", 1)[1]))
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    began = time.monotonic()
    up.process.send_signal(number)
    _, err = up.process.communicate(timeout=5)
    assert (up.process.returncode, err) == (code, "")
    assert time.monotonic() - began < 2
    assert not (tmp_path / "ready.json").exists()
    assert not left.exists()


def test_killed_up_goes_on_with_what_it_had_acknowledged(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    up = start_up(tmp_path, "scanalytics", *state)
    known = up.credentials
    form = {"grant_type": "password"} | {key: known[key] for key in ("username", "password", "client_id")}
    token = httpx.post(f"{up.url}/o/token/", data=form).json()["access_token"]
    _kill(up)
    (tmp_path / "ready.json").unlink()
    again = start_up(tmp_path, "scanalytics", *state)
    assert again.credentials == known
    assert httpx.get(f"{again.url}/v1/whoami", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    _kill(again)


def test_seed_that_is_not_the_kept_worlds_is_refused_with_the_remedy(
    tmp_path: Path, command: Callable[..., Result]
) -> None:
    _kill(start_up(tmp_path, "scanalytics", "--state", str(tmp_path / "state"), "--seed", "5"))
    refused = command("up", "scanalytics", "--port", "0", "--state", str(tmp_path / "state"), "--seed", "6")
    assert refused.code == 2
    assert "holds a world of seed 5; leave out --seed" in refused.err


def test_state_folder_in_use_or_foreign_is_refused_in_one_line(tmp_path: Path, command: Callable[..., Result]) -> None:
    up = start_up(tmp_path, "scanalytics", "--state", str(tmp_path / "state"))
    refused = command("up", "scanalytics", "--port", "0", "--state", str(tmp_path / "state"))
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "in use by another vendorlab" in refused.err
    _kill(up)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "world.sqlite3").write_text("mine")
    refused = command("up", "scanalytics", "--port", "0", "--state", str(tmp_path / "other"))
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "is not a vendorlab state file" in refused.err


@pytest.mark.parametrize("address", [one.name for one in ADDRESSES if one.name != "itron-mqtt"])
def test_first_line_that_is_shown_works_as_it_stands(
    served: Up, remote: Callable[..., Result], address: str, tool: Callable[[str], str]
) -> None:
    line = _try(address, served.ready["vendors"][address])
    tool("coap-client-notls" if address == "itron-coap" else "curl")
    done = subprocess.run(["sh", "-c", line], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("</") if address == "itron-coap" else json.loads(done.stdout)
    answered = [json.loads(line) for line in remote("journal", "--json").out.splitlines()]
    assert {entry["status"] for entry in answered} == {205 if address == "itron-coap" else 200}


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_what_is_shown_at_the_start_can_be_typed(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.setenv("COLUMNS", "200")
    known = {"devices": ["0013500a", "0013500b"]}
    vendors = {"itron-coap": {"url": "coap://127.0.0.1:5683", "credentials": known}}
    banner({"control": {"url": "http://127.0.0.1:7070", "token": "t"}, "vendors": vendors})
    shown = capsys.readouterr().out
    assert "0013500a,0013500b" in shown
    assert ("vendorlab env itron-coap" in shown) == terminal


def _kill(up: Up) -> None:
    up.process.kill()
    up.process.communicate(timeout=5)


def test_up_ends_at_once_while_somebody_waits_for_the_journal(tmp_path: Path) -> None:
    up = start_up(tmp_path)
    control = up.ready["control"]
    asking = "import httpx, sys; httpx.get(sys.argv[1], headers={'Authorization': sys.argv[2]}, timeout=60)"
    address, bearer = f"{control['url']}/journal/wait?timeout=50", f"Bearer {control['token']}"
    waiting = subprocess.Popen(
        [sys.executable, "-c", asking, address, bearer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(headers={"Authorization": f"Bearer {control['token']}"}) as client:
            client.get(f"{control['url']}/clock").raise_for_status()
        up.process.send_signal(signal.SIGTERM)
        up.process.communicate(timeout=5)
        assert up.process.returncode == 0
    finally:
        waiting.kill()
        waiting.wait()


def test_port_in_use_is_one_line_and_code_2(command: Callable[..., Result]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = command("up", "--port-base", str(port))
    assert result.code == 2
    # somebody else may have one of those beside it
    told = " ".join(result.err.split())
    assert any(f"port {one} " in told for one in range(port, port + len(ADDRESSES) + 1))
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody"], "nobody"),
        (["--port", "0", "--port-base", "9000"], "exclude each other"),
        (["--port", "7"], "7"),
        (["--profile", "scanalytics=ancient", "--port", "0"], "legacy, modern"),
        (["--profile", "scanalytics", "--port", "0"], "VENDOR=NAME"),
        (["--set", "scanalytics.refresh_grac=1", "--port", "0"], "refresh_grace"),
        (["--set", "scanalytics.refresh_grace=soon", "--port", "0"], "refresh_grace"),
        (["--set", "editing=true", "--port", "0"], "VENDOR.KEY=VALUE"),
        (["--set", "nobody.editing=true", "--port", "0"], "nobody"),
        (["--start", "yesterday", "--port", "0"], "yesterday"),
        (["--rate", "-1", "--port", "0"], "rate"),
        (["--seed", "-1"], "-1"),
        (["--frobnicate"], "--frobnicate"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else None,  # pyright: ignore[reportUnknownArgumentType]
)
def test_wrong_use_is_told_and_ends_with_2(command: Callable[..., Result], arguments: list[str], told: str) -> None:
    result = command("up", *arguments)
    assert result.code == 2
    assert told in " ".join(result.err.split())
    assert "Traceback" not in result.err


def test_options_reach_the_world(tmp_path: Path) -> None:
    up = start_up(
        tmp_path, "scanalytics", "--seed", "7", "--start", "2018-03-08T22:45:00Z", "--rate", "0",
        "--profile", "scanalytics=modern", "--set", "scanalytics.minute_limit=2",
    )  # fmt: skip
    try:
        form = {"grant_type": "password", "username": up.credentials["username"], "password": "wrong"}
        refused = httpx.post(f"{up.url}/o/token/", data=form | {"client_id": up.credentials["client_id"]})
        assert refused.status_code == 400  # modern
        assert refused.headers["date"] == "Thu, 08 Mar 2018 22:45:00 GMT"
        token = httpx.post(
            f"{up.url}/o/token/",
            data=form | {"client_id": up.credentials["client_id"], "password": up.credentials["password"]},
        ).json()["access_token"]
        statuses = [
            httpx.get(f"{up.url}/v1/whoami", headers={"Authorization": f"Bearer {token}"}).status_code for _ in range(3)
        ]
        assert statuses == [200, 200, 429]
    finally:
        up.process.kill()
        up.process.communicate()


def test_same_seed_gives_the_same_credentials(tmp_path: Path, served: Up) -> None:
    again = start_up(tmp_path, "--seed", "0")
    again.process.kill()
    again.process.communicate()
    assert again.credentials == served.credentials


def test_exchanges_are_printed_as_json_when_asked_for(tmp_path: Path) -> None:
    up = start_up(tmp_path, "--verbose", "--log-format", "json")
    httpx.get(f"{up.url}/v1/whoami")
    assert up.process.stdout is not None
    up_line, entry = (json.loads(up.process.stdout.readline()) for _ in range(2))
    up.process.send_signal(signal.SIGTERM)
    up.process.communicate(timeout=5)
    assert up_line["event"] == "up"
    assert (entry["operation"], entry["status"], entry["cause"]) == ("whoami", 401, "no-credentials")


def test_ready_file_that_cannot_be_written_is_told(command: Callable[..., Result], tmp_path: Path) -> None:
    result = command("up", "--port", "0", "--ready-file", str(tmp_path / "nowhere" / "ready.json"))
    assert result.code == 2
    assert "ready file" in result.err


def test_env_prints_lines_that_a_shell_takes(remote: Callable[..., Result], served: Up) -> None:
    result = remote("env", "scanalytics")
    assert result.code == 0
    shell = subprocess.run(
        ["sh", "-c", f'{result.out}\nprintf %s "$VENDORLAB_SCANALYTICS_PASSWORD"'],
        capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert shell.stdout == served.credentials["password"]
    unset = remote("env", "scanalytics", "--unset")
    assert "unset VENDORLAB_SCANALYTICS_URL\n" in unset.out
    assert "VENDORLAB_CONTROL_TOKEN" in remote("env", "control").out


def test_commands_without_a_running_up_name_the_remedy(
    command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDORLAB_CONTROL_URL", "http://127.0.0.1:9")
    result = command("clock")
    assert result.code == 2
    assert "vendorlab up" in " ".join(result.err.split())


def test_wrong_token_is_refused(remote: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDORLAB_CONTROL_TOKEN", "guess")
    result = remote("clock")
    assert result.code == 2
    assert "Not authenticated" in result.err


def test_wait_returns_when_all_listens_and_gives_up_when_nothing_does(
    remote: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remote("wait", "--timeout", "5").code == 0
    monkeypatch.setenv("VENDORLAB_CONTROL_URL", "http://127.0.0.1:9")
    result = remote("wait", "--timeout", "0")
    assert result.code == 2
    assert "not up" in result.err
