"""The line to a target: every request is paced, counted, watched for secrets, and its failures told apart."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from vendorlab.contracts.core.errors import ThrottledError, UnreachableError
from vendorlab.contracts.core.transcript import told_request, told_response

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from vendorlab.contracts.core.pacing import Budget, Pacer
    from vendorlab.contracts.core.redaction import Secrets
    from vendorlab.contracts.core.transcript import Transcript
    from vendorlab.contracts.core.witness import Witness

TIMEOUT = 30.0
PATIENCE = 120.0
"""Seconds that a run waits at most where a target says Retry-After; told to wait longer, it ends."""
_LATER = (429, 503)


class Exchange(httpx.Client):
    """A bare HTTP client for one target: it follows nothing, keeps no cookies and heeds no proxy variables.

    Args:
        url: The target's address, to which paths are joined.
        transport: What really sends.
        budget: How many requests may be sent.
        secrets: Learns the tokens that pass by.
        pacer: Says when a request may be sent; None sends at once.
        transcript: Keeps what was said for whoever wants to read of a failure.
        witness: Is told of every exchange.
        vendor: Whose address it is.

    Attributes:
        seen: How often each (method, path, status) came by.
    """

    def __init__(
        self,
        url: str,
        transport: httpx.BaseTransport,
        budget: Budget,
        secrets: Secrets,
        pacer: Pacer | None,
        transcript: Transcript | None = None,
        witness: Witness | None = None,
        vendor: str = "",
    ) -> None:
        super().__init__(
            base_url=url,
            transport=transport,
            follow_redirects=False,
            timeout=TIMEOUT,
            trust_env=False,
            headers={"User-Agent": "vendorlab-contracts", "Accept": "application/json"},
        )
        self.seen: Counter[tuple[str, str, int]] = Counter()
        self._budget = budget
        self._secrets = secrets
        self._pacer = pacer
        self._transcript = transcript
        self._witness = witness
        self._vendor = vendor
        self._owed = False
        self._first: Callable[[httpx.Response], None] | None = None
        self._lock = threading.Lock()

    @property
    def paced(self) -> bool:
        """Whether requests wait for each other."""
        return self._pacer is not None

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send one request and return the answer.

        A paced run that is told to come back later (429 or 503 with Retry-After) does, once.

        Raises:
            AssertionError: The target took the connection and then failed to answer in HTTP.
            UnreachableError: Nothing answers at the target's address.
            ThrottledError: It asks to wait for longer than ``PATIENCE``, or says so again.
            BudgetSpentError: The request was one too many.
        """
        response = self._sent(request, options)
        pacer, pause = self._pacer, _pause(response)
        if pacer is None or pause is None:
            return response
        if pause <= PATIENCE:
            pacer.pause(pause)
            response = self._sent(request, options)
            pause = _pause(response)
        if pause is not None:
            raise ThrottledError(
                f"target throttles: {_origin(request.url)} answers {response.status_code} and asks to wait {pause:g} "
                "seconds more: run again after that, with a smaller --budget, or when nobody else uses the account"
            )
        return response

    def _sent(self, request: httpx.Request, options: Any) -> httpx.Response:
        self._budget.take(owed=self._owed)
        if self._pacer is not None:
            self._pacer.wait()
        what = f"{request.method} {request.url.path}"
        entry = self._transcript.asked("http", lambda: told_request(request)) if self._transcript else None
        try:
            response = super().send(request, **options)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise UnreachableError(f"target unreachable: {_origin(request.url)}: {error}") from error
        except httpx.TimeoutException as error:
            raise AssertionError(f"{what} was not answered within {TIMEOUT:g} seconds") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise AssertionError(f"{what} was not answered in HTTP: {error}") from error
        if entry is not None:
            entry.answered(lambda: told_response(response))
        with self._lock:
            if self._first is not None:
                self._first(response)
            self._secrets.learn(response.content)
            self.seen[request.method, request.url.path, response.status_code] += 1
            if self._witness is not None:
                self._witness.http(self._vendor, request, response)
        # A suite says what it sends; what a target would like to have sent back is not its business.
        self.cookies.clear()
        return response

    @contextmanager
    def unpaced(self) -> Generator[None]:
        """Send at once for a while: for tests that mean to run into a limit."""
        pacer, self._pacer = self._pacer, None
        try:
            yield
        finally:
            self._pacer = pacer

    @contextmanager
    def first(self, heard: Callable[[httpx.Response], None]) -> Generator[None]:
        """Have somebody hear each answer for a while before anything else is done with it."""
        self._first = heard
        try:
            yield
        finally:
            self._first = None

    @contextmanager
    def owed(self) -> Generator[None]:
        """Send for a while though the budget be spent: to take away what a test has made."""
        self._owed = True
        try:
            yield
        finally:
            self._owed = False


def _pause(response: httpx.Response) -> float | None:
    """The seconds that an answer asks to wait; None if it does not. A date is left alone: clocks differ."""
    text = str(response.headers.get("Retry-After", "")) if response.status_code in _LATER else ""
    return float(text) if text.isascii() and text.isdecimal() else None


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
