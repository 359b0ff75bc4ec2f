"""Somebody else's broker in the place of ours: the bridge publishes there, and programs listen there.

HiveMQ, EMQX or Mosquitto, on this machine or another: for more clients than one process serves, or to try a program
against the broker that it will meet. What a program may do there is that broker's business, not ours.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from ..core.errors import WorldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .bridge import Alert
    from .settings import Settings

PORTS = {"mqtt": 1883, "mqtts": 8883}

MOST_WAITING = 10_000
"""Messages that wait for the broker; beyond, the oldest give way."""

WINDOW = 1_000
"""Messages on their way to it at once."""

BACK_OFF = 1, 60
"""Seconds between two attempts to reach it: doubled each time, from the first to the last."""

CONNECT_SECONDS = 5.0
KEEP_ALIVE = 30

FORM = "`mqtt_broker` is an address such as mqtts://user:password@broker.example:8883?ca=FILE"

_log = logging.getLogger("vendorlab")


class Target(NamedTuple):
    """Where a broker is, and how to get in.

    Attributes:
        scheme: ``mqtt``, or ``mqtts`` with TLS.
        host, port: where.
        username, password: None for none.
        ca: file with the authority that vouches for it; None for those of the system.
    """

    scheme: str
    host: str
    port: int
    username: str | None
    password: str | None
    ca: str | None

    @property
    def url(self) -> str:
        """Its address, without a name or password: this one may be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def target(url: str) -> Target:
    """Read an address.

    Raises:
        ValueError: it is none; the message does not repeat it, since it may hold a password.
    """
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise ValueError(FORM) from None
    if not parts.hostname or parts.path not in ("", "/") or query.keys() - {"ca"} or parts.fragment:
        raise ValueError(FORM)
    if "ca" in query and parts.scheme == "mqtt":
        raise ValueError(f"{FORM}; without TLS (mqtt:) there is no `ca`")
    username = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    return Target(parts.scheme, parts.hostname, port, username, password, query.get("ca"))


class Outside:
    """A listener to the world, though nobody listens here: its address is the other broker's.

    Args:
        settings: which broker, and how messages go out.
        client_id: of the publisher.
        opened, closed: called when it begins and when it ends.

    Attributes:
        lost: messages that gave way to newer ones.

    Raises:
        WorldError: the library is not installed, or the authority cannot be read.
    """

    tls = None
    """No certificate of ours is shown."""

    def __init__(
        self, settings: Settings, client_id: str, opened: Callable[[], None], closed: Callable[[], None]
    ) -> None:
        self._target = target(settings.mqtt_broker)
        self._qos, self._retain = settings.mqtt_qos, settings.mqtt_retain
        self._opened, self._closed = opened, closed
        self._changed = threading.Condition()
        self._waiting: deque[Alert] = deque()
        self._under_way = 0
        self._up = self._over = False
        self._trouble = ""
        self.lost = 0
        self._client = self._make(client_id)
        self._worker = threading.Thread(target=self._work, name="vendorlab-bridge", daemon=True)

    @property
    def url(self) -> str:
        """Where programs listen."""
        return self._target.url

    @property
    def ca(self) -> str | None:
        """The file with the authority that a client has to trust, if the address names one."""
        return self._target.ca

    @property
    def accepting(self) -> bool:
        """Whether the broker has let the bridge in."""
        return self._up

    async def start(self) -> None:
        """Begin to reach it; that it is not there yet is no failure."""
        self._client.connect_async(self._target.host, self._target.port, KEEP_ALIVE)
        self._client.loop_start()
        self._worker.start()
        self._opened()

    async def stop(self) -> None:
        """Leave; what waits is lost."""
        self._closed()
        await asyncio.get_running_loop().run_in_executor(None, self._end)

    def publish(self, alert: Alert) -> None:
        """Have a message published as soon as it can be; from any thread."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                self._waiting.popleft()
                self.lost += 1
            self._waiting.append(alert)
            self._changed.notify()

    # --- the worker's thread ---------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or (self._ready and self._waiting))
                if self._over:
                    return
                alert = self._waiting.popleft()
                self._under_way += 1
            # Not under the lock: the library holds one of its own when it tells that a message has gone.
            told = self._client.publish(alert.topic, alert.payload, self._qos, self._retain)
            if told.rc and not self._qos:  # with a QoS the library keeps it
                with self._changed:
                    self._waiting.appendleft(alert)
                    self._up, self._under_way = False, 0

    @property
    def _ready(self) -> bool:
        return self._up and self._under_way < WINDOW

    def _end(self) -> None:
        with self._changed:
            self._over, self._up = True, False
            self._changed.notify()
        self._client.disconnect()
        self._client.loop_stop()
        self._worker.join()

    # --- the library's thread --------------------------------------------------------------------------------------

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._say(f"refuses the bridge: {code}")
            return
        with self._changed:
            self._up = True
            self._changed.notify()
        if self._trouble:
            self._trouble = ""
            _log.warning("the broker %s has let the bridge in", self.url)

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        with self._changed:
            was, self._up = self._up, False
            if not self._qos:
                self._under_way = 0  # nobody will tell of those that were lost with the line
        if was and not self._over:
            self._say(f"has ended the bridge's connection: {code}")

    def _on_publish(self, _client: Any, _data: Any, _id: Any, _code: Any, _properties: Any) -> None:
        with self._changed:
            self._under_way = max(0, self._under_way - 1)
            self._changed.notify()

    def _failed(self, error: OSError) -> None:
        self._say(f"cannot be reached: {error.strerror or error}")

    def _say(self, what: str) -> None:
        """Tell of trouble, once as long as it stays the same."""
        if what != self._trouble and not self._over:
            self._trouble = what
            _log.warning("the broker %s %s; the bridge goes on trying", self.url, what)

    def _make(self, client_id: str) -> Any:
        try:
            from paho.mqtt import client as paho  # noqa: PLC0415  the extra `mqtt`
            from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise WorldError("mqtt_broker needs paho-mqtt: pip install 'vendorlab[mqtt]'") from error
        failed = self._failed

        class Client(paho.Client):
            """The library's, which tells why it failed."""

            def reconnect(self) -> Any:
                try:
                    return super().reconnect()
                except OSError as error:
                    failed(error)
                    raise

        client = Client(CallbackAPIVersion.VERSION2, client_id, clean_session=True)
        client.connect_timeout = CONNECT_SECONDS
        client.reconnect_delay_set(*BACK_OFF)
        client.on_connect, client.on_disconnect, client.on_publish = (
            self._on_connect,
            self._on_disconnect,
            self._on_publish,
        )
        if self._target.username is not None:
            client.username_pw_set(self._target.username, self._target.password)
        if self._target.scheme == "mqtts":
            try:
                client.tls_set(self._target.ca)  # pyright: ignore[reportUnknownMemberType]
            except OSError as error:
                raise WorldError(f"the authority {self._target.ca} cannot be used: {error}") from error
        return client
