"""Simulations: devices from a template, one reading for each sensor and step, at the step's own time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.itron.extension_support import STUDIO, make_event, make_template, refused, settle, simulate, subscribe
from tests.mocks.itron.support import Caller, solution

from vendorlab.clients.itron import WebhookReceiver
from vendorlab.mocks.itron import simulation as module
from vendorlab.mocks.itron.simulated import values

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeCaller

PATH = solution(STUDIO, "simulations")
SENSORS = ["temperature", "Humidity", "accelerometer", "gps", "light", "something else"]


@pytest.fixture
def caller(caller_of: MakeCaller) -> Caller:
    return caller_of(simulation=True)


def readings(caller: Caller, device: str) -> list[dict[str, Any]]:
    """What a device said, oldest first."""
    pages = caller.pages(solution(STUDIO, "devices", device, "observations"))
    return [one for page in pages for one in page][::-1]


def listed(caller: Caller, which: str = "") -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", caller.get(PATH, which=which).json()["simulations"])


def test_simulation_makes_devices_and_says_what_it_is(caller: Caller) -> None:
    template = make_template(caller, name="Pole")
    made = simulate(caller, template)
    assert made == {
        "id": made["id"],
        "templateId": template,
        "devices": 3,
        "interval": 60,
        "seed": made["seed"],
        "step": 0,
        "deviceIds": made["deviceIds"],
    }
    assert listed(caller) == [made]
    devices = caller.get(solution(STUDIO, "devices"), params={"deviceType": "Pole"}).json()["devices"]
    assert [one["id"] for one in devices] == made["deviceIds"]
    assert [one["domainInfo"] for one in devices] == [{"simulationId": made["id"], "number": n} for n in range(3)]


def test_each_step_brings_one_reading_of_each_sensor_at_its_own_time(caller: Caller) -> None:
    made = simulate(caller, make_template(caller, *SENSORS), devices=2, interval=600, steps=4)
    caller.world.clock.advance(599.9)
    assert [readings(caller, one) for one in made["deviceIds"]] == [[], []]
    caller.world.clock.advance(2_400)
    for device in made["deviceIds"]:
        found = readings(caller, device)
        assert [one["timestamp"] for one in found] == [f"2026-11-21T05:{m}0:00.000Z" for m in (1, 2, 3, 4)]
        assert all(list(one) == ["timestamp", *SENSORS] for one in found)
    assert listed(caller)[0]["step"] == 4
    assert caller.world.clock.waiting(module.TIMER) == []


def test_one_timer_serves_all(caller: Caller) -> None:
    template = make_template(caller)
    made = [simulate(caller, template, devices=1, interval=interval) for interval in (7, 60, 100)]
    assert len(caller.world.clock.waiting(module.TIMER)) == 1
    caller.world.clock.advance(700)
    assert [len(readings(caller, one["deviceIds"][0])) for one in made] == [100, 11, 7]
    assert len(caller.world.clock.waiting(module.TIMER)) == 1


def test_same_seed_says_the_same_and_another_something_else(caller: Caller, caller_of: MakeCaller) -> None:
    def said(asked: Caller, seed: int) -> Any:
        made = simulate(asked, make_template(asked, *SENSORS), seed=seed, devices=2, steps=3)
        asked.world.clock.set(asked.world.clock.now())
        asked.world.clock.advance(180)
        return [readings(asked, one) for one in made["deviceIds"]]

    first = said(caller, 1)
    assert first[0] != first[1]
    assert said(caller_of(seed=99, simulation=True), 1) == first
    assert said(caller_of(simulation=True), 2) != first


def test_seed_of_the_world_is_taken_when_none_is_given(caller_of: MakeCaller) -> None:
    seeds = [simulate(caller_of(seed=seed, simulation=True))["seed"] for seed in (1, 1, 2)]
    assert seeds[0] == seeds[1] != seeds[2]


def test_deleted_simulation_stops_and_its_devices_stay(caller: Caller) -> None:
    made, other = simulate(caller, devices=1), simulate(caller, devices=1)
    caller.world.clock.advance(60)
    path = f"{PATH}/{made['id']}"
    assert caller.call("DELETE", path).json() == {}
    assert refused(caller.call("DELETE", path), 404) == "Simulation not found."
    caller.world.clock.advance(600)
    assert [len(readings(caller, one["deviceIds"][0])) for one in (made, other)] == [1, 11]
    caller.call("DELETE", f"{PATH}/{other['id']}")
    assert caller.world.clock.waiting(module.TIMER) == []


def test_deleted_device_is_left_out(caller: Caller) -> None:
    made = simulate(caller, devices=2)
    caller.call("DELETE", solution(STUDIO, "devices", made["deviceIds"][0]))
    caller.world.clock.advance(120)
    assert len(readings(caller, made["deviceIds"][1])) == 2


def test_simulated_observations_are_told_of(caller_of: MakeCaller) -> None:
    caller = caller_of(simulation=True, events=True)
    with WebhookReceiver() as receiver:
        event = make_event(caller, STUDIO, sensor="gps.latitude", operator="gte", value=-90)
        subscribe(caller, receiver.url, event, STUDIO)
        simulate(caller, make_template(caller, "gps"), devices=2)
        settle(caller, 180)
        assert len(receiver.deliveries) == 6
        assert {one.solution for one in receiver.deliveries} == {STUDIO}


def test_tenants_do_not_see_each_others(caller: Caller) -> None:
    template = make_template(caller)
    made = simulate(caller, template)
    assert listed(caller, "second_") == []
    assert caller.call("DELETE", f"{PATH}/{made['id']}", which="second_").status_code == 404
    body = {"simulation": {"templateId": template}}
    assert "no device template" in refused(caller.call("POST", PATH, which="second_", json=body))


def test_simulations_are_in_one_solution_only(caller: Caller) -> None:
    assert caller.get(solution("lab", "simulations")).status_code == 403
    template = make_template(caller, place="lab")
    assert "no device template" in refused(caller.call("POST", PATH, json={"simulation": {"templateId": template}}))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"devices": 0}, "devices must be a whole number from 1 to 1000."),
        ({"devices": 1_001}, "devices must be"),
        ({"devices": "3"}, "devices must be"),
        ({"devices": 2.5}, "devices must be"),
        ({"devices": True}, "devices must be"),
        ({"devices": 10**30}, "devices must be"),
        ({"interval": 0}, "interval must be a whole number from 1 to 86400."),
        ({"interval": 86_401}, "interval must be"),
        ({"steps": 0}, "steps must be a whole number from 1 to 1000000."),
        ({"steps": -1}, "steps must be"),
        ({"seed": 1 << 63}, "seed must be"),
        ({"seed": 1.5}, "seed must be"),
        ({"templateId": ""}, "templateId must be a string"),
        ({"templateId": "nobody"}, "There is no device template with this templateId in StudioSimulation."),
        ({"device": 3}, "simulation has no member 'device'"),
    ],
    ids=str,
)
def test_simulation_that_makes_no_sense_is_refused_in_words(caller: Caller, parts: dict[str, Any], says: str) -> None:
    body = {"simulation": {"templateId": make_template(caller), **parts}}
    assert says in refused(caller.call("POST", PATH, json=body))
    assert listed(caller) == []
    assert caller.get(solution(STUDIO, "devices")).status_code == 404


def test_one_simulation_too_many_is_refused(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SIMULATIONS", 2)
    template = make_template(caller)
    first, _ = simulate(caller, template), simulate(caller, template)
    body = {"simulation": {"templateId": template}}
    assert refused(caller.call("POST", PATH, json=body), 429) == "Limit Exceeded"
    caller.call("DELETE", f"{PATH}/{first['id']}")
    simulate(caller, template)


def test_sensor_by_the_name_of_the_timestamp_does_not_take_its_place(caller: Caller) -> None:
    made = simulate(caller, make_template(caller, "timestamp", "deviceId", "tags"), devices=1)
    caller.world.clock.advance(60)
    (found,) = readings(caller, made["deviceIds"][0])
    assert found["timestamp"] == "2026-11-21T05:01:00.000Z"
    (listed_one,) = caller.page(solution(STUDIO, "observations")).json()["observations"]
    assert listed_one["deviceId"] == made["deviceIds"][0]


PLAUSIBLE = {"temperature": (-40, 60), "humidity": (0, 100), "barometer": (950, 1_060), "light": (0, 1_000)}


@given(
    seed=st.integers(-(1 << 63) + 1, (1 << 63) - 1),
    device=st.integers(0, 999),
    second=st.integers(0, 4_000_000_000),
    name=st.sampled_from(sorted(PLAUSIBLE)),
)
def test_values_are_plausible_and_the_same_each_time(seed: int, device: int, second: int, name: str) -> None:
    said = values(seed, device, [name, "anything"], second)
    low, high = PLAUSIBLE[name]
    assert low <= said[name] <= high
    assert 0 <= said["anything"] <= 100
    assert values(seed, device, [name], second) == {name: said[name]}


@given(second=st.integers(0, 4_000_000_000))
def test_values_do_not_leap_from_one_minute_to_the_next(second: int) -> None:
    before, after = (values(7, 0, ["temperature", "x"], moment) for moment in (second, second + 60))
    assert abs(before["temperature"] - after["temperature"]) < 1
    assert abs(before["x"] - after["x"]) < 2
