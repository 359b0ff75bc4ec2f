"""Where an exchange stands in somebody's trace (W3C Trace Context), and what of it goes on with what it brings about.

A world names spans and records none. Names come from its seed, as all chance does, unless somebody who does record them
gives names of his own: then what a world sends out says which of his spans it belongs to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .ids import HEX, Ids

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PARENT, STATE = "traceparent", "tracestate"

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_STATE = re.compile(r"[\x20-\x7e\t]{1,4096}")
_KNOWN_FLAGS = 0b11
"""Sampled, and random: whoever passes a trace on leaves out the flags that he does not know."""


class Span(NamedTuple):
    """One step of a trace.

    Attributes:
        trace: 32 hex digits.
        id: 16 hex digits.
        flags: 2 hex digits.
        state: of other tracers, passed on as it came.
    """

    trace: str
    id: str
    flags: str = "01"
    state: str = ""

    @property
    def parent(self) -> str:
        """As whatever belongs below it carries it, in ``traceparent``."""
        return f"00-{self.trace}-{self.id}-{self.flags}"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers of a request that belongs below it."""
        return ((PARENT, self.parent), *(((STATE, self.state),) if self.state else ()))


def read(headers: Mapping[str, str]) -> Span | None:
    """The caller's span, from headers with lower-case names; None when there is none, or nonsense."""
    found = _PARENT.fullmatch(headers.get(PARENT, ""))
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not (trace.strip("0") and span.strip("0")):
        return None
    state = headers.get(STATE, "")
    known = f"{int(flags, 16) & _KNOWN_FLAGS:02x}"
    return Span(trace, span, known, state if _STATE.fullmatch(state) else "")


def noted(cause: Span | None, span: Span | None) -> dict[str, str]:
    """What the journal's detail says of a span, and of the one that it belongs below."""
    return ({} if cause is None else {PARENT: cause.parent}) | ({} if span is None else {"span": span.parent})


class Spans:
    """Names what happens in one world.

    Args:
        ids: the world's chance.

    Attributes:
        recorder: told of each span as it begins, below which one, and whether it goes out of the world; it gives its
            name. None as long as nobody records any.
    """

    def __init__(self, ids: Ids | None = None) -> None:
        self._ids = ids or Ids(0)
        self.recorder: Callable[[Span | None, bool], Span | None] | None = None

    def begin(self, cause: Span | None, *, out: bool = False) -> Span | None:
        """The span of what begins now, under the world's lock; None when it belongs to no trace."""
        if self.recorder is not None:
            return self.recorder(cause, out)
        return cause and cause._replace(id=self._ids.text("spans", 16, HEX))
