"""What happened in a story: the exchanges, what the timeline did, how the program fared, and how it ended.

Kept as lines of JSON in the order of events, without anything of the wall (durations, ports, process ids), so that the
same story, seed and program give the same bytes. That is all that rules ever see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from vendorlab.scenarios.core.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FORMAT = 1
_LOST = frozenset({"reset", "empty", "truncate", "drop"})
"""Actions of faults after which a client has no whole answer."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange, as the journal has it (``docs/control.md``)."""

    seq: int
    at: datetime
    vendor: str
    protocol: str
    operation: str = ""
    method: str = ""
    path: str = ""
    query: str = ""
    credential: str = ""
    principal: str = ""
    status: int = 0
    cause: str = ""
    fault: str | None = None
    detail: dict[str, Any] = {}

    @property
    def lost(self) -> bool:
        """The answer did not arrive whole."""
        return self.detail.get("action") in _LOST

    @property
    def failed(self) -> bool:
        """The client has no use for the answer: lost, or a failure of the vendor's own."""
        return self.lost or self.status >= 500 or self.status == 0 or self.detail.get("action") == "content-type"

    @property
    def is_ok(self) -> bool:
        """It went well, and arrived."""
        return not self.failed and self.cause == "ok"

    def seconds_after(self, other: Exchange) -> float:
        """World seconds from the other's time to this one's."""
        return (self.at - other.at) / timedelta(seconds=1)


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the timeline, or a person, did to the world.

    Attributes:
        at: when, by the world's clock as it was before.
        after: the number of the exchange before it; 0 before the first.
        action: as in a story: clock, fault, clear, tokens, event, program.
        what: its content, as a story has it.
        say: what it is, for people.
        failed: why it could not be done, if it could not.
    """

    at: datetime
    after: int
    action: str
    what: Any
    say: str | None = None
    failed: str | msgspec.UnsetType = msgspec.UNSET


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: which story this is, and with what."""

    story: str
    title: str
    seed: int
    at: datetime
    vendors: list[str]
    format: int = FORMAT


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The last line.

    Attributes:
        at: when, by the world's clock.
        after: the number of the last exchange.
        reason: the story was ``over``; or the program ``ended`` by itself; or it ``stalled``, asking for nothing for
            too long; or somebody ``interrupted``.
        code: the program's exit code where it ended by itself; negative for a signal.
        left: entries of the timeline that did not come to pass.
    """

    at: datetime
    after: int
    reason: Literal["over", "ended", "stalled", "interrupted"]
    code: int | None = None
    left: int = 0


@dataclass(frozen=True)
class Evidence:
    """All that is known of how a story went."""

    start: Start
    exchanges: tuple[Exchange, ...] = ()
    moves: tuple[Move, ...] = ()
    end: End | None = field(default=None)

    @cached_property
    def killed_at(self) -> frozenset[int]:
        """Exchanges whose answer the program did not live to see."""
        return frozenset(move.after for move in self.moves if move.action == "program")

    def unheard(self, exchange: Exchange) -> bool:
        """Whether the program never had the answer."""
        return exchange.lost or exchange.seq in self.killed_at

    def lines(self) -> Iterator[bytes]:
        """The evidence as lines of JSON, in the order of events."""
        yield _line("start", self.start)
        moves = list(self.moves)
        for exchange in self.exchanges:
            while moves and moves[0].after < exchange.seq:
                yield _line("move", moves.pop(0))
            yield _line("exchange", exchange)
        for move in moves:
            yield _line("move", move)
        if self.end is not None:
            yield _line("end", self.end)

    def dump(self) -> bytes:
        """All lines."""
        return b"".join(self.lines())


def exchange(entry: Mapping[str, Any]) -> Exchange:
    """An exchange from an entry of the journal as JSON, without what belongs to the wall."""
    values = {name: entry[name] for name in Exchange.__struct_fields__ if entry.get(name) is not None}
    return msgspec.convert(values, Exchange)


def load(lines: Iterable[bytes], name: str) -> Evidence:
    """Read what ``lines`` wrote.

    Raises:
        EvidenceError: it is something else.
    """
    found: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            (kind, content), *others = msgspec.json.decode(line, type=dict[str, Any]).items()
            if others:
                raise ValueError("a line holds one thing")  # noqa: TRY301
            found[kind].append(msgspec.convert(content, _KINDS[kind]))
        except (ValueError, KeyError) as error:
            raise EvidenceError(f"{name}:{number}: this is not a line of a kept journal: {error}") from error
    if len(found["start"]) != 1 or len(found["end"]) > 1:
        raise EvidenceError(f"{name} is not a kept journal: it begins with one `start` and has one `end`")
    start = found["start"][0]
    if start.format != FORMAT:
        raise EvidenceError(f"{name} has format {start.format}; this vendorlab reads {FORMAT}")
    return Evidence(start, tuple(found["exchange"]), tuple(found["move"]), next(iter(found["end"]), None))


_KINDS: dict[str, Any] = {"start": Start, "exchange": Exchange, "move": Move, "end": End}


def _line(kind: str, content: Any) -> bytes:
    return msgspec.json.encode({kind: content}, order="sorted") + b"\n"
