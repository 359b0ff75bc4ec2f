"""The way to a device: by which names, in which form, and to whom it is shut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.line import told
from vendorlab.contracts.core.coap.message import Option, Type
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.boards import NOBODY
from vendorlab.contracts.itron.coap.gateway import (
    BAD_GATEWAY,
    BAD_OPTION,
    BAD_REQUEST,
    CONTENT,
    DEVICE_PORT,
    FORBIDDEN,
    FORMS,
    GET,
    NO_PROXY,
    POST,
    SESSIONS,
    TEXT,
    TOO_MANY_HOPS,
    UNAUTHORIZED,
    Form,
    described,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.itron.coap.boards import Board
    from vendorlab.contracts.itron.coap.gateway import Gateway
    from vendorlab.contracts.itron.tokens import Tokens

pytestmark = pytest.mark.vendorlab("itron-coap")

STEADY = ("/", "/snsr", "/snsr/.well-known/core", "/snsr/nobody", "/snsr/arduino/temp", "/snsr/arduino/temp?other")
"""What a device answers alike each time."""
_LONGEST_URI = 1_034


@pytest.mark.claim("itron-coap.proxy.uri", "itron-coap.proxy.port")
def test_proxy_uri_leads_to_the_device(gateway: Gateway, mac: str) -> None:
    """Named by its MAC, on port 4849."""
    forms.content(gateway.ask(GET, (Option.PROXY_URI, gateway.uri(mac, "/snsr").encode())), TEXT)


@pytest.mark.claim("itron-coap.proxy.ping")
def test_device_is_pinged_by_its_root(gateway: Gateway, mac: str) -> None:
    """The card itself answers, in text."""
    answer = gateway.get(mac, "/")
    answer.check(forms.content(answer, TEXT), "some text")


@pytest.mark.claim("itron-coap.proxy.scheme-form")
@pytest.mark.parametrize("path", STEADY)
def test_both_forms_are_answered_byte_for_byte_alike(gateway: Gateway, mac: str, path: str) -> None:
    """Code, options and payload; message ID and token are each exchange's own."""
    whole, apart = (gateway.get(mac, path, form=form) for form in FORMS)
    told = (whole.code, described(whole), whole.payload)
    apart.check((apart.code, described(apart), apart.payload) == told, f"the answer to the other form: {told}")


@pytest.mark.claim("itron-coap.proxy.scheme-form")
def test_forms_read_one_sensor(gateway: Gateway, parrot: Board) -> None:
    """Its count goes on from the one to the other."""
    counts = [forms.echo(gateway.get(parrot.mac, parrot.sens, form=form))[1] for form in (*FORMS, *FORMS)]
    assert counts == list(range(counts[0], counts[0] + 4))


@pytest.mark.claim("itron-coap.proxy.uri-wins")
def test_proxy_uri_outranks_the_options_of_the_other_form(gateway: Gateway, mac: str) -> None:
    """Where a client sends both, they are not looked at."""
    beside = ((Option.URI_HOST, b"nobody.example.com"), (Option.URI_PATH, b"nobody"), (Option.URI_QUERY, b"sens"))
    forms.content(gateway.get(mac, "/snsr", *beside), TEXT)


@pytest.mark.claim("itron-coap.proxy.host-case")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("written", [str.lower, str.upper, str.swapcase], ids=["lower", "upper", "swapped"])
def test_host_is_known_in_any_case(gateway: Gateway, mac: str, written: Callable[[str], str], form: Form) -> None:
    """The vendor's clients write it in more than one."""
    host = written(gateway.host(mac))
    options = gateway.taken_apart(host, "/snsr")
    if form == "Proxy-Uri":
        options = ((Option.PROXY_URI, f"coap://{host}:{DEVICE_PORT}/snsr".encode()),)
    forms.content(gateway.ask(GET, *options), TEXT)


@pytest.mark.claim("itron-coap.proxy.escapes")
def test_proxy_uri_is_unescaped(gateway: Gateway, parrot: Board) -> None:
    """Path and query: the device sees what is meant."""
    escaped = parrot.sens.replace("e", "%65")
    assert escaped != parrot.sens
    forms.echo(gateway.get(parrot.mac, escaped))


@pytest.mark.claim("itron-coap.proxy.non")
def test_device_is_read_without_confirmation(gateway: Gateway, thermometer: Board) -> None:
    """As the vendor's samples do; the answer is found by its token."""
    answer = gateway.ask(GET, *gateway.to(thermometer.mac, thermometer.sens), kind=Type.NON)
    forms.temperature(answer)


@pytest.mark.claim("itron-coap.proxy.no-cache")
def test_gateway_keeps_no_answers(gateway: Gateway, parrot: Board) -> None:
    """Every request reads the sensor anew, whatever the standard would allow."""
    counts = [forms.echo(gateway.get(parrot.mac, parrot.sens))[1] for _ in range(3)]
    assert counts == list(range(counts[0], counts[0] + 3))


# --- where there is no way -------------------------------------------------------------------------------------------


def _explained(gateway: Gateway, host: str, form: Form) -> None:
    __tracebackhide__ = True
    options = gateway.taken_apart(host, "/snsr")
    if form == "Proxy-Uri":
        options = ((Option.PROXY_URI, f"coap://{host}:{DEVICE_PORT}/snsr".encode()),)
    answer = gateway.ask(GET, *options)
    forms.refused(answer, BAD_GATEWAY)
    answer.check(answer.payload, "a diagnostic payload")


@pytest.mark.claim("itron-coap.proxy.unknown-device")
@pytest.mark.parametrize("form", FORMS)
def test_unknown_device_is_a_bad_gateway(gateway: Gateway, form: Form) -> None:
    """Well-formed, and nobody's."""
    _explained(gateway, gateway.host(NOBODY), form)


@pytest.mark.claim("itron-coap.proxy.unknown-host")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "change", ["other domain", "no domain", "no SSN", "short MAC", "long MAC", "no hex", "address"]
)
def test_host_of_another_form_is_a_bad_gateway(gateway: Gateway, mac: str, change: str, form: Form) -> None:
    """The Gateway leads to the mesh and nowhere else, not even on its own machine."""
    host = {
        "other domain": f"SSN{mac}.example.com",
        "no domain": f"SSN{mac}",
        "no SSN": f"{mac}.{gateway.domain}",
        "short MAC": gateway.host(mac[:-1]),
        "long MAC": gateway.host(mac + "0"),
        "no hex": gateway.host(mac[:-1] + "g"),
        "address": "127.0.0.1",
    }[change]
    _explained(gateway, host, form)


@pytest.mark.claim("itron-coap.proxy.other-tenant")
@pytest.mark.needs("second-tenant")
@pytest.mark.parametrize("form", FORMS)
def test_device_of_another_tenant_is_forbidden(stranger: Gateway, tokens: Tokens, mac: str, form: Form) -> None:
    """A session reaches its own tenant's devices."""
    stranger.opening(tokens.second())
    forms.refused(stranger.get(mac, "/snsr", form=form), FORBIDDEN)


@pytest.mark.claim("itron-coap.proxy.other-scheme")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scheme", ["http", "https", "coaps", "coap+tcp", "ftp"])
def test_other_schemes_are_not_proxied(gateway: Gateway, mac: str, scheme: str, form: Form) -> None:
    """By either form."""
    options = gateway.taken_apart(gateway.host(mac), "/snsr", scheme)
    if form == "Proxy-Uri":
        options = ((Option.PROXY_URI, gateway.uri(mac, "/snsr").replace("coap", scheme, 1).encode()),)
    forms.refused(gateway.ask(GET, *options), NO_PROXY)


# --- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-coap.option.hop-limit")
@pytest.mark.parametrize("form", FORMS)
def test_hop_limit_of_one_goes_no_further(gateway: Gateway, parrot: Board, form: Form) -> None:
    """The sensor that counts its reads has not been read."""
    _, before = forms.echo(gateway.get(parrot.mac, parrot.sens))
    forms.refused(gateway.get(parrot.mac, parrot.sens, (Option.HOP_LIMIT, b"\x01"), form=form), TOO_MANY_HOPS)
    _, after = forms.echo(gateway.get(parrot.mac, parrot.sens))
    assert after == before + 1, "the request was forwarded"


@pytest.mark.claim("itron-coap.option.hop-limit-enough")
@pytest.mark.parametrize("hops", [2, 16, 255])
def test_hop_limit_that_is_enough_changes_nothing(gateway: Gateway, mac: str, hops: int) -> None:
    """Libcoap's client sends 16."""
    forms.content(gateway.get(mac, "/snsr", (Option.HOP_LIMIT, bytes([hops]))), TEXT)


@pytest.mark.claim("itron-coap.option.hop-limit-zero")
def test_hop_limit_of_zero_is_a_bad_request(gateway: Gateway, mac: str) -> None:
    """No client may send it."""
    forms.refused(gateway.get(mac, "/snsr", (Option.HOP_LIMIT, b"\0")), BAD_REQUEST)


@pytest.mark.claim("itron-coap.option.unknown-critical")
@pytest.mark.parametrize("number", [9, 2_049, 2_051, 65_001])
def test_unknown_critical_option_is_refused(gateway: Gateway, mac: str, number: int) -> None:
    """On the way to a device, by the Gateway or the board, and by the Gateway where it is meant itself."""
    forms.refused(gateway.get(mac, "/snsr", (number, b"x")), BAD_OPTION)
    forms.refused(
        gateway.ask(GET, (Option.URI_PATH, b".well-known"), (Option.URI_PATH, b"core"), (number, b"")), "4.02"
    )


@pytest.mark.claim("itron-coap.option.unknown-critical-non")
def test_unknown_critical_option_without_confirmation_is_dropped(stranger: Gateway, token: str, mac: str) -> None:
    """Silently or by a reset; it is not carried out. On the way to a device the board would have to say so."""
    line = stranger.line
    forms.refused(stranger.get(mac, "/snsr"), UNAUTHORIZED)
    request = line.request(POST, *SESSIONS, (2_049, b"x"), payload=token.encode(), kind=Type.NON)
    line.send(request.encode())
    message = line.receive(0.5)
    assert message is None or (message.type, message.mid) == (Type.RST, request.mid), f"there came {told(message)}"
    forms.refused(stranger.get(mac, "/snsr"), UNAUTHORIZED)


@pytest.mark.claim("itron-coap.option.unknown-unsafe")
def test_unknown_option_that_is_unsafe_to_forward_is_refused(gateway: Gateway, mac: str) -> None:
    """Though it be elective."""
    forms.refused(gateway.get(mac, "/snsr", (2_050, b"x")), BAD_OPTION)


@pytest.mark.claim("itron-coap.option.unknown-elective")
@pytest.mark.parametrize("number", [2_048, 65_000])
def test_unknown_elective_option_changes_nothing(gateway: Gateway, mac: str, number: int) -> None:
    """One that is safe to forward."""
    forms.content(gateway.get(mac, "/snsr", (number, b"x")), TEXT)


@pytest.mark.claim("itron-coap.option.twice")
def test_critical_option_that_may_not_repeat_is_refused_when_it_does(gateway: Gateway, mac: str) -> None:
    """The second one counts as unknown."""
    forms.refused(gateway.get(mac, "/snsr", *gateway.to(mac, "/snsr")), BAD_OPTION)


@pytest.mark.claim("itron-coap.option.length")
@pytest.mark.parametrize("length", [0, _LONGEST_URI + 1])
def test_proxy_uri_of_a_wrong_length_counts_as_unknown(gateway: Gateway, mac: str, length: int) -> None:
    """It has 1 to 1034 bytes."""
    uri = gateway.uri(mac, "/snsr?").encode().ljust(length, b"x")[:length]
    forms.refused(gateway.ask(GET, (Option.PROXY_URI, uri)), BAD_OPTION)


@pytest.mark.claim("itron-coap.option.endpoint")
@pytest.mark.parametrize("value", [b"\x2a", b"\x01\x02\x03\x04"], ids=["one byte", "four bytes"])
def test_endpoint_id_comes_back(gateway: Gateway, mac: str, value: bytes) -> None:
    """124 in a request is 189 in its answer, as nCoAP has it."""
    answer = gateway.get(mac, "/snsr", (Option.ENDPOINT_1, value))
    forms.code(answer, CONTENT)
    answer.check(answer.message.values(Option.ENDPOINT_2) == [value], f"option 189 with {value.hex()}")


@pytest.mark.claim("itron-coap.option.no-endpoint")
def test_endpoint_id_is_given_to_nobody_who_sent_none(gateway: Gateway, mac: str) -> None:
    """It is critical: a client that does not know it would have to drop the answer."""
    answer = gateway.get(mac, "/snsr")
    answer.check(not answer.message.values(Option.ENDPOINT_2), "no option 189")
