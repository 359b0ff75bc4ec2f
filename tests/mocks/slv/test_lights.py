"""What lights do: the sun, schedules, calendars, commissioning, commands by hand; and what they use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from tests.mocks.slv.support import LAMP, LAMP_ID, Caller
from tests.mocks.support import make_world

from vendorlab.mocks.slv.models import DAY, Event, Item, Schedule, Scheduler
from vendorlab.mocks.slv.plan import Profile, sums_of
from vendorlab.mocks.slv.seed import BUILT, CITY_ZONE, LATITUDE, LONGITUDE, SCHEDULERS, SCHEDULES
from vendorlab.mocks.slv.sun import SUNRISE, SUNSET, place_of, sun_event

if TYPE_CHECKING:
    from tests.mocks.slv.conftest import MakeCaller

ZONE = ZoneInfo(CITY_ZONE)
HERE = place_of(LATITUDE, LONGITUDE)
RESIDENTIAL = {"controllerStrId": "LP-001", "idOnController": "L00002"}
RESIDENTIAL_ID = 1_002


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def profile(*events: Event, timeline: str = "T_12_12", items: tuple[Item, ...] = (Item(1, 1, 1, 12, 31),)) -> Profile:
    schedule = Schedule(id=1, name="x", timeline=timeline, events=events)
    return Profile(Scheduler(id=1, name="x", items=items), {1: schedule}, HERE, ZONE)


def local(steps: list[tuple[int, int]]) -> list[tuple[str, int]]:
    return [(datetime.fromtimestamp(when, ZONE).strftime("%m-%d %H:%M"), level) for when, level in steps]


# --- the sun ---------------------------------------------------------------------------------------------------------


def test_sun_rises_and_sets_when_almanacs_say_so() -> None:
    """New London, 41.3 N 72.6 W, by the US Naval Observatory's tables to the minute or so."""
    day = at("2026-06-21") // DAY
    assert abs(sun_event(SUNRISE, HERE, day, ZONE) - at("2026-06-21 09:18")) < 240  # type: ignore[operator]
    assert abs(sun_event(SUNSET, HERE, day, ZONE) - at("2026-06-22 00:26")) < 240  # type: ignore[operator]


def test_where_the_sun_does_not_rise_nothing_happens() -> None:
    assert sun_event(SUNRISE, (80.0, 15.0), at("2026-12-21") // DAY, ZONE) is None
    assert sun_event(SUNSET, (80.0, 15.0), at("2026-06-21") // DAY, ZONE) is None
    dark = Profile(SCHEDULERS[0], {one.id: one for one in SCHEDULES}, (80.0, 15.0), ZONE)
    start = at("2026-12-15")
    assert dark.steps(start, start + 10 * DAY) == [(start, 0)]


def test_sun_is_known_at_the_ends_of_time() -> None:
    for day in (0, 1, 2_932_889, 2_932_896):
        assert sun_event(SUNSET, HERE, day, ZONE) is not None


# --- schedules and calendars -----------------------------------------------------------------------------------------


def test_night_from_noon_to_noon_follows_its_events() -> None:
    steps = profile(*SCHEDULES[1].events).steps(at("2026-11-20 17:00"), at("2026-11-21 17:00"))
    assert local(steps) == [
        ("11-20 12:00", 0),
        ("11-20 16:26", 100),
        ("11-21 00:00", 50),
        ("11-21 05:30", 100),
        ("11-21 06:46", 0),
    ]


def test_day_from_midnight_to_midnight_keeps_its_last_level_overnight() -> None:
    day = profile(Event(10, "", 8 * 3_600), Event(70, "", 20 * 3_600), timeline="T_00_24")
    steps = day.steps(at("2026-11-20 05:00"), at("2026-11-21 13:30"))
    assert local(steps) == [("11-20 00:00", 70), ("11-20 08:00", 10), ("11-20 20:00", 70), ("11-21 08:00", 10)]


def test_wall_clock_times_keep_to_summer_time() -> None:
    steps = profile(Event(100, "", 2 * 3_600 + 1_800), Event(0, "", 3_600), timeline="T_00_24")
    nights = local(steps.steps(at("2026-03-08 05:00"), at("2026-03-09 04:00")))
    assert nights == [("03-08 00:00", 100), ("03-08 01:00", 0), ("03-08 03:30", 100)]
    back = local(steps.steps(at("2026-11-01 04:00"), at("2026-11-02 04:00")))
    assert back == [("11-01 00:00", 100), ("11-01 01:00", 0), ("11-01 02:30", 100)]


def test_later_items_of_a_calendar_win_and_may_span_new_year() -> None:
    calendar = Scheduler(id=1, name="x", items=(Item(1, 1, 1, 12, 31), Item(2, 12, 24, 1, 2), Item(3, 0, 15, 0, 31)))
    schedules = {
        number: Schedule(id=number, name="x", timeline="T_00_24", events=(Event(number * 10, "", 0),))
        for number in (1, 2, 3)
    }
    made = Profile(calendar, schedules, HERE, ZONE)
    levels = {day: made.steps(at(f"{day} 17:00"), at(f"{day} 18:00"))[0][1] for day in DAYS}
    assert levels == DAYS


DAYS = {
    "2026-12-14": 10,
    "2026-12-15": 30,
    "2026-12-31": 30,
    "2027-01-01": 20,
    "2027-01-02": 20,
    "2027-01-03": 10,
    "2027-01-31": 30,
}


def test_light_that_nobody_tells_anything_is_dark() -> None:
    nothing = Profile(None, {}, HERE, ZONE)
    assert nothing.steps(BUILT, BUILT + DAY) == [(BUILT, 0)]
    missing = Profile(SCHEDULERS[0], {}, HERE, ZONE)
    assert missing.sums(BUILT, BUILT + 400 * DAY)[::2] == (0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_sums_kept_by_the_day_are_those_of_the_steps(seed: int) -> None:
    chance = Random(seed)
    made = profile(*SCHEDULES[1].events)
    for _ in range(20):
        start = BUILT + chance.randrange(10**8)
        middle, end = start + chance.randrange(10**7), start + 10**7
        sums, steps = made.sums(start, end), sums_of(made.steps(start, end), end)
        assert sums.burning == steps.burning
        assert sums.full == pytest.approx(steps.full)
        assert sums.starts - steps.starts in (0, 1), "a step right at the start counts as one"
        both = made.sums(start, middle) + made.sums(middle, end)
        assert (both.burning, both.starts) == (sums.burning, sums.starts)
        assert both.full == pytest.approx(sums.full)


# --- in the city -----------------------------------------------------------------------------------------------------


def levels(
    caller: Caller, start: str, end: str, device: int = LAMP_ID, name: str = "LampLevel"
) -> list[tuple[str, str]]:
    return [(one["eventTime"], one["value"]) for one in caller.logs(name, start, end, device)]


def test_night_in_the_city(caller: Caller) -> None:
    caller.go_to("2026-11-22 00:00:00")
    caller.world.clock.advance(DAY)
    caller.log_in()
    assert levels(caller, "2026-11-22 12:00:00", "2026-11-23 00:00:00") == [("2026-11-22 21:25:51", "100.0")]
    night = levels(caller, "2026-11-21 18:00:00", "2026-11-22 18:00:00", RESIDENTIAL_ID)
    assert [(when[11:16], value) for when, value in night] == [
        ("21:26", "100.0"),
        ("05:00", "50.0"),
        ("10:30", "100.0"),
        ("11:46", "0.0"),
    ]


def test_command_takes_effect_after_a_while_and_ends_by_itself(caller: Caller) -> None:
    caller.go_to("2026-11-21 16:00:00")
    assert caller.last_value("LampCommandLevel") == "0.0"
    assert caller.value("dimming/setDimmingLevels", LAMP, dimmingLevel=40) == "OK"
    assert caller.last_value("LampCommandLevel") == "0.0"
    caller.world.clock.advance(60)
    assert caller.last_value("LampCommandLevel") == caller.last_value("LampLevel") == "40.0"
    assert caller.last_value("LampSwitch") == "true"
    found = levels(caller, "2026-11-21 16:00:00", "2026-11-21 17:00:00")
    assert found == [("2026-11-21 16:00:20", "40.0")]
    caller.world.clock.advance(8 * 3_600)
    caller.log_in()
    assert caller.last_value("LampLevel") == "100.0", "night has come, and the command's time is up"
    assert levels(caller, "2026-11-21 17:00:00", "2026-11-22 01:00:00") == [("2026-11-22 00:00:20", "100.0")]


@pytest.mark.parametrize(("method", "level"), [("switchOn", "100.0"), ("switchOff", "0.0")])
def test_switches_are_commands_too_and_are_let_go(caller: Caller, method: str, level: str) -> None:
    caller.go_to("2026-11-21 16:00:00" if method == "switchOn" else "2026-11-22 02:00:00")
    before = caller.last_value("LampLevel")
    assert caller.value(f"dimming/{method}", LAMP) == "OK"
    caller.world.clock.advance(100)
    assert caller.last_value("LampLevel") == level != before
    assert caller.value("dimming/exitManualModes", LAMP) == "OK"
    caller.world.clock.advance(100)
    assert caller.last_value("LampLevel") == before


def test_last_command_holds_and_others_are_untouched(caller_of: MakeCaller) -> None:
    caller = caller_of(manual_minutes=10)
    caller.go_to("2026-11-21 16:00:00")
    for level in (10, 20, 30):
        caller.value("dimming/setDimmingLevels", LAMP, dimmingLevel=level)
        caller.world.clock.advance(120)
    assert caller.last_value("LampLevel") == "30.0"
    assert caller.last_value("LampLevel", RESIDENTIAL) == "0.0"
    caller.world.clock.advance(700)
    assert [value for _, value in levels(caller, "2026-11-21 16:00:00", "2026-11-21 17:00:00")] == [
        "10.0",
        "20.0",
        "30.0",
        "0.0",
    ]


def test_several_lights_at_once_from_7_14(caller_of: MakeCaller) -> None:
    many = {"controllerStrId": "LP-001", "idOnController": ["L00001", "L00002"], "dimmingLevel": [30, 60]}
    old = caller_of().json("dimming/setDimmingLevels", many)
    assert (old["status"], "7.14" in old["message"]) == ("ERROR", True)
    caller = caller_of(profile="7.19")
    assert caller.value("dimming/setDimmingLevels", many) == "OK"
    caller.world.clock.advance(100)
    assert (caller.last_value("LampLevel"), caller.last_value("LampLevel", RESIDENTIAL)) == ("30.0", "60.0")
    odd = caller.json("dimming/setDimmingLevels", many | {"dimmingLevel": [1, 2, 3]})
    assert odd["status"] == "ERROR"


def test_meter_and_controller_are_no_lights(caller: Caller) -> None:
    for name in ("METER", "controllerdevice"):
        assert caller.json("dimming/switchOn", controllerStrId="LP-001", idOnController=name)["status"] == "ERROR"


# --- commissioning ---------------------------------------------------------------------------------------------------


def new_calendar(caller: Caller, *events: dict[str, Any]) -> tuple[int, int]:
    """A schedule with events, and a calendar that has it all the year."""
    schedule = caller.value("dimmingscheduler/createSchedule", name="Party", timeline="T_00_24")
    for event in events:
        kind = "SunEvent" if "startSunEvent" in event else "Absolute"
        assert caller.value(f"dimmingscheduler/add{kind}DayTimeScheduleEvent", event, scheduleId=schedule) == "OK"
    scheduler = caller.value("dimmingscheduler/createScheduler", name="Party calendar")
    item = {"fromMonth": 1, "fromDayInMonth": 1, "toMonth": 12, "toDayInMonth": 31}
    fields = {"scheduleId": schedule, "schedulerId": scheduler, **item}
    assert caller.value("dimmingscheduler/addEveryYearSchedulerItemAt", fields) == "OK"
    return schedule, scheduler


def follow(caller: Caller, group: str, key: dict[str, str] = LAMP) -> None:
    fields = {**key, "valueName": "dimmingGroupName", "value": group, "doLog": "true"}
    assert caller.value("loggingmanagement/setDeviceValues", fields) == "OK"


def test_new_calendar_dims_lights_once_their_controller_was_commissioned(caller: Caller) -> None:
    caller.go_to("2026-11-21 16:00:00")
    new_calendar(
        caller,
        {"level": 33, "startHour": 12, "startMinute": 30},
        {"level": 66, "startSunEvent": "SUNSET", "startOffsetInSeconds": -1_800},
    )
    follow(caller, "Party calendar")
    caller.world.clock.advance(2 * DAY)
    caller.log_in()
    assert caller.last_value("LampLevel") == "0.0", "nobody told the controller yet"
    batch = caller.json("controllermanagement/commissionControllerAsync", controllerStrId="LP-001", flags=7)
    assert batch["batchRunning"] is True
    caller.world.clock.advance(15)
    assert caller.json("batch/getBatchResult", batchId=batch["batchId"])["batchRunning"] is True
    caller.world.clock.advance(45)
    done = caller.json("batch/getBatchResult", batchId=batch["batchId"])
    assert (done["batchRunning"], done["status"]) == (False, "OK")
    caller.world.clock.advance(DAY)
    caller.log_in()
    today = levels(caller, "2026-11-23 15:00:00", "2026-11-24 16:00:00")
    assert [(when[:16], value) for when, value in today] == [
        ("2026-11-23 16:00", "66.0"),
        ("2026-11-23 17:30", "33.0"),
        ("2026-11-23 20:55", "66.0"),
    ]
    assert caller.last_value("LampLevel", RESIDENTIAL) == "0.0"


def test_pushed_calendar_changes_those_who_follow_it_and_nobody_else(caller: Caller) -> None:
    caller.go_to("2026-11-21 16:00:00")
    event = {"scheduleId": 2, "level": 77, "startHour": 13, "startMinute": 0}
    assert caller.value("dimmingscheduler/addAbsoluteDayTimeScheduleEvent", event) == "OK"
    fields = {"schedulerId": 2, "controllerStrId": ["LP-001", "LP-002"]}
    batch = caller.json("dimmingscheduler/commissionControllersSchedulers", fields)
    assert caller.finished(batch)["status"] == "OK"
    caller.go_to("2026-11-21 19:00:00")
    assert caller.last_value("LampLevel", RESIDENTIAL) == "77.0"
    assert caller.last_value("LampLevel") == "0.0"
    elsewhere = {"controllerStrId": "LP-003", "idOnController": "L00005"}
    assert caller.last_value("LampLevel", elsewhere) == "0.0"
    calendar = caller.json("asset/getDevice", elsewhere)["properties"][0]
    assert calendar == {"key": "dimmingGroupName", "value": "Residential"}


def test_only_the_devices_of_a_list_are_told(caller: Caller) -> None:
    caller.go_to("2026-11-21 16:00:00")
    new_calendar(caller, {"level": 9, "startHour": 0, "startMinute": 0})
    follow(caller, "Party calendar")
    follow(caller, "Party calendar", RESIDENTIAL)
    batch = caller.json("controllermanagement/commissionControllerDevicesListAsync", LAMP)
    assert caller.finished(batch)["status"] == "OK"
    caller.world.clock.advance(60)
    assert (caller.last_value("LampLevel"), caller.last_value("LampLevel", RESIDENTIAL)) == ("9.0", "0.0")


def test_unknown_dimming_group_fails_the_batch_and_leaves_the_light_dark(caller: Caller) -> None:
    follow(caller, "Nobody knows it")
    batch = caller.json("controllermanagement/commissionControllerAsync", controllerStrId="LP-001")
    done = caller.finished(batch)
    assert (done["status"], "Nobody knows it" in done["message"]) == ("ERROR", True)
    assert caller.last_value("LampLevel") == "0.0"
    assert caller.last_value("LampLevel", RESIDENTIAL) == "50.0"


def test_what_is_in_use_is_not_deleted(caller: Caller) -> None:
    assert caller.json("dimmingscheduler/deleteSchedule", scheduleId=1)["errorCodeLabel"] == "CONFLICT"
    assert caller.json("dimmingscheduler/deleteScheduler", schedulerId=1)["errorCodeLabel"] == "CONFLICT"
    schedule, scheduler = new_calendar(caller)
    assert caller.json("dimmingscheduler/deleteSchedule", scheduleId=schedule)["status"] == "ERROR"
    assert caller.value("dimmingscheduler/deleteScheduler", schedulerId=scheduler) == "OK"
    assert caller.value("dimmingscheduler/deleteSchedule", scheduleId=schedule) == "OK"
    assert {one["id"] for one in caller.value("dimmingscheduler/getSchedules")} == {1, 2}
    assert caller.json("dimmingscheduler/createScheduler", name="Residential")["status"] == "ERROR"


def test_schedule_made_from_a_template_has_its_events(caller: Caller) -> None:
    fields = {"name": "Copy", "timeline": "T_12_12", "template": "Dimmed at midnight", "color": "#ff00ff00"}
    made = caller.value("dimmingscheduler/createSchedule", fields)
    found = {one["id"]: one for one in caller.value("dimmingscheduler/getSchedules")}
    assert found[made]["events"] == found[2]["events"]
    assert (found[made]["color"], found[2]["timeline"]) == ("#ff00ff00", "T_12_12")


# --- energy ----------------------------------------------------------------------------------------------------------


def energy_rows(caller: Caller, start: str, end: str) -> tuple[list[list[str]], list[str]]:
    found = caller.json("reporting/getReport", {"name": "energy", "from": start, "to": end})["properties"]
    return found["rows"], found["bottomRow"]


def test_energy_report_adds_up_by_rows_by_days_and_by_meters(caller: Caller) -> None:
    caller.go_to("2026-11-24 00:00:00")
    rows, bottom = energy_rows(caller, "2026-11-21 00:00:00", "2026-11-24 00:00:00")
    assert float(bottom[4]) == pytest.approx(sum(float(row[4]) for row in rows), abs=1e-9)
    assert int(bottom[2]) == 40
    days = [energy_rows(caller, f"2026-11-{day} 00:00:00", f"2026-11-{day + 1} 00:00:00")[1] for day in (21, 22, 23)]
    assert sum(float(day[4]) for day in days) == pytest.approx(float(bottom[4]), abs=0.01)
    assert float(bottom[4]) > 50
    meters = [counter(caller, 301 + number, "TotalKWHPositive") for number in range(3)]
    lamps = [counter(caller, 1_001 + number, "Energy") for number in range(40)]
    used = sum(end - start for start, end in meters)
    assert used == pytest.approx(sum(end - start for start, end in lamps), rel=0.01)
    assert used == pytest.approx(float(bottom[4]), rel=0.01)


def counter(caller: Caller, device: int, name: str) -> tuple[float, float]:
    """A counter at the beginning and at the end of the three days."""
    ends = [caller.logs(name, f"2026-11-{day} 23:44:00", f"2026-11-{day} 23:59:59", device) for day in (20, 23)]
    return float(ends[0][0]["value"]), float(ends[1][0]["value"])


def test_dimmed_light_uses_less_and_a_dark_one_hardly_anything(caller: Caller) -> None:
    caller.go_to("2026-11-22 02:00:00")
    powers: list[float] = []
    for level in (100, 50, 0):
        caller.value("dimming/setDimmingLevels", LAMP, dimmingLevel=level)
        caller.world.clock.advance(1_700)
        caller.log_in()
        powers.append(float(caller.last_value("MeteredPower") or "nan"))
    full = float(next(p["value"] for p in caller.json("asset/getDevice", LAMP)["properties"] if p["key"] == "power"))
    assert powers == [pytest.approx(full, rel=0.02), pytest.approx(full * 0.54, rel=0.03), pytest.approx(0, abs=1)]


def test_starts_are_counted_once_however_the_time_is_cut() -> None:
    backend = Caller(make_world("slv", settings={"failure_rate": 20})).vendor.backend
    now = backend.now
    for device in list(backend.assets.lamps("LP-001"))[:6]:
        backend.lighting.set_levels([device], [80], now)
        whole = backend.lights.sums(device, now - 60 * DAY, now + DAY)
        chance = Random(device.id)
        cuts = sorted({now - 60 * DAY, now + DAY, *(now - chance.randrange(60 * DAY) for _ in range(200))})
        pieces = [backend.lights.sums(device, first, last) for first, last in pairwise(cuts)]
        steps = backend.lights.burned(device, now - 60 * DAY, now + DAY)
        assert sum(piece.starts for piece in pieces) == whole.starts
        assert sum(piece.burning for piece in pieces) == whole.burning == sums_of(steps, now + DAY).burning
        assert whole.starts - sums_of(steps, now + DAY).starts in (0, 1)


def test_counters_never_go_back_until_the_lamp_is_replaced(caller: Caller) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    device = caller.vendor.backend.assets.by_id(LAMP_ID)
    moments = [start + timedelta(days=20 * number) for number in range(40)]
    last = caller.vendor.backend.logs.last
    for name in ("Energy", "LampEnergy", "RunningHoursLamp", "SwitchOnCounter"):
        values = [
            float(reading.value) for moment in moments if (reading := last(device, name, int(moment.timestamp())))
        ]
        falls = sum(after < before for before, after in pairwise(values))
        assert falls <= 1, name
        assert len(values) == 40
