"""Rules about CoAP: patience with a lossy line and slow devices, and sessions that end."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from vendorlab.scenarios.core.durations import Span, seconds
from vendorlab.scenarios.core.rules.line import Time, end_of, strikes
from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, Settings, rule

if TYPE_CHECKING:
    from vendorlab.scenarios.core.evidence import Evidence, Exchange

MAX_RETRANSMIT = 4
"""RFC 7252, section 4.8."""

GROWTH = 1.5
"""Each wait is twice the last; a busy machine may be late with the one and punctual with the other."""

EARLY = 0.9
"""Part of a wait after which a timer may fire that is not exact."""

IN_FLIGHT = 3
"""Requests that may be on their way when the session turns out to be gone."""

REJECTED_SOON = 2.0
"""Seconds within which a rejection is an answer to a duplicate."""

AT_DEVICES = frozenset({"proxy.get", "proxy.put", "proxy.post", "proxy.delete", "observe", "observe.cancel"})
"""Operations that take a session."""


class BackOff(Settings, frozen=True):
    """How patient.

    Attributes:
        ack_timeout: of the wall, until something confirmable may be sent again.
    """

    ack_timeout: Span = "2s"


class Within(Settings, frozen=True):
    """How quick.

    Attributes:
        within: world time in which it has to be done.
    """

    within: Span = "30s"


class Patience(Settings, frozen=True):
    """How patient.

    Attributes:
        wait: world time until a silent device may be asked again.
    """

    wait: Span = "10s"


@rule(
    "coap-backed-off",
    settings=BackOff,
    remedy="Let a CoAP library send again: 2 to 3 s after the first time, each wait twice the last, four times, "
    "always the same message with the same ID; and stop once it is acknowledged.",
)
def coap_backed_off(evidence: Evidence, wanted: BackOff) -> Ruling:
    """What is not acknowledged is sent again as RFC 7252, section 4.2, has it: later each time, and few times.

    A mesh has little room. Requests repeated on the beat fill it when it is already losing some, and one that is
    asked anew under another ID is executed as often as it was asked.
    """
    ruling = Ruling()
    least = seconds(wanted.ack_timeout) * EARLY
    sent: defaultdict[tuple[str, int], list[Exchange]] = defaultdict(list)
    for one in evidence.exchanges:
        if one.protocol != "coap" or one.operation != "repeat" or one.detail.get("type") != "CON":
            continue
        detail = one.detail
        waited = float(detail["waited"])
        before = sent[str(detail["peer"]), int(detail["mid"])]
        ruling.met += not before
        if detail.get("anew"):
            ruling.breach(f"it asked anew, under another message ID, after {waited:g} s without an answer", one)
        elif detail.get("answered"):
            ruling.breach("it sent again what had been acknowledged", one)
        elif len(before) == MAX_RETRANSMIT:
            ruling.breach(f"it sent the same more than {MAX_RETRANSMIT} times again", one)
        elif waited < least:
            ruling.breach(f"it sent again after {waited:g} s; {wanted.ack_timeout} is the least", one)
        elif before and waited < float(before[-1].detail["waited"]) * GROWTH:
            text = f"it waited {waited:g} s after {float(before[-1].detail['waited']):g} s; each wait is twice the last"
            ruling.breach(text, before[-1], one)
        before.append(one)
    return ruling


@rule(
    "coap-duplicates-passed-over",
    remedy="Remember the message IDs of a peer for a while; acknowledge a confirmable message that comes again, "
    "and otherwise do nothing. Never answer a copy with RST.",
)
def coap_duplicates_passed_over(evidence: Evidence, _: NoSettings) -> Ruling:
    """A message that comes twice is taken once, and is no reason to reject anything.

    A rejected notification ends its observation: who rejects copies goes deaf on the first one. Whether the program
    took a reading twice into its own books, the line does not show.
    """
    ruling = Ruling()
    time = Time(evidence)
    for strike in strikes(evidence, "coap", "duplicate"):
        if strike.detail.get("direction") == "out":
            ruling.met += 1
            for one in evidence.exchanges:
                soon = 0 <= time.between(strike.at, one.at) <= REJECTED_SOON and one.seq > strike.seq
                if soon and one.operation == "observe.end" and one.cause == "reset":
                    ruling.breach(
                        "it rejected a notification that came twice, which ended the observation", strike, one
                    )
                    break
    return ruling


@rule(
    "coap-session-opened-again",
    settings=Within,
    remedy="On 4.01 open the session again with a token (a fresh one, if it refuses the old), from the same "
    "socket; then send the request once more.",
)
def coap_session_opened_again(evidence: Evidence, wanted: Within) -> Ruling:
    """When the gateway says 4.01, a session is opened before anything else is asked.

    A session ends after hours without a request, and nobody is told. A program that goes on asking is refused for
    ever; one that gives up needs a person.
    """
    ruling = Ruling()
    time = Time(evidence)
    refused: list[Exchange] = []
    for one in evidence.exchanges:
        if one.protocol != "coap":
            continue
        if one.operation == "session.open":
            refused.clear()
        elif one.operation in AT_DEVICES and one.status == 401:
            ruling.met += not refused
            refused.append(one)
            if len(refused) == IN_FLIGHT + 1:
                ruling.breach("it went on asking without a session", refused[0], one)
    left = time.between(refused[0].at, end_of(evidence)) if refused else 0
    if 0 < len(refused) <= IN_FLIGHT and left > seconds(wanted.within):
        ruling.breach(f"it opened no session within {wanted.within}", refused[0])
    return ruling


@rule(
    "coap-patient-with-5.04",
    settings=Patience,
    remedy="Take 5.04 for what it says: the device was silent for minutes. Ask it again later, longer each time; "
    "ask others meanwhile; keep the session.",
)
def coap_patient_with_504(evidence: Evidence, wanted: Patience) -> Ruling:
    """After 5.04 the device is left in peace for a while, and the session is kept.

    A device sleeps, or the mesh is healing. Each request to it waits for minutes at the gateway, and takes room there
    and in the mesh that others need. A new session mends nothing, and there are ten of them.
    """
    ruling = Ruling()
    time = Time(evidence)
    silent: dict[str, Exchange] = {}
    for one in evidence.exchanges:
        if one.protocol != "coap":
            continue
        if one.operation == "session.open" and silent:
            first = next(iter(silent.values()))
            if time.between(first.at, one.at) < seconds(wanted.wait):
                ruling.breach("it opened a session since a device was silent", first, one)
        device = str(one.detail.get("host", ""))
        if one.operation not in AT_DEVICES or not device:
            continue
        former = silent.pop(device, None)
        if former is not None:
            passed = time.between(former.at, one.at) - _took(one)
            if passed < seconds(wanted.wait):
                ruling.breach(f"it asked a silent device again after {max(0.0, passed):.1f} s", former, one)
        if one.status == 504:
            ruling.met += 1
            silent[device] = one
    return ruling


def _took(exchange: Exchange) -> float:
    """World seconds between a request and its answer; the journal leaves out what is less than one."""
    return float(exchange.detail.get("took", 0))
