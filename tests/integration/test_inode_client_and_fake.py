"""iNode's reference client on the fake: what both were built for, without either having seen the other."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import vendorlab
from vendorlab.clients.inode import INodeClient, KeyRefused, LoginRefused, NotFound, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vendorlab.clients.inode import Change
    from vendorlab.lab import Lab

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["legacy", "modern"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with lab_with(request.param) as made:
        yield made


def lab_with(profile: str = "modern", **settings: Any) -> Lab:
    profiles = {"inode": profile}
    return vendorlab.world("inode", seed=7, start=START, rate=0, profiles=profiles, settings={"inode": settings})


def client_of(lab: Lab, **options: Any) -> INodeClient:
    """A client whose clock is the world's, and whose sleep turns it."""
    made: INodeClient = lab.inode.client(clock=lambda: lab.clock.now().timestamp(), sleep=lab.clock.advance, **options)
    return made


def with_key(lab: Lab, key: str) -> INodeClient:
    return INodeClient(lab.inode.url, api_key=key)


def after(lab: Lab, **time: float) -> Callable[[], bool]:
    return lambda: lab.clock.now() - START >= timedelta(**time)


def grants(lab: Lab) -> list[tuple[str, int]]:
    return [(entry.detail["grant_type"], entry.status) for entry in lab.journal.find(operation="token")]


def test_client_reads_everything(lab: Lab) -> None:
    with client_of(lab) as client:
        links, devices = client.links(), client.devices()
        assert [client.link(link.id) for link in links] == links
        assert [client.device(device.id) for device in devices] == devices
        assert all(status.is_known for link in links if (status := link.status) is not None)
        for name in ("link", "device"):
            with pytest.raises(NotFound):
                getattr(client, name)(999_999)
    assert {entry.status for entry in lab.journal.find()} == {200, 404}


def test_key_serves_as_well_as_an_account(lab: Lab) -> None:
    with client_of(lab) as owner, with_key(lab, lab.inode.credentials["api_key"]) as holder:
        assert holder.links() == owner.links()
    with with_key(lab, "withdrawn") as stranger, pytest.raises(KeyRefused, match=r"Invalid token\."):
        stranger.links()
    assert grants(lab) == [("password", 200)]


def test_wrong_password_is_refused(lab: Lab) -> None:
    with client_of(lab, password="wrong") as client, pytest.raises(LoginRefused, match="Invalid credentials"):
        client.links()


def test_client_refreshes_once_when_the_token_expires(lab: Lab) -> None:
    with lab.inode.client() as client:  # by its own clock the token is still good, so it learns of it by a 401
        client.links()
        lab.clock.advance(timedelta(days=5, seconds=1))
        client.links()
        client.devices()
    assert grants(lab) == [("password", 200), ("refresh_token", 200)]
    assert lab.journal.count(status=401) == 1


def test_client_refreshes_once_for_many_threads(lab: Lab) -> None:
    with client_of(lab) as client:
        client.links()
        lab.clock.advance(timedelta(days=6))
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(client.links) for _ in range(16)]
            assert len({len(answer.result()) for answer in asked}) == 1
    assert grants(lab) == [("password", 200), ("refresh_token", 200)]


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
        assert grants(lab) == [("password", 200), ("refresh_token", 200)]
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
