"""What an endpoint must check before anybody may act upon a request: RFC 7252, sections 5.4 and 5.7; RFC 8768."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .codes import Code
from .errors import BadOptionError, BadRequestError, HopLimitReachedError
from .options import Option, Options, is_critical, is_unsafe, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_HOP_LIMIT = 16
"""What counts when the option is absent: RFC 8768, section 3."""

_SUPPRESSED_BY = {2: 2, 4: 8, 5: 16}
"""A class of response, and the bit of No-Response that is against it: RFC 7967, section 2.1."""


def refused_by_origin(options: Options, understood: frozenset[int]) -> tuple[int, ...]:
    """The critical options that keep who is asked from answering: section 5.4.1.

    Args:
        options: the request's.
        understood: the critical options that whoever answers understands.
    """
    unrecognised = [number for number in options.unrecognised if is_critical(number)]
    return tuple(sorted({*unrecognised, *(options.critical - understood)}))


def refused_by_proxy(options: Options, understood: frozenset[int]) -> tuple[int, ...]:
    """The options that keep a proxy from forwarding, critical or not: section 5.7.1. Safe ones it must pass on."""
    unrecognised = [number for number in options.unrecognised if is_unsafe(number)]
    mine = [number for number in options.critical - understood if is_unsafe(number)]
    return tuple(sorted({*unrecognised, *mine}))


def bad_option(numbers: Iterable[int]) -> BadOptionError:
    """The refusal that names the options to a person."""
    return BadOptionError("not understood: " + ", ".join(name_of(number) for number in numbers))


def next_hop_limit(options: Options) -> int:
    """Hop-Limit of the request as a proxy forwards it.

    Raises:
        BadRequestError: it came with 0.
        HopLimitReachedError: it may go no further.
    """
    limit = options.uint(Option.HOP_LIMIT)
    if limit == 0:
        raise BadRequestError("a Hop-Limit of 0")
    if limit == 1:
        raise HopLimitReachedError
    return (limit or DEFAULT_HOP_LIMIT) - 1


def is_unwanted(options: Options, code: int) -> bool:
    """Whether No-Response says that the client does not want a response of this code."""
    against = options.uint(Option.NO_RESPONSE)
    return bool(against and code != Code.EMPTY and against & _SUPPRESSED_BY.get(code >> 5, 0))
