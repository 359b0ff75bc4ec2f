"""Foreign listeners for Itron's alerts, each a program or a library as its users use it: it comes back by itself.

Each prints or keeps the payloads that it got, in order; that is all that is asked of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
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
  keepalive: 5, protocolVersion: 4, resubscribe: false, connectTimeout: 3000,
});
client.on("connect", () => client.subscribe(topic, {qos: 1}, () => {}));
client.on("message", (name, payload) => console.log(JSON.stringify([name, payload.toString("hex")])));
client.on("error", (error) => console.error(error.message));
process.stdin.resume();
process.stdin.on("end", () => client.end(true, () => process.exit(0)));
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


class MosquittoSub:
    """Debian's ``mosquitto_sub``."""

    def __init__(self, target: Target, tool: Callable[[str], str]) -> None:
        self._process = subprocess.Popen(
            [
                tool("mosquitto_sub"), "-h", target.host, "-p", str(target.port), "--cafile", target.ca,
                "-u", target.username, "-P", target.password, "-t", target.topic,
                "-q", str(QOS), "-c", "-i", "foreign", "-V", "311", "-k", "5", "-F", "%x",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        self._lines: list[str] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.strip())

    def payloads(self) -> list[bytes]:
        return [bytes.fromhex(line) for line in list(self._lines)]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reading.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


class MqttJs(MosquittoSub):
    """MQTT.js, from npm or from Debian's ``node-mqtt``."""

    def __init__(self, target: Target, tool: Callable[[str], str]) -> None:
        node = tool("node")
        paths = [os.environ.get("NODE_PATH", ""), "/usr/share/nodejs", "/usr/lib/node_modules"]
        environment = dict(os.environ) | {"NODE_PATH": os.pathsep.join(filter(None, paths))}
        probe = subprocess.run([node, "-e", 'require("mqtt")'], env=environment, capture_output=True, check=False)
        if probe.returncode:
            pytest.skip("this machine has no MQTT.js (Debian's node-mqtt, or npm's mqtt in $NODE_PATH)")
        self._process = subprocess.Popen(
            [node, "-e", MQTT_JS, target.url, target.ca, target.username, target.password, target.topic],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._lines = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def payloads(self) -> list[bytes]:
        return [bytes.fromhex(json.loads(line)[1]) for line in list(self._lines)]

    def close(self) -> None:
        super().close()
        assert self._process.stdin is not None
        self._process.stdin.close()


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
                        self._found.append(bytes(message.payload))  # type: ignore[arg-type]
            await asyncio.sleep(0.1)

    def payloads(self) -> list[bytes]:
        return list(self._found)

    def close(self) -> None:
        def cancel() -> None:
            assert self._task is not None
            self._task.cancel()

        self._loop.call_soon_threadsafe(cancel)
        self._thread.join()


LISTENERS: dict[str, type[MosquittoSub | MqttJs | Paho | AioMqtt]] = {
    "mosquitto_sub": MosquittoSub,
    "paho-mqtt": Paho,
    "aiomqtt": AioMqtt,
    "MQTT.js": MqttJs,
}
