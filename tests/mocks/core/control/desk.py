"""The control API called in process, with the worlds that it controls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
from tests.mocks.support import START

from vendorlab.mocks import registry
from vendorlab.mocks.core.control.app import Control
from vendorlab.mocks.core.edges.loop import LoopThread
from vendorlab.mocks.core.web.message import Request
from vendorlab.mocks.core.web.routes import Router
from vendorlab.mocks.core.world import World, WorldOptions
from vendorlab.mocks.core.worlds import Worlds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vendorlab.mocks.core.web.message import Answer

TOKEN = "the-control-token"


class Desk:
    """A control API and what it controls; requests are values, so nothing listens but what is told to."""

    def __init__(self, host: str = "127.0.0.1", known_as: Sequence[str] = ()) -> None:
        self.worlds = Worlds(
            lambda names, options, thread: World(registry.factories(names), options, thread), LoopThread()
        )
        self.main = self.worlds.create("main", ["scanalytics"], WorldOptions(seed=7, start=START, rate=0))
        self.control = Control(self.worlds, TOKEN, "1.2.3", host, known_as)
        self._router = Router(self.control.site.routes)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: bytes | None = None,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask as the edge would; a body that is not None goes as JSON."""
        path, _, query = path.partition("?")
        sent = {"host": "127.0.0.1:7070", **({"authorization": f"Bearer {token}"} if token else {})}
        if content is None:
            content = b"" if body is None else json.dumps(body).encode()
        if content:
            sent["content-type"] = "application/json"
        request = Request(method, path, query, {**sent, **(headers or {})}, content)
        route, request.params = self._router.find(path) or (self.control.unrouted, {})
        return self.control(route, request)

    def read(self, path: str) -> Any:
        """GET, expect 200, and read."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def login(self, world: World | None = None) -> dict[str, str]:
        """Log in at the world's vendor, in process: return the tokens."""
        world = world or self.main
        known = world.faces()[0].credentials()
        form = {"grant_type": "password", **{key: known[key] for key in ("username", "password", "client_id")}}
        with httpx.Client(transport=world.transport("scanalytics"), base_url="http://scanalytics.example") as http:
            body = http.post("/o/token/", data=form).json()
        return {"access": body["access_token"], "refresh": body["refresh_token"]}

    def stop(self) -> None:
        self.worlds.stop()
        self.worlds.thread.stop()


def detail(answer: Answer, status: int) -> str:
    """Expect a refusal: return what it says."""
    assert answer.status == status, answer.body
    assert ("Content-Type", "application/problem+json") in answer.headers
    body = json.loads(answer.body)
    assert list(body) == ["type", "title", "status", "detail"]
    assert body["status"] == status
    return str(body["detail"])
