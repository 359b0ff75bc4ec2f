"""Reach a site without a socket: an httpx transport over its Flask app.

Faults on the wire become what httpx would have raised; a delay longer than the caller's own time-out raises at once,
without anyone waiting.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import httpx

from ..clock import SECOND
from ..web.message import Answer, Request
from . import wsgi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import flask

    from ..clock import Clock


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers as a request has them: names in lower case, repeated fields joined."""
    headers: dict[str, str] = {}
    for given, value in pairs:
        name = given.lower()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def pauses(answer: Answer) -> tuple[float, float]:
    """Seconds for which faults hold an answer back: in all, and at the longest stretch."""
    wire = answer.wire
    if wire is None:
        return 0.0, 0.0
    times = max(0, -(-len(answer.body) // wire.chunk) - 1) if wire.chunk else 0
    return wire.delay + times * wire.interval, max(wire.delay, wire.interval if times else 0.0)


class InProcessTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sync and async httpx transport for one site.

    Args:
        app: the site, mounted by Flask.
        clock: tells the ``Date`` header.
        sleep: waits out a delay in the sync face; handed in for tests.
    """

    def __init__(self, app: flask.Flask, clock: Clock, sleep: Callable[[float], object] = time.sleep) -> None:
        self._app = app
        self._clock = clock
        self._sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of a ``httpx.Client``."""
        answer = self._answer(request, request.read())
        try:
            if seconds := self._delay(answer, request):
                self._sleep(seconds)
            return self._respond(answer, request)
        finally:
            if answer.then is not None:
                answer.then()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of a ``httpx.AsyncClient``."""
        answer = self._answer(request, await request.aread())
        try:
            if seconds := self._delay(answer, request):
                await asyncio.sleep(seconds)
            return self._respond(answer, request)
        finally:
            if answer.then is not None:
                answer.then()

    def _answer(self, request: httpx.Request, body: bytes) -> Answer:
        # As a socket's edge reads them: bytes, not httpx's guess.
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        url = request.url
        query = url.query.decode("latin-1")
        return wsgi.call(self._app, Request(request.method, url.path, query, joined(pairs), body, scheme=url.scheme))

    def _delay(self, answer: Answer, request: httpx.Request) -> float:
        whole, longest = pauses(answer)
        patience = request.extensions.get("timeout", {}).get("read")
        if patience is not None and longest > patience:
            raise httpx.ReadTimeout("the read operation timed out", request=request)
        return whole

    def _respond(self, answer: Answer, request: httpx.Request) -> httpx.Response:
        wire = answer.wire
        # An answer that arrived whole is one, however its connection ended.
        if wire is not None and (wire.silent or (wire.cut_after is not None and wire.cut_after < len(answer.body))):
            if wire.reset:
                raise httpx.ReadError("connection reset by peer", request=request)
            if wire.silent:
                raise httpx.RemoteProtocolError("server disconnected without sending a response", request=request)
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body", request=request
            )
        date = formatdate(self._clock.micros() // SECOND, usegmt=True)
        body = b"" if request.method == "HEAD" else answer.body
        return httpx.Response(answer.status, headers=[*answer.headers, ("Date", date)], content=body, request=request)
