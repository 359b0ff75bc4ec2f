"""Itron in a world, called in process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vendorlab.mocks.core.journal import Entry
    from vendorlab.mocks.core.world import World
    from vendorlab.mocks.itron.app import Itron
    from vendorlab.mocks.itron.backend import Backend

TOKENS = "/api/tokens"
STATIC = "/api/tenants/systemTenant/devicetemplates"
PLACE = "itron-platform"

DAY = {"from": "2024-05-01T00:00:00Z", "to": "2024-05-02T00:00:00Z"}
"""The window in which the tests' own observations lie."""


def at(second: float, **values: Any) -> dict[str, Any]:
    """An observation at a second of that day, to a millisecond."""
    whole, millis = divmod(round(second * 1_000), 1_000)
    time = f"{whole // 3_600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{millis:03d}"
    return {"timestamp": f"2024-05-01T{time}Z", **values}


def solution(name: str, *parts: str) -> str:
    """A path below a solution."""
    return "/".join((f"/api/solutions/{name}", *parts))


class Caller:
    """Itron in a world, called in process; or at an address, over sockets."""

    def __init__(self, world: World, url: str | None = None) -> None:
        self.world = world
        transport = None if url else world.transport(PLACE)
        self.http = httpx.Client(transport=transport, base_url=url or "http://itron.example")
        self._tokens: dict[str, str] = {}

    @property
    def vendor(self) -> Itron:
        return cast("Itron", self.world.vendor("itron"))

    @property
    def backend(self) -> Backend:
        return self.vendor.backend

    @property
    def known(self) -> Mapping[str, str]:
        return self.vendor.credentials()

    @property
    def last(self) -> Entry:
        """The newest entry of the journal."""
        return self.world.journal.find()[-1]

    def credentials(self, which: str = "") -> dict[str, str]:
        """The body of a token call that works."""
        return {"clientId": self.known[f"{which}client_id"], "clientSecret": self.known[f"{which}client_secret"]}

    def new_token(self, which: str = "") -> str:
        """A new token, of the first tenant or with ``second_`` of the other."""
        answer = self.http.post(TOKENS, json=self.credentials(which))
        assert answer.is_success, answer.text
        return str(answer.json()["accessToken"])

    def token(self, which: str = "") -> str:
        """A token of a tenant, got once."""
        if which not in self._tokens:
            self._tokens[which] = self.new_token(which)
        return self._tokens[which]

    def call(self, method: str, path: str, *, which: str = "", **options: Any) -> httpx.Response:
        """Any request with a token."""
        headers = dict(options.pop("headers", {}))
        if "Authorization" not in headers:
            headers["Authorization"] = self.token(which)
        return self.http.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.call("GET", path, **options)

    def make_device(self, place: str = "lab", **members: Any) -> str:
        """A new device's id."""
        answer = self.call("POST", solution(place, "devices"), json={"deviceType": "Thing", **members})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def post(self, device: str, *observations: Any, place: str = "lab", **options: Any) -> httpx.Response:
        """Post observations, or a raw body as ``content``."""
        path = solution(place, "devices", device, "observations")
        if "content" not in options:
            options["content"] = json.dumps({"observations": observations})
        return self.call("POST", path, **options)

    def page(self, path: str, **query: Any) -> httpx.Response:
        """A page of observations."""
        answer = self.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer

    def of_device(self, device: str, place: str = "lab", **query: Any) -> list[dict[str, Any]]:
        """The first page of a device's observations."""
        found = self.page(solution(place, "devices", device, "observations"), **query).json()["observations"]
        return cast("list[dict[str, Any]]", found)

    def pages(self, path: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
        """Every page of a list, by its header."""
        answer = self.page(path, **query)
        while True:
            yield answer.json()["observations"]
            if "next_page" not in answer.headers:
                return
            answer = self.get(answer.headers["next_page"])
            assert answer.status_code == 200, answer.text
