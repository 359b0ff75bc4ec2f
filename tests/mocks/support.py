"""What the tests of the fakes share: worlds that stand still, a vendor to call in process, and bare sockets."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from urllib.parse import urlsplit

import httpx

from vendorlab.mocks import registry
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from vendorlab.mocks.core.edges.certificates import TlsFiles
    from vendorlab.mocks.core.edges.loop import LoopThread
    from vendorlab.mocks.core.edges.server import HttpListener
    from vendorlab.mocks.core.journal import Entry
    from vendorlab.mocks.scanalytics.app import Scanalytics

T = TypeVar("T")

START = datetime(2026, 11, 21, 5, tzinfo=UTC)
"""Where every test's world begins; it stands still until it is told to move."""

PATIENCE = 10.0
"""Seconds after which a wait on a socket or a thread is given up: only a failure lasts so long."""


class HandSource:
    """Real seconds that pass only when they are told to."""

    def __init__(self, seconds: float = 1_000.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether something that other threads bring about comes true before patience ends."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


def make_world(
    vendor: str = "scanalytics",
    *,
    seed: int = 7,
    profile: str | None = None,
    settings: Mapping[str, Any] | None = None,
    start: datetime | None = START,
    rate: float = 0.0,
    direct: bool = True,
    line_on_clock: bool = False,
    tls: TlsFiles | None = None,
    thread: LoopThread | None = None,
) -> World:
    """A world with one vendor in it, which stands still."""
    options = WorldOptions(
        seed=seed,
        start=start,
        rate=rate,
        profiles={vendor: profile} if profile else {},
        settings={vendor: settings} if settings else {},
        direct=direct,
        line_on_clock=line_on_clock,
        tls=tls,
    )
    return World(registry.factories([vendor]), options, thread)


def http_listener(world: World, name: str = "scanalytics") -> HttpListener:
    """What listens at an address of a started world."""
    return cast("HttpListener", world._sockets._listeners[name])


class Caller:
    """Scanalytics in a world, called in process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.http = httpx.Client(transport=world.transport("scanalytics"), base_url="http://scanalytics.example")

    @property
    def vendor(self) -> Scanalytics:
        return cast("Scanalytics", self.world.vendor("scanalytics"))

    @property
    def credentials(self) -> Mapping[str, str]:
        return self.vendor.credentials()

    @property
    def last(self) -> Entry:
        """The newest entry of the journal."""
        return self.world.journal.find()[-1]

    def ask(self, form: Mapping[str, str] | None = None, /, path: str = "/o/token/", **options: Any) -> httpx.Response:
        """Post a form to the token endpoint."""
        return self.http.post(path, data=form, **options)

    def password_form(self, **changes: str | None) -> dict[str, str]:
        """The form of a login that works; a change to None leaves the field out."""
        known = self.credentials
        form = {
            "grant_type": "password",
            "username": known["username"],
            "password": known["password"],
            "client_id": known["client_id"],
        }
        return {name: value for name, value in (form | changes).items() if value is not None}

    def refresh_form(self, refresh_token: str, /, **changes: str | None) -> dict[str, str]:
        """The form of a refresh that works."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self.credentials["client_id"],
        }
        return {name: value for name, value in (form | changes).items() if value is not None}

    def login(self, scope: str | None = None, **changes: str | None) -> dict[str, Any]:
        """The token response of a login."""
        answer = self.ask(self.password_form(scope=scope, **changes))
        assert answer.status_code == 200, answer.text
        return cast("dict[str, Any]", answer.json())

    def login_second(self) -> dict[str, Any]:
        """The token response of the second user's login."""
        known = self.credentials
        return self.login(username=known["second_username"], password=known["second_password"])

    def get(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        """Read a resource with a token."""
        return self.call("GET", path, token, **options)

    def call(self, method: str, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        """Any request with a token in its header."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.request(method, path, headers=headers, **options)


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it stood on the wire."""

    status: int
    head: bytes
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class TlsSocket:
    """A client's TLS over a socket. It tells a close, one without notice, and a reset from each other.

    ``ssl.SSLSocket`` takes all three for the end, as seen with CPython 3.11.
    """

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self.raw = raw
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._through(self.tls.do_handshake)
        self.raw.sendall(self._out.read())
        self.setblocking, self.settimeout = raw.setblocking, raw.settimeout
        self.shutdown, self.close = raw.shutdown, raw.close

    def sendall(self, data: bytes) -> None:
        self.tls.write(data)
        self.raw.sendall(self._out.read())

    def recv(self, size: int) -> bytes:
        return self._through(lambda: self.tls.read(size))

    def _through(self, step: Callable[[], T]) -> T:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                if self._out.pending:
                    self.raw.sendall(self._out.read())
                data = self.raw.recv(65_536)
                if not data:
                    raise ssl.SSLEOFError("the connection closed without notice") from None
                self._in.write(data)


class Wire:
    """One TCP connection to a listener, byte by byte; with an authority to trust, TLS over it."""

    def __init__(self, url: str, timeout: float = PATIENCE, ca: Path | None = None) -> None:
        place = urlsplit(url)
        assert place.hostname is not None
        raw = socket.create_connection((place.hostname, place.port or 0), timeout)
        self.socket: socket.socket | TlsSocket = raw
        if ca is not None:
            self.socket = TlsSocket(raw, ssl.create_default_context(cafile=ca), place.hostname)
        self.buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def quiet(self) -> bool:
        """Whether no byte waits to be read."""
        self.socket.setblocking(False)
        try:
            return not self.socket.recv(1)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, data: bytes, *, method: str = "GET") -> RawAnswer:
        """Send a request and read its answer."""
        self.send(data)
        return self.answer(method=method)

    def answer(self, *, method: str = "GET") -> RawAnswer:
        """Read one answer whole; raises ``EOFError`` when the connection closes before."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, rest = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        status = int(lines[0].split(" ")[1])
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        if method == "HEAD" or status in (100, 204, 304):
            length = 0
        while len(rest) < length:
            self._more()
            rest = self.buffer.partition(b"\r\n\r\n")[2]
        self.buffer = rest[length:]
        return RawAnswer(status, head, headers, rest[:length])

    def rest(self) -> bytes:
        """Everything up to the end of the connection; raises ``ConnectionResetError`` when it was reset."""
        try:
            while True:
                self._more()
        except EOFError:
            data, self.buffer = self.buffer, b""
            return data

    def _more(self) -> None:
        data = self.socket.recv(65_536)
        if not data:
            raise EOFError(f"the connection closed after {self.buffer[:200]!r}")
        self.buffer += data


def request(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"", *, version: str = "1.1"
) -> bytes:
    """The bytes of an HTTP request."""
    fields = {"Host": "scanalytics.example"} | dict(headers or {})
    if body and "Transfer-Encoding" not in fields and "Content-Length" not in fields:
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/{version}\r\n{head}\r\n".encode("latin-1") + body
