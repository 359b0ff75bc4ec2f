"""A connection to the broker: whoever gives up while it is made leaves none behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from vendorlab.clients.itron.brokerline import BrokerAddress, BrokerLine, Login


class Transport:
    """Knows whether it was let go of."""

    def __init__(self) -> None:
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted


class Writer:
    """As much of asyncio's as a line uses."""

    def __init__(self) -> None:
        self.transport = Transport()

    def write(self, data: bytes) -> None:
        _ = data

    def close(self) -> None:
        self.transport.abort()

    async def wait_closed(self) -> None:
        pass


@pytest.mark.parametrize("turns", range(8))
def test_connection_that_was_just_made_is_let_go_of_by_who_is_cancelled(
    monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """However many turns of the loop lie between its making and the end: some fall between the two who wait for it."""

    async def main() -> None:
        made: asyncio.Future[tuple[asyncio.StreamReader, Writer]] = asyncio.get_running_loop().create_future()

        async def opening(*_: Any, **__: Any) -> tuple[asyncio.StreamReader, Writer]:
            return await made

        monkeypatch.setattr("vendorlab.clients.itron.brokerline.asyncio.open_connection", opening)
        address = BrokerAddress.of("mqtt://127.0.0.1:1883", None)
        line = asyncio.create_task(
            BrokerLine.open(
                address, Login("id", "name", "word"), keep_alive=0, timeout=60, clock=lambda: 0.0, sleep=asyncio.sleep
            )
        )
        for _ in range(4):
            await asyncio.sleep(0)
        writer = Writer()
        made.set_result((asyncio.StreamReader(), writer))
        for _ in range(turns):
            await asyncio.sleep(0)
        line.cancel()
        with pytest.raises(asyncio.CancelledError):
            await line
        assert writer.transport.aborted

    asyncio.run(main())
