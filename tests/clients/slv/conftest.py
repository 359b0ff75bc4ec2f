"""Fixtures for the Streetlight.Vision client: a vendor, and both faces behind one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import FakeClock
from tests.clients.faces import Face, MakeFace, maker
from tests.clients.slv.fake_vendor import ORIGIN, PASSWORD, USERNAME, WALL, FakeVendor

from vendorlab.clients.slv import AsyncSlvClient, SlvClient

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT: dict[str, Any] = {"username": USERNAME, "password": PASSWORD}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(WALL.timestamp())


@pytest.fixture
def vendor(clock: FakeClock) -> FakeVendor:
    return FakeVendor(clock=clock)


@pytest.fixture(params=["sync", "async"])
def make_face(request: pytest.FixtureRequest, vendor: FakeVendor, clock: FakeClock) -> Iterator[MakeFace]:
    """Makes faces of one kind on the fake vendor."""

    def make(base_url: str = ORIGIN, **options: Any) -> SlvClient | AsyncSlvClient:
        defaults = ACCOUNT | {"clock": clock, "transport": httpx.MockTransport(vendor), "zone": "America/New_York"}
        options = defaults | options
        options.setdefault("sleep", clock.sleep if request.param == "sync" else clock.asleep)
        kind = SlvClient if request.param == "sync" else AsyncSlvClient
        return kind(base_url, **options)

    with maker(make) as make_one:
        yield make_one


@pytest.fixture
def face(make_face: MakeFace) -> Face:
    return make_face()
