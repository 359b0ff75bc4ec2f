"""The Scanalytics suite's own reading of answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.target import Target
from vendorlab.contracts.scanalytics import aggregates
from vendorlab.contracts.scanalytics.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable

CREDENTIALS = {"username": "ada@example.com", "password": "hunter2", "client_id": "app"}


def api(handler: Callable[[httpx.Request], httpx.Response], **credentials: str) -> Api:
    target = Target("scanalytics", "http://127.0.0.1:7071", {**CREDENTIALS, **credentials})
    return Api(Access(target, transport=httpx.MockTransport(handler)))


def answering(body: Any, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, json=body)


ROW = {"start": "2018-03-01T12:00:00-06:00", "visits": 4}


def test_buckets_are_read() -> None:
    (bucket,) = aggregates.read(api(answering([ROW])).http.get("/x"))
    assert (bucket.label, bucket.value) == (ROW["start"], 4)
    assert bucket.start == datetime(2018, 3, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [
        {"visits": -1},
        {"visits": 1.5},
        {"visits": None},
        {"visits": True},
        {"start": "2018-03-01T12:00:00"},
        {"start": "2018-03-01 12:00:00Z"},
        {"start": "2018-02-30T12:00:00Z"},
        {"start": 1_519_927_200},
    ],
)
def test_bucket_that_is_not_well_formed_is_the_targets_fault(change: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        aggregates.read(api(answering([{**ROW, **change}])).http.get("/x"))


def test_dwell_may_be_null_or_a_fraction() -> None:
    rows = [{"start": "2018-03-01T12:00:00Z", "dwell": value} for value in (None, 1.5, 3)]
    assert [each.value for each in aggregates.read(api(answering(rows)).http.get("/x"), "dwell")] == [None, 1.5, 3]


def test_answers_are_merged_by_label() -> None:
    answers = [
        aggregates.read(api(answering(rows)).http.get("/x"))
        for rows in ([ROW, {**ROW, "start": "2018-03-01T13:00:00-06:00"}], [ROW])
    ]
    assert aggregates.merged(*answers) == {ROW["start"]: 8, "2018-03-01T13:00:00-06:00": 4}


def test_window_of_a_place_is_given_in_hours_of_its_week() -> None:
    place = aggregates.Place("AAAAA", datetime(2018, 2, 26, tzinfo=ZoneInfo(aggregates.CHICAGO)))
    assert place.window(1, 25.5) == ("2018-02-26T01:00:00-06:00", "2018-02-27T01:30:00-06:00")


def test_arrays_are_found_by_environment_or_else_by_the_list() -> None:
    listed = answering([{"arrays": [{"key": "AAAAA"}, {"key": "BBBBB"}]}, {"arrays": []}])
    assert aggregates.find_arrays(api(listed), "token") == ["AAAAA", "BBBBB"]
    assert aggregates.find_arrays(api(listed, array_key="CCCCC"), "token") == ["CCCCC"]


def test_user_without_arrays_skips() -> None:
    with pytest.raises(pytest.skip.Exception, match="no array"):
        aggregates.find_arrays(api(answering([])), "token")


def test_busy_place_is_the_first_week_with_visits() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        busy = "/BBBBB/" in request.url.path and request.url.params["start"].startswith("2026")
        return httpx.Response(200, json=[{**ROW, "visits": 3 if busy else 0}])

    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    place = aggregates.find_busy_place(api(handler), "token", ["AAAAA", "BBBBB"], now)
    assert (place.key, place.monday.isoformat()) == ("BBBBB", "2026-11-09T00:00:00-06:00")


def test_places_where_nobody_was_skip() -> None:
    with pytest.raises(pytest.skip.Exception, match="no array of the user's has visits"):
        aggregates.find_busy_place(api(answering([{**ROW, "visits": 0}])), "token", ["AAAAA"], datetime.now(UTC))
