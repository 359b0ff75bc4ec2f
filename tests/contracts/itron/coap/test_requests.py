"""The requests of the Gateway's suite, and its reading of what sensors send."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.claims import load_claims
from vendorlab.contracts.core.coap.line import Answer, Heard
from vendorlab.contracts.core.coap.message import Message, Option, Type
from vendorlab.contracts.core.coap.resources import Resources
from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.target import Target
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.boards import read_macs
from vendorlab.contracts.itron.coap.gateway import Gateway
from vendorlab.contracts.itron.coap.test_local import links
from vendorlab.contracts.itron.coap.test_observe import following

MAC = "001350050047dd92"
ASKED = Message(Type.CON, "0.01", 1)
TABLE = Resources.find("itron-coap")


def answered(payload: bytes, kind: bytes | None = b"\x3c", code: str = "2.05") -> Answer:
    options = () if kind is None else ((Option.CONTENT_FORMAT.value, kind),)
    return Answer(ASKED, Message(Type.ACK, code, 1, b"", options, payload))


def wrapped(key: str, inner: str | bytes) -> Answer:
    return answered(cbor2.dumps({0: key, 1: inner}))


def test_every_row_names_claims_and_no_two_rows_have_one_name() -> None:
    assert TABLE is not None
    claims = {claim.id for claim in load_claims("itron-coap")}
    assert len({row.name for row in TABLE.operations}) == len(TABLE.operations)
    for row in TABLE.operations:
        assert row.claims, f"{row.name} names no claim"
        assert set(row.claims) <= claims, row.name


def test_device_is_named_in_either_form() -> None:
    assert TABLE is not None
    access = Access(Target("itron-coap", "coap://127.0.0.1:5683", {"domain": "mesh.example.com"}))
    gateway = Gateway(access, Heard(), TABLE)
    assert gateway.to(MAC, "/snsr/arduino/temp?sens") == (
        (Option.PROXY_URI, f"coap://SSN{MAC}.mesh.example.com:4849/snsr/arduino/temp?sens".encode()),
    )
    assert gateway.to(MAC, "/snsr/arduino/temp?cfg=C", "Proxy-Scheme") == (
        (Option.PROXY_SCHEME, b"coap"),
        (Option.URI_HOST, f"SSN{MAC}.mesh.example.com".encode()),
        (Option.URI_PORT, b"\x12\xf1"),
        (Option.URI_PATH, b"snsr"),
        (Option.URI_PATH, b"arduino"),
        (Option.URI_PATH, b"temp"),
        (Option.URI_QUERY, b"cfg=C"),
    )
    assert gateway.to(MAC, "/", "Proxy-Scheme")[3:] == ()
    gateway.leave()
    access.close()


@pytest.mark.parametrize("text", [f"{MAC},00135005000000AB", f"{MAC} 00135005000000AB", f" {MAC}, 00135005000000AB\n"])
def test_macs_are_read_with_commas_or_blanks_between(text: str) -> None:
    assert read_macs(text) == [MAC, "00135005000000AB"]


@pytest.mark.parametrize("text", ["", ",", MAC[:-1], f"{MAC}0", f"{MAC};{MAC}", "00:13:50:05:00:47:dd:92"])
def test_what_is_no_mac_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="16 hexadecimal digits"):
        read_macs(text)


# --- payloads --------------------------------------------------------------------------------------------------------


def test_vendors_own_data_are_read() -> None:
    reading = answered(bytes.fromhex("a2006474656d700172313534303538343938322c37322e35302c46"))
    assert forms.temperature(reading) == forms.Temperature(1_540_584_982, 7_250, "F")
    assert forms.unit(answered(bytes.fromhex("a2006474656d70016c313534303538343938322c46"))) == "F"
    forms.methane(
        answered(bytes.fromhex("A200666E636D74683101781A32322F30352F31382F31362F31312F30302C742C31302C6C766C"))
    )
    assert forms.tilt(
        answered(
            bytes.fromhex(
                "a200646c6e696301582557d8981400011a76001910000200010209670003014c00050c00000130000002d00000023c"
            )
        )
    ) == [{1: b"\x09\x67", 3: b"\x4c", 5: bytes.fromhex("00000130000002d00000023c")}]


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "1540584982,72.5,F",
        "1540584982,72.50,K",
        "0x5bd37196,72.50,F",
        "1540584982, 72.50,F",
        "-1,72.50,F",
        b"1,1.00,F",
    ],
)
def test_temperature_of_another_form_is_the_targets_fault(inner: str | bytes) -> None:
    with pytest.raises(AssertionError, match="expected"):
        forms.temperature(wrapped("temp", inner))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"x",
        b"1540584982,72.50,F",
        cbor2.dumps({0: "temp"}),
        cbor2.dumps({0: "temp", 1: 3}),
        cbor2.dumps({0: 3, 1: "x"}),
        cbor2.dumps({0: "temp", 1: "x", 2: "y"}),
        cbor2.dumps({"0": "temp", "1": "x"}),
        cbor2.dumps(["temp", "x"]),
        cbor2.dumps({0: "temp", 1: "x"}) + b"x",
    ],
)
def test_what_is_in_no_wrapper_is_the_targets_fault(payload: bytes) -> None:
    assert forms.unwrapped(payload) is None
    with pytest.raises(AssertionError, match="a map in CBOR"):
        forms.wrapped(answered(payload))


@given(st.binary(max_size=80))
def test_bytes_are_in_a_wrapper_or_not(payload: bytes) -> None:
    forms.unwrapped(payload)


@given(st.binary(max_size=80))
def test_bytes_are_files_of_records_or_the_targets_fault(inner: bytes) -> None:
    try:
        found = forms.tilt(wrapped("lnic", inner))
    except AssertionError:
        return
    assert found


@pytest.mark.parametrize(("key", "kind"), [("echo", b"\x3c"), ("temp", b"\x2a"), ("temp", None)])
def test_wrapper_of_another_sensor_or_format_is_the_targets_fault(key: str, kind: bytes | None) -> None:
    with pytest.raises(AssertionError, match="expected"):
        forms.wrapped(answered(cbor2.dumps({0: key, 1: "x"}), kind), "temp")


def test_echo_has_a_string_and_a_count() -> None:
    assert forms.echo(wrapped("echo", "Hello World: 12")) == ("Hello World:", 12)
    with pytest.raises(AssertionError, match="a string, a blank and a number"):
        forms.echo(wrapped("echo", "Hello"))


@pytest.mark.parametrize(
    "inner", ["", "22/05/18/16/11/00,t", "10,lvl", "22/05/18/16/11/00,t,10", "22/05/18/16/11/00,t,x,lvl"]
)
def test_methane_of_another_form_is_the_targets_fault(inner: str) -> None:
    with pytest.raises(AssertionError, match="a time and pairs"):
        forms.methane(wrapped("ncmth1", inner))


def test_refusal_may_say_why_in_text_alone() -> None:
    forms.refused(answered(b"why", None, "4.01"), "4.01", "4.03")
    with pytest.raises(AssertionError, match=r"4\.01 or 4\.03"):
        forms.refused(answered(b"why", None, "4.04"), "4.01", "4.03")
    with pytest.raises(AssertionError, match="UTF-8"):
        forms.refused(answered(b"\xff", None, "4.01"), "4.01")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('</sessions>;title="Sessions"', ["/sessions"]),
        ("</a>;ct=40,</b>", ["/a", "/b"]),
        ('</a>;title="a,b;c\\"d",</b>;obs', ["/a", "/b"]),
        ('</sys>;if="sys";title="System";ct=42;rev=1;,</arduino>', None),
        ("/sessions", None),
        ("</a>,", None),
        ("", None),
    ],
)
def test_links_are_read_or_not(text: str, found: list[str] | None) -> None:
    assert links(text) == found


def test_count_goes_on_behind_its_end() -> None:
    assert [following(each) for each in (3, 0xFFFFFE, 0xFFFFFF)] == [4, 0xFFFFFF, 2]
