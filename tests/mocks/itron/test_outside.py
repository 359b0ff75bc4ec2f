"""A broker of somebody else's in the place of ours: mosquitto, or amqtt's, on this machine."""

from __future__ import annotations

import gc
import logging
import socket
import subprocess
import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tests.mocks.itron.support import Caller
from tests.mocks.support import eventually

from vendorlab.mocks.core.errors import WorldError
from vendorlab.mocks.core.settings import SettingsError
from vendorlab.mocks.itron import outside, sapi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.mocks.conftest import MakeWorld

    from vendorlab.mocks.core.edges.certificates import TlsFiles
    from vendorlab.mocks.core.world import World
    from vendorlab.mocks.itron.models import Reading

FACE = "itron-mqtt"
PASSWORD = "p@ss:w/rd"


class Mosquitto:
    """Debian's broker, which asks for a password, over TLS."""

    def __init__(self, program: str, folder: Path, files: TlsFiles, stack: ExitStack) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.ca = str(files.ca)
        self._stack = stack
        passwords, config = folder / "passwords", folder / "mosquitto.conf"
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "me", PASSWORD], check=True, capture_output=True)
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\npersistence false\n"
            f"certfile {files.certificate}\nkeyfile {files.key}\nlog_dest none\n"
            + ("user root\n" if folder.owner() == "root" else "")
        )
        self._command = [program, "-c", str(config)]

    @property
    def url(self) -> str:
        return f"mqtts://me:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}?ca={quote(self.ca)}"

    def start(self) -> subprocess.Popen[bytes]:
        process = self._stack.enter_context(
            subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        self._stack.callback(process.kill)

        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        assert eventually(listens)
        return process

    def listen(self) -> list[paho.MQTTMessage]:
        """Hear everything that is published."""
        found: list[paho.MQTTMessage] = []
        subscribed = threading.Event()
        client: Any = paho.Client(CallbackAPIVersion.VERSION2, "listener", clean_session=True)
        client.username_pw_set("me", PASSWORD)
        client.tls_set(self.ca)

        def on_connect(client: Any, *_: Any) -> None:
            client.subscribe("#", 1)

        def on_subscribe(*_: Any) -> None:
            subscribed.set()

        def on_message(_client: Any, _data: Any, message: Any) -> None:
            found.append(message)

        client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        self._stack.callback(client.loop_stop)
        self._stack.callback(client.disconnect)
        assert subscribed.wait(10)
        return found


@pytest.fixture
def mosquitto(tmp_path: Path, tls_files: TlsFiles, tool: Callable[[str], str]) -> Iterator[Mosquitto]:
    with ExitStack() as stack:
        yield Mosquitto(tool("mosquitto"), tmp_path, tls_files, stack)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back without waiting long."""
    monkeypatch.setattr(outside, "BACK_OFF", (1, 1))


def accepting(world: World) -> bool:
    return all(one[2] for one in world.listeners())


def heard(world: World) -> list[Reading]:
    found: list[Reading] = []
    Caller(world).backend.estate.listen(found.append)
    return found


def test_mesh_speaks_to_the_other_broker(world_of: MakeWorld, mosquitto: Mosquitto) -> None:
    mosquitto.start()
    messages = mosquitto.listen()
    world = world_of("itron", settings={"mqtt_broker": mosquitto.url, "mqtt_qos": 1})
    assert world.listen(FACE) == f"mqtts://127.0.0.1:{mosquitto.port}"
    reported = heard(world)
    assert eventually(lambda: accepting(world))
    world.clock.advance(3_600)
    expected = {
        (f"{tree}/alert/{one.device.mac}/{one.sensor.key}", sapi.payload(one))
        for one in reported
        for tree in (one.device.tenant, "ssni")
    }
    assert eventually(lambda: len(messages) == len(expected) == 20)
    assert {(message.topic, message.payload) for message in messages} == expected
    credentials = Caller(world).vendor.broker.credentials()
    assert credentials["ca"] == mosquitto.ca
    assert PASSWORD not in repr(credentials)
    assert "username" not in credentials


def test_bridge_comes_back_and_brings_what_waited(
    world_of: MakeWorld, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "vendorlab")
    world = world_of("itron", settings={"mqtt_broker": mosquitto.url})
    world.listen(FACE)
    assert eventually(lambda: "cannot be reached" in caplog.text)
    world.clock.advance(3_600)
    assert not accepting(world)
    first = mosquitto.start()
    messages = mosquitto.listen()
    assert eventually(lambda: len(messages) == 20), "but for those that came before anybody listened"
    first.kill()
    first.wait()
    assert eventually(lambda: not accepting(world))
    world.clock.advance(3_600)
    mosquitto.start()
    assert eventually(lambda: accepting(world))
    lines = [record.getMessage() for record in caplog.records]
    assert PASSWORD not in caplog.text
    assert quote(PASSWORD, safe="") not in caplog.text
    assert len(lines) == len([line for line in lines if f"mqtts://127.0.0.1:{mosquitto.port}" in line]) <= 7, lines


def test_reset_keeps_the_bridge_at_work(world_of: MakeWorld, mosquitto: Mosquitto) -> None:
    mosquitto.start()
    messages = mosquitto.listen()
    world = world_of("itron", settings={"mqtt_broker": mosquitto.url})
    world.listen(FACE)
    assert eventually(lambda: accepting(world))
    for again in (world.reset, partial(world.restore, world.snapshot())):
        again()
        world.clock.advance(3_600)
        assert eventually(lambda: len(messages) == 20)
        messages.clear()
    world.stop()
    assert [one for one in world.clock.advance(86_400) if one.name == "itron.mesh-report"][1:] == []


def test_wrong_password_is_told_once(
    world_of: MakeWorld, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.start()
    url = mosquitto.url.replace(quote(PASSWORD, safe=""), "guess-at-it")
    world = world_of("itron", settings={"mqtt_broker": url})
    world.listen(FACE)
    assert eventually(lambda: "refuses the bridge: Not authorized" in caplog.text)
    assert "guess-at-it" not in caplog.text


@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")  # paho leaves that to the collector
def test_authority_that_does_not_vouch_for_it_is_told(
    world_of: MakeWorld, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.start()
    world = world_of("itron", settings={"mqtt_broker": mosquitto.url.partition("?")[0]})
    world.listen(FACE)
    assert eventually(lambda: "certificate verify failed" in caplog.text)
    world.stop()
    gc.collect()


def test_what_waits_is_bounded(world_of: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "MOST_WAITING", 30)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"mqtt://127.0.0.1:{silent.getsockname()[1]}"
        world = world_of("itron", settings={"mqtt_broker": url})
        world.listen(FACE)
        world.clock.advance(86_400)
        found: Any = Caller(world).vendor.broker.outside
        assert (len(found._waiting), found.lost) == (30, 24 * 20 - 30)
        world.stop()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://broker.example", ("mqtt", "broker.example", 1883, None, None, None)),
        ("mqtts://broker.example", ("mqtts", "broker.example", 8883, None, None, None)),
        ("mqtts://a%40b:c%3Ad@[::1]:1?ca=/x%20y", ("mqtts", "::1", 1, "a@b", "c:d", "/x y")),
        ("mqtt://only-a-name@broker.example/", ("mqtt", "broker.example", 1883, "only-a-name", None, None)),
    ],
)
def test_address_is_read(url: str, expected: tuple[Any, ...]) -> None:
    found = outside.target(url)
    assert tuple(found) == expected
    assert "c:d" not in found.url


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hidden@x",
        "broker.example:8883",
        "mqtts://me:hidden@",
        "mqtts://me:hidden@x:port",
        "mqtts://me:hidden@x:99999",
        "mqtts://me:hidden@x/path",
        "mqtts://me:hidden@x?cert=y",
        "mqtts://me:hidden@x?ca",
        "mqtts://me:hidden@[x",
        "mqtt://me:hidden@x?ca=y",
        "mqtt://me:hidden@x#f",
    ],
)
def test_address_that_is_none_is_refused_without_being_repeated(world_of: MakeWorld, url: str) -> None:
    with pytest.raises(SettingsError, match="`mqtt_broker` is an address such as") as told:
        world_of("itron", settings={"mqtt_broker": url}).faces()
    assert "hidden" not in str(told.value)


def test_authority_that_is_not_there_is_told(world_of: MakeWorld) -> None:
    with pytest.raises(WorldError, match=r"/nowhere/ca\.pem cannot be used"):
        world_of("itron", settings={"mqtt_broker": "mqtts://x.example?ca=/nowhere/ca.pem"}).listen(FACE)


def test_missing_library_is_told_with_its_remedy(world_of: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "paho.mqtt", None)
    with pytest.raises(WorldError, match=r"pip install 'vendorlab\[mqtt\]'"):
        world_of("itron", settings={"mqtt_broker": "mqtt://x.example"}).listen(FACE)
