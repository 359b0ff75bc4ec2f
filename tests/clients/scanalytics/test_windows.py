"""Long windows in pieces give what one request would, for every width, zone and alignment."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.clients.scanalytics import Bucket, UsageError
from vendorlab.clients.scanalytics.windows import UNITS, Window, WindowWalk, bucket_seconds, query_time

ZONES = ["UTC", "America/Chicago", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
WIDTHS = ["1s", "90s", "1m", "7m", "15m", "1h", "6h", "7h", "1d", "2d", "1w", "1M", "1y"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Vendor = Callable[[Window], list[Bucket[int]]]
"""Answers a window, as a server would."""


def label(moment: datetime, width: str, zone: ZoneInfo) -> datetime:
    """The bucket of a moment as date histograms align it: calendar units by the wall, others by local epoch."""
    local = moment.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    match width:
        case "1d":
            return midnight
        case "1w":
            return midnight - timedelta(days=midnight.weekday())
        case "1M":
            return midnight.replace(day=1)
        case "1y":
            return midnight.replace(day=1, month=1)
        case _:
            offset = local.utcoffset() or timedelta()
            size = timedelta(seconds=bucket_seconds(width))
            return EPOCH + (moment + offset - EPOCH) // size * size - offset


def by_clock(events: list[datetime], width: str, zone: ZoneInfo) -> Vendor:
    """Counts events in buckets aligned to the clock; leaves empty buckets out."""

    def answer(window: Window) -> list[Bucket[int]]:
        counts: dict[datetime, int] = {}
        for event in events:
            if window.start <= event < window.end:
                start = label(event, width, zone).astimezone(UTC)
                counts[start] = counts.get(start, 0) + 1
        return [Bucket(start.astimezone(zone), count) for start, count in sorted(counts.items())]

    return answer


def by_start(events: list[datetime], width: str, zone: ZoneInfo) -> Vendor:
    """Counts events in buckets laid off from the start of the window; empty ones are there, with 0."""
    size = timedelta(seconds=bucket_seconds(width))

    def answer(window: Window) -> list[Bucket[int]]:
        buckets: list[Bucket[int]] = []
        start = window.start.astimezone(UTC)
        while start < window.end:
            stop = min(start + size, window.end.astimezone(UTC))
            buckets.append(Bucket(start.astimezone(zone), sum(start <= event < stop for event in events)))
            start += size
        return buckets

    return answer


def walked(walk: WindowWalk, vendor: Vendor) -> tuple[list[Bucket[int]], list[Window]]:
    buckets: list[Bucket[int]] = []
    windows: list[Window] = []
    while (window := walk.window) is not None:
        windows.append(window)
        buckets += walk.accept(vendor(window))
        assert len(windows) < 1_000
    return buckets, windows


@given(
    width=st.sampled_from(WIDTHS),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    vendor=st.sampled_from([by_clock, by_start]),
    start=st.datetimes(datetime(2018, 1, 1), datetime(2018, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    length=st.floats(0.01, 40),
    places=st.lists(st.floats(-0.1, 1.1), max_size=60),
    size=st.integers(1, 50),
)
def test_pieces_give_what_one_request_gives(
    width: str,
    zone: ZoneInfo,
    vendor: Callable[[list[datetime], str, ZoneInfo], Vendor],
    start: datetime,
    length: float,
    places: list[float],
    size: int,
) -> None:
    start = start.replace(microsecond=0).astimezone(zone)
    extent = timedelta(seconds=round(bucket_seconds(width) * length))
    end = (start.astimezone(UTC) + extent).astimezone(zone)
    answer = vendor([start.astimezone(UTC) + extent * place for place in places], width, zone)
    buckets, windows = walked(WindowWalk(start, end, width, size), answer)
    assert buckets == answer(Window(start, end))
    assert all(start <= window.start < window.end <= end for window in windows)


def test_requests_are_bounded_and_few() -> None:
    start = datetime(2018, 3, 1, tzinfo=ZoneInfo("America/Chicago"))
    end = start + timedelta(days=365)
    buckets, windows = walked(WindowWalk(start, end, "1h", 1_500), by_start([], "1h", ZoneInfo("America/Chicago")))
    assert len(buckets) == 365 * 24
    assert len(windows) == 6
    assert max(window.end.astimezone(UTC) - window.start.astimezone(UTC) for window in windows) <= timedelta(
        hours=1_501
    )


def test_hours_on_both_sides_of_the_end_of_summer_time_are_kept_apart() -> None:
    chicago = ZoneInfo("America/Chicago")
    start, end = datetime(2018, 11, 4, tzinfo=chicago), datetime(2018, 11, 5, tzinfo=chicago)
    events = [start.astimezone(UTC) + timedelta(minutes=minute) for minute in range(25 * 60)]
    buckets, _ = walked(WindowWalk(start, end, "1h", 1), by_clock(events, "1h", chicago))
    assert [bucket.value for bucket in buckets] == [60] * 25
    assert [bucket.start.isoformat() for bucket in buckets[1:3]] == [
        "2018-11-04T01:00:00-05:00",
        "2018-11-04T01:00:00-06:00",
    ]


def test_vendor_that_has_nothing_yet_is_asked_no_further_than_the_end() -> None:
    start = datetime(2018, 3, 1, tzinfo=UTC)
    now = start + timedelta(hours=3)

    def answer(window: Window) -> list[Bucket[int]]:
        return by_start([], "1h", ZoneInfo("UTC"))(Window(window.start, min(window.end, now)))

    buckets, windows = walked(WindowWalk(start, start + timedelta(days=365), "1h", 24), answer)
    assert len(buckets) == 3
    assert len(windows) < 20


@given(st.text(string.printable, max_size=6) | st.from_regex(r"[0-9]{1,3}[smhdwMyx]", fullmatch=True))
def test_bucket_is_a_positive_number_and_a_unit_or_refused(text: str) -> None:
    try:
        seconds = bucket_seconds(text)
    except UsageError:
        assert text[-1:] not in UNITS or not text[:-1].isdigit() or text.startswith("0")
    else:
        assert seconds == int(text[:-1]) * UNITS[text[-1]] > 0


@pytest.mark.parametrize("text", ["", "h", "0h", "01h", "1.5h", "-1h", "1H", " 1h", "1h\n", "\u0661h"])
def test_bad_buckets_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="positive number"):
        bucket_seconds(text)


@given(st.datetimes(timezones=st.sampled_from(ZONES).map(ZoneInfo)))
def test_query_time_names_the_same_moment_again(moment: datetime) -> None:
    try:
        text = query_time(moment)
    except UsageError:
        assert moment.year in (1, 9999)
    else:
        again = datetime.fromisoformat(text)
        assert again.astimezone(UTC) == moment.astimezone(UTC)
        assert text[-6] in "+-"


def test_time_outside_the_calendar_is_refused() -> None:
    with pytest.raises(UsageError, match="no place in UTC"):
        query_time(datetime.min.replace(tzinfo=ZoneInfo("Asia/Kathmandu")))


def test_request_of_less_than_a_bucket_is_refused() -> None:
    start = datetime(2018, 3, 1, tzinfo=UTC)
    with pytest.raises(UsageError, match="at least one bucket"):
        WindowWalk(start, start, "1h", 0)
