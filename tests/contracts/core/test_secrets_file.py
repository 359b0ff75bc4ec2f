"""Credentials in a file: who may read it, how it is written, and that no message repeats a value."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.secrets_file import read_secrets, with_secrets

if TYPE_CHECKING:
    from pathlib import Path

NAME = "VENDORLAB_SCANALYTICS_PASSWORD"


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (f"{NAME}=hunter2", "hunter2"),
        (f"export {NAME}=hunter2", "hunter2"),
        (f"{NAME} = hunter2  # a comment", "hunter2"),
        (f"{NAME}='two words # and no comment'", "two words # and no comment"),
        (f'{NAME}="it\'s"', "it's"),
        (f"{NAME}=", ""),
        (f"{NAME}=a#b", "a#b"),
    ],
)
def test_dotenv_line_gives_its_value(tmp_path: Path, line: str, value: str) -> None:
    assert read_secrets(write(tmp_path / "mine.env", f"# mine\n\n{line}\n")) == {NAME: value}


def test_toml_gives_its_values(tmp_path: Path) -> None:
    assert read_secrets(write(tmp_path / "mine.toml", f'{NAME} = "hunter2"\n')) == {NAME: "hunter2"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601])
def test_file_that_others_may_use_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "mine.env", f"{NAME}=hunter2\n", mode)
    with pytest.raises(UsageError, match=rf"whose mode is {mode:04o}: chmod 600 .*mine\.env"):
        read_secrets(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("mine.env", f"{NAME}=hunter2 more\n", "line 1: a line is NAME=value"),
        ("mine.env", f"\n{NAME}='hunter2\n", "line 2: a line is NAME=value"),
        ("mine.env", f"{NAME}='hunter2' hunter3\n", "line 1"),
        ("mine.env", "hunter2\n", "line 1"),
        ("mine.env", "PASSWORD=hunter2\n", "PASSWORD is no variable of vendorlab"),
        ("mine.toml", f'{NAME} = "hunter2\n', "is not TOML: at line 1"),
        ("mine.toml", f"{NAME} = 5\n", f"{NAME} is no text"),
        ("mine.toml", '[scanalytics]\npassword = "hunter2"\n', "scanalytics is no text"),
    ],
)
def test_what_makes_no_sense_is_told_without_its_value(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read_secrets(write(tmp_path / name, text))
    assert "hunter" not in str(caught.value)


def test_file_that_is_not_there_or_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_secrets(tmp_path / "mine.env")
    with pytest.raises(UsageError):
        read_secrets(tmp_path)
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo, 0o600)
    writer = os.open(fifo, os.O_RDWR)
    try:
        with pytest.raises(UsageError, match="no ordinary file"):
            read_secrets(fifo)
    finally:
        os.close(writer)


def test_file_outranks_the_environment(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.env", f"{NAME}=new\n")
    assert with_secrets({NAME: "old", "LANG": "C"}, path) == {NAME: "new", "LANG": "C"}
    assert with_secrets({NAME: "old"}, None) == {NAME: "old"}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029'")))
def test_any_value_in_quotes_comes_back(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    path = write(tmp_path_factory.getbasetemp() / "any.env", f"{NAME}='{value}'\n")
    assert read_secrets(path) == {NAME: value}


@given(st.text())
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.env"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    path.chmod(0o600)
    try:
        assert all(name.startswith("VENDORLAB_") for name in read_secrets(path))
    except UsageError as error:
        found = str(error)
        if str(path) not in found:
            raise
