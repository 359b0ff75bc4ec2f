"""Free-form values: whatever is written is read back exactly, and what is no JSON is refused by name."""

from __future__ import annotations

import json
from decimal import Decimal
from enum import IntEnum, StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vendorlab.clients.core.reading import is_list, is_object
from vendorlab.clients.itron import UsageError
from vendorlab.clients.itron.values import batches, encode, items_of, parse

FINITE = st.floats(allow_nan=False, allow_infinity=False)
EXACT = st.decimals(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers() | FINITE | EXACT | st.text(st.characters())
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)
LITERALS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)


def plain(value: Any) -> Any:
    """Give a value with every fraction as the decimal number that it prints as."""
    match value:
        case float():
            return Decimal(repr(value))
        case _ if is_list(value):
            return [plain(item) for item in value]
        case _ if is_object(value):
            return {name: plain(item) for name, item in value.items()}
        case _:
            return value


@given(VALUES)
@example(10**5_000)
@example(-(10**4_500))
@example("\ud800")
@example(Decimal("1E+400"))
@example(Decimal("0E-50"))
@example({"a key with spaces": {"1": [1, 2.5, Decimal("0.1")]}})
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    text = encode(value, "value")
    assert text.isascii()
    assert plain(parse(text)) == plain(value)


@given(LITERALS)
@example("1e400")
@example("1e-400")
@example("0.1234567890123456789")
@example("-0")
@example("12345678901234567890123")
def test_number_is_exactly_what_was_written(text: str) -> None:
    number = parse(text)
    assert type(number) in (int, float, Decimal)
    assert Decimal(repr(number) if isinstance(number, float) else number) == Decimal(text)
    assert Decimal(encode(number, "value")) == Decimal(text)


@pytest.mark.parametrize(("text", "number"), [("21.8", 21.8), ("51", 51), ("1.0", 1.0), ("-4.5e3", -4_500.0)])
def test_ordinary_number_is_an_ordinary_number(text: str, number: float) -> None:
    assert (parse(text), type(parse(text))) == (number, type(number))


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "[1,]", "", "01", "1e99999999999999999999", "{'a':1}"]
)
def test_what_is_no_json_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse(text)


class Level(IntEnum):
    HIGH = 3


class Word(StrEnum):
    OK = "OK"


def test_kinds_of_numbers_texts_and_mappings_are_written() -> None:
    value = MappingProxyType({"level": Level.HIGH, "word": Word.OK, "pair": (1, True), "none": None})
    assert encode(value, "value") == '{"level":3,"word":"OK","pair":[1,true],"none":null}'


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [1, {"b": float("nan")}]}, "value.a[1].b"),
        (float("inf"), "value"),
        (Decimal("NaN"), "value"),
        (Decimal("-Infinity"), "value"),
        ({"a": {1, 2}}, "value.a"),
        ([b"bytes"], "value[0]"),
        ({1: 2}, "value"),
        (object(), "value"),
    ],
)
def test_what_is_no_json_is_refused_by_its_place(value: Any, place: str) -> None:
    with pytest.raises(UsageError) as caught:
        encode(value, "value")
    assert str(caught.value).startswith(f"{place}: ")


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(UsageError, match="nested"):
        encode(value, "value")


# Lists with the text of their items


SPACE = st.text(" \t\r\n", max_size=3)


@given(items=st.lists(VALUES, max_size=5), other=VALUES, space=SPACE, spaced=st.booleans())
def test_items_come_with_the_text_they_were_written_in(items: list[Any], other: Any, space: str, spaced: bool) -> None:
    texts = [encode(item, "item") for item in items]
    inner = f"{space},{space}".join(texts)
    before = f'{space}"before"{space}:{space}{encode(other, "other")},' if spaced else ""
    text = f'{space}{{{before}{space}"observations"{space}:{space}[{space}{inner}{space}]{space}}}{space}'
    found = items_of(text, "observations")
    assert found is not None
    assert [(plain(item), raw) for item, raw in found] == list(zip(map(plain, items), texts, strict=True))
    assert items_of(text, "elsewhere") is None


@given(VALUES)
def test_json_of_any_other_shape_has_no_items(value: Any) -> None:
    assert items_of(encode({"observations": {"x": value}}, "value"), "observations") is None
    if not isinstance(value, dict):
        assert items_of(encode(value, "value"), "observations") is None


def float_of_json(word: str) -> float:
    raise ValueError(word)


@given(st.text(st.sampled_from('{}[],:"1 observations\\nul.e-'), max_size=40) | st.text())
@example('{"observations":[1,]}')
@example('{"observations":[1 2]}')
@example('{"observations":[]} x')
@example('{"observations":[]')
@example('{"observations" []}')
@example('{,"observations":[]}')
@example('{"observations":[],}')
@example("{1:[]}")
def test_text_is_read_just_as_the_standard_library_reads_it(text: str) -> None:
    try:
        value: Any = json.loads(text, parse_constant=float_of_json)
    except (ValueError, RecursionError):
        with pytest.raises((ValueError, RecursionError)):
            items_of(text, "observations")
        return
    found = items_of(text, "observations")
    expected = value.get("observations") if is_object(value) else None
    assert (None if found is None else [item for item, _ in found]) == (
        expected if isinstance(expected, list) else None
    )


# Batches


@given(sizes=st.lists(st.integers(0, 30), max_size=60), most=st.integers(1, 10), room=st.integers(30, 100))
def test_batches_hold_everything_in_order_within_their_bounds(sizes: list[int], most: int, room: int) -> None:
    texts = [str(index % 10) * size for index, size in enumerate(sizes)]
    runs = batches(texts, most=most, room=room)
    assert [text for run in runs for text in run] == texts
    assert all(1 <= len(run) <= most and len(",".join(run)) <= room for run in runs)
    for run, after in pairwise(runs):
        assert len(run) == most or len(",".join([*run, after[0]])) > room  # none is cut short without need


def test_item_that_has_no_room_alone_is_refused() -> None:
    with pytest.raises(UsageError, match=r"observations\[1\]: 11 bytes, at most 10"):
        batches(["a" * 10, "b" * 11], most=5, room=10)
