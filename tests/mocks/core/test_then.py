"""What happens once an answer has left: in every lane after the answer, and whatever went wrong with it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from vendorlab.mocks.core.clock import Clock
from vendorlab.mocks.core.edges import wsgi
from vendorlab.mocks.core.edges.asgi import HttpEdge
from vendorlab.mocks.core.edges.inprocess import InProcessTransport
from vendorlab.mocks.core.faults import FaultPlan
from vendorlab.mocks.core.journal import Journal
from vendorlab.mocks.core.web.dispatch import Dispatch
from vendorlab.mocks.core.web.message import Answer, Request
from vendorlab.mocks.core.web.routes import Route, Site


class Recorder:
    """A site whose one answer has something to follow, and what happened in order."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.faults = FaultPlan(0)
        self.clock = Clock(rate=0.0)
        site = Site("shop", [Route("/root", "root", self._root)], self._root, self._failure, lambda _request: None)
        self.dispatch = Dispatch(site, self.clock, self.faults, Journal())

    def _root(self, _request: Request) -> Answer:
        self.steps.append("made")
        return Answer(201, b"body", then=lambda: self.steps.append("then"))

    def _failure(self, status: int, _request: Request) -> Answer:
        return Answer(status)

    def ask(self, lane: str) -> None:
        """One request by a listener's edge."""
        app = wsgi.mount(self.dispatch)
        edge = HttpEdge(self.dispatch, self.clock, reference=(lambda: app) if lane == "reference" else None)
        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/root",
            "query_string": b"",
            "headers": [],
            "client": None,
            "scheme": "http",
        }

        async def send(message: dict[str, Any]) -> None:
            self.steps.append(message["type"])

        asyncio.run(edge(scope, None, send))


LANES = pytest.mark.parametrize("lane", ["direct", "reference"])


@LANES
def test_it_waits_until_the_answer_has_left(lane: str) -> None:
    recorder = Recorder()
    recorder.ask(lane)
    assert recorder.steps == ["made", "http.response.start", "http.response.body", "then"]


@LANES
def test_it_happens_though_a_fault_puts_another_answer_in_its_place(lane: str) -> None:
    recorder = Recorder()
    recorder.faults.add({"action": {"kind": "status", "status": 503}, "phase": "after"})
    recorder.ask(lane)
    assert recorder.steps == ["made", "http.response.start", "http.response.body", "then"]


def test_nothing_follows_an_answer_that_nobody_made() -> None:
    recorder = Recorder()
    recorder.faults.add({"action": {"kind": "status", "status": 503}})
    recorder.ask("direct")
    assert recorder.steps == ["http.response.start", "http.response.body"]


def test_in_process_it_waits_for_a_late_answer() -> None:
    recorder = Recorder()
    recorder.faults.add({"action": {"kind": "delay", "seconds": 1}})
    app = wsgi.mount(recorder.dispatch)
    transport = InProcessTransport(app, recorder.clock, sleep=lambda _: recorder.steps.append("slept"))
    httpx.Client(transport=transport).post("http://shop.example/root")
    assert recorder.steps == ["made", "slept", "then"]


def test_in_process_it_happens_though_the_caller_gets_no_answer() -> None:
    recorder = Recorder()
    recorder.faults.add({"action": {"kind": "empty"}, "phase": "after"})
    transport = InProcessTransport(wsgi.mount(recorder.dispatch), recorder.clock)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.Client(transport=transport).post("http://shop.example/root")
    assert recorder.steps == ["made", "then"]


def test_mounted_elsewhere_it_happens_when_the_server_closes_the_answer() -> None:
    recorder = Recorder()
    app = wsgi.mount(recorder.dispatch)
    answer = app.test_client().post("/root")
    assert recorder.steps == ["made"]
    answer.close()
    assert recorder.steps == ["made", "then"]
