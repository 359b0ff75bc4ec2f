"""A broker, a client of alerts and their clock, for tests."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.clients.itron.fake_broker import (
    PINGREQ,
    FakeBroker,
)  # fmt: skip
from tests.clients.itron.fake_gateway import Turned, until

from vendorlab.clients.itron import (
    AsyncAlertsClient,
    ClientError,
    RetryPolicy,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator

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
