"""Fixtures for the Scanalytics client: a vendor, and both faces behind one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import PASSWORD, URL, USERNAME, FakeClock
from tests.clients.faces import Face, MakeFace, maker
from tests.clients.scanalytics.fake_vendor import CLIENT_ID, FakeVendor

from vendorlab.clients.scanalytics import AsyncScanalyticsClient, ScanalyticsClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def vendor(clock: FakeClock) -> FakeVendor:
    return FakeVendor(clock=clock)


@pytest.fixture(params=["sync", "async"])
def make_face(request: pytest.FixtureRequest, vendor: FakeVendor, clock: FakeClock) -> Iterator[MakeFace]:
    """Makes faces of one kind on the fake vendor; Ada's credentials unless others are given."""

    def make(**options: Any) -> ScanalyticsClient | AsyncScanalyticsClient:
        ada: dict[str, Any] = {"client_id": CLIENT_ID, "username": USERNAME, "password": PASSWORD}
        options = ada | {"clock": clock, "transport": httpx.MockTransport(vendor)} | options
        options.setdefault("sleep", clock.sleep if request.param == "sync" else clock.asleep)
        return ScanalyticsClient(URL, **options) if request.param == "sync" else AsyncScanalyticsClient(URL, **options)

    with maker(make) as make_one:
        yield make_one


@pytest.fixture
def face(make_face: MakeFace) -> Face:
    return make_face()
