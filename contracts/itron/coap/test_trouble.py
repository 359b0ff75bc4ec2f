"""Devices that do not answer, or not soon.

A real mesh cannot be told to be slow. But every board falls silent in one place: a classifier without a sensor is
acknowledged, and that is all that ever comes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.line import PORT, QUIET, told
from vendorlab.contracts.core.coap.message import Message, Option, Type
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.gateway import BAD_GATEWAY, FORMS, GET, TEXT, TIMED_OUT, Form

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.itron.coap.boards import Board
    from vendorlab.contracts.itron.coap.gateway import Gateway

pytestmark = [pytest.mark.vendorlab("itron-coap"), pytest.mark.needs("clock")]

GIVEN_UP = 310
"""Seconds that the vendor's client waits: by then the Gateway has given up."""
_AT_ONCE = 1.9
"""Seconds in which an acknowledgement comes: sooner than the client would ask again."""
_ARRIVAL = 5.0
_SILENT = "/snsr/arduino?sens"


def _acknowledged(gateway: Gateway, request: Message) -> None:
    """Send a request and expect that it is acknowledged, with no answer as yet."""
    __tracebackhide__ = True
    gateway.line.send(request.encode())
    asked = time.monotonic()
    message = gateway.line.receive(_AT_ONCE)
    assert message == Message(Type.ACK, "0.00", request.mid), (
        f"{told(request)} to a silent device was answered {message and told(message)} after "
        f"{time.monotonic() - asked:.1f} seconds; expected an empty acknowledgement"
    )


@pytest.mark.claim("itron-coap.trouble.acknowledged", "itron-coap.board.silent")
def test_request_to_a_silent_device_is_acknowledged_at_once(gateway: Gateway, thermometer: Board, clock: Clock) -> None:
    """Sooner than the client would send it again; sent again, it is acknowledged again and not carried out."""
    with clock.frozen():
        request = gateway.line.request(GET, *gateway.to(thermometer.mac, _SILENT))
        _acknowledged(gateway, request)
        _acknowledged(gateway, request)
        gateway.line.expect_silence("a silent device", QUIET)
        clock.advance(GIVEN_UP)
        message = gateway.line.receive(_ARRIVAL)
        assert message is not None, "a silent device is never given up"
        gateway.line.acknowledge(message)


@pytest.mark.claim("itron-coap.trouble.timeout", "itron-coap.trouble.separate")
@pytest.mark.parametrize("kind", [Type.CON, Type.NON])
def test_silent_device_is_a_timeout(gateway: Gateway, thermometer: Board, clock: Clock, kind: Type) -> None:
    """In a message of its own, with the request's token, before the vendor's client gives up."""
    with clock.frozen():
        request = gateway.line.request(GET, *gateway.to(thermometer.mac, _SILENT), kind=kind)
        if kind is Type.CON:
            _acknowledged(gateway, request)
        else:
            gateway.line.send(request.encode())
            gateway.line.expect_silence("a silent device", QUIET)
        clock.advance(GIVEN_UP)
        message = gateway.line.receive(_ARRIVAL)
        assert message is not None, f"{told(request)} was not answered within {GIVEN_UP} seconds of the target's clock"
        assert message.type in {Type.CON, Type.NON}, f"an answer of its own: {told(message)}"
        assert (message.code, message.token) == (TIMED_OUT, request.token), told(message)
        gateway.line.acknowledge(message)


@pytest.mark.claim("itron-coap.trouble.again")
def test_answer_that_asks_for_acknowledgement_comes_again_until_it_has_one(
    gateway: Gateway, thermometer: Board, clock: Clock
) -> None:
    """After two or three seconds, the same; and then no more."""
    with clock.frozen():
        _acknowledged(gateway, gateway.line.request(GET, *gateway.to(thermometer.mac, _SILENT)))
        clock.advance(GIVEN_UP)
        first = gateway.line.receive(_ARRIVAL)
        assert first is not None, "a silent device is never given up"
        if first.type is not Type.CON:
            pytest.skip("the answer asks for no acknowledgement")
        again = gateway.line.receive(_ARRIVAL)
        assert again == first, f"first {told(first)}, and then {again and told(again)}"
        gateway.line.acknowledge(first)
        gateway.line.expect_silence("after the acknowledgement", _ARRIVAL)


@pytest.mark.claim("itron-coap.trouble.other-port")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("port", [None, PORT, 1])
def test_port_where_no_device_listens_leads_nowhere(
    gateway: Gateway, mac: str, clock: Clock, port: int | None, form: Form
) -> None:
    """Without one a URI means 5683, which is not theirs."""
    options = gateway.taken_apart(gateway.host(mac), "/snsr", port=port)
    if form == "Proxy-Uri":
        where = gateway.host(mac) if port is None else f"{gateway.host(mac)}:{port}"
        options = ((Option.PROXY_URI.value, f"coap://{where}/snsr".encode()),)
    with clock.frozen():
        request = gateway.line.request(GET, *options)
        gateway.line.send(request.encode())
        message = gateway.line.receive(_AT_ONCE)
        if message == Message(Type.ACK, "0.00", request.mid):
            clock.advance(GIVEN_UP)
            message = gateway.line.receive(_ARRIVAL)
        assert message is not None, f"{told(request)} was not answered"
        gateway.line.acknowledge(message)
        assert message.code in {BAD_GATEWAY, TIMED_OUT}, told(message)


@pytest.mark.claim("itron-coap.trouble.others")
def test_silent_device_holds_up_nobody_else(gateway: Gateway, thermometer: Board, mac: str, clock: Clock) -> None:
    """Other requests on the same socket are answered meanwhile."""
    with clock.frozen():
        request = gateway.line.request(GET, *gateway.to(thermometer.mac, _SILENT))
        _acknowledged(gateway, request)
        for _ in range(3):
            forms.content(gateway.get(mac, "/snsr"), TEXT)
        clock.advance(GIVEN_UP)
        message = gateway.line.receive(_ARRIVAL)
        assert message is not None, "a silent device is never given up"
        gateway.line.acknowledge(message)
        assert message.token == request.token, told(message)
