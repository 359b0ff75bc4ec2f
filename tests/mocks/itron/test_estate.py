"""The estate: tenants and mesh devices as functions of the seed, their readings, and how those reach the platform."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.itron.support import Caller, solution
from tests.mocks.support import START, make_world

from vendorlab.mocks.itron import seed
from vendorlab.mocks.itron.models import Sensor
from vendorlab.mocks.itron.readings import CELSIUS, measure
from vendorlab.mocks.itron.wire import moment, reading

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeCaller

    from vendorlab.mocks.itron.estate import Estate
    from vendorlab.mocks.itron.models import Reading

NOW = int(START.timestamp())
HOUR = 3_600


def estate_of(**settings: object) -> Estate:
    return Caller(make_world("itron", settings=settings)).backend.estate


@given(st.integers(), st.integers(0, 1), st.integers(0, 99_999))
def test_address_leads_back_to_its_device(world: int, owner: int, number: int) -> None:
    tenant = seed.tenants(world)[owner]
    device = seed.mesh_device(world, tenant, owner, number)
    assert device.mac.startswith("00135005")
    assert seed.mesh_place(world, device.mac) == (owner, number)


def test_device_is_found_by_its_address_in_any_case() -> None:
    estate = estate_of()
    every = [device for tenant in estate.tenants for device in estate.devices(tenant)]
    for device in every:
        assert estate.device(device.mac) == estate.device(device.mac.upper()) == device
    others = ["", "x" * 16, "0013500500000000", "ffffffffffffffff", "0013500", f"{every[0].mac}0"]
    assert [estate.device(mac) for mac in others] == [None] * 6


def test_addresses_of_a_hundred_thousand_differ_and_cost_nothing_before() -> None:
    tracemalloc.start()
    estate = estate_of(mesh_devices=100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000
    assert estate.count(estate.tenants[0]) == 100_000
    addresses = {device.mac for tenant in estate.tenants for device in estate.devices(tenant)}
    assert len(addresses) == 100_002


def test_boards_hold_every_kind_of_sensor() -> None:
    estate = estate_of()
    found = {sensor for device in estate.devices(estate.tenants[0]) for sensor in device.sensors}
    assert found == set(Sensor)


def test_reading_is_a_function_of_seed_device_sensor_and_time() -> None:
    one, two, other = estate_of(), estate_of(), Caller(make_world("itron", seed=8)).backend.estate
    for device in one.devices(one.tenants[0]):
        for sensor in device.sensors:
            readings = [one.measure(device, sensor, NOW + n * HOUR) for n in range(30)]
            assert [two.measure(device, sensor, NOW + n * HOUR) for n in reversed(range(30))] == readings[::-1]
            if sensor.periodic:
                assert len({str(each.values) for each in readings}) > 20
                differing = [other.measure(device, sensor, NOW + n * HOUR) for n in range(30)]
                assert [each.values for each in differing] != [each.values for each in readings]


@given(st.integers(0, 4_000_000_000), st.integers(0, 500))
def test_readings_are_of_this_world(second: int, number: int) -> None:
    tenant = seed.tenants(0)[0]
    device = seed.mesh_device(0, tenant, 0, number)
    for sensor in device.sensors:
        values = measure(0, device, sensor, second).values
        if sensor is Sensor.TEMPERATURE:
            celsius = float(measure(0, device, sensor, second, CELSIUS).values["temperature"])
            assert -10 < celsius < 45
            assert float(values["temperature"]) == pytest.approx(celsius * 1.8 + 32, abs=0.006)
            assert values["unit"] == "F"
        elif sensor is Sensor.METHANE:
            assert 0 <= values["gas"] < 61
            assert values["hours"] >= 0
            assert {values["device"], values["battery"]} <= {"OK", "NG", "LB"}
        elif sensor is Sensor.TILT:
            assert -10 < values["celsius"] < 45
            assert 0 <= values["humidity"] <= 100
            assert len(values["tilt"]) == len(values["shock"]) == 3


def test_past_day_is_there_from_the_start(caller: Caller) -> None:
    devices = caller.get(solution("sandbox", "devices")).json()["devices"]
    for device in devices:
        found = caller.of_device(device["id"], "sandbox")
        times = [moment(one["timestamp"]) for one in found]
        assert len(found) == 24
        assert times == sorted((time for time in times if time), reverse=True)
        assert (NOW - HOUR) * 1_000_000 < (times[0] or 0) <= NOW * 1_000_000
        assert (times[0] or 0) - (times[-1] or 0) == 23 * HOUR * 1_000_000


def test_past_day_does_not_depend_on_when_somebody_looks(caller_of: MakeCaller) -> None:
    early, late = caller_of(), caller_of()
    found = early.get(solution("sandbox", "observations")).json()
    assert late.known  # a world makes its vendors when they are first touched
    late.world.clock.advance(100_000)
    assert late.get(solution("sandbox", "observations")).json() == found


def test_past_of_the_platform_is_what_the_mesh_measured(caller: Caller) -> None:
    estate = caller.backend.estate
    for device in caller.get(solution("sandbox", "devices"), params={"deviceType": "MILLI"}).json()["devices"]:
        mesh = estate.device(device["domainInfo"]["nic_macID"])
        assert mesh is not None
        found = caller.of_device(device["id"], "sandbox")
        assert len(found) == 24
        for one in found:
            second = (moment(one["timestamp"]) or 0) // 1_000_000
            assert one == json.loads(reading(estate.measure(mesh, mesh.sensors[0], second)).raw)
            assert one["macId"] == mesh.mac


def test_mesh_says_nothing_by_itself_unless_somebody_listens(caller: Caller) -> None:
    assert caller.world.clock.timers == 0
    assert caller.world.clock.advance(86_400) == []
    assert {len(caller.of_device(one["id"], "sandbox")) for one in sandbox(caller)} == {24}


def sandbox(caller: Caller) -> list[dict[str, str]]:
    return list(caller.get(solution("sandbox", "devices")).json()["devices"])


def test_bridge_makes_readings_observations_as_the_clock_goes(caller_of: MakeCaller) -> None:
    caller = caller_of(bridge=True)
    before = {one["id"]: caller.of_device(one["id"], "sandbox") for one in sandbox(caller)}
    assert caller.world.clock.timers == 2  # one for the token, one for all of the mesh
    caller.world.clock.advance(86_400)
    caller._tokens.clear()
    for one in sandbox(caller):
        found = caller.of_device(one["id"], "sandbox")
        mesh = one["deviceType"] == "MILLI"
        assert found[24 if mesh else 0 :] == before[one["id"]]
        assert len(found) == (48 if mesh else 24)
        times = [moment(each["timestamp"]) or 0 for each in found]
        assert not mesh or {a - b for a, b in pairwise(times)} == {HOUR * 1_000_000}


@pytest.mark.parametrize(("interval", "expected"), [(60, 1_440), (90, 960), (600, 144), (86_400, 1)])
def test_every_device_reports_once_in_an_interval(caller_of: MakeCaller, interval: int, expected: int) -> None:
    caller = caller_of(interval=interval, mesh_devices=13)
    counts: dict[str, int] = {}

    def count(reading: Reading) -> None:
        counts[reading.device.mac] = counts.get(reading.device.mac, 0) + 1
        assert reading.second * 1_000_000 == caller.world.clock.micros()

    caller.backend.estate.listen(count)
    caller.world.clock.advance(86_400)
    assert (len(counts), set(counts.values())) == (15, {expected})


def test_all_listeners_get_the_very_same_reading(caller: Caller) -> None:
    heard: list[list[Reading]] = [[], []]
    for one in heard:
        caller.backend.estate.listen(one.append)
    caller.world.clock.advance(HOUR)
    assert len(heard[0]) == 10
    assert all(one is two for one, two in zip(*heard, strict=True))


def test_bridge_goes_on_after_a_reset_and_from_a_snapshot(caller_of: MakeCaller) -> None:
    caller, other = caller_of(bridge=True), caller_of(bridge=True)
    caller.world.clock.advance(HOUR)
    document = caller.world.snapshot()
    caller.world.reset()
    assert caller.world.clock.timers == 1
    other.world.restore(document)
    assert other.world.clock.timers == 1
    for one in (caller, other):
        one.world.clock.advance(HOUR)
    assert caller.backend.counts()["observations"] == 12 * 24 + 10
    assert other.backend.counts()["observations"] == 12 * 24 + 20


def test_bridge_finds_its_devices_by_their_address(caller_of: MakeCaller) -> None:
    caller = caller_of(bridge=True)
    tenant = caller.backend.estate.tenants[0]
    mesh = next(iter(caller.backend.estate.devices(tenant)))
    for one in sandbox(caller):
        caller.call("DELETE", solution("sandbox", "devices", one["id"]))
    twin = caller.make_device(domainInfo={"nic_macID": mesh.mac.upper()})
    caller.make_device(domainInfo={"nic_macID": 5})
    caller.world.clock.advance(HOUR)
    caller._tokens.clear()
    found = caller.of_device(twin)
    assert [one["macId"] for one in found] == [mesh.mac]


@pytest.mark.parametrize("year", [1970, 2015, 2040, 9999])
def test_world_of_any_year_has_a_past(caller_of: MakeCaller, year: int) -> None:
    caller = caller_of(start=datetime(year, 1, 2, tzinfo=UTC), bridge=True)
    caller.world.clock.advance(HOUR)
    caller._tokens.clear()
    assert len(caller.of_device(sandbox(caller)[0]["id"], "sandbox")) == 25
