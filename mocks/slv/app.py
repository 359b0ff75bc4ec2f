"""SLV over HTTP: its routes, and the vendor as a world knows it.

Every method is reached in two ways, ``/reports/api/<service>/<method>`` and
``/reports/api/servlet/SLV<Service>API?methodName=<method>``, by GET or POST, and answers in XML unless ``ser=json``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from ..core.errors import WebError
from ..core.ids import fingerprint
from ..core.journal import mask
from ..core.settings import choose, override
from ..core.vendor import Context, Face
from ..core.web.message import Answer
from ..core.web.routes import Route, Site
from . import pages, wire
from .access import Access, cookie
from .backend import Backend
from .calls import SERVLETS, Call, Style, fields_of
from .catalogue import DESCRIPTION, METHODS, WRITES, describe
from .errors import (
    LoginTimeout,
    MethodNotAllowed,
    NoSuchMethod,
    NotLoggedIn,
    NotPermitted,
    Refusal,
    TooManyParameters,
    plain,
)
from .happenings import Happenings
from .serial import JSON, XML, to_json, to_xml
from .settings import DEFAULT_PROFILE, VERSIONS, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..core.web.message import Request
    from .calls import Method
    from .serial import Tree

NAME = "slv"

BASE, API = "/reports", "/reports/api"
AUTH, LOGIN, LOGOUT = f"{BASE}/auth.json", pages.LOGIN_FORM, f"{BASE}/logout"

LARGEST_BODY = 10_485_760
"""Bytes of a request: what an import may hold (inferred)."""

LOGS_IN = "userprofile/getCurrentUser"
"""The call by which one logs in with Basic, and fetches a CSRF token (public)."""

_METHODS = ("GET", "HEAD", "POST")
_TEXTS = {404: "Not Found", 413: "Request Entity Too Large", 500: "Internal Server Error", 503: "Service Unavailable"}

_Fields = tuple[dict[str, list[str]], str]


class Slv:
    """One world's SLV: backend, HTTP face, and what a world asks of a vendor."""

    name = NAME
    keeps_itself = True
    tokens = None

    def __init__(self, context: Context) -> None:
        self.profile = context.profile or DEFAULT_PROFILE
        self._version = choose("profile", self.profile, VERSIONS)
        settings = override(Settings(), context.settings)
        backend = self.backend = Backend(context.clock, context.ids, context.store, settings, WRITES)
        self.happenings = Happenings(backend)
        self._zone = ZoneInfo(settings.zone)
        self._access = Access(self._version, backend.sessions, backend.people)
        site = Site(
            name=NAME,
            routes=self._routes(),
            unrouted=self._unrouted,
            failure=self._failure,
            identify=self._identify,
            is_secret=backend.is_secret,
            largest_body=LARGEST_BODY,
        )
        self.faces: Sequence[Face] = (Face(NAME, site, self.credentials, AUTH),)

    # --- what a world asks -----------------------------------------------------------------------------------------

    def credentials(self) -> dict[str, str]:
        """What a client needs, by the names of the ready file; the second user may only look, dates are in the zone."""
        first, second = self.backend.people.first
        return {
            "username": first.login,
            "password": first.password,
            "second_username": second.login,
            "second_password": second.password,
            "zone": self._zone.key,
        }

    def reset(self) -> None:
        """Return to the start."""
        self.backend.reset()

    def resume(self) -> None:
        """Go on where an earlier process stopped: all of it is in the tables, and what came due happens at a call."""

    def snapshot(self) -> dict[str, Any]:
        """All state as JSON-like data."""
        return self.backend.snapshot()

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the state from ``snapshot``."""
        self.backend.restore(document)

    def state(self) -> dict[str, Any]:
        """What a person wants to see, without secrets."""
        backend = self.backend
        backend.settle()
        kinds: dict[str, int] = {}
        for device in backend.assets.all():
            kinds[device.category] = kinds.get(device.category, 0) + 1
        return {
            "profile": self.profile,
            "users": [wire.user(user) for user in backend.people.users()],
            "geozones": {str(zone.id): backend.assets.path(zone.id) for zone in backend.assets.geozones.values()},
            "controllers": [device.controller for device in backend.assets.controllers()],
            "devices": kinds,
            "schedules": [msgspec.to_builtins(one) for one in backend.scheduling.schedules.all()],
            "schedulers": [msgspec.to_builtins(one) for one in backend.scheduling.schedulers.all()],
            "batches": [wire.batch(one) for one in backend.batches.running()],
            "sessions": [
                {"id": fingerprint(key), "user": login}
                for key, login in backend.tables.rows("SELECT id, login FROM slv_sessions ORDER BY due DESC LIMIT 100")
            ],
        }

    # --- the face --------------------------------------------------------------------------------------------------

    def _routes(self) -> list[Route]:
        routes = [
            Route(AUTH, "auth", self._auth),
            Route(LOGIN, "login", self._log_in),
            Route(LOGOUT, "logout", self._log_out),
            Route(BASE, "home", self._home),
            Route(f"{BASE}/", "home", self._home),
        ]
        for method in METHODS:
            for name in (method.name, *method.also):
                handler = partial(self._call, method, Style.PATH)
                routes.append(Route(f"{API}/{method.service}/{name}", method.operation, handler))
        for service, servlet in SERVLETS.items():
            describing = partial(self._describe, service, Style.PATH)
            routes.append(Route(f"{API}/{service}/desc", f"{service}/desc", describing))
            path = f"{API}/servlet/{servlet}"
            routes.append(Route(path, servlet, self._unrouted, refine=partial(self._refine, path, service)))
        return routes

    def _refine(self, path: str, service: str, request: Request) -> Route:
        """The method that a servlet is asked for."""
        try:
            fields = fields_of(request)
        except TooManyParameters as refusal:
            return Route(path, SERVLETS[service], partial(_refuse, refusal))
        name = fields[0].get("methodName", [""])[0]
        if name == "desc":
            return Route(path, f"{service}/desc", partial(self._describe, service, Style.SERVLET))
        method = _BY_SERVLET.get((service, name))
        if method is None:
            return Route(path, SERVLETS[service], self._unrouted)
        return Route(path, method.operation, partial(self._call, method, Style.SERVLET, fields=fields))

    def _call(self, method: Method, style: Style, request: Request, fields: _Fields | None = None) -> Answer:
        def carry_out() -> Answer:
            entry = self._access.enter(request, logs_in=method.operation == LOGS_IN)
            if request.method not in _METHODS:
                raise MethodNotAllowed
            if method.writes and method.action in self.backend.people.profile(entry.user.profile).blocked:
                raise NotPermitted(entry.user.login, method.action)
            given, body = fields or fields_of(request)
            answer = self._carried_out(
                method, style, Call(self.backend, self._version, entry.user, {}, given, body, self._zone)
            )
            answer.headers += entry.headers
            return answer

        return self._carefully(carry_out)

    def _carried_out(self, method: Method, style: Style, call: Call) -> Answer:
        try:
            arguments = method.read(call.fields, style, call.zone)
            tree = method.handler(
                Call(call.backend, call.version, call.user, arguments, call.fields, call.body, call.zone)
            )
        except Refusal as refusal:
            return _refused(method, refusal, call.fields)
        return _written(method.answer, tree, call.fields)

    def _describe(self, service: str, style: Style, request: Request) -> Answer:
        def carry_out() -> Answer:
            self._access.enter(request, logs_in=False)
            return _written(DESCRIPTION, describe(service, style), fields_of(request)[0])

        return self._carefully(carry_out)

    def _unrouted(self, request: Request) -> Answer:
        """Whatever leads nowhere: below the API only those are told so who may call it."""

        def carry_out() -> Answer:
            if request.path.startswith(f"{API}/"):
                self._access.enter(request, logs_in=False)
            elif request.path.startswith(f"{BASE}/") and self._access.identify(request) is None:
                raise NotLoggedIn
            raise NoSuchMethod

        return self._carefully(carry_out)

    def _carefully(self, carry_out: Callable[[], Answer]) -> Answer:
        """Carry something out after all that came due before; what breaks off halfway leaves no trace in memory."""
        try:
            self.backend.settle()
            return carry_out()
        except WebError:
            raise
        except Exception:
            self.backend.broke_off()
            raise

    # --- logging in by form ------------------------------------------------------------------------------------------

    def _auth(self, request: Request) -> Answer:
        """Whether one is logged in; it gives a session to whoever has none (public)."""
        self._access.identify(request)
        session = self._access.session(request) or self.backend.sessions.begin(None)
        self.backend.sessions.touch(session)
        found = {"status": "authenticated", "login": session.login} if session.login else {"status": "login"}
        return Answer(200, to_json(found), [JSON, ("Cache-Control", "no-cache"), cookie(request, session.id)])

    def _log_in(self, request: Request) -> Answer:
        if request.method != "POST":
            raise MethodNotAllowed
        session = self._access.session(request)
        if session is None:
            raise LoginTimeout
        fields, _ = fields_of(request)
        login, password = (fields.get(name, [""])[0] for name in ("j_username", "j_password"))
        request.principal = mask(login, self.backend.is_secret)[:200] or request.principal
        user = self.backend.people.login(login, password)
        if user is None:
            answer = pages.login(failed=True)
            answer.cause = "bad-login"
            return answer
        self.backend.sessions.log_in(session, user.login)
        return Answer(302, b"", [("Location", f"{BASE}/")])

    def _log_out(self, request: Request) -> Answer:
        self._access.identify(request)
        session = self._access.session(request)
        if session is not None:
            self.backend.sessions.end(session)
        return Answer(302, b"", [("Location", f"{BASE}/")])

    def _home(self, request: Request) -> Answer:
        if self._access.identify(request) is None:
            raise NotLoggedIn
        return pages.home()

    # --- inside ----------------------------------------------------------------------------------------------------

    def _failure(self, status: int, _request: Request) -> Answer:
        return plain(status, _TEXTS.get(status, f"Error {status}"))

    def _identify(self, request: Request) -> None:
        self._access.identify(request)


_BY_SERVLET = {(method.service, name): method for method in METHODS for name in (method.servlet,)}


def _refuse(refusal: WebError, _request: Request) -> Answer:
    raise refusal


def _written(root: str, tree: Tree, fields: dict[str, list[str]] | Any) -> Answer:
    if fields.get("ser", [""])[0] == "json":
        return Answer(200, to_json(tree), [JSON])
    return Answer(200, to_xml(root, tree), [XML])


def _refused(method: Method, refusal: Refusal, fields: Any) -> Answer:
    """A call that was understood, and cannot be: told in the form that the call has for it, if it has one."""
    if method.answer == wire.RESULT:
        answer = _written(method.answer, wire.failure(refusal), fields)
    elif method.answer == wire.BATCH:
        answer = _written(method.answer, wire.no_batch(refusal), fields)
    else:
        answer = plain(500, str(refusal))
    answer.cause = refusal.cause
    return answer
