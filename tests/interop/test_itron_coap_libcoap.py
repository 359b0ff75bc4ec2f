"""libcoap's client through the gateway, by both ways to name a device behind a proxy."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, cast

import pytest

from vendorlab.mocks import registry
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vendorlab.mocks.core.journal import Entry
    from vendorlab.mocks.itron.app import Itron

PATIENCE = 30.0
PROXY_URI, PROXY_SCHEME = "Proxy-Uri", "Proxy-Scheme"
TEMP, ECHO = "/snsr/arduino/temp", "/snsr/arduino/echo"
LINKS = b'</sys>;if="sys";title="System";ct=42;rev=1;,</arduino>;if="arduino";title="Arduino Sensors";ct=42;,'

pytestmark = pytest.mark.slow


class Tool:
    """``coap-client-notls`` with a source port of its own, so that every call is of one session."""

    def __init__(self, program: str, tmp_path: Path, **settings: object) -> None:
        # With Proxy-Scheme it always calls port 5683, so each test process has an address of its own in 127/8.
        number = os.getpid()
        host = f"127.{83 + (number >> 14 & 0x7F)}.{number >> 7 & 0x7F}.{1 + (number & 0x7F)}"
        options = WorldOptions(seed=7, host=host, settings={"itron": settings})
        self.world = World(registry.factories(["itron"]), options)
        self.url = self.world.listen("itron-coap", 5683)
        self.vendor = cast("Itron", self.world.vendor("itron"))
        self.host = f"SSN{self.vendor.coap_credentials()['devices'][0]}.SG.YEL01.SSN.SSNSGS.NET"
        self._program = program
        self._token = tmp_path / "token"
        # Ephemeral ports begin far above.
        self._port = str(20_000 + number % 10_000)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [self._program, "-p", self._port, "-B", "5", *arguments]
        return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)

    def open(self) -> None:
        tenant = self.vendor.backend.estate.tenants[0]
        self._token.write_text(self.vendor.backend.token(tenant.client_id, tenant.client_secret))
        self.run("-m", "post", "-t", "text/plain", "-f", str(self._token), f"{self.url}/sessions")

    def ask(self, way: str, path: str, *arguments: str) -> bytes:
        """What it prints; a diagnostic text goes to the other stream."""
        if way == PROXY_URI:
            done = self.run(*arguments, "-P", self.url, f"coap://{self.host}:4849{path}")
        else:
            named = ["-U", "-O", "39,coap", "-O", f"3,{self.host}", "-O", f"7,0x{4849:04x}"]
            done = self.run(*arguments, *named, f"{self.url}{path}")
        return (done.stdout or done.stderr).strip()

    @property
    def last(self) -> Entry:
        return self.world.journal.find(protocol="coap")[-1]


@pytest.fixture
def client(tool: Callable[[str], str], tmp_path: Path) -> Iterator[Tool]:
    made = Tool(tool("coap-client-notls"), tmp_path, mesh_frequency=1)
    made.open()
    yield made
    made.world.stop()


@pytest.fixture(params=[PROXY_URI, PROXY_SCHEME])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_session_is_opened_and_closed(client: Tool) -> None:
    assert (client.last.operation, client.last.status) == ("session.open", 201)
    client.run("-m", "delete", f"{client.url}/sessions")
    assert (client.last.operation, client.last.status) == ("session.close", 202)
    assert client.ask(PROXY_URI, f"{TEMP}?sens").startswith(b"4.01")


def test_gateway_is_discovered(client: Tool) -> None:
    assert client.run(f"{client.url}/.well-known/core").stdout.strip() == b'</sessions>;title="Sessions"'


def test_get(client: Tool, way: str) -> None:
    answer = client.ask(way, f"{TEMP}?sens")
    assert answer.startswith(b"\xa2\x00dtemp\x01")
    assert answer.endswith(b",F")
    assert client.ask(way, "/").startswith(b"Milli5")


def test_put(client: Tool, way: str) -> None:
    client.ask(way, f"{TEMP}?cfg=C", "-m", "put", "-e", "ignored")
    assert client.last.status == 204
    assert client.ask(way, f"{TEMP}?cfg").endswith(b",C")


def test_non_confirmable(client: Tool, way: str) -> None:
    assert client.ask(way, f"{ECHO}?sens", "-N").endswith(b"Hello World: 1")
    assert client.ask(way, f"{ECHO}?sens", "-N").endswith(b"Hello World: 2")
    assert client.last.detail["type"] == "NON"


def test_observation(client: Tool, way: str) -> None:
    answer = client.ask(way, f"{TEMP}?sens", "-s", "3", "-N")
    assert answer.count(b"dtemp") >= 2, "notifications came; the registration has no value"
    assert client.world.journal.wait_for(operation="observe.cancel"), "its last datagram may come after its end"
    operations = [entry.operation for entry in client.world.journal.find(protocol="coap")]
    assert operations.count("notify") >= 2


@pytest.mark.parametrize("size", ["16", "64", "128", "1024"])
def test_blocks(client: Tool, way: str, size: str) -> None:
    assert client.ask(way, "/snsr/.well-known/core", "-b", size) == LINKS


def test_hop_limit(client: Tool) -> None:
    assert client.ask(PROXY_URI, f"{TEMP}?sens", "-H", "1").startswith(b"5.08")
    assert client.ask(PROXY_URI, f"{TEMP}?sens", "-H", "2").endswith(b",F")


def test_option_124_without_a_value(client: Tool, way: str) -> None:
    assert client.ask(way, f"{TEMP}?sens", "-O", "124,").endswith(b",F")


def test_option_124_with_a_value_is_answered_with_one_that_libcoap_has_to_refuse(client: Tool) -> None:
    """189 is critical, and libcoap does not know it (RFC 7252, section 5.4.1)."""
    refused = client.ask(PROXY_URI, f"{TEMP}?sens", "-O", "124,0x01", "-B", "1", "-v", "7")
    assert b"unknown critical option 189" in refused
    assert client.last.status == 205


def test_option_124_with_a_value_where_the_gateway_does_not_answer_it(
    tool: Callable[[str], str], tmp_path: Path, way: str
) -> None:
    client = Tool(tool("coap-client-notls"), tmp_path, coap_endpoint_ids=False)
    client.open()
    assert client.ask(way, f"{TEMP}?sens", "-O", "124,0x01").endswith(b",F")
    client.world.stop()


def test_token(client: Tool, way: str) -> None:
    assert client.ask(way, f"{TEMP}?sens", "-T", "cafe").endswith(b",F")
    assert bytes.fromhex(client.last.detail["token"]) in (b"cafe", b"caff"), "libcoap counts on from the token"


@pytest.mark.parametrize(
    ("host", "told"), [("SSN0013500500000000.SG.YEL01.SSN.SSNSGS.NET", b"5.02"), ("nowhere.example", b"5.02")]
)
def test_refusals_carry_their_text(client: Tool, way: str, host: str, told: bytes) -> None:
    client.host = host
    assert client.ask(way, f"{TEMP}?sens").startswith(told)


def test_slow_device_is_waited_for(client: Tool, way: str) -> None:
    client.vendor.backend.mesh.sleep(client.host[3:19].lower(), 2)
    began = time.monotonic()
    assert client.ask(way, f"{TEMP}?sens", "-B", "20").endswith(b",F")
    assert time.monotonic() - began > 1


def test_device_that_loses_half_of_everything_is_read_in_the_end(client: Tool, way: str) -> None:
    client.world.faults.add({
        "match": {"protocol": "coap", "direction": "out"}, "when": {"nth": 1, "per": "exchange"},
        "action": {"kind": "drop"},
    })  # fmt: skip
    assert client.ask(way, f"{ECHO}?sens", "-B", "20").endswith(b": 1"), "executed once"
