"""The programs in examples/ do on a fake what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vendorlab.cli.common import environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vendorlab.lab import Lab, VendorHandle

    Example = Callable[..., str]


@pytest.fixture
def example(tree: Path, tool: Callable[[str], str]) -> Example:
    """Run a program of examples/ with the environment of a vendor; give what it prints."""

    def run(handle: VendorHandle, address: str, program: str, *file: str) -> str:
        found = sys.executable if program == "python" else tool(program)
        env = {**os.environ, **environment(address, handle.url, handle.credentials)}
        path = tree.joinpath("examples", *file)
        done = subprocess.run([found, str(path)], env=env, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize(
    "program", [("python", "python", "with_requests.py"), ("node", "javascript", "scanalytics.mjs")], ids="/".join
)
def test_scanalytics_is_asked_and_a_refused_token_refreshed_once(
    example: Example, vendorlab: Lab, program: tuple[str, ...]
) -> None:
    vendor = vendorlab.scanalytics
    refused = {"match": {"operation": "whoami"}, "when": {"nth": 1}, "action": {"kind": "status", "status": 401}}
    vendorlab.faults.add(refused)
    printed = example(vendor, "scanalytics", *program).splitlines()
    with vendor.client() as client:
        assert printed == [client.whoami().email, f"{len(list(client.deployments()))} deployments"]
    grants = [entry.detail["grant_type"] for entry in vendorlab.journal.find(operation="token")]
    assert grants[:2] == ["password", "refresh_token"]


@pytest.mark.parametrize("program", [("python", "python", "with_httpx.py"), ("sh", "shell", "inode.sh")], ids="/".join)
def test_inode_links_are_listed(
    example: Example, inode: VendorHandle, tool: Callable[[str], str], program: tuple[str, ...]
) -> None:
    if program[0] == "sh":
        for needed in ("curl", "jq"):
            tool(needed)
    printed = example(inode, "inode", *program).splitlines()
    with inode.client() as client:
        assert printed == [f"{link.id} {link.name}" for link in client.links()]


def test_itron_devices_are_listed(example: Example, itron: VendorHandle) -> None:
    printed = example(itron, "itron-platform", "python", "python", "with_aiohttp.py").splitlines()
    with itron.client() as client:
        assert sorted(line.split()[0] for line in printed) == sorted(str(device.id) for device in client.devices())


def test_slv_gives_the_root_of_the_geozones_to_java(
    example: Example, slv: VendorHandle, tool: Callable[[str], str]
) -> None:
    tool("javac")  # java runs a source file only where the compiler is
    printed = json.loads(example(slv, "slv", "java", "java", "Slv.java"))
    with slv.client() as client:
        assert printed["name"] == client.geozone_root().name
    assert {entry.cause for entry in slv.journal.find()} == {"ok"}


def test_every_example_is_run_and_told(tree: Path) -> None:
    folder = tree / "examples"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {"README.md"}
    here = (tree / "tests" / "integration" / "test_examples.py").read_text()
    told = (folder / "README.md").read_text()
    elsewhere = ("ci/", "broker/")  # these are no programs: tests/containers holds them to what they say
    files = {name for name in files if "__pycache__" not in name and not name.startswith(elsewhere)}
    assert {name for name in files if name.rpartition("/")[2] not in here or f"]({name})" not in told} == set()
