"""The reference client on the fake: what both were built for, without either having seen the other."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import vendorlab
from vendorlab.clients.core.errors import Throttled
from vendorlab.clients.scanalytics import FileTokenStore, ScanalyticsClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vendorlab.lab import Lab

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["legacy", "modern"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    profiles = {"scanalytics": request.param}
    with vendorlab.world("scanalytics", seed=7, start=START, rate=0, profiles=profiles) as made:
        yield made


def client_of(lab: Lab, **options: Any) -> Any:
    """A client whose clock is the world's, and whose sleep turns it."""
    return lab.scanalytics.client(clock=lambda: lab.clock.now().timestamp(), sleep=lab.clock.advance, **options)


def refreshes(lab: Lab) -> list[Any]:
    return [entry for entry in lab.journal.find(operation="token") if entry.detail.get("grant_type") == "refresh_token"]


def test_client_reads_everything(lab: Lab) -> None:
    with client_of(lab) as client:
        assert client.whoami().email == lab.scanalytics.credentials["username"]
        assert [one.key for one in client.deployments()] == [
            client.deployment(one.key).key for one in client.deployments()
        ]
        for array in client.arrays():
            assert client.array(array.key) == array
        for device in client.devices():
            assert client.device(device.key).key == device.key
    assert {entry.status for entry in lab.journal.find()} == {200}


def test_client_refreshes_once_when_the_token_expires(lab: Lab) -> None:
    with client_of(lab) as client:
        client.whoami()
        lab.clock.advance(timedelta(hours=25))
        client.whoami()
        client.whoami()
    assert [entry.status for entry in refreshes(lab)] == [200]
    assert lab.journal.count(status=401) == 0


def test_client_refreshes_once_for_many_threads(lab: Lab, tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "tokens.json")
    with client_of(lab, store=store, pace=None) as client:
        client.whoami()
        lab.clock.advance(timedelta(hours=25))
        with ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(client.whoami) for _ in range(32)]
            names = {answer.result().email for answer in asked}
    assert len(names) == 1
    assert [entry.status for entry in refreshes(lab)] == [200]


def test_async_client_refreshes_once_for_many_tasks(lab: Lab) -> None:
    async def many() -> int:
        options: dict[str, Any] = {"clock": lambda: lab.clock.now().timestamp(), "pace": None}
        async with lab.scanalytics.async_client(**options) as client:
            await client.whoami()
            lab.clock.advance(timedelta(hours=25))
            return len({one.email for one in await asyncio.gather(*(client.whoami() for _ in range(32)))})

    assert asyncio.run(many()) == 1
    assert [entry.status for entry in refreshes(lab)] == [200]


def test_client_survives_a_refresh_whose_answer_is_lost(lab: Lab) -> None:
    with client_of(lab) as client:
        client.whoami()
        lab.clock.advance(timedelta(hours=25))
        lab.faults.add(
            {"match": {"operation": "token"}, "when": {"nth": 1}, "action": {"kind": "reset"}, "phase": "after"}
        )
        assert client.whoami().email == lab.scanalytics.credentials["username"]
    grants = [
        (entry.detail["grant_type"], entry.detail.get("refresh_token_state"))
        for entry in lab.journal.find(operation="token")
    ]
    # The first went through and its answer was lost; the second showed a spent token; so the client logged in again.
    assert grants == [("password", None), ("refresh_token", "live"), ("refresh_token", "spent"), ("password", None)]


def test_client_stays_under_both_limits(lab: Lab) -> None:
    with client_of(lab) as client:
        for _ in range(400):
            client.whoami()
    assert lab.journal.count(status=429) == 0


def test_client_waits_out_retry_after(lab: Lab) -> None:
    with client_of(lab, pace=None) as client:
        for _ in range(200):
            client.whoami()
    throttled = lab.journal.find(status=429)
    assert len(throttled) == 1
    following = lab.journal.find(after=throttled[0].seq)[0]
    assert (following.status, following.at - throttled[0].at) == (
        200,
        (throttled[0].detail["retry_after"] + 1) * 1_000_000,
    )


def test_client_gives_up_when_the_wait_is_too_long(lab: Lab) -> None:
    with client_of(lab, pace=None, max_wait=5.0) as client:
        for _ in range(180):
            client.whoami()
        with pytest.raises(Throttled):
            client.whoami()


def test_client_never_puts_a_token_into_a_url(lab: Lab) -> None:
    with client_of(lab) as client:
        client.deployments()
    assert all("token" not in entry.query for entry in lab.journal.find())


def test_long_windows_are_split_and_add_up(lab: Lab) -> None:
    with client_of(lab) as client:
        key = client.arrays()[0].key
        start, end = START - timedelta(days=60), START
        split = list(client.iter_visits(key, "1h", start, end))
        whole = client.visits(key, "1M", start, end)
    assert sum(bucket.value for bucket in split) == sum(bucket.value for bucket in whole)
    assert len(split) == 60 * 24


def test_stored_tokens_serve_the_next_process(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    for _ in range(2):
        with client_of(lab, store=FileTokenStore(path)) as client:
            client.whoami()
    assert lab.journal.count(operation="token") == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_client_works_in_process_without_a_socket(lab: Lab) -> None:
    known = lab.scanalytics.credentials
    options = {key: known[key] for key in ("username", "password", "client_id")}
    with ScanalyticsClient(base_url="http://inside", transport=lab.scanalytics.transport(), **options) as client:
        assert client.whoami().email == known["username"]
    assert lab.world.listeners() == []
