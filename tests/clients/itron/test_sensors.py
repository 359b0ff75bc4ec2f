"""What sensors say: the public vectors, every form, and bytes that are none."""

from __future__ import annotations

import math
import struct
from contextlib import suppress
from datetime import UTC, datetime

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vendorlab.clients.itron.links import parse_links
from vendorlab.clients.itron.sensors import (
    EchoReading,
    MethaneReading,
    PlainReading,
    TemperatureReading,
    TiltAlert,
    TiltReading,
    decode,
    decode_config,
)

METHANE = bytes.fromhex("A200666E636D74683101781A32322F30352F31382F31362F31312F30302C742C31302C6C766C")
TILT = bytes.fromhex("a200646c6e696301582557d8981400011a76001910000200010209670003014c00050c00000130000002d00000023c")


def wrapped(key: str, value: str | bytes) -> bytes:
    return cbor2.dumps({0: key, 1: value})


def test_temperature_is_read_wrapped_and_not() -> None:
    expected = (TemperatureReading(datetime(2018, 10, 26, 20, 16, 22, tzinfo=UTC), 72.5, "F"),)
    assert decode(bytes.fromhex("a2006474656d700172313534303538343938322c37322e35302c46")) == expected
    assert decode(b"1540584982,72.50,F", "temp") == expected
    assert math.isclose(expected[0].celsius, 22.5)


def test_temperature_may_be_below_zero() -> None:
    (reading,) = decode(b"0,-3.25,C", "temp")
    assert isinstance(reading, TemperatureReading)
    assert (reading.celsius, reading.at) == (-3.25, datetime(1970, 1, 1, tzinfo=UTC))


def test_echo_is_a_text_and_a_count() -> None:
    assert decode(wrapped("echo", "Hello World: 1 12")) == (EchoReading("Hello World: 1", 12),)
    assert decode(b" 3", "echo") == (EchoReading("", 3),)


def test_public_methane_vector_is_read() -> None:
    assert decode(METHANE) == (MethaneReading(datetime(2018, 5, 22, 16, 11, tzinfo=UTC), 10),)


def test_methane_tells_all_that_it_may() -> None:
    (reading,) = decode(wrapped("ncmth1", "10,lvl,503,h,NG,s,LB,s,SF,s,R,s,7,x"))
    assert reading == MethaneReading(None, 10, 503, ("NG", "LB", "SF", "R"), {"x": "7"})
    assert isinstance(reading, MethaneReading)
    assert (reading.healthy, reading.battery_low, reading.failed, reading.was_reset) == (False, True, True, True)


def test_public_tilt_vector_is_read() -> None:
    (reading,) = decode(TILT)
    assert isinstance(reading, TiltReading)
    assert (reading.celsius, reading.humidity, reading.tilt) == (24.07, 76, (304, 720, 572))
    assert (reading.at.year, reading.sequence, reading.kind, reading.shock) == (2016, 72310, 2, None)


def test_tilt_files_may_be_several_with_alerts_and_unknown_items() -> None:
    items = struct.pack(">HBI", 4, 4, 5) + struct.pack(">HBh", 1, 2, -150) + b"\x00\x63\x01\xff"
    file = struct.pack(">IIHHB", 60, 9, len(items) + 1, 0, 3) + items
    first, second = decode(wrapped("lnic", file * 2))
    assert first == second
    assert isinstance(first, TiltReading)
    assert (first.alerts, first.celsius, first.other) == (
        TiltAlert.FREEFALL | TiltAlert.TILT_SET,
        -1.5,
        {0x63: b"\xff"},
    )


def test_sensor_of_ones_own_comes_as_it_is() -> None:
    assert decode(wrapped("rain", "5 mm")) == (PlainReading("rain", "5 mm"),)
    assert decode(wrapped("rain", b"\x05")) == (PlainReading("rain", b"\x05"),)
    assert decode(b"5 mm", "rain") == (PlainReading("rain", "5 mm"),)


def test_setting_may_lack_a_time() -> None:
    assert decode_config(b"Hello, world", "echo").value == "Hello, world"
    assert decode_config(wrapped("temp", "12,C")).at == datetime(1970, 1, 1, 0, 0, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "temp"),
        (b"\xa2\x00\x64temp", ""),
        (b"\xa1\x00\x64temp", ""),
        (cbor2.dumps({0: 1, 1: "x"}), ""),
        (cbor2.dumps({0: "temp", 1: 1}), ""),
        (cbor2.dumps({0: "temp", 1: "1,2,C", 2: ""}), ""),
        (wrapped("temp", "1,2,C") + b"\x00", ""),
        (wrapped("temp", "1,2,K"), ""),
        (wrapped("temp", "nan,2,C"), ""),
        (wrapped("temp", "1,nan,C"), ""),
        (wrapped("temp", "٣,2,C"), ""),
        (wrapped("temp", b"\xff"), ""),
        (wrapped("echo", "no count"), ""),
        (wrapped("ncmth1", "10"), ""),
        (wrapped("ncmth1", "99/99/99/99/99/99,t"), ""),
        (wrapped("ncmth1", "x,lvl"), ""),
        (wrapped("lnic", b""), ""),
        (wrapped("lnic", b"\x00" * 12), ""),
        (wrapped("lnic", struct.pack(">IIHHB", 0, 0, 0, 0, 0)), ""),
        (wrapped("lnic", struct.pack(">IIHHB", 0, 0, 9, 0, 0)), ""),
        (wrapped("lnic", struct.pack(">IIHHBHBB", 0, 0, 5, 0, 0, 3, 2, 0)), ""),
        (wrapped("lnic", struct.pack(">IIHHBHBBB", 0, 0, 6, 0, 0, 3, 2, 0, 0)), ""),
        (b"x" * 65_537, "echo"),
        (b"\xbf" * 5_000, ""),
        (b"\x81" * 5_000, "temp"),
    ],
)
def test_what_is_none_of_them_is_a_value_error(data: bytes, expected: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode(data, expected)


MAPS = st.dictionaries(
    st.integers(0, 2), st.text() | st.binary() | st.integers() | st.sampled_from(["temp", "echo", "ncmth1", "lnic"])
)


@given(
    data=st.binary(max_size=300) | st.text().map(str.encode) | MAPS.map(cbor2.dumps),
    expected=st.sampled_from(["", "temp", "echo", "ncmth1", "lnic", "rain"]),
)
@example(data=b"\xa2\x00\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00\x01\x60", expected="")
@example(data=b"\xa2\x00\xd8\x23\x61(\x01\x60", expected="")
@example(data=b"\xb9\xff\xff", expected="")
@example(data=b"\xa2\x00\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", expected="")
def test_any_bytes_are_readings_or_a_value_error(data: bytes, expected: str) -> None:
    for read in (decode, decode_config):
        with suppress(ValueError):
            assert read(data, expected)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2106, 1, 1)), st.integers(-40_00, 130_00), st.sampled_from("CF"))  # noqa: DTZ001
def test_temperatures_come_back_as_they_were_written(at: datetime, hundredths: int, unit: str) -> None:
    second, value = int(at.replace(tzinfo=UTC).timestamp()), hundredths / 100
    (reading,) = decode(wrapped("temp", f"{second},{value:.2f},{unit}"))
    assert reading == TemperatureReading(datetime.fromtimestamp(second, UTC), value, unit)


@given(st.text())
@example('<a>;b="c,<d>";e , <f>;;g=1;,')
def test_any_text_is_links(text: str) -> None:
    for link in parse_links(text):
        assert f"<{link.target}>" in text


@given(st.lists(st.tuples(st.from_regex(r"/[a-z/]{0,9}", fullmatch=True), st.lists(st.tuples(
    st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.none() | st.text(st.characters(codec="ascii"), max_size=9)
), max_size=3))))  # fmt: skip
def test_links_come_back_as_they_were_written(links: list[tuple[str, list[tuple[str, str | None]]]]) -> None:
    def quoted(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"')

    text = ",".join(
        f"<{target}>" + "".join(f";{name}" + ("" if value is None else f'="{quoted(value)}"') for name, value in found)
        for target, found in links
    )
    assert [(link.target, list(link.attributes)) for link in parse_links(text)] == links


def test_links_keep_their_attributes() -> None:
    (first, second) = parse_links('<a>;b="c,<d>";e , <f>;;g=1;,')
    assert (first.target, first.attributes) == ("a", (("b", "c,<d>"), ("e", None)))
    assert (second.get("g"), second.get("h")) == ("1", None)
