"""The profile `external-broker`, with Debian's mosquitto in the place of its image and processes in that of containers.

Broker and fake get the command, the file and the environment that the compose file gives them; just the addresses are
this machine's, and the clients are our own and mosquitto's.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.conftest import Up, start_up
from tests.containers.test_compose import resolve
from tests.mocks.support import eventually

from vendorlab.cli.env import wait
from vendorlab.clients.control import ControlClient
from vendorlab.clients.itron import Alert, AlertsClient

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from pathlib import Path

    from tests.containers.dockerfile import Stage

PAYLOAD = "1542812400,21.5,C"
MAC = "00135005000000aa"
"""Of a device that no mesh of ours has."""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


@contextmanager
def ended(process: subprocess.Popen[str]) -> Generator[subprocess.Popen[str]]:
    """A process that does not outlive the block."""
    with process:
        try:
            yield process
        finally:
            process.kill()


class Broker:
    """The service `broker`."""

    def __init__(self, service: Mapping[str, Any], tree: Path, folder: Path, tool: Callable[[str], str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])
        source, inside, _ro = service["volumes"][0].split(":")
        own, changed = re.subn(
            r"^listener 1883$", f"listener {self.port} 127.0.0.1", (tree / source).read_text(), flags=re.MULTILINE
        )
        assert changed == 1
        config = folder / "mosquitto.conf"
        config.write_text(own)
        program, *arguments = service["command"]
        self.command = [tool(program), *(str(config) if word == inside else word for word in arguments)]
        assert str(config) in self.command
        check = [word.replace("$$", "$") for word in service["healthcheck"]["test"][1:]]
        self.check = [check[0], "-h", "127.0.0.1", "-p", self.port, *check[1:]]


@pytest.fixture
def broker(compose: dict[str, Any], tree: Path, tmp_path: Path, tool: Callable[[str], str]) -> Iterator[Broker]:
    """Start the service `broker`, and wait as compose does until it is healthy."""
    tool("mosquitto_sub")
    one = Broker(compose["services"]["broker"], tree, tmp_path, tool)
    with ended(subprocess.Popen(one.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)) as process:
        assert eventually(lambda: process.poll() is not None or run(*one.check).returncode == 0)
        assert process.poll() is None, process.stdout and process.stdout.read()
        yield one


@pytest.fixture
def itron(
    compose: dict[str, Any],
    stages: Mapping[str, Stage],
    broker: Broker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Up]:
    """Start the service `itron-external`."""
    service = compose["services"]["itron-external"]
    (chosen,) = (one.text for one in stages[service["build"]["target"]].all("ENV"))
    for name in [name for name in os.environ if name.startswith("VENDORLAB_")]:
        monkeypatch.delenv(name)
    environment = dict([chosen.split("=", 1)]) | {
        name: resolve(value, {}) for name, value in service["environment"].items()
    }
    assert environment["VENDORLAB_BROKER"] == "mqtt://broker:1883"
    environment |= {
        "VENDORLAB_BROKER": f"mqtt://127.0.0.1:{broker.port}",
        "VENDORLAB_STATE": str(tmp_path / "state"),
        "VENDORLAB_KNOWN_AS": "",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    up = start_up(tmp_path)
    for name, value in up.environment.items():
        monkeypatch.setenv(name, value)
    yield up
    up.process.send_signal(signal.SIGTERM)
    out, err = up.process.communicate(timeout=10)
    assert (up.process.returncode, err) == (0, ""), out


def test_mesh_publishes_to_the_broker_that_programs_listen_at(broker: Broker, itron: Up) -> None:
    assert set(itron.ready["vendors"]) == {"itron-platform", "itron-coap", "itron-mqtt"}
    assert itron.ready["vendors"]["itron-mqtt"]["url"] == f"mqtt://127.0.0.1:{broker.port}"
    wait.main(["--timeout", "20"], standalone_mode=False)
    place = ("-h", "127.0.0.1", "-p", broker.port)
    sent = run("mosquitto_pub", *place, "-r", "-t", f"ssni/alert/{MAC}/temp", "-m", PAYLOAD)
    assert (sent.returncode, sent.stderr) == (0, "")
    listen = ["mosquitto_sub", *place, "-t", "ssni/alert/#", "-F", "%t %x", "-W", "20", "-C", "11"]
    with (
        ended(subprocess.Popen(listen, stdout=subprocess.PIPE, text=True)) as foreign,
        AlertsClient(f"mqtt://127.0.0.1:{broker.port}", username="anybody", password="any") as client,
        client.alerts(timeout=20) as alerts,
        ControlClient.from_env() as control,
    ):
        first = next(alerts)
        assert isinstance(first, Alert)
        assert (first.mac, first.payload, first.is_retained) == (MAC, PAYLOAD.encode(), True)
        assert foreign.stdout is not None
        foreign.stdout.readline()  # what was kept: from here on it hears all
        control.advance(3_600)
        heard = [one for one in islice(alerts, 10) if isinstance(one, Alert)]
        lines = foreign.stdout.read().splitlines()
    assert sorted(lines) == sorted(f"ssni/alert/{one.mac}/{one.sensor} {one.payload.hex()}" for one in heard)
    assert len(heard) == 10
