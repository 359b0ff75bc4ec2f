"""Rules about receivers of webhooks: what a vendor who delivers at least once, in no order, expects of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, rule

if TYPE_CHECKING:
    from vendorlab.scenarios.core.evidence import Evidence, Exchange

SLOW = 2
"""Seconds of the wall in which a receiver has to answer."""

_SILENT = frozenset({"unreachable", "retry", "dropped", "repeated"})


def deliveries(evidence: Evidence) -> list[Exchange]:
    """What was sent to receivers and arrived; a fault may have lost others."""
    return [one for one in evidence.exchanges if one.protocol == "webhook" and one.operation == "delivery"]


def is_accepted(exchange: Exchange) -> bool:
    """Whether the receiver said yes."""
    return 200 <= exchange.status < 300


def is_lost(exchange: Exchange) -> bool:
    """Whether a fault lost it on the way."""
    return not exchange.status and exchange.fault is not None


@rule(
    "webhook-acknowledged-fast",
    remedy="Put the delivery into a queue or table, answer 204, and do the work afterwards. Answer 2xx for all "
    "that you took, and a 5xx only if it should come again.",
)
def webhook_acknowledged_fast(evidence: Evidence, _: NoSettings) -> Ruling:
    """The receiver says yes within two seconds, whatever there is to be done with it.

    A sender waits some seconds and takes silence for a failure. Who works first and answers then gets everything
    several times when there is much to do, and is left out in the end: a delivery is dropped after four attempts.
    """
    ruling = Ruling()
    for one in deliveries(evidence):
        if is_lost(one):
            continue
        ruling.met += 1
        took = int(one.detail.get("seconds", 0))
        if not one.status and one.cause in _SILENT:
            ruling.breach(f"it gave no answer: {one.detail.get('error', 'none came')}", one)
        elif took >= SLOW:
            ruling.breach(f"it took {took} s to answer", one)
    return ruling


@rule(
    "webhook-duplicates-tolerated",
    remedy="Keep the ids of what was taken, for as long as a sender may repeat it; to one that is known already "
    "answer 2xx and do nothing.",
)
def webhook_duplicates_tolerated(evidence: Evidence, _: NoSettings) -> Ruling:
    """A delivery that comes a second time is accepted as well.

    At least once means that copies come: when an answer is lost, and when the sender starts anew. To a sender an
    error is a delivery that has not arrived, so he sends it once more. Whether it was acted upon twice, the line does
    not show.
    """
    ruling = Ruling()
    taken: dict[str, Exchange] = {}
    for one in deliveries(evidence):
        name = str(one.detail.get("delivery", ""))
        former = taken.get(name)
        if former is not None and not is_lost(one):
            ruling.met += 1
            if not is_accepted(one):
                ruling.breach(f"it answered {one.status} to a copy of what it had taken", former, one)
        elif is_accepted(one):
            taken[name] = one
    return ruling


@rule(
    "webhook-order-not-assumed",
    remedy="Sort by the time in the delivery, not by that of its coming; take an older one for what it is, or "
    "drop it, and answer 2xx in either case.",
)
def webhook_order_not_assumed(evidence: Evidence, _: NoSettings) -> Ruling:
    """A delivery that is older than the last one is accepted as well.

    Retries and parallel sending change the order. Who refuses what is late gets it again and again, and then loses
    it.
    """
    ruling = Ruling()
    newest: dict[str, Exchange] = {}
    seen: set[str] = set()
    for one in deliveries(evidence):
        if "number" not in one.detail or is_lost(one):
            continue
        name, subscription = str(one.detail.get("delivery", "")), str(one.detail.get("subscription", ""))
        last = newest.get(subscription)
        if last is not None and int(one.detail["number"]) < int(last.detail["number"]) and name not in seen:
            ruling.met += 1
            if not is_accepted(one):
                ruling.breach(f"it answered {one.status} to a delivery that came late", last, one)
        elif is_accepted(one):
            newest[subscription] = one
        if is_accepted(one):
            seen.add(name)
    return ruling
