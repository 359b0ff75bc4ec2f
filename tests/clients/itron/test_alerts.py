"""Alerts: tokens, subscription, everything that cuts a connection, copies, and what cannot be read."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from tests.clients.itron.alerts_bench import MAC, TENANT, TOKENS, TOPIC, Bench, ended, play, taken, temperature, token
from tests.clients.itron.fake_broker import (
    CONNACK,
    CONNECT,
    CUT,
    DISCONNECT,
    PINGREQ,
    PUBACK,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    FakeBroker,
    packet,
    publish,
)  # fmt: skip
from tests.clients.itron.fake_gateway import Turned, until

from vendorlab.clients import itron
from vendorlab.clients.itron import (
    Alert,
    AlertsClient,
    AsyncAlertsClient,
    ClientError,
    NetworkError,
    Sensor,
    TemperatureReading,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_alert_is_told_with_its_reading() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            bench.broker.last.send(publish(TOPIC, temperature(72)))
            (alert,) = await taken(alerts, 1)
        assert isinstance(alert, Alert)
        assert (alert.tenant, alert.mac, alert.sensor, alert.payload) == (TENANT, MAC, "temp", temperature(72))
        assert isinstance(alert.reading, TemperatureReading)
        assert alert.reading.value == 72

    play(story)


def test_connection_is_as_the_vendors_client_makes_it() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts():
            pass
        connection = bench.broker.last
        assert (connection.username, connection.password, connection.clean) == ("notused", bench.given[0], True)
        assert connection.filters == [(f"{TENANT}/alert/+/+", 1)]
        assert 1 <= len(connection.client_id) <= 23
        await until(lambda: connection.closed)
        assert connection.kinds() == [CONNECT, SUBSCRIBE, DISCONNECT]

    play(story)


def test_account_sees_its_networks_topics() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts(MAC.upper(), Sensor.METHANE):
            connection = bench.broker.last
            assert (connection.username, connection.password) == ("caas", "word")
            assert connection.filters == [(f"ssni/alert/{MAC}/ncmth1", 0)]

    play(story, username="caas", password="word", qos=0)


def test_streams_have_names_of_their_own() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts(), bench.client.alerts():
            assert len({connection.client_id for connection in bench.broker.connections}) == 2

    play(story)


def test_two_streams_of_one_name_are_refused() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts():
            assert bench.broker.last.client_id == "me"
            with pytest.raises(UsageError):
                bench.client.alerts()
        bench.client.alerts()

    play(story, identifier="me")


@pytest.mark.parametrize("code", [4, 5])
def test_refused_token_is_renewed_once(code: int) -> None:
    async def story(bench: Bench) -> None:
        bench.broker.connacks.append(code)
        async with bench.client.alerts():
            assert bench.given == [token(number=0), token(number=1)]
            assert bench.outages == []

    play(story)


def test_token_refused_twice_is_an_error() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.connacks.extend([5, 5])
        with pytest.raises(itron.BrokerRefused) as caught:
            await anext(bench.client.alerts())
        assert caught.value.code == 5
        assert isinstance(caught.value, itron.LoginRefused)
        assert len(bench.given) == 2

    play(story)


def test_refused_account_is_an_error_at_once() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.connacks.append(4)
        with pytest.raises(itron.BrokerRefused):
            await anext(bench.client.alerts())
        assert len(bench.broker.connections) == 1

    play(story, username="caas", password="word")


@pytest.mark.parametrize("code", [1, 2, 77])
def test_other_refusal_is_an_error_at_once(code: int) -> None:
    async def story(bench: Bench) -> None:
        bench.broker.connacks.append(code)
        with pytest.raises(itron.BrokerRefused):
            await anext(bench.client.alerts())
        assert len(bench.given) == 1

    play(story)


def test_subscription_that_is_not_granted_is_an_error_with_its_filter() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.subacks.append(0x80)
        with pytest.raises(itron.SubscriptionRefused) as caught:
            await anext(bench.client.alerts())
        assert caught.value.filter == f"{TENANT}/alert/+/+"
        await until(lambda: bench.broker.last.closed)

    play(story)


OUTAGES: dict[str, Callable[[FakeBroker], object]] = {
    "no CONNACK": lambda broker: broker.connacks.append(None),
    "half a CONNACK": lambda broker: broker.connacks.append(b"\x20\x02"),
    "cut before CONNACK": lambda broker: broker.connacks.append(CUT),
    "another packet": lambda broker: broker.connacks.append(packet(PUBACK, b"\x00\x01")),
    "unavailable": lambda broker: broker.connacks.append(3),
    "lost SUBACK": lambda broker: broker.subacks.append(None),
    "SUBACK to another": lambda broker: broker.subacks.append(packet(SUBACK, b"\x00\x07\x01")),
    "SUBACK of nonsense": lambda broker: broker.subacks.append(packet(SUBACK, b"\x00\x01\x03")),
    "SUBACK of nothing": lambda broker: broker.subacks.append(packet(SUBACK, b"\x00\x01")),
}


SILENT = {"no CONNACK": 1, "half a CONNACK": 1, "lost SUBACK": 2}
"""Those that only time tells, by what the broker has got until then."""


@pytest.mark.parametrize("name", OUTAGES)
def test_connection_that_does_not_come_about_is_tried_again_with_a_fresh_token(name: str) -> None:
    async def story(bench: Bench) -> None:
        OUTAGES[name](bench.broker)
        stream = bench.client.alerts()
        task = asyncio.create_task(stream.ready())
        if name in SILENT:
            await until(lambda: bench.broker.connections and len(bench.broker.last.packets) == SILENT[name])
            await bench.clock.turned(30)
        await until(lambda: bench.outages)
        await bench.clock.turned(1)
        await task
        assert bench.given == [token(number=0), token(number=1)]
        assert len(bench.broker.connections) == 2

    play(story)


BREAKS: dict[str, bytes | None] = {
    "gone": None,
    "cut in a packet": publish(TOPIC, temperature(70))[:-9],
    "cut in a length": b"\x30\xff",
    "length of five bytes": b"\x30\xff\xff\xff\xff\x01",
    "larger than may be": b"\x30\xff\xff\xff\x7f",
    "QoS 3": b"\x36\x06\x00\x01a\x00\x01b",
    "again without QoS": b"\x38\x03\x00\x01a",
    "no topic": b"\x30\x02\x00\x00",
    "topic too long": b"\x30\x02\x00\x09",
    "topic with a wildcard": b"\x30\x03\x00\x01+",
    "topic of no text": b"\x30\x03\x00\x01\xff",
    "number 0": b"\x32\x05\x00\x01a\x00\x00",
    "no number": b"\x32\x04\x00\x01a\x00",
    "a client's packet": packet(PINGREQ),
    "a second CONNACK": packet(CONNACK, b"\x00\x00"),
    "wrong flags": packet(PUBREL, b"\x00\x01"),
    "reserved": b"\xf0\x00",
}


@pytest.mark.parametrize("name", BREAKS)
def test_subscription_is_made_again_whatever_broke_the_connection(name: str) -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            bench.broker.last.send(publish(TOPIC, temperature(70)))
            assert len(await taken(alerts, 1)) == 1
            task = asyncio.create_task(taken(alerts, 1))
            broken = BREAKS[name]
            if broken is None:
                bench.broker.last.cut()
            else:
                bench.broker.last.send(broken)
                if name.startswith("cut"):
                    await asyncio.sleep(0)
                    bench.broker.last.writer.close()
            await bench.again(1, 2)
            bench.broker.last.send(publish(TOPIC, temperature(71)))
            (alert,) = await task
            assert alert.reading.value == 71
            assert len(bench.outages) == 1
            assert bench.given == [token(number=0), token(number=1)]

    play(story)


def test_takeover_loop_is_backed_off_from() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            task = asyncio.create_task(taken(alerts, 1))
            for number, delay in enumerate((1, 2, 4, 8, 16, 32, 60, 60), 2):
                bench.broker.last.cut()
                await bench.again(delay, number)
            await alerts.ready()
            bench.clock.turn(61)
            bench.broker.last.cut()
            await bench.again(1, 10)
            await ended(task)

    play(story, keep_alive=0)


def test_broker_that_falls_silent_is_left() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.pongs.extend([None] * 9)
        async with bench.client.alerts() as alerts:
            task = asyncio.create_task(taken(alerts, 1))
            for _ in range(4):
                await bench.clock.turned(30)
            await until(lambda: bench.outages == ["the broker has fallen silent"])
            assert bench.broker.last.kinds().count(PINGREQ) == 3
            await ended(task)

    play(story)


def test_broker_that_answers_pings_is_kept() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            task = asyncio.create_task(taken(alerts, 1))
            for number in range(1, 8):
                await bench.clock.turned(30)
                await bench.pinged(number)
                await asyncio.sleep(0.002)
            assert bench.outages == []
            await ended(task)

    play(story)


def test_broker_that_is_not_there_is_waited_for() -> None:
    async def story(bench: Bench) -> None:
        port = int(bench.broker.url.rpartition(":")[2])
        await bench.broker.stop()
        stream = bench.client.alerts()
        task = asyncio.create_task(stream.ready())
        await until(lambda: len(bench.outages) == 1)
        bench.clock.turn(1)
        await until(lambda: len(bench.outages) == 2)
        await bench.broker.start(port)
        await bench.clock.turned(2)
        await task

    play(story)


def test_stalled_tls_is_given_up(authority: trustme.CA, ca_file: Path) -> None:
    async def told() -> None:
        held: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        clock, outages = Turned(), list[ClientError]()
        async with AsyncAlertsClient(
            f"mqtts://127.0.0.1:{port}", ca=ca_file, tokens=token(), clock=clock, sleep=clock.sleep,
            on_outage=lambda why, _: outages.append(why),
        ) as client:  # fmt: skip
            task = asyncio.create_task(client.alerts().ready())
            await until(lambda: held and clock.waits(30))
            clock.turn(30)
            await until(lambda: outages)
            assert "no connection in 30 s" in str(outages[0])
            await ended(task)
            await asyncio.wait([task])
        server.close()
        for writer in held:
            writer.transport.abort()
        await server.wait_closed()

    asyncio.run(told())


def test_token_that_does_not_say_whose_it_is_needs_a_tenant() -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(UsageError, match="tenant"):
            await bench.client.alerts().ready()

    play(story, tokens="opaque")


def test_tenant_that_is_given_wins() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts():
            assert bench.broker.last.filters == [("TNb/alert/+/+", 1)]

    play(story, tenant="TNb")


@pytest.mark.parametrize(
    "options",
    [
        {"tenant": "#"}, {"tenant": "a/b"}, {"tenant": ""}, {"qos": 3}, {"keep_alive": -1}, {"keep_alive": 65_536},
        {"username": "a"}, {"password": "a"}, {"username": "a", "password": "b"}, {"tokens": None},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        AsyncAlertsClient("mqtts://127.0.0.1", **TOKENS | options)


@pytest.mark.parametrize("url", ["http://h", "mqtts://", "mqtt://u@h", "mqtt://h/x", "h:1883"])
def test_address_that_is_no_brokers_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        AsyncAlertsClient(url, tokens="good")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate: Any = authority.issue_cert("127.0.0.1")
    certificate.configure_cert(context)
    return context


def test_alerts_come_over_tls(server_context: ssl.SSLContext, ca_file: Path) -> None:
    async def story(bench: Bench) -> None:
        assert bench.broker.url.startswith("mqtts://")
        async with bench.client.alerts() as alerts:
            bench.broker.last.send(publish(TOPIC, temperature(70)))
            await taken(alerts, 1)
            task = asyncio.create_task(taken(alerts, 1))
            bench.broker.last.cut()
            await bench.again(1, 2)
            bench.broker.last.send(publish(TOPIC, temperature(71)))
            await task

    play(story, tls=server_context, ca=ca_file)


def test_certificate_that_nobody_vouches_for_is_an_error_at_once(server_context: ssl.SSLContext) -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(itron.Untrusted):
            await bench.client.alerts().ready()

    play(story, tls=server_context)


def test_synchronous_client_takes_alerts_and_ends(no_threads_left: None) -> None:
    async def story(bench: Bench) -> None:
        loop = asyncio.get_running_loop()

        def blocking() -> None:
            with AlertsClient(bench.broker.url, tokens=token()) as client:
                with client.alerts() as alerts:
                    loop.call_soon_threadsafe(bench.broker.last.send, publish(TOPIC, temperature(70)))
                    assert isinstance(next(alerts), Alert)
                assert list(client.alerts(timeout=0.03)) == []
                waiting = client.alerts()
                waiting.ready()
            with pytest.raises(UsageError):
                next(waiting)
            client.close()

        await asyncio.to_thread(blocking)

    play(story)


def test_port_without_a_broker_is_waited_for_by_threads_too(no_threads_left: None) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told: list[str] = []

    def give_up(why: ClientError, _: float) -> None:
        told.append(str(why))
        raise NetworkError("enough")

    client = AlertsClient(f"mqtt://127.0.0.1:{port}", tokens=token(), on_outage=give_up)
    with client, pytest.raises(NetworkError, match="enough"):
        client.alerts().ready()
    assert len(told) == 1
