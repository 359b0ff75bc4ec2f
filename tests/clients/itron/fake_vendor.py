"""A fake Data Platform for the client's tests, written from the vendor's pages and not from `mocks`."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import httpx
from tests.clients.django_fake import FakeClock, Fault, Instead

from vendorlab.clients.core.reading import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN = "http://vendor.test"
CLIENT_ID, CLIENT_SECRET = "6f1c2d3e-0000-4000-8000-00000000000a", "s3cr+t/of+the/application"
DEVICE_ID = "8e7d6c5b-4a39-4281-b706-f5e4d3c2b1a0"
DEVICE: dict[str, Any] = {
    "id": DEVICE_ID,
    "deviceType": "MILLI",
    "domainInfo": {"nic_macID": "00135005000000a1"},
    "provisioningInfo": {"ssniMacAddress": "00135005000000a1"},
}
TEMPLATE: dict[str, Any] = {"id": "t-1", "name": "Pole sensor", "sensors": ["tilt", "temperature"]}
WALL = datetime(2024, 5, 1, 12, tzinfo=UTC)


def jwt(claims: Any) -> str:
    """Make what looks like a signed token."""
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    return ".".join([*(_b64(json.dumps(part).encode()) for part in parts), _b64(b"signature")])


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def message(status: int, text: str, key: str = "message") -> httpx.Response:
    return httpx.Response(status, json={key: text})


def answering(status: int = 200, **content: Any) -> Fault:
    """A fault: answer so, in the vendor's place."""
    return Instead(f"answer-{status}", lambda: httpx.Response(status, **content))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@cache
def time_of(observation: str) -> datetime:
    return moment(json.loads(observation)["timestamp"])


@dataclass
class FakeVendor:
    """The platform; `requests` is what it was asked, in order. Its clock is ahead of the client's by `ahead` seconds.

    `stored` holds, by device, the text of each observation. A page holds so many observations.
    """

    clock: Callable[[], float] = field(default_factory=FakeClock)
    ahead: float = 0.0
    lifetime: int = 3_600
    token_status: int = 200
    page_size: int = 100
    keeps_both: bool = False
    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])
    faults: deque[Fault | None] = field(default_factory=deque[Fault | None])
    live: dict[str, float] = field(default_factory=dict[str, float])
    issued: set[str] = field(default_factory=set[str])
    devices: list[dict[str, Any]] = field(default_factory=lambda: [DEVICE])
    templates: list[dict[str, Any]] = field(default_factory=lambda: [TEMPLATE])
    stored: dict[str, list[str]] = field(default_factory=lambda: {DEVICE_ID: []})
    make_token: Callable[[float], str] | None = None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._serial = itertools.count(1)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._lock:
            self.requests.append(request)
            fault = self.faults.popleft() if self.faults else None
            return fault(request, self._route) if fault else self._route(request)

    # What tests look at and do

    def now(self) -> float:
        return self.clock() + self.ahead

    def tokens_made(self) -> int:
        return sum(request.url.path.endswith("/tokens") for request in self.requests)

    def asked(self) -> list[httpx.Request]:
        """What was asked beside tokens."""
        return [request for request in self.requests if not request.url.path.endswith("/tokens")]

    def revoke(self) -> None:
        self.live.clear()

    def arrive(self, at: datetime, device: str = DEVICE_ID, **values: Any) -> None:
        """Let an observation arrive from the field."""
        stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._keep(device, json.dumps({"timestamp": stamp, **values}))

    # What it does

    def _route(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path in ("/api/tokens", "/tokens") and request.method == "POST":
            return self._token(request)
        if self.live.get(request.headers.get("Authorization", ""), 0) <= self.now():
            return message(401, "Unauthorized")
        if path == "/api/tenants/systemTenant/devicetemplates" and request.method == "GET":
            return httpx.Response(200, json={"deviceTemplates": [{"name": "Milli", "sensors": ["temperature"]}]})
        return self._data(request, path.split("/")[1:])

    def _data(self, request: httpx.Request, parts: list[str]) -> httpx.Response:
        if parts[:2] != ["api", "solutions"] or len(parts) < 4:
            return message(403, "User is not authorized to access this resource", "Message")
        if parts[2] != "sandbox":
            return self._empty(request, parts[3:])
        match request.method, parts[3:]:
            case "GET", ["devices"]:
                return self._device_list(request)
            case "POST", ["devices", ""]:
                device = json.loads(request.content) | {"id": f"d-{next(self._serial)}"}
                self.devices.append(device)
                self.stored[device["id"]] = []
                return httpx.Response(201, json=device)
            case method, ["devices", key]:
                return self._device(method, key, request)
            case "POST", ["devices", key, "observations"]:
                return self._post(key, request)
            case "GET", ["devices", key, "observations"]:
                return self._observations(request, [key])
            case "GET", ["observations"]:
                return self._observations(request, list(self.stored), is_solution=True)
            case method, ["devicetemplates", *rest]:
                return self._template(method, rest, request)
            case _:
                return message(403, "Missing Authentication Token")

    def _token(self, request: httpx.Request) -> httpx.Response:
        try:
            body: Any = json.loads(request.content)
            given = body["clientId"], body["clientSecret"]
        except (ValueError, KeyError, TypeError):
            return message(400, "clientId and clientSecret are required")
        if given != (CLIENT_ID, CLIENT_SECRET):
            return message(401, "Unauthorized")
        now = int(self.now())
        claims = {"iss": "/data", "sub": "TN0", "jti": str(next(self._serial)), "iat": now, "exp": now + self.lifetime}
        token = jwt(claims) if self.make_token is None else self.make_token(now)
        self.issued.add(token)
        self.live[token] = now + self.lifetime
        return httpx.Response(self.token_status, json={"accessToken": token})

    def _empty(self, request: httpx.Request, rest: list[str]) -> httpx.Response:
        is_template = rest[0] == "devicetemplates"
        return httpx.Response(200, json={"deviceTemplates": []}) if is_template else message(404, "Not Found")

    def _device_list(self, request: httpx.Request) -> httpx.Response:
        kind = request.url.params.get("deviceType")
        found = [device for device in self.devices if kind in (None, device["deviceType"])]
        return httpx.Response(200, json={"devices": found}) if self.devices else message(404, "Not Found")

    def _device(self, method: str, key: str, request: httpx.Request) -> httpx.Response:
        found = next((device for device in self.devices if device["id"] == key), None)
        if found is None:
            return message(404, "Not Found")
        if method == "PUT":
            self.devices[self.devices.index(found)] = found = json.loads(request.content) | {"id": key}
        if method == "DELETE":
            self.devices.remove(found)
            del self.stored[key]
            return httpx.Response(200, json={})
        return httpx.Response(200, json=found)

    def _template(self, method: str, rest: list[str], request: httpx.Request) -> httpx.Response:
        if method == "GET":
            return httpx.Response(200, json={"deviceTemplates": self.templates})
        written = json.loads(request.content)["deviceTemplate"] | {"id": rest[0] if rest else "t-2"}
        self.templates = [template for template in self.templates if template["id"] != written["id"]] + [written]
        return httpx.Response(200 if rest else 201, json={"deviceTemplates": written})

    def _post(self, key: str, request: httpx.Request) -> httpx.Response:
        if len(request.content) > 10 * 1024 * 1024:
            return message(413, "Request Too Long")
        if key not in self.stored:
            return message(404, "Not Found")
        for observation in json.loads(request.content, parse_float=_Exact, parse_int=_Exact)["observations"]:
            self._keep(key, _exactly(observation))
        return httpx.Response(201, json={})

    def _keep(self, key: str, text: str) -> None:
        kept = self.stored[key]
        at = time_of(text)
        if not self.keeps_both:
            kept[:] = [other for other in kept if time_of(other) != at]
        kept.append(text)

    def _observations(self, request: httpx.Request, keys: list[str], *, is_solution: bool = False) -> httpx.Response:
        params = request.url.params
        if keys and keys[0] not in self.stored:
            return message(404, "Not Found")
        if ("from" in params) is not ("to" in params):
            return message(400, "from and to go together")
        rows = [(time_of(text), key, text) for key in keys for text in self.stored[key]]
        rows.reverse()  # of those of one time, the last to arrive comes first
        rows.sort(key=lambda row: row[0], reverse=True)
        if "from" in params:
            start, end = (moment(params[name]).replace(microsecond=0) for name in ("from", "to"))
            tag = params.get("tags")
            rows = [row for row in rows if start <= row[0] < end and tag in (None, *json.loads(row[2]).get("tags", []))]
        elif is_solution:
            rows = [next(row for row in rows if row[1] == key) for key in keys if self.stored[key]]
        first = int(params.get("after", "0"))
        size = min(int(params.get("limit", self.page_size)), self.page_size)
        page = [_named(text, key) if is_solution else text for _, key, text in rows[first : first + size]]
        headers = {"Content-Type": "application/json"}
        if first + size < len(rows):
            query = [(name, value) for name, value in params.multi_items() if name != "after"]
            query.append(("after", str(first + size)))
            text = "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
            headers["next_page"] = f"{ORIGIN}{request.url.path}?{text}"
        return httpx.Response(200, content='{"observations":[' + ",".join(page) + "]}", headers=headers)


class _Exact(float):
    """A number that stays as it was written."""

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str


def _exactly(value: Any) -> str:
    match value:
        case _Exact():
            return value.text
        case _ if is_object(value):
            return "{" + ",".join(f"{json.dumps(name)}:{_exactly(item)}" for name, item in value.items()) + "}"
        case _ if is_list(value):
            return "[" + ",".join(map(_exactly, value)) + "]"
        case _:
            return json.dumps(value)


def _named(text: str, key: str) -> str:
    return f'{{"deviceId":"{key}",{text.lstrip()[1:]}'


def at(seconds: float) -> datetime:
    """Give a moment so many seconds after noon of the fake's day."""
    return WALL + timedelta(seconds=seconds)
