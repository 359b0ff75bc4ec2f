"""Schedules, which say when a light is how bright, and schedulers, which say on which days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import PATH, SERVLET, XML
from vendorlab.contracts.slv.estate import CATEGORY
from vendorlab.contracts.slv.workshop import new_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.slv.api import Api
    from vendorlab.contracts.slv.workshop import Workshop

pytestmark = [pytest.mark.vendorlab("slv"), pytest.mark.needs("write")]

_SUN: dict[str, object] = {"level": 100, "startSunEvent": "SUNSET", "startOffsetInSeconds": -600}
_CLOCK: dict[str, object] = {"level": 40, "startHour": 0, "startMinute": 30, "startSecond": 0}
_YEAR: dict[str, object] = {"fromMonth": 1, "fromDayInMonth": 1, "toMonth": 12, "toDayInMonth": 31}
_NONE = "2147483646"
"""An id that nothing has."""


def _listed(workshop: Workshop, method: str) -> dict[str, str]:
    __tracebackhide__ = True
    response = workshop.call(method, category=CATEGORY)
    return forms.named(response, forms.succeeded(response))


@pytest.mark.claim("slv.schedule.create", "slv.schedule.list")
@pytest.mark.parametrize("timeline", ["T_12_12", "T_00_24"])
def test_schedule_that_was_made_is_listed(workshop: Workshop, timeline: str) -> None:
    """Its id is the value of the answer."""
    identity = workshop.make_schedule(timeline)
    assert identity in _listed(workshop, "getSchedules")


@pytest.mark.claim("slv.schedule.class")
def test_schedules_in_xml_are_named_by_their_class(api: Api, workshop: Workshop) -> None:
    """The Java class, package and all, as the result's own."""
    workshop.make_schedule()
    workshop.make_scheduler()
    for method, name in (("getSchedules", "SLVSchedule"), ("getSchedulers", "SLVScheduler")):
        response = api.call(workshop.session, method, {"category": CATEGORY}, ser=XML)
        value = forms.xml_root(response, "com.dotv.streetlightserver.api.data.SLVResult").find("value")
        tags = {child.tag for child in value} if value is not None else set[str]()
        wanted = f"com.slv.service.core.data.dto.{name}"
        expect.check(tags == {wanted}, response, f"elements {wanted} in the value, not {tags}")


@pytest.mark.claim("slv.schedule.events")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_schedule_takes_events_by_the_sun_and_by_the_clock(api: Api, workshop: Workshop, style: str) -> None:
    """Each with a level."""
    schedule: dict[str, object] = {"scheduleId": workshop.make_schedule()}
    for name, event in (("addSunEventDayTimeScheduleEvent", _SUN), ("addAbsoluteDayTimeScheduleEvent", _CLOCK)):
        forms.succeeded(api.call(workshop.session, name, schedule | event, style=style))


@pytest.mark.claim("slv.schedule.bad-event")
@pytest.mark.parametrize(
    "change",
    [{"level": 101}, {"level": -1}, {"startSunEvent": "NOON"}, {"startHour": 24}, {"startMinute": 60}, {"level": "x"}],
    ids=str,
)
def test_event_that_makes_no_sense_is_refused(workshop: Workshop, change: dict[str, object]) -> None:
    """Levels from 0 to 100, times of a day, the sun's two events."""
    by_sun = "startSunEvent" in change
    name = "addSunEventDayTimeScheduleEvent" if by_sun else "addAbsoluteDayTimeScheduleEvent"
    params = {"scheduleId": workshop.make_schedule(), **(_SUN if by_sun else _CLOCK), **change}
    forms.failed(workshop.call(name, **params))


@pytest.mark.claim("slv.schedule.bad-timeline")
@pytest.mark.parametrize("change", [{"timeline": "T_06_06"}, {"timeline": ""}, {"category": "VENDORLAB"}], ids=str)
def test_schedule_of_another_kind_is_refused(workshop: Workshop, change: dict[str, str]) -> None:
    """Noon to noon and midnight to midnight are all the timelines there are."""
    params = {"name": new_name(), "category": CATEGORY, "timeline": "T_12_12"} | change
    forms.failed(workshop.call("createSchedule", **params))


@pytest.mark.claim("slv.schedule.delete")
def test_deleted_schedule_is_gone(workshop: Workshop) -> None:
    """Once is enough."""
    identity = workshop.make_schedule()
    forms.succeeded(workshop.call("deleteSchedule", scheduleId=identity))
    assert identity not in _listed(workshop, "getSchedules")
    forms.failed(workshop.call("deleteSchedule", scheduleId=identity))


@pytest.mark.claim("slv.scheduler.create", "slv.scheduler.list")
def test_scheduler_that_was_made_is_listed(workshop: Workshop) -> None:
    """Its id is the value of the answer."""
    identity = workshop.make_scheduler()
    assert identity in _listed(workshop, "getSchedulers")


@pytest.mark.claim("slv.scheduler.item")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_scheduler_takes_a_schedule_for_days_of_each_year(api: Api, workshop: Workshop, style: str) -> None:
    """From one day to another."""
    both: dict[str, object] = {"scheduleId": workshop.make_schedule(), "schedulerId": workshop.make_scheduler()}
    forms.succeeded(api.call(workshop.session, "addEveryYearSchedulerItemAt", both | _YEAR, style=style))


@pytest.mark.claim("slv.scheduler.bad-item")
@pytest.mark.parametrize("change", [{"fromMonth": 13}, {"toDayInMonth": 32}, {"scheduleId": _NONE}, {"fromMonth": "x"}],
                         ids=str)  # fmt: skip
def test_days_that_no_year_has_are_refused(workshop: Workshop, change: dict[str, object]) -> None:
    """Nor a schedule that is not there."""
    both: dict[str, object] = {"scheduleId": workshop.make_schedule(), "schedulerId": workshop.make_scheduler()}
    forms.failed(workshop.call("addEveryYearSchedulerItemAt", **(both | _YEAR | change)))


@pytest.mark.claim("slv.scheduler.delete")
def test_deleted_scheduler_is_gone(workshop: Workshop) -> None:
    """Once is enough."""
    identity = workshop.make_scheduler()
    forms.succeeded(workshop.call("deleteScheduler", schedulerId=identity))
    assert identity not in _listed(workshop, "getSchedulers")
    forms.failed(workshop.call("deleteScheduler", schedulerId=identity))


@pytest.mark.claim("slv.scheduler.commission")
def test_scheduler_is_commissioned_by_a_batch(workshop: Workshop, finished: Callable[..., dict[str, object]]) -> None:
    """With a schedule in it, to a controller of the suite's own."""
    schedule, scheduler = workshop.make_schedule(), workshop.make_scheduler()
    forms.succeeded(workshop.call("addAbsoluteDayTimeScheduleEvent", scheduleId=schedule, **_CLOCK))
    both: dict[str, object] = {"scheduleId": schedule, "schedulerId": scheduler}
    forms.succeeded(workshop.call("addEveryYearSchedulerItemAt", **(both | _YEAR)))
    workshop.make_device()
    response = workshop.call(
        "commissionControllersSchedulers", schedulerId=scheduler, controllerStrId=workshop.controller
    )
    assert finished(response)["status"] == "OK"
