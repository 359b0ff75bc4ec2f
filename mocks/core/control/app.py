"""The control API over HTTP: who may call, decoding, and every error as problem+json.

It moves clocks and hands out credentials, so it is guarded against more than strangers: a web page that a developer has
open must not reach it either. Hence a bearer token made at start, no CORS, and a check of Host and Origin.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from hmac import compare_digest
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from ..actions import KINDS
from ..clock import ClockError
from ..errors import WebError, WorldError
from ..rules import FaultConflictError, FaultError
from ..settings import SettingsError
from ..snapshots import SnapshotError
from ..sockets import PortTakenError
from ..vendor import NoLimitsError
from ..web.message import Answer, Request, TooManyFieldsError
from ..web.routes import Route, Site
from ..worlds import MAIN, UnknownWorldError, WorldConflictError, Worlds
from .handlers import MOST_WAITING, Call, NoSuchThingError, TooManyWaitingError
from .models import TITLES, Problem
from .operations import OPERATIONS, Operation
from .stories import PlayedAlreadyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .stories import Stories

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_STATUSES: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((UnknownWorldError, NoSuchThingError, NoLimitsError), 404),
    ((SnapshotError, PortTakenError, WorldConflictError, FaultConflictError, PlayedAlreadyError), 409),
    ((TooManyWaitingError,), 503),
    ((WorldError, ClockError, FaultError, SettingsError), 400),
)
"""What a refusal of the kernel is in HTTP; the first that fits counts."""
_log = logging.getLogger("vendorlab")

Watcher = Callable[[str, Call], "Callable[[], None] | None"]
"""Told an operation's name and the call before it is carried out; what it returns is called once that went well."""

LARGEST_BODY = 64 << 20
"""Bytes: a snapshot goes in one body, and that of a world with all the tokens it may have is half as long."""


_REMEDIES = {"body-too-large": f"a body has at most {LARGEST_BODY >> 20} MiB, and nothing that is sent needs more"}
"""What is said where the edge refuses, by its cause."""


class ProblemError(WebError):
    """An error of the control API (RFC 9457)."""

    def __init__(self, status: int, detail: str, headers: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self._detail = detail
        self._headers = list(headers)

    def answer(self) -> Answer:
        """The error as problem+json."""
        title = TITLES.get(self.status, "Error")
        body = msgspec.json.encode(Problem(title=title, status=self.status, detail=self._detail))
        return Answer(self.status, body, [("Content-Type", "application/problem+json"), *_SAFE, *self._headers])


_SAFE = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


class Control:
    """The control API of one process.

    Args:
        worlds: what it controls.
        token: what a caller must show.
        version: vendorlab's.
        host: where it listens.
        known_as: the names by which others reach it. Beyond loopback, where none are given, any Host header is taken,
            since names differ there; pages must then be of the same host.
        stories: who plays stories for others; without, nobody does.
    """

    def __init__(
        self,
        worlds: Worlds,
        token: str,
        version: str,
        host: str = "127.0.0.1",
        known_as: Iterable[str] = (),
        stories: Stories | None = None,
    ) -> None:
        self._worlds = worlds
        self._stories = stories
        self._token = token.encode()
        self._version = version
        self._host = host
        names = frozenset(name.lower() for name in known_as)
        self._hosts = _LOOPBACK | names if host in _LOOPBACK or names else None
        self._waiting = BoundedSemaphore(MOST_WAITING)
        self._watchers: list[Watcher] = []
        self.site = Site(
            "control",
            self._routes(),
            self._missing,
            self._failure,
            lambda _request: None,
            largest_body=LARGEST_BODY,
        )
        self.unrouted = Route("", "unrouted", self._missing)

    def watch(self, watcher: Watcher) -> None:
        """Tell ``watcher`` of every call that is about to be carried out."""
        self._watchers.append(watcher)

    def __call__(self, route: Route, request: Request) -> Answer:
        """Answer one request; never raises."""
        try:
            return route.handler(request)
        except WebError as refusal:
            return refusal.answer()
        except Exception:  # noqa: BLE001  the caller gets a problem, the log the reason
            _log.exception("vendorlab made a mistake in control %s", route.operation)
            return ProblemError(500, "the reason is in vendorlab's own log").answer()

    def refuse(self, status: int, request: Request, cause: str) -> Answer:
        """A refusal that the edge itself makes."""
        _ = request
        return ProblemError(status, _REMEDIES.get(cause, cause)).answer()

    # --- routes ----------------------------------------------------------------------------------------------------

    def _routes(self) -> list[Route]:
        methods: dict[str, dict[str, Operation]] = {}
        for operation in OPERATIONS:
            methods.setdefault(operation.path, {})[operation.method] = operation
            if operation.scoped:
                methods.setdefault(f"/worlds/<world>{operation.path}", {})[operation.method] = operation
        return [
            Route(path, path, self._resource(found), blocking=any(one.blocking for one in found.values()))
            for path, found in methods.items()
        ]

    def _resource(self, operations: dict[str, Operation]) -> Callable[[Request], Answer]:
        allowed = [*operations, *(["HEAD"] if "GET" in operations else [])]

        def handler(request: Request) -> Answer:
            self._check_source(request)
            operation = operations.get("GET" if request.method == "HEAD" else request.method)
            if operation is None or not operation.public:
                self._check_token(request)
            if operation is None:
                methods = ", ".join(allowed)
                detail = f"{request.method} is not for this path; it has {methods}"
                raise ProblemError(405, detail, [("Allow", methods)])
            return self._run(operation, request)

        return handler

    def _missing(self, request: Request) -> Answer:
        self._check_source(request)
        raise ProblemError(404, f"there is nothing at {request.path}; GET /openapi.json lists what there is")

    def _failure(self, status: int, _request: Request) -> Answer:
        return ProblemError(status, TITLES.get(status, "Error")).answer()

    # --- one call --------------------------------------------------------------------------------------------------

    def _run(self, operation: Operation, request: Request) -> Answer:
        params = dict(request.params)
        call = Call(
            worlds=self._worlds,
            world_name=params.pop("world", MAIN),
            params=params,
            query=_query(operation, request),
            body=_body(operation, request),
            version=self._version,
            host=self._host,
            waiting=self._waiting,
            stories=self._stories,
        )
        try:
            before = [told for told in (watcher(operation.name, call) for watcher in self._watchers) if told]
            result = operation.handler(call)
            for done in before:
                done()
            if operation.scoped and operation.method != "GET":
                call.world.keep()
        except (WorldError, ClockError, FaultError, SettingsError) as error:
            status = next(status for kinds, status in _STATUSES if isinstance(error, kinds))
            raise ProblemError(status, str(error)) from error
        if isinstance(result, Answer):
            return result
        return Answer(204, b"", [*_SAFE]) if operation.status == 204 else _json(operation.status, result)

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not compare_digest(token.strip().encode(), self._token):
            detail = "show the token that `vendorlab up` made, as `Authorization: Bearer TOKEN`"
            raise ProblemError(401, detail, [("WWW-Authenticate", 'Bearer realm="vendorlab control"')])

    def _check_source(self, request: Request) -> None:
        """Refuse a page of another site, and a name that only pretends to be this machine (DNS rebinding)."""
        host = _hostname(f"//{request.headers.get('host', '')}")
        if self._hosts is not None and host not in self._hosts:
            detail = "which is neither this machine's loopback address nor what it was said to be known as"
            raise ProblemError(403, f"the Host header names {host!r}, {detail}")
        origin = request.headers.get("origin")
        if origin is not None and _hostname(origin) not in (self._hosts or {host} - {""}):
            raise ProblemError(403, f"pages of {origin} may not use the control API")


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _json(status: int, data: Any) -> Answer:
    return Answer(status, msgspec.json.encode(data), [("Content-Type", "application/json"), *_SAFE])


def _query(operation: Operation, request: Request) -> Any:
    try:
        fields = request.query_fields
        if operation.query is None:
            if fields:
                raise ProblemError(400, f"this call takes no query, and {', '.join(fields)} is in it")
            return None
        query: Any = msgspec.convert(fields, operation.query, strict=False)
    except (msgspec.ValidationError, TooManyFieldsError) as error:
        raise ProblemError(400, f"in the query: {error}{_hint(error, operation.query)}") from error
    return query


def _body(operation: Operation, request: Request) -> Any:
    if operation.body is None:
        return None
    kind = request.media_type
    if (kind or request.body) and kind != "application/json" and not kind.endswith("+json"):
        raise ProblemError(415, f"send the body as `Content-Type: application/json`, not {kind or 'without one'}")
    try:
        body: Any = msgspec.json.decode(request.body or b"{}", type=operation.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(400, f"in the body: {error}{_hint(error, operation.body)}") from error
    except RecursionError as error:
        raise ProblemError(400, "in the body: it is nested too deeply") from error
    return body


def _hint(error: Exception, form: Any) -> str:
    """What would have been right, where msgspec tells only what is wrong."""
    told = str(error)
    if "RFC3339" in told:
        return "; write it as 2026-11-21T05:00:00Z"
    if told.startswith("Object contains unknown field") and " - at " not in told:
        return f"; there are: {', '.join(form.__struct_encode_fields__)}"
    if told.endswith("`$.action.kind`"):
        return f"; there are: {', '.join(KINDS)}"
    return ""
