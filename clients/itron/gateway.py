"""The client of the CoAP Gateway: reads, settings and observations of mesh devices, within one session.

`AsyncGatewayClient` for asyncio, on aiocoap (`pip install 'vendorlab[coap]'`); `GatewayClient` for threads is the same
in a loop of its own. How a session is kept is in `sessions`, an observation in `watching`, blocks in `transfer`, and
datagrams in `courier`.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self, TypeVar, Unpack

import httpx

from ..core.errors import ClientError, UnexpectedResponse, UsageError
from . import messages
from .access import AccessOptions, access, from_environment
from .courier import ACK_TIMEOUT, Courier
from .links import Link, parse_links
from .messages import GET, METHODS, PUT, Answer, Ask, Block, device_uri, refusal
from .patience import within
from .sensors import Reading, Sensor, SensorConfig, UndecodedReading, decode, decode_config
from .sessions import GatewaySession, SessionSettings
from .transfer import transfer
from .watching import SILENCE, Watch, WatchSettings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

T = TypeVar("T")

ENVIRONMENT: Final = "VENDORLAB_ITRON_COAP_"
DOMAIN: Final = "SG.YEL01.SSN.SSNSGS.NET"
PORT: Final = 5683
DEVICE_PORT: Final = 4849
TIMEOUT: Final = 310.0
"""Seconds; what the vendor's own client grants a device. The gateway itself gives up a little sooner."""

BLOCK_SIZE: Final = 128
_MAC = re.compile(r"[0-9a-f]{16}")


class GatewayOptions(AccessOptions, total=False):
    """Keyword arguments of both clients, beside those of `AccessOptions`.

    Attributes:
        domain: Of the devices' names.
        device_port: The port that devices listen on.
        confirmable: Whether requests to devices are CON, sent until acknowledged, or NON, as in the vendor's samples.
        endpoint_id: What option 124 says, up to four bytes: a gateway that heeds it knows this client by it when its
            address has changed. None sends none.
        block_size: Bytes in which answers are asked for: 16, 32, … 1024; None leaves it to the other side.
        timeout: Seconds for an answer of a device.
        session: How patient the session is.
        local_port: The UDP port to send from; 0 for any.
        ack_timeout: Seconds until something confirmable is first resent.
        clock: Seconds; only differences count, but for a token's life.
    """

    domain: str
    device_port: int
    confirmable: bool
    endpoint_id: bytes | None
    block_size: int | None
    timeout: float
    session: SessionSettings
    local_port: int
    ack_timeout: float
    clock: Callable[[], float] | None


@dataclass(frozen=True, slots=True)
class _Device:
    """How devices are asked."""

    domain: str
    port: int
    confirmable: bool
    options: tuple[tuple[int, bytes], ...]
    szx: int | None

    def ask(
        self, method: int, mac: str, path: str, query: str | tuple[str, ...], *, confirmable: bool | None = None
    ) -> Ask:
        uri = device_uri(f"SSN{normal_mac(mac)}.{self.domain}", self.port, path, query)
        options = ((messages.PROXY_URI, uri.encode()), *self.options)
        if method == GET and self.szx is not None:
            options += ((messages.BLOCK2, Block(0, more=False, szx=self.szx).value),)
        reliable = self.confirmable if confirmable is None else confirmable
        return Ask(method, f"/{path.lstrip('/')}", options, confirmable=reliable)


class AsyncGatewayClient:
    """The CoAP Gateway for asyncio tasks; may be shared among those of one loop.

    The session is opened with the first request. Every method may raise any error of `vendorlab.clients.itron.errors`.
    A device is named by its MAC: 16 hex digits, in either case, with colons or without.

    Args:
        base_url: Such as `coap://api.coap-staging.developer.ssni.com`.
        sleep: How to wait.
        **options: See `GatewayOptions`: an application with its platform, or tokens.

    Raises:
        UsageError: A setting that makes no sense.
    """

    def __init__(
        self,
        base_url: str,
        *,
        domain: str = DOMAIN,
        device_port: int = DEVICE_PORT,
        confirmable: bool = True,
        endpoint_id: bytes | None = None,
        block_size: int | None = BLOCK_SIZE,
        timeout: float = TIMEOUT,
        session: SessionSettings | None = None,
        local_port: int = 0,
        ack_timeout: float = ACK_TIMEOUT,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **who: Unpack[AccessOptions],
    ) -> None:
        host, port = coap_address(base_url)
        if endpoint_id is not None and not 1 <= len(endpoint_id) <= messages.ENDPOINT_LIMIT:
            raise UsageError(f"an endpoint id has one to {messages.ENDPOINT_LIMIT} bytes")
        extra = () if endpoint_id is None else ((messages.ENDPOINT_ID, endpoint_id),)
        self._base_url = base_url
        self._timeout = timeout
        self._sleep = sleep
        self._device = _Device(domain, device_port, confirmable, extra, _szx(block_size))
        self._access = access(**who, clock=clock)
        self._session = GatewaySession(
            lambda: Courier(host, port, local_port=local_port, ack_timeout=ack_timeout),
            self._access,
            session or SessionSettings(),
            clock or time.monotonic,
            sleep,
        )

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[GatewayOptions],
    ) -> Self:
        """Make a client from the variables `VENDORLAB_ITRON_COAP_URL`, `_CLIENT_ID`, `_CLIENT_SECRET` and `_DOMAIN`,
        and `VENDORLAB_ITRON_PLATFORM_URL`; options given here win.

        Raises:
            UsageError: Something that is needed is not set.
        """
        base_url, found = from_env(environment, options)
        return cls(base_url, sleep=sleep, **found)

    async def get(
        self,
        mac: str,
        path: str = "/",
        query: str | tuple[str, ...] = "",
        *,
        confirmable: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Get a resource of a device; the answer is a 2.xx, its body whole."""
        ask = self._device.ask(GET, mac, path, query, confirmable=confirmable)
        return await self._do(ask, timeout)

    async def put(
        self,
        mac: str,
        path: str,
        query: str | tuple[str, ...] = "",
        payload: bytes = b"",
        *,
        content_format: int = messages.OCTETS,
        confirmable: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Put something to a device; the answer is a 2.xx. A long payload goes in blocks."""
        ask = self._device.ask(PUT, mac, path, query, confirmable=confirmable)
        if payload:
            ask = ask.having((messages.CONTENT_FORMAT, messages.uint(content_format)), payload=payload)
        return await self._do(ask, timeout)

    async def ping(self, mac: str, *, timeout: float | None = None) -> str:
        """Ask a device's network card what it is, and so whether it is there."""
        return (await self.get(mac, "/", timeout=timeout)).text

    async def read(self, mac: str, sensor: Sensor | str, *, timeout: float | None = None) -> Reading:
        """Read a sensor: the newest reading, where it gives several.

        Args:
            mac: Of the device.
            sensor: One of the vendor's, or the path of another.
            timeout: Seconds for the answer.

        Raises:
            UnexpectedResponse: What the sensor says cannot be read.
        """
        return (await self.read_all(mac, sensor, timeout=timeout))[-1]

    async def read_all(self, mac: str, sensor: Sensor | str, *, timeout: float | None = None) -> tuple[Reading, ...]:
        """Read a sensor: all readings that it gives at once, oldest first."""
        path, kind = _place(sensor)
        answer = await self.get(mac, path, "sens", timeout=timeout)
        return _decoded(decode, answer, kind, path)

    async def read_config(self, mac: str, sensor: Sensor | str, *, timeout: float | None = None) -> SensorConfig:
        """Read how a sensor is set."""
        path, kind = _place(sensor)
        answer = await self.get(mac, path, "cfg", timeout=timeout)
        return _decoded(decode_config, answer, kind, path)

    async def write_config(self, mac: str, sensor: Sensor | str, value: str, *, timeout: float | None = None) -> None:
        """Set a sensor. The value travels in the query: boards pass over a payload."""
        path, _ = _place(sensor)
        await self.put(mac, path, f"cfg={value}", timeout=timeout)

    async def discover(
        self, mac: str | None = None, path: str = "/snsr/.well-known/core", *, timeout: float | None = None
    ) -> list[Link]:
        """List what a device's board says that it has; or what the gateway itself has, if no device is named.

        Args:
            mac: Of the device.
            path: `/.well-known/core` asks the network card in place of the board.
            timeout: Seconds for the answer.
        """
        if mac is not None:
            return parse_links((await self.get(mac, path, timeout=timeout)).text)
        ask = Ask(GET, "/.well-known/core", ((messages.URI_PATH, b".well-known"), (messages.URI_PATH, b"core")))
        return parse_links((await self._do(ask, timeout, self._session.bare)).text)  # it takes no session

    async def observe(
        self,
        mac: str,
        sensor: Sensor | str,
        *,
        silence: float = SILENCE,
        timeout: float | None = None,
        on_lost: Callable[[ClientError], object] | None = None,
    ) -> AsyncGenerator[Reading | UndecodedReading, None]:
        """Yield a sensor's readings as it tells them, each once and none after a newer one, without end.

        Lost registrations, moved and rebooted devices, and the end of the session are got over by registering again;
        what was told meanwhile is lost. A payload that cannot be read is an `UndecodedReading`. Close the generator
        (leave an `aclosing` block, or cancel the task) to end the observation; the device is told.

        Args:
            mac: Of the device.
            sensor: One of the vendor's, or the path of another.
            silence: Seconds without a word after which the observation is registered again, at least; three times
                the Max-Age of what was last heard if that is longer. Each silence in vain doubles the next, up to an
                hour. It must be longer than the sensor's period.
            timeout: Seconds without a reading after which to end; None never.
            on_lost: Told why whenever the observation is to be registered again.

        Raises:
            Forbidden, ResourceUnknown, RequestRefused, NotAuthorised, DeviceUnknown: What no waiting will mend.
        """
        if not silence > 0:
            raise UsageError("a silence is a positive number of seconds")
        path, kind = _place(sensor)
        ask = self._device.ask(GET, mac, path, "sens")
        settings = replace(WatchSettings(), timeout=self._timeout, silence=silence, on_lost=on_lost)
        answers = Watch(self._session, ask, settings).answers()
        try:
            while True:
                try:
                    wait = anext(answers) if timeout is None else within(_one(answers), timeout, self._sleep)
                    answer = await wait
                except (StopAsyncIteration, TimeoutError):
                    return
                for reading in _readings(answer, kind):
                    yield reading
        finally:
            await answers.aclose()

    async def aclose(self) -> None:
        """Delete the session and close the socket. End observations first: they live by both."""
        await self._session.close()
        await self._access.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._base_url}>"

    async def _do(
        self, ask: Ask, timeout: float | None, how: Callable[[Ask, float], Awaitable[Answer]] | None = None
    ) -> Answer:
        seconds = self._timeout if timeout is None else timeout

        def send(part: Ask) -> Awaitable[Answer]:
            return (how or self._session.ask)(part, seconds)

        answer = await transfer(ask, send)
        if not answer.is_success:
            raise refusal(answer, ask)
        return answer


def from_env(environment: Mapping[str, str] | None, given: GatewayOptions) -> tuple[str, GatewayOptions]:
    """Read the gateway's address, the devices' domain and the application from the environment."""
    import os  # noqa: PLC0415

    url, found = from_environment(ENVIRONMENT, environment, given)
    domain = (os.environ if environment is None else environment).get(ENVIRONMENT + "DOMAIN")
    options: GatewayOptions = {"domain": domain} if domain else {}
    return url, {**options, **found, **given}


def coap_address(base_url: str) -> tuple[str, int]:
    """Return host and port of a gateway.

    Raises:
        UsageError: It is no `coap://host[:port]`.
    """
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError) as trouble:
        raise UsageError(f"the base URL is not a URL: {trouble}") from None
    if url.scheme != "coap" or not url.host or url.userinfo or url.query or url.fragment or url.path not in ("", "/"):
        raise UsageError("the base URL must be coap://host[:port] and nothing more")
    return url.host, url.port or PORT


def normal_mac(mac: str) -> str:
    """Return a MAC as 16 hex digits in lower case.

    Raises:
        UsageError: It is none.
    """
    plain = mac.replace(":", "").replace("-", "").lower()
    if not _MAC.fullmatch(plain):
        raise UsageError(f"a MAC has 16 hex digits: {mac!r}")
    return plain


def _szx(size: int | None) -> int | None:
    if size is None:
        return None
    if size not in (16, 32, 64, 128, 256, 512, 1024):
        raise UsageError("a block has 16, 32, 64, 128, 256, 512 or 1024 bytes")
    return size.bit_length() - 5


def _place(sensor: Sensor | str) -> tuple[str, str]:
    """Return a sensor's path, and what it calls itself, as far as its path tells."""
    if isinstance(sensor, Sensor):
        return sensor.value
    last = sensor.rstrip("/").rpartition("/")[2]
    if not last:
        raise UsageError("a sensor is one of the vendor's, or a path")
    return sensor, last


def _decoded(read: Callable[[bytes, str], T], answer: Answer, kind: str, path: str) -> T:
    try:
        return read(answer.payload, kind)
    except ValueError as trouble:
        status = int(answer.dotted.replace(".", ""))
        raise UnexpectedResponse(
            f"what the sensor says cannot be read: {trouble}", status=status, method=METHODS[GET], path=f"/{path}"
        ) from None


def _readings(answer: Answer, kind: str) -> tuple[Reading | UndecodedReading, ...]:
    try:
        return decode(answer.payload, kind)
    except ValueError as trouble:
        return (UndecodedReading(answer.payload, str(trouble)),)


async def _one(answers: AsyncGenerator[Answer, None]) -> Answer:
    return await anext(answers)
