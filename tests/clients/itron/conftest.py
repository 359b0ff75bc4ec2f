"""Fixtures for the Data Platform client: a vendor, and both faces behind one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import FakeClock
from tests.clients.faces import Face, MakeFace, maker
from tests.clients.itron.fake_vendor import CLIENT_ID, CLIENT_SECRET, ORIGIN, WALL, FakeVendor

from vendorlab.clients.itron import AsyncDataPlatformClient, DataPlatformClient

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(WALL.timestamp())


@pytest.fixture
def vendor(clock: FakeClock) -> FakeVendor:
    return FakeVendor(clock=clock)


@pytest.fixture(params=["sync", "async"])
def make_face(request: pytest.FixtureRequest, vendor: FakeVendor, clock: FakeClock) -> Iterator[MakeFace]:
    """Makes faces of one kind on the fake vendor; with an application unless a token is given."""

    def make(base_url: str = ORIGIN, **options: Any) -> DataPlatformClient | AsyncDataPlatformClient:
        who: dict[str, Any] = {} if "token" in options else APPLICATION
        options = who | {"clock": clock, "transport": httpx.MockTransport(vendor)} | options
        options.setdefault("sleep", clock.sleep if request.param == "sync" else clock.asleep)
        kind = DataPlatformClient if request.param == "sync" else AsyncDataPlatformClient
        return kind(base_url, **options)

    with maker(make) as make_one:
        yield make_one


@pytest.fixture
def face(make_face: MakeFace) -> Face:
    return make_face()


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    """Fails if a client's own thread outlives the test."""
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("vendorlab")] == []
