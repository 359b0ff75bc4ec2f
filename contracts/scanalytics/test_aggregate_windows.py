"""Aggregates: windows, times and timezones."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.aggregates import (
    CHICAGO,
    TUTORIAL,
    Place,
    ask,
    merged,
    read,
    stamp,
    total,
    visits,
)

if TYPE_CHECKING:
    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")

_METRICS = ("visits", "entrances", "exits", "occupancy", "dwell")


@pytest.mark.claim("scanalytics.aggregate.visits")
def test_visits_of_an_array_are_there(api: Api, token: str, array_key: str) -> None:
    """The tutorial's own question, whatever the form of the answer."""
    response = ask(api, token, array_key, "1h", TUTORIAL)
    expect.status(response, 200)
    expect.json_body(response)


@pytest.mark.claim("scanalytics.aggregate.shape", "scanalytics.aggregate.counts")
def test_aggregate_is_an_array_of_start_and_count(api: Api, token: str, busy: Place) -> None:
    """A place where people were counted, so that there are counts to look at."""
    assert total(visits(api, token, busy.key, "1h", busy.window(0, 168))) > 0


@pytest.mark.claim("scanalytics.aggregate.metrics", "scanalytics.aggregate.counts", "scanalytics.aggregate.dwell")
@pytest.mark.parametrize("metric", _METRICS)
def test_each_metric_has_a_path_and_a_field_of_its_own(api: Api, token: str, busy: Place, metric: str) -> None:
    """The buckets are the same for all of them."""
    window = busy.window(0, 48)
    answer = read(ask(api, token, busy.key, "1h", window, metric=metric), metric)
    assert [bucket.label for bucket in answer] == [
        bucket.label for bucket in visits(api, token, busy.key, "1h", window)
    ]


@pytest.mark.claim("scanalytics.aggregate.tutorial-window", "scanalytics.aggregate.label")
def test_tutorial_window_has_173_hours(api: Api, token: str, array_key: str) -> None:
    """12:45 to 16:45 a week later touches 173 hours of the clock."""
    answer = visits(api, token, array_key, "1h", TUTORIAL)
    assert len(answer) == 173
    assert (answer[0].label, answer[-1].label) == ("2018-03-01T12:00:00-06:00", "2018-03-08T16:00:00-06:00")


@pytest.mark.claim("scanalytics.aggregate.label")
@pytest.mark.parametrize("zone", [CHICAGO, "Asia/Tokyo", "Europe/London"])
def test_labels_carry_the_offset_in_force(api: Api, token: str, array_key: str, zone: str) -> None:
    """In winter and in summer, on the whole hour of that timezone."""
    for day in (datetime(2018, 1, 15, tzinfo=ZoneInfo(zone)), datetime(2018, 7, 16, tzinfo=ZoneInfo(zone))):
        expected = [(day + timedelta(hours=hour)).replace(fold=0) for hour in range(24)]
        answer = visits(api, token, array_key, "1h", (stamp(day), stamp(day + timedelta(days=1))), zone=zone)
        assert [bucket.start.isoformat() for bucket in answer] == [each.isoformat() for each in expected]


@pytest.mark.claim("scanalytics.aggregate.utc-label")
def test_labels_in_utc_end_in_z(api: Api, token: str, array_key: str) -> None:
    """The framework's way of writing UTC."""
    window = ("2018-03-01T00:00:00Z", "2018-03-01T02:00:00Z")
    answer = visits(api, token, array_key, "1h", window, zone="UTC")
    assert [bucket.label for bucket in answer] == ["2018-03-01T00:00:00Z", "2018-03-01T01:00:00Z"]


@pytest.mark.claim("scanalytics.aggregate.gapless", "scanalytics.aggregate.inside")
def test_buckets_ascend_without_gap_and_within_the_window(api: Api, token: str, busy: Place) -> None:
    """Nights included, when nobody came."""
    start, end = busy.window(8.5, 108.5)
    starts = [bucket.start for bucket in visits(api, token, busy.key, "15m", (start, end))]
    assert len(starts) == 400
    assert {after - before for before, after in itertools.pairwise(starts)} == {timedelta(minutes=15)}
    assert starts[0] == datetime.fromisoformat(start)
    assert starts[-1] < datetime.fromisoformat(end)


@pytest.mark.claim("scanalytics.aggregate.half-open")
@pytest.mark.parametrize("split", [1, 60, 84, 84.25, 84.0625, 167])
def test_windows_that_meet_add_up(api: Api, token: str, busy: Place, split: float) -> None:
    """Split on the edge of a bucket or inside one, nothing is counted twice or lost."""
    whole = merged(visits(api, token, busy.key, "1h", busy.window(0, 168)))
    first = visits(api, token, busy.key, "1h", busy.window(0, split))
    second = visits(api, token, busy.key, "1h", busy.window(split, 168))
    assert merged(first, second) == whole


@pytest.mark.claim("scanalytics.aggregate.bucket-sums")
@pytest.mark.parametrize(("small", "large"), [("15m", "1h"), ("1h", "6h"), ("1h", "1d"), ("1d", "1w")])
def test_small_buckets_make_up_the_large_ones(api: Api, token: str, busy: Place, small: str, large: str) -> None:
    """Each large bucket is the sum of the small ones that begin in it."""
    window = busy.window(0, 168)
    coarse = visits(api, token, busy.key, large, window)
    fine = visits(api, token, busy.key, small, window)
    assert len(fine) > len(coarse) > 0
    edges = [bucket.start for bucket in coarse[1:]] + [datetime.max.replace(tzinfo=UTC)]
    for bucket, end in zip(coarse, edges, strict=True):
        inside = total([each for each in fine if bucket.start <= each.start < end])
        assert bucket.value == inside, f"{large} from {bucket.label}: {bucket.value}, but its {small} sum to {inside}"


@pytest.mark.claim("scanalytics.aggregate.repeat")
def test_same_question_gets_the_same_answer(api: Api, token: str, busy: Place) -> None:
    """Byte for byte."""
    first, second = (ask(api, token, busy.key, "1h", busy.window(0, 168)) for _ in range(2))
    expect.status(first, 200)
    assert first.content == second.content


@pytest.mark.claim("scanalytics.aggregate.future")
def test_buckets_that_begin_in_the_future_are_not_filled_in(
    api: Api, access: Access, token: str, array_key: str
) -> None:
    """A window from two hours ago to six hours ahead ends with now."""
    now = access.clock.now() if "clock" in access.capabilities else datetime.now(UTC)
    window = (stamp(now - timedelta(hours=2)), stamp(now + timedelta(hours=6)))
    answer = visits(api, token, array_key, "1h", window, zone="UTC")
    slack = timedelta(minutes=2)
    assert [bucket.label for bucket in answer if bucket.start > now + slack] == []
    assert answer, "not even the past hours are there"


@pytest.mark.claim("scanalytics.aggregate.naive-local")
@pytest.mark.parametrize("zone", [CHICAGO, "Asia/Tokyo"])
def test_time_without_offset_is_local_in_the_timezone(api: Api, token: str, array_key: str, zone: str) -> None:
    """The same as with that timezone's offset."""
    start, end = (datetime.fromisoformat(each).replace(tzinfo=ZoneInfo(zone)) for each in TUTORIAL)
    naive = visits(api, token, array_key, "1h", TUTORIAL, zone=zone)
    assert naive == visits(api, token, array_key, "1h", (stamp(start), stamp(end)), zone=zone)
    assert naive[0].label == f"2018-03-01T12:00:00{start.isoformat()[-6:]}"


@pytest.mark.claim("scanalytics.aggregate.offset-kept")
def test_time_with_offset_is_taken_as_it_is(api: Api, token: str, array_key: str) -> None:
    """However it is written, it is the same moment; the timezone only groups and labels."""
    in_utc = visits(api, token, array_key, "1h", ("2018-03-01T18:45:00Z", "2018-03-02T18:45:00Z"))
    in_tokyo = visits(api, token, array_key, "1h", ("2018-03-02T03:45:00+09:00", "2018-03-03T03:45:00+09:00"))
    assert in_utc == in_tokyo == visits(api, token, array_key, "1h", (TUTORIAL[0], "2018-03-02T12:45:00"))


@pytest.mark.claim("scanalytics.aggregate.timezone-default")
def test_without_a_timezone_the_users_own_is_used(api: Api, token: str, array_key: str) -> None:
    """The one that whoami tells."""
    zone = expect.json_object(api.get("/v1/whoami", token)).get("timezone")
    assert visits(api, token, array_key, "1h", TUTORIAL, zone=None) == visits(
        api, token, array_key, "1h", TUTORIAL, zone=zone
    )


@pytest.mark.claim("scanalytics.aggregate.regroup")
def test_another_timezone_loses_nothing(api: Api, token: str, busy: Place) -> None:
    """Days begin elsewhere, their sum is the same."""
    window = busy.window(0, 168)
    here = visits(api, token, busy.key, "1d", window)
    there = visits(api, token, busy.key, "1d", window, zone="Asia/Tokyo")
    assert total(here) == total(there)
    assert [bucket.start for bucket in here] != [bucket.start for bucket in there]
