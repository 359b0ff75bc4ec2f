"""Requests a second: whoami with a bearer token, and a list of about 20 kB.

vendorlab does its whole work: token with expiry, two rate windows, journal. Beside it, in the same run: the bare server
it stands on, answering a constant; and pytest-httpserver, if it is installed, the usual stub in Python tests, answering
a constant too and checking nothing but the header. With ``--wiremock JAR``, WireMock as shipped, with constants too.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from _harness import free_ports, ready, requests_per_second, server, table

if TYPE_CHECKING:
    from collections.abc import Generator

PATHS = {"whoami": "/v1/whoami", "list": "/v1/deployment/list"}

VENDORLAB = """
import gc, httpx
from vendorlab.mocks import registry
from vendorlab.mocks.core.world import World, WorldOptions
port, direct = int(sys.argv[1]), sys.argv[2] == "direct"
switches = {"deployments": 105, "minute_limit": 1_000_000, "hour_limit": 1_000_000}
world = World(registry.factories(["scanalytics"]), WorldOptions(settings={"scanalytics": switches}, direct=direct))
world.start({"scanalytics": port})
known = world.faces()[0].credentials()
form = {"grant_type": "password", **{name: known[name] for name in ("username", "password", "client_id")}}
token = httpx.post(f"http://127.0.0.1:{port}/o/token/", data=form).json()["access_token"]
gc.collect(); gc.freeze()
print(token, flush=True)
import time; time.sleep(3600)
"""

BARE = """
import json, uvicorn
who, items = sys.argv[2].encode(), sys.argv[3].encode()
async def app(scope, receive, send):
    body = items if scope["path"].endswith("list") else who
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets); print("ready", flush=True)
Server(uvicorn.Config(app, port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off")).run()
"""

HTTPSERVER = """
import time
from pytest_httpserver import HTTPServer
stub = HTTPServer(port=int(sys.argv[1]), threaded=True)
for path, body in (("/v1/whoami", sys.argv[2]), ("/v1/deployment/list", sys.argv[3])):
    wanted = stub.expect_request(path, headers={"Authorization": "Bearer stub"})
    wanted.respond_with_data(body, content_type="application/json")
stub.start(); print("ready", flush=True); time.sleep(3600)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wiremock", type=Path, metavar="JAR", help="also measure WireMock, from its standalone jar")
    options, _ = parser.parse_known_args()

    bodies: dict[str, bytes] = {}
    results: dict[str, dict[str, tuple[float, float]]] = {}

    def measure(name: str, port: int, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        results[name] = {
            what: requests_per_second(port, path, headers, options.seconds, options.rounds)
            for what, path in PATHS.items()
        }

    for lane in ("direct", "flask"):
        port = free_ports()
        with server(VENDORLAB, str(port), lane) as process:
            token = ready(process)
            bodies |= {what: _fetch(port, path, token) for what, path in PATHS.items()}
            measure(f"vendorlab, {lane} lane", port, token)
    texts = [bodies["whoami"].decode(), bodies["list"].decode()]
    port = free_ports()
    with server(BARE, str(port), *texts) as process:
        ready(process)
        measure("bare uvicorn, constant", port, "stub")
    if importlib.util.find_spec("pytest_httpserver"):
        port = free_ports()
        with server(HTTPSERVER, str(port), *texts) as process:
            ready(process)
            measure("pytest-httpserver, constant", port, "stub")
    else:
        print("pytest-httpserver is not installed and was left out: pip install pytest-httpserver")
    if options.wiremock:
        with wiremock(options.wiremock, bodies) as port:
            measure("WireMock as shipped, constant", port, "stub")

    ours = results["vendorlab, direct lane"]
    rows = [
        [
            name,
            *(f"{found[what][0]:,.0f}" for what in PATHS),
            *(f"{found[what][1]:.2f}" for what in PATHS),
            *(f"{ours[what][0] / found[what][0]:.2f}" for what in PATHS),
        ]
        for name, found in results.items()
    ]
    sizes = ", ".join(f"{what} {len(body):,} bytes" for what, body in bodies.items())
    columns = ["server", "whoami/s", "list/s", "p99 ms", "p99 ms", "direct lane is x whoami", "x list"]
    table(
        f"Requests a second ({sizes}; 16 connections, {options.rounds} rounds of {options.seconds:g} s)", columns, rows
    )


def _fetch(port: int, path: str, token: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


@contextmanager
def wiremock(jar: Path, bodies: dict[str, bytes]) -> Generator[int]:
    """WireMock with its defaults, a stub for each path, warm."""
    port = free_ports()
    java = shutil.which("java")
    assert java is not None, "WireMock needs java"
    with tempfile.TemporaryDirectory() as folder:
        mappings = Path(folder, "mappings")
        mappings.mkdir()
        for what, path in PATHS.items():
            stub = {
                "request": {"method": "GET", "url": path, "headers": {"Authorization": {"equalTo": "Bearer stub"}}},
                "response": {
                    "status": 200,
                    "body": bodies[what].decode(),
                    "headers": {"Content-Type": "application/json"},
                },
            }
            (mappings / f"{what}.json").write_text(json.dumps(stub))
        command = [java, "-jar", str(jar), "--port", str(port), "--root-dir", folder, "--bind-address", "127.0.0.1"]
        command += ["--use-chunked-encoding", "never"]  # our load generator reads answers with a length
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                try:
                    _fetch(port, PATHS["whoami"], "stub")
                    break
                except OSError:
                    time.sleep(0.2)
            requests_per_second(port, PATHS["whoami"], {"Authorization": "Bearer stub"}, 8, 1)
            yield port
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
