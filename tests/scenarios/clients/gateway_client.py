"""Our client of the gateway as a program: seven readings of the first device, and a tidy end."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import aclosing

from vendorlab.clients.itron import AsyncGatewayClient, Sensor

RATE = float(os.environ["VENDORLAB_RATE"])


async def sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / RATE)


async def main() -> None:
    mac = os.environ["VENDORLAB_ITRON_COAP_DEVICES"].split(",")[0]
    async with AsyncGatewayClient.from_env(sleep=sleep, clock=lambda: time.monotonic() * RATE) as client:
        seen = 0
        async with aclosing(client.observe(mac, Sensor.TEMPERATURE, silence=200)) as readings:
            async for _ in readings:
                seen += 1
                if seen == 7:
                    break


asyncio.run(main())
