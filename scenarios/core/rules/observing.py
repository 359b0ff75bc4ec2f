"""Rules about observations over CoAP: one of each thing, alive as long as it is wanted, and ended in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vendorlab.scenarios.core.durations import Span, seconds
from vendorlab.scenarios.core.rules.line import LOSES, Time, end_of
from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, Settings, rule

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from vendorlab.scenarios.core.evidence import Evidence, Exchange, Move

DEAFENING = frozenset({"reboot", "address-change"})
"""What may happen to a device after which its observers hear no more."""


NEW = 201
"""The status of a session that is new, and not one renewed."""


class Heard(Settings, frozen=True):
    """How often a sensor tells.

    Attributes:
        period: world time between two notifications.
    """

    period: Span = "60s"


class Again(Settings, frozen=True):
    """How soon.

    Attributes:
        within: world time in which an observation has to be registered again.
    """

    within: Span = "15m"


class Thing(NamedTuple):
    """What is observed, and by whom."""

    principal: str
    host: str
    path: str
    query: str


@dataclass
class Observed:
    """An observation that lives, as far as its client can know.

    Attributes:
        since: its registration.
        heard: what was last heard of it.
        numb: something happened since after which it is right to register anew.
    """

    since: Exchange
    heard: Exchange
    numb: bool = False


class Following:
    """Follows all observations through a story."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.live: dict[Thing, Observed] = {}
        self.registered = 0
        self._moves = list(evidence.moves)

    def run(
        self,
        *,
        again: Callable[[Observed, Exchange], None] = lambda _former, _new: None,
        moved: Callable[[Move], None] = lambda _move: None,
        opened: Callable[[Exchange], None] = lambda _exchange: None,
        closed: Callable[[Exchange], None] = lambda _exchange: None,
    ) -> None:
        """Go through the story.

        Args:
            again: hears of a registration that replaces a live one.
            moved: hears what the timeline does, before it takes effect here.
            opened: hears of sessions that are opened, before it takes effect here.
            closed: hears of sessions that are closed, before their observations are gone.
        """
        heard = {"session.open": opened, "session.close": closed}
        for one in self.evidence.exchanges:
            while self._moves and self._moves[0].after < one.seq:
                self._move(self._moves.pop(0), moved)
            if one.protocol == "coap":
                heard.get(one.operation, _pass_over)(one)
                self._exchange(one, again)
        for move in self._moves:
            self._move(move, moved)

    def _exchange(self, one: Exchange, again: Callable[[Observed, Exchange], None]) -> None:
        what = thing(one)
        match one.operation:
            case "observe" if 200 <= one.status < 300:
                former = self.live.get(what)
                if former is not None and former.since.detail.get("token") != one.detail.get("token"):
                    again(former, one)
                self.registered += 1
                self.live[what] = Observed(one, one)
            case "notify" if what in self.live:
                self.live[what].heard = one
            case "observe.cancel" | "observe.end":
                self.live.pop(what, None)
            case "session.close" if one.status < 300:
                self._forget(one.principal)
            case "session.open" if one.status == NEW:
                self._numb(lambda each: each.principal == one.principal)
            case "fault" if one.detail.get("direction") == "out" and one.detail.get("action") in LOSES:
                self._numb(lambda _each: True)
            case _:
                pass

    def _move(self, move: Move, moved: Callable[[Move], None]) -> None:
        moved(move)
        device = deafened(move)
        if device:
            self._numb(lambda each: device in each.host)
        elif move.action == "program":
            self.live.clear()

    def _numb(self, which: Callable[[Thing], bool]) -> None:
        for what, one in self.live.items():
            one.numb = one.numb or which(what)

    def _forget(self, principal: str) -> None:
        self.live = {what: one for what, one in self.live.items() if what.principal != principal}


def _pass_over(_exchange: Exchange) -> None:
    """Nothing hangs on it."""


def thing(exchange: Exchange) -> Thing:
    """What an exchange is about."""
    return Thing(exchange.principal, str(exchange.detail.get("host", "")).lower(), exchange.path, exchange.query)


def deafened(move: Move) -> str:
    """The device whose observers hear no more after a move; empty for none."""
    if move.action == "event" and move.what.get("kind") in DEAFENING:
        return str(move.what.get("device", "")).lower()
    return ""


@rule(
    "coap-one-observation",
    settings=Heard,
    remedy="Keep one observation of each resource and share what it tells. Register anew only after it was "
    "silent for longer than its sensor's period and Max-Age, or when device or session are known to have "
    "lost it.",
)
def coap_one_observation(evidence: Evidence, wanted: Heard) -> Ruling:
    """A resource is observed once, and an observation that is alive is left alone.

    A mesh sensor has room for one observer: a second registration throws the first one out, without a word. Programs
    that register on a timer, or twice from two places, lose readings to themselves.
    """
    ruling = Ruling()
    time, period = Time(evidence), seconds(wanted.period)
    follow = Following(evidence)

    def again(former: Observed, new: Exchange) -> None:
        quiet = time.between(former.heard.at, new.at)
        if not former.numb and quiet <= period:
            ruling.breach(f"it registered again {quiet:.0f} s after it was last told something", former.heard, new)

    follow.run(again=again)
    ruling.met = follow.registered
    return ruling


@rule(
    "coap-registered-again",
    settings=Again,
    remedy="Notice silence: when nothing came for some of the sensor's periods (three times Max-Age is a good "
    "measure), register again with a new token. After a new session, register everything again.",
)
def coap_registered_again(evidence: Evidence, wanted: Again) -> Ruling:
    """An observation that a device or the gateway has lost is registered again, though nobody says that it is lost.

    A device that starts anew or gets another address forgets who observes it; a session that ends takes its
    observations along. From there on nothing comes, which looks like a quiet sensor for as long as nobody asks.
    """
    ruling = Ruling()
    time, within = Time(evidence), seconds(wanted.within)
    follow = Following(evidence)
    waiting: dict[Thing, tuple[datetime, str, Exchange]] = {}

    def lost(moment: datetime, why: str, which: Callable[[Thing], bool]) -> None:
        for what, one in follow.live.items():
            if which(what) and what not in waiting:
                waiting[what] = moment, why, one.heard

    def moved(move: Move) -> None:
        if device := deafened(move):
            lost(move.at, f"{move.what['kind']} of {device}", lambda what: device in what.host)

    def opened(one: Exchange) -> None:
        if one.status == NEW:
            lost(one.at, "end of its session", lambda what: what.principal == one.principal)

    follow.run(moved=moved, opened=opened)
    for what, (moment, why, last) in waiting.items():
        later = _next_about(evidence, what, moment)
        passed = time.between(moment, end_of(evidence) if later is None else later.at)
        if later is not None and later.operation != "observe":
            continue  # it is not wanted any more
        if passed > within:
            ruling.met += 1
            after = f"only after {passed:.0f} s" if later else "never"
            ruling.breach(f"after the {why} it registered again {after}", last, *([later] if later else []))
        elif later is not None:
            ruling.met += 1
    return ruling


def _next_about(evidence: Evidence, what: Thing, moment: datetime) -> Exchange | None:
    """The first thing after a moment by which an observation is registered, or given up."""
    for one in evidence.exchanges:
        if one.at <= moment or one.protocol != "coap" or one.principal != what.principal:
            continue
        is_about = (
            thing(one) == what and one.operation in ("observe", "observe.cancel", "observe.end") and one.status < 300
        )
        if is_about or one.operation == "session.close":
            return one
    return None


@rule(
    "coap-cancelled-at-end",
    remedy="Before the program ends, send GET with Observe 1 on the token of each observation, then DELETE "
    "/sessions; on SIGTERM too.",
)
def coap_cancelled_at_end(evidence: Evidence, _: NoSettings) -> Ruling:
    """Who leaves ends what he observes, before he closes the session.

    A sensor goes on telling an observer that is no more, over a mesh that pays for each message with battery; and its
    one place stays taken.
    """
    ruling = Ruling()
    follow = Following(evidence)

    def closed(close: Exchange) -> None:
        left = [one for what, one in follow.live.items() if what.principal == close.principal]
        for one in left:
            ruling.breach("it closed the session and left an observation behind", one.since, close)

    follow.run(closed=closed)
    if evidence.end is not None and evidence.end.reason == "ended":
        for one in follow.live.values():
            ruling.breach("it ended and left an observation behind", one.since, one.heard)
    cancelled = sum(
        one.operation == "observe.cancel" or (one.operation == "observe.end" and one.cause == "deregistered")
        for one in evidence.exchanges
    )
    ruling.met = cancelled + len(ruling.findings)
    return ruling
