"""Targets that are wrong: they answer everything alike."""

from __future__ import annotations

import importlib
import json
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from vendorlab.contracts.core.capabilities import CAPABILITIES
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.suites import suite_package
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

Answer = tuple[int, str, bytes]
CLOCK = (200, "application/json", b'{"now": "2026-11-21T05:00:00.000000Z", "rate": 1.0, "frozen": false, "timers": 0}')


class Handler(BaseHTTPRequestHandler):
    """Answers everything alike."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one piece: else each answer waits for a delayed acknowledgement
    answer: Answer

    def respond(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, media_type, body = self.answer
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = respond  # noqa: N815

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class calls it so


@contextmanager
def serving(status: int, media_type: str, body: bytes) -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Alike", (Handler,), {"answer": (status, media_type, body)}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def condemn(vendor: str, answer: Answer, folder: Path) -> None:
    """Run a suite on a target that always answers alike: it must say that the target is wrong, not trip over it."""
    required: tuple[str, ...] = importlib.import_module(suite_package(vendor)).REQUIRED_CREDENTIALS
    names = {*required, *(name for each in CAPABILITIES.values() for name in each.credentials)}
    with serving(*answer) as url, serving(*CLOCK) as control:
        status = run_suite(
            vendor,
            targets={vendor: Target(vendor, url, dict.fromkeys(names, "made-up"))},
            control=ControlAddress(control, "made-up"),
            json_path=folder / "report.json",
            extra_args=["-q", "--no-summary", "--tb=no"],
        )
    report = json.loads((folder / "report.json").read_text())["vendors"][vendor]
    assert status == 1
    assert [(test["name"], test["reason"]) for test in report["tests"] if test["verdict"] == "error"] == []
    verdicts = Counter(test["verdict"] for test in report["tests"])
    assert verdicts["failed"] > 0.85 * len(report["tests"]), verdicts
