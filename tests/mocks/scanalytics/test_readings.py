"""Readings agree with each other, keep to the clock on the wall, and know nothing of the future."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.scanalytics.buckets import Bucket, resolve_local
from vendorlab.mocks.scanalytics.models import METRICS
from vendorlab.mocks.scanalytics.readings import Aggregate, Readings
from vendorlab.mocks.scanalytics.traffic import ArrayProfile

CHICAGO = ZoneInfo("America/Chicago")
HOUR, DAY = 3600, 86_400
NEVER = 4_000_000_000.0  # a present that is later than every window here


def at(text: str, zone: ZoneInfo = CHICAGO) -> int:
    return resolve_local(datetime.fromisoformat(text), zone)


SHOP = ArrayProfile(
    key="P4T9X",
    timezone="America/Chicago",
    hours=((540, 1260),) * 6 + ((600, 1080),),
    daily_visits=800,
    mean_stay=900,
    since=at("2015-01-01T00:00:00"),
)
READINGS = Readings(7, SHOP)
COUNTS = ["visits", "entrances", "exits"]
BUCKETS = ["1m", "7m", "15m", "1h", "6h", "24h", "1d", "2d", "1w", "1M", "1y"]


def aggregate(metric: str, bucket: str, start: float, end: float, zone: ZoneInfo = CHICAGO, **how: Any) -> Aggregate:
    readings: Readings = how.get("readings", READINGS)
    return readings.aggregate(metric, Bucket.parse(bucket), start, end, zone, now=how.get("now", NEVER))


def values(metric: str, bucket: str, start: float, end: float, **how: Any) -> Any:
    return aggregate(metric, bucket, start, end, **how).values


def total(metric: str, start: int, end: int, **how: Any) -> int:
    return sum(values(metric, "1y", start, end, **how))


# -- windows ------------------------------------------------------------------------------------------------------


def test_the_tutorials_window_has_173_readings() -> None:
    found = aggregate("visits", "1h", at("2018-03-01T12:45:00"), at("2018-03-08T16:45:00"))
    assert len(found.labels) == len(found.values) == 173
    assert found.labels[0] == "2018-03-01T12:00:00-06:00"
    assert found.numbers.sum() > 4000


def test_the_same_question_has_the_same_answer_for_ever() -> None:
    start = at("2018-03-01T09:00:00")
    assert values("visits", "1h", start, start + 4 * HOUR) == [27, 57, 84, 91]
    assert values("dwell", "1h", start, start + 4 * HOUR) == [958.1, 861.6, 867.0, 988.2]


STARTS = st.integers(at("2014-12-20T00:00:00"), at("2030-01-01T00:00:00"))
LENGTHS = st.integers(1, 9 * DAY)


@given(metric=st.sampled_from(COUNTS), bucket=st.sampled_from(BUCKETS), start=STARTS, length=LENGTHS)
def test_buckets_of_every_width_have_the_same_sum(metric: str, bucket: str, start: int, length: int) -> None:
    assert sum(values(metric, bucket, start, start + length)) == sum(values(metric, "1h", start, start + length))


@given(
    metric=st.sampled_from(COUNTS), bucket=st.sampled_from(BUCKETS), start=STARTS, lengths=st.tuples(LENGTHS, LENGTHS)
)
def test_windows_that_meet_add_up_to_the_whole(metric: str, bucket: str, start: int, lengths: tuple[int, int]) -> None:
    middle, end = start + lengths[0], start + sum(lengths)
    whole = aggregate(metric, bucket, start, end)
    merged: dict[str, int] = {}
    for window in ((start, middle), (middle, end)):
        part = aggregate(metric, bucket, *window)
        for label, value in zip(part.labels, part.numbers.tolist(), strict=True):
            merged[label] = merged.get(label, 0) + value
    assert merged == dict(zip(whole.labels, whole.numbers.tolist(), strict=True))


@given(start=STARTS, length=st.integers(1, 3 * DAY))
def test_the_zone_of_the_question_changes_only_the_grouping(start: int, length: int) -> None:
    sums = {
        sum(values("visits", "1h", start, start + length, zone=ZoneInfo(name)))
        for name in ("America/Chicago", "Asia/Kathmandu", "UTC")
    }
    assert len(sums) == 1


@given(start=STARTS, length=st.integers(1, HOUR), fraction=st.floats(0.01, 0.99))
def test_bounds_between_two_seconds_mean_the_later_one(start: int, length: int, fraction: float) -> None:
    end = start + length
    assert values("visits", "1m", start - fraction, end - fraction, now=NEVER - fraction) == values(
        "visits", "1m", start, end
    )


def test_days_when_clocks_change_are_complete() -> None:
    for day, hours in (("2018-03-11", 23), ("2018-11-04", 25)):
        start = at(day)
        found = values("visits", "1h", start, start + hours * HOUR)
        assert len(found) == hours
        assert [sum(found)] == values("visits", "1d", start, start + hours * HOUR)


# -- the clock on the wall ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "since"),
    [("America/Chicago", "2015-01-01"), ("Asia/Kathmandu", "2015-01-01"), ("Australia/Lord_Howe", "2015-01-01")],
)
def test_nobody_comes_outside_opening_hours_on_the_places_own_clock(zone: str, since: str) -> None:
    place = ZoneInfo(zone)
    hours = ((540, 1260), None, (615, 1065), (0, 1440), (540, 1260), (540, 1260), None)
    profile = replace(SHOP, timezone=zone, since=at(since, place), hours=hours)
    readings = Readings(1, profile)
    found = aggregate("visits", "15m", at("2018-03-01", place), at("2018-12-01", place), place, readings=readings)
    open_visits = 0
    for label, value in zip(found.labels, found.numbers.tolist(), strict=True):
        local = datetime.fromisoformat(label)
        opening = hours[local.weekday()]
        minute = local.hour * 60 + local.minute
        if opening is None or not opening[0] <= minute < opening[1]:
            assert value == 0, label
        else:
            open_visits += value
    assert open_visits > 100_000


def test_clocks_that_go_back_over_midnight_lose_nobody() -> None:
    place = ZoneInfo("America/St_Johns")  # 2010-11-07: at 00:01 clocks go back to 23:01 of the sixth
    profile = replace(
        SHOP, timezone=place.key, since=at("2009-01-01", place), hours=((0, 1440),) * 7, daily_visits=5000
    )
    readings = Readings(1, profile)
    start = at("2010-11-07T00:00:00", place)
    whole = values("visits", "1m", start - DAY, start + DAY, zone=place, readings=readings)
    part = values("visits", "1m", start, start + DAY, zone=place, readings=readings)
    assert part == whole[-24 * 60 :]


def test_visits_come_at_about_the_rate_of_the_profile() -> None:
    days = 2 * 365
    start = at("2017-01-01")
    mean = total("visits", start, start + days * DAY) / days
    assert mean == pytest.approx(800, rel=0.25)


def test_a_place_is_busiest_within_the_day_and_differs_from_day_to_day() -> None:
    start = at("2018-04-02")
    found = np.array(values("visits", "1h", start, start + 7 * DAY)).reshape(7, 24)
    assert found[:, 12:18].sum() > 3 * found[:, 9:10].sum()
    assert len(set(found.sum(axis=1).tolist())) == 7


def test_feast_days_are_quiet() -> None:
    christmas = sum(total("visits", at(f"{year}-12-25"), at(f"{year}-12-26")) for year in range(2015, 2025))
    week_before = sum(total("visits", at(f"{year}-12-18"), at(f"{year}-12-19")) for year in range(2015, 2025))
    assert 0 < christmas < week_before / 4


def test_arrays_and_seeds_have_readings_of_their_own() -> None:
    start = at("2018-03-01")
    others = [READINGS, Readings(8, SHOP), Readings(7, replace(SHOP, key="R8W3C"))]
    assert len({tuple(values("visits", "1h", start, start + DAY, readings=other)) for other in others}) == 3


def test_the_busiest_possible_array_can_be_read() -> None:
    profile = replace(SHOP, hours=((600, 660),) * 7, daily_visits=240)
    readings = Readings(3, profile)
    for key in range(20):
        readings = Readings(3, replace(profile, key=str(key)))
        assert total("visits", at("2018-01-01"), at("2019-01-01"), readings=readings) > 40_000


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="sales"):
        values("sales", "1h", 0, 1)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        Readings(7, replace(SHOP, timezone="Mars/Base"))


# -- the present and the past -------------------------------------------------------------------------------------


def test_nothing_is_told_of_the_future() -> None:
    start = at("2018-03-01")
    now = at("2018-03-01T12:30:00")
    found = values("visits", "1h", start, start + DAY, now=now)
    assert len(found) == 13
    assert found[:12] == values("visits", "1h", start, start + DAY)[:12]
    assert found[12:] == values("visits", "1h", now - HOUR // 2, now)
    assert values("visits", "1h", now, now + DAY, now=now) == []
    assert len(values("visits", "1h", start, start + DAY, now=at("2018-03-01T12:00:00"))) == 12


@given(start=STARTS, seconds=st.integers(0, DAY), metric=st.sampled_from([*COUNTS, "occupancy"]))
def test_a_window_that_reaches_beyond_now_is_one_that_ends_there(start: int, seconds: int, metric: str) -> None:
    now = start + seconds
    assert values(metric, "1h", start, start + 2 * DAY, now=now) == values(metric, "1h", start, now)


def test_there_are_buckets_but_no_visits_before_the_array_was_installed() -> None:
    profile = replace(SHOP, since=at("2018-03-02T14:00:00"))
    readings = Readings(7, profile)
    for metric in (*COUNTS, "occupancy"):
        found = values(metric, "1h", at("2018-03-01"), at("2018-03-03"), readings=readings)
        assert len(found) == 48
        assert not any(found[:38])
        assert any(found[38:])
    assert values("visits", "1h", at("2018-03-02T14:00:00"), at("2018-03-03"), readings=readings) == values(
        "visits", "1h", at("2018-03-02T14:00:00"), at("2018-03-03")
    )


def test_readings_reach_any_year() -> None:
    profile = replace(SHOP, since=at("1900-01-01"))
    for year in (1950, 2100, 2900):
        assert total("visits", at(f"{year}-06-01"), at(f"{year}-06-08"), readings=Readings(7, profile), now=1e11) > 1000


# -- metrics among each other -------------------------------------------------------------------------------------


def test_visits_are_entrances() -> None:
    start = at("2018-03-01")
    assert values("visits", "1h", start, start + DAY) == values("entrances", "1h", start, start + DAY)


@given(start=STARTS, length=st.integers(1, 2 * DAY), bucket=st.sampled_from(["5m", "1h", "1d"]))
def test_occupancy_is_all_who_came_less_all_who_left(start: int, length: int, bucket: str) -> None:
    found = aggregate("occupancy", bucket, start, start + length)
    ends = [*found.starts[1:].tolist(), start + length]
    for value, end in list(zip(found.numbers.tolist(), ends, strict=True))[-40:]:
        since = end - 3 * DAY  # the place has been empty at some hour in between
        assert value == total("entrances", since, end) - total("exits", since, end) + inside(since)


def inside(instant: int) -> int:
    """How many are inside, from the single visits."""
    (found,) = values("occupancy", "1s", instant - 1, instant)
    return int(found)


def test_occupancy_from_the_first_day_on_needs_no_start() -> None:
    start, end = SHOP.since - DAY, SHOP.since + 40 * DAY + 15 * HOUR
    assert values("occupancy", "1y", start, end)[-1] == total("entrances", start, end) - total("exits", start, end) > 0


def test_everybody_has_left_when_the_place_closes() -> None:
    start = at("2018-03-01")
    found = values("occupancy", "15m", start, start + DAY)
    assert not any(found[84:])
    assert found[83] == 0
    assert max(found) > 10
    assert sum(values("exits", "1d", start, start + DAY)) == sum(values("entrances", "1d", start, start + DAY))


def test_a_place_that_never_closes_is_not_emptied_at_midnight() -> None:
    profile = replace(SHOP, hours=((0, 1440),) * 7, mean_stay=3 * HOUR, daily_visits=3000)
    readings = Readings(7, profile)
    found = [
        values("occupancy", "1s", at(f"2018-03-{day:02}") - 1, at(f"2018-03-{day:02}"), readings=readings)
        for day in range(2, 30)
    ]
    assert sum(value[0] for value in found) > 28 * 5


def test_dwell_is_the_mean_stay_of_those_who_came() -> None:
    start, end = at("2018-01-01"), at("2019-01-01")
    (found,) = values("dwell", "1y", start, end)
    assert found == pytest.approx(900, rel=0.1)
    assert found == round(found, 1)
    day = at("2018-03-01")
    hours = values("dwell", "1h", day, day + DAY)
    assert hours[:9] == [None] * 9
    assert all(0 < value <= SHOP.longest_stay for value in hours[9:21])
    visits = values("visits", "1h", day, day + DAY)
    weighted = sum(a * b for a, b in zip(hours[9:21], visits[9:21], strict=True)) / sum(visits)
    assert values("dwell", "1d", day, day + DAY) == [pytest.approx(weighted, abs=0.1)]


def test_a_stay_is_known_only_when_it_is_over() -> None:
    noon = at("2018-03-01T12:00:00")
    young = values("dwell", "15m", noon - 900, noon, now=noon)[0]
    known = values("dwell", "15m", noon - 900, noon, now=noon + 2 * HOUR)[0]
    assert young < known
    assert known == values("dwell", "15m", noon - 900, noon)[0]


# -- the wire -----------------------------------------------------------------------------------------------------


@given(
    metric=st.sampled_from(METRICS),
    bucket=st.sampled_from(["1m", "20m", "1h", "1d", "1M", "1y"]),
    start=STARTS,
    length=st.integers(0, 40 * DAY),
    zone=st.sampled_from(["America/Chicago", "UTC", "Europe/London", "Asia/Kathmandu"]).map(ZoneInfo),
)
def test_encode_writes_what_an_encoder_of_rows_writes(
    metric: str, bucket: str, start: int, length: int, zone: ZoneInfo
) -> None:
    found = aggregate(metric, bucket, start, start + length, zone)
    rows = [{"start": label, metric: value} for label, value in zip(found.labels, found.values, strict=True)]
    assert found.encode("start", metric) == msgspec.json.encode(rows)
    assert json.loads(found.encode("start", metric)) == rows


def test_values_are_plain_numbers() -> None:
    start = at("2018-03-01")
    for metric in METRICS:
        assert {type(value) for value in values(metric, "1h", start, start + DAY)} <= {int, float, type(None)}
    assert {type(value) for value in values("occupancy", "1h", start, start + DAY)} == {int}
