"""Worlds for tests: making, starting, resetting, saving and ending one, in milliseconds.

Beside them, what a Python test would use instead: pytest-httpserver (its server started, cleared and stopped) if it is
installed, and a Flask app on werkzeug's server.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

from _harness import table

import vendorlab

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    options, _ = parser.parse_known_args()

    began = time.perf_counter()
    with vendorlab.world("scanalytics") as lab:
        _ = lab.scanalytics.url
    first = (time.perf_counter() - began) * 1_000
    steps = {"vendorlab": _vendorlab, "werkzeug with Flask": _werkzeug}
    if importlib.util.find_spec("pytest_httpserver"):
        steps["pytest-httpserver"] = _httpserver
    results = {name: _medians(step, options.rounds) for name, step in steps.items()}
    columns = ["", *results["vendorlab"]]
    rows = [
        [name, *(f"{found[what]:.2f}" if what in found else "-" for what in columns[1:])]
        for name, found in results.items()
    ]
    table(
        f"Milliseconds, median of {options.rounds} (the very first world, imports included: {first:.0f})", columns, rows
    )
    ours = results["vendorlab"]
    for name, found in results.items():
        if name != "vendorlab":
            shared = [what for what in ("start", "reset", "stop") if what in found]
            print(
                f"  vendorlab takes x {name}: " + ", ".join(f"{what} {ours[what] / found[what]:.2f}" for what in shared)
            )


def _medians(step: Callable[[Callable[[str], None]], None], rounds: int) -> dict[str, float]:
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        last = time.perf_counter()

        def mark(what: str) -> None:
            nonlocal last
            now = time.perf_counter()
            times.setdefault(what, []).append((now - last) * 1_000)
            last = time.perf_counter()

        step(mark)
    return {what: statistics.median(found) for what, found in times.items()}


def _vendorlab(mark: Callable[[str], None]) -> None:
    lab = vendorlab.world("scanalytics")
    lab.vendor("scanalytics")
    mark("make")
    _ = lab.scanalytics.url
    mark("start")
    document = lab.snapshot()
    mark("snapshot")
    lab.restore(document)
    mark("restore")
    lab.reset()
    mark("reset")
    lab.clock.advance(5 * 86_400)
    mark("advance 5 d")
    lab.stop()
    mark("stop")


def _werkzeug(mark: Callable[[str], None]) -> None:
    import flask
    from werkzeug.serving import make_server

    app = flask.Flask("bench")
    app.add_url_rule("/v1/whoami", "whoami", dict)
    mark("make")
    server: Any = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    mark("start")
    server.shutdown()
    thread.join()
    server.server_close()
    mark("stop")


def _httpserver(mark: Callable[[str], None]) -> None:
    from pytest_httpserver import HTTPServer

    stub = HTTPServer(port=0)
    stub.expect_request("/v1/whoami").respond_with_json({})
    mark("make")
    stub.start()
    mark("start")
    stub.clear()
    mark("reset")
    stub.stop()
    mark("stop")


if __name__ == "__main__":
    main()
