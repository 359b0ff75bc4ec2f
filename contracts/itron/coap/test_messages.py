"""Datagrams: how messages are acknowledged, told apart and dropped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.line import ACK_TIMEOUT, QUIET, told
from vendorlab.contracts.core.coap.message import Message, Type
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.gateway import GET, NOT_ALLOWED, SESSIONS, TEXT

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.itron.coap.boards import Board
    from vendorlab.contracts.itron.coap.gateway import Gateway

pytestmark = pytest.mark.vendorlab("itron-coap")

_ATTEMPTS = 3
"""How often something is sent that the line does not send again by itself: a lost datagram is no refusal."""


def _alive(gateway: Gateway) -> None:
    """Expect that the Gateway answers as ever."""
    __tracebackhide__ = True
    forms.refused(gateway.ask("0.05", *SESSIONS), NOT_ALLOWED)


@pytest.mark.claim("itron-coap.message.token")
@pytest.mark.parametrize("length", range(9))
def test_token_of_any_length_comes_back(gateway: Gateway, mac: str, length: int) -> None:
    """None to eight bytes; zeros in front count."""
    token = gateway.line.token(length)
    if token:
        token = b"\0" + token[1:]
    answer = gateway.ask(GET, *gateway.to(mac, "/snsr"), token=token)
    assert answer.message.token == token
    forms.content(answer, TEXT)


@pytest.mark.claim("itron-coap.message.acknowledged")
def test_confirmable_request_is_acknowledged_with_its_message_id(stranger: Gateway) -> None:
    """With the answer in it, or ahead of it."""
    answer = stranger.ask(GET, *SESSIONS)
    piggybacked = answer.message.type is Type.ACK and answer.message.mid == answer.request.mid
    answer.check(piggybacked or answer.early, "an acknowledgement with the request's message ID")


@pytest.mark.claim("itron-coap.message.non")
def test_request_without_confirmation_is_answered_so(stranger: Gateway) -> None:
    """The token tells what it answers."""
    answer = stranger.ask(GET, *SESSIONS, kind=Type.NON)
    answer.check(answer.message.type is Type.NON, "a non-confirmable message")


@pytest.mark.claim("itron-coap.message.ping")
def test_empty_message_is_answered_by_a_reset(stranger: Gateway) -> None:
    """CoAP's own ping."""
    line = stranger.line
    empty = Message(Type.CON, "0.00", line.mid())
    message = None
    for _ in range(_ATTEMPTS):
        if message is None:
            line.send(empty.encode())
            message = line.receive(ACK_TIMEOUT)
    assert message == Message(Type.RST, "0.00", empty.mid), f"an empty message was answered {message}"
    _alive(stranger)


@pytest.mark.claim("itron-coap.message.duplicate")
@pytest.mark.parametrize("kind", [Type.CON, Type.NON])
def test_request_that_comes_twice_is_carried_out_once(gateway: Gateway, parrot: Board, kind: Type) -> None:
    """The sensor counts; a confirmable one is answered again, in the same words."""
    line = gateway.line
    _, before = forms.echo(gateway.get(parrot.mac, parrot.sens))
    request = line.request(GET, *gateway.to(parrot.mac, parrot.sens), kind=kind)
    first = line.ask(request)
    again = None
    for _ in range(_ATTEMPTS if kind is Type.CON else 1):  # the repeated answer may be lost, too
        line.send(request.encode())
        again = again or line.receive(ACK_TIMEOUT if kind is Type.CON else QUIET)
    if kind is Type.CON and not first.early:
        assert again == first.message, f"first {told(first.message)}, and then {again and told(again)}"
    _, after = forms.echo(gateway.get(parrot.mac, parrot.sens))
    assert after == before + 2, f"one request was carried out {after - before - 1} times"


@pytest.mark.claim("itron-coap.message.mid-of-each-socket")
def test_message_id_belongs_to_its_socket(gateway: Gateway, stranger: Gateway, mac: str) -> None:
    """Two clients may use the same one."""
    request = gateway.line.request(GET, *gateway.to(mac, "/snsr"))
    forms.content(gateway.line.ask(request), TEXT)
    forms.refused(stranger.line.ask(request), "4.01")


@pytest.mark.claim("itron-coap.message.duplicate")
@pytest.mark.needs("clock")
@pytest.mark.parametrize("direction", ["in", "out"])
def test_lost_datagram_costs_time_and_nothing_else(
    gateway: Gateway, parrot: Board, clock: Clock, direction: str
) -> None:
    """The request is lost, or its answer: sent again, it is carried out once."""
    _, before = forms.echo(gateway.get(parrot.mac, parrot.sens))
    rule = {
        "match": {"protocol": "coap", "direction": direction, "peer": gateway.line.address},
        "when": {"nth": 1},
        "action": {"kind": "drop"},
    }
    with clock.planted(rule):
        _, after = forms.echo(gateway.get(parrot.mac, parrot.sens))
    assert after == before + 1, f"one request was carried out {after - before} times"


# --- what is no message ----------------------------------------------------------------------------------------------


def _broken(kind: Type, mid: int) -> dict[str, bytes]:
    get = bytes([0x40 | kind << 4, 0x01])
    return {
        "token longer than eight": bytes([0x49 | kind << 4, 0x01]) + mid.to_bytes(2) + b"x" * 9,
        "token cut short": bytes([0x44 | kind << 4, 0x01]) + mid.to_bytes(2) + b"xx",
        "marker without payload": get + mid.to_bytes(2) + b"\xff",
        "option cut short": get + mid.to_bytes(2) + b"\xb8sess",
        "reserved option delta": get + mid.to_bytes(2) + b"\xf1x",
        "reserved option length": get + mid.to_bytes(2) + b"\x1fx",
        "empty with a token": bytes([0x41 | kind << 4, 0x00]) + mid.to_bytes(2) + b"x",
        "reserved class": bytes([0x40 | kind << 4, 0x21]) + mid.to_bytes(2),
    }


@pytest.mark.claim("itron-coap.message.format")
@pytest.mark.parametrize("kind", [Type.CON, Type.NON])
@pytest.mark.parametrize("which", list(_broken(Type.CON, 0)))
def test_broken_message_is_reset_or_dropped(stranger: Gateway, which: str, kind: Type) -> None:
    """It is never answered, and the Gateway goes on."""
    line = stranger.line
    _alive(stranger)
    mid = line.mid()
    line.send(_broken(kind, mid)[which])
    message = line.receive(QUIET)
    assert message is None or (message.type, message.code, message.mid) == (Type.RST, "0.00", mid), told(message)
    _alive(stranger)


@pytest.mark.claim("itron-coap.message.version")
@pytest.mark.parametrize("version", [0, 2, 3])
def test_message_of_another_version_is_dropped_silently(stranger: Gateway, version: int) -> None:
    """Not even a reset."""
    _alive(stranger)
    datagram = stranger.line.request(GET, *SESSIONS).encode()
    stranger.line.send(bytes([datagram[0] & 0x3F | version << 6]) + datagram[1:])
    stranger.line.expect_silence(f"version {version}")
    _alive(stranger)


@pytest.mark.claim("itron-coap.message.too-short")
@pytest.mark.parametrize("length", range(4))
def test_datagram_shorter_than_a_header_is_dropped(stranger: Gateway, length: int) -> None:
    """There is no message ID to reset."""
    _alive(stranger)
    stranger.line.send(stranger.line.request(GET, *SESSIONS).encode()[:length])
    stranger.line.expect_silence(f"{length} bytes")
    _alive(stranger)


@pytest.mark.claim("itron-coap.message.unasked")
@pytest.mark.parametrize("kind", [Type.ACK, Type.RST])
def test_acknowledgement_of_nothing_is_dropped_silently(stranger: Gateway, kind: Type) -> None:
    """Be it empty, with a request in it, or with an answer."""
    _alive(stranger)
    for code in ("0.00", "0.01", "2.05"):
        request = replace(stranger.line.request(code, token=b""), type=kind)
        stranger.line.send(request.encode())
        stranger.line.expect_silence(f"{kind.name} {code}", QUIET / 2)
    _alive(stranger)


@pytest.mark.claim("itron-coap.message.no-request")
def test_answer_to_nothing_is_rejected(stranger: Gateway) -> None:
    """A confirmable one by a reset; it is never answered."""
    _alive(stranger)
    request = stranger.line.request("2.05", payload=b"x")
    stranger.line.send(request.encode())
    message = stranger.line.receive(QUIET)
    assert message is None or (message.type, message.mid) == (Type.RST, request.mid), told(message)
    _alive(stranger)
