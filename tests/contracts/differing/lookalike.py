"""A server that resembles iNode's API, on the standard library alone: no line of our fake is in it.

It does what a small in-house stub would do, and where ``deviations`` names it, it does otherwise.
"""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

USER = {"username": "ada@example.com", "password": "lovelace-1843"}
APPLICATION = {"client_id": "lookalike-app", "client_secret": "lookalike-secret"}
ACCESS, REFRESH = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5", "Z9y8X7w6V5u4T3s2R1q0P9o8N7m6L5"
ZONE, SEEN = "America/Toronto", "2026-11-21T05:00:00Z"

DEVICES: list[dict[str, Any]] = [
    {"id": number, "name": f"Sensor {number}", "online": True, "live": True, "vpn_ip": None, "input_voltage": 12.1,
     "current_consumption": 0.4, "ambient_temperature": 8.5, "cpu_temperature": 41.0, "grid": None, "note": "",
     "city": "Lanternport", "country": "CA", "time_zone": ZONE, "latitude": 44.6, "longitude": -63.5,
     "last_seen": SEEN}
    for number in (1, 2)
]  # fmt: skip
LINKS: list[dict[str, Any]] = [
    {"id": number, "name": f"Link {number}", "enabled": True, "status": "collected",
     "data_sources": ["sensor", "crowdsourced"], "default_data_source": "sensor", "origin_device": number,
     "destination_device": 3 - number, "distance": 1.0, "free_flow_speed": 60.0, "grid": None, "time_zone": ZONE,
     "last_travel_time": 60, "last_speed": 60.0, "last_count": 7, "last_updated": SEEN}
    for number in (1, 2)
]  # fmt: skip
ROWS = {"/api/v1/devices/": DEVICES, "/api/v1/links/": LINKS}
FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"

DEVIATIONS: Mapping[str, frozenset[str]] = {
    "spaced": frozenset({"inode.error.compact"}),
    "strict scheme": frozenset({"inode.bearer.scheme-case"}),
    "descending": frozenset({"inode.links.ascending"}),
    "metres a second": frozenset({"inode.links.speed"}),
    "no redirect": frozenset({"inode.path.slash"}),
    "password": frozenset({"inode.refusal.missing-password"}),
    "any format": frozenset({"inode.error.format"}),
}
"""What may be planted, and the claims that it breaks."""


class Handler(BaseHTTPRequestHandler):
    """One request. Names of methods are the base class's."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def handle_any(self) -> None:
        """Answer, whatever the method."""
        parts = urlsplit(self.path)
        self.query = dict(parse_qsl(parts.query))
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        media = (self.headers.get("Content-Type") or "").partition(";")[0]
        self.form = dict(parse_qsl(body.decode(), keep_blank_values=True)) if media == FORM else {}
        known = ["/api/oauth/token/", "/api/oauth/revoke_token/", *ROWS]
        path = parts.path
        below = next((each for each in ROWS if path.startswith(each) and path.count("/") == each.count("/") + 1), None)
        lacking = f"{path}/"
        redirected = lacking in known or any(lacking.startswith(each) and path != each[:-1] and
                                             path.removeprefix(each).isdecimal() for each in ROWS)  # fmt: skip
        if redirected and not (self.planted("no redirect") and "oauth" not in path):
            self.reply(301, headers={"Location": lacking + (f"?{parts.query}" if parts.query else "")})
        elif path == known[0]:
            self.token()
        elif path == known[1]:
            self.reply(200, "", {"Content-Type": "text/html"})
        elif path in ROWS:
            self.resource(ROWS[path])
        elif below is not None and path.endswith("/"):
            found = [row for row in ROWS[below] if str(row["id"]) == path.removeprefix(below)[:-1]]
            self.resource(found[0] if found else None)
        else:
            self.reply(404, "<h1>Not Found</h1>", {"Content-Type": "text/html"})

    do_GET = do_HEAD = do_POST = do_PUT = do_OPTIONS = handle_any  # noqa: N815 - the base class's names

    def planted(self, name: str) -> bool:
        """Whether something is to be otherwise."""
        return name in cast("Lookalike", self.server).deviations

    def reply(self, status: int, body: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Send an answer."""
        content = body.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    # --- tokens ------------------------------------------------------------------------------------------------------

    def token(self) -> None:
        """Answer at the token endpoint."""
        if self.command == "OPTIONS":
            self.reply(200, headers={"Allow": "POST, OPTIONS"})
        elif self.command != "POST":
            self.reply(405, headers={"Allow": "POST, OPTIONS"})
        else:
            status, found = self.granted()
            headers = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}
            self.reply(status, json.dumps(found), headers)

    def granted(self) -> tuple[int, dict[str, Any]]:
        """Grant a token, or refuse."""
        kind = self.form.get("grant_type")
        if kind not in ("password", "refresh_token"):
            return 400, {"error": "unsupported_grant_type"}
        needed = ["refresh_token"] if kind == "refresh_token" else []
        if missing := self.lacking(needed):
            return missing
        if self.application() != APPLICATION:
            return 401, {"error": "invalid_client"}
        if missing := self.lacking(["username", "password"] if kind == "password" else []):
            return missing
        if {name: self.form.get(name) for name in USER} != USER:
            return 400, {"error": "invalid_grant", "error_description": "Invalid credentials given."}
        return 200, {"access_token": ACCESS, "expires_in": 432_000, "token_type": "Bearer", "scope": "sync",
                     "refresh_token": REFRESH}  # fmt: skip

    def lacking(self, names: list[str]) -> tuple[int, dict[str, Any]] | None:
        """Refuse a form without a parameter."""
        for name in names:
            if not self.form.get(name):
                text = f"Request is missing {name} parameter."
                if name == "refresh_token":
                    text = "Missing refresh token parameter."
                if name == "password" and self.planted("password"):
                    return 400, {"error": "invalid_grant"}
                return 400, {"error": "invalid_request", "error_description": text}
        return None

    def application(self) -> dict[str, str | None]:
        """The application that the request shows, by Basic or in its form."""
        word, _, pair = (self.headers.get("Authorization") or "").partition(" ")
        if word == "Basic":
            name, _, secret = base64.b64decode(pair).decode().partition(":")
            return {"client_id": name, "client_secret": secret}
        return {name: self.form.get(name) for name in APPLICATION}

    # --- resources ---------------------------------------------------------------------------------------------------

    def resource(self, found: Any) -> None:
        """Answer with an object, a list, or the news that there is none."""
        accept = self.headers.get("Accept") or "*/*"
        if "json" not in accept and "*" not in accept:
            self.say(406, {"detail": "Could not satisfy the request Accept header."})
        elif self.query.get("format", "json") != "json" and not self.planted("any format"):
            self.say(404, {"detail": "Not found."})
        elif not self.let_in():
            self.say(401, {"detail": self.refusal()})
        elif self.command == "OPTIONS":
            self.say(200, {"name": "List", "description": "", "renders": ["application/json"], "parses": [PARTS]})
        elif found is None:
            self.say(404, {"detail": "Not found."})
        else:
            self.say(200, self.shown(found))

    def let_in(self) -> bool:
        """Whether a good token comes with the request; the header counts before the others."""
        header = self.headers.get("Authorization")
        if header is not None:
            scheme, _, token = header.partition(" ")
            right = scheme == "Bearer" if self.planted("strict scheme") else scheme.lower() == "bearer"
            return right and token == ACCESS
        return ACCESS in (self.query.get("access_token"), self.form.get("access_token"))

    def refusal(self) -> str:
        """Why nobody is let in: an API key that is wrong is told so."""
        word, _, key = (self.headers.get("Authorization") or "").partition(" ")
        if word.lower() != "token":
            return "Authentication credentials were not provided."
        if not key:
            return "Invalid token header. No credentials provided."
        if " " in key:
            return "Invalid token header. Token string should not contain spaces."
        if not key.isascii():
            return "Invalid token header. Token string should not contain invalid characters."
        return "Invalid token."

    def shown(self, found: Any) -> Any:
        """What is planted in links."""
        if found is LINKS and self.planted("descending"):
            found = found[::-1]
        if self.planted("metres a second"):
            if isinstance(found, list):
                return [self.slower(row) for row in cast("list[dict[str, Any]]", found)]
            return self.slower(found)
        return found

    @staticmethod
    def slower(row: dict[str, Any]) -> dict[str, Any]:
        """A link's speed in metres a second."""
        return row | ({"last_speed": 16.7} if "last_speed" in row else {})

    def say(self, status: int, body: Any) -> None:
        """Send JSON as the framework does."""
        indent = "indent=4" in (self.headers.get("Accept") or "")
        compact = None if self.planted("spaced") else (",", ":")
        text = json.dumps(body, indent=4) if indent else json.dumps(body, separators=compact)
        headers = {"Content-Type": "application/json", "Vary": "Accept", "Allow": "GET, HEAD, OPTIONS"}
        if status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="api"'
        self.reply(status, text, headers)


class Lookalike(ThreadingHTTPServer):
    """The server."""

    daemon_threads = True

    def __init__(self, deviations: frozenset[str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.deviations = deviations


@contextmanager
def lookalike(*deviations: str) -> Generator[str]:
    """Serve it, and give its address."""
    server = Lookalike(frozenset(deviations))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
