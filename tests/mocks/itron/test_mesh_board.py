"""Devices as their firmware answers, row by row (S1 to S26), and what they send, byte for byte (the dossier's 2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cbor2
import pytest
from tests.mocks.itron.coap_support import ECHO, METHANE, TEMP, TILT, Desk, proxied

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.options import Option
from vendorlab.mocks.itron import sapi
from vendorlab.mocks.itron.models import Sensor

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeDesk

BOARDS = [(0, TEMP), (0, ECHO), (1, METHANE), (3, TILT)]
CORE = '</sys>;if="sys";title="System";ct=42;rev=1;,</arduino>;if="arduino";title="Arduino Sensors";ct=42;,'


@pytest.fixture
def clean(desk_of: MakeDesk) -> Desk:
    """A desk in a world whose devices keep to the RFCs, with a session open."""
    made = desk_of(mesh_quirks=False)
    made.open()
    return made


# --- the card --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/"])
def test_ping_is_answered_with_a_text(desk: Desk, path: str) -> None:
    answer = desk.get(path)
    assert (answer.code, answer.options.uint(Option.CONTENT_FORMAT)) == (Code.CONTENT, 0)
    assert answer.payload.startswith(b"Milli5 ")


def test_card_has_links_and_a_time(desk: Desk) -> None:
    links = desk.get("/.well-known/core")
    assert links.options.uint(Option.CONTENT_FORMAT) == 40
    assert b"</snsr>" in links.payload
    assert int(desk.get("/time").payload) == desk.world.clock.micros() // 1_000_000


@pytest.mark.parametrize("path", ["/nothing", "/.well-known", "/sys/snsr?ev=rbt", "/arduino/temp?sens"])
def test_card_has_nothing_else(desk: Desk, path: str) -> None:
    assert desk.get(path).code == Code.NOT_FOUND


@pytest.mark.parametrize("path", ["/", "/time", "/.well-known/core"])
def test_cards_resources_can_only_be_read(desk: Desk, path: str) -> None:
    assert desk.put(path).code == Code.METHOD_NOT_ALLOWED
    assert desk.get(path, (Option.IF_MATCH, b"")).code == Code.BAD_OPTION


# --- S1 to S6 --------------------------------------------------------------------------------------------------------


def test_s1_first_element_decides(desk: Desk) -> None:
    assert desk.get("/snsr/rl78/temp?sens").code == Code.NOT_FOUND
    assert desk.get("/snsr/rl78/methane?sens", number=1).code == Code.CONTENT
    assert desk.get("/snsr/arduino/temp?sens", number=1).code == Code.NOT_FOUND


def test_s2_root_tells_its_version_and_forbids_the_rest(desk: Desk) -> None:
    answer = desk.get("/snsr")
    assert (answer.code, answer.payload) == (Code.CONTENT, b"Itron Reference CoAP Server: 1.4.8")
    assert answer.options.uint(Option.CONTENT_FORMAT) == 0
    assert desk.put("/snsr").code == Code.FORBIDDEN


def test_s3_links_are_those_of_the_firmware_to_the_byte(desk: Desk) -> None:
    answer = desk.get("/snsr/.well-known/core")
    assert (answer.payload.decode(), len(answer.payload)) == (CORE, 99)
    assert answer.options.uint(Option.CONTENT_FORMAT) == 40
    assert desk.put("/snsr/.well-known/core").code == Code.NOT_IMPLEMENTED
    assert desk.get("/snsr/.well-known/other").code == Code.INTERNAL_SERVER_ERROR
    assert desk.get("/snsr/.well-known").code == Code.INTERNAL_SERVER_ERROR
    assert b'</rl78>;if="arduino"' in desk.get("/snsr/.well-known/core", number=1).payload


def test_s3_clean_links_keep_to_the_rfc(clean: Desk) -> None:
    text = clean.get("/snsr/.well-known/core").payload.decode()
    assert text == '</sys>;if="sys";title="System";ct=42,</arduino/temp>;ct=60;obs,</arduino/echo>;ct=60;obs'
    assert clean.put("/snsr/.well-known/core").code == Code.METHOD_NOT_ALLOWED
    assert clean.get("/snsr/.well-known/other").code == Code.NOT_FOUND


@pytest.mark.parametrize("path", ["/snsr/arduino/temp/1?sens", "/snsr/arduino/none?sens", "/snsr/arduino/?sens"])
def test_s4_unknown_sensors_and_further_elements_are_not_found(desk: Desk, path: str) -> None:
    assert desk.get(path).code == Code.NOT_FOUND


def test_s4_lone_classifier_is_acknowledged_and_never_answered(desk: Desk) -> None:
    ack = desk.get("/snsr/arduino")
    assert (ack.type, ack.code) == (Type.ACK, Code.EMPTY)
    assert [message.code for message in desk.advance(300)] == [Code.GATEWAY_TIMEOUT]


def test_s4_clean_lone_classifier_is_not_found(clean: Desk) -> None:
    assert clean.get("/snsr/arduino").code == Code.NOT_FOUND


@pytest.mark.parametrize("code", [Code.GET, Code.PUT, Code.POST, Code.DELETE])
@pytest.mark.parametrize("number", [0, 1, 3])
def test_s5_request_without_a_query_is_4_05(desk: Desk, code: Code, number: int) -> None:
    path = {0: TEMP, 1: METHANE, 3: TILT}[number]
    assert desk.ask(code, proxied(desk.uri(path, number)), b"cfg=C").code == Code.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("query", ["SENS", "sens=1", "config", "", "cfg="])
def test_s6_get_with_another_query_is_5_01(desk: Desk, query: str) -> None:
    assert desk.get(f"{TEMP}?{query}").code == Code.NOT_IMPLEMENTED


# --- S7 to S11: values and configuration -----------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "path"), BOARDS)
def test_s7_and_s8_value_is_a_map_of_two_in_cbor(desk: Desk, number: int, path: str) -> None:
    answer = desk.get(f"{path}?sens", number=number)
    assert (answer.code, answer.options.items) == (Code.CONTENT, ((Option.CONTENT_FORMAT, b"\x3c"),))
    key, value = cbor2.loads(answer.payload).values()
    assert key == next(sensor.key for sensor in Sensor if sensor.path == path)
    assert isinstance(value, bytes if path == TILT else str)


@pytest.mark.parametrize(
    ("number", "sensor"), [(0, Sensor.TEMPERATURE), (1, Sensor.METHANE), (3, Sensor.TILT), (2, Sensor.TEMPERATURE)]
)
def test_value_is_the_estates_reading_of_this_second(desk: Desk, number: int, sensor: Sensor) -> None:
    estate, second = desk.vendor.backend.estate, desk.world.clock.micros() // 1_000_000
    device = desk.mesh.node(desk.mac(number)).device
    expected = sapi.payload(estate.measure(device, sensor, second))
    assert desk.get(f"{sensor.path}?sens", number=number).payload == expected


def test_s9_temperature_tells_its_unit(desk: Desk) -> None:
    second = desk.world.clock.micros() // 1_000_000
    answer = desk.get(f"{TEMP}?cfg")
    assert answer.options.uint(Option.CONTENT_FORMAT) == 60
    assert cbor2.loads(answer.payload) == {0: "temp", 1: f"{second},F"}


def test_vectors_of_a_temperature_board_are_met() -> None:
    assert sapi.wrapped("temp", "1540584982,72.50,F").hex() == (
        "a2006474656d700172313534303538343938322c37322e35302c46"
    )
    assert sapi.wrapped("temp", "1540584982,F").hex() == "a2006474656d70016c313534303538343938322c46"


def test_s10_configuration_travels_in_the_query(desk: Desk) -> None:
    answer = desk.put(f"{TEMP}?cfg=C", b"cfg=F")
    assert (answer.code, answer.payload) == (Code.CHANGED, b"")
    assert cbor2.loads(desk.get(f"{TEMP}?cfg").payload)[1].endswith(",C")
    assert cbor2.loads(desk.get(f"{TEMP}?sens").payload)[1].endswith(",C")


def test_unit_of_a_board_is_that_of_its_reports_too(desk: Desk) -> None:
    """One reading, however it is carried."""
    desk.put(f"{TEMP}?cfg=C")
    estate, second = desk.vendor.backend.estate, desk.world.clock.micros() // 1_000_000
    reading = estate.measure(desk.mesh.node(desk.mac()).device, Sensor.TEMPERATURE, second)
    assert sapi.payload(reading) == desk.get().payload


@pytest.mark.parametrize("query", ["cfg", "sens", "cfg=K", "cfg=", "cfg=c", "unit=C"])
def test_s10_temperature_takes_no_other_configuration(desk: Desk, query: str) -> None:
    assert desk.put(f"{TEMP}?{query}").code == Code.NOT_IMPLEMENTED


@pytest.mark.parametrize(("number", "path"), [(1, METHANE), (3, TILT)])
def test_s10_boards_without_configuration_say_so(desk: Desk, number: int, path: str) -> None:
    assert desk.put(f"{path}?cfg=1", number=number).code == Code.NOT_IMPLEMENTED
    assert desk.get(f"{path}?cfg", number=number).code == Code.NOT_IMPLEMENTED


def test_echo_counts_its_readings_and_begins_anew_with_another_text(desk: Desk) -> None:
    def said() -> str:
        return str(cbor2.loads(desk.get(f"{ECHO}?sens").payload)[1])

    assert [said(), said()] == ["Hello World: 1", "Hello World: 2"]
    assert desk.put(f"{ECHO}?cfg=hello%20there").code == Code.CHANGED
    assert [said(), said()] == ["hello there 1", "hello there 2"]


@pytest.mark.parametrize("text", ["", "x" * 101])
def test_s10_text_that_echo_cannot_take_is_4_06(desk: Desk, text: str) -> None:
    assert desk.put(f"{ECHO}?cfg={text}").code == Code.NOT_ACCEPTABLE


def test_s19_longest_text_keeps_within_128_bytes(desk: Desk) -> None:
    assert desk.put(f"{ECHO}?cfg={'x' * 100}").code == Code.CHANGED
    desk.mesh.node(desk.mac()).count = 4_294_967_295
    assert len(desk.get(f"{ECHO}?sens").payload) <= 128


@pytest.mark.parametrize("code", [Code.POST, Code.DELETE, Code.FETCH, Code.PATCH, Code.IPATCH])
@pytest.mark.parametrize("query", ["sens", "cfg=C", "all"])
def test_s11_sensors_know_no_other_methods(desk: Desk, code: Code, query: str) -> None:
    assert desk.ask(code, proxied(desk.uri(f"{TEMP}?{query}"))).code == Code.METHOD_NOT_ALLOWED


# --- S19 to S26 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", [Option.IF_MATCH, Option.IF_NONE_MATCH, 2049])
def test_s20_critical_options_that_are_not_listed_are_4_02(desk: Desk, option: int) -> None:
    assert desk.get(f"{TEMP}?sens", (option, b"")).code == Code.BAD_OPTION


@pytest.mark.parametrize("accept", [0, 50, 60])
def test_s20_accept_is_not_honoured(desk: Desk, accept: int) -> None:
    assert desk.get(f"{TEMP}?sens", (Option.ACCEPT, accept)).options.uint(Option.CONTENT_FORMAT) == 60


def test_s22_time_is_read_and_set(desk: Desk) -> None:
    second = desk.world.clock.micros() // 1_000_000
    answer = desk.get("/snsr/sys/time")
    assert (answer.options.uint(Option.CONTENT_FORMAT), int.from_bytes(answer.payload)) == (42, second)
    set_to = bytes((6, 8)) + (second + 100).to_bytes(4) + bytes(4)
    assert desk.put("/snsr/sys/time", set_to).code == Code.CHANGED
    assert int.from_bytes(desk.get("/snsr/sys/time").payload) == second + 100
    assert cbor2.loads(desk.get().payload)[1].startswith(f"{second + 100},")


@pytest.mark.parametrize("payload", [b"", b"1234", bytes((6, 9)) + bytes(8), bytes((5, 8)) + bytes(8), bytes(11)])
def test_s22_another_time_is_4_06(desk: Desk, payload: bytes) -> None:
    assert desk.put("/snsr/sys/time", payload).code == Code.NOT_ACCEPTABLE


def test_s22_statistics_are_nine_counters(desk: Desk) -> None:
    desk.get()
    answer = desk.get("/snsr/sys/stats?mod=coap")
    assert (answer.options.uint(Option.CONTENT_FORMAT), len(answer.payload)) == (42, 2 + 9 * 4)
    assert int.from_bytes(answer.payload[2:6]) == 2


@pytest.mark.parametrize("path", ["/snsr/sys", "/snsr/sys/stats", "/snsr/sys/stats?mod=mac", "/snsr/sys/other"])
def test_s22_rest_of_the_system_is_5_01(desk: Desk, path: str) -> None:
    assert desk.get(path).code == Code.NOT_IMPLEMENTED


def test_s25_echo_breaks_down_when_its_configuration_is_read(desk: Desk) -> None:
    desk.put(f"{ECHO}?cfg=hi")
    desk.observe()
    assert desk.request(Code.GET, proxied(desk.uri(f"{ECHO}?cfg"))) == []
    assert [message.code for message in desk.advance(300)] == [Code.GATEWAY_TIMEOUT]
    assert cbor2.loads(desk.get(f"{ECHO}?sens").payload)[1] == "Hello World: 1"


def test_s25_clean_echo_says_that_it_cannot(clean: Desk) -> None:
    assert clean.get(f"{ECHO}?cfg").code == Code.NOT_IMPLEMENTED


def test_tilt_board_has_a_log_of_files(desk: Desk) -> None:
    one = cbor2.loads(desk.get(f"{TILT}?sens", number=3).payload)[1]
    log = cbor2.loads(desk.get("/snsr/logis/log?sens", number=3).payload)[1]
    assert log.endswith(one)
    assert len(log) > len(one)


def test_older_boards_send_plain_text(desk_of: MakeDesk) -> None:
    desk = desk_of(mesh_unwrapped=True)
    desk.open()
    answer = desk.get()
    assert answer.options.uint(Option.CONTENT_FORMAT) == 0
    assert answer.payload.endswith(b",F")
    assert desk.get(f"{ECHO}?sens").payload[0] == 0xA2
