"""Aggregates as a caller sees them: the backend's windows, the readings, and the rows on the wire."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.mocks.scanalytics.models import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.lab import VendorHandle


class Caller:
    def __init__(self, http: httpx.Client, handle: VendorHandle) -> None:
        self._http = http
        credentials = {name: handle.credentials[name] for name in ("username", "password", "client_id")}
        token = http.post("/o/token/", data={"grant_type": "password", **credentials}).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        self.arrays = [array["key"] for array in http.get("/v1/array/list").json()]

    def ask(self, path: str, start: str, end: str, zone: str = "America/Chicago", array: int = 0) -> httpx.Response:
        """Ask for `metric/bucket`."""
        query = {"start": start, "end": end, "timezone": zone}
        return self._http.get(f"/v1/aggregate/{self.arrays[array]}/{path}", params=query)

    def rows(self, path: str, start: str, end: str, **how: Any) -> list[dict[str, Any]]:
        answer = self.ask(path, start, end, **how)
        assert answer.status_code == 200
        rows: list[dict[str, Any]] = answer.json()
        return rows


@pytest.fixture
def caller(scanalytics: VendorHandle) -> Iterator[Caller]:
    with httpx.Client(transport=scanalytics.transport(), base_url=scanalytics.url) as http:
        yield Caller(http, scanalytics)


def test_the_tutorials_window_has_173_rows(caller: Caller) -> None:
    rows = caller.rows("visits/1h", "2018-03-01T12:45:00", "2018-03-08T16:45:00")
    assert len(rows) == 173
    assert list(rows[0]) == ["start", "visits"]
    assert rows[0]["start"] == "2018-03-01T12:00:00-06:00"
    assert sum(row["visits"] for row in rows) > 500


def test_every_array_can_be_asked_for_every_metric(caller: Caller) -> None:
    for array in range(len(caller.arrays)):
        for metric in METRICS:
            rows = caller.rows(f"{metric}/1d", "2018-03-05T00:00:00", "2018-03-12T00:00:00", array=array)
            assert len(rows) == 7
            assert all(set(row) == {"start", metric} for row in rows)


def test_nothing_is_filled_beyond_the_worlds_clock(caller: Caller, scanalytics: VendorHandle) -> None:
    window = "2018-03-01T00:00:00Z", "2999-01-01T00:00:00Z"
    before = datetime.fromisoformat(caller.rows("visits/8h", *window, zone="UTC")[-1]["start"])
    scanalytics.clock.advance(16 * 3600)
    later = datetime.fromisoformat(caller.rows("visits/8h", *window, zone="UTC")[-1]["start"])
    assert later - before == timedelta(hours=16)
    assert caller.rows("visits/1h", "2998-01-01T00:00:00", "2999-01-01T00:00:00") == []


@pytest.mark.parametrize(
    ("bucket", "start", "detail"),
    [
        ("2M", "2018-03-01T00:00:00", "Invalid bucket."),
        ("1h", "0001-01-01T00:00:00", "The window begins too early."),
        ("1s", "2000-01-01T00:00:00", "The window holds more than 1000000 buckets."),
    ],
)
def test_what_cannot_be_aggregated_is_400(caller: Caller, bucket: str, start: str, detail: str) -> None:
    answer = caller.ask(f"visits/{bucket}", start, "2018-04-01T00:00:00")
    assert (answer.status_code, answer.json()) == (400, {"detail": detail})
