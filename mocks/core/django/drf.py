"""Django REST framework as a caller meets it: the order of checks, negotiation and JSON.

The order, measured: content negotiation (406), authentication (401), permission (403), throttling (429), method (405),
then the handler with its own 400 and 404. So a bad token is 401 however often it is sent, and never counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..web.message import ANONYMOUS, Answer, MalformedFormError, Request, TooManyFieldsError
from .pages import PageError, page
from .refusals import (
    JSON,
    ApiError,
    AuthenticationFailed,
    BadRequest,
    MethodNotAllowed,
    NotAcceptable,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    Throttled,
    UnsupportedMediaType,
    encode,
)

if TYPE_CHECKING:
    from ..clock import Clock
    from ..throttle import Throttle
    from .stack import Stack

INJECTED_WAIT = 60
"""Seconds that an injected 429 asks to wait: a whole minute's window."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking.

    Attributes:
        user: a user's name, or None when the credential stands for no user.
        label: for the journal and faults: the user's name, else the client's id.
        credential: masked.
        scopes: what the credential may do; None when it is not limited.
    """

    user: str | None
    label: str
    credential: str
    scopes: frozenset[str] | None = None


class Authenticator(Protocol):
    """One way to show who one is."""

    def authenticate(self, request: Request) -> Principal | None:
        """The caller, or None when this way was not used or came to nothing; may raise ``AuthenticationFailed``."""
        ...

    def challenge(self, request: Request, /) -> str | None:
        """What a 401 asks for; None where there is nothing to ask for, which makes it a 403."""
        ...


Handler = Callable[[Request, Principal], Any]
"""A view's method: from request and caller to data that is encoded, or bytes that are JSON already."""


@dataclass(frozen=True, slots=True)
class Action:
    """What one HTTP method of a view does and which scope it needs."""

    handler: Handler
    scope: str


def everybody(_principal: Principal) -> bool:
    """Let everybody in who is somebody."""
    return True


@dataclass(frozen=True, slots=True)
class Framework:
    """How a site's views behave.

    Attributes:
        authenticators: asked in order; the first writes every challenge.
        throttle: limits a caller's requests; given the caller or None for an anonymous one.
        throttle_first: limits anonymous callers before they are refused (not DRF's order).
        permits: whom the views let in, of those whose credential holds.
    """

    stack: Stack
    clock: Clock
    authenticators: Sequence[Authenticator]
    throttle: Callable[[Request, Principal | None], int | None]
    throttle_first: bool = False
    permits: Callable[[Principal], bool] = everybody

    def view(self, name: str, /, **actions: Action) -> View:
        """A view with an action per method: ``view("Whoami", GET=Action(...))``."""
        return View(self, name, actions)

    def failure(self, status: int, request: Request) -> Answer:
        """The site's own form of a status that no view gave: DRF's where it has one, otherwise a page."""
        refusals: dict[int, Callable[[], ApiError]] = {
            400: BadRequest,
            401: lambda: self.refusal(request),
            403: PermissionDenied,
            404: NotFound,
            405: lambda: MethodNotAllowed(request.method),
            406: NotAcceptable,
            415: lambda: UnsupportedMediaType(request.media_type),
            429: lambda: Throttled(INJECTED_WAIT),
        }
        if status not in refusals:
            return page(self.stack, status, "failure")
        answer = refusals[status]().answer()
        answer.headers += [("Vary", "Accept"), *self.stack.headers]
        return answer

    def identify(self, request: Request) -> Principal | None:
        """Who is asking, by the first authenticator that knows; writes it into the request for the journal."""
        request.principal = ANONYMOUS
        for authenticator in self.authenticators:
            principal = authenticator.authenticate(request)
            if principal is not None:
                request.principal, request.credential = principal.label, principal.credential
                return principal
        return None

    def refusal(self, request: Request, failed: ApiError | None = None) -> NotAuthenticated:
        """What a caller hears who is nobody; the first authenticator's challenge, whoever of them refused (3.5)."""
        challenge = self.authenticators[0].challenge(request)
        if failed is not None:
            return NotAuthenticated(challenge, failed.detail, cause=failed.cause)
        return NotAuthenticated(challenge, cause=str(request.detail.get("refused", NotAuthenticated.cause)))


class View:
    """One resource: its methods behind DRF's checks."""

    def __init__(self, framework: Framework, name: str, actions: Mapping[str, Action]) -> None:
        self._framework = framework
        self._name = name
        self._actions = dict(actions)
        if "GET" in actions:
            self._actions["HEAD"] = actions["GET"]
        allowed = [*actions, "HEAD", "OPTIONS"] if "GET" in actions else [*actions, "OPTIONS"]
        self._any_scope = actions.get("GET") or next(iter(actions.values()))
        self._headers = [("Allow", ", ".join(allowed)), *framework.stack.headers]

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        try:
            indent = negotiate(request)
            body = self._body(request, self._enter(request))
            if not isinstance(body, bytes):
                body = encode(body)
            if indent is not None:
                body = indented(body, indent)
            answer = Answer(200, body, [JSON])
        except ApiError as refusal:
            answer = refusal.answer()
        except (TooManyFieldsError, MalformedFormError):
            raise PageError(self._framework.stack, 400, "malformed-form") from None
        answer.headers += [("Vary", ", ".join(("Accept", *request.vary))), *self._headers]
        return answer

    def _enter(self, request: Request) -> Principal:
        """Authentication, permission, throttling, in this order."""
        framework = self._framework
        try:
            principal = framework.identify(request)
        except AuthenticationFailed as failed:
            raise framework.refusal(request, failed) from None
        if framework.throttle_first and principal is None:
            self._throttle(request, None)
        if principal is None:
            raise framework.refusal(request)
        action = self._actions.get(request.method, self._any_scope)
        if principal.user is None or (principal.scopes is not None and action.scope not in principal.scopes):
            raise PermissionDenied
        if not framework.permits(principal):
            raise PermissionDenied
        self._throttle(request, principal)
        return principal

    def _throttle(self, request: Request, principal: Principal | None) -> None:
        wait = self._framework.throttle(request, principal)
        if wait is not None:
            request.detail["retry_after"] = wait
            raise Throttled(wait)

    def _body(self, request: Request, principal: Principal) -> Any:
        action = self._actions.get(request.method)
        if action is not None:
            return action.handler(request, principal)
        if request.method == "OPTIONS":
            return self._metadata()
        raise MethodNotAllowed(request.method)

    def _metadata(self) -> dict[str, Any]:
        """DRF's answer to OPTIONS (B34)."""
        parses = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
        return {"name": self._name, "description": "", "renders": ["application/json"], "parses": parses}


def negotiate(request: Request) -> int | None:
    """Content negotiation for a site that renders JSON only.

    A bare ``text/html`` is answered with JSON too, since the vendor's browsable pages are taken to be off (inferred).

    Returns:
        How far to indent, when the Accept header asks for it (E17).

    Raises:
        NotAcceptable: nothing that is accepted is JSON (B39).
        NotFound: ``?format=`` names something else (B40).
    """
    if "format=" in request.query and request.query_fields.get("format") not in (None, "", "json"):
        raise NotFound
    accept = request.headers.get("accept", "*/*")
    if accept in ("*/*", "application/json"):
        return None
    for item in accept.split(","):
        media_type, *parameters = (part.strip() for part in item.split(";"))
        if media_type.lower() in ("*/*", "application/*", "application/json", "text/html", ""):
            return _indent(parameters)
    raise NotAcceptable


def _indent(parameters: Sequence[str]) -> int | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "indent" and value.strip().isdecimal() and value.isascii():
            return min(int(value), 8)
    return None


def indented(body: bytes, indent: int) -> bytes:
    """JSON with line breaks, as DRF prints it."""
    return json.dumps(json.loads(body), indent=indent, ensure_ascii=False).encode()


def rates_by_user(
    authenticated: Throttle, anonymous: Throttle, clock: Clock
) -> Callable[[Request, Principal | None], int | None]:
    """Limits keyed as DRF keys them: users by themselves, whatever their token; anonymous callers by address.

    The address is the whole X-Forwarded-For header when there is one, as by default in DRF (3.7).
    """

    def throttle(request: Request, principal: Principal | None) -> int | None:
        if principal is not None and principal.user is not None:
            return authenticated.hit(principal.user, clock.micros())
        address = "".join(request.headers.get("x-forwarded-for", request.peer).split())
        return anonymous.hit(address, clock.micros())

    return throttle


def unlimited(_request: Request, _principal: Principal | None) -> None:
    """No limit at all."""
