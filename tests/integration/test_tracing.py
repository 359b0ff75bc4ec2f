"""Spans of exchanges: in the caller's trace, with what the journal says and nothing more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, ClassVar

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracerProvider
from tests.mocks.itron.extension_support import settle, subscribe
from tests.mocks.itron.support import Caller, at, solution

from vendorlab.clients.itron import WebhookReceiver
from vendorlab.mocks.core.traces import Span, read
from vendorlab.tracing import trace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vendorlab.lab import Lab

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(SimpleSpanProcessor(exporter))
    return made


def told(span: ReadableSpan) -> tuple[Span, str | None]:
    """A span as its name in a header has it, and the id of the one that it belongs below."""
    assert span.context is not None
    known = span.context
    name = Span(f"{known.trace_id:032x}", f"{known.span_id:016x}", f"{known.trace_flags:02x}")
    return name, span.parent and f"{span.parent.span_id:016x}"


def test_every_exchange_is_a_span_in_the_trace_of_its_caller(
    vendorlab: Lab, exporter: InMemorySpanExporter, provider: TracerProvider
) -> None:
    end = trace(vendorlab.journal, provider)
    url = f"{vendorlab.scanalytics.url}/v1/whoami"
    httpx.get(url, headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "Authorization": "Bearer hushhush"})
    vendorlab.faults.add({"name": "down", "action": {"kind": "status", "status": 503}})
    httpx.get(url)
    end()
    httpx.get(url)
    first, second = exporter.get_finished_spans()
    assert (first.name, first.kind.name) == ("scanalytics whoami", "SERVER")
    name, parent = told(first)
    assert (name.trace, parent) == (TRACE, PARENT)
    assert first.attributes is not None
    assert first.attributes["http.response.status_code"] == 401
    assert first.status.is_ok or first.status.status_code.name == "UNSET"
    assert "hushhush" not in first.to_json()
    assert (second.parent, second.status.status_code.name) == (None, "ERROR")
    assert dict(second.attributes or {})["vendorlab.fault"] == "down"
    assert (first.end_time or 0) >= (first.start_time or 0)


@pytest.mark.parametrize("headers", [{"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "a=b"}, {}])
def test_webhook_is_a_span_below_the_exchange_and_its_receiver_is_told_which(
    make_world: Callable[..., Lab], exporter: InMemorySpanExporter, provider: TracerProvider, headers: dict[str, str]
) -> None:
    lab = make_world("itron", settings={"itron": {"events": True}})
    caller = Caller(lab.world)
    with WebhookReceiver([503]) as receiver:
        url = receiver.url
        subscribe(caller, url)
        device = caller.make_device()
        path = solution("lab", "devices", device, "observations")
        lab.faults.add({"name": "twice", "match": {"protocol": "webhook"}, "action": {"kind": "duplicate"}, "times": 1})
        trace(lab.journal, provider)
        caller.call("POST", path, json={"observations": [at(0, temperature=31)]}, headers=headers)
        settle(caller)
        settle(caller, 1)
        sent = [read(one.headers) for one in receiver.requests]
    exchange, *attempts = exporter.get_finished_spans()
    name, parent = told(exchange)
    assert parent == (PARENT if headers else None)
    assert (name.trace == TRACE) is bool(headers)
    assert [told(one)[1] for one in attempts] == [name.id] * 3
    assert {told(one)[0]._replace(state=headers.get("tracestate", "")) for one in attempts} >= set(sent)
    assert len({told(one)[0].id for one in attempts}) == 3
    assert [one.kind.name for one in attempts] == ["CLIENT"] * 3
    assert attempts[0].status.status_code.name == "ERROR"
    assert dict(attempts[-1].attributes or {})["url.full"] == url


def test_provider_that_records_nothing_passes_nothing_on_of_its_own(vendorlab: Lab) -> None:
    trace(vendorlab.journal, NoOpTracerProvider())
    answer = httpx.get(vendorlab.scanalytics.url)
    assert answer.status_code < 500
    (entry,) = vendorlab.journal.find()
    assert "span" not in entry.detail


class Collector(BaseHTTPRequestHandler):
    """Takes what is sent by OTLP."""

    got: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        self.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  the base class calls it so


def test_up_sends_those_of_every_world_to_a_collector(tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "vendorlab", "up", "slv", "--traces", "--port", "0", "--ready-file", str(ready)]
    env = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    try:
        while not ready.exists():
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.005)
        ready_file = json.loads(ready.read_text())
        httpx.get(ready_file["vendors"]["slv"]["url"], headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        control = ready_file["control"]
        headers = {"Authorization": f"Bearer {control['token']}"}
        made = httpx.post(
            f"{control['url']}/worlds", json={"name": "another-one", "vendors": ["inode"]}, headers=headers
        )
        httpx.get(made.json()["vendors"]["inode"]["url"])
        process.terminate()
        _, errors = process.communicate(timeout=10)
    finally:
        process.kill()
        server.shutdown()
        thread.join()
        server.server_close()
    assert (process.returncode, errors) == (0, b"")
    (path, body), *_ = Collector.got
    assert path == "/v1/traces"
    assert b"slv " in body
    assert bytes.fromhex(TRACE) in body
    assert b"inode " in body
    assert b"another-one" in body


def test_up_without_the_extra_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['opentelemetry'] = None; from vendorlab.cli import run; run()"
    command = [sys.executable, "-c", code, "up", "slv", "--traces", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'vendorlab[otel]'" in done.stderr
