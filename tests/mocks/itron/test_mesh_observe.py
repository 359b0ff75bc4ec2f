"""Observations of devices, as the firmware keeps them: S12 to S18, the vectors of 2.3, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cbor2
import pytest
from tests.mocks.itron.coap_support import ECHO, HERE, METHANE, TEMP, THERE, TILT, Desk, proxied

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import Option
from vendorlab.mocks.itron.mesh.mesh import Unknown

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeDesk

    from vendorlab.mocks.itron.models import Reading


def numbers(messages: list[Message]) -> list[int | None]:
    return [message.options.uint(Option.OBSERVE) for message in messages]


def test_s12_registration_is_2_03_without_a_value_to_the_byte(desk: Desk) -> None:
    uri = desk.uri()
    desk.tell(Message(Type.CON, Code.GET, 0x103, b"123456", proxied(uri, (Option.OBSERVE, 0))))
    assert desk.raw == []
    (answer,) = desk.tell(Message(Type.CON, Code.GET, 0x103, b"123456", proxied(uri, (Option.OBSERVE, 0))))
    assert answer.encode().hex() == "6643010331323334353663000003"


def test_s13_deregistration_is_2_05_with_nothing_to_the_byte(desk: Desk) -> None:
    desk.observe(token=b"123456")
    (answer,) = desk.tell(Message(Type.CON, Code.GET, 0x104, b"123456", proxied(desk.uri(), (Option.OBSERVE, 1))))
    assert answer.encode().hex() == "66450104313233343536"
    assert desk.advance(600) == []


def test_s16_notification_is_as_the_vector_has_it(desk: Desk) -> None:
    desk.observe(token=b"123456")
    desk.world.clock.advance(60)
    (raw,) = desk.raw
    wrapped = desk.sent[0][0].payload
    mid = raw[2:4]
    assert raw == bytes.fromhex("5645") + mid + bytes.fromhex("313233343536" + "63000004613c240000005aff") + wrapped
    assert wrapped.startswith(bytes.fromhex("a2006474656d70"))


def test_s17_one_counter_goes_through_all_sensors(desk: Desk) -> None:
    assert numbers([desk.observe(token=b"a"), desk.observe(f"{ECHO}?sens", token=b"b")]) == [3, 4]
    assert numbers(desk.advance(120)) == [5, 6]
    desk.mesh.push(desk.mac(), "echo")
    assert numbers(desk.take()) == [7]


def test_s17_counter_wraps_to_two(desk: Desk) -> None:
    desk.observe()
    desk.mesh.node(desk.mac()).number = (1 << 24) - 2
    assert numbers(desk.advance(180)) == [(1 << 24) - 1, 2, 3]


def test_notifications_carry_the_readings_of_their_seconds(desk: Desk) -> None:
    desk.observe()
    start = desk.world.clock.micros() // 1_000_000
    stamps = [int(cbor2.loads(message.payload)[1].split(",")[0]) for message in desk.advance(300)]
    assert stamps == [start + 60 * number for number in range(1, 6)]


def test_s14_other_values_are_4_06(desk: Desk) -> None:
    assert desk.observe(value=2).code == Code.NOT_ACCEPTABLE
    assert desk.advance(600) == []


def test_s14_observing_the_configuration_takes_the_place_and_never_notifies(desk: Desk) -> None:
    desk.observe(token=b"a")
    answer = desk.observe(f"{TEMP}?cfg", token=b"b")
    assert (answer.code, answer.options.uint(Option.OBSERVE)) == (Code.CONTENT, 4)
    assert cbor2.loads(answer.payload)[1].endswith(",F")
    assert desk.advance(600) == []


def test_s15_new_observer_replaces_the_old_one_in_silence(desk: Desk) -> None:
    desk.open(THERE)
    desk.observe(token=b"a")
    desk.observe(token=b"b", source=THERE)
    desk.world.clock.advance(120)
    assert [(message.token, where) for message, where in desk.sent] == [(b"b", THERE)] * 2
    assert set(numbers(desk.take())) == {5, 6}


def test_s15_different_devices_have_observers_of_their_own(desk: Desk) -> None:
    desk.observe(token=b"a")
    desk.observe(token=b"b", number=2)
    assert {message.token for message in desk.advance(60)} == {b"a", b"b"}


def test_s18_echo_is_pushed_only(desk: Desk) -> None:
    desk.observe(f"{ECHO}?sens")
    assert desk.advance(3_600) == []
    assert desk.mesh.push(desk.mac(), "echo")
    (news,) = desk.take()
    assert cbor2.loads(news.payload) == {0: "echo", 1: "Hello World: 1"}


def test_s18_push_without_an_observer_says_so(desk: Desk) -> None:
    assert not desk.mesh.push(desk.mac(), "temp")
    assert desk.take() == []


def test_pushed_reading_is_handed_to_all_who_listen_to_the_estate(desk: Desk) -> None:
    heard: list[Reading] = []
    desk.vendor.backend.estate.listen(heard.append)
    desk.mesh.push(desk.mac(), "temp")
    assert [(one.device.mac, one.sensor.key) for one in heard] == [(desk.mac(), "temp")]


@pytest.mark.parametrize(("mac", "sensor"), [("0013500500000000", "temp"), (None, "ncmth1"), ("junk", "temp")])
def test_push_of_what_is_not_there_is_an_error(desk: Desk, mac: str | None, sensor: str) -> None:
    with pytest.raises(Unknown):
        desk.mesh.push(mac or desk.mac(), sensor)


@pytest.mark.parametrize(("number", "path"), [(1, METHANE), (3, TILT)])
def test_other_boards_notify_too(desk: Desk, number: int, path: str) -> None:
    assert desk.observe(f"{path}?sens", number=number).code == Code.VALID
    assert numbers(desk.advance(120)) == [4, 5]


def test_frequency_is_a_setting(desk_of: MakeDesk) -> None:
    desk = desk_of(mesh_frequency=180)
    desk.open()
    desk.observe()
    assert len(desk.advance(3_600)) == 20


def test_frequency_of_zero_is_push_only(desk_of: MakeDesk) -> None:
    desk = desk_of(mesh_frequency=0)
    desk.open()
    desk.observe()
    assert desk.advance(3_600) == []


def test_clean_device_answers_a_registration_with_a_value(desk_of: MakeDesk) -> None:
    desk = desk_of(mesh_quirks=False)
    desk.open()
    answer = desk.observe()
    assert (answer.code, answer.options.get(Option.OBSERVE)) == (Code.CONTENT, b"\x03")
    assert answer.payload
    (news,) = desk.advance(60)
    assert (news.options.get(Option.OBSERVE), news.options.get(Option.MAX_AGE)) == (b"\x04", b"\x5a")
    given_up = desk.observe(value=1)
    assert (given_up.code, bool(given_up.payload), Option.OBSERVE in given_up.options) == (Code.CONTENT, True, False)
    assert desk.advance(600) == []


def test_clean_device_confirms_once_a_day(desk_of: MakeDesk) -> None:
    desk = desk_of(mesh_quirks=False, mesh_frequency=3_600)
    desk.open()
    desk.observe()
    types: list[Type] = []
    for _ in range(26):
        desk.time += 3_600
        desk.get(token=b"lives on")
        for message in desk.advance(3_600):
            types.append(message.type)
            if message.type is Type.CON:
                desk.tell(Message(Type.ACK, Code.EMPTY, message.mid))
    assert types.count(Type.CON) == 1


def test_reject_of_a_notification_cancels(desk: Desk) -> None:
    desk.observe()
    (news,) = desk.advance(60)
    assert desk.tell(Message(Type.RST, Code.EMPTY, news.mid)) == []
    assert desk.advance(600) == []
    assert not desk.mesh.node(desk.mac()).observers


def test_renewed_registration_goes_on(desk: Desk) -> None:
    desk.observe()
    desk.advance(30)
    assert desk.observe().options.uint(Option.OBSERVE) == 4
    assert len(desk.endpoint.observations) == 1
    assert numbers(desk.advance(120)) == [5, 6]


def test_somebody_else_cannot_give_up_an_observation(desk: Desk) -> None:
    desk.open(THERE)
    desk.observe()
    desk.observe(value=1, source=THERE)
    assert len(desk.advance(60)) == 1


def test_reboot_loses_observer_counter_and_configuration(desk: Desk) -> None:
    desk.put(f"{TEMP}?cfg=C")
    desk.put(f"{ECHO}?cfg=hi")
    desk.observe()
    desk.advance(120)
    desk.mesh.reboot(desk.mac())
    assert desk.advance(600) == []
    assert desk.observe().options.uint(Option.OBSERVE) == 3
    assert cbor2.loads(desk.get().payload)[1].endswith(",F")
    assert cbor2.loads(desk.get(f"{ECHO}?sens").payload)[1] == "Hello World: 1"


def test_change_of_address_loses_the_observer_and_nothing_else(desk: Desk) -> None:
    desk.put(f"{TEMP}?cfg=C")
    desk.observe()
    desk.mesh.change_address(desk.mac())
    assert desk.advance(600) == []
    assert cbor2.loads(desk.get().payload)[1].endswith(",C")
    assert desk.observe().options.uint(Option.OBSERVE) == 4


def test_notification_is_remembered_in_the_journal(desk: Desk) -> None:
    desk.observe()
    desk.advance(60)
    assert (desk.last.operation, desk.last.status, desk.last.detail["number"]) == ("notify", 205, 4)
    assert desk.last.principal == desk.tenants[0].id
    assert [entry.operation for entry in desk.world.journal.find(operation="observe")] == ["observe"]


def test_client_may_observe_a_hundred_devices(desk_of: MakeDesk) -> None:
    desk = desk_of(mesh_devices=100)
    desk.open()
    paths = (TEMP, METHANE, TEMP, TILT)
    for number in range(100):
        answer = desk.observe(f"{paths[number % 4]}?sens", number=number, token=bytes([number]))
        assert answer.code == Code.VALID
    desk.world.clock.advance(60)
    assert {where for _, where in desk.sent} == {HERE}
    assert {message.token for message in desk.take()} == {bytes([number]) for number in range(100)}
