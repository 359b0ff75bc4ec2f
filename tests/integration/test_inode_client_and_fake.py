"""iNode's reference client on the fake."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import pytest

import vendorlab
from vendorlab.clients.inode import INodeClient, KeyRefused, LoginRefused, NotFound, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vendorlab.clients.inode import Change
    from vendorlab.lab import Lab

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def lab_with(profile: str = "modern", **settings: Any) -> Lab:
    profiles = {"inode": profile}
    return vendorlab.world("inode", seed=7, start=START, rate=0, profiles=profiles, settings={"inode": settings})


@pytest.fixture(params=["modern", "legacy"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with lab_with(request.param) as made:
        yield made


def client_of(lab: Lab, **options: Any) -> Any:
    """A client whose clock is the world's, and whose sleep turns it."""
    return lab.inode.client(clock=lambda: lab.clock.now().timestamp(), sleep=lab.clock.advance, **options)


def after(lab: Lab, **time: float) -> Callable[[], bool]:
    return lambda: lab.clock.now() - START >= timedelta(**time)


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


def test_unknown_link_and_device_are_not_found(lab: Lab) -> None:
    with client_of(lab) as client:
        with pytest.raises(NotFound):
            client.link(999_999)
        with pytest.raises(NotFound):
            client.device(999_999)


def test_refused_key_is_told_in_the_vendors_words(lab: Lab) -> None:
    with INodeClient(lab.inode.url, api_key="withdrawn") as client, pytest.raises(KeyRefused, match=r"Invalid token\."):
        client.links()


def test_client_refreshes_once_for_many_threads(lab: Lab) -> None:
    with client_of(lab) as client:
        client.links()
        lab.clock.advance(timedelta(days=6))
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(client.links) for _ in range(16)]
            assert len({len(answer.result()) for answer in asked}) == 1
    assert grants(lab) == ["password", "refresh_token"]


def test_wrong_password_is_refused(lab: Lab) -> None:
    with client_of(lab, password="wrong") as client, pytest.raises(LoginRefused, match="Invalid credentials"):
        client.links()


def test_client_reads_lists_in_pages() -> None:
    with lab_with(pagination=5) as lab, lab_with() as plain, client_of(lab) as paged, client_of(plain) as whole:
        assert (paged.links(), paged.devices()) == (whole.links(), whole.devices())
        assert lab.journal.count(operation="links") > 1


def test_client_waits_out_the_rate_limit() -> None:
    with lab_with(rate_limit=5) as lab, client_of(lab) as client:
        for _ in range(12):
            client.links()
        assert 0 < lab.journal.count(status=429) <= 2


def test_user_who_may_not_see_lists_is_told_so() -> None:
    with lab_with(owner_only=True) as lab:
        known = lab.inode.credentials
        second = {name: known[f"second_{name}"] for name in ("username", "password")}
        with client_of(lab, **second) as client, pytest.raises(PermissionDenied):
            client.links()


def test_polling_yields_what_moves_and_keeps_its_cadence_for_a_day() -> None:
    with lab_with() as lab, client_of(lab) as client:
        first, *changes = client.poll(every=300, until=after(lab, days=1))
        looks = [entry.at // 1_000_000 for entry in lab.journal.find(operation="links")]
    assert [link.id for link in first.links.added] == [link.id for link in first.snapshot.links]
    assert {later - sooner for sooner, later in pairwise(looks)} == {300}
    assert any("last_travel_time" in edit.fields for change in changes for edit in change.links.changed)
    assert all(change for change in changes)


def test_polling_survives_five_days_a_token_and_an_outage() -> None:
    with lab_with() as lab, client_of(lab) as client:
        lab.faults.add(
            {
                "match": {"operation": "devices"},
                "when": {"first": 20, "last": 30},
                "action": {"kind": "status", "status": 503},
            }
        )
        changes = list(client.poll(every=3_600, until=after(lab, days=5, hours=2)))
        assert grants(lab) == ["password", "refresh_token"]
        assert lab.journal.count(status=401) == 0
    assert (
        sum(change.failures for change in changes) == 2
    )  # two looks of four sends each; the third came through at its last


def test_async_polling_sees_the_same(lab: Lab) -> None:
    async def sleep(seconds: float) -> None:
        lab.clock.advance(seconds)

    async def watch() -> list[Change]:
        clock = lambda: lab.clock.now().timestamp()  # noqa: E731
        async with lab.inode.async_client(clock=clock, sleep=sleep) as client:
            return [change async for change in client.poll(every=600, until=after(lab, hours=3))]

    changes = asyncio.run(watch())
    with lab_with() as other, client_of(other) as client:
        assert list(client.poll(every=600, until=after(other, hours=3))) == changes
