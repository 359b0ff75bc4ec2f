"""`GatewayClient`: the asyncio client for threads, in a loop of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self, Unpack

from ..core.portal import Portal
from .gateway import AsyncGatewayClient, GatewayOptions, Sensor, from_env
from .messages import OCTETS, Answer
from .watching import SILENCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping

    from ..core.errors import ClientError
    from .links import Link
    from .sensors import Reading, SensorConfig, UndecodedReading


class GatewayClient:
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
        self._client = AsyncGatewayClient(base_url, sleep=sleep, **options)
        self._portal = Portal("vendorlab-itron-coap")

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

    def close(self) -> None:
        """Delete the session, close the socket and end the thread; again does nothing."""
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
