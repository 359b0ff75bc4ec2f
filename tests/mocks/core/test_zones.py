"""Local time on vectors agrees with `zoneinfo`, one instant at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.zones import offsets_at, stretches

ZONES = sorted(available_timezones())
CHICAGO = ZoneInfo("America/Chicago")
YEAR = 366 * 86_400


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def offset(instant: int, zone: tzinfo) -> int:
    found = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant)).astimezone(zone).utcoffset()
    assert found is not None
    return found // timedelta(seconds=1)


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    base=st.integers(epoch("1801-01-01T00:00Z"), epoch("2500-01-01T00:00Z")),
    steps=st.lists(st.integers(0, 2 * YEAR), max_size=40),
)
def test_offsets_at_agrees_with_zoneinfo_in_every_zone(zone: ZoneInfo, base: int, steps: list[int]) -> None:
    instants = [base + step for step in steps]
    assert offsets_at(np.array(instants, np.int64), zone).tolist() == [offset(instant, zone) for instant in instants]


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    instants=st.lists(st.integers(epoch("1801-01-01T00:00Z"), epoch("9999-12-29T00:00Z")), max_size=12),
)
def test_offsets_at_agrees_with_zoneinfo_for_instants_centuries_apart(zone: ZoneInfo, instants: list[int]) -> None:
    assert offsets_at(np.array(instants, np.int64), zone).tolist() == [offset(instant, zone) for instant in instants]


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo), start=st.integers(epoch("1840-01-01T00:00Z"), epoch("2100-01-01T00:00Z"))
)
def test_stretches_change_exactly_where_zoneinfo_does(zone: ZoneInfo, start: int) -> None:
    begins, offsets = stretches(zone, start, start + YEAR)
    assert begins[0] == start
    assert np.all(np.diff(begins) > 0)
    assert begins[-1] < start + YEAR
    for begin, before, after in zip(begins[1:].tolist(), offsets.tolist(), offsets[1:].tolist(), strict=False):
        assert (offset(begin - 1, zone), offset(begin, zone)) == (before, after)
        assert before != after


class Once(tzinfo):
    """A zone that moves from one offset to another at one instant."""

    def __init__(self, change: int) -> None:
        self.change = change

    def fromutc(self, dt: datetime) -> datetime:
        return dt + timedelta(hours=1 if dt.replace(tzinfo=UTC).timestamp() < self.change else 2)

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        assert dt is not None
        return timedelta(hours=1 if dt.replace(tzinfo=UTC).timestamp() < self.change + 2 * 3600 else 2)

    def dst(self, _: datetime | None) -> None:
        return None

    def tzname(self, _: datetime | None) -> None:
        return None


BLOCK_EDGE = 50 * 384 * 86_400  # of what is looked up and remembered at a time


@given(change=st.integers(BLOCK_EDGE - 5, BLOCK_EDGE + 5) | st.integers(0, 2**31), before=st.integers(1, 900 * 86_400))
def test_a_change_is_found_wherever_it_lies(change: int, before: int) -> None:
    zone = Once(change)
    begins, offsets = stretches(zone, change - before, change + 86_400)
    assert (begins.tolist(), offsets.tolist()) == ([change - before, change], [3600, 7200])
    begins, offsets = stretches(zone, change, change + 86_400)
    assert (begins.tolist(), offsets.tolist()) == ([change], [7200])
    begins, offsets = stretches(zone, change - before, change)
    assert (begins.tolist(), offsets.tolist()) == ([change - before], [3600])


@pytest.mark.parametrize(
    ("name", "start", "changes"),
    [
        ("Africa/Freetown", "1939-08-20T00:00Z", ["1939-09-01T01:00Z", "1939-09-05T00:40Z"]),
        ("America/Noronha", "2000-10-01T00:00Z", ["2000-10-08T02:00Z", "2000-10-15T01:00Z"]),
    ],
)
def test_changes_a_few_days_apart_are_both_found(name: str, start: str, changes: list[str]) -> None:
    begins, _ = stretches(ZoneInfo(name), epoch(start), epoch(start) + 25 * 86_400)
    assert begins[1:].tolist() == [epoch(change) for change in changes]


def test_stretches_hold_beyond_the_years_of_datetime() -> None:
    begins, offsets = stretches(CHICAGO, -(10**12), epoch("1850-01-01T00:00Z"))
    assert (begins.tolist(), offsets.tolist()) == ([-(10**12)], [-(5 * 3600 + 50 * 60 + 36)])
    begins, offsets = stretches(CHICAGO, epoch("9999-12-01T00:00Z"), 10**12)
    assert offsets.tolist() == [-6 * 3600]


def test_fixed_offsets_have_one_stretch() -> None:
    begins, offsets = stretches(timezone(timedelta(hours=5, minutes=30)), 0, 10 * YEAR)
    assert (begins.tolist(), offsets.tolist()) == ([0], [19_800])


def test_offsets_at_of_nothing_is_nothing() -> None:
    assert offsets_at(np.zeros(0, np.int64), CHICAGO).size == 0
