"""Edges and labels of buckets, held against a slow and obvious search minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.zones import stretches
from vendorlab.mocks.scanalytics.buckets import EARLIEST, LATEST, Bucket, WindowError, resolve_local
from vendorlab.mocks.scanalytics.edges import edges, labels

if TYPE_CHECKING:
    from collections.abc import Callable

ZONES = sorted(available_timezones())
CHICAGO = ZoneInfo("America/Chicago")
MINUTE, HOUR, DAY = 60, 3600, 86_400


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def wall(instant: int, zone: ZoneInfo) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant)).astimezone(zone).replace(tzinfo=None)


def local_labels(bucket: str, start: str, end: str, zone: ZoneInfo) -> list[str]:
    first, last = (resolve_local(datetime.fromisoformat(text), zone) for text in (start, end))
    return labels(*edges(Bucket.parse(bucket), first, last, zone))


# -- edges on known days ------------------------------------------------------------------------------------------


def test_the_tutorials_window_has_173_hours() -> None:
    found = local_labels("1h", "2018-03-01T12:45:00", "2018-03-08T16:45:00", CHICAGO)
    assert len(found) == 173
    assert (found[0], found[-1]) == ("2018-03-01T12:00:00-06:00", "2018-03-08T16:00:00-06:00")


def test_the_day_when_clocks_go_forward_has_23_hours() -> None:
    found = local_labels("1h", "2018-03-11T00:00:00", "2018-03-12T00:00:00", CHICAGO)
    assert len(found) == 23
    assert found[1:3] == ["2018-03-11T01:00:00-06:00", "2018-03-11T03:00:00-05:00"]


def test_the_day_when_clocks_go_back_has_25_hours_and_one_label_twice() -> None:
    found = local_labels("1h", "2018-11-04T00:00:00", "2018-11-05T00:00:00", CHICAGO)
    assert len(found) == 25
    assert found[1:3] == ["2018-11-04T01:00:00-05:00", "2018-11-04T01:00:00-06:00"]
    quarters = local_labels("15m", "2018-11-04T01:45:00", "2018-11-04T02:00:00", CHICAGO)
    assert quarters == [
        f"2018-11-04T01:{minute}:00-0{hours}:00" for minute, hours in [(45, 5), ("00", 6), (15, 6), (30, 6), (45, 6)]
    ]


@pytest.mark.parametrize(("day", "hours"), [("2018-03-11", [5, 6, 6, 6]), ("2018-11-04", [7, 6, 6, 6])])
def test_six_hours_span_five_or_seven_when_clocks_change(day: str, hours: list[int]) -> None:
    start = resolve_local(datetime.fromisoformat(day), CHICAGO)
    found, _ = edges(Bucket.parse("6h"), start, start + sum(hours) * HOUR, CHICAGO)
    assert np.diff(np.append(found, start + sum(hours) * HOUR)).tolist() == [n * HOUR for n in hours]


@pytest.mark.parametrize(
    ("zone", "bucket", "last", "first"),
    [
        ("America/Chicago", "1d", "2018-11-05T05:59:59Z", "2018-11-04T00:00:00-05:00"),
        ("America/Chicago", "24h", "2018-11-05T05:59:59Z", "2018-11-04T00:00:00-05:00"),
        ("America/Chicago", "6h", "2018-11-04T11:59:59Z", "2018-11-04T00:00:00-05:00"),
        ("America/Chicago", "1M", "2018-12-01T05:59:59Z", "2018-11-01T00:00:00-05:00"),
        pytest.param("Pacific/Kwajalein", "1d", "1969-10-01T11:59:59Z", "1969-09-30T00:00:00+11:00", id="47 hours"),
    ],
)
def test_the_last_second_of_a_lengthened_bucket_is_in_it(zone: str, bucket: str, last: str, first: str) -> None:
    start = epoch(last)
    assert labels(*edges(Bucket.parse(bucket), start, start + 1, ZoneInfo(zone))) == [first]
    after = labels(*edges(Bucket.parse(bucket), start + 1, start + 2, ZoneInfo(zone)))
    assert after != [first]


def test_a_day_without_midnight_begins_at_its_first_instant() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    found = local_labels("1d", "2017-10-14T12:00:00", "2017-10-17T00:00:00", zone)
    assert found == ["2017-10-14T00:00:00-03:00", "2017-10-15T01:00:00-02:00", "2017-10-16T00:00:00-02:00"]


def test_a_day_that_begins_twice_begins_the_first_time() -> None:
    zone = ZoneInfo("America/St_Johns")  # 2010-11-07: at 00:01 clocks go back to 23:01 of the sixth
    found = local_labels("1d", "2010-11-06T12:00:00", "2010-11-08T12:00:00", zone)
    assert found == ["2010-11-06T00:00:00-02:30", "2010-11-07T00:00:00-02:30", "2010-11-08T00:00:00-03:30"]
    again = epoch("2010-11-06T23:30:00-03:30")  # the sixth once more, but the seventh has begun
    assert labels(*edges(Bucket.parse("1d"), again, again + 1, zone)) == ["2010-11-07T00:00:00-02:30"]


def test_a_date_that_never_was_has_no_bucket() -> None:
    zone = ZoneInfo("Pacific/Apia")
    found = local_labels("1d", "2011-12-29T00:00:00", "2012-01-01T00:00:00", zone)
    assert found == ["2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"]


def test_half_hour_clock_changes_keep_quarters_and_stretch_hours() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")  # 2018-04-01: at 02:00 clocks go back to 01:30
    hours = local_labels("1h", "2018-04-01T01:00:00", "2018-04-01T03:00:00", zone)
    assert hours == ["2018-04-01T01:00:00+11:00", "2018-04-01T02:00:00+10:30"]
    halves = local_labels("30m", "2018-04-01T01:00:00", "2018-04-01T02:00:00", zone)
    assert halves == ["2018-04-01T01:00:00+11:00", "2018-04-01T01:30:00+11:00", "2018-04-01T01:30:00+10:30"]


def test_odd_offsets_align_to_the_wall_clock() -> None:
    found = local_labels("1h", "2018-03-01T10:20:00", "2018-03-01T11:20:00", ZoneInfo("Asia/Kathmandu"))
    assert found == ["2018-03-01T10:00:00+05:45", "2018-03-01T11:00:00+05:45"]


@pytest.mark.parametrize(
    ("bucket", "first", "second"),
    [
        ("1w", "2018-02-26", "2018-03-05"),
        ("2w", "2018-02-19", "2018-03-05"),
        ("1M", "2018-03-01", "2018-04-01"),
        ("1y", "2018-01-01", "2019-01-01"),
        ("2d", "2018-03-04", "2018-03-06"),
    ],
)
def test_long_buckets_begin_on_mondays_first_days_and_multiples(bucket: str, first: str, second: str) -> None:
    inside = epoch("2018-03-04T12:00Z")
    found, _ = edges(Bucket.parse(bucket), inside, epoch(f"{second}T00:00Z") + 1, ZoneInfo("UTC"))
    assert found.tolist() == [epoch(f"{first}T00:00Z"), epoch(f"{second}T00:00Z")]


def test_an_empty_window_has_no_buckets() -> None:
    for end in (0, -5):
        found, offsets = edges(Bucket.parse("1h"), 0, end, CHICAGO)
        assert (found.size, offsets.size, labels(found, offsets), Bucket.parse("1h").count(0, end)) == (0, 0, [], 0)


@pytest.mark.parametrize(("start", "end"), [(EARLIEST - 1, 0), (0, LATEST + 1)])
def test_windows_beyond_years_of_four_digits_are_refused(start: int, end: int) -> None:
    with pytest.raises(WindowError):
        edges(Bucket.parse("1y"), start, end, CHICAGO)
    with pytest.raises(WindowError):
        Bucket.parse("1y").count(start, end)


@pytest.mark.parametrize("bucket", ["1d", "1w", "1M", "1y", "3660d", "1s"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "Asia/Manila"])
def test_the_outermost_windows_have_labels_of_four_digit_years(bucket: str, zone: str) -> None:
    for start in (EARLIEST, LATEST - 1):
        found = labels(*edges(Bucket.parse(bucket), start, start + 1, ZoneInfo(zone)))
        assert len(found) == 1
        assert found[0][4] == "-"


# -- edges against a slow reference -------------------------------------------------------------------------------


def slow_fixed(seconds: int, anchor: datetime, start: int, end: int, zone: ZoneInfo) -> list[int]:
    """Every minute at which the clock reads a multiple, or across which the multiple changes."""
    length = timedelta(seconds=seconds)

    def is_edge(instant: int) -> bool:
        reading, before = wall(instant, zone) - anchor, wall(instant - 1, zone) - anchor
        return not reading % length or reading // length != before // length

    first = start // MINUTE * MINUTE
    while not is_edge(first):
        first -= MINUTE
    return [first, *(instant for instant in range(first + MINUTE, end, MINUTE) if is_edge(instant))]


@cache
def slow_first_minute(day: date, zone: ZoneInfo) -> int:
    """The first minute at which the clock has reached a date."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001
    guess = int(midnight.replace(tzinfo=UTC).timestamp())
    return next(t for t in range(guess - 27 * HOUR, guess + 75 * HOUR, MINUTE) if wall(t, zone) >= midnight)


BEGINS: dict[str, Callable[[date], bool]] = {
    "d": lambda _: True,
    "w": lambda day: day.weekday() == 0,
    "M": lambda day: day.day == 1,
    "y": lambda day: (day.month, day.day) == (1, 1),
}


def slow_calendar(unit: str, start: int, end: int, zone: ZoneInfo) -> list[int]:
    back = {"d": 3, "w": 9, "M": 33, "y": 368}[unit]
    day = wall(start, zone).date() - timedelta(days=back)
    found: set[int] = set()
    while day <= wall(end, zone).date() + timedelta(days=1):
        if BEGINS[unit](day):
            found.add(slow_first_minute(day, zone))
        day += timedelta(days=1)
    first = max(instant for instant in found if instant <= start)
    return sorted(instant for instant in found if first <= instant < end)


def slow_edges(bucket: Bucket, start: int, end: int, zone: ZoneInfo) -> list[int]:
    if bucket.is_calendar:
        return slow_calendar(bucket.unit, start, end, zone)
    anchor = datetime(1969, 12, 29) if bucket.unit == "w" else datetime(1970, 1, 1)  # noqa: DTZ001
    return slow_fixed(bucket.longest, anchor, start, end, zone)


AWKWARD = [
    ("America/Chicago", "2018-03-11T08:00Z"),
    ("America/Chicago", "2018-11-04T07:00Z"),
    ("Europe/Berlin", "2018-10-28T01:00Z"),
    ("America/Havana", "2018-11-04T05:00Z"),
    ("America/Sao_Paulo", "2017-10-15T03:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00Z"),
    ("America/St_Johns", "2010-11-07T02:31Z"),
    ("America/St_Johns", "2011-03-13T03:31Z"),
    ("Australia/Lord_Howe", "2018-03-31T15:00Z"),
    ("Australia/Lord_Howe", "2018-10-06T15:30Z"),
    ("Asia/Kathmandu", "1985-12-31T18:30Z"),
    ("Pacific/Apia", "2011-12-30T10:00Z"),
    ("Pacific/Kwajalein", "1993-08-21T12:00Z"),
    ("Africa/Casablanca", "2018-06-14T02:00Z"),
    ("Antarctica/Troll", "2018-10-28T01:00Z"),
]


@pytest.mark.parametrize("bucket", ["1m", "15m", "45m", "1h", "2h", "6h", "24h", "1d", "2d", "1w", "1M"])
@pytest.mark.parametrize(("zone", "change"), AWKWARD)
def test_edges_agree_with_a_slow_search_around_awkward_changes(bucket: str, zone: str, change: str) -> None:
    start, end = epoch(change) - 11 * HOUR - 7, epoch(change) + 13 * HOUR
    found, offsets = edges(Bucket.parse(bucket), start, end, ZoneInfo(zone))
    assert found.tolist() == slow_edges(Bucket.parse(bucket), start, end, ZoneInfo(zone))
    assert offsets.tolist() == [wall_offset(instant, ZoneInfo(zone)) for instant in found.tolist()]


def wall_offset(instant: int, zone: ZoneInfo) -> int:
    return (wall(instant, zone) - datetime(1970, 1, 1)) // timedelta(seconds=1) - instant  # noqa: DTZ001


SEARCHED = ["5m", "7m", "15m", "30m", "1h", "2h", "3h", "5h", "12h", "24h", "36h", "1d", "1w", "1M", "1y"]


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    aim=st.tuples(st.integers(1973, 2040), st.integers(0, 3), st.integers(-DAY // 2, DAY // 2)),
    length=st.integers(1, 18 * HOUR),
    bucket=st.sampled_from(SEARCHED).map(Bucket.parse),
)
def test_edges_agree_with_a_slow_search_in_every_zone(
    zone: ZoneInfo, aim: tuple[int, int, int], length: int, bucket: Bucket
) -> None:
    """Windows lie around a change of the zone's clocks if it has any in that year."""
    year, nth, before = aim
    changes, _ = stretches(zone, epoch(f"{year}-01-01T00:00Z"), epoch(f"{year + 1}-01-01T00:00Z"))
    start = int(changes[nth % changes.size]) - before
    found, _ = edges(bucket, start, start + length, zone)
    assert found.tolist() == slow_edges(bucket, start, start + length, zone)


BUCKETS = st.builds("{}{}".format, st.integers(1, 200), st.sampled_from("mhdw")) | st.sampled_from(
    ["1d", "1w", "1M", "1y"]
)


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    start=st.integers(epoch("1830-01-01T00:00Z"), epoch("2200-01-01T00:00Z")),
    lengths=st.tuples(st.integers(1, 5 * DAY), st.integers(1, 5 * DAY)),
    bucket=BUCKETS.map(Bucket.parse),
)
def test_edges_cover_the_window_and_do_not_depend_on_it(
    zone: ZoneInfo, start: int, lengths: tuple[int, int], bucket: Bucket
) -> None:
    """Also where offsets have seconds."""
    middle, end = start + lengths[0], start + sum(lengths)
    found, offsets = edges(bucket, start, end, zone)
    assert found[0] <= start
    assert found[-1] < end
    assert np.all(np.diff(found) > 0)
    assert found.size <= bucket.count(start, end)
    parts = [*edges(bucket, start, middle, zone)[0].tolist(), *edges(bucket, middle, end, zone)[0].tolist()]
    assert sorted(set(parts)) == found.tolist()
    assert offsets.tolist() == [wall_offset(instant, zone) for instant in found.tolist()]


# -- labels -------------------------------------------------------------------------------------------------------


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    start=st.integers(EARLIEST + 30 * DAY, LATEST - 1000 * DAY),
    length=st.integers(1, 400 * DAY),
)
def test_labels_are_pythons_iso_form_with_z_for_no_offset(zone: ZoneInfo, start: int, length: int) -> None:
    found, offsets = edges(Bucket.parse("7h"), start, start + length, zone)
    expected = [
        datetime.fromtimestamp(instant, zone).isoformat().removesuffix("+00:00") for instant in found[:50].tolist()
    ]
    assert [label.removesuffix("Z") for label in labels(found, offsets)][:50] == expected


def test_labels_write_z_for_an_offset_of_zero_in_any_zone() -> None:
    assert local_labels("1h", "2018-01-01T10:00:00", "2018-01-01T10:30:00", ZoneInfo("UTC")) == ["2018-01-01T10:00:00Z"]
    london = local_labels("1d", "2018-03-25T00:00:00", "2018-03-27T00:00:00", ZoneInfo("Europe/London"))
    assert london == ["2018-03-25T00:00:00Z", "2018-03-26T00:00:00+01:00"]


def test_labels_keep_the_seconds_of_historical_offsets() -> None:
    assert local_labels("1d", "1880-01-01T00:00:00", "1880-01-02T00:00:00", CHICAGO) == ["1880-01-01T00:00:00-05:50:36"]


def test_a_year_of_minutes_has_a_label_each() -> None:
    found = local_labels("1m", "2018-01-01T00:00:00", "2019-01-01T00:00:00", CHICAGO)
    assert len(found) == len(set(found)) == 525_600
    assert [datetime.fromisoformat(label) for label in found[::9973]] == sorted(
        datetime.fromisoformat(label) for label in found[::9973]
    )


def test_count_bounds_a_huge_request_at_once() -> None:
    assert Bucket.parse("1s").count(EARLIEST, LATEST) >= LATEST - EARLIEST
    assert 525_600 <= Bucket.parse("1m").count(0, 365 * DAY) < 526_000
