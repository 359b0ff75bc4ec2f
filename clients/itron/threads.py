"""`GatewayClient` and `AlertsClient`: the asyncio clients for threads, each in a loop of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, Self, TypeVar, Unpack

from ..core.portal import Portal
from . import alerts as broker
from .alerts import AlertsOptions, AsyncAlertsClient
from .gateway import AsyncGatewayClient, GatewayOptions, from_env
from .messages import OCTETS, Answer
from .watching import SILENCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping

    from ..core.errors import ClientError
    from .alerting import AnyAlert
    from .alerts import AlertStream
    from .links import Link
    from .sensors import Reading, Sensor, SensorConfig, UndecodedReading

Client = TypeVar("Client", bound=AsyncGatewayClient | AsyncAlertsClient)


class _Threaded(Generic[Client]):
    """An asyncio client in a loop of its own: what both faces begin and end with.

    Args:
        client: It; nothing else may use it.
        name: Of its thread.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._portal = Portal(name)

    def close(self) -> None:
        """End all that it began, with the server too, and then its thread; again does nothing."""
        if not self._portal.is_closed:
            try:
                self._portal.call(self._client.aclose)
            finally:
                self._portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self._client).replace("Async", "", 1)


class GatewayClient(_Threaded[AsyncGatewayClient]):
    """The CoAP Gateway for threads; may be shared among them.

    As `AsyncGatewayClient`, method for method. Close it, best with a `with` block: that deletes the session.

    Args:
        base_url: Such as `coap://api.coap-staging.developer.ssni.com`.
        sleep: How its loop waits.
        **options: See `GatewayOptions`: an application with its platform, or tokens.
    """

    def __init__(
        self,
        base_url: str,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[GatewayOptions],
    ) -> None:
        super().__init__(AsyncGatewayClient(base_url, sleep=sleep, **options), "vendorlab-itron-coap")

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[GatewayOptions],
    ) -> Self:
        """Make a client from the environment; as `AsyncGatewayClient.from_env`."""
        base_url, found = from_env(environment, options)
        return cls(base_url, sleep=sleep, **found)

    def get(
        self,
        mac: str,
        path: str = "/",
        query: str | tuple[str, ...] = "",
        *,
        confirmable: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Get a resource of a device; the answer is a 2.xx, its body whole."""
        return self._portal.call(self._client.get, mac, path, query, confirmable=confirmable, timeout=timeout)

    def put(
        self,
        mac: str,
        path: str,
        query: str | tuple[str, ...] = "",
        payload: bytes = b"",
        *,
        content_format: int = OCTETS,
        confirmable: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Put something to a device; the answer is a 2.xx. A long payload goes in blocks."""
        return self._portal.call(
            self._client.put,
            mac,
            path,
            query,
            payload,
            content_format=content_format,
            confirmable=confirmable,
            timeout=timeout,
        )

    def ping(self, mac: str, *, timeout: float | None = None) -> str:
        """Ask a device's network card what it is, and so whether it is there."""
        return self._portal.call(self._client.ping, mac, timeout=timeout)

    def read(self, mac: str, sensor: Sensor | str, *, timeout: float | None = None) -> Reading:
        """Read a sensor: the newest reading, where it gives several."""
        return self._portal.call(self._client.read, mac, sensor, timeout=timeout)

    def read_all(self, mac: str, sensor: Sensor | str, *, timeout: float | None = None) -> tuple[Reading, ...]:
        """Read a sensor: all readings that it gives at once, oldest first."""
        return self._portal.call(self._client.read_all, mac, sensor, timeout=timeout)

    def read_config(self, mac: str, sensor: Sensor | str, *, timeout: float | None = None) -> SensorConfig:
        """Read how a sensor is set."""
        return self._portal.call(self._client.read_config, mac, sensor, timeout=timeout)

    def write_config(self, mac: str, sensor: Sensor | str, value: str, *, timeout: float | None = None) -> None:
        """Set a sensor; the value travels in the query."""
        self._portal.call(self._client.write_config, mac, sensor, value, timeout=timeout)

    def discover(
        self, mac: str | None = None, path: str = "/snsr/.well-known/core", *, timeout: float | None = None
    ) -> list[Link]:
        """List what a device's board, or the gateway itself, says that it has."""
        return self._portal.call(self._client.discover, mac, path, timeout=timeout)

    def observe(
        self,
        mac: str,
        sensor: Sensor | str,
        *,
        silence: float = SILENCE,
        timeout: float | None = None,
        on_lost: Callable[[ClientError], object] | None = None,
    ) -> Generator[Reading | UndecodedReading, None, None]:
        """Yield a sensor's readings as it tells them; as `AsyncGatewayClient.observe`.

        Leave the loop, or close the generator, to end the observation. Readings that come while nobody asks for the
        next wait in memory, up to a thousand. `on_lost` is called in the client's own thread.
        """
        return self._portal.iterate(
            lambda: self._client.observe(mac, sensor, silence=silence, timeout=timeout, on_lost=on_lost)
        )


class AlertsClient(_Threaded[AsyncAlertsClient]):
    """The broker for threads; may be shared among them.

    As `AsyncAlertsClient`. Close it, best with a `with` block.

    Args:
        base_url: Such as `mqtts://api.mqtt-staging.developer.ssni.com`; `mqtt://` is in the clear.
        sleep: How its loop waits.
        **options: See `AlertsOptions`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[AlertsOptions],
    ) -> None:
        super().__init__(AsyncAlertsClient(base_url, sleep=sleep, **options), "vendorlab-itron-mqtt")

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[AlertsOptions],
    ) -> Self:
        """Make a client from the environment; as `AsyncAlertsClient.from_env`."""
        base_url, found = broker.from_env(environment, options)
        return cls(base_url, sleep=sleep, **found)

    def alerts(
        self, mac: str | None = None, sensor: Sensor | str | None = None, *, timeout: float | None = None
    ) -> AlertIterator:
        """Return the alerts from now on; as `AsyncAlertsClient.alerts`.

        A `with` block connects at once, so that no alert from then on is missed; without it the first one asked for
        does.

        Args:
            mac: Of one device.
            sensor: One of the vendor's, or the type of another.
            timeout: Seconds without an alert after which the iteration ends; None never.
        """
        return AlertIterator(self._portal, self._client.alerts(mac, sensor, timeout=timeout))


class AlertIterator:
    """Alerts as they come, an iterator; close it, or leave its `with` block, to end the subscription."""

    def __init__(self, portal: Portal, stream: AlertStream) -> None:
        self._portal = portal
        self._stream = stream

    def ready(self) -> None:
        """Connect and subscribe, if that is not so yet; what passes by itself is waited out."""
        self._portal.call(self._stream.ready)

    def close(self) -> None:
        """End the subscription and the connection."""
        if not self._portal.is_closed:
            self._portal.call(self._stream.aclose)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> AnyAlert:
        try:
            return self._portal.call(self._stream.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> Self:
        try:
            self.ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
