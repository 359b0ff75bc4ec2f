"""Fixtures for the iNode client: a vendor, and both faces behind one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import PASSWORD, URL, USERNAME, FakeClock
from tests.clients.faces import Face, MakeFace, maker
from tests.clients.inode.fake_vendor import CLIENT_ID, CLIENT_SECRET, FakeVendor

from vendorlab.clients.inode import AsyncINodeClient, INodeClient

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER = {"username": USERNAME, "password": PASSWORD, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@pytest.fixture
def vendor(clock: FakeClock) -> FakeVendor:
    return FakeVendor(clock=clock)


@pytest.fixture(params=["sync", "async"])
def make_face(request: pytest.FixtureRequest, vendor: FakeVendor, clock: FakeClock) -> Iterator[MakeFace]:
    """Makes faces of one kind on the fake vendor; the owner's account unless a key is given."""

    def make(base_url: str = URL, **options: Any) -> INodeClient | AsyncINodeClient:
        account: dict[str, Any] = {} if "api_key" in options else OWNER
        options = account | {"clock": clock, "transport": httpx.MockTransport(vendor)} | options
        options.setdefault("sleep", clock.sleep if request.param == "sync" else clock.asleep)
        return INodeClient(base_url, **options) if request.param == "sync" else AsyncINodeClient(base_url, **options)

    with maker(make) as make_one:
        yield make_one


@pytest.fixture
def face(make_face: MakeFace) -> Face:
    return make_face()
