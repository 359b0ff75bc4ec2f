"""When an observation meets an event rule (inferred, all of it).

A number that stands in a string counts as that number: the vendor's own Java programs post such (public). Numbers are
compared exactly, whatever their length. Strings and booleans can only be equal or not. A sensor that is not there, or
says ``null``, meets no rule, not even one for ``ne``.
"""

from __future__ import annotations

import json
import operator
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from . import strictjson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Value = Decimal | str | bool
    """What can be compared."""

ORDERS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
"""Operators that need numbers on both sides."""

OPERATORS = (*ORDERS, "eq", "ne")

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def scalar(raw: bytes) -> Value | None:
    """A JSON value that can be compared; None for any other, and for a number that is beyond all bounds."""
    if raw[:1] in b"[{":
        return None
    found: Value | None = json.loads(raw, parse_int=_decimal, parse_float=_decimal)
    return found


def number(value: Value) -> Decimal | None:
    """The number that a value is, or that stands in a string; None when there is none."""
    if isinstance(value, str):
        text = value.strip()
        return _decimal(text) if _NUMBER.fullmatch(text) else None
    return value if isinstance(value, Decimal) else None


def holds(found: Value, wanted: str, value: Value) -> bool:
    """Whether what a sensor says stands in a relation to a rule's value.

    Args:
        found: what it says.
        wanted: one of ``OPERATORS``.
        value: the rule's.
    """
    one, other = number(found), number(value)
    if wanted in ORDERS:
        return one is not None and other is not None and ORDERS[wanted](one, other)
    both = one is not None and other is not None
    equal = one == other if both else type(found) is type(value) and found == value
    return equal == (wanted == "eq")


def find(members: Mapping[str, bytes], sensor: str) -> Value | None:
    """What an observation says of a sensor: the member of this name, or the one that a path with dots leads to.

    Args:
        members: of the observation, each as JSON.
        sensor: as ``temperature``, or ``accelerometer.z`` for a value inside of an object.
    """
    if sensor in members:
        return scalar(members[sensor])
    name, dot, rest = sensor.partition(".")
    inside = members.get(name, b"") if dot else b""
    return find(strictjson.members(inside), rest) if inside[:1] == b"{" else None


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:  # its exponent has too many digits
        return None
