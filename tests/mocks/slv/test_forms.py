"""Dates, parameters, XML and JSON: properties over anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.slv.support import as_text, is_list, like

from vendorlab.mocks.core.web.message import FORM, Request
from vendorlab.mocks.slv.calls import MOST_PARAMETERS, Parameter, Style, Type, fields_of
from vendorlab.mocks.slv.dates import read_date, write_date
from vendorlab.mocks.slv.errors import InvalidParameter, MissingParameter, TooManyParameters
from vendorlab.mocks.slv.serial import Array, Map, to_json, to_xml

NEW_YORK = ZoneInfo("America/New_York")
ZONES = st.sampled_from([UTC, NEW_YORK, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")])
SECONDS = st.integers(86_400, 253_402_000_000)

# --- dates -----------------------------------------------------------------------------------------------------------


@given(SECONDS)
def test_date_is_read_as_it_was_written_in_both_forms(seconds: int) -> None:
    text = write_date(seconds, UTC)
    year, month, rest = text.split("-")
    day, time = rest.split(" ")
    assert read_date(text, UTC) == read_date(f"{day}/{month}/{year} {time}", UTC) == seconds


@given(SECONDS, ZONES)
def test_date_means_one_moment_in_any_zone_but_for_the_hour_that_comes_twice(seconds: int, zone: ZoneInfo) -> None:
    again = read_date(write_date(seconds, zone), zone)
    assert write_date(again, zone) == write_date(seconds, zone)
    assert seconds - again in (0, 3_600)


def test_summer_time_is_kept() -> None:
    assert write_date(read_date("2026-07-01 12:00:00", NEW_YORK), UTC) == "2026-07-01 16:00:00"
    assert write_date(read_date("01/12/2026 12:00:00", NEW_YORK), UTC) == "2026-12-01 17:00:00"
    # The hour that comes twice is the first one, and one that is left out is later by the gap.
    assert write_date(read_date("2026-11-01 01:30:00", NEW_YORK), UTC) == "2026-11-01 05:30:00"
    assert write_date(read_date("2026-03-08 02:30:00", NEW_YORK), NEW_YORK) == "2026-03-08 03:30:00"


@given(st.text(max_size=30))
def test_any_other_text_is_no_date(text: str) -> None:
    try:
        seconds = read_date(text, UTC)
    except ValueError:
        return
    assert write_date(seconds, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "1969-12-31 23:59:59",
        "2026-02-29 00:00:00",
        "29/02/2026 00:00:00",
        "2026-11-21 24:00:00",
        "2026-11-21 00:00",
        "2026-11-21  00:00:00",
        " 2026-11-21 00:00:00",
        "2026-11-21 00:00:00 ",
        "2026-11-21 00:00:00\n",
        "٢٠٢٦-11-21 00:00:00",
        "11/21/2026 00:00:00",
        "0000-01-01 00:00:00",
        "9999-12-31 23:59:59",
    ],
)
def test_near_misses_are_no_dates(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_date(text, UTC)


def test_date_is_never_written_beyond_what_there_is() -> None:
    assert write_date(-5, UTC) == "1970-01-01 00:00:00"
    assert write_date(10**12, ZoneInfo("Pacific/Kiritimati")).startswith("9999-12-31")


# --- trees -----------------------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9.]{0,12}", fullmatch=True)
WRITABLE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("\t\n\r<>&\"'"))
LEAVES = (
    WRITABLE
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.none()
)
TREES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.dictionaries(NAMES, inner, max_size=4)
        | st.builds(Array, NAMES, st.lists(inner, max_size=4))
        | st.builds(Map, st.dictionaries(WRITABLE.map(lambda text: f"[{text}"), WRITABLE, min_size=1, max_size=3))
    ),
    max_leaves=12,
)


@given(NAMES, TREES)
def test_xml_and_json_of_a_tree_say_the_same(root: str, tree: Any) -> None:
    as_json = json.loads(to_json(tree))
    assert as_json == plain(tree)
    element = ElementTree.fromstring(to_xml(root, tree))
    assert element.tag == root
    if tree is not None:
        assert like(element, tree) == as_text(tree)


def plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        members = cast("dict[str, Any]", tree)
        return {key: plain(value) for key, value in members.items()}
    return [plain(item) for item in tree] if is_list(tree) else tree


@given(st.text(st.characters(codec="utf-8")))
def test_no_text_breaks_the_xml(text: str) -> None:
    element = ElementTree.fromstring(to_xml("string", text))
    assert len(element.text or "") == len(text)


def test_what_xml_cannot_write_is_replaced() -> None:
    assert (
        to_xml("string", "a\x00\x1b\ufffe")
        == '<?xml version="1.0" encoding="UTF-8"?>\n<string>a\ufffd\ufffd\ufffd</string>'.encode()
    )


def test_empty_list_is_the_root_alone() -> None:
    assert list(ElementTree.fromstring(to_xml("SLVDevice-array", Array("SLVDevice")))) == []


def test_order_and_nulls_of_an_array_are_kept() -> None:
    assert to_xml("a", Array("b", [1, None, "x"])).endswith(b"<a><b>1</b><null/><b>x</b></a>")


# --- parameters ------------------------------------------------------------------------------------------------------

PAIRS = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=20)


@given(PAIRS, PAIRS)
def test_fields_are_those_of_the_query_and_then_those_of_the_form(query: Any, form: Any) -> None:
    body = urlencode(form).encode()
    fields, rest = fields_of(Request("POST", "/", urlencode(query), {"content-type": FORM}, body))
    expected: dict[str, list[str]] = {}
    for name, value in query + form:
        expected.setdefault(name, []).append(value)
    assert (fields, rest) == (expected, "")


@given(st.text(max_size=200), st.binary(max_size=200))
def test_no_query_and_no_body_break_anything(query: str, body: bytes) -> None:
    fields_of(Request("POST", "/", query, {"content-type": FORM}, body))
    assert fields_of(Request("POST", "/", query, {}, body))[1] == body.decode("utf-8", "replace")


def test_parameters_are_bounded() -> None:
    half = "&".join("a=1" for _ in range(MOST_PARAMETERS // 2))
    form = {"content-type": FORM}
    assert len(fields_of(Request("POST", "/", half, form, half.encode()))[0]["a"]) == MOST_PARAMETERS
    for query, body in ((f"{half}&b=1", half), (f"{half}&{half}&b=1", "")):
        with pytest.raises(TooManyParameters):
            fields_of(Request("POST", "/", query, form, body.encode()))


@given(st.sampled_from(list(Type)), st.text(max_size=25))
def test_value_of_a_parameter_is_read_or_refused(kind: Type, text: str) -> None:
    parameter = Parameter(name="x", type=kind)
    try:
        found = parameter.read({"x": [text]}, Style.PATH, UTC)
    except InvalidParameter:
        return
    assert isinstance(found, {"string": str, "int": int, "double": float, "boolean": bool, "date": int}[kind.value])


def test_repeated_parameter_is_a_list_and_otherwise_the_first_counts() -> None:
    fields = {"x": ["1", "2"], "also": ["3"]}
    one = Parameter(name="x", type=Type.INT)
    many = Parameter(name="x", type=Type.INT, many=True, also=("also",))
    assert one.read(fields, Style.PATH, UTC) == 1
    assert many.read(fields, Style.SERVLET, UTC) == [1, 2, 3]
    with pytest.raises(MissingParameter):
        many.read({}, Style.PATH, UTC)
    assert Parameter(name="x", many=True, required=False).read({}, Style.PATH, UTC) == []


def test_moments_of_the_world_are_within_what_can_be_written() -> None:
    for year in (1970, 9999):
        seconds = int(datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
        assert write_date(seconds, NEW_YORK).startswith(str(year))
