"""Free-form values, in and out, with every number exactly as it was written.

A number comes out as an `int`, or as a `float` if that prints as the very same number, else as a `Decimal`:
`21.8` is a float, `0.1234567890123456789` and `1e400` are Decimals. All three go in. So nothing is rounded in
silence, and ordinary readings are ordinary numbers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, Final, NoReturn, TypeGuard

from ..core.errors import UsageError

DIGITS: Final = 4_000
"""Digits of an `int`, at most: Python refuses to read longer ones unless told to."""

BITS: Final = 13_000
"""Bits of an `int` that Python writes unless told otherwise; a little fewer than `DIGITS`."""

_SPACE: Final = " \t\n\r"


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) < DIGITS else Decimal(digits)


def _fraction(digits: str) -> float | Decimal:
    try:
        number, exact = float(digits), Decimal(digits)
    except InvalidOperation:  # an exponent of nineteen digits
        raise ValueError("a number beyond reach") from None
    return number if math.isfinite(number) and Decimal(repr(number)) == exact else exact


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_no_constant)


def parse(text: str) -> Any:
    """Read a JSON text.

    Raises:
        ValueError: It is none.
        RecursionError: It is nested too deeply.
    """
    return _DECODER.decode(text)


def items_of(text: str, member: str) -> list[tuple[Any, str]] | None:
    """Read the list under a member of an object, each item with the text that it was written in.

    Returns:
        The items; None if the text is another thing than an object with such a list.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.
    """
    found: list[tuple[Any, str]] | None = None
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        _end(text, _DECODER.raw_decode(text, at)[1])
        return None
    at, is_more = _open(text, at, "}")
    while is_more:
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if not isinstance(name, str) or text[at : at + 1] != ":":
            raise ValueError("a member without a name or a value")
        at = _skip(text, at + 1)
        if name == member:
            found, at = _items(text, at)
        else:
            _, at = _DECODER.raw_decode(text, at)
        at, is_more = _next(text, at, "}")
    _end(text, at)
    return found


def _items(text: str, at: int) -> tuple[list[tuple[Any, str]] | None, int]:
    if text[at : at + 1] != "[":
        return None, _DECODER.raw_decode(text, at)[1]
    items: list[tuple[Any, str]] = []
    at, is_more = _open(text, at, "]")
    while is_more:
        value, end = _DECODER.raw_decode(text, at)
        items.append((value, text[at:end]))
        at, is_more = _next(text, end, "]")
    return items, at


def _open(text: str, at: int, closing: str) -> tuple[int, bool]:
    """Step into a list or object; tell where its first item is, and whether there is one."""
    at = _skip(text, at + 1)
    return (at + 1, False) if text[at : at + 1] == closing else (at, True)


def _next(text: str, at: int, closing: str) -> tuple[int, bool]:
    """Step from one item to the next, or out."""
    at = _skip(text, at)
    match text[at : at + 1]:
        case ",":
            return _skip(text, at + 1), True
        case mark if mark == closing:
            return at + 1, False
        case _:
            raise ValueError(f"expected a comma or {closing}")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _end(text: str, at: int) -> None:
    if _skip(text, at) != len(text):
        raise ValueError("something follows")


def encode(value: Any, place: str) -> str:
    """Write a value as JSON, in ASCII.

    Args:
        value: Any JSON value; numbers may be Decimals, lists tuples and objects mappings.
        place: What to call it in an error.

    Raises:
        UsageError: It, or something in it, is no JSON value; NaN and the infinities are none.
    """
    try:
        return _encoded(value, place)
    except RecursionError:
        raise UsageError(f"{place}: nested too deeply") from None


def _encoded(value: Any, place: str) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value)
        case int():
            return int.__repr__(value) if value.bit_length() < BITS else str(Decimal(value))
        case float() if math.isfinite(value):
            return float.__repr__(value)
        case Decimal() if value.is_finite():
            return str(value)
        case float() | Decimal():
            raise UsageError(f"{place}: JSON has no {value}")
        case _ if _is_mapping(value):
            return "{" + ",".join(_members(value, place)) + "}"
        case _ if _is_sequence(value):
            return "[" + ",".join(_encoded(item, f"{place}[{index}]") for index, item in enumerate(value)) + "]"
        case _:
            raise UsageError(f"{place}: {type(value).__name__} is no JSON value")


def _is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)


def _members(value: Mapping[Any, Any], place: str) -> list[str]:
    texts: list[str] = []
    for name, item in value.items():
        if not isinstance(name, str):
            raise UsageError(f"{place}: the name {name!r} is no string")
        texts.append(f"{json.dumps(name)}:{_encoded(item, f'{place}.{name}')}")
    return texts


def batches(texts: list[str], *, most: int, room: int) -> list[list[str]]:
    """Part texts into runs of at most so many, and at most so many characters with a comma between any two.

    Raises:
        UsageError: One of them is too long by itself.
    """
    starts, size = [0], -1
    for index, text in enumerate(texts):
        if len(text) > room:
            raise UsageError(f"observations[{index}]: {len(text):,} bytes, at most {room:,}")
        if index - starts[-1] == most or size + 1 + len(text) > room:
            starts.append(index)
            size = -1
        size += 1 + len(text)
    return [texts[start:end] for start, end in pairwise([*starts, len(texts)]) if end > start]
