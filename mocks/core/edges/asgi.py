"""From uvicorn to dispatch: straight to the route, or, when the direct lane is off, inline through Flask.

Handlers are short and do no I/O, so they run on the loop itself: a thread pool in front of them costs more than they
do. Only a route marked *blocking* leaves it.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from ..clock import SECOND
from ..web.message import Answer, Request
from ..web.routes import Router

if TYPE_CHECKING:
    from collections.abc import Callable

    import flask

    from ..clock import Clock
    from ..web.routes import Responder
    from .gate import Gate

Scope = dict[str, Any]

GATE = "vendorlab.gate"

DRAINED = 64 << 20
"""Bytes of a body that are read at all."""


class _GoneError(Exception):
    """The caller left before the request was whole."""


class HttpEdge:
    """The ASGI application of one site.

    Args:
        dispatch: answers the requests.
        clock: whose time the ``Date`` header tells.
        reference: the same routes as Flask mounts them; every request goes that way, if given.
    """

    def __init__(
        self,
        dispatch: Responder,
        clock: Clock,
        *,
        reference: Callable[[], flask.Flask] | None = None,
    ) -> None:
        self._dispatch = dispatch
        self._clock = clock
        self._reference = reference
        self._largest_body = dispatch.site.largest_body
        self._router = Router(dispatch.site.routes)
        self._date = (0, b"")

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer one request of an ASGI server."""
        if scope["type"] != "http":
            return
        request = _request(scope)
        headers = request.headers
        if "content-length" in headers or "transfer-encoding" in headers:
            try:
                body = await self._body(headers, receive)
            except _GoneError:
                return  # half a request is none
            if body is None:
                answer = self._dispatch.refuse(413, request, "body-too-large")
                answer.headers.append(("Connection", "close"))
                await self._send(answer, scope, send)
                return
            request.body = body
        await self._send(await self._answer(request), scope, send)

    async def _answer(self, request: Request) -> Answer:
        if self._reference is not None:
            from . import wsgi  # noqa: PLC0415  Flask is not needed otherwise

            return wsgi.call(self._reference(), request)
        route, request.params = self._router.find(request.path) or (self._dispatch.unrouted, {})
        if route.blocking:
            return await asyncio.to_thread(self._dispatch, route, request)
        return self._dispatch(route, request)

    async def _body(self, headers: Any, receive: Any) -> bytes | None:
        """The whole body, or None when it is too large.

        Up to ``DRAINED`` bytes of a body that is too large are read and thrown away: a client that is still sending
        when the connection closes would see a reset instead of the refusal.
        """
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > DRAINED:
            return None
        body = bytearray()
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _GoneError
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= self._largest_body:
                body += chunk
            if size > DRAINED or not message.get("more_body"):
                return bytes(body) if size <= self._largest_body else None

    async def _send(self, answer: Answer, scope: Scope, send: Any) -> None:
        gate: Gate | None = scope.get("state", {}).get(GATE) if answer.wire is not None else None
        if gate is not None and answer.wire is not None:
            gate.arm(answer.wire)
        head = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers]
        if not any(name == "Content-Length" for name, _ in answer.headers):
            head.append((b"content-length", b"%d" % len(answer.body)))
        head.append((b"date", self._date_line()))
        body = b"" if scope["method"] == "HEAD" else answer.body
        try:
            await send({"type": "http.response.start", "status": answer.status or 500, "headers": head})
            await send({"type": "http.response.body", "body": body})
            if gate is not None:
                gate.spoil()
        finally:
            if answer.then is not None:
                answer.then()

    def _date_line(self) -> bytes:
        """The world's time as the ``Date`` header has it; made anew once a second."""
        second = self._clock.micros() // SECOND
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True).encode())
        return self._date[1]


def _request(scope: Scope) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    client = scope.get("client")
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        headers,
        b"",
        client[0] if client else "127.0.0.1",
        scope["scheme"],
    )
