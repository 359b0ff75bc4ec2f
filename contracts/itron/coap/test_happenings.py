"""What happens to devices by itself, and to their observers: the control API lets it happen where it can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.line import told
from vendorlab.contracts.core.coap.message import Message, Type
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.boards import ECHO
from vendorlab.contracts.itron.coap.gateway import CHANGED, CONTENT, GET, TEXT
from vendorlab.contracts.itron.coap.test_live import ARRIVAL, PERIOD, check_notification
from vendorlab.contracts.itron.coap.test_observe import registered

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.itron.coap.boards import Board
    from vendorlab.contracts.itron.coap.gateway import Gateway

    Happen = Callable[..., None]

pytestmark = [pytest.mark.vendorlab("itron-coap"), pytest.mark.needs("clock")]

VENDOR = "itron"
_FIRST = 3
_AT_ONCE = 1.9
_SLOW, _SLOWEST = 20, 299
"""The median of a slow device's seconds, and the longest before the Gateway may give it up."""


@pytest.fixture
def happen(clock: Clock) -> Happen:
    """Let something happen to a device; skips the test where that cannot be."""

    def one(kind: str, board: Board, **fields: object) -> None:
        if kind not in clock.kinds(VENDOR):
            pytest.skip(f"the control API lets no {kind!r} happen to Itron's devices")
        clock.happen(VENDOR, kind, device=board.mac, **fields)

    return one


@pytest.mark.claim("itron-coap.observe.first")
def test_board_that_started_anew_counts_from_three(gateway: Gateway, thermometer: Board, happen: Happen) -> None:
    """The registration is the first to be counted."""
    happen("reboot", thermometer)
    found = registered(gateway, thermometer)
    found.answer.check(forms.observe(found.answer.message) == _FIRST, "Observe 3")
    found.cancel()


@pytest.mark.claim("itron-coap.observe.restarted")
def test_observer_of_a_board_that_starts_anew_is_told_nothing(
    gateway: Gateway, thermometer: Board, clock: Clock, happen: Happen
) -> None:
    """Neither then nor later; it may register again."""
    with clock.frozen():
        registered(gateway, thermometer)
        happen("reboot", thermometer)
        clock.advance(3 * PERIOD)
        gateway.line.expect_silence("after the start")
        again = registered(gateway, thermometer)
        clock.advance(PERIOD + 1)
        check_notification(again.expect(ARRIVAL))
        again.cancel()


@pytest.mark.claim("itron-coap.write.forgotten")
@pytest.mark.needs("write")
def test_board_that_started_anew_has_forgotten_its_string(gateway: Gateway, parrot: Board, happen: Happen) -> None:
    """And counts from 1."""
    happen("reboot", parrot)
    default, _ = forms.echo(gateway.get(parrot.mac, parrot.sens))
    forms.bare(gateway.put(parrot.mac, f"{ECHO}?cfg=vendorlab"), CHANGED)
    happen("reboot", parrot)
    assert forms.echo(gateway.get(parrot.mac, parrot.sens)) == (default, 1)


@pytest.mark.claim("itron-coap.observe.moved")
def test_observer_of_a_device_that_moved_is_told_nothing(
    gateway: Gateway, thermometer: Board, clock: Clock, happen: Happen
) -> None:
    """A request finds it all the same, and so does a new registration."""
    with clock.frozen():
        registered(gateway, thermometer)
        happen("address-change", thermometer)
        clock.advance(3 * PERIOD)
        gateway.line.expect_silence("after the move")
        forms.content(gateway.get(thermometer.mac, "/snsr"), TEXT)
        again = registered(gateway, thermometer)
        clock.advance(PERIOD + 1)
        check_notification(again.expect(ARRIVAL))
        again.cancel()


@pytest.mark.claim("itron-coap.observe.push")
def test_sensor_that_has_something_to_say_notifies(
    gateway: Gateway, parrot: Board, clock: Clock, happen: Happen
) -> None:
    """Its observer and nobody else, though it has no period."""
    with clock.frozen():
        found = registered(gateway, parrot)
        happen("push", parrot, sensor="echo")
        message = found.expect(ARRIVAL)
        check_notification(message)
        assert (forms.unwrapped(message.payload) or ("nothing",))[0] == "echo", told(message)
        found.cancel()
        happen("push", parrot, sensor="echo")
        gateway.line.expect_silence("after deregistering")


@pytest.mark.claim("itron-coap.trouble.slow", "itron-coap.trouble.acknowledged", "itron-coap.trouble.separate")
def test_slow_device_is_acknowledged_for_and_answered_later(
    gateway: Gateway, parrot: Board, clock: Clock, happen: Happen
) -> None:
    """With the request's token, in a message of its own, and after one reading."""
    _, before = forms.echo(gateway.get(parrot.mac, parrot.sens))
    line = gateway.line
    with clock.frozen():
        happen("weather", parrot, latency=_SLOW)
        try:
            request = line.request(GET, *gateway.to(parrot.mac, parrot.sens))
            line.send(request.encode())
            first = line.receive(_AT_ONCE)
            assert first == Message(Type.ACK, "0.00", request.mid), (
                f"{told(request)} to a slow device was answered {first and told(first)}; expected an empty "
                "acknowledgement"
            )
            clock.advance(_SLOWEST)
            message = line.receive(ARRIVAL)
            assert message is not None, f"{told(request)} to a slow device was never answered"
            line.acknowledge(message)
        finally:
            happen("weather", parrot, latency=0)
        assert message.type in {Type.CON, Type.NON}, f"an answer of its own: {told(message)}"
        assert (message.code, message.token) == (CONTENT, request.token), told(message)
        _, after = forms.echo(gateway.get(parrot.mac, parrot.sens))
        assert after == before + 2, f"one request was carried out {after - before - 1} times"
