"""Observing: how the firmware registers and deregisters, and what it forgets to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.message import Option
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.gateway import (
    CONTENT,
    FORMS,
    GET,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    REGISTER,
    UNAUTHORIZED,
    VALID,
    Form,
    Gateway,
    Observation,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.itron.coap.boards import Board

pytestmark = pytest.mark.vendorlab("itron-coap")

WRAP, LEAST = 0xFFFFFF, 2
"""The last number of a notification, and the one that follows it."""


def following(number: int) -> int:
    """Return the number that a board gives after another."""
    return LEAST if number >= WRAP else number + 1


def registered(gateway: Gateway, board: Board, form: Form = "Proxy-Uri") -> Observation:
    """Observe a sensor, and expect that it is."""
    __tracebackhide__ = True
    found = Observation(gateway, gateway.to(board.mac, board.sens, form))
    forms.code(found.answer, VALID)
    found.answer.check(forms.observe(found.answer.message) is not None, "Observe")
    return found


@pytest.mark.claim("itron-coap.observe.registered", "itron-coap.observe.passed-on")
@pytest.mark.parametrize("form", FORMS)
def test_registration_is_answered_valid_and_empty(gateway: Gateway, thermometer: Board, form: Form) -> None:
    """2.03 with Observe and nothing else: no value, and no ETag that it might be valid for."""
    found = registered(gateway, thermometer, form)
    forms.bare(found.answer, VALID)
    numbers = [number for number, _ in found.answer.message.options]
    found.answer.check(numbers == [Option.OBSERVE], "Observe and no other option")
    found.cancel()


@pytest.mark.claim("itron-coap.observe.three-bytes")
def test_number_has_three_bytes(gateway: Gateway, thermometer: Board) -> None:
    """Zeros in front are written."""
    found = registered(gateway, thermometer)
    found.answer.check(len(found.answer.message.value(Option.OBSERVE) or b"") == 3, "three bytes of Observe")
    found.cancel()


@pytest.mark.claim("itron-coap.observe.deregistered")
@pytest.mark.parametrize("form", FORMS)
def test_deregistration_is_answered_with_nothing(gateway: Gateway, thermometer: Board, form: Form) -> None:
    """2.05 without payload, Content-Format or Observe."""
    answer = registered(gateway, thermometer, form).cancel()
    forms.bare(answer, CONTENT)
    answer.check(not answer.message.options, "no option")


@pytest.mark.claim("itron-coap.observe.other-value")
@pytest.mark.parametrize("value", [b"\x02", b"\xff", b"\x01\x00\x00"])
def test_other_value_is_not_acceptable(gateway: Gateway, thermometer: Board, value: bytes) -> None:
    """There is 0 to begin and 1 to end."""
    forms.refused(gateway.get(thermometer.mac, thermometer.sens, (Option.OBSERVE, value)), NOT_ACCEPTABLE)


@pytest.mark.claim("itron-coap.observe.cfg")
def test_registration_of_the_configuration_reads_it(gateway: Gateway, thermometer: Board) -> None:
    """And says that it is observed, which it is not."""
    found = Observation(gateway, gateway.to(thermometer.mac, thermometer.cfg))
    forms.unit(found.answer)
    found.answer.check(forms.observe(found.answer.message) is not None, "Observe")
    found.cancel()


@pytest.mark.claim("itron-coap.observe.one-count")
def test_numbers_of_a_board_are_one_count(gateway: Gateway, thermometer: Board, parrot: Board) -> None:
    """Whichever of its sensors is observed; nobody else may observe this board meanwhile."""
    if parrot.mac != thermometer.mac:
        pytest.skip("no board has both a temperature and an echo sensor")
    numbers: list[int] = []
    for board in (thermometer, parrot, thermometer):
        found = registered(gateway, board)
        numbers.append(forms.observe(found.answer.message) or 0)
        found.cancel()
    assert numbers[1:] == [following(each) for each in numbers[:-1]], f"the numbers were {numbers}"


@pytest.mark.claim("itron-coap.observe.unknown")
def test_unknown_sensor_cannot_be_observed(gateway: Gateway, thermometer: Board) -> None:
    """The refusal says nothing of observing."""
    answer = gateway.get(thermometer.mac, "/snsr/arduino/nobody?sens", REGISTER)
    forms.refused(answer, NOT_FOUND)
    answer.check(answer.message.value(Option.OBSERVE) is None, "no Observe")


@pytest.mark.claim("itron-coap.observe.session")
def test_nothing_is_observed_without_a_session(stranger: Gateway, thermometer: Board) -> None:
    """It is a request like any other."""
    answer = stranger.ask(GET, *stranger.to(thermometer.mac, thermometer.sens), REGISTER)
    forms.refused(answer, UNAUTHORIZED)


@pytest.mark.claim("itron-coap.observe.never-registered")
def test_deregistration_of_nothing_is_answered_alike(gateway: Gateway, thermometer: Board) -> None:
    """The firmware does not tell whether there was anything to end."""
    forms.bare(gateway.get(thermometer.mac, thermometer.sens, (Option.OBSERVE, b"\x01")), CONTENT)


@pytest.mark.claim("itron-coap.observe.replaced-quietly")
def test_second_registration_is_answered_like_the_first(
    gateway: Gateway, dial: Callable[[], Gateway], token: str, thermometer: Board
) -> None:
    """The other client is told nothing."""
    registered(gateway, thermometer)
    other = registered(dial().opening(token), thermometer)
    gateway.line.expect_silence("the first observer")
    other.cancel()
