"""Readings that come late: figures are too small for a while, and corrected afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import vendorlab
from vendorlab.mocks.core.happenings import EventError
from vendorlab.mocks.scanalytics.app import Scanalytics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.lab import Lab

NOON = datetime(2026, 11, 4, 18, tzinfo=UTC)
"""In Chicago, on a Wednesday."""


@pytest.fixture
def lab() -> Iterator[Lab]:
    with vendorlab.world("scanalytics", seed=7, start=NOON, rate=0) as lab:
        yield lab


def rows(lab: Lab, number: int = 0) -> list[Any]:
    """The visits from noon to three, hour by hour."""
    handle = lab.scanalytics
    with httpx.Client(transport=handle.transport(), base_url="http://vendor.test") as http:
        known = {name: handle.credentials[name] for name in ("username", "password", "client_id")}
        token = http.post("/o/token/", data={"grant_type": "password", **known}).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        key = http.get("/v1/array/list").json()[number]["key"]
        query = {"start": "2026-11-04T12:00:00", "end": "2026-11-04T15:00:00", "timezone": "America/Chicago"}
        return [row["visits"] for row in http.get(f"/v1/aggregate/{key}/visits/1h", params=query).json()]


def late(lab: Lab, **which: Any) -> None:
    """Half an hour is counted as ever, and two and a half are not."""
    lab.clock.advance(1_800)
    lab.world.happen("scanalytics", {"kind": "silence", **which})
    lab.clock.advance(9_000)


def test_what_is_counted_in_a_silence_is_missing_until_it_is_delivered(lab: Lab) -> None:
    late(lab)
    small = rows(lab)
    lab.world.happen("scanalytics", {"kind": "delivery"})
    whole = rows(lab)
    assert (len(small), len(whole)) == (1, 3)
    assert 0 < small[0] < whole[0]
    with vendorlab.world("scanalytics", seed=7, start=NOON, rate=0) as other:
        other.clock.advance(10_800)
        assert rows(other) == whole


def test_one_array_is_silent_alone(lab: Lab) -> None:
    arrays = lab.world.vendor("scanalytics").state()["arrays"]
    late(lab, array=arrays[0]["key"])
    assert (len(rows(lab, 0)), len(rows(lab, 1))) == (1, 3)


def test_device_of_a_silent_array_was_last_seen_before(lab: Lab) -> None:
    vendor = lab.world.vendor("scanalytics")
    assert isinstance(vendor, Scanalytics)
    device = next(one for one in vendor.backend.estate.devices.values() if one.offline_since is None)
    late(lab)
    assert -60 < vendor.backend.last_seen(device) - NOON.timestamp() - 1_800 <= 0
    lab.world.happen("scanalytics", {"kind": "delivery"})
    assert -60 < vendor.backend.last_seen(device) - NOON.timestamp() - 10_800 <= 0


def test_silence_outlives_a_snapshot_and_ends_with_a_reset(lab: Lab) -> None:
    late(lab)
    kept = lab.world.snapshot()
    small = rows(lab)
    lab.world.happen("scanalytics", {"kind": "delivery"})
    assert rows(lab) != small
    lab.world.restore(kept)
    assert rows(lab) == small
    lab.world.reset()
    lab.clock.advance(10_800)
    assert len(rows(lab)) == 3


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"kind": "silence", "array": "nothing"}, "there is no array 'nothing'"),
        ({"kind": "delivery"}, "nothing is silent"),
    ],
)
def test_event_that_makes_no_sense_is_refused(lab: Lab, event: dict[str, str], said: str) -> None:
    with pytest.raises(EventError, match=said):
        lab.world.happen("scanalytics", event)
