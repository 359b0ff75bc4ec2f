"""Fixtures for the Scanalytics client: a clock, a vendor, and both faces behind one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from tests.clients.scanalytics.fake_vendor import CLIENT_ID, PASSWORD, URL, USERNAME, FakeClock, FakeVendor

from vendorlab.clients.scanalytics import AsyncScanalyticsClient, ScanalyticsClient


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["legacy", "modern"])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def vendor(clock: FakeClock) -> FakeVendor:
    return FakeVendor(clock=clock)


class Face:
    """Calls a client's methods by name, whichever face it is; iterators come back as lists."""

    def __init__(self, client: ScanalyticsClient | AsyncScanalyticsClient, runner: asyncio.Runner) -> None:
        self.client = client
        self._runner = runner

    def __call__(self, name: str, *args: Any, **kwargs: Any) -> Any:
        result: Any = getattr(self.client, name)(*args, **kwargs)
        if hasattr(result, "__next__"):
            return list(result)
        if hasattr(result, "__aiter__"):
            return self._runner.run(_collected(result))
        return self._runner.run(result) if asyncio.iscoroutine(result) else result

    def close(self) -> None:
        if isinstance(self.client, ScanalyticsClient):
            self.client.close()
        else:
            self._runner.run(self.client.aclose())


async def _collected(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


MakeFace = Callable[..., Face]


@pytest.fixture(params=["sync", "async"])
def make_face(request: pytest.FixtureRequest, vendor: FakeVendor, clock: FakeClock) -> Iterator[MakeFace]:
    """Makes faces of one kind on the fake vendor; Ada's credentials unless others are given."""
    faces: list[Face] = []
    with asyncio.Runner() as runner:

        def make(**options: Any) -> Face:
            ada: dict[str, Any] = {"client_id": CLIENT_ID, "username": USERNAME, "password": PASSWORD}
            options = ada | {"clock": clock, "transport": httpx.MockTransport(vendor)} | options
            options.setdefault("sleep", clock.sleep if request.param == "sync" else clock.asleep)
            client: ScanalyticsClient | AsyncScanalyticsClient
            if request.param == "sync":
                client = ScanalyticsClient(URL, **options)
            else:
                client = AsyncScanalyticsClient(URL, **options)
            faces.append(Face(client, runner))
            return faces[-1]

        yield make
        for face in faces:
            face.close()


@pytest.fixture
def face(make_face: MakeFace) -> Face:
    return make_face()
