"""What links and devices measure: agreement with itself, statuses by schedule, and silence where things are broken."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.inode.support import Caller
from tests.mocks.support import make_world

from vendorlab.mocks.core.ids import Ids
from vendorlab.mocks.inode.models import INSTALLED, STEP, TRANSITIONS, Company, Schedule, Source, Status
from vendorlab.mocks.inode.schedule import BROKE_DAYS
from vendorlab.mocks.inode.seed import make_estate
from vendorlab.mocks.inode.traffic import Traffic, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mocks.inode.conftest import MakeCaller

MONDAY = int(datetime(2026, 11, 23, 5, tzinfo=UTC).timestamp())  # midnight in Toronto
HOUR, DAY = 3_600, 86_400
MOMENTS = st.integers(INSTALLED + 30 * DAY, MONDAY + 3_650 * DAY)


def company_of(seed: int = 7, links: int = 80, devices: int = 40) -> Company:
    return make_estate(Ids(seed), links, devices).companies["capital"]


COMPANY = company_of()
TRAFFIC = Traffic(7, COMPANY)
ALL = np.arange(len(COMPANY.links), dtype=np.int64)


def latest(now: int) -> list[Value | None]:
    return TRAFFIC.latest(ALL, now)


# --- one answer for everybody ----------------------------------------------------------------------------------------


@given(st.integers(0, 79), MOMENTS)
def test_value_is_the_same_whoever_asks_and_with_whom(link: int, now: int) -> None:
    alone = Traffic(7, company_of()).latest(np.array([link]), now)
    assert alone == [latest(now)[link]]


@given(MOMENTS, st.integers(0, STEP - 1))
def test_values_hold_for_a_whole_step(now: int, later: int) -> None:
    begin = now // STEP * STEP
    assert latest(begin) == latest(begin + later)


def test_another_seed_has_other_traffic() -> None:
    other = Traffic(8, COMPANY).latest(ALL, MONDAY + 9 * HOUR)
    assert sum(one != two for one, two in zip(other, latest(MONDAY + 9 * HOUR), strict=True)) > 60


@given(MOMENTS)
def test_speed_is_distance_over_time(now: int) -> None:
    for link, value in zip(COMPANY.links, latest(now), strict=True):
        if value is not None:
            assert value.travel_time >= 1
            assert value.speed == pytest.approx(3.6 * link.metres / value.travel_time, abs=0.0501)
            assert 3.5 <= value.speed <= 1.06 * link.free_flow + 1


@given(MOMENTS)
def test_counts_come_from_sensors_alone_and_are_never_zero(now: int) -> None:
    for link, value in zip(COMPANY.links, latest(now), strict=True):
        if value is not None:
            assert (value.vehicles is not None) == (link.sources[0] is Source.SENSOR)
            assert value.vehicles is None or value.vehicles > 0


@given(MOMENTS)
def test_last_update_lies_on_a_step_and_not_ahead(now: int) -> None:
    for value in filter(None, latest(now)):
        assert value.updated % STEP == 0
        assert INSTALLED < value.updated <= now


@given(MOMENTS, st.integers(1, 300))
def test_last_update_never_goes_back(now: int, steps: int) -> None:
    for before, after in zip(latest(now), latest(now + steps * STEP), strict=True):
        assert before is None or (after is not None and after.updated >= before.updated)


def test_last_value_is_the_newest_of_the_past() -> None:
    """Searching backward finds exactly what listing forward does, for every kind of link."""
    for now in range(MONDAY - 2 * DAY, MONDAY + 12 * DAY, 41 * HOUR + STEP):
        for place, value in enumerate(latest(now)):
            listed = TRAFFIC.past(place, COMPANY.links[place].sources[0], now - 3 * DAY, now + 1)
            if listed:
                assert value == listed[-1]
            else:
                assert value is None or value.updated < now - 3 * DAY


def test_nothing_was_measured_before_there_was_anything() -> None:
    assert set(latest(INSTALLED)) == {None}
    assert set(TRAFFIC.reports(np.arange(40), INSTALLED)) == {None}
    assert TRAFFIC.past(0, Source.SENSOR, 0, INSTALLED + STEP) == []
    some = latest(INSTALLED + 20 * DAY)
    assert None not in some


# --- traffic is traffic ----------------------------------------------------------------------------------------------


def share_of_free_flow(hours: Sequence[float], days: Sequence[int]) -> float:
    """Give the mean speed of all links as a share of their free flow, over some hours of some days."""
    shares: list[float] = []
    for day in days:
        for hour in hours:
            for link, value in zip(COMPANY.links, latest(MONDAY + day * DAY + int(hour * HOUR)), strict=True):
                if value is not None and value.updated > MONDAY + day * DAY:
                    shares.append(value.speed / link.free_flow)
    return sum(shares) / len(shares)


WEEKDAYS = [day for day in range(28) if day % 7 < 5]
WEEKENDS = [day for day in range(28) if day % 7 >= 5]


def test_rush_hours_are_slow_on_weekdays_and_not_at_night_or_on_weekends() -> None:
    morning, evening = share_of_free_flow([8.1], WEEKDAYS), share_of_free_flow([17.1], WEEKDAYS)
    night, saturday = share_of_free_flow([3.1], WEEKDAYS), share_of_free_flow([8.1], WEEKENDS)
    assert max(morning, evening) < 0.75
    assert min(night, saturday) > 0.9


def test_incidents_strike_a_link_now_and_then() -> None:
    """At night nothing else makes a road slow."""
    nights = [MONDAY + day * DAY + 2 * HOUR for day in range(120)]
    slow = sum(
        value is not None and value.updated == now and value.speed < 0.7 * link.free_flow
        for now in nights
        for link, value in zip(COMPANY.links, latest(now), strict=True)
    )
    assert 5 < slow < 0.05 * len(nights) * len(COMPANY.links)


def test_more_vehicles_are_seen_by_day_than_at_night() -> None:
    def seen(hour: int) -> int:
        values = [value for day in WEEKDAYS for value in latest(MONDAY + day * DAY + hour * HOUR)]
        return sum(value.vehicles or 0 for value in values if value is not None)

    assert seen(8) > 4 * seen(3)


# --- statuses --------------------------------------------------------------------------------------------------------


def walk(traffic: Traffic, places: Sequence[int], start: int, steps: int) -> list[list[Status]]:
    """Give the statuses of some links, step by step."""
    which = np.array(places, np.int64)
    return [traffic.statuses(which, start + step * STEP) for step in range(steps)]


def test_statuses_move_through_their_table_and_come_to_all_five() -> None:
    crowd = [place for place, link in enumerate(COMPANY.links) if link.schedule is not None][:15]
    seen: set[Status] = set()
    for before, after in pairwise(walk(TRAFFIC, crowd, MONDAY - 15 * DAY, 30 * DAY // STEP)):
        for old, new in zip(before, after, strict=True):
            assert old is new or new in TRANSITIONS[old], (old, new)
        seen.update(after)
    assert seen == set(Status)


def test_status_follows_the_wall_clock_through_a_day() -> None:
    schedule = Schedule(6 * 60, 20 * 60, (True,) * 5 + (False,) * 2)
    place = next(place for place, link in enumerate(COMPANY.links) if link.schedule == schedule)
    for day in range(40):
        local = datetime(2026, 3, 2, tzinfo=ZoneInfo("America/Toronto")) + timedelta(
            days=day
        )  # across the 8th's change
        hours = {hour: TRAFFIC.statuses(np.array([place]), int(local.replace(hour=hour).timestamp()))[0] for hour in
                 (0, 5, 6, 12, 19, 20, 23)}  # fmt: skip
        if Status.DISABLED in hours.values() or Status.NOT_COLLECTED in hours.values():
            continue
        if local.weekday() >= 5:
            assert set(hours.values()) == {Status.SCHEDULED}
            continue
        expected = ["scheduled", "scheduled", "collecting", "collecting", "collecting", "collected", "collected"]
        assert [status.value for status in hours.values()] == expected


def test_credit_runs_out_on_some_days_for_every_link_that_collects() -> None:
    places = [place for place, link in enumerate(COMPANY.links) if link.schedule and link.schedule.opens == 0]
    days = [TRAFFIC.statuses(np.array(places), MONDAY + day * DAY + 21 * HOUR) for day in range(200)]
    broke = sum(Status.NOT_COLLECTED in statuses for statuses in days)
    assert 0.5 * BROKE_DAYS < broke / len(days) < 1.7 * BROKE_DAYS
    assert all(
        set(statuses) <= {Status.NOT_COLLECTED, Status.DISABLED}
        for statuses in days
        if Status.NOT_COLLECTED in statuses
    )


@given(MOMENTS)
def test_link_that_does_not_collect_has_no_new_value(now: int) -> None:
    end = now // STEP * STEP
    before = TRAFFIC.statuses(ALL, end - STEP)
    for link, status, value in zip(COMPANY.links, before, latest(end), strict=True):
        if value is not None and link.sources[0] is Source.CROWDSOURCED:
            assert (value.updated == end) == (status is Status.COLLECTING)
        if status is Status.DISABLED:
            assert value is None or value.updated < end


def test_disabled_link_stops_updating_and_goes_on_afterwards() -> None:
    place = next(
        place for place, link in enumerate(COMPANY.links) if link.disabled_since is None and link.schedule is None
    )
    which = np.array([place])
    start = next(
        now for now in range(MONDAY, MONDAY + 900 * DAY, HOUR) if TRAFFIC.statuses(which, now) == [Status.DISABLED]
    )
    stop = next(now for now in range(start, start + 9 * DAY, STEP) if TRAFFIC.statuses(which, now) != [Status.DISABLED])
    values = {TRAFFIC.latest(which, now)[0] for now in range(start, stop + 1, HOUR)}
    assert len(values) == 1
    assert TRAFFIC.latest(which, stop + DAY)[0] not in values


@pytest.mark.parametrize(
    "schedule",
    [
        (360, 360, (True,) * 7),
        (0, 1_439, (True,) * 7),
        (240, 600, (True,) * 7),
        (600, 1_330, (True,) * 7),
        (361, 600, (True,) * 7),
        (360, 600, (True,) * 6),
        (360, 600, (False,) * 7),
        (0, 1_440, (True,) * 6 + (False,)),
    ],
)
def test_schedule_that_could_not_be_kept_is_refused(schedule: tuple[int, int, tuple[bool, ...]]) -> None:
    with pytest.raises(ValueError, match="schedule"):
        Schedule(*schedule)


# --- devices ---------------------------------------------------------------------------------------------------------


def test_device_falls_silent_keeps_its_readings_and_comes_back() -> None:
    fell, came = 0, 0
    which = np.arange(40)
    before = TRAFFIC.reports(which, MONDAY)
    for now in range(MONDAY + 60, MONDAY + 12 * HOUR, 60):
        after = TRAFFIC.reports(which, now)
        for old, new in zip(before, after, strict=True):
            assert old is not None
            assert new is not None
            assert new.seen >= old.seen
            assert new.online == (now - new.seen < 1_800)
            if new.seen == old.seen:
                assert new._replace(online=old.online) == old
            fell += old.online and not new.online
            came += new.online and not old.online
        before = after
    assert fell > 0
    assert came > 0


def test_links_of_a_silent_device_measure_nothing() -> None:
    devices = {device.id: place for place, device in enumerate(COMPANY.devices)}
    silent = 0
    for now in range(MONDAY, MONDAY + 3 * DAY, 7 * HOUR):
        reports = TRAFFIC.reports(np.arange(40), now)
        for link, value in zip(COMPANY.links, latest(now), strict=True):
            if link.sources[0] is not Source.SENSOR or value is None:
                continue
            for end in (link.origin, link.destination):
                assert end is not None
                report = reports[devices[end]]
                assert report is not None
                if not report.online:
                    silent += 1
                    assert value.updated <= report.seen // STEP * STEP + STEP
    assert silent > 0


@given(MOMENTS)
def test_readings_are_those_of_a_box_by_the_road(now: int) -> None:
    for report in filter(None, TRAFFIC.reports(np.arange(40), now)):
        assert 11.5 < report.voltage < 14.0
        assert 0.1 < report.current < 0.4
        assert -35 < report.ambient < 45
        assert 25 < report.cpu - report.ambient < 42


def test_winters_are_cold_and_summers_warm() -> None:
    def ambient(month: int) -> float:
        moment = int(datetime(2026, month, 15, 17, tzinfo=UTC).timestamp())
        reports = [report for report in TRAFFIC.reports(np.arange(40), moment) if report is not None and report.online]
        return sum(report.ambient for report in reports) / len(reports)

    assert ambient(1) < 0
    assert ambient(7) > 18


# --- over HTTP -------------------------------------------------------------------------------------------------------


def test_lists_move_with_the_worlds_clock_and_stand_with_it(caller: Caller) -> None:
    links, devices = caller.links(), caller.devices()
    assert (caller.links(), caller.devices()) == (links, devices)
    caller.world.clock.advance(60)
    assert caller.links() == links
    assert caller.devices() != devices
    caller.world.clock.advance(240)
    assert caller.links() != links


def test_clock_turned_back_shows_what_was_shown_then(caller: Caller) -> None:
    seen: dict[datetime, Any] = {}
    begin = caller.world.clock.now()
    moments = [begin + timedelta(minutes=minutes) for minutes in (0, 5, 600, 6_000)]
    for moment in moments:
        caller.world.clock.set(moment)
        seen[moment] = caller.links(), caller.devices()
    for seed in range(3):
        other = Caller(make_world("inode", start=random.Random(seed).choice(moments)))
        assert (other.links(), other.devices()) == seen[other.world.clock.now()]


def test_large_estate_lists_all_of_it(caller_of: MakeCaller) -> None:
    caller = caller_of(links=5_000, devices=2_000)
    links, devices = caller.links(), caller.devices()
    assert (len(links), len(devices)) == (5_000, 2_000)
    assert len({link["id"] for link in links}) == 5_000
    assert {link["origin_device"] for link in links} <= {device["id"] for device in devices} | {None}
    assert caller.get(f"/api/v1/links/{links[4_321]['id']}/").json() == links[4_321]
