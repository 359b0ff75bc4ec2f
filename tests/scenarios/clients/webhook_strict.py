"""A receiver that wants each delivery once and in order, and says so with a 409."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.request import Request, urlopen

PLATFORM = os.environ["VENDORLAB_ITRON_PLATFORM_URL"]
seen: list[tuple[str, str]] = []


def post(path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": token} if token else {})
    with urlopen(Request(PLATFORM + path, json.dumps(body).encode(), headers)) as answer:
        return dict(json.load(answer))


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_new = all(body["id"] != name and body["timestamp"] >= at for name, at in seen)
        if is_new:
            seen.append((body["id"], body["timestamp"]))
        self.send_response(204 if is_new else 409)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
known = {name: os.environ[f"VENDORLAB_ITRON_PLATFORM_{name}"] for name in ("CLIENT_ID", "CLIENT_SECRET")}
login = {"clientId": known["CLIENT_ID"], "clientSecret": known["CLIENT_SECRET"]}
token = post("/api/tokens", login)["accessToken"]
rule = {"name": "any", "sensor": "temperature", "operator": "gt", "value": -100}
made = post("/api/solutions/sandbox/events", {"event": rule}, token)["events"]["id"]
wanted = {"eventId": made, "url": f"http://127.0.0.1:{server.server_port}/"}
post("/api/solutions/sandbox/subscriptions", {"subscription": wanted}, token)
server.serve_forever()
