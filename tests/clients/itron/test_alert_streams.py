"""Alerts as they come: each once, all that can be read and what cannot, to readers fast and slow."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

from tests.clients.itron.alerts_bench import MAC, TENANT, TOPIC, Bench, play, taken, temperature
from tests.clients.itron.fake_broker import (
    PUBACK,
    PUBCOMP,
    PUBREC,
    PUBREL,
    packet,
    publish,
)  # fmt: skip
from tests.clients.itron.fake_gateway import until

from vendorlab.clients.itron import (
    Alert,
    EchoReading,
    PlainReading,
    UndecodedAlert,
)


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
