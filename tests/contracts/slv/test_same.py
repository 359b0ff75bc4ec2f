"""Comparing JSON with XML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.slv.same import differences

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = st.from_regex(r"[a-z][A-Za-z0-9]{0,8}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"], exclude_characters="\ufffe\uffff"))
NUMBERS = st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
VALUES = st.recursive(
    SCALARS,
    # A list holds no null: an element that is not there cannot be counted.
    lambda inner: (
        st.lists(inner.filter(lambda value: value is not None), max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=12,
)


def written(value: Any, tag: str = "root") -> Element:
    """Write a JSON value in XML as the vendor does."""
    element = Element(tag)
    if isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            if each is not None:
                element.append(written(each, name))
    elif isinstance(value, list):
        for each in cast("Sequence[Any]", value):
            element.append(written(each, "item"))
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = str(value)
    return element


def xml(text: str) -> Element:
    return fromstring(text)


@given(VALUES)
def test_value_written_in_xml_says_the_same(value: Any) -> None:
    assert differences(value, fromstring(tostring(written(value), encoding="unicode"))) == []


@given(VALUES, VALUES)
def test_comparing_anything_with_anything_breaks_nothing(value: Any, other: Any) -> None:
    assert isinstance(differences(value, written(other)), list)
    assert isinstance(differences(value, None), list)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1}, "<r/>"),
        ({"a": 1}, "<r><a>2</a></r>"),
        ({"a": 1}, "<r><a>1</a><b>2</b></r>"),
        ({"a": 1}, "<r><a>1</a><a>1</a></r>"),
        ({"a": 1}, "<r><a>one</a></r>"),
        ({"a": 1}, "<r><a><b>1</b></a></r>"),
        ({"a": None}, "<r><a>null</a></r>"),
        ({"a": None}, "<r><a><b/></a></r>"),
        ({"a": True}, "<r><a>True</a></r>"),
        ({"a": True}, "<r><a>1</a></r>"),
        ({"a": "x"}, "<r><a> x</a></r>"),
        ({"a": [1, 2]}, "<r><a><i>1</i></a></r>"),
        ({"a": [1, 2]}, "<r><a><i>2</i><i>1</i></a></r>"),
        ({"a": [1, 2]}, "<r><a><i>1</i><j>2</j></a></r>"),
        ({"a": [1]}, "<r/>"),
        ([], "<r><i/></r>"),
        ({"item[0].label": "On"}, "<r><entry><string>item[0].label</string><string>Off</string></entry></r>"),
    ],
    ids=str,
)
def test_difference_is_found(value: Any, text: str) -> None:
    assert differences(value, xml(text)) != []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": None}, "<r><a/></r>"),
        ({"a": []}, "<r/>"),
        ({"a": ""}, "<r><a/></r>"),
        ({"a": 1}, "<r><a>1.0</a></r>"),
        ({"eventTimeAgeInSeconds": 7}, "<r><eventTimeAgeInSeconds>8</eventTimeAgeInSeconds></r>"),
        (
            {"item[0].label": "On", "item[0].value": 1},
            "<r><a>item[0].label</a><a>On</a><a>item[0].value</a><a>1</a></r>",
        ),
    ],
    ids=str,
)
def test_other_ways_of_writing_the_same_are_taken(value: Any, text: str) -> None:
    assert differences(value, xml(text)) == []


def test_difference_is_told_with_its_place() -> None:
    element = Element("SLVDevice-array")
    SubElement(SubElement(element, "SLVDevice"), "name").text = "Lamp 8"
    assert differences([{"name": "Lamp 7"}], element) == ["[0]/name: 'Lamp 7' in JSON, 'Lamp 8' in XML"]
