"""Tokens and Data Platform over HTTP: the gateway's order of checks, and a handler for each operation.

Route, then the token (401), then its policy (403), then the handler, which reads what was asked, calls the backend, and
writes the answer in the vendor's form. The gateway is inferred from the token's policy, which speaks the language of
AWS's API Gateway.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from ..core.errors import WebError
from ..core.ids import fingerprint
from ..core.web.message import MOST_FIELDS, Answer
from ..core.web.routes import Route, Site
from . import policy, wire
from .errors import CORS, JSON, BadRequest, Forbidden, MissingToken, NoSuchPath, NotFound, Unauthorized, refusal
from .extension import EventsFace, SimulationsFace
from .models import Place, Template
from .seed import STATIC_TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..core.web.message import Request
    from .backend import Backend
    from .models import Grant
    from .settings import Settings

LARGEST_BODY = 10 << 20
"""Bytes of a request body: API Gateway's bound (inferred)."""

SOLUTION = "/api/solutions/<solution>"
DEVICES, DEVICE = f"{SOLUTION}/devices", f"{SOLUTION}/devices/<device>"
TEMPLATES = f"{SOLUTION}/devicetemplates"
STATIC = "/api/tenants/systemTenant/devicetemplates"

PREFLIGHT = (
    JSON,
    *CORS,
    ("Access-Control-Allow-Methods", "GET,POST,PUT,DELETE,OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization,Content-Type,Accept"),
)

_HOST = re.compile(r"[A-Za-z0-9._~\[\]:-]+")


def json_answer(status: int, body: bytes) -> Answer:
    """An answer of the platform: JSON, and readable for programs in browsers."""
    return Answer(status, body, [JSON, *CORS])


class Platform:
    """The HTTP face.

    Args:
        name: the vendor's, for the journal.
        backend: the state.
        settings: the switches.
    """

    def __init__(self, name: str, backend: Backend, settings: Settings) -> None:
        self._backend = backend
        self._settings = settings
        self.site = Site(
            name=name,
            routes=self._routes(),
            unrouted=self._unrouted,
            failure=lambda status, _request: refusal(status),
            identify=self._identify,
            is_secret=backend.is_secret,
            largest_body=LARGEST_BODY,
        )

    def _routes(self) -> list[Route]:
        devices, created = (
            self._view(GET=self._list_devices, POST=self._create_device),
            self._view(POST=self._create_device),
        )
        device = self._view(GET=self._get_device, PUT=self._put_device, DELETE=self._delete_device)
        return [
            *self._extension(),
            Route("/api/tokens", "token", self._token),
            Route("/tokens", "token", self._token),
            Route(DEVICES, "devices", devices),
            Route(f"{DEVICES}/", "devices", created),
            Route(DEVICE, "device", device),
            Route(f"{DEVICE}/observations", "observations", self._view(GET=self._of_device, POST=self._post)),
            Route(f"{SOLUTION}/observations", "solution-observations", self._view(GET=self._of_solution)),
            Route(TEMPLATES, "templates", self._view(GET=self._list_templates, POST=self._create_template)),
            Route(f"{TEMPLATES}/<template>", "template", self._view(PUT=self._put_template)),
            Route(STATIC, "static-templates", self._view(GET=self._static)),
        ]

    def _extension(self) -> list[Route]:
        """What is on only when somebody asked for it."""
        backend, routes = self._backend, list[Route]()
        if backend.events and backend.deliveries:
            anywhere = self._settings.webhooks_anywhere
            face = EventsFace(backend.events, backend.deliveries, backend.ids, backend.enter, anywhere=anywhere)
            routes += face.routes(self._view)
        if backend.simulations:
            routes += SimulationsFace(backend.simulations, backend.enter).routes(self._view)
        return routes

    # --- the gateway -----------------------------------------------------------------------------------------------

    def _view(self, **actions: Callable[[Request, Grant], Answer]) -> Callable[[Request], Answer]:
        """A handler that asks a method's action, once the caller may call it."""

        def handler(request: Request) -> Answer:
            action = actions.get(request.method)
            if action is None:
                return self._other_method(request)
            grant = self._authorize(request)
            if not policy.permits(grant.resources, request.method, request.path):
                raise Forbidden
            return action(request, grant)

        return handler

    def _other_method(self, request: Request) -> Answer:
        """A method that a path has not: a browser's question, or none that is known."""
        if request.method == "OPTIONS":
            return Answer(200, b"{}", list(PREFLIGHT))
        return self._unrouted(request)

    def _unrouted(self, _request: Request) -> Answer:
        refused = MissingToken() if self._settings.unknown_path == 403 else NoSuchPath()
        answer = refused.answer()
        answer.cause = refused.cause
        return answer

    def _authorize(self, request: Request) -> Grant:
        """Who calls, by the token in the header: bare, as all of the vendor's own clients send it.

        Raises:
            Unauthorized: there is no token, or none that is good.
        """
        text = request.headers.get("authorization", "").strip()
        if not text:
            raise Unauthorized(cause="no-token")
        scheme, _, rest = text.partition(" ")
        if scheme.lower() == "bearer" and rest:
            request.credential = f"Bearer {fingerprint(rest.strip())}"
            if not self._settings.bearer:
                raise Unauthorized(cause="bearer")
            text = rest.strip()
        else:
            request.credential = f"Token {fingerprint(text)}"
        grant = self._backend.tokens.grant(text)
        request.principal = grant.client_id
        return grant

    def _identify(self, request: Request) -> None:
        try:
            if request.path in ("/api/tokens", "/tokens"):
                self._known_client(request, wire.credentials(request.body)[0])
            else:
                self._authorize(request)
        except WebError:
            return  # the handler will refuse in its own words

    def _known_client(self, request: Request, client_id: str) -> None:
        if self._backend.estate.client(client_id) is not None:
            request.principal = client_id

    # --- tokens ----------------------------------------------------------------------------------------------------

    def _token(self, request: Request) -> Answer:
        if request.method != "POST":
            return self._other_method(request)
        client_id, client_secret = wire.credentials(request.body)
        self._known_client(request, client_id)
        text = self._backend.token(client_id, client_secret)
        request.detail["token"] = fingerprint(text)
        return json_answer(self._settings.token_status, msgspec.json.encode({wire.ACCESS_TOKEN: text}))

    # --- devices ---------------------------------------------------------------------------------------------------

    def _list_devices(self, request: Request, grant: Grant) -> Answer:
        found = self._backend.devices(_place(request, grant), _query(request).get(wire.DEVICE_TYPE))
        if found is None:
            raise NotFound("No devices found.", cause="no-devices")
        return json_answer(200, wire.listing(wire.DEVICES, found))

    def _create_device(self, request: Request, grant: Grant) -> Answer:
        return json_answer(201, self._backend.create_device(_place(request, grant), request.body))

    def _get_device(self, request: Request, grant: Grant) -> Answer:
        return json_answer(200, self._backend.device(_place(request, grant), request.params["device"]))

    def _put_device(self, request: Request, grant: Grant) -> Answer:
        place, device_id = _place(request, grant), request.params["device"]
        return json_answer(200, self._backend.change_device(place, device_id, request.body))

    def _delete_device(self, request: Request, grant: Grant) -> Answer:
        self._backend.delete_device(_place(request, grant), request.params["device"])
        return json_answer(200, b"{}")

    # --- observations ----------------------------------------------------------------------------------------------

    def _post(self, request: Request, grant: Grant) -> Answer:
        place, device_id = _place(request, grant), request.params["device"]
        self._backend.device(place, device_id)
        observations = wire.observations(request.body)
        self._backend.post(place, device_id, observations)
        request.detail["observations"] = len(observations)
        answer = json_answer(201, b"{}")
        answer.then = self._backend.released(request.span)
        return answer

    def _of_device(self, request: Request, grant: Grant) -> Answer:
        return self._observations(request, grant, request.params["device"])

    def _of_solution(self, request: Request, grant: Grant) -> Answer:
        return self._observations(request, grant, None)

    def _observations(self, request: Request, grant: Grant, device_id: str | None) -> Answer:
        query = _query(request)
        page, after = self._backend.observations(
            _place(request, grant), device_id, wire.window(query), query.get(wire.AFTER), wire.limit(query)
        )
        request.detail["observations"] = len(page.items)
        answer = json_answer(200, wire.listing(wire.OBSERVATIONS, page.items))
        if self._settings.next_page_elsewhere:
            request.detail["host"] = _name(request)
        if after is not None:
            base = self._base(request)
            if self._settings.next_page_elsewhere:
                base, request.detail["next_host"] = _elsewhere(request)
            address = wire.next_page(base, request.path, _pairs(request), after)
            answer.headers.append((wire.NEXT_PAGE, address))
        return answer

    def _base(self, request: Request) -> str:
        """Scheme and host for addresses, as the client used them."""
        host = request.headers.get("host", "")
        return self._settings.public_base.rstrip("/") or (
            f"{request.scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"
        )

    # --- templates -------------------------------------------------------------------------------------------------

    def _list_templates(self, request: Request, grant: Grant) -> Answer:
        found = self._backend.templates(_place(request, grant))
        return json_answer(200, msgspec.json.encode({wire.TEMPLATES: [wire.template(one) for one in found]}))

    def _create_template(self, request: Request, grant: Grant) -> Answer:
        place = _place(request, grant)
        return self._written(201, self._backend.create_template(place, *wire.template_fields(request.body)))

    def _put_template(self, request: Request, grant: Grant) -> Answer:
        template = Template(request.params["template"], *wire.template_fields(request.body))
        self._backend.change_template(_place(request, grant), template)
        return self._written(200, template)

    def _written(self, status: int, template: Template) -> Answer:
        found: Any = wire.template(template)
        return json_answer(
            status, msgspec.json.encode(found if self._settings.flat_templates else {wire.TEMPLATES: found})
        )

    def _static(self, _request: Request, _grant: Grant) -> Answer:
        found = [wire.static_template(*one) for one in STATIC_TEMPLATES]
        return json_answer(200, msgspec.json.encode({wire.TEMPLATES: found}))


def _place(request: Request, grant: Grant) -> Place:
    return Place(grant.tenant, request.params["solution"])


def _query(request: Request) -> Mapping[str, str]:
    return dict(_pairs(request))


def _name(request: Request) -> str:
    """The name by which the client reached us, without the port."""
    host = request.headers.get("host", "")
    return (urlsplit(f"//{host}").hostname or "") if _HOST.fullmatch(host) else ""


def _elsewhere(request: Request) -> tuple[str, str]:
    """Scheme and host of the same address by another name, and that name: another origin, as clients see it."""
    name = "127.0.0.1" if _name(request) == "localhost" else "localhost"
    port = request.headers.get("host", "").rpartition(":")[2]
    return f"{request.scheme}://{name}" + (f":{port}" if port.isdecimal() else ""), name


def _pairs(request: Request) -> list[tuple[str, str]]:
    """The fields of the query in order; of one that is repeated the last counts."""
    try:
        return parse_qsl(request.query, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadRequest("Too many query parameters.", cause="too-many-fields") from None
