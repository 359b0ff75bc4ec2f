"""A fake Scanalytics for the client's tests, written from the vendor's pages and not from `mocks`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import httpx
from tests.clients.django_fake import USERNAME, DjangoFake, html

CLIENT_ID = "public-app"
CONFIDENTIAL_ID, CLIENT_SECRET = "confidential-app", "s3cret-of-the-app"

DEPLOYMENTS: list[dict[str, Any]] = [
    {
        "key": "K7Q2M",
        "name": "Lakefront Store",
        "timezone": "America/Chicago",
        "permission": "edit",
        "arrays": [{"key": "P4T9X", "name": "Front Entrance"}],
    },
    {"key": "B5N6D", "name": "Harbor Gym", "timezone": "America/New_York", "permission": "view", "arrays": []},
]
ARRAYS: list[dict[str, Any]] = [
    {
        "key": "P4T9X",
        "name": "Front Entrance",
        "deploymentKey": "K7Q2M",
        "type": "entrance",
        "widthMeters": 1.8,
        "lengthMeters": 0.9,
        "devices": ["D-000451"],
    }
]
DEVICES: list[dict[str, Any]] = [
    {
        "key": "D-000451",
        "name": "Front mat 1",
        "arrayKey": "P4T9X",
        "deploymentKey": "K7Q2M",
        "online": True,
        "lastSeen": "2018-03-08T22:44:31Z",
        "firmware": "2.3.1",
    }
]


@dataclass
class FakeVendor(DjangoFake):
    """Scanalytics."""

    token_path = "/o/token/"
    applications: ClassVar = {CLIENT_ID: "", CONFIDENTIAL_ID: CLIENT_SECRET}
    scopes = frozenset({"read", "write"})
    scope = "read"
    lifetime: int = 86_400
    profile: str = "legacy"

    def answer(self, request: httpx.Request) -> httpx.Response:
        _, version, *segments = request.url.path.split("/")
        if version not in ("v1", "v2") or not segments or segments[-1] == "":
            return html(404, "<h1>Not Found</h1>")
        refused = self._authenticate(request) or self.throttle()
        return refused or self._resource(segments, request)

    def _authenticate(self, request: httpx.Request) -> httpx.Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.live(token):
            challenge = {"WWW-Authenticate": 'Bearer realm="api"'}
            body = {"detail": "Authentication credentials were not provided."}
            return httpx.Response(401, json=body, headers=challenge)
        return None

    def _resource(self, segments: list[str], request: httpx.Request) -> httpx.Response:
        path = "/".join(segments)
        if path in self.bodies:
            return httpx.Response(200, json=self.bodies[path])
        match segments:
            case ["whoami"]:
                body: Any = {
                    "email": USERNAME,
                    "firstName": "Ada",
                    "lastName": "Example",
                    "timezone": "America/Chicago",
                    "isNewMember": True,
                }
            case ["deployment" | "array" | "device" as kind, key]:
                items = {"deployment": DEPLOYMENTS, "array": ARRAYS, "device": DEVICES}[kind]
                body = items if key == "list" else next((item for item in items if item["key"] == key), None)
            case ["aggregate", "P4T9X", "visits" | "entrances" | "exits" | "occupancy" | "dwell" as metric, bucket]:
                return _aggregate(metric, bucket, request.url.params)
            case ["aggregate", "P4T9X", _, _]:
                return html(404, "<h1>Not Found</h1>")
            case _:
                body = None
        return httpx.Response(404, json={"detail": "Not found."}) if body is None else httpx.Response(200, json=body)


def _aggregate(metric: str, bucket: str, params: httpx.QueryParams) -> httpx.Response:
    """Buckets aligned to the zone's hours or days; a bucket's value is how many minutes of the window it holds."""
    missing = {name: ["This field is required."] for name in ("start", "end") if name not in params}
    if missing:
        return httpx.Response(400, json=missing)
    if bucket not in ("1h", "1d"):
        return httpx.Response(400, json={"detail": "Invalid bucket."})
    start, end = (datetime.fromisoformat(params[name]) for name in ("start", "end"))
    if end <= start:
        return httpx.Response(400, json={"detail": "end must be after start."})
    zone = ZoneInfo(params.get("timezone", "America/Chicago"))
    counts: dict[datetime, int] = {}
    moment = start.astimezone(UTC)
    while moment < end.astimezone(UTC):
        local = moment.astimezone(zone)
        label = local.replace(minute=0, second=0) if bucket == "1h" else local.replace(hour=0, minute=0, second=0)
        counts[label.astimezone(UTC)] = counts.get(label.astimezone(UTC), 0) + 1
        moment += timedelta(minutes=1)
    rows = [
        {"start": label.astimezone(zone).isoformat(), metric: value if metric != "dwell" else value / 60}
        for label, value in counts.items()
    ]
    return httpx.Response(200, json=rows)
