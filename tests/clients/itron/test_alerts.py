"""Alerts: tokens, subscription, everything that cuts a connection, copies, and what cannot be read."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from tests.clients.itron.fake_broker import (
    CONNACK,
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PUBACK,
    PUBCOMP,
    PUBREC,
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
    EchoReading,
    NetworkError,
    PlainReading,
    RetryPolicy,
    Sensor,
    TemperatureReading,
    UndecodedAlert,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

TENANT = "TN5f0c9a2e-0000-4000-8000-00000000000a"
MAC = "001350050047dd92"
TOPIC = f"{TENANT}/alert/{MAC}/temp"


def token(tenant: str = TENANT, number: int = 0) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"sub": tenant, "jti": number}).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.c2ln"


def temperature(value: int, second: int = 1540584982) -> bytes:
    text = f"{second},{value}.00,F".encode()
    return b"\xa2\x00\x64temp\x01" + bytes([0x60 + len(text)]) + text


@dataclass
class Bench:
    broker: FakeBroker
    client: AsyncAlertsClient
    clock: Turned
    given: list[str] = field(default_factory=list[str])
    outages: list[str] = field(default_factory=list[str])

    @classmethod
    @asynccontextmanager
    async def of(cls, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncGenerator[Bench]:
        clock, given, outages = Turned(), list[str](), list[str]()

        async def tokens() -> str:
            given.append(token(number=len(given)))
            return given[-1]

        def on_outage(why: ClientError, _: float) -> None:
            outages.append(why.message)

        settings: dict[str, Any] = {
            "clock": clock,
            "sleep": clock.sleep,
            "retry": RetryPolicy(base=1.0, cap=60.0, chance=Most()),
            "on_outage": on_outage,
        }
        if "username" not in options:
            settings["tokens"] = tokens
        async with FakeBroker.serving(tls) as broker, AsyncAlertsClient(broker.url, **settings | options) as client:
            yield cls(broker, client, clock, given, outages)

    async def pinged(self, times: int) -> None:
        await until(lambda: self.broker.last.kinds().count(PINGREQ) == times)

    async def again(self, seconds: float, connections: int) -> None:
        """Turn the clock to the end of a back-off, and wait for the next subscription."""
        await self.clock.turned(seconds)
        await until(lambda: len(self.broker.subscribed) == connections)


class Most(random.Random):
    """Chance that always says the most."""

    def uniform(self, a: float, b: float) -> float:
        return b


TOKENS: dict[str, Any] = {"tokens": "good"}
Story = Callable[[Bench], Awaitable[None]]


def play(story: Story, **options: Any) -> None:
    async def told() -> None:
        async with Bench.of(**options) as bench:
            await story(bench)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(told())


async def ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def taken(stream: Any, count: int) -> list[Any]:
    async with asyncio.timeout(5):
        return [await anext(stream) for _ in range(count)]


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
            bench.clock.turn(61)
            await asyncio.sleep(0)
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


def test_copies_are_told_once() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            send = bench.broker.last.send
            send(publish(TOPIC, temperature(70), 1, 7))
            send(publish(TOPIC, temperature(70), 1, 7, dup=True))
            send(publish(TOPIC, temperature(70), 1, 8))
            send(publish(TOPIC, temperature(70)))
            send(publish(TOPIC, temperature(71), 1, 9))
            found = await taken(alerts, 2)
            assert [alert.reading.value for alert in found] == [70, 71]
            await until(lambda: bench.broker.last.kinds().count(PUBACK) == 4)
            acked = [struct.unpack(">H", body)[0] for kind, body in bench.broker.last.packets if kind == PUBACK]
            assert acked == [7, 7, 8, 9], "a copy is acknowledged too, or it comes for ever"

    play(story)


def test_copies_across_a_reconnection_are_told_once() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            bench.broker.last.send(publish(TOPIC, temperature(70), 1, 7))
            await taken(alerts, 1)
            task = asyncio.create_task(taken(alerts, 1))
            bench.broker.last.cut()
            await bench.again(1, 2)
            bench.broker.last.send(publish(TOPIC, temperature(70), 1, 7, dup=True))
            bench.broker.last.send(publish(TOPIC, temperature(71)))
            assert [alert.reading.value for alert in await task] == [71]

    play(story)


def test_sensor_that_says_the_same_twice_is_told_twice_unless_the_broker_says_it_is_a_copy() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            topic = f"{TENANT}/alert/{MAC}/door"
            send = bench.broker.last.send
            send(publish(topic, b"open", 1, 1))
            send(publish(topic, b"open", 1, 2))
            send(publish(topic, b"open", 1, 2, dup=True))
            send(publish(topic, b"shut", 1, 3, dup=True))
            assert [alert.reading for alert in await taken(alerts, 3)] == [
                PlainReading("door", "open"), PlainReading("door", "open"), PlainReading("door", "shut"),
            ]  # fmt: skip

    play(story)


def test_what_was_told_long_ago_may_be_told_again() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            bench.broker.last.send(publish(TOPIC, temperature(70)))
            await taken(alerts, 1)
            bench.clock.turn(601)
            bench.broker.last.send(publish(TOPIC, temperature(70)))
            await taken(alerts, 1)

    play(story, keep_alive=0)


def test_message_of_qos_two_is_told_once_until_it_is_released() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            topic, connection = f"{TENANT}/alert/{MAC}/door", bench.broker.last
            connection.send(publish(topic, b"open", 2, 5))
            connection.send(publish(topic, b"open", 2, 5, dup=True))
            connection.send(packet(PUBREL, b"\x00\x05", 2))
            connection.send(publish(topic, b"open", 2, 5))
            assert len(await taken(alerts, 2)) == 2
            await until(lambda: connection.kinds().count(PUBREC) == 3)
            assert connection.kinds().count(PUBCOMP) == 1

    play(story, qos=2)


def test_what_cannot_be_read_is_a_value() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            for topic, payload in ((TOPIC, b"\xa2\x00"), ("elsewhere", b"x"), (TOPIC, b""), (TOPIC, b"12,3.00,C")):
                bench.broker.last.send(publish(topic, payload))
            found = await taken(alerts, 4)
            assert [type(alert) for alert in found] == [UndecodedAlert] * 3 + [Alert]
            assert (found[0].topic, found[0].payload) == (TOPIC, b"\xa2\x00")
            assert found[1].reason == "no topic of an alert"

    play(story)


def test_unwrapped_payloads_are_known_by_the_topic() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            for kind, payload in (("echo", b"Hello 3"), ("methane", b"10,lvl"), ("rain", b"5")):
                bench.broker.last.send(publish(f"{TENANT}/alert/{MAC}/{kind}", payload))
            echo, methane, rain = await taken(alerts, 3)
            assert echo.reading == EchoReading("Hello", 3)
            assert methane.reading.gas == 10
            assert rain.reading == PlainReading("rain", "5")

    play(story)


def test_retained_alert_says_so() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            data = bytearray(publish(TOPIC, temperature(70)))
            data[0] |= 1
            bench.broker.last.send(bytes(data))
            (alert,) = await taken(alerts, 1)
            assert alert.is_retained

    play(story)


def test_slow_reader_is_not_flooded_and_misses_nothing() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            topic = f"{TENANT}/alert/{MAC}/echo"
            for number in range(3_000):
                bench.broker.last.send(publish(topic, f"x {number}".encode()))
            await asyncio.sleep(0.02)
            line: Any = alerts._line
            assert line._unread.qsize() <= 1_000
            assert [alert.reading.count for alert in await taken(alerts, 3_000)] == list(range(3_000))

    play(story)


def test_alerts_that_came_before_the_cut_are_still_told() -> None:
    async def story(bench: Bench) -> None:
        async with bench.client.alerts() as alerts:
            for value in (70, 71, 72):
                bench.broker.last.send(publish(TOPIC, temperature(value)))
            bench.broker.last.writer.close()
            await asyncio.sleep(0.01)
            assert [alert.reading.value for alert in await taken(alerts, 3)] == [70, 71, 72]

    play(story)


def test_stream_ends_after_a_time_without_alerts() -> None:
    async def story(bench: Bench) -> None:
        stream = bench.client.alerts(timeout=5)
        task = asyncio.create_task(_listed(stream))
        await until(lambda: bench.broker.subscribed)
        bench.broker.last.send(publish(TOPIC, temperature(70)))
        await until(lambda: bench.clock.slept.count(5) == 2)
        bench.clock.turn(5)
        assert len(await task) == 1
        await until(lambda: bench.broker.last.closed)
        assert [alert async for alert in stream] == []

    play(story)


async def _listed(stream: Any) -> list[Any]:
    return [alert async for alert in stream]


def test_closing_the_client_ends_its_streams() -> None:
    async def story(bench: Bench) -> None:
        stream = bench.client.alerts()
        await stream.ready()
        task = asyncio.create_task(_listed(stream))
        await asyncio.sleep(0)
        await bench.client.aclose()
        assert await task == []

    play(story)


def test_closing_the_client_ends_a_stream_that_waits_to_connect() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.connacks.append(3)
        task = asyncio.create_task(_listed(bench.client.alerts()))
        await until(lambda: bench.outages)
        await bench.client.aclose()
        assert await task == []

    play(story)


def test_several_tasks_may_share_a_stream() -> None:
    async def story(bench: Bench) -> None:
        stream = bench.client.alerts()
        tasks = [asyncio.create_task(taken(stream, 1)) for _ in range(3)]
        await until(lambda: bench.broker.subscribed)
        for value in (70, 71, 72):
            bench.broker.last.send(publish(TOPIC, temperature(value)))
        found = [(await task)[0].reading.value for task in tasks]
        assert sorted(found) == [70, 71, 72]
        assert len(bench.broker.connections) == 1

    play(story)


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
