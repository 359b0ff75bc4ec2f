"""The Dockerfile, read: what a linter says of it, and what we promise of every target."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.containers.dockerfile import Stage, chain, parse

from vendorlab.mocks.registry import ADDRESSES, CONTROL_PORT, vendors

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGETS = [*vendors(), "all"]


def of(stages: Mapping[str, Stage], target: str, name: str) -> list[str]:
    """What the instructions of a name say in a target and what it stands on, in order."""
    return [one.text for stage in chain(stages, target) for one in stage.all(name)]


def ports(target: str) -> set[str]:
    """What a target has to expose."""
    own = [one for one in ADDRESSES if target in ("all", one.vendor)]
    return {str(CONTROL_PORT)} | {f"{one.port}/udp" if one.udp else str(one.port) for one in own}


def test_linter_has_nothing_to_say(tree: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, tree / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_linter_would_say_something(tree: Path, tmp_path: Path) -> None:
    worse = (tree / "Dockerfile").read_text().replace("USER 10001:10001", "USER root")
    (tmp_path / "Dockerfile").write_text(worse)
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, tmp_path / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, "DL3002" in done.stdout) == (1, True)


def test_there_is_a_target_for_each_vendor_and_the_last_has_all(stages: Mapping[str, Stage]) -> None:
    assert set(TARGETS) <= set(stages)
    assert list(stages)[-1] == "all"


def test_base_is_pinned_to_a_patch_and_may_be_named_by_digest(tree: Path, stages: Mapping[str, Stage]) -> None:
    bases = {stage.base for stage in stages.values() if stage.base not in stages}
    assert len(bases) == 1
    base = bases.pop()
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", base)
    text = (tree / "Dockerfile").read_text()
    assert text.count("python:") == 1, "a newer base is a change of one line"
    digest = f"{base.partition('@')[0]}@sha256:{'0' * 64}"
    pinned = text.replace(f"ARG PYTHON={base}\n", f"ARG PYTHON={digest}\n")
    assert {stage.base for stage in parse(pinned).values()} - set(stages) == {digest}


@pytest.mark.parametrize("target", TARGETS)
def test_target_runs_the_command_as_nobody_with_a_check_and_its_own_ports(
    stages: Mapping[str, Stage], target: str
) -> None:
    assert of(stages, target, "USER")[-1] == "10001:10001"
    assert of(stages, target, "ENTRYPOINT") == ['["vendorlab"]']
    assert of(stages, target, "CMD") == ['["up"]']
    assert of(stages, target, "VOLUME") == ["/var/lib/vendorlab"]
    assert of(stages, target, "HEALTHCHECK")[-1].startswith('CMD ["vendorlab", "wait"')
    assert set(of(stages, target, "EXPOSE")[-1].split()) == ports(target)
    chosen = [text for text in of(stages, target, "ENV") if "VENDORLAB_VENDORS" in text]
    assert chosen == ([] if target == "all" else [f"VENDORLAB_VENDORS={target}"])


@pytest.mark.parametrize("target", TARGETS)
def test_target_listens_beyond_loopback_only_because_it_says_so_and_brings_no_token(
    stages: Mapping[str, Stage], target: str
) -> None:
    said = " ".join(of(stages, target, "ENV"))
    assert "VENDORLAB_HOST=0.0.0.0" in said
    assert "TOKEN" not in said


def test_build_sees_what_the_wheel_is_made_of_and_nothing_else(tree: Path, stages: Mapping[str, Stage]) -> None:
    lines = [line for line in (tree / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        source
        for stage in stages.values()
        for one in stage.all("COPY")
        if "from" not in one.flags
        for source in one.words[:-1]
    }
    assert let_in == copied
    assert [name for name in copied if not (tree / name).exists()] == []


def test_reader_joins_lines_and_tells_stages_apart() -> None:
    text = "ARG A=b:1\n# no\nFROM ${A} AS one\nRUN x \\\n # no\n && y\nFROM one AS two\nCOPY --from=one /a /b\n"
    read = parse(text)
    assert [(stage.name, stage.base) for stage in read.values()] == [("one", "b:1"), ("two", "one")]
    assert read["one"].all("RUN")[0].text == "x && y"
    assert (read["two"].all("COPY")[0].flags, read["two"].all("COPY")[0].words) == ({"from": "one"}, ["/a", "/b"])
    assert [stage.name for stage in chain(read, "two")] == ["one", "two"]
