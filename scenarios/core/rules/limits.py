"""Rules about vendors' limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, rule

if TYPE_CHECKING:
    from vendorlab.scenarios.core.evidence import Evidence, Exchange

SLACK = 0.5
"""World seconds by which a program may be early: a vendor tells whole seconds."""


@rule(
    "waited-out-retry-after",
    remedy="When the answer has Retry-After, send that vendor nothing for that long; all threads that share the account wait.",
)
def waited_out_retry_after(evidence: Evidence, _: NoSettings) -> Ruling:
    """After an answer that says when to come back, nothing is sent until then.

    A limit counts the requests that it refuses, at many vendors: who goes on asking is never let in again, and may be
    blocked by hand.
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
