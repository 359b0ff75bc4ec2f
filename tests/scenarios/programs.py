"""What our reference clients do in each story: programs as a careful user writes them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.scenarios.iot_programs import IOT_PROGRAMS

from vendorlab.clients.core.errors import ClientError
from vendorlab.clients.scanalytics import LIMITS, Pacer

if TYPE_CHECKING:
    from vendorlab.play import StoryLab

Program = Callable[["StoryLab"], None]
NEW_YORK = ZoneInfo("America/New_York")
WORKERS = 4


def each(lab: StoryLab, seconds: float, turn: Callable[[], Any]) -> None:
    """Take a turn on a grid until the story is over; one that fails is left out."""
    start, number = lab.time(), 0
    while not lab.over:
        with suppress(ClientError):
            turn()
        while start + number * seconds <= lab.time():
            number += 1
        lab.sleep(start + number * seconds - lab.time())


def whoami_hourly(lab: StoryLab) -> None:
    with lab.scanalytics.client() as client:
        each(lab, 3600, client.whoami)


def whoami_often(lab: StoryLab) -> None:
    with lab.scanalytics.client() as client:
        each(lab, 300, client.whoami)


def whoami_by_four(lab: StoryLab) -> None:
    with lab.scanalytics.client() as client, ThreadPoolExecutor(WORKERS) as pool:
        each(lab, 3600, lambda: [one.result() for one in [pool.submit(client.whoami) for _ in range(WORKERS)]])


def whoami_fast(lab: StoryLab) -> None:
    with lab.scanalytics.client(pace=Pacer(*LIMITS), max_wait=7200) as client:
        while not lab.over:
            client.whoami()


def links(seconds: float) -> Program:
    def program(lab: StoryLab) -> None:
        with lab.inode.client() as client:
            each(lab, seconds, client.links)

    return program


def polling(seconds: float) -> Program:
    def program(lab: StoryLab) -> None:
        with lab.inode.client() as client:
            for _ in client.poll(every=seconds, until=lambda: lab.over):
                pass

    return program


def both(lab: StoryLab) -> None:
    with lab.inode.client() as inode, lab.scanalytics.client() as scanalytics:

        def turn() -> None:
            inode.links()
            scanalytics.whoami()

        each(lab, 600, turn)


def hours(lab: StoryLab) -> None:
    with lab.scanalytics.client() as client:
        array = client.arrays()[0]
        done = datetime.fromtimestamp(lab.time(), UTC)
        while not lab.over:
            lab.sleep(3600)
            now = datetime.fromtimestamp(lab.time(), UTC)
            client.visits(array.key, "15m", done, now, NEW_YORK)
            done = now


def hours_late(lab: StoryLab) -> None:
    with lab.scanalytics.client() as client:
        array = client.arrays()[0]
        whole = datetime.fromtimestamp(lab.time(), UTC)
        while not lab.over:
            lab.sleep(1200)
            now = datetime.fromtimestamp(lab.time(), UTC)
            end = now.replace(minute=0)
            if end > whole:
                client.visits(array.key, "1h", max(whole - timedelta(hours=1), end - timedelta(hours=2)), end)
                whole = end


def observations(lab: StoryLab) -> None:
    with lab.itron.client() as client:
        list(client.observations(None))


def observations_often(lab: StoryLab) -> None:
    with lab.itron.client() as client:
        each(lab, 900, lambda: list(client.observations(None)))


def make_device(lab: StoryLab) -> None:
    with lab.itron.client() as client:
        client.devices()
        lab.sleep(120)
        try:
            client.create_device("LAMP", {"name": "north gate"})
        except ClientError:
            if not any(device.device_type == "LAMP" for device in client.devices()):
                client.create_device("LAMP", {"name": "north gate"})


def controllers(lab: StoryLab) -> None:
    with lab.slv.client() as client:
        each(lab, 3600, client.controllers)


def dimming(lab: StoryLab) -> None:
    with lab.slv.client() as client:
        each(lab, 600, lambda: client.set_dimming(("LP-001", "L00001"), 30))


PROGRAMS: dict[str, Program] = {
    "clock-skew": whoami_hourly,
    "corrected-values": hours_late,
    "dst-autumn": hours,
    "dst-spring": hours,
    "expired-token": whoami_hourly,
    "five-days-of-polling": polling(900),
    "late-values": hours_late,
    "limit-lowered": whoami_fast,
    "lost-answers": links(600),
    "lost-write": make_device,
    "next-page-elsewhere": observations_often,
    "one-of-two-is-away": both,
    "outage": whoami_often,
    "page-for-people": polling(300),
    "refresh-lost": whoami_hourly,
    "refresh-lost-in-grace": whoami_hourly,
    "refresh-race": whoami_by_four,
    "reuse-detected": whoami_hourly,
    "seven-days-of-polling": whoami_often,
    "slv-csrf-ends": dimming,
    "slv-session-ends": controllers,
    "throttle-hour": whoami_fast,
    "throttle-minute": whoami_fast,
    "token-ends-in-mid-page": observations,
    "tokens-revoked": whoami_hourly,
    **IOT_PROGRAMS,
}
