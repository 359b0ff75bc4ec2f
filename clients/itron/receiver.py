"""A receiver of webhooks for tests: a web server on loopback that keeps what it is sent.

Which events there are, how one subscribes to them and what a delivery looks like is published nowhere; the form read
here is that of vendorlab's extension. A delivery comes at least once, and in no promised order.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from ..core.reading import is_object
from .values import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

LONGEST_BODY: Final = 16 * 1024 * 1024
"""Bytes; what an observation can be at most, and some."""

PATIENCE: Final = 10.0
"""Seconds that a sender may be silent in the middle of a request."""

Which = Literal["deliveries", "requests"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a sender.

    Attributes:
        body: The JSON object that was sent; empty if it was none.
        raw: The body as it came.
        headers: By name in lower case.
        path: Where it was sent, with its query.
        received_at: Unix seconds on the receiver's clock.
        status: What was answered.
    """

    body: Mapping[str, Any]
    raw: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    path: str
    received_at: float
    status: int

    @property
    def id(self) -> str | None:
        """The same for all attempts and duplicates of one delivery; None if the body has none."""
        return self._text("id")

    @property
    def event_id(self) -> str | None:
        """Which event rule was met."""
        return self._text("eventId")

    @property
    def subscription_id(self) -> str | None:
        """Whose subscription."""
        return self._text("subscriptionId")

    @property
    def solution(self) -> str | None:
        """In which solution."""
        return self._text("solution")

    @property
    def device_id(self) -> str | None:
        """Which device observed it."""
        return self._text("deviceId")

    @property
    def timestamp(self) -> datetime | None:
        """When; None if the body does not say, or no time."""
        with suppress(ValueError, TypeError):
            moment = datetime.fromisoformat(self.body["timestamp"]) if "timestamp" in self.body else None
            return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return None

    @property
    def observation(self) -> Mapping[str, Any]:
        """What was observed."""
        observation = self.body.get("observation")
        return observation if is_object(observation) else {}

    @property
    def is_accepted(self) -> bool:
        """Whether the sender was told that all is well."""
        return 200 <= self.status < 300

    def _text(self, name: str) -> str | None:
        value = self.body.get(name)
        return value if isinstance(value, str) else None


class WebhookReceiver:
    """Receives deliveries while it is entered; its address is `url`.

    Args:
        statuses: What to answer to the first requests, in turn.
        then: What to answer after that; any 2xx tells the sender that all is well.
        deduplicate: Whether `deliveries` leaves out those whose id was accepted before.
        clock: Unix seconds.
    """

    def __init__(
        self,
        statuses: Iterable[int] = (),
        *,
        then: int = HTTPStatus.NO_CONTENT,
        deduplicate: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._statuses = chain(statuses, repeat(then))
        self._deduplicate = deduplicate
        self._clock = clock
        self._requests: list[Delivery] = []
        self._deliveries: list[Delivery] = []
        self._ids: set[str] = set()
        self._changed = threading.Condition()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where to send to, on a free port of 127.0.0.1; any path below it will do."""
        if self._server is None:
            raise RuntimeError("the receiver listens only while it is entered")
        return f"http://127.0.0.1:{self._server.server_port}/"

    @property
    def deliveries(self) -> list[Delivery]:
        """What was accepted, in the order of its coming; each id once, unless told otherwise."""
        with self._changed:
            return list(self._deliveries)

    @property
    def requests(self) -> list[Delivery]:
        """All that was sent, with what was answered: refused attempts, duplicates, and what is no delivery."""
        with self._changed:
            return list(self._requests)

    def wait_for(self, count: int, timeout: float = 10.0, *, of: Which = "deliveries") -> list[Delivery]:
        """Wait until so many have come, and return all that have.

        Args:
            count: How many.
            timeout: Seconds of the wall.
            of: Whether to count deliveries or requests.

        Raises:
            TimeoutError: Fewer have come; it says how many.
        """
        kept = self._deliveries if of == "deliveries" else self._requests
        with self._changed:
            if not self._changed.wait_for(lambda: len(kept) >= count, timeout):
                raise TimeoutError(f"{len(kept)} of {count} {of} in {timeout:g} s")
            return list(kept)

    def clear(self) -> None:
        """Forget what has come; the script of statuses goes on."""
        with self._changed:
            self._requests.clear()
            self._deliveries.clear()
            self._ids.clear()

    def close(self) -> None:
        """Stop listening, and cut whoever is still sending."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        self._server = _Server(self._take)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="webhook-receiver", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def _take(self, path: str, headers: Mapping[str, str], raw: bytes) -> int:
        """Keep a request, and return what to answer."""
        body: Any = None
        with suppress(ValueError, RecursionError):
            body = parse(raw.decode())
        with self._changed:
            status = int(next(self._statuses)) if is_object(body) else int(HTTPStatus.BAD_REQUEST)
            delivery = Delivery(body if is_object(body) else {}, raw, headers, path, self._clock(), status)
            self._requests.append(delivery)
            is_new = delivery.id is None or delivery.id not in self._ids
            if delivery.is_accepted and (is_new or not self._deduplicate):
                self._deliveries.append(delivery)
            if delivery.is_accepted and delivery.id is not None:
                self._ids.add(delivery.id)
            self._changed.notify_all()
        return status


class _Server(ThreadingHTTPServer):
    """Listens on loopback, and closes without waiting for those who dawdle."""

    daemon_threads = False  # so that closing waits for the threads, whose connections it has cut
    request_queue_size = 128

    def __init__(self, take: Callable[[str, Mapping[str, str], bytes], int]) -> None:
        self.take = take
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection, and remember it."""
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Cut what is open, and wait for the threads."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a sender that breaks off is what tests do."""


class _Handler(BaseHTTPRequestHandler):
    """Reads a delivery and answers it. HTTP/1.0, so that no connection outlives its answer."""

    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - it is made for no other
    timeout = PATIENCE

    def do_POST(self) -> None:
        """Take a delivery."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            return self._answer(HTTPStatus.LENGTH_REQUIRED)
        if len(length) > 9 or int(length) > LONGEST_BODY:
            return self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        raw = self.rfile.read(int(length))
        if len(raw) < int(length):
            return None  # the sender has gone
        headers = {name.lower(): value for name, value in self.headers.items()}
        return self._answer(self.server.take(self.path, headers, raw))

    def _refuse(self) -> None:
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED)

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse  # noqa: N815 - http.server's names

    def _answer(self, status: int) -> None:
        body = b"" if status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED) else json.dumps({}).encode()
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing: headers may hold secrets."""
