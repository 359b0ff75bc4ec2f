"""The one way from a request to its answer: timers, faults, the handler, the journal, in this order.

Every edge and both lanes end here, so that what is refused, counted and remembered does not depend on the way in.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..actions import ContentType, Delay, Drip, Empty, Reset, Status, Truncate, kind
from ..errors import WebError
from ..journal import mask_path, mask_query
from ..traces import PARENT, noted, read
from . import facts
from .message import Answer, Request, Wire
from .routes import Route, Site

if TYPE_CHECKING:
    from ..actions import Protocol
    from ..clock import Clock
    from ..faults import FaultPlan
    from ..journal import Journal
    from ..keeping import Keeper
    from ..rules import Rule

PROTOCOL: Protocol = "http"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing worth keeping."""

_log = logging.getLogger("vendorlab")


class Dispatch:
    """Answers requests for one site in one world.

    Args:
        site: the vendor's face.
        clock: whose lock guards all state of the world.
        faults: the world's plan.
        journal: where every exchange is remembered.
        keeper: makes what an exchange changed durable before its answer leaves, if given.
    """

    def __init__(
        self, site: Site, clock: Clock, faults: FaultPlan, journal: Journal, keeper: Keeper | None = None
    ) -> None:
        self.site = site
        self.unrouted = Route("", "unrouted", site.unrouted)
        self._clock = clock
        self._faults = faults
        self._journal = journal
        self._spans = journal.spans
        self._keeper = keeper

    def __call__(self, route: Route, request: Request) -> Answer:
        """Answer one request; never raises."""
        clock = self._clock
        began = clock.source()
        if route.refine is not None:
            route = route.refine(request)
        with clock.lock:
            self._run_timers()
            if self._spans.recorder is not None or PARENT in request.headers:
                cause = read(request.headers)
                request.span = self._spans.begin(cause)
                request.detail |= noted(cause, request.span)
            rule = self._match(route, request) if self._faults else None
            answer = self._run(route, request) if rule is None or rule.runs_handler else None
            if rule is not None:
                answer = self._strike(rule, request, answer)
            assert answer is not None
            facts.note(request, answer, route.operation, self.site.is_secret)
            self._journal.add(
                clock.micros(),
                self.site.name,
                PROTOCOL,
                route.operation,
                request.method,
                route.path if route.path == request.path else mask_path(request.path, self.site.is_secret),
                mask_query(request.query, self.site.is_secret),
                request.credential,
                request.principal,
                answer.status,
                answer.cause,
                rule.name if rule else None,
                clock.source() - began,
                request.detail,
            )
        return answer

    def refuse(self, status: int, request: Request, cause: str) -> Answer:
        """The vendor's form of a refusal that the edge itself makes; remembered like any other exchange."""
        answer = self.site.failure(status, request)
        answer.cause = cause
        return self(Route(request.path, "unrouted", lambda _: answer), request)

    def _run_timers(self) -> None:
        try:
            if self._clock.run_due() and self._keeper is not None:
                self._keeper.done()
        except Exception:  # noqa: BLE001  the request has nothing to do with it
            _log.exception("vendorlab made a mistake in a timer")

    def _match(self, route: Route, request: Request) -> Rule | None:
        def principal() -> str:
            self.site.identify(request)
            return request.principal

        return self._faults.match(
            vendor=self.site.name,
            protocol=PROTOCOL,
            operation=route.operation,
            method=request.method,
            principal=principal,
        )

    def _run(self, route: Route, request: Request) -> Answer:
        try:
            answer = self._handle(route, request)
            if self._keeper is not None:
                self._keeper.done(changed=request.method not in SAFE)
            return answer  # noqa: TRY300  what cannot be kept must not be acknowledged
        except Exception:  # noqa: BLE001
            # A mistake of ours must neither reach the caller as a traceback nor pass unseen.
            _log.exception("vendorlab made a mistake in %s %s", self.site.name, route.operation)
            if self._keeper is not None:
                self._keeper.undo()
            answer = self.site.failure(500, request)
            answer.cause = "defect"
            return answer

    def _handle(self, route: Route, request: Request) -> Answer:
        try:
            return route.handler(request)
        except WebError as refusal:
            answer = refusal.answer()
            answer.cause = refusal.cause
            return answer

    def _strike(self, rule: Rule, request: Request, answer: Answer | None) -> Answer:
        action = rule.action
        if isinstance(action, Status):
            then = answer.then if answer else None
            answer = self.site.failure(action.status, request)
            answer.cause, answer.then = "fault", then
        elif answer is None:
            answer = Answer(0, cause="fault")  # nobody made one, and the wire will be silent
        elif isinstance(action, ContentType):
            kept = [pair for pair in answer.headers if pair[0].lower() != "content-type"]
            answer.headers = [("Content-Type", action.value), *kept]
        answer.wire = _wire(rule)
        request.detail["action"] = kind(action)
        return answer


def _wire(rule: Rule) -> Wire | None:
    """What the action does to the bytes, if it does anything to them."""
    match rule.action:
        case Delay(seconds=seconds):
            return Wire(delay=seconds)
        case Drip(chunk=chunk, interval=interval):
            return Wire(chunk=chunk, interval=interval)
        case Truncate(after=after):
            return Wire(cut_after=after)
        case Reset(after=0):
            return Wire(silent=True, reset=True)
        case Reset(after=after):
            return Wire(cut_after=after, reset=True)
        case Empty():
            return Wire(silent=True)
        case _:
            return None
