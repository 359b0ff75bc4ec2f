"""Rules about taking readings: all of them, once, in time."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from vendorlab.scenarios.core.durations import Span, seconds, written
from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, Settings, rule

if TYPE_CHECKING:
    from vendorlab.scenarios.core.evidence import Evidence, Exchange


class Windows(Settings, frozen=True):
    """How windows may lie.

    Attributes:
        overlap: how far a program may look back again, for late and corrected values.
        cover: how much time must be covered at least.
    """

    overlap: Span = "0s"
    cover: Span = "1h"


class Cadence(Settings, frozen=True, kw_only=True):
    """What is asked how often.

    Attributes:
        operation: what is asked.
        every: how often.
        vendor: whose operation that is; anybody's if absent.
        early: the part of ``every`` by which it may come sooner.
        late: the part by which it may come later.
    """

    operation: str
    every: Span
    vendor: str | None = None
    early: float = 0.1
    late: float = 0.5


@rule(
    "each-reading-once",
    settings=Windows,
    remedy="Keep the end of the last window that was taken whole, in UTC or with its offset; begin the next there, and "
    "end it no later than now.",
)
def each_reading_once(evidence: Evidence, wanted: Windows) -> Ruling:
    """Every reading is taken exactly once: windows follow each other without a gap and without overlap.

    Where summer time begins or ends, a local hour is missing or comes twice. Windows in local time without offset then
    take an hour twice and leave another out; those that reach beyond now take the last reading before it is whole.
    """
    ruling = Ruling()
    again = timedelta(seconds=seconds(wanted.overlap))
    for windows in _taken(evidence).values():
        windows.sort(key=lambda item: item[:2])
        reached, last = windows[0][0], windows[0][2]
        for begin, end, one in windows:
            if begin > reached:
                ruling.breach(f"nothing was asked of {_span(begin - reached)} from {_text(reached)} on", last, one)
            elif reached - begin > again:
                ruling.breach(f"{_span(reached - begin)} from {_text(begin)} on were taken twice", last, one)
            reached, last = max(reached, end), one
        ruling.met += (reached - windows[0][0]).total_seconds() >= seconds(wanted.cover)
    return ruling


@rule(
    "corrected-values-taken",
    remedy="Take the last stretch again in each turn, for as long as values may come late; keep the newer.",
)
def corrected_values_taken(evidence: Evidence, _: NoSettings) -> Ruling:
    """What was taken before it was corrected is taken again afterwards.

    Readings that were late change figures which a program has long filed away. Nobody tells it.
    """
    ruling = Ruling()
    taken = _taken(evidence)
    for array, begin, end in _corrections(evidence):
        for (_vendor, path), windows in taken.items():
            before = [one for one in windows if one[0] < end and one[1] > begin and one[2].at < end]
            if not before or (array and f"/{array}/" not in path):
                continue
            ruling.met += 1
            reached, until = max(begin, min(one[0] for one in before)), min(end, max(one[1] for one in before))
            for window in sorted((one for one in windows if one[2].at >= end), key=lambda item: item[:2]):
                if window[0] <= reached:
                    reached = max(reached, window[1])
            if reached < until:
                ruling.breach(f"{_span(until - reached)} from {_text(reached)} on were corrected later", before[-1][2])
    return ruling


def _taken(evidence: Evidence) -> dict[tuple[str, str], list[tuple[datetime, datetime, Exchange]]]:
    """The windows that were taken, by vendor and path; none reaches beyond its present."""
    taken: defaultdict[tuple[str, str], list[tuple[datetime, datetime, Exchange]]] = defaultdict(list)
    for one in evidence.exchanges:
        if "window" in one.detail and one.is_ok and not evidence.unheard(one):
            begin, end = (datetime.fromisoformat(text) for text in one.detail["window"])
            taken[one.vendor, one.path].append((begin, min(end, one.at), one))
    return taken


def _corrections(evidence: Evidence) -> list[tuple[str | None, datetime, datetime]]:
    """Silences that ended, with their array if they had one: from when to when."""
    found: list[tuple[str | None, datetime, datetime]] = []
    since: dict[str | None, datetime] = {}
    for move in evidence.moves:
        if move.action != "event" or move.what["kind"] not in ("silence", "delivery"):
            continue
        array = move.what.get("array")
        if move.what["kind"] == "silence":
            since.setdefault(array, move.at)
        elif array in since:
            found.append((array, since.pop(array), move.at))
    return found


@rule(
    "paged-to-the-end",
    remedy="Follow the address that an answer names for its next page, until one names none; do not count yourself.",
)
def paged_to_the_end(evidence: Evidence, _: NoSettings) -> Ruling:
    """Where an answer names a next page, that page is asked for, down to the last.

    A first page looks like the whole: what is behind it is missed in silence, and only on the days with many readings.
    """
    ruling = Ruling()
    for one in evidence.exchanges:
        if "next" not in one.detail or "next_host" in one.detail or one.failed or evidence.unheard(one):
            continue
        ruling.met += 1
        wanted = (one.vendor, one.path, one.detail["next"])
        if not any((two.vendor, two.path, two.query) == wanted for two in evidence.exchanges if two.seq > one.seq):
            ruling.breach("its next page was never asked for", one)
    return ruling


@rule(
    "paged-to-its-origin-only",
    remedy="Hold scheme, host and port of a next page against what you were given as the vendor's; refuse others.",
)
def paged_to_its_origin_only(evidence: Evidence, _: NoSettings) -> Ruling:
    """A next page that leads to another host than the vendor's is not followed with the vendor's token.

    A proxy set up wrongly names a host of its own, or somebody else's: who follows it gives his token away.
    """
    ruling = Ruling()
    for one in evidence.exchanges:
        if "next_host" not in one.detail or evidence.unheard(one):
            continue
        ruling.met += 1
        wanted = (one.vendor, one.path, one.detail["next_host"], one.detail["next"])
        later = (two for two in evidence.exchanges if two.seq > one.seq)
        found = next(
            (two for two in later if (two.vendor, two.path, two.detail.get("host"), two.query) == wanted), None
        )
        if found is not None:
            ruling.breach(f"it followed the next page to {one.detail['next_host']}, with its token", one, found)
    return ruling


@rule(
    "cadence-kept",
    settings=Cadence,
    remedy="Plan turns on a grid from the first one on, not by sleeping between them; leave missed ones out.",
)
def cadence_kept(evidence: Evidence, wanted: Cadence) -> Ruling:
    """The program asks as often as it should, for as long as the story goes.

    Who sleeps a minute between turns drifts by the length of each answer; who makes up for missed turns asks them all
    at once after an outage.
    """
    ruling = Ruling()
    every = seconds(wanted.every)
    disturbed = {move.after for move in evidence.moves if move.action in ("clock", "program")}
    turn: Exchange | None = None
    calm = settled = True
    for one in evidence.exchanges:
        if one.operation == wanted.operation and wanted.vendor in (None, one.vendor) and one.status != 401:
            if turn is not None and calm and settled:
                ruling.met += 1
                gap = one.seconds_after(turn)
                after = f"{written(round(gap, 3))} after the last time"
                if gap < every * (1 - wanted.early):
                    ruling.breach(f"{after}, where {wanted.every} are due", turn, one)
                elif gap > every * (1 + wanted.late):
                    ruling.breach(f"not until {after}; {wanted.every} are due", turn, one)
            turn, calm, settled = one, True, calm  # the turn after a disturbance may lie off the grid
        calm = calm and not (one.failed or one.status == 429 or one.seq in disturbed)
    return ruling


def _span(span: timedelta) -> str:
    return written(round(span.total_seconds(), 3))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")
