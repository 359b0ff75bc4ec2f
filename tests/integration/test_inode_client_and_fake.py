"""iNode's reference client on the fake."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

import vendorlab
from vendorlab.clients.inode import INodeClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.lab import Lab

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["modern", "legacy"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with vendorlab.world("inode", seed=7, start=START, rate=0, profiles={"inode": request.param}) as made:
        yield made


def client_of(lab: Lab, **options: Any) -> Any:
    """A client whose clock is the world's, and whose sleep turns it."""
    return lab.inode.client(clock=lambda: lab.clock.now().timestamp(), sleep=lab.clock.advance, **options)


def grants(lab: Lab) -> list[str]:
    return [entry.detail["grant_type"] for entry in lab.journal.find(operation="token")]


def test_client_reads_everything(lab: Lab) -> None:
    with client_of(lab) as client:
        links, devices = client.links(), client.devices()
        assert [client.link(link.id) for link in links] == list(links)
        assert [client.device(device.id) for device in devices] == list(devices)
    assert links
    assert devices
    assert {entry.status for entry in lab.journal.find()} == {200}


def test_key_works_as_well_as_an_account(lab: Lab) -> None:
    with (
        client_of(lab) as account,
        INodeClient(base_url=lab.inode.url, api_key=lab.inode.credentials["api_key"]) as key,
    ):
        assert key.links() == account.links()
    assert grants(lab) == ["password"]


def test_token_that_expires_is_renewed_once(lab: Lab) -> None:
    with client_of(lab) as client:
        client.links()
        lab.clock.advance(timedelta(days=5, seconds=1))
        client.links()
        client.devices()
    assert grants(lab) == ["password", "refresh_token"]
    assert lab.journal.count(status=401) == 0


def test_client_without_the_worlds_clock_renews_on_the_401(lab: Lab) -> None:
    with lab.inode.client() as client:
        client.links()
        lab.clock.advance(timedelta(days=5, seconds=1))
        client.links()
    assert grants(lab) == ["password", "refresh_token"]
    assert lab.journal.count(status=401) == 1


def test_polling_keeps_its_cadence_over_a_day_and_an_outage(lab: Lab) -> None:
    with client_of(lab) as client:
        changes = client.poll(every=60)
        first = next(changes)
        assert len(first.links.added) == len(client.links())
        lab.faults.add(
            {
                "name": "outage",
                "match": {"vendor": "inode"},
                "when": {"first": 5, "last": 12},
                "action": {"kind": "empty"},
            }
        )
        for _change in islice(changes, 200):
            pass
    asked = [entry.at for entry in lab.journal.find(operation="links") if entry.fault is None][2:]
    # Only the look that found the vendor back, after waits spread by chance, may lie off the grid.
    assert len([moment for moment in asked if (moment - asked[0]) % 60_000_000]) <= 1
    assert len(asked) > 190
    assert lab.faults.rules()[0]["struck"] == 8


def test_async_polling_yields_the_same_first_change(lab: Lab) -> None:
    async def first() -> int:
        async with lab.inode.async_client() as client, aclosing(client.poll(every=60)) as changes:
            async for change in changes:
                return len(change.links.added)
        return 0

    with client_of(lab) as client:
        assert asyncio.run(first()) == len(client.links())
