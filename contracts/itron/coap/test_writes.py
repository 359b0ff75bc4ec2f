"""Configuring sensors, and methods that they do not take; what was configured is put back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.boards import ECHO, TEMPERATURE
from vendorlab.contracts.itron.coap.cleaning import put_back
from vendorlab.contracts.itron.coap.gateway import (
    CHANGED,
    DELETE,
    FORBIDDEN,
    FORMS,
    NOT_ACCEPTABLE,
    NOT_ALLOWED,
    NOT_IMPLEMENTED,
    OCTETS,
    POST,
    PUT,
    TOO_LARGE,
    Form,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.itron.coap.boards import Board
    from vendorlab.contracts.itron.coap.gateway import Gateway

pytestmark = [pytest.mark.vendorlab("itron-coap"), pytest.mark.needs("write")]

_OTHER = {"C": "F", "F": "C"}


@contextmanager
def _unit_kept(access: Access, gateway: Gateway, board: Board) -> Generator[str]:
    """Give a temperature sensor's unit, and put it back."""
    before = forms.unit(gateway.get(board.mac, board.cfg))
    with put_back(access, gateway, board.mac, f"{board.path}?cfg={before}"):
        yield before


@contextmanager
def _string_kept(access: Access, gateway: Gateway, board: Board) -> Generator[None]:
    """Put an echo sensor's string back; its count begins anew."""
    before, _ = forms.echo(gateway.get(board.mac, board.sens))
    with put_back(access, gateway, board.mac, f"{board.path}?cfg={before.replace(' ', '%20')}"):
        yield


@pytest.mark.claim("itron-coap.write.cfg", "itron-coap.write.read-back")
@pytest.mark.parametrize("form", FORMS)
def test_unit_is_configured_by_the_query(access: Access, gateway: Gateway, thermometer: Board, form: Form) -> None:
    """And read back, and heeded by the next reading."""
    with _unit_kept(access, gateway, thermometer):
        for unit in ("C", "F", "F", "C"):
            forms.bare(gateway.put(thermometer.mac, f"{TEMPERATURE}?cfg={unit}", form=form), CHANGED)
            assert forms.unit(gateway.get(thermometer.mac, thermometer.cfg)) == unit
            assert forms.temperature(gateway.get(thermometer.mac, thermometer.sens)).unit == unit


@pytest.mark.claim("itron-coap.write.payload-ignored")
def test_payload_of_a_configuration_is_ignored(access: Access, gateway: Gateway, thermometer: Board) -> None:
    """The query counts."""
    with _unit_kept(access, gateway, thermometer) as before:
        other = _OTHER[before]
        forms.bare(gateway.put(thermometer.mac, f"{TEMPERATURE}?cfg={other}", before.encode()), CHANGED)
        assert forms.unit(gateway.get(thermometer.mac, thermometer.cfg)) == other


@pytest.mark.claim("itron-coap.write.bad-unit")
@pytest.mark.parametrize("query", ["cfg=X", "cfg=c", "cfg=CF", "cfg=", "cfg", "other"])
def test_unknown_unit_is_not_implemented(access: Access, gateway: Gateway, thermometer: Board, query: str) -> None:
    """And nothing is changed."""
    with _unit_kept(access, gateway, thermometer) as before:
        forms.refused(gateway.put(thermometer.mac, f"{TEMPERATURE}?{query}"), NOT_IMPLEMENTED)
        assert forms.unit(gateway.get(thermometer.mac, thermometer.cfg)) == before


@pytest.mark.claim("itron-coap.write.no-query")
@pytest.mark.parametrize("payload", [b"", b"C", b"cfg=C"])
def test_configuration_in_the_payload_alone_is_not_allowed(
    access: Access, gateway: Gateway, thermometer: Board, payload: bytes
) -> None:
    """What a developer would try first."""
    with _unit_kept(access, gateway, thermometer) as before:
        forms.refused(gateway.put(thermometer.mac, TEMPERATURE, payload), NOT_ALLOWED)
        assert forms.unit(gateway.get(thermometer.mac, thermometer.cfg)) == before


@pytest.mark.claim("itron-coap.write.echo")
def test_echo_takes_a_string_and_counts_from_one(access: Access, gateway: Gateway, parrot: Board) -> None:
    """Again for each new one."""
    with _string_kept(access, gateway, parrot):
        for string in ("vendorlab", "lab"):
            forms.bare(gateway.put(parrot.mac, f"{ECHO}?cfg={string}"), CHANGED)
            found = [forms.echo(gateway.get(parrot.mac, parrot.sens)) for _ in range(2)]
            assert found == [(string, 1), (string, 2)]


@pytest.mark.claim("itron-coap.write.methods")
@pytest.mark.parametrize("method", [POST, DELETE])
@pytest.mark.parametrize("query", ["?sens", "?cfg", "?all", ""])
def test_sensor_takes_neither_post_nor_delete(gateway: Gateway, thermometer: Board, method: str, query: str) -> None:
    """Whatever the query; an older server's DELETE with all is gone."""
    answer = gateway.ask(method, *gateway.to(thermometer.mac, TEMPERATURE + query))
    forms.refused(answer, NOT_ALLOWED)


@pytest.mark.claim("itron-coap.board.root-methods")
@pytest.mark.parametrize("method", [POST, PUT, DELETE])
def test_root_of_the_board_forbids_all_but_get(gateway: Gateway, thermometer: Board, method: str) -> None:
    """With 4.03, where others say 4.05."""
    forms.refused(gateway.ask(method, *gateway.to(thermometer.mac, "/snsr")), FORBIDDEN)


@pytest.mark.claim("itron-coap.board.core-methods")
@pytest.mark.parametrize("method", [POST, PUT, DELETE])
def test_links_of_the_board_implement_nothing_but_get(gateway: Gateway, thermometer: Board, method: str) -> None:
    """With 5.01, where others say 4.05."""
    forms.refused(gateway.ask(method, *gateway.to(thermometer.mac, "/snsr/.well-known/core")), NOT_IMPLEMENTED)


@pytest.mark.claim("itron-coap.write.too-large")
def test_request_larger_than_the_boards_buffer_is_refused(access: Access, gateway: Gateway, thermometer: Board) -> None:
    """It has room for 239 bytes, header and all."""
    with _unit_kept(access, gateway, thermometer) as before:
        answer = gateway.put(thermometer.mac, f"{TEMPERATURE}?cfg={_OTHER[before]}", b"x" * 240)
        forms.refused(answer, TOO_LARGE)
        assert forms.unit(gateway.get(thermometer.mac, thermometer.cfg)) == before


@pytest.mark.claim("itron-coap.write.time")
@pytest.mark.needs("clock")
def test_boards_time_is_set(gateway: Gateway, thermometer: Board, clock: Clock) -> None:
    """By ten bytes: type 6, length 8, seconds and milliseconds."""
    now = int(clock.now().timestamp())
    payload = bytes([6, 8]) + now.to_bytes(4) + bytes(4)
    forms.bare(gateway.put(thermometer.mac, "/snsr/sys/time", payload), CHANGED)
    answer = gateway.get(thermometer.mac, "/snsr/sys/time")
    told = int.from_bytes(forms.content(answer, OCTETS))
    answer.check(abs(told - now) <= 60, f"about {now}")


@pytest.mark.claim("itron-coap.write.bad-time")
@pytest.mark.parametrize(
    "payload",
    [b"", bytes(9), bytes(11), bytes([5, 8]) + bytes(8), bytes([6, 7]) + bytes(8)],
    ids=["nothing", "nine bytes", "eleven bytes", "another type", "another length"],
)
def test_time_of_another_form_is_not_acceptable(gateway: Gateway, thermometer: Board, payload: bytes) -> None:
    """It stays what it was."""
    forms.refused(gateway.put(thermometer.mac, "/snsr/sys/time", payload), NOT_ACCEPTABLE)


@pytest.mark.claim("itron-coap.payload.units")
@pytest.mark.needs("clock")
def test_one_reading_is_told_in_either_unit(access: Access, gateway: Gateway, thermometer: Board, clock: Clock) -> None:
    """Fahrenheit is nine fifths of Celsius and 32, to the second place."""
    with clock.frozen(), _unit_kept(access, gateway, thermometer):
        found: dict[str, forms.Temperature] = {}
        for unit in ("C", "F"):
            gateway.put(thermometer.mac, f"{TEMPERATURE}?cfg={unit}")
            found[unit] = forms.temperature(gateway.get(thermometer.mac, thermometer.sens))
        celsius, fahrenheit = found["C"].hundredths, found["F"].hundredths
        assert abs(fahrenheit - (celsius * 9 / 5 + 3_200)) <= 2, f"{celsius} and {fahrenheit} hundredths"
