"""What listens at the broker's address: one door as the vendor has it, and those that somebody asked for beside it.

Together they are one listener to the world, whose address is the first one's.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..core.edges.certificates import CertificateError
from ..core.edges.server import port_taken
from ..core.edges.tcp import Driver, MqttListener
from ..core.edges.tls import server_context
from ..core.errors import WorldError
from ..core.sockets import PortTakenError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ..core.clock import Clock
    from ..core.mqtt.broker import BrokerCore
    from ..core.sockets import Place
    from .settings import Settings

FACE = "itron-mqtt"

PORT, PLAIN_PORT, WEBSOCKET_PORT = 8883, 1883, 8884
"""The usual ones; the others have theirs where the first one has its own, and free ones anywhere else."""


class Doors:
    """The listeners of one broker.

    Args:
        core: the broker.
        clock: whose lock is held whenever the broker is touched.
        settings: which doors there are.
        place: where the first one is.
        before: called before anything is sent.
        closed: called when all are closed.

    Attributes:
        beside: the addresses of the others, by the names of the ready file.

    Raises:
        WorldError: a door needs what is not installed.
    """

    def __init__(
        self,
        core: BrokerCore,
        clock: Clock,
        settings: Settings,
        place: Place,
        *,
        before: Callable[[], None],
        closed: Callable[[], None],
    ) -> None:
        self._core = core
        self._clock = clock
        self._settings = settings
        self._place = place
        self._before, self._closed = before, closed
        self._driver: Driver | None = None
        self._open: dict[str, MqttListener] = {}
        self.tls = _context(place) if settings.mqtt_tls else None
        if settings.mqtt_websocket:
            _check_websocket()

    @property
    def url(self) -> str:
        """Where the first one listens."""
        return self._open["url"].url

    @property
    def accepting(self) -> bool:
        """Whether all of them take connections."""
        return bool(self._open) and all(door.accepting for door in self._open.values())

    @property
    def beside(self) -> dict[str, str]:
        """The addresses of the others."""
        return {name: self._place.told(door.url) for name, door in self._open.items() if name != "url"}

    async def start(self) -> None:
        """Listen at all of them, or at none; raises ``OSError`` or ``PortTakenError`` when a port is taken."""
        line = self._place.line
        self._driver = Driver(self._core, self._clock.lock, later=line.later, now=line.now, before=self._before)
        self._core.take_dirty()  # of those whom no door could carry away any more
        await self._add("url", self._place.port, self.tls)
        try:
            if self._settings.mqtt_plain:
                await self._beside("plain_url", PLAIN_PORT, None)
            if self._settings.mqtt_websocket:
                await self._beside("websocket_url", WEBSOCKET_PORT, self.tls, websocket=True)
        except WorldError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Send everybody away, and close all of them."""
        if self._driver is not None:
            self._driver.stop()
        for door in self._open.values():
            await door.stop()
        with self._clock.lock:
            self._closed()

    def tell_time(self) -> None:
        """Let the broker know line time, for somebody who comes from another side than a socket."""
        if self._driver is not None:
            self._core.now = self._driver.now()

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back under the lock after seconds of line time; from any thread."""
        driver = self._driver
        if driver is None:
            return

        def locked() -> None:
            with driver.lock:
                callback()

        driver.loop.call_soon_threadsafe(lambda: driver.later(seconds, locked))

    async def _beside(self, name: str, port: int, context: ssl.SSLContext | None, *, websocket: bool = False) -> None:
        port = port if self._place.port == PORT else 0
        try:
            await self._add(name, port, context, websocket=websocket)
        except OSError as error:
            raise PortTakenError(port_taken(FACE, self._place.host, port, error)) from error

    async def _add(self, name: str, port: int, context: ssl.SSLContext | None, *, websocket: bool = False) -> None:
        assert self._driver is not None
        door = MqttListener(self._driver, self._place.host, port, context=context, websocket=websocket)
        await door.start()
        self._open[name] = door


def _context(place: Place) -> ssl.SSLContext:
    try:
        return server_context(place.certificate(), protocols=("mqtt",))
    except CertificateError as error:
        remedy = "or let it speak without TLS: --set itron.mqtt_tls=false"
        raise WorldError(f"{FACE} cannot listen: {error}; {remedy}") from error


def _check_websocket() -> None:
    try:
        import_module("websockets")  # the extra `mqtt`
    except ModuleNotFoundError as error:
        raise WorldError("mqtt_websocket needs websockets: pip install 'vendorlab[mqtt]'") from error
