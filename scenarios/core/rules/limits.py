"""Rules about vendors' limits."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from vendorlab.scenarios.core.durations import Span, seconds
from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, Settings, rule

if TYPE_CHECKING:
    from vendorlab.scenarios.core.evidence import Evidence, Exchange

SLACK = 0.5
"""World seconds by which a program may be early: a vendor tells whole seconds."""

PUT_TO_IT = 0.5
"""The part of a limit that a program must have asked for within its window, or the limit was no matter to it."""


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many requests in so much time."""

    requests: int
    per: Span


class Limits(Settings, frozen=True):
    """The limits of one vendor, by user; by default those that Scanalytics publishes.

    Attributes:
        vendor: whose.
        limits: so many requests in so much time, each.
    """

    vendor: str = "scanalytics"
    limits: tuple[Limit, ...] = (Limit(requests=180, per="60s"), Limit(requests=1_200, per="1h"))


@rule(
    "waited-out-retry-after",
    remedy="When an answer has Retry-After, send that vendor nothing for so long; all threads of the account wait.",
)
def waited_out_retry_after(evidence: Evidence, _: NoSettings) -> Ruling:
    """After an answer that says when to come back, nothing is sent until then.

    Who goes on asking gets nothing but refusals, keeps others of the same account out, and may be blocked by hand.
    """
    ruling = Ruling()
    waiting: dict[tuple[str, str], Exchange] = {}
    for one in evidence.exchanges:
        who = (one.vendor, one.principal)
        asked = waiting.get(who)
        if asked is not None and one.operation != "token":
            wait = float(asked.detail["retry_after"])
            passed = one.seconds_after(asked)
            if passed < wait - SLACK:
                ruling.breach(f"told to wait {wait:.0f} s, it came back after {passed:.0f} s", asked, one)
            del waiting[who]
        if one.status in (429, 503) and "retry_after" in one.detail and not evidence.unheard(one):
            ruling.met += 1
            waiting[who] = one
    return ruling


@rule(
    "stayed-under-limits",
    settings=Limits,
    remedy="Count your own requests in sliding windows as long as the vendor's, all threads and processes together.",
)
def stayed_under_limits(evidence: Evidence, wanted: Limits) -> Ruling:
    """The program keeps below the vendor's limits by itself.

    Who runs into a limit takes everybody with the same account along: one program's haste is another's outage.
    """
    ruling = Ruling()
    windows = [(limit, seconds(limit.per)) for limit in wanted.limits]
    logs: dict[tuple[str, float], deque[Exchange]] = {}
    over: set[tuple[str, float]] = set()
    for one in evidence.exchanges:
        if one.vendor != wanted.vendor or one.operation == "token" or not one.principal or one.status == 401:
            continue
        for limit, span in windows:
            key = (one.principal, span)
            log = logs.setdefault(key, deque())
            log.append(one)
            while one.seconds_after(log[0]) >= span:
                log.popleft()
            ruling.met += len(log) == int(limit.requests * PUT_TO_IT)
            if len(log) <= limit.requests:
                over.discard(key)
            elif key not in over:
                over.add(key)
                ruling.breach(f"{len(log)} requests in {limit.per}, where {limit.requests} are allowed", log[0], one)
    return ruling
