"""JSON as it was written: what counts, and what does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.itron.platform import raw

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        ("[ 1.0 , 1 ]", ["1.0", "1"]),
        ('[{"b": 1, "a": [2 , 3]}, "x, y"]', ['{"b":1,"a":[2,3]}', '"x, y"']),
        (r'["\u00e9", "é", "a \" ] b"]', [r'"\u00e9"', '"é"', r'"a \" ] b"']),
    ],
)
def test_elements_keep_everything_but_blanks(text: str, expected: list[str]) -> None:
    assert raw.elements(text) == expected


def test_members_keep_everything_but_blanks() -> None:
    assert raw.members(' { "a" : 1.10 , "b:c" : { "x" : [ ] } } ') == {"a": "1.10", "b:c": '{"x":[]}'}
    assert raw.members("{}") == {}


@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_blanks_are_all_that_is_lost(value: object, indent: int | str | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert raw.compact(text) == json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only)


@given(st.lists(JSON), st.sampled_from([None, 2]))
def test_elements_of_any_array_are_its_values(values: list[object], indent: int | None) -> None:
    assert [json.loads(each) for each in raw.elements(json.dumps(values, indent=indent))] == values


@given(st.dictionaries(st.text(), JSON), st.sampled_from([None, 2]))
def test_members_of_any_object_are_its_values(values: dict[str, object], indent: int | None) -> None:
    found = raw.members(json.dumps(values, indent=indent))
    assert {name: json.loads(text) for name, text in found.items()} == values
