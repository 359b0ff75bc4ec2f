"""Long windows of the log: every value once, whatever the borders, the zone and the hour that comes twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.slv.conftest import ACCOUNT
from tests.clients.slv.fake_vendor import (
    ENERGY,
    ORIGIN,
    ZONE,
    Answer,
    FakeVendor,
    body,
    form_of,
    hours_of,
    log_row,
    moment_of,
)

from vendorlab.clients.slv import SlvClient, UnexpectedResponse, UsageError
from vendorlab.clients.slv.zones import Unfolding, is_ambiguous, label_not_after, label_not_before, parse

if TYPE_CHECKING:
    from tests.clients.faces import Face, MakeFace

AUTUMN = datetime(2026, 11, 1, tzinfo=ZONE)  # 01:00 to 02:00 comes twice
SPRING = datetime(2026, 3, 8, tzinfo=ZONE)  # 02:00 to 03:00 does not come
HOUR = timedelta(hours=1)
NAIVE = datetime(2026, 7, 1)  # noqa: DTZ001


def utc(*args: int) -> datetime:
    return datetime(*args, tzinfo=UTC)  # type: ignore[arg-type,misc]


def moments(values: list[Any]) -> list[datetime]:
    return [value.event_time.astimezone(UTC) for value in values]


@pytest.mark.parametrize("forced", ["json", "xml"])
def test_value_is_typed_and_has_its_moment(face: Face, vendor: FakeVendor, forced: str) -> None:
    vendor.forced = forced
    vendor.log = {utc(2026, 7, 1, 12): 21.5}
    (value,) = face("log", [7], [ENERGY], utc(2026, 7, 1), utc(2026, 7, 2))
    assert (value.device_id, value.name, value.value, value.number) == (7, ENERGY, "21.5", 21.5)
    assert (value.event_time, value.update_time) == (utc(2026, 7, 1, 12),) * 2
    assert value.event_time.utcoffset() == timedelta(hours=-4)
    assert (value.controller_str_id, value.id_on_controller, value.status) == ("C1", "L7", "OK")
    assert (value.error_message, value.info, value.age_s, value.extra) == (None, None, 12, {"quality": "good"})


def test_labels_are_in_the_servers_zone_and_names_and_devices_repeat(face: Face, vendor: FakeVendor) -> None:
    face("log", [7, 8, 7], [ENERGY, "LampLevel"], utc(2026, 7, 1), utc(2026, 7, 2))
    assert vendor.windows == [("2026-06-30 19:59:59", "2026-07-01 20:00:01")]
    query = dict(httpx.QueryParams(vendor.requests[-1].url.query).multi_items())
    params = vendor.requests[-1].url.params
    assert (params.get_list("deviceId"), params.get_list("name"), query["ser"]) == (
        ["7", "8"],
        [ENERGY, "LampLevel"],
        "json",
    )


def test_long_window_is_split_into_bounded_ones(face: Face, vendor: FakeVendor) -> None:
    start = utc(2026, 6, 1)
    vendor.log = hours_of(start, 24 * 20)
    values = face("log", [7], [ENERGY], start, start + timedelta(days=20), span=timedelta(days=3))
    assert moments(values) == sorted(vendor.log)
    assert len(vendor.windows) == 7
    spans = [moment_of(last) - moment_of(first) for first, last in vendor.windows]
    assert max(spans) == timedelta(days=3, seconds=2)


@pytest.mark.parametrize("day", [AUTUMN, SPRING], ids=["autumn", "spring"])
@pytest.mark.parametrize("minutes", [15, 37, 60, 600])
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("inclusive", [False, True])
def test_night_when_the_clock_is_changed_is_read_once_and_whole(
    make_face: MakeFace, vendor: FakeVendor, day: datetime, minutes: int, newest_first: bool, inclusive: bool
) -> None:
    vendor.newest_first, vendor.inclusive = newest_first, inclusive
    start = day.astimezone(UTC)
    vendor.log = {start + timedelta(minutes=20 * step): float(step) for step in range(24)}
    values = make_face()("log", [7], [ENERGY], start, start + 8 * HOUR, span=timedelta(minutes=minutes))
    assert moments(values) == sorted(vendor.log)
    assert [value.number for value in values] == [float(step) for step in range(24)]


@pytest.mark.parametrize("start", [5, 5.5, 6, 6.5])
def test_window_may_begin_and_end_in_the_hour_that_comes_twice(face: Face, vendor: FakeVendor, start: float) -> None:
    begin = utc(2026, 11, 1) + start * HOUR
    vendor.log = {utc(2026, 11, 1, 3) + timedelta(minutes=10 * step): float(step) for step in range(30)}
    values = face("log", [7], [ENERGY], begin, begin + HOUR / 2)
    assert moments(values) == [moment for moment in sorted(vendor.log) if begin <= moment < begin + HOUR / 2]
    assert len(values) == 3


@given(
    start=st.integers(0, 48 * 3_600), length=st.integers(0, 30 * 3_600), span=st.integers(600, 20 * 3_600),
    steps=st.lists(st.integers(60, 3_600), max_size=60), inclusive=st.booleans(), newest_first=st.booleans(),
)  # fmt: skip
def test_any_window_over_the_end_of_summer_time_is_read_once_and_whole(
    start: int, length: int, span: int, steps: list[int], inclusive: bool, newest_first: bool
) -> None:
    """The steps leave out the one thing that cannot be told: a series that is silent around one of the two hours."""
    zero = utc(2026, 10, 31, 4)
    vendor = FakeVendor(inclusive=inclusive, newest_first=newest_first)
    vendor.log = hours_of(zero, 72) | {
        zero + timedelta(hours=23, seconds=sum(steps[:n])): float(n) for n in range(len(steps))
    }
    vendor.log |= {zero + timedelta(minutes=10 * step): -1.0 for step in range(72 * 6)}
    begin = zero + timedelta(seconds=start)
    end = begin + timedelta(seconds=length)
    with SlvClient(ORIGIN, transport=httpx.MockTransport(vendor), zone=ZONE, **ACCOUNT) as client:
        values = list(client.log([7], [ENERGY], begin, end, span=timedelta(seconds=span)))
    assert moments(values) == [moment for moment in sorted(vendor.log) if begin <= moment < end]


ZONES = [ZoneInfo(name) for name in ("America/New_York", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata")] + [
    timezone(timedelta(hours=-3))
]
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, st.sampled_from(ZONES))
def test_borders_mean_one_moment_each_and_enclose_what_is_asked_for(moment: datetime, zone: ZoneInfo) -> None:
    first, last = parse(label_not_after(moment, zone)), parse(label_not_before(moment, zone))
    assert not is_ambiguous(first, zone)
    assert not is_ambiguous(last, zone)
    before = moment - first.replace(tzinfo=zone).astimezone(UTC)
    after = last.replace(tzinfo=zone).astimezone(UTC) - moment
    assert timedelta(seconds=1) <= before <= timedelta(hours=3, seconds=2)
    assert timedelta(seconds=1) <= after <= timedelta(hours=3, seconds=2)


@given(st.lists(MOMENTS, max_size=20, unique=True), st.sampled_from(ZONES))
def test_labels_outside_the_doubled_hour_always_find_their_moments(found: list[datetime], zone: ZoneInfo) -> None:
    unfolding = Unfolding(zone)
    for moment in sorted(found):
        wall = moment.astimezone(zone).replace(tzinfo=None)
        if not is_ambiguous(wall.replace(fold=0), zone):
            assert unfolding.moment(wall.replace(fold=0)) == moment


@given(st.text(max_size=30) | st.datetimes().map(str))
def test_label_is_a_time_or_a_value_error(text: str) -> None:
    try:
        moment = parse(text)
        Unfolding(ZONE).moment(moment)
    except ValueError:
        return
    assert isinstance(moment, datetime)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21 08:00:00", datetime(2026, 11, 21, 8)),  # noqa: DTZ001
        ("2026-11-21 08:00:00.5", datetime(2026, 11, 21, 8, 0, 0, 500_000)),  # noqa: DTZ001
        ("21/11/2026 08:00:00", datetime(2026, 11, 21, 8)),  # noqa: DTZ001
        ("2026/11/21 08:00:00", datetime(2026, 11, 21, 8)),  # noqa: DTZ001
        ("2026-11-21T08:00:00Z", datetime(2026, 11, 21, 8, tzinfo=UTC)),
    ],
)
def test_every_form_of_a_date_is_read(text: str, expected: datetime) -> None:
    assert parse(text) == expected


def test_many_devices_are_asked_for_by_form_in_several_requests(face: Face, vendor: FakeVendor) -> None:
    vendor.log = {utc(2026, 7, 1, 1): 1.0}
    values = face("log", range(1, 1_202), [ENERGY], utc(2026, 7, 1), utc(2026, 7, 2))
    assert len(values) == 1
    assert [len(form_of(call)["deviceId"]) for call in vendor.calls()] == [500, 500, 201]
    assert {call.method for call in vendor.calls()} == {"POST"}


def test_nothing_is_asked_before_the_walk_begins_nor_for_an_empty_window(vendor: FakeVendor, face: Face) -> None:
    face.client.log([7], [ENERGY], utc(2026, 7, 1), utc(2026, 7, 2))
    assert face("log", [7], [ENERGY], utc(2026, 7, 1), utc(2026, 7, 1)) == []
    assert vendor.requests == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": NAIVE}, {"end": NAIVE}, {"end": utc(2026, 6, 1)}, {"device_ids": []},
        {"names": []}, {"names": "Energy"}, {"span": timedelta(0)},
        {"start": datetime.min.replace(tzinfo=ZoneInfo("Asia/Tokyo"))},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_window_is_refused_at_once(face: Face, vendor: FakeVendor, wrong: dict[str, Any]) -> None:
    given = {"device_ids": [7], "names": [ENERGY], "start": utc(2026, 7, 1), "end": utc(2026, 7, 2)} | wrong
    with pytest.raises(UsageError):
        face("log", **given)
    assert vendor.requests == []


def test_session_that_ends_on_the_way_loses_nothing(face: Face, vendor: FakeVendor) -> None:
    start = utc(2026, 6, 1)
    vendor.log = hours_of(start, 48)

    def lose(request: httpx.Request, handler: Any) -> httpx.Response:
        vendor.end_sessions()
        return handler(request)  # type: ignore[no-any-return]

    vendor.faults.extend([None, None, lose])
    values = face("log", [7], [ENERGY], start, start + timedelta(days=2), span=timedelta(hours=12))
    assert moments(values) == sorted(vendor.log)
    assert vendor.logins() == 2


@pytest.mark.parametrize("forced", ["json", "xml"])
def test_last_values_leave_out_what_never_was(face: Face, vendor: FakeVendor, forced: str) -> None:
    vendor.forced = forced
    known = log_row(utc(2026, 7, 1, 12), 3.0)
    never = known | {"name": "LampFailure", "value": None, "eventTime": None, "updateTime": None}
    vendor.answers["getDeviceLastValues"] = Answer([known, never], "SLVDeviceValue-array", "SLVDeviceValue")
    (value,) = face("last_values", ("C1", "L7"), [ENERGY, "LampFailure"])
    assert (value.name, value.event_time) == (ENERGY, utc(2026, 7, 1, 12))
    params = vendor.requests[-1].url.params
    assert (params["idOnController"], params.get_list("valueNames")) == ("L7", [ENERGY, "LampFailure"])


@pytest.mark.parametrize("label", ["soon", "2026-13-01 00:00:00", "9999-12-31 23:59:59"])
def test_time_that_is_none_is_unexpected(face: Face, vendor: FakeVendor, label: str) -> None:
    good = log_row(utc(2026, 7, 1, 12), 3.0)
    vendor.answers["getDevicesLogValues"] = body([good, good | {"eventTime": label}])
    with pytest.raises(UnexpectedResponse) as caught:
        face("log", [7], [ENERGY], utc(2026, 7, 1), utc(2026, 7, 2))
    assert caught.value.field.startswith("[1]")


def test_updates_of_one_moment_are_not_taken_for_an_hour_begun_anew(face: Face, vendor: FakeVendor) -> None:
    rows = [log_row(utc(2026, 10, 31, hour), 1.0) | {"updateTime": "2026-11-01 01:30:00"} for hour in (10, 11, 12)]
    vendor.answers["getDevicesLogValues"] = body(rows)
    values = face("log", [7], [ENERGY], utc(2026, 10, 31), utc(2026, 11, 1))
    assert [value.update_time for value in values] == [utc(2026, 11, 1, 5, 30)] * 3


def test_value_says_what_it_is(face: Face, vendor: FakeVendor) -> None:
    row = log_row(utc(2026, 7, 1, 12), 0)
    texts = ["true", "FALSE", "1", "0.0", None, "x"]
    vendor.answers["getDeviceLastValues"] = body(
        [row | {"value": text, "name": str(n)} for n, text in enumerate(texts)]
    )
    values = face("last_values", ("C1", "L7"), [])
    assert [value.is_on for value in values[:4]] == [True, False, True, False]
    for value in values[4:]:
        with pytest.raises(ValueError, match="could not convert"):
            _ = value.is_on


def test_walk_is_oldest_first_across_devices(face: Face, vendor: FakeVendor) -> None:
    rows = [log_row(utc(2026, 7, 1, hour), 1.0) | {"deviceId": device} for device in (7, 8) for hour in (3, 9)]
    vendor.answers["getDevicesLogValues"] = body(rows)
    found = moments(face("log", [7, 8], [ENERGY], utc(2026, 7, 1), utc(2026, 7, 2)))
    assert all(earlier <= later for earlier, later in pairwise(found))
    assert len(found) == 4
