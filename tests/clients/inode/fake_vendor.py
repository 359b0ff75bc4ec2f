"""A fake iNode for the client's tests, written from the vendor's pages and not from `mocks`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx
from tests.clients.django_fake import DjangoFake, html

CLIENT_ID, CLIENT_SECRET = "ottawa-app", "s3cret-of-the-app"
API_KEY = "0123456789abcdef0123456789abcdef01234567"
TOKEN_PATH, LINKS, DEVICES = "/api/oauth/token/", "/api/v1/links/", "/api/v1/devices/"

SENSOR_LINK: dict[str, Any] = {
    "id": 1042,
    "name": "Main St NB: 1st Ave to 5th Ave",
    "enabled": True,
    "status": None,
    "data_sources": ["sensor"],
    "default_data_source": "sensor",
    "origin_device": 311,
    "destination_device": 312,
    "distance": 2.14,
    "free_flow_speed": 60.0,
    "grid": {"id": 7, "name": "Downtown"},
    "time_zone": "America/Toronto",
    "last_travel_time": 171,
    "last_speed": 45.1,
    "last_count": 9,
    "last_updated": "2026-03-02T14:35:00Z",
}
CROWDSOURCED_LINK: dict[str, Any] = {
    "id": 1077,
    "name": "Hwy 9 EB: Exit 12 to Exit 15",
    "enabled": True,
    "status": "collecting",
    "data_sources": ["crowdsourced"],
    "default_data_source": "crowdsourced",
    "origin_device": None,
    "destination_device": None,
    "distance": 5.60,
    "free_flow_speed": 100.0,
    "grid": None,
    "time_zone": "America/Toronto",
    "last_travel_time": None,
    "last_speed": None,
    "last_count": None,
    "last_updated": None,
}
DEVICE: dict[str, Any] = {
    "id": 311,
    "name": "Main & 1st",
    "online": True,
    "live": True,
    "vpn_ip": "10.8.0.31",
    "input_voltage": 12.6,
    "current_consumption": 0.21,
    "ambient_temperature": -4.5,
    "cpu_temperature": 31.0,
    "grid": {"id": 7, "name": "Downtown"},
    "note": "",
    "city": "Ottawa",
    "country": "CA",
    "time_zone": "America/Toronto",
    "latitude": 45.4215,
    "longitude": -75.6972,
    "last_seen": "2026-03-02T14:36:10Z",
}


@dataclass
class FakeVendor(DjangoFake):
    """iNode. `bodies` answers a path in its own way; a page size makes lists come in pages."""

    token_path = TOKEN_PATH
    applications: ClassVar = {CLIENT_ID: CLIENT_SECRET}
    scopes = frozenset({"sync"})
    scope = "sync"
    lifetime: int = 432_000
    profile: str = "modern"
    keys: set[str] = field(default_factory=lambda: {API_KEY})
    links: list[dict[str, Any]] = field(default_factory=lambda: [SENSOR_LINK, CROWDSOURCED_LINK])
    devices: list[dict[str, Any]] = field(default_factory=lambda: [DEVICE, DEVICE | {"id": 312, "name": "Main & 5th"}])
    page_size: int | None = None
    origin: str = "http://vendor.test"

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if not path.startswith("/api/v1/"):
            return html(404, "<h1>Not Found</h1>")
        if not path.endswith("/"):
            query = request.url.query.decode()
            return httpx.Response(301, headers={"Location": f"{path}/?{query}" if query else f"{path}/"})
        refused = self._authenticate(request) or self.throttle()
        return refused or self._resource(request)

    def _authenticate(self, request: httpx.Request) -> httpx.Response | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        detail = "Authentication credentials were not provided."
        if scheme.lower() == "token":
            if secret in self.keys:
                return None
            detail = "Invalid token."
        elif scheme.lower() == "bearer" and self.live(secret):
            return None
        return httpx.Response(401, json={"detail": detail}, headers={"WWW-Authenticate": "Token"})

    def _resource(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method != "GET":
            detail = f'Method "{request.method}" not allowed.'
            return httpx.Response(405, json={"detail": detail}, headers={"Allow": "GET, HEAD, OPTIONS"})
        if path in self.bodies:
            return httpx.Response(200, json=self.bodies[path])
        for home, kind, things in ((LINKS, "Link", self.links), (DEVICES, "Device", self.devices)):
            if path == home:
                return self._list(request, things)
            if path.startswith(home):
                key = path.removeprefix(home).removesuffix("/")
                found = next((thing for thing in things if str(thing["id"]) == key), None)
                if found is not None:
                    return httpx.Response(200, json=found)
                is_plain = self.profile == "legacy" or not key.isdigit()
                detail = "Not found." if is_plain else f"No {kind} matches the given query."
                return httpx.Response(404, json={"detail": detail})
        return html(404, "<h1>Not Found</h1>")

    def _list(self, request: httpx.Request, things: list[dict[str, Any]]) -> httpx.Response:
        if self.page_size is None:
            return httpx.Response(200, json=things)
        number = int(request.url.params.get("page", "1"))
        pages = max(1, -(-len(things) // self.page_size))
        if not 1 <= number <= pages:
            return httpx.Response(404, json={"detail": "Invalid page."})
        here = f"{self.origin}{request.url.path}"
        body = {
            "count": len(things),
            "next": f"{here}?page={number + 1}" if number < pages else None,
            "previous": None if number == 1 else here if number == 2 else f"{here}?page={number - 1}",
            "results": things[(number - 1) * self.page_size : number * self.page_size],
        }
        return httpx.Response(200, json=body)
