"""Sessions and observations as time goes by: the target's clock is turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.line import told
from vendorlab.contracts.core.coap.message import Option, Type
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.gateway import CBOR, CONTENT, TEXT, UNAUTHORIZED, Gateway, Observation
from vendorlab.contracts.itron.coap.test_observe import following, registered
from vendorlab.contracts.itron.tokens import LIFETIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.core.coap.message import Message
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.itron.coap.boards import Board
    from vendorlab.contracts.itron.tokens import Tokens

pytestmark = [pytest.mark.vendorlab("itron-coap"), pytest.mark.needs("clock")]

IDLE = 4 * 3_600
"""Seconds after which a session that nobody uses has ended."""
PERIOD = 180
"""Seconds after which every periodic sensor of the vendor's samples has reported."""
ARRIVAL = 5.0
"""Seconds of real time in which what is due arrives."""


def check_notification(message: Message) -> None:
    """Expect a notification as the firmware sends it."""
    __tracebackhide__ = True
    assert message.type is Type.NON, f"a notification asks for no acknowledgement: {told(message)}"
    assert message.code == CONTENT, told(message)
    assert len(message.value(Option.OBSERVE) or b"") == 3, f"Observe has three bytes: {told(message)}"
    assert message.uint(Option.CONTENT_FORMAT) == CBOR, f"Content-Format 60: {told(message)}"
    assert forms.unwrapped(message.payload) is not None, f"the sensor's map in CBOR: {told(message)}"


# --- sessions --------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-coap.live.idle")
def test_session_that_nobody_uses_ends_after_four_hours(gateway: Gateway, mac: str, clock: Clock) -> None:
    """It is there before, and not after."""
    with clock.frozen():
        forms.content(gateway.get(mac, "/snsr"), TEXT)
        clock.advance(IDLE - 60)
        forms.content(gateway.get(mac, "/snsr"), TEXT)
        clock.advance(IDLE + 60)
        forms.refused(gateway.get(mac, "/snsr"), UNAUTHORIZED)
        gateway.opened = False


@pytest.mark.claim("itron-coap.live.used")
def test_session_that_is_used_goes_on(gateway: Gateway, mac: str, clock: Clock) -> None:
    """Far beyond four hours from its beginning."""
    with clock.frozen():
        for _ in range(5):
            clock.advance(IDLE / 2)
            forms.content(gateway.get(mac, "/snsr"), TEXT)


@pytest.mark.claim("itron-coap.live.outlives-token")
def test_session_outlives_the_token_that_opened_it(stranger: Gateway, tokens: Tokens, mac: str, clock: Clock) -> None:
    """An hour for the one, four for the other."""
    with clock.frozen():
        stranger.opening(tokens.fresh())
        clock.advance(LIFETIME + 60)
        forms.content(stranger.get(mac, "/snsr"), TEXT)


@pytest.mark.claim("itron-coap.live.expired-token")
def test_expired_token_opens_nothing(stranger: Gateway, tokens: Tokens, clock: Clock) -> None:
    """Good a second before its hour is over, and no longer good a second after."""
    with clock.frozen():
        token = tokens.fresh()
        clock.advance(LIFETIME - 1)
        stranger.opening(token)
        stranger.end()
        clock.advance(2)
        forms.refused(stranger.open(token), UNAUTHORIZED)


@pytest.mark.claim("itron-coap.live.room")
@pytest.mark.needs("exhaust")
def test_ended_sessions_make_room(dial: Callable[[], Gateway], tokens: Tokens, clock: Clock) -> None:
    """Of ten that were left alone none counts any more after four hours."""
    with clock.frozen():
        token = tokens.fresh()
        left = [dial().opening(token) for _ in range(10)]
        late = dial()
        forms.code(late.open(token), "5.03")
        clock.advance(IDLE + 60)
        for each in left:
            each.opened = False
        late.opening(tokens.fresh())


# --- observations ----------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-coap.observe.notification", "itron-coap.observe.periodic", "itron-coap.payload.wrapper")
@pytest.mark.parametrize("path", ["thermometer", "sniffer", "pole"])
def test_periodic_sensor_notifies(gateway: Gateway, request: pytest.FixtureRequest, clock: Clock, path: str) -> None:
    """In a message that asks for no acknowledgement, with the value in its wrapper."""
    board: Board = request.getfixturevalue(path)
    with clock.frozen():
        found = registered(gateway, board)
        clock.advance(PERIOD + 1)
        check_notification(found.expect(ARRIVAL))
        found.cancel()


@pytest.mark.claim("itron-coap.observe.max-age")
def test_notification_is_fresh_for_ninety_seconds(gateway: Gateway, thermometer: Board, clock: Clock) -> None:
    """Four bytes say so."""
    with clock.frozen():
        found = registered(gateway, thermometer)
        clock.advance(PERIOD + 1)
        value = found.expect(ARRIVAL).value(Option.MAX_AGE)
        assert value == (90).to_bytes(4), f"Max-Age is 0000005a, not {value and value.hex()}"
        found.cancel()


@pytest.mark.claim("itron-coap.observe.count")
def test_numbers_rise_one_by_one(gateway: Gateway, thermometer: Board, clock: Clock) -> None:
    """From that of the registration's answer on, as long as nothing is lost."""
    with clock.frozen():
        found = registered(gateway, thermometer)
        numbers = [forms.observe(found.answer.message) or 0]
        for _ in range(3):
            clock.advance(PERIOD + 1)
            numbers.append(forms.observe(found.expect(ARRIVAL)) or 0)
            while (more := found.next(0.2)) is not None:
                numbers.append(forms.observe(more) or 0)
        found.cancel()
    assert numbers[1:] == [following(each) for each in numbers[:-1]], f"the numbers were {numbers}"


@pytest.mark.claim("itron-coap.observe.ended")
def test_deregistered_observer_hears_nothing_more(gateway: Gateway, thermometer: Board, clock: Clock) -> None:
    """However long it waits."""
    with clock.frozen():
        found = registered(gateway, thermometer)
        clock.advance(PERIOD + 1)
        found.expect(ARRIVAL)
        while found.next(0.2) is not None:
            pass
        found.cancel()
        clock.advance(3 * PERIOD)
        gateway.line.expect_silence("after deregistering")


@pytest.mark.claim("itron-coap.observe.replaced")
def test_new_observer_takes_the_place_of_the_old(
    gateway: Gateway, dial: Callable[[], Gateway], tokens: Tokens, thermometer: Board, clock: Clock
) -> None:
    """A sensor has one, the last; the one before hears nothing more."""
    with clock.frozen():
        registered(gateway, thermometer)
        second = registered(dial().opening(tokens.fresh()), thermometer)
        clock.advance(PERIOD + 1)
        check_notification(second.expect(ARRIVAL))
        gateway.line.expect_silence("the first observer")
        second.cancel()


@pytest.mark.claim("itron-coap.observe.cfg-takes-over")
def test_observed_configuration_takes_the_place_and_never_notifies(
    gateway: Gateway, thermometer: Board, clock: Clock
) -> None:
    """The sensor's observer has lost it."""
    with clock.frozen():
        registered(gateway, thermometer)
        taken = Observation(gateway, gateway.to(thermometer.mac, thermometer.cfg))
        forms.unit(taken.answer)
        clock.advance(3 * PERIOD)
        gateway.line.expect_silence("after observing the configuration")


@pytest.mark.claim("itron-coap.observe.push-only")
def test_echo_notifies_nobody_by_itself(gateway: Gateway, parrot: Board, clock: Clock) -> None:
    """It may be observed all the same."""
    with clock.frozen():
        found = registered(gateway, parrot)
        clock.advance(3 * PERIOD)
        gateway.line.expect_silence("observing echo")
        found.cancel()


@pytest.mark.claim("itron-coap.observe.reset")
def test_reset_of_a_notification_ends_the_observation(gateway: Gateway, thermometer: Board, clock: Clock) -> None:
    """As the standard has it for clients that have forgotten."""
    with clock.frozen():
        found = registered(gateway, thermometer)
        clock.advance(PERIOD + 1)
        while (message := found.next(ARRIVAL if not found.heard else 0.2)) is not None:
            gateway.line.reset(message)
        clock.advance(3 * PERIOD)
        gateway.line.expect_silence("after the reset")


@pytest.mark.claim("itron-coap.observe.session-end")
@pytest.mark.parametrize("how", ["closed", "idle"])
def test_observation_ends_with_its_session(gateway: Gateway, thermometer: Board, clock: Clock, how: str) -> None:
    """Without a word."""
    with clock.frozen():
        registered(gateway, thermometer)
        if how == "closed":
            gateway.end()
        else:
            clock.advance(IDLE + 60)
            gateway.opened = False
            while gateway.line.receive(0.5) is not None:
                pass  # what was sent while the session was there
        clock.advance(3 * PERIOD)
        gateway.line.expect_silence("after the session's end")


@pytest.mark.claim("itron-coap.observe.both-forms")
def test_observation_by_the_other_form_is_the_same(gateway: Gateway, thermometer: Board, clock: Clock) -> None:
    """Registered by Proxy-Scheme, ended by Proxy-Uri."""
    with clock.frozen():
        found = registered(gateway, thermometer, "Proxy-Scheme")
        clock.advance(PERIOD + 1)
        check_notification(found.expect(ARRIVAL))
        while found.next(0.2) is not None:
            pass
        forms.bare(Observation.ending(gateway, gateway.to(thermometer.mac, thermometer.sens), found.token), CONTENT)
        clock.advance(3 * PERIOD)
        gateway.line.expect_silence("after deregistering")
