"""The Streetlight.Vision client on the fake: a night in the city, and every way in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

import vendorlab
from vendorlab.clients.slv import LoginRefused, OperationFailed, SlvClient
from vendorlab.mocks.core.rules import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.clients.slv import AsyncSlvClient, Device, LogValue
    from vendorlab.lab import Lab

CITY = ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 21, 12, tzinfo=CITY)
RESIDENTIAL = "Residential"
NOTHING_FAILS: dict[str, Any] = {"slv": {"failure_rate": 0}}


@pytest.fixture
def lab() -> Iterator[Lab]:
    with vendorlab.world("slv", seed=7, start=NOON, rate=0, settings=NOTHING_FAILS) as made:
        yield made


def client_of(lab: Lab, **options: Any) -> Any:
    """A client whose clock is the world's, and whose sleep turns it."""
    timing = {"clock": lambda: lab.clock.now().timestamp(), "sleep": lab.clock.advance}
    return lab.slv.client(**timing | options)


def residential(client: SlvClient) -> list[Device]:
    lamps = client.devices(client.geozone_root().id, categories=["streetlight"])
    return [lamp for lamp in lamps if lamp.properties.get("dimmingGroupName") == RESIDENTIAL]


def levels(values: list[LogValue]) -> list[tuple[str, float]]:
    """Local times and levels."""
    return [(f"{one.event_time.astimezone(CITY):%d %H:%M}", float(one.value or "nan")) for one in values]


def level(client: SlvClient, lamp: Device) -> float:
    (value,) = client.last_values(lamp, ["LampLevel"])
    return float(value.value or "nan")


def test_night_in_the_city(lab: Lab) -> None:
    with client_of(lab) as client:
        lamp, broken, *_ = residential(client)
        meters = [
            one for one in client.controller_devices(lamp.controller_str_id) if one.category_str_id != "streetlight"
        ]
        assert level(client, lamp) == 0

        lab.clock.set(NOON.replace(hour=20))
        assert level(client, lamp) == level(client, broken) == 100

        lab.slv.happen("failure", controller=broken.controller_str_id, device=broken.id_on_controller)
        lab.clock.advance(60)
        assert level(client, broken) == 0
        (alarm,) = client.call("alarm", "getAlarms", {"active": "true"})
        assert (alarm["deviceId"], alarm["valueName"], alarm["state"]) == (broken.id, "LampFailure", "RAISED")
        client.call("alarm", "acknowledgeAlarm", {"alarmId": alarm["id"]}, writes=True)

        lab.clock.set(NOON.replace(hour=22))
        key = {"controllerStrId": broken.controller_str_id, "idOnController": broken.id_on_controller}
        order = client.call(
            "workorder", "createWorkOrder", {**key, "alarmId": alarm["id"], "title": "Dark"}, writes=True
        )
        lab.clock.set(NOON.replace(hour=23))
        client.call("workorder", "closeWorkOrder", {"workOrderId": order["value"]}, writes=True)
        lab.clock.advance(60)
        assert level(client, broken) == 100
        assert client.call("alarm", "getAlarms", {"active": "true"}) == []

        lab.clock.set(NOON + timedelta(hours=13))
        assert level(client, lamp) == 50, "dimmed at midnight"
        lab.clock.set(NOON + timedelta(days=1))
        end = NOON + timedelta(hours=23)  # what is said later than this is all heard
        steps = levels(list(client.log([lamp.id], ["LampLevel"], NOON, end)))
        assert [value for _, value in steps] == [100, 50, 100, 0]
        assert [at for at, _ in steps][1:3] == ["22 00:00", "22 05:30"]
        assert "21 16:24" < steps[0][0] < "21 16:30", "an almanac has the sun set at 16:27"
        assert "22 06:45" < steps[3][0] < "22 06:51", "and rise at 6:48"
        dark = levels(list(client.log([broken.id], ["LampLevel"], NOON, end)))
        assert [value for _, value in dark] == [100, 0, 100, 50, 100, 0]

        report = client.report({"name": "energy", "from": text(NOON), "to": text(end)})
        used = {int(row["geoZoneId"]): float(row["energy"]) for row in rows(report)}
        lamps = client.devices(client.geozone_root().id, categories=["streetlight"])
        counted = {lamp.geozone_id: 0.0 for lamp in lamps}
        for one in lamps:
            counters = list(client.log([one.id], ["Energy"], NOON - timedelta(minutes=16), end))
            counted[one.geozone_id] += float(counters[-1].value or 0) - float(counters[0].value or 0)
        assert used == pytest.approx(counted, abs=0.02), "the report is what the counters grew by"
        assert {meter.category_str_id for meter in meters} >= {"electricalCounter"}


def text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def rows(report: Any) -> list[dict[str, Any]]:
    return [dict(zip(report.column_names, row, strict=True)) for row in report.rows]


@pytest.mark.parametrize("profile", ["7.7", "7.8", "7.12", "7.19"])
@pytest.mark.parametrize("style", ["path", "servlet"])
def test_every_version_lets_the_client_in_by_both_styles(profile: str, style: str) -> None:
    with (
        vendorlab.world("slv", seed=7, start=NOON, rate=0, profiles={"slv": profile}) as lab,
        client_of(lab, style=style) as client,
    ):
        lamps = client.devices(client.geozone_root().id, categories=["streetlight"])
        assert len(lamps) == 40
        client.set_dimming(lamps[0], 30)
        lab.clock.advance(60)
        assert level(client, lamps[0]) == 30
        client.exit_manual(lamps[0])


@pytest.mark.parametrize("login", ["csrf", "form"])
def test_session_that_ended_is_begun_anew(lab: Lab, login: str) -> None:
    with client_of(lab, login=login) as client:
        assert client.user().login
        lab.clock.advance(31 * 60)
        assert client.geozones()
        assert lab.journal.find(operation="asset/getAllGeozones", status=200)


def test_wrong_password_is_refused_once(lab: Lab) -> None:
    with client_of(lab, password="wrong") as client, pytest.raises(LoginRefused):
        client.geozones()


def test_batch_is_waited_for_on_the_worlds_clock(lab: Lab) -> None:
    with client_of(lab) as client:
        (controller, *_) = client.controllers()
        before = lab.clock.now()
        batch = client.commission(controller.str_id)
        assert batch.wait(every=1, deadline=600).status == "OK"
        assert timedelta(seconds=20) <= lab.clock.now() - before <= timedelta(seconds=40)


def test_new_calendar_dims_the_lights_once_it_is_commissioned(lab: Lab) -> None:
    with client_of(lab) as client:
        lamp = residential(client)[0]
        schedule = client.create_schedule("Low")
        client.add_sun_event(schedule, 20, "SUNSET")
        client.add_sun_event(schedule, 0, "SUNRISE")
        scheduler = client.create_scheduler("Low all year")
        client.add_yearly(scheduler, schedule, (1, 1), (12, 31))
        client.set_values(lamp, {"dimmingGroupName": "Low all year"})
        client.commission(lamp.controller_str_id).wait()
        lab.clock.set(NOON.replace(hour=20))
        assert level(client, lamp) == 20


def test_lost_answer_of_a_write_is_told_and_not_sent_again(lab: Lab) -> None:
    with client_of(lab) as client:
        lamp = residential(client)[0]
        lab.faults.add(
            parse({"match": {"operation": "dimming/setDimmingLevels"}, "action": {"kind": "reset"}, "phase": "after"})
        )
        with pytest.raises(Exception, match="setDimmingLevels"):
            client.set_dimming(lamp, 30)
        assert len(lab.journal.find(operation="dimming/setDimmingLevels")) == 1


def test_devices_from_a_file_are_there_once_the_batch_is_done(lab: Lab) -> None:
    with client_of(lab) as client:
        csv = (
            "controllerStrId,idOnController,userName,categoryStrId,geoZoneId,lat,lng\n"
            "LP-001,NEW1,New & <bright>,streetlight,2,41.2,-72.6\n"
        )
        client.import_csv(csv).wait()
        assert client.device(("LP-001", "NEW1")).name == "New & <bright>"
        client.delete_device(("LP-001", "NEW1"))
        with pytest.raises(OperationFailed):
            client.set_values(("LP-001", "NEW1"), {"comment": "gone"})


def test_async_client_asks_many_things_at_once_with_one_login(lab: Lab) -> None:
    async def ask() -> int:
        client: AsyncSlvClient = lab.slv.async_client()
        async with client:
            zones, controllers, root = await asyncio.gather(
                client.geozones(), client.controllers(), client.geozone_root()
            )
            return len(zones) + len(controllers) + len(await client.devices(root.id))

    assert asyncio.run(ask()) > 40
    assert len(lab.journal.find(operation="userprofile/getCurrentUser")) == 1
