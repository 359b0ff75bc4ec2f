"""Reach a site without a socket from requests: an adapter over its Flask app, for those who have requests.

It stands where requests' own stands, so that cookies, redirects, streams and broken bodies are as ever. Faults on the
wire become what requests would have raised.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from http.client import HTTPMessage, responses
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from ..clock import SECOND
from ..web.message import Request
from . import wsgi
from .inprocess import joined, pauses

if TYPE_CHECKING:
    from collections.abc import Callable

    import flask

    from ..clock import Clock
    from ..web.message import Answer


class _Head:
    """What cookies are read from: http.client's answer, as far as requests and urllib3 ask for one."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.msg = HTTPMessage()
        for name, value in pairs:
            self.msg.add_header(name, value)

    def isclosed(self) -> bool:
        """There is nothing behind it."""
        return True

    def close(self) -> None:
        """Nothing to do."""


class InProcessAdapter(HTTPAdapter):
    """A requests adapter for one site: ``session.mount(url, adapter)``.

    Args:
        app: the site, mounted by Flask.
        clock: tells the ``Date`` header.
        sleep: waits out a delay; handed in for tests.
    """

    def __init__(self, app: flask.Flask, clock: Clock, sleep: Callable[[float], object] = time.sleep) -> None:
        super().__init__()
        self._app = app
        self._clock = clock
        self._sleep = sleep

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002  requests' own signature
        timeout: Any = None,
        verify: Any = True,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
        proxies: Any = None,  # noqa: ARG002
    ) -> requests.Response:
        """Answer one request of a session.

        Raises:
            requests.ReadTimeout, requests.ConnectionError: a fault says so.
        """
        answer = self._answer(request)
        try:
            whole, longest = pauses(answer)
            patience = _patience(timeout)
            if patience is not None and longest > patience:
                raise requests.ReadTimeout(f"Read timed out. (read timeout={patience})", request=request)
            if whole:
                self._sleep(whole)
            return self._respond(answer, request)
        finally:
            if answer.then is not None:
                answer.then()

    def _answer(self, request: requests.PreparedRequest) -> Answer:
        url = urlsplit(str(request.url))
        pairs = [("host", url.netloc), *((_text(name), _text(value)) for name, value in request.headers.items())]
        headers = joined(pairs) | ({"host": _text(request.headers["Host"])} if "Host" in request.headers else {})
        path = unquote(url.path) or "/"
        return wsgi.call(
            self._app, Request(str(request.method), path, url.query, headers, _body(request.body), scheme=url.scheme)
        )

    def _respond(self, answer: Answer, request: requests.PreparedRequest) -> requests.Response:
        wire = answer.wire
        if wire is not None and wire.silent:
            what = "Connection reset by peer" if wire.reset else "Remote end closed connection without response"
            raise requests.ConnectionError(("Connection aborted.", what), request=request)
        date = formatdate(self._clock.micros() // SECOND, usegmt=True)
        pairs = [*answer.headers, ("Date", date)]
        # Cut off, it is shorter than its Content-Length says, and urllib3 raises when it is read.
        body = answer.body if wire is None or wire.cut_after is None else answer.body[: wire.cut_after]
        response = HTTPResponse(
            BytesIO(b"" if request.method == "HEAD" else body),
            headers=HTTPHeaderDict(pairs),
            status=answer.status,
            reason=responses.get(answer.status, ""),
            preload_content=False,
            request_method=request.method,
            original_response=_Head(pairs),  # type: ignore[arg-type]  # all of it that is asked for
        )
        return self.build_response(request, response)


def _patience(timeout: Any) -> float | None:
    """Seconds that may pass without a byte: requests takes them alone, or behind those for connecting."""
    read: Any = timeout
    if isinstance(timeout, tuple):
        read = cast("tuple[Any, Any]", timeout)[1]
    return float(read) if isinstance(read, int | float) else None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _body(body: Any) -> bytes:
    """A prepared request's body: nothing, text, bytes, a file, or pieces."""
    if body is None:
        return b""
    if isinstance(body, str | bytes):
        return body.encode() if isinstance(body, str) else body
    if hasattr(body, "read"):
        return _body(body.read())
    return b"".join(_body(piece) for piece in body)
