"""The broker on real sockets: TCP, TLS and WebSocket, slow readers, both clocks, and the end."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.mocks.support import eventually
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.encode import encode
from vendorlab.mocks.core.mqtt.framing import Parser
from vendorlab.mocks.core.mqtt.profiles import HIVEMQ4

if TYPE_CHECKING:
    import socket

    from tests.mocks.core.mqtt.conftest import Open, Serve, Served

    from vendorlab.mocks.core.edges.certificates import TlsFiles
    from vendorlab.mocks.core.edges.tcp import MqttListener

MQTT = Subprotocol("mqtt")


def test_message_goes_from_client_to_client(served: Served, connect: Open) -> None:
    listener = served.listen()
    reader, writer = connect(listener).enter("r"), connect(listener, k.V5).enter("w")
    reader.send(p.Subscribe(1, (p.Subscription("a", 1),)))
    assert isinstance(reader.next(), p.Suback)
    writer.send(p.Publish("a", b"x" * 100_000, 1, packet_id=1))
    assert writer.next() == p.Ack(k.PUBACK, 1)
    assert reader.next().payload == b"x" * 100_000


def test_listener_says_where_it_is(served: Served, tls: MqttListener) -> None:
    plain, web = served.listen(), served.listen(websocket=True)
    assert plain.url == f"mqtt://127.0.0.1:{plain.port}"
    assert tls.url.startswith("mqtts://")
    assert web.url.startswith("ws://")
    assert plain.accepting
    served.thread.call(plain.stop())
    assert not plain.accepting


def test_taken_port_is_an_error(served: Served) -> None:
    from vendorlab.mocks.core.edges.tcp import MqttListener

    taken = served.listen()
    with pytest.raises(OSError, match="in use"):
        served.thread.call(MqttListener(served.driver, "127.0.0.1", taken.port).start())


def test_listeners_share_a_broker(served: Served, tls: MqttListener, connect: Open, certificate: TlsFiles) -> None:
    context = ssl.create_default_context(cafile=certificate.ca)

    def wrap(wire: socket.socket) -> ssl.SSLSocket:
        return context.wrap_socket(wire, server_hostname="127.0.0.1")

    reader = connect(tls, wrap=wrap).enter("r")
    reader.send(p.Subscribe(1, (p.Subscription("a"),)))
    reader.next()
    connect(served.listen()).enter("w").send(p.Publish("a", b"through TLS"))
    assert reader.next().payload == b"through TLS"


def test_plain_client_of_a_tls_listener_is_turned_away(tls: MqttListener, connect: Open) -> None:
    assert connect(tls).send(p.Connect("c")).next() is None


def test_lost_line_publishes_the_will(served: Served, connect: Open) -> None:
    listener = served.listen()
    reader = connect(listener).enter("r")
    reader.send(p.Subscribe(1, (p.Subscription("will"),)))
    reader.next()
    connect(listener).enter("c", will=p.Will("will", b"gone")).wire.close()
    assert reader.next().payload == b"gone"
    assert eventually(lambda: len(served.core.connections) == 1)


def test_silent_client_is_cut_off(serve: Serve, connect: Open) -> None:
    served = serve(msgspec.structs.replace(HIVEMQ4, keep_alive_factor=0.1))
    client = connect(served.listen(), k.V5).enter(keep_alive=1)
    assert client.next() == p.Disconnect(0x8D)
    assert client.next() is None


def test_connection_without_connect_is_cut_off(serve: Serve, connect: Open) -> None:
    served = serve(msgspec.structs.replace(HIVEMQ4, connect_seconds=0.05))
    client = connect(served.listen())
    client.wire.sendall(b"\x10")
    assert client.next() is None


def test_last_word_arrives_before_the_end(served: Served, connect: Open) -> None:
    client = connect(served.listen(), k.V5).enter()
    client.wire.sendall(b"\xc1\0")
    assert client.next().code == 0x81
    assert client.next() is None


def test_reset_is_a_reset(served: Served, connect: Open) -> None:
    client = connect(served.listen()).enter()
    client.send(p.Connect("again"))
    with pytest.raises(ConnectionResetError):
        client.wire.recv(1)


def test_client_that_does_not_read_holds_nobody_up(served: Served, connect: Open) -> None:
    """And what waits for it stays bounded: QoS 0 is lost. When it reads again, it is served again."""
    listener = served.listen()
    slow, quick = connect(listener).enter("slow"), connect(listener).enter("quick")
    for client in (slow, quick):
        client.send(p.Subscribe(1, (p.Subscription("a"),)))
        client.next()
    payload = bytes(100_000)
    for _ in range(200):
        served.call(lambda: served.core.publish("a", payload))
        assert quick.next().payload == payload
    session = served.core.sessions["slow"]
    assert session.dropped > 50
    slow.wire.settimeout(0.3)
    read = 0
    while (packet := _patiently(slow)) is not None:
        read += 1
        assert packet.payload == payload
    assert read + session.dropped == 200
    slow.wire.settimeout(10)
    served.call(lambda: served.core.publish("a", b"again"))
    assert slow.next().payload == b"again"


def _patiently(client: Any) -> Any:
    try:
        return client.next()
    except TimeoutError:
        return None


def test_client_that_does_not_read_its_answers_is_not_read_either(served: Served, connect: Open) -> None:
    client = connect(served.listen()).enter()
    client.wire.settimeout(0.3)
    ping = encode(p.Pingreq(), k.V311) * 100_000
    with pytest.raises(TimeoutError):
        _flood(client, ping)
    [connection] = served.core.connections
    assert connection._pending < 4 << 20


def _flood(client: Any, data: bytes) -> None:
    for _ in range(1_000):
        client.wire.sendall(data)


def test_publish_from_another_thread_arrives(served: Served, connect: Open) -> None:
    client = connect(served.listen()).enter()
    client.send(p.Subscribe(1, (p.Subscription("a"),)))
    client.next()

    def publish() -> None:
        with served.clock.lock:
            served.core.publish("a", b"x")

    thread = threading.Thread(target=publish)
    thread.start()
    thread.join()
    assert client.next().payload == b"x"


def test_turned_clock_ends_sessions_and_publishes_wills(served: Served, connect: Open) -> None:
    listener = served.listen()
    reader = connect(listener).enter("r")
    reader.send(p.Subscribe(1, (p.Subscription("will"),)))
    reader.next()
    will = p.Will("will", b"gone", properties={"will_delay_interval": 3_600})
    gone = connect(listener, k.V5).enter("gone", will=will, properties={"session_expiry_interval": 7_200})
    gone.wire.close()
    assert eventually(lambda: served.core.sessions["gone"].connection is None)
    served.clock.advance(3_601)
    assert reader.next().payload == b"gone"
    assert "gone" in served.core.sessions
    served.clock.advance(3_600)
    assert "gone" not in served.core.sessions


def test_clock_is_followed_after_a_reset_of_its_timers(served: Served, connect: Open) -> None:
    listener = served.listen()
    connect(listener, k.V5).enter("gone", properties={"session_expiry_interval": 60}).wire.close()
    assert eventually(lambda: served.core.sessions["gone"].connection is None)
    with served.clock.lock:
        served.clock.clear()
    served.clock.advance(61)
    assert served.core.sessions == {}


def test_stopping_tells_everybody(served: Served, connect: Open) -> None:
    client = connect(served.listen(), k.V5).enter()
    served.stop()
    assert client.next() == p.Disconnect(0x8B)
    assert client.next() is None


def test_any_bytes_on_a_socket_leave_the_broker_standing(served: Served, connect: Open) -> None:
    import random

    listener = served.listen()
    chance = random.Random(7)
    for _ in range(200):
        client = connect(listener)
        client.wire.sendall(chance.choice([b"", b"\x10"]) + chance.randbytes(chance.randint(1, 300)))
        client.wire.close()
    assert eventually(lambda: not served.core.connections)
    connect(listener).enter()


# --- WebSocket -------------------------------------------------------------------------------------------------------


def test_websocket_carries_packets_whatever_its_frames(served: Served) -> None:
    """MQTT-6.0.0-1 to -4."""
    listener = served.listen(websocket=True)

    async def talk() -> None:
        async with connect_websocket(f"{listener.url}/mqtt", subprotocols=[MQTT], proxy=None) as line:
            assert line.subprotocol == "mqtt"
            parser = Parser()
            sent = encode(p.Connect("w"), 4) + encode(p.Subscribe(1, (p.Subscription("a"),)), 4)
            for piece in (sent[:3], sent[3:20], sent[20:], encode(p.Publish("a", bytes(200_000)), 4)):
                await line.send(piece)
            found: list[Any] = []
            while len(found) < 3:
                data = await line.recv()
                assert isinstance(data, bytes)
                found += parser.feed(data)
            assert [type(packet) for packet in found] == [p.Connack, p.Suback, p.Publish]
            await line.send(encode(p.Disconnect(), 4))
            with pytest.raises(ConnectionClosed):
                await line.recv()

    asyncio.run(talk())


def test_websocket_over_tls(served: Served, certificate: TlsFiles) -> None:
    from vendorlab.mocks.core.edges.tls import server_context

    listener = served.listen(websocket=True, context=server_context(certificate))

    async def talk() -> None:
        context = ssl.create_default_context(cafile=certificate.ca)
        async with connect_websocket(listener.url, subprotocols=[MQTT], ssl=context, proxy=None) as line:
            await line.send(encode(p.Connect("w"), 4))
            assert await line.recv() == b"\x20\x02\0\0"

    asyncio.run(talk())


@pytest.mark.parametrize("offered", [None, [Subprotocol("chat")]])
def test_websocket_without_the_subprotocol_is_refused(served: Served, offered: Any) -> None:
    """MQTT-6.0.0-3."""
    listener = served.listen(websocket=True)

    async def talk() -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect_websocket(listener.url, subprotocols=offered, proxy=None)
        assert refused.value.response.status_code == 400

    asyncio.run(talk())


def test_websocket_text_ends_the_connection(served: Served) -> None:
    """MQTT-6.0.0-1."""
    listener = served.listen(websocket=True)

    async def talk() -> None:
        async with connect_websocket(listener.url, subprotocols=[MQTT], proxy=None) as line:
            await line.send("text")
            with pytest.raises(ConnectionClosed) as end:
                await line.recv()
            assert end.value.rcvd is not None
            assert end.value.rcvd.code == 1003

    asyncio.run(talk())


def test_what_is_no_websocket_is_turned_away(served: Served, connect: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    from vendorlab.mocks.core.edges import websocket

    monkeypatch.setattr(websocket, "HANDSHAKE_SECONDS", 0.05)
    listener = served.listen(websocket=True)
    client = connect(listener)
    client.wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.wire.recv(1_000).startswith(b"HTTP/1.1 4")
    assert connect(listener).send(p.Connect("c")).next() is None


@pytest.mark.slow
def test_idle_clients_cost_little(served: Served, connect: Open) -> None:
    """A thousand of them, in kilobytes of resident memory each; 5,000 are to fit in 150 MB."""
    listener = served.listen()
    for number in range(50):
        connect(listener).enter(f"warm{number}")
    before = _resident()
    for number in range(1_000):
        connect(listener).enter(f"c{number}", keep_alive=600)
    # Both ends live in this process, and this end costs some too.
    assert (_resident() - before) / 1_000 < 30


def _resident() -> float:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * 4.096
