"""The way to a device: slow, lossy, repeating, reordering, and devices that sleep; all by the seed."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import cbor2
import pytest
from tests.mocks.itron.coap_support import ECHO, TEMP, Desk, proxied

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.options import Option
from vendorlab.mocks.core.settings import SettingsError
from vendorlab.mocks.itron.mesh.conditions import Chance, Conditions
from vendorlab.mocks.itron.mesh.mesh import Unknown

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeDesk

    from vendorlab.mocks.core.coap.message import Message


def asked(desk: Desk, path: str = f"{TEMP}?sens", **how: object) -> list[Message]:
    """Ask without looking for an answer: what came in 300 s."""
    found = desk.request(Code.GET, proxied(desk.uri(path)), **how)  # type: ignore[arg-type]
    return found + desk.advance(300)


def test_calm_weather_costs_neither_time_nor_timers(desk: Desk) -> None:
    waiting = desk.world.clock.timers
    for _ in range(20):
        assert desk.get().code == Code.CONTENT
    assert desk.world.clock.timers == waiting


def test_field_weather_takes_the_vendors_two_seconds(desk_of: MakeDesk) -> None:
    desk = desk_of(mesh_weather="field", mesh_devices=200, mesh_loss_in=0, mesh_loss_out=0)
    desk.open()
    times: list[float] = []
    for number in range(0, 200, 2):
        began = desk.world.clock.micros()
        desk.request(Code.GET, proxied(desk.uri(number=number)), type_=Type.NON)
        while not desk.take():
            due = desk.world.clock.next_due()
            assert due is not None
            desk.world.clock.advance((due - desk.world.clock.micros()) / 1e6)
        times.append((desk.world.clock.micros() - began) / 1e6)
    assert 1.5 < statistics.median(times) < 3
    assert max(times) < 300


def test_same_seed_has_the_same_weather(desk_of: MakeDesk) -> None:
    def told(seed: int) -> list[tuple[int, int]]:
        desk = desk_of(seed=seed, mesh_weather="field", mesh_loss_in=0.4)
        desk.open()
        for _ in range(10):
            asked(desk)
        return [(entry.at, entry.status) for entry in desk.world.journal.find()]

    assert told(1) == told(1)
    assert told(1) != told(2)


@pytest.mark.parametrize("which", ["loss_in", "loss_out"])
def test_what_is_lost_is_repeated_and_executed_once(desk: Desk, which: str) -> None:
    desk.mesh.set_conditions(desk.mac(), **{which: 0.5})
    good = 0
    for _ in range(20):
        answers = [message for message in asked(desk, f"{ECHO}?sens") if message.code == Code.CONTENT]
        good += len(answers)
        assert len(answers) <= 1
    node = desk.mesh.node(desk.mac())
    assert good >= 15
    assert good <= node.count - 1 <= 20


def test_request_that_is_not_confirmable_is_not_repeated(desk: Desk) -> None:
    desk.mesh.set_conditions(desk.mac(), loss_in=1)
    assert [message.code for message in asked(desk, type_=Type.NON)] == [Code.GATEWAY_TIMEOUT]


def test_all_lost_is_5_04(desk: Desk) -> None:
    desk.mesh.set_conditions(loss_out=1)
    assert [message.code for message in asked(desk, f"{ECHO}?sens")] == [Code.GATEWAY_TIMEOUT]
    assert desk.mesh.node(desk.mac()).count == 2, "it was executed, and once"


def test_what_comes_twice_is_executed_once(desk: Desk) -> None:
    desk.mesh.set_conditions(duplicate=1, latency=1)
    answers = asked(desk, f"{ECHO}?sens")
    assert [message.code for message in answers] == [Code.CONTENT]
    assert desk.mesh.node(desk.mac()).count == 2


def test_reordered_notifications_are_overtaken(desk: Desk) -> None:
    desk.observe()
    desk.mesh.set_conditions(desk.mac(), reorder=0.5)
    numbers = [message.options.uint(Option.OBSERVE) or 0 for message in desk.advance(3_600)]
    assert numbers != sorted(numbers)
    assert sorted(numbers)[:50] == list(range(4, 54))


def test_lost_notifications_are_gone(desk: Desk) -> None:
    desk.observe()
    desk.mesh.set_conditions(desk.mac(), loss_out=0.5)
    numbers = [message.options.uint(Option.OBSERVE) or 0 for message in desk.advance(3_600)]
    assert 15 < len(numbers) < 45
    assert numbers == sorted(numbers)


def test_sleeping_device_wakes_up_in_time_for_a_repetition(desk: Desk) -> None:
    desk.mesh.sleep(desk.mac(), 20)
    answers = asked(desk)
    assert [message.code for message in answers] == [Code.CONTENT]
    stamp = int(cbor2.loads(answers[0].payload)[1].split(",")[0])
    assert stamp >= desk.world.clock.micros() // 1_000_000 - 280


def test_device_that_has_woken_up_answers_at_once(desk: Desk) -> None:
    desk.mesh.sleep(desk.mac(), 20)
    desk.world.clock.advance(20)
    assert desk.get().code == Code.CONTENT


def test_device_sleeps_by_a_schedule(desk_of: MakeDesk) -> None:
    desk = desk_of(mesh_sleep_every=3_600, mesh_sleep_for=1_800)
    desk.open()
    into = desk.world.clock.micros() // 1_000_000 % 3_600
    desk.world.clock.advance(3_600 - into)
    assert [message.code for message in asked(desk)] == [Code.GATEWAY_TIMEOUT]
    desk.world.clock.advance(1_800)
    assert desk.get().code == Code.CONTENT


def test_device_does_not_notify_in_its_sleep(desk: Desk) -> None:
    desk.observe()
    desk.mesh.sleep(desk.mac(), 150)
    assert len(desk.advance(300)) == 3


@pytest.mark.parametrize("event", ["reboot", "change_address"])
def test_request_on_its_way_does_not_find_a_device_that_moved(desk: Desk, event: str) -> None:
    desk.mesh.set_conditions(desk.mac(), latency=10)
    desk.request(Code.GET, proxied(desk.uri()), type_=Type.NON)
    getattr(desk.mesh, event)(desk.mac())
    assert [message.code for message in desk.advance(300)] == [Code.GATEWAY_TIMEOUT]


def test_conditions_of_one_device_are_its_own(desk: Desk) -> None:
    desk.mesh.set_conditions(desk.mac(0), loss_in=1)
    assert desk.get(number=2).code == Code.CONTENT
    assert desk.mesh.set_conditions(desk.mac(0), loss_in=0).calm
    assert desk.get().code == Code.CONTENT


def test_conditions_that_cannot_be_are_refused(desk: Desk) -> None:
    for wrong in ({"loss_in": 2}, {"latency": -1}, {"rain": 1}):
        with pytest.raises(ValueError, match="condition"):
            desk.mesh.set_conditions(desk.mac(), **wrong)
    with pytest.raises(Unknown):
        desk.mesh.set_conditions("0013500500000000", latency=1)


def test_settings_that_cannot_be_are_refused(desk_of: MakeDesk) -> None:
    with pytest.raises(SettingsError, match=r"mesh_.*loss_in"):
        desk_of(mesh_loss_in=2)


def test_chance_is_even_and_times_stay_below_their_bound() -> None:
    chance = Chance(7, "00")
    drawn = [chance.uniform() for _ in range(4_000)]
    assert 0.48 < statistics.mean(drawn) < 0.52
    ways = [chance.way(Conditions(latency=200)) for _ in range(2_000)]
    assert 85 < statistics.median(ways) < 115
    assert max(ways) == 300


def test_hundred_thousand_devices_cost_nothing_until_one_is_touched(desk_of: MakeDesk) -> None:
    desk = desk_of(mesh_devices=100_000)
    desk.open()
    assert desk.get(number=0).code == Code.CONTENT
    assert len(desk.mesh.nodes) == 1
