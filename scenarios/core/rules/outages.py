"""Rules about vendors that are away for a while, and answers that get lost."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from vendorlab.scenarios.core.durations import Span, seconds
from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, Settings, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.scenarios.core.evidence import Evidence, Exchange

LONG = 5
"""Attempts in one outage from which on the waits between them can be judged."""

GROWTH = 1.5
_ALIKE = 1e-6
_UNSAFE = frozenset({"POST", "PATCH"})
_MAKES = ("create", "add", "insert", "send")
"""How calls begin that make something anew, at a vendor who does all by GET."""
_LOGINS = frozenset({"token", "revoke", "login"})
_REPEATED = 3_600.0
"""World seconds after which the same request is another one, not a repeat."""


class Storm(Settings, frozen=True):
    """What is a storm.

    Attributes:
        budget: failed requests that are bearable within a minute.
        calm: waits of this length need neither grow nor vary.
    """

    budget: int = 6
    calm: Span = "60s"


def outages(evidence: Evidence) -> Iterator[list[Exchange]]:
    """The runs of failed exchanges over HTTP, vendor by vendor; on other lines a status means something else."""
    for vendor in dict.fromkeys(one.vendor for one in evidence.exchanges):
        own = (one for one in evidence.exchanges if one.vendor == vendor and one.protocol == "http")
        for is_down, run in groupby(own, key=lambda one: one.failed):
            if is_down:
                yield list(run)


@rule(
    "no-storm-in-outage",
    settings=Storm,
    remedy="Wait longer after each failure, up to minutes, each wait spread by chance; give one request few attempts.",
)
def no_storm_in_outage(evidence: Evidence, wanted: Storm) -> Ruling:
    """While a vendor is away, the program asks seldom, more seldom with time, and never on the beat.

    All clients notice an outage at once. If each asks again at once, or all after the same second, the vendor is kept
    down by those who wait for it.
    """
    ruling = Ruling()
    calm = seconds(wanted.calm)
    for run in outages(evidence):
        ruling.met += 1
        crowd = next(
            ((one, last) for one, last in zip(run, run[wanted.budget :], strict=False) if last.seconds_after(one) < 60),
            None,
        )
        gaps = [late.seconds_after(early) for early, late in pairwise(run)]
        short = [gap for gap in gaps if 0 < gap < calm]
        if crowd is not None:
            ruling.breach(f"more than {wanted.budget} failed requests within a minute", *crowd)
        elif len(run) >= LONG and max(gaps) < calm and gaps[-1] < gaps[0] * GROWTH:
            ruling.breach(f"{len(run)} attempts, and the waits did not grow", *run[:LONG])
        elif len(short) >= LONG - 2 and all(abs(gap - round(gap)) < _ALIKE for gap in short):
            waits = ", ".join(f"{gap:g}" for gap in short[:LONG])
            ruling.breach(f"waits on the beat, not spread by chance: {waits} s", *run[:LONG])
    return ruling


@rule(
    "came-back-after-outage",
    remedy="An outage is no reason to end: report it, keep what is due, and go on when the vendor answers again.",
)
def came_back_after_outage(evidence: Evidence, _: NoSettings) -> Ruling:
    """When the vendor is back, so is the program.

    A job that dies of a short outage has to be started again by a person, as a rule on the next working day.
    """
    ruling = Ruling()
    last: dict[str, list[Exchange]] = {run[0].vendor: run for run in outages(evidence)}
    for vendor, run in last.items():
        ruling.met += 1
        if not any(
            one.is_ok
            for one in evidence.exchanges
            if one.vendor == vendor and one.protocol == "http" and one.seq > run[-1].seq
        ):
            ruling.breach("no call succeeded after this", run[-1])
    return ruling


@rule(
    "repeated-only-what-is-safe",
    remedy="When the answer to a request that makes something is lost, look whether it was done before doing it again.",
)
def repeated_only_what_is_safe(evidence: Evidence, _: NoSettings) -> Ruling:
    """A request that makes something is not sent again when its answer is lost.

    The vendor may have done it: what is sent twice is there twice.
    """
    ruling = Ruling()
    lost: dict[tuple[object, ...], Exchange] = {}
    for one in evidence.exchanges:
        key = (one.vendor, one.method, one.path, one.query, one.detail.get("sent"))
        before = lost.get(key)
        if before is not None and one.seconds_after(before) < _REPEATED:
            ruling.breach("its answer was lost, and it was sent again", before, one)
        if _makes(one) and evidence.unheard(one):
            ruling.met += 1
            lost.setdefault(key, one)
    return ruling


def _makes(one: Exchange) -> bool:
    if one.operation in _LOGINS:
        return False
    name = one.operation.rpartition(".")[2].rpartition("/")[2]
    return one.method in _UNSAFE or (one.vendor == "slv" and name.startswith(_MAKES))
