"""What fakes for the clients' tests share: vendors on Django, as far as clients notice, written from vendors' pages.

A fake is a function from request to response (for `httpx.MockTransport`), and can be put behind a loopback HTTP server.
Both profiles of status codes are there: `legacy` answers `invalid_grant` with 401, `modern` with 400.
"""

from __future__ import annotations

import itertools
import json
import math
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs

import httpx

USERNAME, PASSWORD = "ada@example.com", "correct horse"
URL = "http://vendor.test"


class FakeClock:
    """A clock for the client: sleeping turns it."""

    def __init__(self, now: float = 1_520_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


@dataclass
class Grant:
    user: str
    client: str
    expires: float
    refresh: str | None


Handler = Callable[[httpx.Request], httpx.Response]
Fault = Callable[[httpx.Request, Handler], httpx.Response]
"""Gets the request and the true handler, and answers or raises in its place."""


@dataclass(frozen=True)
class Instead:
    """A fault with a name: answers in the vendor's place."""

    name: str
    response: Callable[[], httpx.Response]

    def __call__(self, request: httpx.Request, handler: Handler) -> httpx.Response:
        return self.response()

    def __str__(self) -> str:
        return self.name


@dataclass
class DjangoFake:
    """The vendor's state; `requests` is what it was asked, in order.

    A vendor names its token endpoint, its applications with their secrets ("" for a public one), its scopes and the one
    that it grants unasked, how long that lasts, and answers for the rest of its paths.
    """

    token_path: ClassVar[str]
    applications: ClassVar[Mapping[str, str]]
    scopes: ClassVar[frozenset[str]]
    scope: ClassVar[str]
    lifetime: int
    profile: str
    clock: Callable[[], float] = field(default_factory=FakeClock)
    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])
    faults: deque[Fault | None] = field(default_factory=deque[Fault | None])
    grants: dict[str, Grant] = field(default_factory=dict[str, Grant])
    bodies: dict[str, Any] = field(default_factory=dict[str, Any])
    limits: tuple[tuple[int, float], ...] = ()
    accepted: list[float] = field(default_factory=list[float])
    issued: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._serial = itertools.count(1)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._lock:
            self.requests.append(request)
            fault = self.faults.popleft() if self.faults else None
            return fault(request, self._route) if fault else self._route(request)

    # What tests look at

    def asked(self, path: str) -> list[httpx.Request]:
        return [request for request in self.requests if request.url.path == path]

    def forms(self) -> list[dict[str, str]]:
        """The forms that came to the token endpoint."""
        return [_form(request) for request in self.asked(self.token_path)]

    def grant_types(self) -> list[str]:
        return [form["grant_type"] for form in self.forms()]

    def revoke_access(self) -> None:
        """All access tokens die; refresh tokens live on."""
        for grant in self.grants.values():
            grant.expires = float("-inf")

    def spend_refresh(self) -> None:
        """All refresh tokens die, as if somebody else had used them."""
        for grant in self.grants.values():
            grant.refresh, grant.expires = None, float("-inf")

    # What it does

    def _route(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == self.token_path.rstrip("/"):
            return httpx.Response(301, headers={"Location": self.token_path})
        return self._token(request) if request.url.path == self.token_path else self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer for any path but the token endpoint's."""
        raise NotImplementedError

    def _token(self, request: httpx.Request) -> httpx.Response:
        if request.method != "POST":
            return httpx.Response(405, headers={"Allow": "POST, OPTIONS"})
        form = _form(request)
        secret = self.applications.get(form.get("client_id", ""))
        grant_type = form.get("grant_type")
        if grant_type not in ("password", "client_credentials", "refresh_token"):
            return _oauth_error(400, "unsupported_grant_type")
        if secret is None or form.get("client_secret", "") != secret:
            return _oauth_error(401, "invalid_client")
        grant_status = 401 if self.profile == "legacy" else 400
        if grant_type == "password":
            if (form.get("username"), form.get("password")) != (USERNAME, PASSWORD):
                return _oauth_error(grant_status, "invalid_grant", "Invalid credentials given.")
            if not self.scopes.issuperset(form.get("scope", self.scope).split()):
                return _oauth_error(grant_status, "invalid_scope")
            return self._issue(USERNAME, form["client_id"], refreshable=True)
        if grant_type == "client_credentials":
            if not secret:
                return _oauth_error(grant_status, "unauthorized_client")
            return self._issue("owner@example.com", form["client_id"], refreshable=False)
        for access, grant in self.grants.items():
            if grant.refresh == form.get("refresh_token") and grant.client == form["client_id"]:
                del self.grants[access]
                return self._issue(grant.user, grant.client, refreshable=True)
        return _oauth_error(grant_status, "invalid_grant")

    def _issue(self, user: str, client: str, *, refreshable: bool) -> httpx.Response:
        serial = next(self._serial)
        access, refresh = f"access{serial:024d}", f"refresh{serial:023d}" if refreshable else None
        self.grants[access] = Grant(user, client, self.clock() + self.lifetime, refresh)
        self.issued |= {token for token in (access, refresh) if token}
        body = {"access_token": access, "expires_in": self.lifetime, "token_type": "Bearer", "scope": self.scope}
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        return httpx.Response(200, json=body | ({"refresh_token": refresh} if refresh else {}), headers=headers)

    def live(self, token: str) -> bool:
        """Tell whether an access token is good."""
        grant = self.grants.get(token)
        return grant is not None and grant.expires > self.clock()

    def throttle(self) -> httpx.Response | None:
        """Refuse what is over a limit, and count the rest."""
        now = self.clock()
        for count, window in self.limits:
            if len(self.accepted) - bisect_right(self.accepted, now - window) >= count:
                wait = math.ceil(self.accepted[-count] + window - now)
                body = {"detail": f"Request was throttled. Expected available in {wait} seconds."}
                return httpx.Response(429, json=body, headers={"Retry-After": str(wait)})
        self.accepted.append(now)
        return None


def _form(request: httpx.Request) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(request.content.decode()).items()}


def _oauth_error(status: int, error: str, description: str | None = None) -> httpx.Response:
    body = {"error": error} | ({"error_description": description} if description else {})
    return httpx.Response(status, content=json.dumps(body), headers={"Content-Type": "application/json"})


def html(status: int, text: str) -> httpx.Response:
    return httpx.Response(status, html=text)


# Faults


def no_connection(request: httpx.Request, handler: Handler) -> httpx.Response:
    """Refuse the connection: nothing was sent."""
    raise httpx.ConnectError("Connection refused", request=request)


def answer_lost(request: httpx.Request, handler: Handler) -> httpx.Response:
    """Do what was asked, then cut the line."""
    handler(request)
    raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)


def request_lost(request: httpx.Request, handler: Handler) -> httpx.Response:
    """Cut the line before doing anything; the client cannot tell this from a lost answer."""
    raise httpx.ReadError("", request=request)


def status(code: int, **headers: str) -> Fault:
    """Answer with a status in the vendor's place."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Instead(f"status-{code}", lambda: httpx.Response(code, json={"detail": "In trouble."}, headers=named))


def page(text: str) -> Fault:
    """Answer 200 with a web page."""
    return Instead("page", lambda: html(200, text))


@contextmanager
def served(vendor: Handler) -> Generator[str]:
    """Put the vendor behind a loopback HTTP server on a free port; gives its URL."""

    class Edge(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            response = vendor(httpx.Request(self.command, URL + self.path, headers=dict(self.headers), content=body))
            self.send_response(response.status_code)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.content)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - http.server's names

        def log_message(self, *args: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Edge)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
