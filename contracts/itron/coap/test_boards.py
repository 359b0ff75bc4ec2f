"""What a board answers by its firmware, the Gateway in between: reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.message import Option, uint
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.boards import NOBODY, TEMPERATURE
from vendorlab.contracts.itron.coap.gateway import (
    BAD_OPTION,
    CBOR,
    FAILED,
    GET,
    LINKS,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_IMPLEMENTED,
    OCTETS,
    TEXT,
)

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.itron.coap.boards import Board
    from vendorlab.contracts.itron.coap.gateway import Gateway

pytestmark = pytest.mark.vendorlab("itron-coap")

_ROOT = b"Itron Reference CoAP Server: 1.4.8"
_CORE = b'</sys>;if="sys";title="System";ct=42;rev=1;,</arduino>;if="arduino";title="Arduino Sensors";ct=42;,'
_COUNTERS = 9


@pytest.mark.claim("itron-coap.board.root")
def test_root_of_the_board_tells_the_firmware(gateway: Gateway, thermometer: Board) -> None:
    """In text."""
    answer = gateway.get(thermometer.mac, "/snsr")
    answer.check(forms.content(answer, TEXT) == _ROOT, repr(_ROOT))


@pytest.mark.claim("itron-coap.board.core")
def test_boards_links_are_as_the_firmware_has_them(gateway: Gateway, thermometer: Board) -> None:
    """Commas and semicolons to spare, and no sensor among them."""
    answer = gateway.get(thermometer.mac, "/snsr/.well-known/core")
    answer.check(forms.content(answer, LINKS) == _CORE, repr(_CORE))


@pytest.mark.claim("itron-coap.board.well-known")
@pytest.mark.parametrize("path", ["/snsr/.well-known/other", "/snsr/.well-known"])
def test_other_well_known_path_fails(gateway: Gateway, thermometer: Board, path: str) -> None:
    """The firmware overwrites the 4.04 that it meant."""
    forms.refused(gateway.get(thermometer.mac, path), FAILED)


@pytest.mark.claim("itron-coap.board.unknown")
@pytest.mark.parametrize("path", ["/snsr/nobody", "/snsr/nobody/temp?sens", "/snsr/Arduino/temp?sens"])
def test_unknown_first_element_is_not_found(gateway: Gateway, thermometer: Board, path: str) -> None:
    """What comes behind it is not looked at."""
    forms.refused(gateway.get(thermometer.mac, path), NOT_FOUND)


@pytest.mark.claim("itron-coap.board.unknown-sensor")
@pytest.mark.parametrize("path", ["/snsr/arduino/nobody?sens", "/snsr/arduino/temp/more?sens"])
def test_unknown_sensor_is_not_found(gateway: Gateway, thermometer: Board, path: str) -> None:
    """Nor is anything below one."""
    forms.refused(gateway.get(thermometer.mac, path), NOT_FOUND)


@pytest.mark.claim("itron-coap.board.no-query")
def test_sensor_without_a_query_allows_no_method(gateway: Gateway, thermometer: Board) -> None:
    """GET, too."""
    forms.refused(gateway.get(thermometer.mac, TEMPERATURE), NOT_ALLOWED)


@pytest.mark.claim("itron-coap.board.query")
@pytest.mark.parametrize("query", ["other", "sen", "senss", "SENS", "sens=1", "cfg=C", "Cfg"])
def test_query_that_is_neither_sens_nor_cfg_is_not_implemented(
    gateway: Gateway, thermometer: Board, query: str
) -> None:
    """They are compared letter by letter, and to the end."""
    forms.refused(gateway.get(thermometer.mac, f"{TEMPERATURE}?{query}"), NOT_IMPLEMENTED)


@pytest.mark.claim("itron-coap.board.sens", "itron-coap.payload.wrapper")
def test_sens_reads_the_sensor(gateway: Gateway, thermometer: Board) -> None:
    """In CBOR, and without a word on how long it is fresh."""
    answer = gateway.get(thermometer.mac, thermometer.sens)
    forms.wrapped(answer, "temp")
    answer.check(answer.message.value(Option.MAX_AGE) is None, "no Max-Age")
    answer.check(answer.message.value(Option.OBSERVE) is None, "no Observe")


@pytest.mark.claim("itron-coap.board.cfg", "itron-coap.payload.wrapper")
def test_cfg_reads_the_configuration(gateway: Gateway, thermometer: Board) -> None:
    """In the same wrapper."""
    forms.unit(gateway.get(thermometer.mac, thermometer.cfg))


@pytest.mark.claim("itron-coap.board.accept")
@pytest.mark.parametrize("kind", [TEXT, 50, 65_000])
def test_accept_is_not_heeded(gateway: Gateway, thermometer: Board, kind: int) -> None:
    """What comes is CBOR, whatever was asked for."""
    forms.content(gateway.get(thermometer.mac, thermometer.sens, (Option.ACCEPT, uint(kind))), CBOR)


@pytest.mark.claim("itron-coap.board.critical")
@pytest.mark.parametrize("option", [(Option.IF_MATCH, b"x"), (Option.IF_NONE_MATCH, b"")], ids=["match", "none"])
def test_conditions_are_bad_options(gateway: Gateway, thermometer: Board, option: tuple[int, bytes]) -> None:
    """The board does not know them, and they are critical."""
    forms.refused(gateway.get(thermometer.mac, thermometer.sens, option), BAD_OPTION)


@pytest.mark.claim("itron-coap.board.time")
def test_board_tells_its_time(gateway: Gateway, thermometer: Board) -> None:
    """In four bytes."""
    answer = gateway.get(thermometer.mac, "/snsr/sys/time")
    answer.check(len(forms.content(answer, OCTETS)) == 4, "four bytes")


@pytest.mark.claim("itron-coap.board.time-now")
@pytest.mark.needs("clock")
def test_boards_time_is_the_worlds(gateway: Gateway, thermometer: Board, clock: Clock) -> None:
    """To a minute: the card sets it when the board starts."""
    answer = gateway.get(thermometer.mac, "/snsr/sys/time")
    told = int.from_bytes(forms.content(answer, OCTETS))
    now = int(clock.now().timestamp())
    answer.check(abs(told - now) <= 60, f"about {now}, most significant byte first, not {told}")


@pytest.mark.claim("itron-coap.board.stats")
def test_board_tells_its_statistics(gateway: Gateway, thermometer: Board) -> None:
    """Nine numbers of four bytes behind a type and a length; they do not fall."""
    found: list[tuple[int, ...]] = []
    for _ in range(2):
        answer = gateway.get(thermometer.mac, "/snsr/sys/stats?mod=coap")
        data = forms.content(answer, OCTETS)
        size = 4 * _COUNTERS
        answer.check(len(data) > size and data[-size - 1] == size, "a type, the length 36, and nine numbers")
        found.append(tuple(int.from_bytes(data[at : at + 4]) for at in range(len(data) - size, len(data), 4)))
    assert all(before <= after for before, after in zip(*found, strict=True)), f"counters fell: {found}"


@pytest.mark.claim("itron-coap.board.sys-other")
@pytest.mark.parametrize("path", ["/snsr/sys/stats?mod=other", "/snsr/sys/other"])
def test_other_of_the_system_is_not_implemented(gateway: Gateway, thermometer: Board, path: str) -> None:
    """Modules and resources that are not there."""
    forms.refused(gateway.get(thermometer.mac, path), NOT_IMPLEMENTED)


@pytest.mark.claim("itron-coap.board.unknown-sensor")
def test_sensor_of_another_board_is_not_found(gateway: Gateway, sniffer: Board) -> None:
    """Each has its own."""
    forms.refused(gateway.get(sniffer.mac, f"{TEMPERATURE}?sens"), NOT_FOUND)


# --- payloads --------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-coap.payload.temperature")
def test_temperature_is_epoch_value_and_unit(gateway: Gateway, thermometer: Board) -> None:
    """In decimal, the value with two places; the configuration has the same unit."""
    answer = gateway.get(thermometer.mac, thermometer.sens)
    found = forms.temperature(answer)
    set_to = forms.unit(gateway.get(thermometer.mac, thermometer.cfg))
    answer.check(found.unit == set_to, f"{set_to}, as it is configured")


@pytest.mark.claim("itron-coap.payload.temperature-now")
@pytest.mark.needs("clock")
def test_temperature_is_of_now(gateway: Gateway, thermometer: Board, clock: Clock) -> None:
    """Not older than its period, and never of the future."""
    answer = gateway.get(thermometer.mac, thermometer.sens)
    now = clock.now().timestamp()
    answer.check(now - 3_600 < forms.temperature(answer).second <= now + 1, f"a reading of about {int(now)}")


@pytest.mark.claim("itron-coap.payload.echo", "itron-coap.board.fresh")
def test_echo_counts_its_reads(gateway: Gateway, parrot: Board) -> None:
    """One for each, and the string stays."""
    found = [forms.echo(gateway.get(parrot.mac, parrot.sens)) for _ in range(3)]
    string, first = found[0]
    assert found == [(string, first + each) for each in range(3)]


@pytest.mark.claim("itron-coap.payload.methane")
def test_methane_is_a_time_and_pairs(gateway: Gateway, sniffer: Board) -> None:
    """Day first; what each value is stands behind it."""
    forms.methane(gateway.get(sniffer.mac, sniffer.sens))


@pytest.mark.claim("itron-coap.payload.tilt")
def test_pole_tilt_is_files_of_records(gateway: Gateway, pole: Board) -> None:
    """Each with tilt in three directions, or whatever else it measured."""
    answer = gateway.get(pole.mac, pole.sens)
    answer.check(all(forms.tilt(answer)), "a record in every file")


@pytest.mark.claim("itron-coap.payload.size")
@pytest.mark.parametrize("which", ["thermometer", "parrot", "sniffer", "pole"])
def test_payload_of_a_board_fits_128_bytes(gateway: Gateway, request: pytest.FixtureRequest, which: str) -> None:
    """Its wrapper included."""
    board: Board = request.getfixturevalue(which)
    answer = gateway.get(board.mac, board.sens)
    forms.wrapped(answer)
    answer.check(len(answer.payload) <= forms.LARGEST_PAYLOAD, "at most 128 bytes")


@pytest.mark.claim("itron-coap.payload.wrapper")
def test_unknown_device_has_no_payload_in_a_wrapper(gateway: Gateway) -> None:
    """What is refused is never dressed up as a reading."""
    answer = gateway.ask(GET, *gateway.to(NOBODY, f"{TEMPERATURE}?sens"))
    answer.check(forms.unwrapped(answer.payload) is None, "no reading")
