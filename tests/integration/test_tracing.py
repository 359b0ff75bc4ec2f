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
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from vendorlab.tracing import trace

if TYPE_CHECKING:
    from pathlib import Path

    from vendorlab.lab import Lab

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_every_exchange_is_a_span_in_the_trace_of_its_caller(vendorlab: Lab) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace(vendorlab.journal, provider)
    url = f"{vendorlab.scanalytics.url}/v1/whoami"
    httpx.get(url, headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "Authorization": "Bearer hushhush"})
    vendorlab.faults.add({"name": "down", "action": {"kind": "status", "status": 503}})
    httpx.get(url)
    vendorlab.journal.listener = None
    httpx.get(url)
    first, second = exporter.get_finished_spans()
    assert (first.name, first.kind.name) == ("scanalytics whoami", "SERVER")
    assert first.parent is not None
    assert first.context is not None
    assert (f"{first.context.trace_id:032x}", f"{first.parent.span_id:016x}") == (TRACE, PARENT)
    assert first.attributes is not None
    assert first.attributes["http.response.status_code"] == 401
    assert first.status.is_ok or first.status.status_code.name == "UNSET"
    assert "hushhush" not in first.to_json()
    assert (second.parent, second.status.status_code.name) == (None, "ERROR")
    assert dict(second.attributes or {})["vendorlab.fault"] == "down"
    assert (first.end_time or 0) >= (first.start_time or 0)


class Collector(BaseHTTPRequestHandler):
    """Takes what is sent by OTLP."""

    got: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        self.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  the base class calls it so


def test_up_sends_them_to_a_collector(tmp_path: Path) -> None:
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
        httpx.get(
            json.loads(ready.read_text())["vendors"]["slv"]["url"], headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}
        )
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


def test_up_without_the_extra_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['opentelemetry'] = None; from vendorlab.cli import run; run()"
    command = [sys.executable, "-c", code, "up", "slv", "--traces", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'vendorlab[otel]'" in done.stderr
