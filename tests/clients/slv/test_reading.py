"""Both forms of answers: safe, strict, and alike."""

from __future__ import annotations

import contextlib
import json
import string
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.slv.fake_vendor import LAMP, LOGIN_PAGE, OTHER_PAGE, xml

from vendorlab.clients.core.errors import NotJson, OperationFailed, UnexpectedResponse
from vendorlab.clients.core.steps import Call
from vendorlab.clients.slv.reading import is_login_page, is_page, plain, plain_text, read
from vendorlab.clients.slv.wire import read_devices

CALL = Call("GET", "/reports/api/asset/getGeozoneDevices")
XML_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20)
NUMBERS = st.floats(-180, 180, allow_nan=False) | st.integers(-180, 180)


def answer(content: str | bytes, kind: str = "application/json") -> httpx.Response:
    return httpx.Response(200, content=content, headers={"Content-Type": kind})


DEVICES = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(0, 10**12),
            "name": XML_TEXT,
            "controllerStrId": XML_TEXT,
            "idOnController": XML_TEXT,
            "categoryStrId": XML_TEXT,
            "address": st.none() | XML_TEXT,
            "modelName": st.none() | XML_TEXT,
            "geoZoneId": st.none() | st.integers(0, 10**9),
            "lat": st.none() | NUMBERS,
            "lng": st.none() | NUMBERS,
            "properties": st.none()
            | st.lists(
                st.fixed_dictionaries({"key": XML_TEXT, "value": st.none() | XML_TEXT | NUMBERS | st.booleans()})
            ),
        }
    ),
    max_size=4,
)


@given(DEVICES)
def test_devices_are_the_same_in_either_form(devices: list[dict[str, Any]]) -> None:
    from_json = read_devices(read(answer(json.dumps(devices)), CALL))
    text = xml(devices, "SLVDevice-array", "SLVDevice")
    assert read_devices(read(answer(text, "text/xml"), CALL)) == from_json
    assert [device.id for device in from_json] == [device["id"] for device in devices]


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | st.text("<>/!?&;x ", max_size=40).map(str.encode)
)
def test_whatever_comes_is_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(NotJson, UnexpectedResponse, OperationFailed):
        read_devices(read(answer(content, "text/xml"), CALL))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "name", "errorCode", "status", "value", "properties", *LAMP]), inner, max_size=6
        )
    ),
)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    for body in (json.dumps(value), json.dumps([LAMP | value] if isinstance(value, dict) else [value])):
        try:
            found = read_devices(read(answer(body), CALL))
        except (UnexpectedResponse, OperationFailed):
            continue
        assert all(isinstance(device.id, int) for device in found)


NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=5)  # "string" is the name of a class
TREES = st.recursive(XML_TEXT.filter(str.strip), lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=4))


@given(TREES)
def test_unknown_xml_becomes_plain_objects_and_text(tree: Any) -> None:
    assert plain(read(answer(xml(tree, "root")), CALL)) == tree


def test_unknown_xml_becomes_lists_where_classes_or_repeats_say_so() -> None:
    text = "<r><a><SLVKey>1</SLVKey></a><b><x>1</x><x>2</x></b><c><com.dotv.Thing><n>1</n></com.dotv.Thing></c><d/></r>"
    assert plain(read(answer(text), CALL)) == {"a": ["1"], "b": ["1", "2"], "c": [{"n": "1"}], "d": ""}


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;">]><string>&c;</string>'
OUTSIDE = '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/hostname">]><string>&x;</string>'


@pytest.mark.parametrize(
    "text",
    [
        BOMB, OUTSIDE, "<!DOCTYPE string><string>OK</string>", "<string>OK", "<a><b></a></b>", "", "   ", "\x00",
        '<?xml version="1.0" encoding="x-none"?><string>OK</string>', "[" * 100_000, '{"a":' * 100_000,
        "<string>&nbsp;</string>", "nonsense", "{",
    ],
    ids=lambda text: repr(text[:24]),
)  # fmt: skip
def test_what_is_neither_json_nor_safe_xml_is_refused(text: str) -> None:
    with pytest.raises(NotJson, match=r"neither JSON nor (safe )?XML") as caught:
        read(answer(text, "text/xml"), CALL)
    assert caught.value.__context__ is None or "aaaa" not in str(caught.value.__context__)


def test_xml_of_any_depth_does_no_harm() -> None:
    depth = 50_000
    node = read(answer("<a>" * depth + "</a>" * depth, "text/xml"), CALL)
    with pytest.raises(UnexpectedResponse, match="nested too deeply"):
        plain(node)


@pytest.mark.parametrize("kind", ["text/xml", "application/xml;charset=utf-8", "text/plain", ""])
@pytest.mark.parametrize(
    "content", ['\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<string>é</string>', '\ufeff"é"', ' \n"é"']
)
def test_form_goes_by_what_is_there(content: str, kind: str) -> None:
    assert read(answer(content.encode(), kind), CALL).text() == "é"


@pytest.mark.parametrize(
    ("content", "kind", "is_one", "is_login"),
    [
        (LOGIN_PAGE, "text/html", True, True),
        (LOGIN_PAGE, "text/plain", True, True),
        ('<?xml version="1.0"?><!DOCTYPE html SYSTEM "x"><INPUT TYPE = password>', "text/html", True, True),
        (OTHER_PAGE, "text/html;charset=utf-8", True, False),
        ("\ufeff\r\n <HTML>", "application/octet-stream", True, False),
        ("<div>j_password</div>", "text/html", True, True),
        ("<string>j_password</string>", "text/xml", False, False),
        ('{"a": "<html> j_password"}', "text/html", False, False),
        ("", "text/html", False, False),
    ],
)  # fmt: skip
def test_page_is_told_from_data_and_login_page_from_page(content: str, kind: str, is_one: bool, is_login: bool) -> None:
    response = answer(content.encode(), kind)
    assert (is_page(response), is_login_page(response)) == (is_one, is_login)


def test_empty_xml_lists_and_objects_are_read() -> None:
    assert read_devices(read(answer("<SLVDevice-array/>"), CALL)) == []
    assert read_devices(read(answer("<value><SLVDevice-array/></value>"), CALL)) == []


@pytest.mark.parametrize(("text", "what"), [("<a>x</a>", "a list"), ("<a><SLVDevice>x</SLVDevice></a>", "an object")])
def test_text_is_no_list_and_no_object(text: str, what: str) -> None:
    with pytest.raises(UnexpectedResponse, match=f"expected {what}, got text"):
        read_devices(read(answer(text), CALL))


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("text", ["yes", "", "1", "truee"])
def test_boolean_is_true_or_false(form: str, text: str) -> None:
    node = read(answer(json.dumps({"is": text}) if form == "json" else f"<r><is>{text}</is></r>"), CALL)
    with pytest.raises(UnexpectedResponse, match="is: expected a boolean"):
        node.member("is").boolean()


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("text", ["1_0", "٣", "0x1", "1e5000", "nan", "inf", "", "1" * 40, " "])
def test_number_is_made_of_plain_digits(form: str, text: str) -> None:
    node = read(answer(json.dumps({"n": text}) if form == "json" else f"<r><n>{text}</n></r>"), CALL)
    with pytest.raises(UnexpectedResponse, match="n: expected an integer"):
        node.member("n").integer()


def test_plain_text_is_told_by_its_first_line_and_no_more() -> None:
    assert plain_text(answer("x" * 500 + "\nat com.dotv", "text/plain;charset=utf-8")) == "x" * 200
    assert plain_text(answer("a\x1b[31mb", "text/plain")) == ""
    assert plain_text(answer("<html>", "text/html")) == ""
