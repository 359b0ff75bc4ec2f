"""The payloads of alerts: the vendor's samples, anything at all, and whether our reading and asyncapi.yaml agree."""

from __future__ import annotations

import base64
import re
import struct
from typing import Any

import cbor2
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vendorlab.contracts.itron.mqtt import payloads
from vendorlab.contracts.itron.mqtt.description import Topic, description
from vendorlab.contracts.itron.mqtt.payloads import PayloadError

TEMPERATURE = bytes.fromhex("a2006474656d700172313534303538343938322c37322e35302c46")
METHANE = bytes.fromhex("a200666e636d74683101781a32322f30352f31382f31362f31312f30302c742c31302c6c766c")
TILT = bytes.fromhex("a200646c6e696301582557d8981400011a76001910000200010209670003014c00050c00000130000002d00000023c")
SCHEMAS = description().document["components"]["schemas"]
TEXTS = {"temp": "temperatureText", "echo": "echoText", "ncmth1": "methaneText"}
READERS = {
    "temp": payloads.temperature,
    "echo": payloads.echo,
    "ncmth1": payloads.methane,
    "lnic": payloads.tilt,
}


def wrapped(sensor: Any, said: Any) -> bytes:
    return cbor2.dumps({0: sensor, 1: said})


def reads(content: bytes, sensor: str | None = None) -> bool:
    try:
        payloads.read(content, sensor)
    except PayloadError:
        return False
    return True


# --- the vendor's samples --------------------------------------------------------------------------------------------


def test_temperature_is_read() -> None:
    found = payloads.read(TEMPERATURE)
    assert (found.sensor, found.second) == ("temp", 1_540_584_982)
    assert found.values == {"temperature": "72.50", "unit": "F"}


def test_methane_is_read() -> None:
    found = payloads.read(METHANE)
    assert (found.sensor, found.second) == ("ncmth1", 1_527_005_460)
    assert found.values == {"gas": "10", "states": []}


def test_tilt_is_read() -> None:
    found = payloads.read(TILT)
    assert (found.sensor, found.second) == ("lnic", 0x57D89814)
    assert found.values["items"] == {1: b"\x09\x67", 3: b"\x4c", 5: struct.pack(">iii", 304, 720, 572)}


def test_text_without_the_map_is_read_as_its_sensors() -> None:
    found = payloads.read(b"1540584982,72.50,F", "temp")
    assert (found.sensor, found.second) == (None, 1_540_584_982)
    assert payloads.read(b"anything", "mine").values == {}


@pytest.mark.parametrize("content", [TEMPERATURE, METHANE, TILT, wrapped("echo", "Hello World: 1"), b"1,2.00,C"])
def test_samples_are_as_described(content: bytes) -> None:
    assert description().trouble(content) is None


def test_examples_of_the_description_are_its_samples() -> None:
    messages = description().document["components"]["messages"]
    examples = [each["examples"][0]["payload"] for each in messages.values() if "examples" in each]
    said = [payloads.json_form(each) for each in (TEMPERATURE, wrapped("echo", "Hello World: 1"), METHANE, TILT)]
    assert examples == said


# --- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"\xa2\x00",
        TEMPERATURE + b"\x00",
        TEMPERATURE[:-1],
        cbor2.dumps({0: "temp"}),
        cbor2.dumps({0: "temp", 1: "1,2.00,C", 2: 3}),
        cbor2.dumps({0: "temp", 2: "1,2.00,C"}),
        b"\xa2\x00\x64temp\x00\x61a",
        wrapped(5, "1,2.00,C"),
        wrapped("temp", 5),
        wrapped("temp", b"1,2.00,C"),
        wrapped("temp", "1,2,C"),
        wrapped("temp", "1,2.00,K"),
        wrapped("temp", "1,2.00,C\n"),
        wrapped("echo", "one"),
        wrapped("ncmth1", "10"),
        wrapped("ncmth1", "10,lvl,"),
        wrapped("ncmth1", "10,lvl,22/05/18/16/11/00,t"),
        wrapped("ncmth1", "32/05/18/16/11/00,t"),
        wrapped("lnic", "text"),
        wrapped("lnic", b""),
        wrapped("lnic", payloads.read_any(TILT).said[:-1]),
    ],
)
def test_wrong_payload_is_wrong_to_reader_or_description(content: bytes) -> None:
    assert not reads(content, "temp") or description().trouble(content) is not None


def test_bytes_where_text_is_described_are_told() -> None:
    assert description().trouble(wrapped("temp", b"1,2.00,C")) == "temperature is text, not bytes"
    assert description().trouble(wrapped("lnic", "text")) == "tilt is bytes, not text"


# --- agreement -------------------------------------------------------------------------------------------------------

NUMBERS = st.integers(0, 2**40).map(str)
AS_DESCRIBED: list[st.SearchStrategy[str]] = [st.from_regex(SCHEMAS[each]["pattern"]) for each in TEXTS.values()]
WORDS = st.sampled_from(["10", "lvl", "503", "h", "OK", "s", "LB", "t", "22/05/18/16/11/00"])
SAID = st.one_of(
    st.text(max_size=30),
    st.binary(max_size=40),
    *AS_DESCRIBED,
    st.tuples(NUMBERS, st.decimals(-200, 400, places=2).map(str), st.sampled_from("CFK")).map(",".join),
    st.lists(WORDS).map(",".join),
)


@given(st.sampled_from(sorted(TEXTS)), SAID)
def test_reader_and_description_agree_about_text(sensor: str, said: str | bytes) -> None:
    """But for days that the calendar does not have, which a pattern cannot tell."""
    content = wrapped(sensor, said)
    assume(not (sensor == "ncmth1" and isinstance(said, str) and re.match(r"(29|30|31)/", said)))
    assert reads(content) == (description().trouble(content) is None)


@given(st.binary(max_size=60))
def test_whatever_the_reader_takes_for_a_tilt_is_as_described(said: bytes) -> None:
    content = wrapped("lnic", said)
    assert not reads(content) or description().trouble(content) is None


ITEM = st.sampled_from([(1, 2), (2, 12), (3, 1), (4, 4), (5, 12), (6, 5)]).flatmap(
    lambda one: st.binary(min_size=one[1], max_size=one[1]).map(lambda value: (one[0], value))
)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.lists(ITEM, max_size=4)), min_size=1, max_size=3))
def test_tilt_is_read_to_its_last_item(files: list[tuple[int, list[tuple[int, bytes]]]]) -> None:
    said = b""
    for second, items in files:
        data = b"".join(struct.pack(">HB", tag, len(value)) + value for tag, value in items)
        said += struct.pack(">IIHHB", second, 7, len(data) + 1, 0, 1) + data
    read, values = payloads.tilt(said)
    assert read == files[0][0]
    assert values["items"] == {tag: value for _, items in files for tag, value in items}
    assert description().trouble(wrapped("lnic", said)) is None


@given(st.binary(max_size=80), st.none() | st.sampled_from(sorted(READERS)))
def test_any_bytes_are_read_or_refused_and_nothing_else(content: bytes, sensor: str | None) -> None:
    for each in (content, payloads.WRAPPED + content):
        reads(each, sensor)
        description().trouble(each)


@given(st.text("TN0123456789abcdefssni/", max_size=60), st.text(max_size=20), st.text(max_size=20))
def test_topic_is_read_back_as_its_levels(tenant: str, mac: str, sensor: str) -> None:
    found = description().topic(description().filter(tenant, mac, sensor))
    assert found is None or found == Topic(tenant, mac, sensor)


@pytest.mark.parametrize(
    ("topic", "right"),
    [
        ("TN0a-1/alert/001350050047dd92/temp", True),
        ("ssni/alert/001350050047dd92/lnic", True),
        ("ssni/alert/001350050047DD92/lnic", False),
        ("ssni/alerts/001350050047dd92/lnic", False),
        ("ssni/alert/001350050047dd9/lnic", False),
        ("ssni/alert/001350050047dd92/", False),
        ("ssni/alert/001350050047dd92/a/b", False),
        ("ssni/alert/001350050047dd92/sixteencharacter", False),
        ("acme/alert/001350050047dd92/temp", False),
    ],
)
def test_topic_has_the_described_form(topic: str, right: bool) -> None:
    assert (description().topic(topic) is not None) is right


def test_json_form_has_bytes_in_base64url_without_padding() -> None:
    shown = payloads.json_form(wrapped("lnic", b"\xfb\xff\xfe\x01"))["1"]
    assert shown == "-__-AQ"
    assert base64.urlsafe_b64decode(shown + "==") == b"\xfb\xff\xfe\x01"
