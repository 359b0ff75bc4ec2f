"""Rules about sessions: of vendors who answer a program without one with a page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, rule

if TYPE_CHECKING:
    from vendorlab.scenarios.core.evidence import Evidence, Exchange

OUT = frozenset({"not-logged-in", "csrf", "no-session"})
"""Causes with which a vendor says that there is no session, whatever the status says."""

MOST_IN_A_ROW = 2


@rule(
    "noticed-lost-session",
    remedy="Look at what came (the media type, not only the status): if it is the login page, log in and ask again.",
)
def noticed_lost_session(evidence: Evidence, _: NoSettings) -> Ruling:
    """A program sees that its session is over, and logs in again.

    The vendor answers 200 with its login page. Whoever looks at the status alone takes that for data, or asks on and on
    without ever getting in again.
    """
    ruling = Ruling()
    for vendor in dict.fromkeys(one.vendor for one in evidence.exchanges if one.cause in OUT):
        row: list[Exchange] = []
        for one in evidence.exchanges:
            if one.vendor != vendor:
                continue
            if one.cause not in OUT:
                row = []
                continue
            ruling.met += not row
            row.append(one)
            if len(row) == MOST_IN_A_ROW + 1:
                ruling.breach("without a session, it asked on and on", *row)
        if row and len(row) <= MOST_IN_A_ROW:
            ruling.breach("after its session was over, it never got in again", *row)
    return ruling
