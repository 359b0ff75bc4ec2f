"""Manners on the line, the same for every vendor: pace, throttle, back-off."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from .errors import NetworkError, Throttled
from .pacing import Pacer
from .retry import TRANSIENT, RetryPolicy, retry_after
from .steps import Call, Send, Sleep, Steps

if TYPE_CHECKING:
    from collections.abc import Callable

UNSAID_WAIT = 60.0
"""Seconds to wait after a 429 that does not say how long."""

COURTESY = 1.0
"""Seconds added to Retry-After: a refused request may cost allowance too, so better late than twice."""

NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""What goes wrong before a request is on its way."""


@dataclass(slots=True)
class Exchange:
    """Sends calls one way or another until there is a proper answer.

    Attributes:
        pacer: Consulted before every paced call, and told of every refusal.
        retry: How often to try again.
        max_wait: The most seconds that one call may spend waiting for its pace or out of a throttle.
        clock: Seconds, any origin; only differences count.
        unsaid_wait: Seconds to wait after a 429 that does not say how long.
    """

    pacer: Pacer = field(default_factory=Pacer)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    max_wait: float = 3_700.0
    clock: Callable[[], float] = time.monotonic
    unsaid_wait: float = UNSAID_WAIT

    def send(self, call: Call, *, paced: bool = True, attempts: int | None = None) -> Steps[httpx.Response]:
        """Send a call, waiting and trying again as needed.

        Args:
            call: One that may be sent twice without harm, unless it says `once`: then a lost answer ends it, and
                so does a 5xx.
            paced: Whether the pacer's limits apply to it.
            attempts: Sends that may fail; None for the policy's number.

        Returns:
            The answer: any but 429, and no transient 5xx unless all attempts ended with one.

        Raises:
            NetworkError: The last attempt got no answer.
            Throttled: The wait would be longer than `max_wait`, or 429 came again and again.
        """
        attempts = attempts or self.retry.attempts
        waited, failures, refusals = 0.0, 0, 0
        while True:
            if paced:
                waited = yield from self._await_slot(call, waited)
            try:
                response: httpx.Response = yield Send(call)
            except httpx.RequestError as trouble:
                failures += 1
                if failures >= attempts or (call.once and not isinstance(trouble, NOTHING_SENT)):
                    raise _network_error(call, trouble, failures) from trouble
                yield Sleep(self.retry.delay(failures))
                continue
            if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                refusals += 1
                waited = yield from self._wait_out(call, response, waited, refusals)
                continue
            failures += 1
            delay = max(self.retry.delay(failures), retry_after(response.headers) or 0.0)
            is_last = failures >= attempts or waited + delay > self.max_wait
            if response.status_code not in TRANSIENT or is_last or call.once:
                return response
            yield Sleep(delay)
            waited += delay

    def _await_slot(self, call: Call, waited: float) -> Steps[float]:
        while (delay := self.pacer.take(self.clock())) > 0:
            if waited + delay > self.max_wait:
                raise Throttled(
                    f"the pace that the vendor's limits allow has no place for {delay:.0f} s",
                    retry_after=delay,
                    method=call.method,
                    path=call.path,
                )
            yield Sleep(delay)
            waited += delay
        return waited

    def _wait_out(self, call: Call, response: httpx.Response, waited: float, refusals: int) -> Steps[float]:
        asked = retry_after(response.headers)
        delay = (self.unsaid_wait if asked is None else asked) + COURTESY
        self.pacer.hold(self.clock() + delay)
        if waited + delay > self.max_wait or refusals >= self.retry.refusals:
            raise Throttled(
                f"throttled {refusals} time(s); the vendor asks for {delay - COURTESY:.0f} s more",
                retry_after=delay,
                method=call.method,
                path=call.path,
            )
        yield Sleep(delay)
        return waited + delay


def _network_error(call: Call, trouble: httpx.RequestError, failures: int) -> NetworkError:
    times = "once" if failures == 1 else f"{failures} times"
    said = str(trouble) or "no answer"
    return NetworkError(f"{type(trouble).__name__}, tried {times}: {said}", method=call.method, path=call.path)
