"""Lights that fail because somebody wants them to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.slv.support import LAMP

from vendorlab.mocks.core.happenings import EventError

if TYPE_CHECKING:
    from tests.mocks.slv.conftest import MakeCaller
    from tests.mocks.slv.support import Caller

EVENING = datetime(2026, 3, 3, 2, tzinfo=UTC)
"""Nine in the evening in the city: lights burn."""
LIGHT = {"controller": LAMP["controllerStrId"], "device": LAMP["idOnController"]}


@pytest.fixture
def city(caller_of: MakeCaller) -> Caller:
    return caller_of(start=EVENING)


def fail(city: Caller, **fields: Any) -> None:
    city.world.happen("slv", {"kind": "failure", **LIGHT, **fields})


def after(city: Caller, seconds: float) -> None:
    city.world.clock.advance(seconds)
    city.log_in()


def alarms(city: Caller) -> list[Any]:
    return [(one["valueName"], one["state"]) for one in city.json("alarm/getAlarms", active="false")]


@pytest.mark.parametrize(("failure", "level"), [("LampFailure", "0.0"), ("BallastFailure", "0.0")])
def test_light_that_fails_is_dark_and_says_why(city: Caller, failure: str, level: str) -> None:
    assert city.last_value("LampLevel") == "100.0"
    fail(city, failure=failure)
    after(city, 60)
    assert (city.last_value("LampLevel"), city.last_value(failure)) == (level, "true")
    assert city.last_value("LampCommandLevel") == "100.0", "it was told to burn"
    assert alarms(city) == [(failure, "RAISED")]


def test_stuck_light_burns_by_day(caller_of: MakeCaller) -> None:
    city = caller_of(start=datetime(2026, 3, 3, 17, tzinfo=UTC))
    assert city.last_value("LampLevel") == "0.0"
    fail(city, failure="RelayFailure")
    after(city, 60)
    assert city.last_value("LampLevel") == "100.0"


def test_lost_light_is_silent_and_what_it_said_last_stays(city: Caller) -> None:
    before = city.json("logging/getDeviceLastValues", {**LAMP, "valueNames": "Energy"})[0]["eventTime"]
    fail(city, failure="DefaultLostNode")
    after(city, 7_200)
    assert city.json("logging/getDeviceLastValues", {**LAMP, "valueNames": "Energy"})[0]["eventTime"] == before
    assert city.last_value("DefaultLostNode") == "true"


def test_failure_is_over_after_its_hours_and_its_alarm_closes(city: Caller) -> None:
    fail(city, hours=1)
    after(city, 3_600 + 60)
    assert (city.last_value("LampLevel"), city.last_value("LampFailure")) == ("100.0", "false")
    assert alarms(city) == [("LampFailure", "CLOSED")]


def test_work_order_mends_what_somebody_broke(city: Caller) -> None:
    fail(city)
    after(city, 60)
    order = city.value("workorder/createWorkOrder", {**LAMP, "title": "Lamp out"})
    after(city, 600)
    city.value("workorder/closeWorkOrder", workOrderId=order)
    after(city, 60)
    assert (city.last_value("LampLevel"), alarms(city)) == ("100.0", [("LampFailure", "CLOSED")])


def test_repair_needs_no_work_order(city: Caller) -> None:
    fail(city)
    after(city, 60)
    city.world.happen("slv", {"kind": "repair", **LIGHT})
    after(city, 60)
    assert city.last_value("LampLevel") == "100.0"


def test_failure_outlives_snapshots_and_not_resets(city: Caller) -> None:
    fail(city)
    saved = city.world.snapshot()
    city.world.reset()
    after(city, 60)
    assert city.last_value("LampLevel") == "100.0"
    city.world.restore(saved)
    after(city, 60)
    assert city.last_value("LampLevel") == "0.0"


@pytest.mark.parametrize("light", [{"device": "L99999"}, {"controller": "LP-999"}, {"device": "controllerdevice"}])
def test_only_lights_fail(city: Caller, light: dict[str, str]) -> None:
    with pytest.raises(EventError, match="there is no light"):
        fail(city, **light)
