"""Cold start: from nothing to the first right answer over a socket, the whole process counted.

Beside ``vendorlab up``: the bare server that it stands on, and pytest-httpserver if it is installed, with one route.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from _harness import free_ports, table

if TYPE_CHECKING:
    from collections.abc import Callable

BARE = """
import sys, uvicorn
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
uvicorn.run(app, port=int(sys.argv[1]), log_config=None, lifespan="off")
"""

HTTPSERVER = """
import sys, time
from pytest_httpserver import HTTPServer
stub = HTTPServer(port=int(sys.argv[1]))
stub.expect_request("/v1/whoami").respond_with_data(b"", status=401)
stub.start(); time.sleep(3600)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    options, _ = parser.parse_known_args()

    candidates: dict[str, Callable[[int], list[str]]] = {
        "vendorlab up": lambda base: [sys.executable, "-m", "vendorlab", "up", "scanalytics", "--port-base", str(base)],
        "bare uvicorn": lambda port: [sys.executable, "-c", BARE, str(port)],
    }
    if importlib.util.find_spec("pytest_httpserver"):
        candidates["pytest-httpserver"] = lambda port: [sys.executable, "-c", HTTPSERVER, str(port)]
    else:
        print("pytest-httpserver is not installed and was left out: pip install pytest-httpserver")
    times: dict[str, list[float]] = {name: [] for name in candidates}
    stops: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(options.rounds):
        for name, command in candidates.items():
            started, stopped = one_start(command(free_ports(2)))
            times[name].append(started)
            stops[name].append(stopped)
    ours = statistics.median(times["vendorlab up"])
    rows = [
        [
            name,
            f"{statistics.median(found) * 1_000:.0f}",
            f"{min(found) * 1_000:.0f}-{max(found) * 1_000:.0f}",
            f"{statistics.median(stops[name]) * 1_000:.0f}",
            f"{ours / statistics.median(found):.2f}",
        ]
        for name, found in times.items()
    ]
    columns = ["server", "first answer, ms", "range", "Ctrl-C to end, ms", "vendorlab takes x"]
    table(f"Cold start ({options.rounds} rounds, in turn, median)", columns, rows)


def one_start(command: list[str]) -> tuple[float, float]:
    """Seconds from start to the first answer, and from SIGINT to the end."""
    port = int(command[-1]) + ("--port-base" in command)
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - began < 20:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/whoami", timeout=5)
            except urllib.error.HTTPError as answer:
                if answer.code == 401:
                    break
            except OSError:
                time.sleep(0.001)
        else:
            raise SystemExit(f"no answer in 20 seconds from {command}")
        started = time.perf_counter() - began
        began = time.perf_counter()
        process.send_signal(2)
        process.wait(10)
        return started, time.perf_counter() - began
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
