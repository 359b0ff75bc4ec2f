"""iNode over HTTP: its routes, and the vendor as a world knows it.

Each handler has three steps: read what was asked, call the backend, write the answer in the vendor's form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.django import pages
from ..core.django.bearer import BearerAuthenticator
from ..core.django.drf import Action, Framework, Principal, rates_by_user, unlimited
from ..core.django.keys import KeyAuthenticator
from ..core.django.pagination import paginate
from ..core.django.refusals import JSON, encode
from ..core.django.sessions import LoginPage, SessionAuthenticator
from ..core.django.site import DjangoSite
from ..core.ids import fingerprint
from ..core.settings import choose, override
from ..core.vendor import Context, Face
from ..core.web.message import Answer
from ..core.web.routes import Route
from . import schema, wire
from .backend import Backend
from .models import REPORT, STEP, Role, User
from .settings import DEFAULT_PROFILE, STACKS, Settings, oauth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..core.web.message import Request
    from .models import Company

NAME = "inode"

LOGIN_PAGE = "/accounts/login/"
SWAGGER, SCHEMA = "/api/swagger/", "/api/schema/"
LINKS, DEVICES = "/api/v1/links/", "/api/v1/devices/"
LINK, DEVICE, HISTORY = f"{LINKS}<id>/", f"{DEVICES}<id>/", f"{LINKS}<id>/travel_times/"

HISTORY_PAGE = 100
"""Steps on a page of a link's past, where no page size is set."""


class INode(DjangoSite):
    """One world's iNode: backend, HTTP face, and what a world asks of a vendor."""

    def __init__(self, context: Context) -> None:
        self.profile = context.profile or DEFAULT_PROFILE
        stack = choose("profile", self.profile, STACKS)
        settings = self._settings = override(Settings(), context.settings)
        backend = self.backend = Backend(context.clock, context.ids, stack, settings)
        super().__init__(NAME, stack, backend, oauth(settings), "/api/oauth/", context)
        keys, bearer = KeyAuthenticator(backend.key_holder), BearerAuthenticator(stack, backend.tokens)
        session = SessionAuthenticator(stack, backend.sessions, backend.is_active)
        framework = Framework(
            stack=stack,
            clock=context.clock,
            # A session is never first: it has no challenge, so there would be no 401, on which clients refresh.
            authenticators=(bearer, keys, session) if settings.oauth_first else (keys, bearer, session),
            throttle=rates_by_user(backend.throttle, backend.throttle, context.clock)
            if settings.rate_limit
            else unlimited,
            permits=self._permits,
        )
        self._login = LoginPage(stack, backend.accounts, backend.sessions, context.clock, path=LOGIN_PAGE, home=SWAGGER)
        self._described = _described(settings)
        self._lists: dict[tuple[str, str], tuple[int, bytes]] = {}
        site = self._site(framework, self._routes(framework), segment=pages.ROUTER_SEGMENT)
        self.faces: Sequence[Face] = (Face(NAME, site, self.credentials, LINKS),)

    # --- what a world asks -----------------------------------------------------------------------------------------

    def credentials(self) -> dict[str, str]:
        """What a client needs, by the names of the ready file."""
        owner, member, former, other = self.backend.estate.users.values()
        (application,) = self.backend.estate.applications
        return {
            "username": owner.email,
            "password": owner.password,
            "client_id": application.client_id,
            "client_secret": application.client_secret,
            "api_key": owner.api_key,
            "second_username": member.email,
            "second_password": member.password,
            "crowdsourced_username": other.email,
            "crowdsourced_password": other.password,
            "crowdsourced_api_key": other.api_key,
            "deactivated_api_key": former.api_key,
        }

    def reset(self) -> None:
        """Return to the start."""
        super().reset()
        self._lists.clear()

    def state(self) -> dict[str, Any]:
        """What a person wants to see, without secrets."""
        estate = self.backend.estate
        return {
            "profile": self.profile,
            "users": [wire.user(one, one.api_key and fingerprint(one.api_key)) for one in estate.users.values()],
            "applications": [
                {"client_id": a.client_id, "name": a.name, "confidential": a.confidential, "grant": a.grant}
                for a in estate.applications
            ],
            "companies": {
                key: {
                    "links": self._links(company, range(len(company.links))),
                    "devices": self._devices(company, range(len(company.devices))),
                }
                for key, company in estate.companies.items()
            },
            "tokens": [token.as_json() for token in self.backend.tokens.all()],
        }

    # --- the face --------------------------------------------------------------------------------------------------

    def _routes(self, framework: Framework) -> list[Route]:
        def route(path: str, operation: str, title: str, get: Any) -> Route:
            view = framework.view(title, GET=Action(get, "sync"))
            return Route(path, operation, self._router_made(view) if "<" in path else view)

        routes = [
            route(LINKS, "links", "Link List", self._link_list),
            route(LINK, "link", "Link Instance", self._link_detail),
            route(DEVICES, "devices", "Device List", self._device_list),
            route(DEVICE, "device", "Device Instance", self._device_detail),
            Route(SWAGGER, "swagger", self._swagger),
            Route(SCHEMA, "schema", self._schema),
            Route(LOGIN_PAGE, "login", self._login),
        ]
        if self._settings.history:
            routes.append(route(HISTORY, "travel-times", "Link Travel Times", self._travel_times))
        return routes

    def _router_made(self, view: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
        """An id with a dot in it leads nowhere, not even to a 401: DRF's routers keep the dot for formats."""

        def handler(request: Request) -> Answer:
            if "." in request.params["id"]:
                return pages.page(self._stack, 404, "no-such-path")
            return view(request)

        return handler

    # --- handlers --------------------------------------------------------------------------------------------------

    def _link_list(self, request: Request, principal: Principal) -> Any:
        company = self._company(principal)
        return self._list(request, "links", company, len(company.links), STEP, self._links)

    def _link_detail(self, request: Request, principal: Principal) -> Any:
        place, _ = self.backend.link(self._user(principal), request.params["id"])
        return self._links(self._company(principal), range(place, place + 1))[0]

    def _device_list(self, request: Request, principal: Principal) -> Any:
        company = self._company(principal)
        return self._list(request, "devices", company, len(company.devices), REPORT, self._devices)

    def _device_detail(self, request: Request, principal: Principal) -> Any:
        place, _ = self.backend.device(self._user(principal), request.params["id"])
        return self._devices(self._company(principal), range(place, place + 1))[0]

    def _travel_times(self, request: Request, principal: Principal) -> Any:
        place, _ = self.backend.link(self._user(principal), request.params["id"])
        start, end = wire.window(request.query_fields, dates=self._stack.dates_alone)
        found = self.backend.past(self._company(principal), place, start, end)
        page = paginate(self._stack, request, len(found), self._settings.pagination or HISTORY_PAGE)
        return page.envelope(request, [wire.travel_time(*pair) for pair in found[page.rows]])

    def _swagger(self, request: Request) -> Answer:
        """The description for people, or for programs that would rather have JSON; behind a login."""
        if "text/html" not in request.headers.get("accept", ""):
            return self._schema(request)
        return self._behind_login(
            request, lambda: pages.document(self._stack, 200, schema.TITLE, schema.page(self._described, SCHEMA))
        )

    def _schema(self, request: Request) -> Answer:
        """The description for programs; behind the same login."""
        return self._behind_login(
            request,
            lambda: Answer(200, encode(schema.openapi(self._described, wire.TYPES)), [JSON, *self._stack.headers]),
        )

    # --- inside ----------------------------------------------------------------------------------------------------

    def _behind_login(self, request: Request, show: Callable[[], Answer]) -> Answer:
        if self._login.user(request) is None:
            return self._login.send_here(request)
        if request.method not in ("GET", "HEAD"):
            return pages.method_not_allowed(self._stack, ("GET", "HEAD", "OPTIONS"))
        answer = show()
        answer.headers.append(("Vary", "Accept, Cookie"))
        return answer

    def _permits(self, principal: Principal) -> bool:
        return not self._settings.owner_only or self._user(principal).role is Role.OWNER

    def _user(self, principal: Principal) -> User:
        assert principal.user is not None  # views let nobody else in
        return self.backend.user(principal.user)

    def _company(self, principal: Principal) -> Company:
        return self.backend.company(self._user(principal))

    def _list(
        self,
        request: Request,
        what: str,
        company: Company,
        count: int,
        seconds: int,
        make: Callable[[Company, range], list[Any]],
    ) -> Any:
        """A page of a list, or all of it as JSON, which is kept for as long as nothing in it changes.

        Args:
            request: may ask for a page.
            what: links or devices.
            company: whose.
            count: how many there are.
            seconds: how often something in it changes.
            make: writes those at some places.
        """
        if self._settings.pagination:
            page = paginate(self._stack, request, count, self._settings.pagination)
            return page.envelope(request, make(company, range(count)[page.rows]))
        step = self.backend.now // seconds
        kept, body = self._lists.get((what, company.key), (-1, b""))
        if kept != step:
            body = encode(make(company, range(count)))
            self._lists[what, company.key] = (step, body)
        return body

    def _links(self, company: Company, places: range) -> list[dict[str, Any]]:
        return [wire.link(*found) for found in self.backend.measured(company, places)]

    def _devices(self, company: Company, places: range) -> list[dict[str, Any]]:
        return [wire.device(*found) for found in self.backend.reported(company, places)]


def _described(settings: Settings) -> list[schema.Described]:
    """What the vendor's own description tells of."""
    several = "page" if settings.pagination else "array"
    described = [
        schema.Described(LINKS, "links_list", "Link", several),
        schema.Described(LINK, "links_retrieve", "Link", "object"),
        schema.Described(DEVICES, "devices_list", "Device", several),
        schema.Described(DEVICE, "devices_retrieve", "Device", "object"),
    ]
    if settings.history:
        described.append(schema.Described(HISTORY, "links_travel_times", "TravelTime", "page", (wire.START, wire.END)))
    return described
