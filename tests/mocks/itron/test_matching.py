"""When an observation meets a rule: operators, numbers in strings, paths, and whatever else people post."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.itron.matching import OPERATORS, ORDERS, find, holds, number, scalar
from vendorlab.mocks.itron.strictjson import members

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12)


def meets(found: Any, operator: str, value: Any) -> bool:
    """Whether JSON values stand in a relation; one that cannot be compared meets nothing."""
    one, other = scalar(json.dumps(found).encode()), scalar(json.dumps(value).encode())
    assert other is not None
    return one is not None and holds(one, operator, other)


@pytest.mark.parametrize(
    ("found", "met"),
    [
        (31, "gt gte ne"),
        (30, "gte lte eq"),
        (30.0, "gte lte eq"),
        (29.9, "lt lte ne"),
        ("31", "gt gte ne"),
        (" 30.00 ", "gte lte eq"),
        ("3e1", "gte lte eq"),
        ("31 C", "ne"),
        ("", "ne"),
        ("NaN", "ne"),
        ("0x20", "ne"),
        ("٣١", "ne"),
        (True, "ne"),
        (None, ""),
        ({}, ""),
        ([31], ""),
    ],
    ids=repr,
)
def test_operators_against_a_number(found: Any, met: str) -> None:
    assert {operator for operator in OPERATORS if meets(found, operator, 30)} == set(met.split())
    assert {operator for operator in OPERATORS if meets(found, operator, "30")} == set(met.split())


@pytest.mark.parametrize(
    ("found", "value", "equal"),
    [
        ("OK", "OK", True),
        ("ok", "OK", False),
        ("OK ", "OK", False),
        (True, True, True),
        (True, False, False),
        (True, 1, False),
        (1, True, False),
        ("true", True, False),
        (5, "OK", False),
    ],
)
def test_strings_and_booleans_are_equal_or_not(found: Any, value: Any, equal: bool) -> None:
    assert meets(found, "eq", value) is equal
    assert meets(found, "ne", value) is not equal
    assert not any(meets(found, operator, value) for operator in ORDERS)


@pytest.mark.parametrize(
    ("found", "operator", "value"),
    [
        ("0.1000000000000000000000001", "gt", "0.1"),
        ("9007199254740993", "gt", "9007199254740992"),
        ("1e400", "gt", "1e399"),
        ("-1e400", "lt", "0"),
        ("1.0", "eq", "1"),
        ("1e999999", "gt", "1" + "0" * 400),
    ],
)
def test_numbers_are_compared_exactly(found: str, operator: str, value: str) -> None:
    one, other = scalar(found.encode()), scalar(value.encode())
    assert one is not None
    assert other is not None
    assert holds(one, operator, other)


@pytest.mark.parametrize("text", ["1e99999999999999999999", '"1e99999999999999999999"'])
def test_number_beyond_all_bounds_is_none(text: str) -> None:
    found = scalar(text.encode())
    assert found is None or number(found) is None


@given(NUMBERS, NUMBERS)
def test_any_two_numbers_are_less_equal_or_greater(one: Decimal, other: Decimal) -> None:
    met = {operator for operator in OPERATORS if holds(one, operator, other)}
    expected = {
        -1: {"lt", "lte", "ne"},
        0: {"lte", "gte", "eq"},
        1: {"gt", "gte", "ne"},
    }[int(one.compare(other))]
    assert met == expected
    assert met == {operator for operator in OPERATORS if holds(str(one), operator, str(other))}


@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), st.lists))
def test_whatever_is_posted_meets_a_rule_or_does_not(found: Any) -> None:
    value = scalar(json.dumps(found).encode())
    if value is not None:
        assert holds(value, "eq", Decimal(3)) is not holds(value, "ne", Decimal(3))


@pytest.mark.parametrize(
    ("sensor", "expected"),
    [
        ("a", Decimal(1)),
        ("b.c", Decimal(2)),
        ("b.d.e", "x"),
        ("f.g", Decimal(3)),
        ("b", None),
        ("b.x", None),
        ("a.x", None),
        ("l.0", None),
        ("", None),
        (".", None),
        ("with blank", True),
    ],
)
def test_sensor_is_a_member_or_a_path_to_one(sensor: str, expected: Any) -> None:
    raw = b'{"a": 1, "b": {"c": 2, "d": {"e": "x"}}, "f.g": 3, "f": {"g": 4}, "l": [5], "with blank": true}'
    assert find(members(raw), sensor) == expected
