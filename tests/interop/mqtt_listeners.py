"""Foreign listeners for Itron's alerts, each a program or a library as its users use it: it comes back by itself.

Each prints or keeps the payloads that it got, in order; that is all that is asked of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import aiomqtt
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

if TYPE_CHECKING:
    from collections.abc import Callable

QOS = 1

MQTT_JS = """
const mqtt = require("mqtt");
const [url, ca, username, password, topic] = process.argv.slice(1);
const client = mqtt.connect(url, {
  ca: require("fs").readFileSync(ca), username, password, clientId: "foreign", clean: false, reconnectPeriod: 100,
  keepalive: 5, protocolVersion: 4, resubscribe: false, connectTimeout: 3000, reconnectOnConnackError: true,
});
client.on("connect", () => client.subscribe(topic, {qos: 1}, () => {}));
client.on("message", (name, payload) => console.log(payload.toString("hex")));
client.on("error", () => client.stream.destroy());  // or it waits on a stream that it can no longer read
"""


class Target:
    """Where, and how to get in."""

    def __init__(self, url: str, ca: str, password: str, topic: str) -> None:
        place = urlsplit(url)
        self.url, self.ca, self.username, self.password, self.topic = url, ca, "notused", password, topic
        self.host, self.port = str(place.hostname), int(place.port or 0)


class Listener(Protocol):
    """A foreign listener."""

    def payloads(self) -> list[bytes]:
        """What it got."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Program:
    """A program that prints what it gets, line by line; one that gives up is started again, as a supervisor does."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._command, self._environment = command, environment
        self._lines: list[str] = []
        self._over = threading.Event()
        self._process = self._start()
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def _read(self) -> None:
        while True:
            with self._process as process:
                assert process.stdout is not None
                for line in process.stdout:
                    self._lines.append(line.strip())
            if self._over.wait(0.1):
                return
            self._process = self._start()

    def payloads(self) -> list[bytes]:
        """What it got."""
        return [bytes.fromhex(line) for line in list(self._lines)]

    def close(self) -> None:
        """End it."""
        self._over.set()
        while self._reading.is_alive():
            self._process.kill()
            self._reading.join(0.1)


class MosquittoSub(Program):
    """Debian's ``mosquitto_sub``. It gives up when it is refused, and where TLS is closed in good order."""

    def __init__(self, target: Target, tool: Callable[[str], str]) -> None:
        options = {
            "-h": target.host, "-p": str(target.port), "--cafile": target.ca, "-u": target.username,
            "-P": target.password, "-t": target.topic, "-q": str(QOS), "-i": "foreign", "-V": "311", "-k": "5",
            "-F": "%x",
        }  # fmt: skip
        super().__init__([tool("mosquitto_sub"), "-c", *(part for pair in options.items() for part in pair)], {})


class MqttJs(Program):
    """MQTT.js, from npm or from Debian's ``node-mqtt``."""

    def __init__(self, target: Target, tool: Callable[[str], str]) -> None:
        node = tool("node")
        paths = [os.environ.get("NODE_PATH", ""), "/usr/share/nodejs", "/usr/lib/node_modules"]
        environment = dict(os.environ) | {"NODE_PATH": os.pathsep.join(filter(None, paths))}
        probe = subprocess.run([node, "-e", 'require("mqtt")'], env=environment, capture_output=True, check=False)
        if probe.returncode:
            report = pytest.fail if os.environ.get("CI") else pytest.skip
            report("this machine has no MQTT.js (Debian's node-mqtt, or npm's mqtt in $NODE_PATH)")
        arguments = [target.url, target.ca, target.username, target.password, target.topic]
        super().__init__([node, "-e", MQTT_JS, *arguments], environment)


class Paho:
    """paho-mqtt with its network thread."""

    def __init__(self, target: Target, tool: Callable[[str], str]) -> None:
        _ = tool
        self._found: list[bytes] = []
        client: Any = paho.Client(CallbackAPIVersion.VERSION2, "foreign", clean_session=False)

        def on_connect(client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
            if not code.is_failure:
                client.subscribe(target.topic, QOS)

        def on_message(_client: Any, _data: Any, message: Any) -> None:
            self._found.append(bytes(message.payload))

        client.on_connect, client.on_message = on_connect, on_message
        client.reconnect_delay_set(1, 1)
        client.username_pw_set(target.username, target.password)
        client.tls_set(target.ca)
        client.connect_async(target.host, target.port, keepalive=5)
        client.loop_start()
        self._client = client

    def payloads(self) -> list[bytes]:
        return list(self._found)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class AioMqtt:
    """aiomqtt, on a loop in a thread, with the loop around it that its documentation recommends."""

    def __init__(self, target: Target, tool: Callable[[str], str]) -> None:
        _ = tool
        self._found: list[bytes] = []
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._listen())
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        self._loop.close()

    async def _listen(self) -> None:
        target = self._target
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                async with aiomqtt.Client(
                    target.host,
                    target.port,
                    identifier="foreign",
                    username=target.username,
                    password=target.password,
                    tls_params=aiomqtt.TLSParameters(ca_certs=target.ca),
                    clean_session=False,
                    keepalive=5,
                    timeout=2,
                ) as client:
                    await client.subscribe(target.topic, QOS)
                    async for message in client.messages:
                        self._found.append(bytes(message.payload))
            await asyncio.sleep(0.1)

    def payloads(self) -> list[bytes]:
        return list(self._found)

    def close(self) -> None:
        def cancel() -> None:
            assert self._task is not None
            self._task.cancel()

        self._loop.call_soon_threadsafe(cancel)
        self._thread.join()


LISTENERS: dict[str, Callable[[Target, Callable[[str], str]], Listener]] = {
    "mosquitto_sub": MosquittoSub,
    "paho-mqtt": Paho,
    "aiomqtt": AioMqtt,
    "MQTT.js": MqttJs,
}
