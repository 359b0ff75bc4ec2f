"""Aggregates: units, alignment, and the two odd days of the year."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from vendorlab.contracts.scanalytics.aggregates import CHICAGO, visits

if TYPE_CHECKING:
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")

_SPRING = ("2018-03-11T00:00:00", "2018-03-12T00:00:00")
_AUTUMN = ("2018-11-04T00:00:00", "2018-11-05T00:00:00")


@pytest.mark.claim("scanalytics.bucket.units", "scanalytics.bucket.calendar", "scanalytics.bucket.aligned")
@pytest.mark.parametrize(
    ("bucket", "end", "labels"),
    [
        ("1s", "2018-02-14T10:20:33", ["2018-02-14T10:20:30", "2018-02-14T10:20:31", "2018-02-14T10:20:32"]),
        ("1m", "2018-02-14T10:22:30", ["2018-02-14T10:20:00", "2018-02-14T10:21:00", "2018-02-14T10:22:00"]),
        ("1h", "2018-02-14T12:20:30", ["2018-02-14T10:00:00", "2018-02-14T11:00:00", "2018-02-14T12:00:00"]),
        ("1d", "2018-02-16T10:20:30", ["2018-02-14T00:00:00", "2018-02-15T00:00:00", "2018-02-16T00:00:00"]),
        ("1w", "2018-02-28T10:20:30", ["2018-02-12T00:00:00", "2018-02-19T00:00:00", "2018-02-26T00:00:00"]),
        ("1M", "2018-03-05T10:20:30", ["2018-02-01T00:00:00", "2018-03-01T00:00:00"]),
        ("1y", "2019-02-14T10:20:30", ["2018-01-01T00:00:00", "2019-01-01T00:00:00"]),
    ],
)
def test_one_of_each_unit_is_that_of_the_wall_clock(
    api: Api, token: str, array_key: str, *, bucket: str, end: str, labels: list[str]
) -> None:
    """The first bucket begins at or before the window: on the second, the hour, midnight, Monday, the first."""
    answer = visits(api, token, array_key, bucket, ("2018-02-14T10:20:30", end))
    assert [each.label for each in answer] == [f"{label}-06:00" for label in labels]


@pytest.mark.claim("scanalytics.bucket.multiples", "scanalytics.bucket.aligned")
@pytest.mark.parametrize(("bucket", "minutes"), [("15m", 15), ("30m", 30), ("6h", 360), ("2d", 2_880)])
def test_multiples_are_fixed_lengths(api: Api, token: str, array_key: str, bucket: str, minutes: int) -> None:
    """Equally far apart, and those of a day or less begin with the day."""
    window = ("2018-02-12T07:50:00", "2018-02-18T07:50:00")
    starts = [each.start for each in visits(api, token, array_key, bucket, window)]
    step = timedelta(minutes=minutes)
    assert {after - before for before, after in itertools.pairwise(starts)} == {step}
    opening = datetime(2018, 2, 12, 7, 50, tzinfo=ZoneInfo(CHICAGO))
    assert starts[0] <= opening < starts[0] + step
    if step <= timedelta(days=1):
        assert (starts[0] - starts[0].replace(hour=0, minute=0, second=0)) % step == timedelta(0)


@pytest.mark.claim("scanalytics.bucket.spring")
def test_day_on_which_clocks_go_forward_has_23_hours(api: Api, token: str, array_key: str) -> None:
    """The hour from two to three does not exist."""
    answer = visits(api, token, array_key, "1h", _SPRING)
    assert len(answer) == 23
    assert [each.label for each in answer[1:3]] == ["2018-03-11T01:00:00-06:00", "2018-03-11T03:00:00-05:00"]
    assert answer[0].start.astimezone(UTC) == datetime(2018, 3, 11, 6, tzinfo=UTC)


@pytest.mark.claim("scanalytics.bucket.autumn")
def test_day_on_which_clocks_go_back_has_25_hours(api: Api, token: str, array_key: str) -> None:
    """The hour from one to two comes twice, told apart by the offset alone."""
    answer = visits(api, token, array_key, "1h", _AUTUMN)
    assert len(answer) == 25
    assert [each.label for each in answer[1:3]] == ["2018-11-04T01:00:00-05:00", "2018-11-04T01:00:00-06:00"]
    assert len({each.start.astimezone(UTC) for each in answer}) == 25


@pytest.mark.claim("scanalytics.bucket.calendar-dst")
@pytest.mark.parametrize(
    ("window", "labels"),
    [
        (
            ("2018-03-10T00:00:00", "2018-03-13T00:00:00"),
            ["10T00:00:00-06:00", "11T00:00:00-06:00", "12T00:00:00-05:00"],
        ),
        (
            ("2018-11-03T00:00:00", "2018-11-06T00:00:00"),
            ["03T00:00:00-05:00", "04T00:00:00-05:00", "05T00:00:00-06:00"],
        ),
    ],
    ids=["forward", "back"],
)
def test_calendar_day_stays_one_bucket(
    api: Api, token: str, array_key: str, window: tuple[str, str], labels: list[str]
) -> None:
    """Whether it has 23 hours or 25."""
    answer = visits(api, token, array_key, "1d", window)
    month = date.fromisoformat(window[0][:10]).strftime("%Y-%m-")
    assert [each.label for each in answer] == [month + label for label in labels]


@pytest.mark.claim("scanalytics.bucket.gap")
def test_local_time_that_is_skipped_is_moved_forward(api: Api, token: str, array_key: str) -> None:
    """Half past two on that night is half past three."""
    skipped = visits(api, token, array_key, "15m", ("2018-03-11T02:30:00", "2018-03-11T06:00:00"))
    assert skipped == visits(api, token, array_key, "15m", ("2018-03-11T08:30:00Z", "2018-03-11T06:00:00"))
    assert skipped[0].label == "2018-03-11T03:30:00-05:00"


@pytest.mark.claim("scanalytics.bucket.overlap")
def test_local_time_that_comes_twice_means_the_first(api: Api, token: str, array_key: str) -> None:
    """Half past one on that night, before the clocks went back."""
    twice = visits(api, token, array_key, "15m", ("2018-11-04T01:30:00", "2018-11-04T06:00:00"))
    assert twice == visits(api, token, array_key, "15m", ("2018-11-04T06:30:00Z", "2018-11-04T06:00:00"))
    assert twice[0].label == "2018-11-04T01:30:00-05:00"


@pytest.mark.claim("scanalytics.bucket.odd-offset")
@pytest.mark.parametrize(("zone", "offset"), [("Asia/Kathmandu", "+05:45"), ("Australia/Adelaide", "+10:30")])
def test_timezones_off_the_whole_hour_have_their_own_hours(
    api: Api, token: str, array_key: str, zone: str, offset: str
) -> None:
    """On the hour of their own clocks."""
    answer = visits(api, token, array_key, "1h", ("2018-03-01T12:45:00", "2018-03-01T15:00:00"), zone=zone)
    assert [each.label for each in answer] == [f"2018-03-01T{hour}:00:00{offset}" for hour in (12, 13, 14)]
