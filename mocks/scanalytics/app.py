"""Scanalytics over HTTP: its routes, and the vendor as a world knows it.

Each handler has three steps: read what was asked, call the backend, write the answer in the vendor's form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.clock import SECOND, iso
from ..core.django import pages
from ..core.django.bearer import BearerAuthenticator
from ..core.django.drf import Action, Framework, Principal, rates_by_user
from ..core.django.refusals import UnsupportedMediaType, encode
from ..core.django.site import DjangoSite
from ..core.settings import choose, override
from ..core.vendor import Context, Face
from ..core.web.routes import Route
from . import wire
from .backend import Backend
from .buckets import Bucket, BucketError
from .errors import InvalidBucket
from .happenings import Happenings
from .models import METRICS, Deployment, Permission, User
from .settings import DEFAULT_PROFILE, STACKS, Settings, oauth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..core.web.message import Answer, Request

NAME = "scanalytics"
VERSIONS = ("v1", "v2")
"""``v2`` is current and ``v1`` still works (documented); they are taken to have the same shapes (inferred)."""

LOGIN_PAGE = "/accounts/login/"


class Scanalytics(DjangoSite):
    """One world's Scanalytics: backend, HTTP face, and what a world asks of a vendor."""

    def __init__(self, context: Context) -> None:
        self.profile = context.profile or DEFAULT_PROFILE
        stack = choose("profile", self.profile, STACKS)
        settings = self._settings = override(Settings(), context.settings)
        backend = self.backend = Backend(context.clock, context.ids, stack, settings)
        super().__init__(NAME, stack, backend, oauth(settings), "/o/", context)
        framework = Framework(
            stack=stack,
            clock=context.clock,
            authenticators=(BearerAuthenticator(stack, backend.tokens),),
            throttle=rates_by_user(backend.user_throttle, backend.anonymous_throttle, context.clock),
            throttle_first=settings.throttle_before_auth,
        )
        self.happenings = Happenings(backend, context.clock)
        self._lists: dict[tuple[str, str], tuple[int, bytes]] = {}
        site = self._site(framework, self._routes(framework))
        self.faces: Sequence[Face] = (Face(NAME, site, self.credentials, "/v1/whoami"),)

    # --- what a world asks -----------------------------------------------------------------------------------------

    def credentials(self) -> dict[str, str]:
        """What a client needs, by the names of the ready file."""
        first, second = list(self.backend.estate.users.values())
        public, confidential, service = self.backend.estate.applications
        return {
            "username": first.email,
            "password": first.password,
            "client_id": public.client_id,
            "confidential_client_id": confidential.client_id,
            "confidential_client_secret": confidential.client_secret,
            "credentials_client_id": service.client_id,
            "credentials_client_secret": service.client_secret,
            "second_username": second.email,
            "second_password": second.password,
        }

    def state(self) -> dict[str, Any]:
        """What a person wants to see, without secrets."""
        estate = self.backend.estate
        return {
            "profile": self.profile,
            "users": [{**wire.whoami(user), "deployments": list(user.deployments)} for user in estate.users.values()],
            "applications": [
                {"clientId": a.client_id, "name": a.name, "confidential": a.confidential, "grant": a.grant}
                for a in estate.applications
            ],
            "deployments": [self._deployment(one) for one in self.backend.deployments(self._first_user)],
            "arrays": [wire.array(array) for array in estate.arrays.values()],
            "devices": [wire.device(one, self.backend.last_seen(one)) for one in estate.devices.values()],
            "tokens": [token.as_json() for token in self.backend.tokens.all()],
        }

    # --- the face --------------------------------------------------------------------------------------------------

    def _routes(self, framework: Framework) -> list[Route]:
        return [
            Route("/o/applications/", "applications", self._applications),
            *(route for version in VERSIONS for route in self._resources(framework, version)),
        ]

    def _resources(self, framework: Framework, version: str) -> list[Route]:
        view = framework.view
        edit = self._settings.editing

        def route(path: str, operation: str, get: Any, patch: Any = None) -> Route:
            actions = {"GET": Action(get, "read")}
            if patch is not None and edit:
                actions["PATCH"] = Action(patch, "write")
            # Both versions share their operations' names; the path tells them apart.
            return Route(f"/{version}/{path}", operation, view(operation.replace("-", " ").title(), **actions))

        return [
            route("whoami", "whoami", self._whoami),
            route("deployment/list", "deployment-list", self._deployment_list),
            route("deployment/<key>", "deployment", self._deployment_detail, self._rename_deployment),
            route("array/list", "array-list", self._array_list),
            route("array/<key>", "array", self._array_detail, self._rename_array),
            route("device/list", "device-list", self._device_list),
            route("device/<key>", "device", self._device_detail),
            *(
                route(f"aggregate/<key>/{metric}/<bucket>", f"aggregate-{metric}", self._aggregate(metric))
                for metric in METRICS
            ),
        ]

    # --- handlers --------------------------------------------------------------------------------------------------

    def _whoami(self, request: Request, principal: Principal) -> Any:
        return wire.whoami(self._user(principal))

    def _deployment_list(self, request: Request, principal: Principal) -> Any:
        user = self._user(principal)
        return self._kept(
            "deployments", user, lambda: [self._deployment(one) for one in self.backend.deployments(user)]
        )

    def _deployment_detail(self, request: Request, principal: Principal) -> Any:
        return self._deployment(self.backend.deployment(self._user(principal), request.params["key"]))

    def _rename_deployment(self, request: Request, principal: Principal) -> Any:
        name = wire.new_name(_json_body(request))
        return self._deployment(self.backend.rename_deployment(self._user(principal), request.params["key"], name))

    def _array_list(self, request: Request, principal: Principal) -> Any:
        user = self._user(principal)
        return self._kept("arrays", user, lambda: [wire.array(array) for array in self.backend.arrays(user)])

    def _array_detail(self, request: Request, principal: Principal) -> Any:
        return wire.array(self.backend.array(self._user(principal), request.params["key"]))

    def _rename_array(self, request: Request, principal: Principal) -> Any:
        name = wire.new_name(_json_body(request))
        return wire.array(self.backend.rename_array(self._user(principal), request.params["key"], name))

    def _device_list(self, request: Request, principal: Principal) -> Any:
        devices = self.backend.devices(self._user(principal))
        return [wire.device(device, self.backend.last_seen(device)) for device in devices]

    def _device_detail(self, request: Request, principal: Principal) -> Any:
        device = self.backend.device(self._user(principal), request.params["key"])
        return wire.device(device, self.backend.last_seen(device))

    def _aggregate(self, metric: str) -> Any:
        def handler(request: Request, principal: Principal) -> Any:
            user = self._user(principal)
            array = self.backend.array(user, request.params["key"])
            try:
                bucket = Bucket.parse(request.params["bucket"])
            except BucketError:
                raise InvalidBucket from None
            start, end, zone = wire.window(
                request.query_fields,
                user.timezone,
                dates=self._stack.dates_alone,
                strict=self._settings.strict_local_times,
            )
            request.detail["window"] = [iso(start * SECOND), iso(end * SECOND)]
            return wire.buckets(metric, self.backend.aggregate(user, array.key, metric, bucket, start, end, zone))

        return handler

    def _applications(self, request: Request) -> Answer:
        """The page where applications are registered: behind a login."""
        return pages.redirect(self._stack, f"{LOGIN_PAGE}?next={request.path}", permanent=False)

    # --- inside ----------------------------------------------------------------------------------------------------

    @property
    def _first_user(self) -> User:
        return next(iter(self.backend.estate.users.values()))

    def _user(self, principal: Principal) -> User:
        assert principal.user is not None  # views let nobody else in
        return self.backend.user(principal.user)

    def _kept(self, what: str, user: User, make: Callable[[], Any]) -> bytes:
        """A list as JSON, made anew only when something in it changed."""
        edition, body = self._lists.get((what, user.email), (-1, b""))
        if edition != self.backend.edition:
            body = encode(make())
            self._lists[what, user.email] = (self.backend.edition, body)
        return body

    def _deployment(self, found: tuple[Deployment, Permission]) -> dict[str, Any]:
        one, permission = found
        return wire.deployment(one, permission, self.backend.estate.arrays)


def _json_body(request: Request) -> bytes:
    """The body of a request that must be JSON; DRF would take a form as well, which nobody documents."""
    if request.media_type not in ("", "application/json"):
        raise UnsupportedMediaType(request.headers["content-type"])
    return request.body
