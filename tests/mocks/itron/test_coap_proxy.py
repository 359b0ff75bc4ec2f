"""The gateway as a forward proxy, row by row: the dossier's 1.2 and 1.3."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.itron.coap_support import DOMAIN, ECHO, TEMP, Desk, options, proxied

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.errors import UriError
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import Option, Options, Value
from vendorlab.mocks.itron.forwarding import forward
from vendorlab.mocks.itron.gateway_errors import WrongScheme
from vendorlab.mocks.itron.models import Sensor

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeDesk


def by_scheme(desk: Desk, *more: tuple[int, str | bytes | int], scheme: str = "coap", port: int = 4849) -> Options:
    return options(
        (Option.PROXY_SCHEME, scheme),
        (Option.URI_HOST, f"SSN{desk.mac()}.{DOMAIN}"),
        (Option.URI_PORT, port),
        (Option.URI_PATH, "snsr"),
        (Option.URI_PATH, "arduino"),
        (Option.URI_PATH, "temp"),
        (Option.URI_QUERY, "sens"),
        *more,
    )


def test_vendors_own_datagrams_are_answered_byte_for_byte(desk: Desk) -> None:
    uri = desk.uri().encode()
    (answer,) = desk.tell(b"\x46\x01\x01\x02123456\xd1\x0a\x03" + b"\xcd" + bytes([len(uri) - 13]) + uri)
    second = desk.world.clock.micros() // 1_000_000
    reading = desk.vendor.backend.estate.measure(desk.mesh.node(desk.mac()).device, Sensor.TEMPERATURE, second)
    text = f"{second},{reading.values['temperature']},F".encode()
    wrapped = b"\xa2\x00dtemp\x01" + bytes([0x60 + len(text)]) + text
    assert answer.encode() == b"\x66\x45\x01\x02123456\xc1\x3c\xff" + wrapped


def test_both_ways_to_name_a_target_are_one(desk: Desk) -> None:
    assert desk.get().payload == desk.ask(Code.GET, by_scheme(desk)).payload
    one, other = forward(proxied(desk.uri(), (Option.ACCEPT, 60))), forward(by_scheme(desk, (Option.ACCEPT, 60)))
    assert one.options.wire == other.options.wire
    assert one.target == other.target


def test_proxy_uri_wins_over_what_names_another_target(desk: Desk) -> None:
    asked = proxied(desk.uri(), (Option.URI_HOST, "elsewhere"), (Option.URI_PATH, "sessions"))
    assert desk.ask(Code.GET, asked).code == Code.CONTENT


def test_options_are_passed_on_but_for_those_of_the_proxy(desk: Desk) -> None:
    more: list[tuple[int, Value]] = [
        (Option.HOP_LIMIT, 9),
        (Option.ACCEPT, 60),
        (Option.ENDPOINT_ID_1, b"x"),
        (Option.BLOCK2, 3),
        (2052, b"y"),
    ]
    sent = forward(proxied(desk.uri(), *more)).options
    assert [number for number, _ in sent] == [11, 11, 11, 15, 16, 17, 23, 124, 2052]
    assert sent.uint(Option.HOP_LIMIT) == 8
    assert Option.HOP_LIMIT not in forward(proxied(desk.uri())).options


@given(st.text(max_size=60), st.sampled_from(["", "coap:", "coap://", "http://h/", "coap://h:4849/", "x:"]))
def test_any_text_for_a_uri_is_a_target_or_a_refusal(text: str, start: str) -> None:
    try:
        found = forward(proxied(start + text))
    except (UriError, WrongScheme):
        return
    assert found.target.scheme == "coap"


@given(
    st.lists(st.text(min_size=1, max_size=8).filter(lambda part: part not in (".", "..")), max_size=4),
    st.lists(st.text(max_size=8), min_size=1, max_size=3),
)
def test_both_ways_to_name_a_target_are_one_for_any_path_and_query(path: list[str], query: list[str]) -> None:
    host = f"SSN0013500560724a9d.{DOMAIN}"
    parts: list[tuple[int, Value]] = [
        *((Option.URI_PATH, part) for part in path),
        *((Option.URI_QUERY, part) for part in query),
    ]
    named = options((Option.PROXY_SCHEME, "coap"), (Option.URI_HOST, host), (Option.URI_PORT, 4849), *parts)
    uri = f"coap://{host}:4849/{'/'.join(quote(part, safe='') for part in path)}"
    uri += "?" + "&".join(quote(part, safe="") for part in query)
    assert forward(proxied(uri)) == forward(named)
    assert forward(named).options == options(*parts)


@pytest.mark.parametrize("change", [str.upper, str.lower, str.title])
def test_host_names_have_no_case(desk: Desk, change: object) -> None:
    assert callable(change)
    host = change(f"SSN{desk.mac()}.{DOMAIN}")
    assert desk.ask(Code.GET, proxied(f"coap://{host}:4849{TEMP}?sens")).code == Code.CONTENT


@pytest.mark.parametrize(
    ("host", "cause"),
    [
        ("SSN0013500500000000.SG.YEL01.SSN.SSNSGS.NET", "unknown-device"),
        ("SSN00135005.SG.YEL01.SSN.SSNSGS.NET", "unknown-device"),
        ("SSN{mac}.SG.PROD.STAR.SSNSGS.NET", "unknown-device"),
        ("{mac}.SG.YEL01.SSN.SSNSGS.NET", "unknown-device"),
        ("localhost", "unknown-device"),
        ("[::1]", "unknown-device"),
    ],
)
def test_unknown_host_is_5_02_with_a_text(desk: Desk, host: str, cause: str) -> None:
    answer = desk.ask(Code.GET, proxied(f"coap://{host.format(mac=desk.mac())}:4849{TEMP}?sens"))
    assert answer.code == Code.BAD_GATEWAY
    assert answer.payload
    assert desk.last.cause == cause


@pytest.mark.parametrize("port", ["", ":5683", ":4850"])
def test_nobody_listens_on_another_port(desk: Desk, port: str) -> None:
    """Devices take CoAP on 4849, and a URI without a port means 5683."""
    uri = f"coap://SSN{desk.mac()}.{DOMAIN}{port}{TEMP}?sens"
    assert desk.ask(Code.GET, proxied(uri)).code == Code.BAD_GATEWAY
    assert desk.last.cause == "wrong-port"


def test_port_that_is_left_out_can_be_forgiven(desk_of: MakeDesk) -> None:
    desk = desk_of(coap_default_port=4849)
    desk.open()
    assert desk.ask(Code.GET, proxied(f"coap://SSN{desk.mac()}.{DOMAIN}{TEMP}?sens")).code == Code.CONTENT


def test_device_of_another_tenant_is_4_03(desk: Desk) -> None:
    assert desk.ask(Code.GET, proxied(desk.uri(tenant=1))).code == Code.FORBIDDEN
    assert desk.last.cause == "other-tenant"


@pytest.mark.parametrize("scheme", ["coaps", "http", "coap+tcp", "mailto", "ftp"])
def test_another_scheme_is_5_05(desk: Desk, scheme: str) -> None:
    assert desk.ask(Code.GET, by_scheme(desk, scheme=scheme)).code == Code.PROXYING_NOT_SUPPORTED
    uri = desk.uri().replace("coap:", f"{scheme}:", 1)
    assert desk.ask(Code.GET, proxied(uri)).code == Code.PROXYING_NOT_SUPPORTED
    assert desk.last.cause == "wrong-scheme"


def test_schemes_have_no_case(desk: Desk) -> None:
    assert desk.ask(Code.GET, proxied(desk.uri().replace("coap:", "CoAP:"))).code == Code.CONTENT
    assert desk.ask(Code.GET, by_scheme(desk, scheme="COAP")).code == Code.CONTENT


@pytest.mark.parametrize("uri", ["coap://", "coap:/x", "nonsense", "coap://h:99999/", "coap://a b/"])
def test_uri_that_makes_no_sense_is_4_00(desk: Desk, uri: str) -> None:
    assert desk.ask(Code.GET, proxied(uri)).code == Code.BAD_REQUEST


def test_hop_limit_of_one_goes_no_further(desk: Desk) -> None:
    assert desk.get(f"{ECHO}?sens", (Option.HOP_LIMIT, 1)).code == Code.HOP_LIMIT_REACHED
    assert not desk.mesh.nodes
    assert desk.get(f"{ECHO}?sens", (Option.HOP_LIMIT, 2)).code == Code.CONTENT


@pytest.mark.parametrize("number", [9, 2049, 2051, Option.IF_MATCH, Option.IF_NONE_MATCH, Option.ENDPOINT_ID_2])
@pytest.mark.parametrize("type_", [Type.CON, Type.NON])
def test_critical_option_that_nobody_understands_is_4_02(desk: Desk, number: int, type_: Type) -> None:
    """The gateway refuses unsafe ones, and the device the others."""
    assert desk.get(f"{TEMP}?sens", (number, b""), type_=type_).code == Code.BAD_OPTION


def test_repeated_request_is_not_executed_again(desk: Desk) -> None:
    asked = Message(Type.CON, Code.GET, 77, b"t", proxied(desk.uri(f"{ECHO}?sens")))
    (first,) = desk.tell(asked)
    assert desk.tell(asked) == [first]
    assert desk.get(f"{ECHO}?sens").payload.endswith(b"Hello World: 2")


def test_request_that_is_not_confirmable_has_an_answer_of_its_kind(desk: Desk) -> None:
    asked = Message(Type.NON, Code.GET, 77, b"t", proxied(desk.uri()))
    (answer,) = desk.tell(asked)
    assert (answer.type, answer.mid, answer.token, answer.code) == (Type.NON, 77, b"t", Code.CONTENT), "S21"


def test_gateways_own_refusal_has_a_message_id_of_its_own(desk_of: MakeDesk) -> None:
    desk = desk_of()
    answer = desk.get(type_=Type.NON)
    assert (answer.type, answer.code) == (Type.NON, Code.UNAUTHORIZED)
    assert answer.mid != desk.mid


def test_clean_devices_answers_have_message_ids_of_their_own(desk_of: MakeDesk) -> None:
    desk = desk_of(mesh_quirks=False)
    desk.open()
    assert desk.get(type_=Type.NON).mid != desk.mid


def test_answer_comes_in_the_blocks_that_are_asked_for(desk: Desk) -> None:
    """S19: the device sends all at once, and the gateway cuts it."""
    first = desk.get("/snsr/.well-known/core", (Option.BLOCK2, 2))
    second = desk.get("/snsr/.well-known/core", (Option.BLOCK2, 1 << 4 | 2))
    assert (len(first.payload), first.options.uint(Option.BLOCK2)) == (64, 8 | 2)
    assert second.options.uint(Option.BLOCK2) == 1 << 4 | 2
    assert len(first.payload + second.payload) == 99
    whole = desk.get("/snsr/.well-known/core", (Option.BLOCK2, 3))
    assert len(whole.payload) == 99


def test_upload_in_blocks_reaches_a_device_in_one_piece(desk: Desk) -> None:
    uri = desk.uri(f"{ECHO}?cfg=hi")
    first = desk.ask(Code.PUT, proxied(uri, (Option.BLOCK1, 8 | 2)), b"x" * 64)
    last = desk.ask(Code.PUT, proxied(uri, (Option.BLOCK1, 1 << 4 | 2)), b"y")
    assert (first.code, last.code) == (Code.CONTINUE, Code.CHANGED)
    assert desk.get(f"{ECHO}?sens").payload.endswith(b"hi 1")


def test_upload_without_a_session_is_refused_with_its_first_block(desk_of: MakeDesk) -> None:
    desk = desk_of()
    answer = desk.ask(Code.PUT, proxied(desk.uri(f"{ECHO}?cfg=hi"), (Option.BLOCK1, 8 | 2)), b"x" * 64)
    assert (answer.code, len(desk.endpoint.blocks)) == (Code.UNAUTHORIZED, 0)


def test_upload_larger_than_a_device_takes_is_4_13(desk: Desk) -> None:
    assert desk.put(f"{ECHO}?cfg=hi", b"x" * 240).code == Code.REQUEST_ENTITY_TOO_LARGE
    assert desk.put(f"{ECHO}?cfg=hi", b"x" * 150).code == Code.CHANGED


# --- patience --------------------------------------------------------------------------------------------------------


def test_slow_device_is_acknowledged_at_once_and_answered_apart(desk: Desk) -> None:
    desk.mesh.set_conditions(desk.mac(), latency=20)
    assert desk.request(Code.GET, proxied(desk.uri()), token=b"slow") == []
    (ack,) = desk.wait(1.0)
    assert (ack.type, ack.code, ack.mid) == (Type.ACK, Code.EMPTY, desk.mid)
    (answer,) = desk.advance(300)
    assert (answer.type, answer.code, answer.token) == (Type.CON, Code.CONTENT, b"slow")
    repeated = desk.wait(3.5)
    assert [message.mid for message in repeated] == [answer.mid], "until it is acknowledged"
    assert desk.tell(Message(Type.ACK, Code.EMPTY, answer.mid)) == []
    assert desk.wait(100) == []


def test_silent_device_is_5_04_when_patience_ends(desk: Desk) -> None:
    desk.mesh.sleep(desk.mac(), 10_000)
    assert desk.request(Code.GET, proxied(desk.uri())) == []
    (ack,) = desk.wait(1.0)
    assert ack.code == Code.EMPTY
    assert desk.advance(299) == []
    (answer,) = desk.advance(1)
    assert (answer.type, answer.code) == (Type.CON, Code.GATEWAY_TIMEOUT)
    assert (desk.last.cause, desk.last.status) == ("device-silent", 504)
    assert desk.last.detail["took"] == 300, "seconds of the world, for who judges patience"
    desk.advance(10_000)
    desk.get()
    assert "took" not in desk.last.detail


def test_silent_device_is_5_04_for_who_asked_without_confirmation(desk: Desk) -> None:
    desk.mesh.sleep(desk.mac(), 10_000)
    assert desk.request(Code.GET, proxied(desk.uri()), type_=Type.NON) == []
    (answer,) = desk.advance(300)
    assert (answer.type, answer.code) == (Type.NON, Code.GATEWAY_TIMEOUT)
    assert answer.mid != desk.mid, "it is the gateway's own"


def test_repeated_request_for_a_slow_device_is_not_passed_on_again(desk: Desk) -> None:
    desk.mesh.set_conditions(desk.mac(), latency=20)
    asked = Message(Type.CON, Code.GET, 9, b"t", proxied(desk.uri(f"{ECHO}?sens")))
    assert desk.tell(asked) == desk.tell(asked) == []
    (ack,) = desk.wait(1.0)
    assert desk.tell(asked) == [ack]
    (answer,) = desk.advance(300)
    assert answer.payload.endswith(b": 1")
    assert desk.tell(asked)[0] == ack
    assert desk.mesh.node(desk.mac()).count == 2


def test_patience_is_a_setting(desk_of: MakeDesk) -> None:
    desk = desk_of(coap_upstream_timeout=5)
    desk.open()
    desk.mesh.sleep(desk.mac(), 10_000)
    desk.request(Code.GET, proxied(desk.uri()))
    (answer,) = desk.advance(5)
    assert (answer.type, answer.code) == (Type.ACK, Code.GATEWAY_TIMEOUT), "no second of line time has passed"


def test_late_answer_of_a_device_is_not_sent_twice(desk: Desk) -> None:
    desk.mesh.set_conditions(desk.mac(), latency=300)
    for _ in range(5):
        desk.request(Code.GET, proxied(desk.uri()))
    answers = desk.advance(2_000)
    assert len(answers) == 5
    assert {answer.code for answer in answers} <= {Code.CONTENT, Code.GATEWAY_TIMEOUT}
