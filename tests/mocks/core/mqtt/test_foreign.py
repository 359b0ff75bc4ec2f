"""Other people's clients against the broker, over real sockets: paho-mqtt, aiomqtt, amqtt's and mosquitto's."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import aiomqtt
import paho.mqtt.client as paho
import pytest
from amqtt.client import MQTTClient  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
from paho.mqtt import __version__ as VERSION  # noqa: N812
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from tests.mocks.core.mqtt.desk import ALL, BOTH
from tests.mocks.support import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.core.mqtt.conftest import Served

    from vendorlab.mocks.core.edges.certificates import TlsFiles
    from vendorlab.mocks.core.edges.tcp import MqttListener

PATIENCE = 10.0


class Paho:
    """paho-mqtt with its network thread."""

    def __init__(
        self, listener: MqttListener, version: int, client_id: str, transport: Any = "tcp", ca: str = ""
    ) -> None:
        options: dict[str, Any] = {} if version == 5 else {"clean_session": True}
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=MQTTProtocolVersion(version),
            transport=transport,
            **options,
        )
        self.messages: list[paho.MQTTMessage] = []
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self.gone: list[int] = []
        self.client.on_message = lambda _client, _data, message: self.messages.append(message)
        self.client.on_connect = self._connected
        self.client.on_subscribe = self._subscribed
        self.client.on_disconnect = self._gone
        if ca:
            self.client.tls_set(ca)  # pyright: ignore[reportUnknownMemberType]
        self.client.connect(listener.host, listener.port)
        self.client.loop_start()
        assert self.connected.wait(PATIENCE)

    def _connected(self, *_: Any) -> None:
        self.connected.set()

    def _subscribed(self, *_: Any) -> None:
        self.subscribed.set()

    def _gone(self, *told: Any) -> None:
        self.gone.append(told[3].value)

    def subscribe(self, topic: str, qos: int) -> None:
        self.client.subscribe(topic, qos)
        assert self.subscribed.wait(PATIENCE)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.parametrize("version", ALL)
def test_paho_publishes_and_receives_in_every_quality(served: Served, version: int) -> None:
    listener = served.listen()
    reader, writer = Paho(listener, version, "reader"), Paho(listener, version, "writer")
    try:
        reader.subscribe("t/#", 2)
        for number in range(60):
            writer.client.publish(f"t/{number}", b"x" * number, number % 3).wait_for_publish(PATIENCE)
        assert eventually(lambda: len(reader.messages) == 60)
        found = sorted((int(message.topic[2:]), len(message.payload), message.qos) for message in reader.messages)
        assert found == [(number, number, number % 3) for number in range(60)]
        for qos in range(3):
            kept = [int(message.topic[2:]) for message in reader.messages if message.qos == qos]
            assert kept == sorted(kept)
    finally:
        reader.close()
        writer.close()


@pytest.mark.parametrize("transport", ["tcp", "websockets"])
@pytest.mark.parametrize("secure", [True, False])
def test_paho_comes_over_every_transport(served: Served, certificate: TlsFiles, transport: str, secure: bool) -> None:
    from vendorlab.mocks.core.edges.tls import server_context

    context = server_context(certificate) if secure else None
    listener = served.listen(context=context, websocket=transport == "websockets")
    client = Paho(listener, 4, "c", transport, str(certificate.ca) if secure else "")
    try:
        client.subscribe("a", 1)
        client.client.publish("a", b"x", 1).wait_for_publish(PATIENCE)
        assert eventually(lambda: [message.payload for message in client.messages] == [b"x"])
    finally:
        client.close()


def test_paho_reads_what_version_5_tells_it(served: Served) -> None:
    client = Paho(served.listen(), 5, "c")
    try:
        client.subscribe("a", 1)
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "text/plain"
        properties.UserProperty = [("k", "v")]
        properties.MessageExpiryInterval = 60
        client.client.publish("a", b"x", 1, properties=properties).wait_for_publish(PATIENCE)
        assert eventually(lambda: len(client.messages) == 1)
        found: Any = client.messages[0].properties
        assert (found.ContentType, found.UserProperty, found.MessageExpiryInterval) == ("text/plain", [("k", "v")], 60)
        served.call(lambda: served.core.disconnect("c"))
        told = 0x98 if VERSION >= "2.2" else 0  # paho's earlier ones lose the reason
        assert eventually(lambda: client.gone[:1] == [told])
    finally:
        client.close()


def test_paho_comes_back_to_its_session_after_a_cut(served: Served) -> None:
    listener = served.listen()
    client = paho.Client(CallbackAPIVersion.VERSION2, "c", clean_session=False, protocol=MQTTProtocolVersion.MQTTv311)
    messages: list[bytes] = []
    subscribed = threading.Event()
    client.on_message = lambda _client, _data, message: messages.append(bytes(message.payload))
    client.on_subscribe = lambda _client, _data, _id, _codes, _properties: subscribed.set()
    client.reconnect_delay_set(1, 1)
    client.connect(listener.host, listener.port)
    client.loop_start()
    try:
        client.subscribe("a", 1)
        assert subscribed.wait(PATIENCE)
        served.call(lambda: served.core.sessions["c"].connection.end("test", reset=True))  # type: ignore[union-attr]
        served.call(lambda: served.core.publish("a", b"while it was away", 1))
        assert eventually(lambda: messages == [b"while it was away"])
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.parametrize("version", BOTH)
def test_aiomqtt_publishes_and_receives(served: Served, version: int) -> None:
    listener = served.listen()
    protocol = aiomqtt.ProtocolVersion(version)

    async def talk() -> list[tuple[str, Any, int]]:
        async with aiomqtt.Client(listener.host, listener.port, protocol=protocol, identifier="aio") as client:
            await client.subscribe("t/+", qos=2)
            for number in range(30):
                await client.publish(f"t/{number}", b"%d" % number, qos=number % 3)
            found: list[tuple[str, Any, int]] = []
            async for message in client.messages:
                found.append((str(message.topic), message.payload, message.qos))
                if len(found) == 30:
                    break
            return found

    found = asyncio.run(asyncio.wait_for(talk(), PATIENCE))
    assert sorted(found) == sorted((f"t/{number}", b"%d" % number, number % 3) for number in range(30))


def test_amqtts_client_publishes_and_receives(served: Served) -> None:
    listener = served.listen()

    async def talk() -> list[bytes]:
        client = MQTTClient(client_id="amqtt", config={"auto_reconnect": False})
        await client.connect(f"mqtt://{listener.host}:{listener.port}/")
        await client.subscribe([("t/#", 2)])
        for number in range(15):
            await client.publish(f"t/{number}", b"%d" % number, qos=number % 3)
        found: list[bytes] = []
        for _ in range(15):
            message = await client.deliver_message(timeout_duration=PATIENCE)
            assert message is not None
            found.append(bytes(message.data or b""))
        await client.disconnect()
        return found

    found = asyncio.run(asyncio.wait_for(talk(), PATIENCE))
    assert sorted(found, key=int) == [b"%d" % number for number in range(15)]


@pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv5"])
@pytest.mark.parametrize("qos", ["0", "1", "2"])
def test_mosquittos_tools_publish_and_receive(
    served: Served, tool: Callable[[str], str], version: str, qos: str
) -> None:
    listener = served.listen()
    where = ["-h", listener.host, "-p", str(listener.port), "-V", version, "-q", qos]
    pub, sub = tool("mosquitto_pub"), tool("mosquitto_sub")
    reader = subprocess.Popen(
        [sub, *where, "-t", "t/#", "-C", "3", "-F", "%t %p %q %r", "-W", "10"], stdout=subprocess.PIPE
    )
    assert eventually(lambda: served.core.routes.nodes > 0)
    for number in range(2):
        subprocess.run([pub, *where, "-t", f"t/{number}", "-m", f"m{number}"], check=True, timeout=PATIENCE)
    subprocess.run([pub, *where, "-t", "t/r", "-m", "kept", "-r"], check=True, timeout=PATIENCE)
    out, _ = reader.communicate(timeout=PATIENCE)
    assert out.decode().splitlines() == [f"t/0 m0 {qos} 0", f"t/1 m1 {qos} 0", f"t/r kept {qos} 0"]
    late = subprocess.run(
        [sub, *where, "-t", "t/+", "-C", "1", "-F", "%p %r"], check=True, timeout=PATIENCE, capture_output=True
    )
    assert late.stdout == b"kept 1\n"


def test_mosquittos_tools_come_over_tls(
    served: Served, tls: MqttListener, tool: Callable[[str], str], certificate: TlsFiles
) -> None:
    where = ["-h", tls.host, "-p", str(tls.port), "--cafile", str(certificate.ca)]
    subprocess.run([tool("mosquitto_pub"), *where, "-t", "a", "-m", "x", "-r"], check=True, timeout=PATIENCE)
    found = subprocess.run(
        [tool("mosquitto_sub"), *where, "-t", "a", "-C", "1"], check=True, timeout=PATIENCE, capture_output=True
    )
    assert found.stdout == b"x\n"
    assert len(served.core.retained) == 1
