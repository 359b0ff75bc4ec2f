"""``vendorlab env`` in every form, each read by what it is for, and ``vendorlab wait`` for a file."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.cli import env as module
from vendorlab.cli.common import UsageFailure, environment_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Result, Up

NASTY = 'it\'s $HOME "`x`" \\ #1; & =é'


def ready(folder: Path, secret: str = NASTY) -> Path:
    """A ready file whose password is hard to quote."""
    found: dict[str, Any] = {
        "control": {"url": "http://127.0.0.1:9", "token": "t"},
        "vendors": {"slv": {"url": "http://127.0.0.1:8", "credentials": {"username": "ada", "password": secret}}},
    }
    path = folder / "ready.json"
    path.write_text(json.dumps(found))
    return path


def test_all_of_it_is_what_a_program_under_run_gets(remote: Callable[..., Result], served: Up) -> None:
    assert json.loads(remote("env", "--format", "json", "all").out) == environment_of(served.ready)


def test_ready_file_gives_the_same_as_the_control_api(command: Callable[..., Result], tmp_path: Path) -> None:
    told = command("env", "--format", "json", "--ready-file", str(ready(tmp_path)), "slv")
    assert json.loads(told.out) == {
        "VENDORLAB_SLV_URL": "http://127.0.0.1:8",
        "VENDORLAB_SLV_USERNAME": "ada",
        "VENDORLAB_SLV_PASSWORD": NASTY,
    }


def test_vendor_with_several_addresses_is_named_whole_or_one_by_one(
    command: Callable[..., Result], tmp_path: Path
) -> None:
    places = ("itron-platform", "itron-mqtt")
    addresses: dict[str, Any] = {name: {"url": f"http://127.0.0.1/{name}", "credentials": {}} for name in places}
    path = tmp_path / "ready.json"
    path.write_text(json.dumps({"control": {"url": "http://127.0.0.1:9", "token": "t"}, "vendors": addresses}))

    def told(vendor: str) -> set[str]:
        return set(json.loads(command("env", "--format", "json", "--ready-file", str(path), vendor).out))

    assert told("itron") == {"VENDORLAB_ITRON_PLATFORM_URL", "VENDORLAB_ITRON_MQTT_URL"}
    assert told("itron-mqtt") == {"VENDORLAB_ITRON_MQTT_URL"}


@pytest.mark.parametrize("shell", ["sh", "bash", "fish"])
def test_shell_reads_back_what_was_meant(command: Callable[..., Result], tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"this machine has no {shell}")
    form = "fish" if shell == "fish" else "sh"
    told = command("env", "--format", form, "--ready-file", str(ready(tmp_path)), "slv").out
    done = subprocess.run(
        [shell, "-c", f'{told}\nprintf %s "$VENDORLAB_SLV_PASSWORD"'], capture_output=True, text=True, check=True
    )
    assert done.stdout == NASTY


def fish_reads(text: str) -> str:
    """What fish makes of a single-quoted text: a backslash means something before a quote or another only."""
    assert text[0] == text[-1] == "'"
    plain, inner = "", iter(text[1:-1])
    for character in inner:
        assert character != "'"
        plain += next(inner) if character == "\\" else character
    return plain


def dotenv_reads(text: str) -> str:
    """What dotenv readers make of a quoted value."""
    if text[0] == "'":
        assert "'" not in text[1:-1]
        return text[1:-1]
    plain, inner = "", iter(text[1:-1])
    for character in inner:
        assert character != '"'
        following = next(inner) if character == "\\" else character
        plain += "\n" if character == "\\" and following == "n" else following
    return plain


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")))
def test_quoted_text_is_read_back_as_it_was(text: str) -> None:
    assert fish_reads(module._fish(text)) == text
    assert dotenv_reads(module._dotenv(text)) == text


def test_docker_lines_are_bare_and_a_line_break_is_refused(command: Callable[..., Result], tmp_path: Path) -> None:
    told = command("env", "--format", "docker", "--ready-file", str(ready(tmp_path)), "slv").out
    assert f"VENDORLAB_SLV_PASSWORD={NASTY}\n" in told
    refused = command("env", "--format", "docker", "--ready-file", str(ready(tmp_path, "a\nb")), "slv")
    assert (refused.code, "another --format" in refused.err) == (2, True)
    with pytest.raises(UsageFailure):
        module._docker("\n")


def test_variables_are_taken_away_in_shells_only(command: Callable[..., Result], tmp_path: Path) -> None:
    file = str(ready(tmp_path))
    assert (
        "set -e VENDORLAB_SLV_URL\n" in command("env", "--format", "fish", "--unset", "--ready-file", file, "slv").out
    )
    assert command("env", "--format", "json", "--unset", "--ready-file", file, "slv").code == 2


def test_what_is_not_there_is_told(command: Callable[..., Result], tmp_path: Path) -> None:
    assert "vendorlab up inode" in command("env", "--ready-file", str(ready(tmp_path)), "inode").err
    (tmp_path / "other.json").write_text("{}")
    assert "not a ready file" in command("env", "--ready-file", str(tmp_path / "other.json"), "slv").err


def test_wait_for_a_file_asks_the_control_api_that_it_names(
    remote: Callable[..., Result], served: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VENDORLAB_CONTROL_URL")
    file = tmp_path / "served.json"
    late = remote("wait", "--timeout", "0", "--ready-file", str(file))
    assert (late.code, "there is no" in late.err) == (2, True)
    file.write_text(json.dumps(served.ready))
    assert remote("wait", "--timeout", "5", "--ready-file", str(file)).code == 0
    dead = remote("wait", "--timeout", "0", "--ready-file", str(ready(tmp_path)))
    assert (dead.code, "not up after 0 seconds" in dead.err) == (2, True)
