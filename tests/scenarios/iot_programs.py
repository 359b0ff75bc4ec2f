"""What our reference clients do in the stories over CoAP, MQTT and webhooks.

These stories run by the wall, as lines do. Clients of the lab live at the story's rate by themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

import httpx

from vendorlab.clients.itron import ClientError, RetryPolicy, Sensor, WebhookReceiver

if TYPE_CHECKING:
    from vendorlab.play import StoryLab

Program = Callable[["StoryLab"], None]

LOOK = 0.01
"""Seconds of the wall between two looks at a story."""

SILENCE = 200.0
RETRY = RetryPolicy(base=0.8)


def devices(lab: StoryLab) -> list[str]:
    return list(lab.vendor("itron-coap").credentials["devices"])


def never() -> bool:
    return False


def meanwhile(lab: StoryLab, *works: Coroutine[Any, Any, Any], until: Callable[[], bool] = never) -> None:
    """Do several things at once until the story is over, one of them ends, or enough was seen."""

    async def main() -> None:
        tasks = [asyncio.ensure_future(work) for work in works]
        while not (lab.over or until() or any(task.done() for task in tasks)):  # noqa: ASYNC110  it is the story that is watched
            await asyncio.sleep(LOOK)
        for task in tasks:
            task.cancel()
        for found in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(found, Exception):
                raise found

    asyncio.run(main())


def reading(*numbers: int, every: float) -> Program:
    """Read temperatures in turn."""

    async def work(lab: StoryLab) -> None:
        rate, macs = lab.clock.rate or 1.0, devices(lab)
        async with lab.vendor("itron-coap").async_client() as client:
            while not lab.over:
                for number in numbers:
                    with suppress(ClientError):
                        await client.read(macs[number], Sensor.TEMPERATURE)
                await asyncio.sleep(every / rate)

    return lambda lab: meanwhile(lab, work(lab))


def observing(wanted: int) -> Program:
    """Observe the first device until there are so many readings, then leave in good order."""

    async def work(lab: StoryLab) -> None:
        async with lab.vendor("itron-coap").async_client() as client:
            seen = 0
            async with aclosing(client.observe(devices(lab)[0], Sensor.TEMPERATURE, silence=SILENCE)) as readings:
                async for _ in readings:
                    seen += 1
                    if seen == wanted:
                        break

    return lambda lab: asyncio.run(work(lab))


def street(lab: StoryLab) -> None:
    kinds = (Sensor.TEMPERATURE, Sensor.METHANE, Sensor.TEMPERATURE, Sensor.TILT)

    async def one(client: Any, mac: str, sensor: Sensor) -> None:
        async with aclosing(client.observe(mac, sensor, silence=SILENCE)) as readings:
            async for _ in readings:
                pass

    async def all_of_them() -> None:
        async with lab.vendor("itron-coap").async_client() as client, asyncio.TaskGroup() as group:
            for mac, sensor in zip(devices(lab), kinds, strict=False):
                group.create_task(one(client, mac, sensor))

    meanwhile(lab, all_of_them())


async def following(lab: StoryLab, **options: Any) -> None:
    async with lab.vendor("itron-mqtt").async_client(retry=RETRY, **options) as client:
        async for _ in client.alerts():
            pass


def alerts(connections: int = 1, enough: str = "subscribe", **options: Any) -> Program:
    """Follow all alerts over so many connections, until there were two such exchanges for each: it was made anew."""

    def program(lab: StoryLab) -> None:
        works = (following(lab, **options) for _ in range(connections))
        meanwhile(lab, *works, until=lambda: lab.journal.count(operation=enough) >= 2 * connections)

    return program


def subscribe(lab: StoryLab, url: str) -> None:
    """Have a receiver told of temperatures."""
    platform = lab.vendor("itron-platform")
    known = platform.credentials
    with httpx.Client(base_url=platform.url) as http:
        login = {"clientId": known["client_id"], "clientSecret": known["client_secret"]}
        http.headers["Authorization"] = http.post("/api/tokens", json=login).json()["accessToken"]
        event = {"event": {"name": "any", "sensor": "temperature", "operator": "gt", "value": -100}}
        made = http.post("/api/solutions/sandbox/events", json=event).raise_for_status().json()
        wanted = {"subscription": {"eventId": made["events"]["id"], "url": url}}
        http.post("/api/solutions/sandbox/subscriptions", json=wanted).raise_for_status()


def receiving(lab: StoryLab) -> None:
    with WebhookReceiver() as receiver:
        subscribe(lab, receiver.url)
        meanwhile(lab, asyncio.Event().wait(), until=lambda: lab.journal.count(protocol="webhook") >= 6)


def night(lab: StoryLab) -> None:
    async def lamps() -> None:
        async with lab.slv.async_client() as client:
            while not lab.over:
                with suppress(ClientError):
                    await client.controllers()
                await asyncio.sleep(600 / lab.clock.rate if lab.clock.rate else LOOK)

    meanwhile(lab, lamps(), following(lab, keep_alive=3_600))


IOT_PROGRAMS: dict[str, Program] = {
    "address-change": observing(7),
    "broker-failover": alerts(2),
    "broker-forgets": alerts(enough="ack"),
    "city-night": night,
    "coap-session-ends": reading(0, every=0.2),
    "gateway-outage": reading(0, every=0.3),
    "gateway-slow": reading(0, 2, every=60),
    "half-open": alerts(keep_alive=2),
    "lossy-mesh": observing(10),
    "reboot-storm": street,
    "token-ends-between-connections": alerts(),
    "webhook-twice-and-late": receiving,
}
