"""What names a bucket and what does not, and which instant a clock on the wall means."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.scanalytics.buckets import Bucket, BucketError, resolve_local

HOUR, DAY = 3600, 86_400


@given(number=st.integers(1, 3660), unit=st.sampled_from("smhd"))
def test_parse_reads_a_number_and_a_unit(number: int, unit: str) -> None:
    bucket = Bucket.parse(f"{number}{unit}")
    assert (bucket.number, bucket.unit, str(bucket)) == (number, unit, f"{number}{unit}")


@pytest.mark.parametrize(
    ("text", "calendar", "shortest", "longest"),
    [
        ("1s", False, 1, 1),
        ("15m", False, 900, 900),
        ("1h", False, HOUR, HOUR),
        ("1d", True, DAY, DAY),
        ("2d", False, 2 * DAY, 2 * DAY),
        ("1w", True, 7 * DAY, 7 * DAY),
        ("2w", False, 14 * DAY, 14 * DAY),
        ("1M", True, 28 * DAY, 31 * DAY),
        ("1y", True, 365 * DAY, 366 * DAY),
        ("3660d", False, 3660 * DAY, 3660 * DAY),
    ],
)
def test_single_days_and_longer_units_follow_the_calendar(
    text: str, calendar: bool, shortest: int, longest: int
) -> None:
    bucket = Bucket.parse(text)
    assert (bucket.is_calendar, bucket.shortest, bucket.longest) == (calendar, shortest, longest)


NONSENSE = """
h 1 0h 00h 01h 1x 1.5h -1h +1h 1H 1D 1Y 1hh 1h2m 1_0h 1e3s 0x1h 2M 2y 12M 3661d 523w 999999999s 9999999999s
"""
NON_ASCII = ["\N{ARABIC-INDIC DIGIT ONE}h", "1\N{FULLWIDTH LATIN SMALL LETTER H}", "\N{SUPERSCRIPT TWO}h"]


@pytest.mark.parametrize("text", [*NONSENSE.split(), "", " 1h", "1h ", "1 h", "1h\n", "9" * 5000 + "h", *NON_ASCII])
def test_parse_refuses_what_names_no_bucket(text: str) -> None:
    with pytest.raises(BucketError):
        Bucket.parse(text)


@given(st.text(alphabet="0123456789smhdwMyx.-+ \n", max_size=6) | st.text(max_size=6))
def test_parse_gives_back_what_it_was_given_or_refuses(text: str) -> None:
    try:
        bucket = Bucket.parse(text)
    except BucketError:
        return
    assert str(bucket) == text
    assert 1 <= bucket.shortest <= bucket.longest <= 3660 * DAY


@pytest.mark.parametrize(
    ("zone", "reading", "instant"),
    [
        ("America/Chicago", "2018-03-01T12:45:00", "2018-03-01T18:45:00Z"),
        pytest.param("America/Chicago", "2018-03-11T02:30:00", "2018-03-11T08:30:00Z", id="gap moves forward"),
        pytest.param("America/Chicago", "2018-11-04T01:30:00", "2018-11-04T06:30:00Z", id="overlap means the first"),
        pytest.param("America/Sao_Paulo", "2017-10-15T00:00:00", "2017-10-15T03:00:00Z", id="no midnight"),
        pytest.param("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00Z", id="a day that never was"),
        ("Asia/Kathmandu", "2018-03-01T00:00:00", "2018-02-28T18:15:00Z"),
        ("UTC", "1969-12-31T23:59:59", "1969-12-31T23:59:59Z"),
        pytest.param("UTC", "2018-03-01T00:00:00.000001", "2018-03-01T00:00:01Z", id="fractions round up"),
    ],
)
def test_resolve_local_says_which_instant_a_clock_means(zone: str, reading: str, instant: str) -> None:
    assert resolve_local(datetime.fromisoformat(reading), ZoneInfo(zone)) == int(
        datetime.fromisoformat(instant).timestamp()
    )


def test_resolve_local_takes_the_first_and_the_last_reading_there_is() -> None:
    zone = ZoneInfo("Asia/Tokyo")
    assert resolve_local(datetime.min, zone) < resolve_local(datetime.max, zone)  # noqa: DTZ901


def test_resolve_local_refuses_a_time_with_a_zone() -> None:
    with pytest.raises(ValueError, match="has a zone"):
        resolve_local(datetime(2018, 3, 1, tzinfo=UTC), ZoneInfo("America/Chicago"))
