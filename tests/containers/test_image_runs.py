"""The image, built from the Dockerfile's own steps in a fresh root file system, and run as strictly as compose runs it.

Needs root, for namespaces, and Debian's mmdebstrap; and the package index, for pip.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
from filelock import FileLock
from tests.containers.engine import Builder, Container, Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.containers.dockerfile import Stage

TOKEN = "a-token-of-my-own"
ASK = """
import sys, urllib.error, urllib.request
url, *headers = sys.argv[1:]
request = urllib.request.Request(url, headers=dict(header.split(": ", 1) for header in headers))
try:
    with urllib.request.urlopen(request, timeout=5) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("VENDORLAB_TEST_IMAGE"),
        reason="building the image takes root, minutes and a quarter of a gigabyte: set VENDORLAB_TEST_IMAGE=1",
    ),
]


@pytest.fixture(scope="session")
def image(
    tree: Path, stages: Mapping[str, Stage], tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]
) -> Image:
    """Build the image that has all vendors."""
    for name in ("mmdebstrap", "unshare", "nsenter"):
        tool(name)
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own  # built once, whoever is first
    work, told = shared / "image", shared / "image.json"
    with FileLock(shared / "image.lock"):
        if not told.exists():
            shutil.rmtree(work, ignore_errors=True)  # of a build that failed
            work.mkdir()
            built = Builder(stages, tree, work).build("all")
            for other in work.iterdir():  # stages are a gigabyte, and pytest keeps the folders of three runs
                if other != built.root:
                    shutil.rmtree(other)
            told.write_bytes(msgspec.json.encode(built, enc_hook=str))
    return msgspec.json.decode(told.read_bytes(), type=Image, dec_hook=lambda kind, text: kind(text))


@pytest.fixture
def start(image: Image, tmp_path: Path) -> Iterator[Callable[..., Container]]:
    """Give a function that starts a container on one volume."""
    started: list[Container] = []

    def run(*arguments: str, **env: str) -> Container:
        started.append(Container(image, tmp_path / "volume", *arguments, env=env))
        return started[-1]

    yield run
    for container in started:
        container.kill()


@pytest.fixture(scope="module")
def running(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """Start a container that nobody changes; it is healthy."""
    container = Container(image, tmp_path_factory.mktemp("running") / "volume")
    try:
        assert container.wait_healthy() < 30
        yield container
    finally:
        container.kill()


def ask(container: Container, url: str, *headers: str) -> tuple[int, str]:
    """GET from beside the container: on its network, with this machine's Python."""
    done = container.run(sys.executable, "-c", ASK, url, *headers, inside=False)
    status, _, body = done.stdout.partition(" ")
    return int(status), body


def test_container_runs_as_nobody(running: Container) -> None:
    assert running.run("id", "-u").stdout == "10001\n"
    status = running.run("cat", "/proc/1/status").stdout
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status


def test_container_writes_to_its_volume_and_nowhere_else(running: Container) -> None:
    for place in ("/opt/vendorlab", "/etc", "/", "/usr"):
        assert running.run("touch", f"{place}/mine").returncode != 0
    assert "Read-only file system" in running.run("touch", "/etc/mine").stderr
    assert {path.name for path in (running.volume / "state").iterdir()} >= {"world.sqlite3", "tls"}


def test_container_demands_its_token_and_takes_only_its_names(start: Callable[..., Container]) -> None:
    container = start(VENDORLAB_CONTROL_TOKEN=TOKEN, VENDORLAB_KNOWN_AS="vendorlab localhost")
    container.wait_healthy()
    control = "http://127.0.0.1:7070"
    assert ask(container, f"{control}/clock")[0] == 401
    assert ask(container, f"{control}/clock", f"Authorization: Bearer {TOKEN}", "Host: vendorlab:7070")[0] == 200
    assert ask(container, f"{control}/clock", f"Authorization: Bearer {TOKEN}", "Host: rebound.example")[0] == 403
    told = json.loads(ask(container, f"{control}/vendors", f"Authorization: Bearer {TOKEN}")[1])
    assert told["inode"]["url"] == "http://vendorlab:7072"
    assert told["itron-mqtt"]["url"] == "mqtts://vendorlab:8883"
    assert ask(container, "http://127.0.0.1:7071/v1/whoami")[0] == 401


def test_container_is_killed_its_state_goes_on_and_the_next_ends_at_once(
    start: Callable[..., Container],
) -> None:
    first = start(VENDORLAB_SEED="7")
    first.wait_healthy()
    assert first.run("vendorlab", "clock", "advance", "5d").returncode == 0
    told = first.run("vendorlab", "clock").stdout  # by the token that `up` left for its user
    assert first.stop(signal.SIGKILL)[0] != 0
    again = start(VENDORLAB_SEED="7")
    again.wait_healthy()
    assert told.split("T")[0] in again.run("vendorlab", "clock").stdout
    code, seconds, out = again.stop()
    assert (code, seconds < 1) == (0, True)
    assert "Streetlight.Vision API: http://127.0.0.1:7074" in out


def test_arguments_are_the_commands(start: Callable[..., Container]) -> None:
    code, out = start("version").finish()
    assert (code, out.startswith("vendorlab ")) == (0, True)
    code, out = start("up", "nobody").finish()
    assert (code, "nobody" in out) == (2, True)
    container = start("up", "scanalytics", "--log-format", "json")
    container.wait_healthy()
    assert ask(container, "http://127.0.0.1:7071/v1/whoami")[0] == 401
    assert set(json.loads(container.stop(signal.SIGINT)[2])["vendors"]) == {"scanalytics"}


def test_container_has_what_every_vendor_and_every_check_needs(running: Container) -> None:
    done = running.run("vendorlab", "claims", "scanalytics")
    assert (done.returncode, "scanalytics." in done.stdout) == (0, True)
    needed = "import aiocoap, amqtt, cryptography, numpy, paho.mqtt, pytest, schemathesis, uvloop, websockets"
    assert running.run("/opt/vendorlab/bin/python", "-c", needed).stderr == ""


def test_image_holds_no_tool_that_made_it(image: Image) -> None:
    site = next((image.root / "opt/vendorlab/lib").glob("python3*/site-packages"))
    assert (site / "vendorlab" / "mocks" / "core").is_dir()
    assert not (site / "pip").exists()
    assert not (image.root / "wheel").exists()
    size = subprocess.run(["du", "-sm", image.root / "opt"], capture_output=True, text=True, check=True).stdout
    assert int(size.split()[0]) < 300
