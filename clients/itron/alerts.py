"""The client of the MQTT broker: what mesh devices tell of their own accord, as typed alerts.

`AsyncAlertsClient` for asyncio; `AlertsClient` for threads is the same in a loop of its own. A connection is in
`brokerline`; this is what outlives it: a fresh token for each, the subscription, back-off, and no alert twice.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, Unpack

from ..core.cadence import OUTAGES
from ..core.errors import ClientError, Throttled, UsageError
from ..core.retry import RetryPolicy
from ..core.secret import Secret
from ..core.session import Environment
from .access import AccessOptions, access, from_environment
from .alerting import Seen, read_alert
from .brokerline import BrokerAddress, BrokerLine, Login, Untrusted
from .errors import BrokerRefused
from .gateway import normal_mac
from .packets import LONGEST_TEXT
from .patience import first, within
from .sensors import Sensor
from .tokens import Claims

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

    from .alerting import AnyAlert

ENVIRONMENT: Final = "VENDORLAB_ITRON_MQTT_"
TOKEN_USER: Final = "notused"  # noqa: S105 - that is all it is
"""What stands for a name beside a token; the vendor's own word."""

CAAS_TENANT: Final = "ssni"
"""First level of the topics that accounts of a customer's network see."""

KEEP_ALIVE: Final = 60
STEADY: Final = 60.0
"""Seconds that a connection must have lasted for its end to count as the first failure and not one more."""

DENIED: Final = (4, 5)


class AlertsOptions(AccessOptions, total=False):
    """Keyword arguments of both clients, beside those of `AccessOptions`.

    Either an application or tokens, or an account.

    Attributes:
        username: Of an account at the broker (CAAS), which sees all devices of a customer's network.
        password: Its password.
        tenant: First level of the topics; by default the one that the token is for.
        identifier: What the client is called at the broker. By default each stream makes a name of its own: two with
            one name throw each other out for ever.
        qos: Of the subscription.
        keep_alive: Seconds between signs of life; 0 for none.
        timeout: Seconds for a connection, for being let in, and for the subscription, each.
        retry: How long to wait from one connection to the next.
        clock: Seconds; only differences count, but for a token's life.
        on_outage: Told why the connection was lost or did not come about, and of the seconds until the next try.
    """

    username: str | None
    password: str | Secret | None
    tenant: str | None
    identifier: str | None
    qos: int
    keep_alive: int
    timeout: float
    retry: RetryPolicy | None
    clock: Callable[[], float] | None
    on_outage: Callable[[ClientError, float], object] | None


@dataclass(frozen=True, slots=True)
class _Patience:
    keep_alive: int
    timeout: float
    retry: RetryPolicy
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]
    on_outage: Callable[[ClientError, float], object] | None


class AsyncAlertsClient:
    """The broker for asyncio tasks; may be shared among those of one loop.

    Args:
        base_url: Such as `mqtts://api.mqtt-staging.developer.ssni.com`; `mqtt://` is in the clear.
        sleep: How to wait.
        **options: See `AlertsOptions`.

    Raises:
        UsageError: A setting that makes no sense.
    """

    def __init__(
        self,
        base_url: str,
        *,
        username: str | None = None,
        password: str | Secret | None = None,
        tenant: str | None = None,
        identifier: str | None = None,
        qos: int = 1,
        keep_alive: int = KEEP_ALIVE,
        timeout: float = 30.0,
        retry: RetryPolicy | None = None,
        clock: Callable[[], float] | None = None,
        on_outage: Callable[[ClientError, float], object] | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **who: Unpack[AccessOptions],
    ) -> None:
        if qos not in (0, 1, 2) or not 0 <= keep_alive <= LONGEST_TEXT:
            raise UsageError("qos is 0, 1 or 2, and keep_alive at most 65,535 seconds")
        account = _account(username, password)
        if account is not None and any(value is not None for name, value in who.items() if name != "ca"):
            raise UsageError("both an account and an application are given: which of them should be used?")
        self._base_url = base_url
        self._address = BrokerAddress.of(base_url, who.get("ca"))
        self._account = account
        self._access = None if account is not None else access(**who, clock=clock, sleep=sleep)
        self._tenant = None if tenant is None else _level(tenant, "a tenant")
        self._identifier = identifier
        self._qos = qos
        self._patience = _Patience(
            keep_alive, timeout, retry or RetryPolicy(base=1.0, cap=60.0), clock or time.monotonic, sleep, on_outage
        )
        self._streams: set[AlertStream] = set()

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        **options: Unpack[AlertsOptions],
    ) -> Self:
        """Make a client from the variables `VENDORLAB_ITRON_MQTT_URL`, `_CA`, `_CLIENT_ID`, `_CLIENT_SECRET` and
        `_TENANT`, and `VENDORLAB_ITRON_PLATFORM_URL`; options given here win, an account among them.

        Raises:
            UsageError: Something that is needed is not set.
        """
        base_url, found = from_env(environment, options)
        return cls(base_url, sleep=sleep, **found)

    def alerts(
        self, mac: str | None = None, sensor: Sensor | str | None = None, *, timeout: float | None = None
    ) -> AlertStream:
        """Return the alerts from now on, of all devices or one, of all sensors or one kind.

        Each stream has a connection of its own, opened with its first alert or, so that none is missed and a refusal
        shows at once, by `async with`.

        Args:
            mac: Of one device.
            sensor: One of the vendor's, or the type of another.
            timeout: Seconds without an alert after which the stream ends; None never.
        """
        kind = sensor.value[1] if isinstance(sensor, Sensor) else sensor
        levels = ("+" if mac is None else normal_mac(mac), "+" if kind is None else _level(kind, "a sensor's type"))
        if self._identifier is not None and self._streams:
            raise UsageError("two streams with one client id would throw each other out: leave identifier away")
        stream = AlertStream(self, levels, timeout)
        self._streams.add(stream)
        return stream

    async def aclose(self) -> None:
        """End all streams."""
        await asyncio.gather(*(stream.aclose() for stream in list(self._streams)))
        if self._access is not None:
            await self._access.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._base_url}>"

    @property
    def patience(self) -> _Patience:
        """How to wait."""
        return self._patience

    def forget(self, stream: AlertStream) -> None:
        """Let go of a stream that has ended."""
        self._streams.discard(stream)

    async def connect(self, levels: tuple[str, str], identifier: str) -> BrokerLine:
        """Open a connection with a fresh token, and subscribe.

        Raises:
            BrokerRefused: Also with another token.
            SubscriptionRefused: These alerts are not for this one.
            NetworkError: The broker is not there, or does not answer.
        """
        for last in (self._account is not None, True):
            login, tenant = await self._login(identifier)
            try:
                line = await BrokerLine.open(
                    self._address,
                    login,
                    keep_alive=self._patience.keep_alive,
                    timeout=self._patience.timeout,
                    clock=self._patience.clock,
                    sleep=self._patience.sleep,
                )
            except BrokerRefused as refused:
                if last or refused.code not in DENIED:
                    raise
                continue
            try:
                await line.subscribe(["/".join((tenant, "alert", *levels))], self._qos)
            except BaseException:
                await line.close()
                raise
            return line
        raise AssertionError("the last try returns or raises")

    async def _login(self, identifier: str) -> tuple[Login, str]:
        name = self._identifier or identifier
        if self._access is None:
            assert self._account is not None
            username, password = self._account
            return Login(name, username, password.reveal()), self._tenant or CAAS_TENANT
        token = (await self._access.token(fresh=True)).reveal()
        tenant = self._tenant or Claims.of(token).sub
        if not tenant:
            raise UsageError("the token does not say whose it is: give the tenant")
        return Login(name, TOKEN_USER, token), _level(tenant, "a tenant")


class AlertStream:
    """Alerts as they come, an async iterator; connections are lost and opened beneath it."""

    def __init__(self, client: AsyncAlertsClient, levels: tuple[str, str], timeout: float | None) -> None:
        self._client = client
        self._levels = levels
        self._timeout = timeout
        self._identifier = f"vendorlab-{secrets.token_hex(6)}"
        self._line: BrokerLine | None = None
        self._since = 0.0
        self._failures = 0
        self._seen = Seen(client.patience.clock)
        self._closed = asyncio.Event()
        self._lock = asyncio.Lock()

    async def ready(self) -> None:
        """Connect and subscribe, if that is not so yet; what passes by itself is waited out."""
        if await self._connected() is None:
            raise UsageError("the stream is closed")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AnyAlert:
        if self._closed.is_set():
            raise StopAsyncIteration
        if self._timeout is None:
            return await self._next()
        try:
            return await within(self._next(), self._timeout, self._client.patience.sleep)
        except TimeoutError:
            await self.aclose()
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        """End the subscription and the connection."""
        self._closed.set()
        self._client.forget(self)
        await self._drop()

    async def __aenter__(self) -> Self:
        try:
            await self.ready()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _next(self) -> AnyAlert:
        while True:
            line = await self._connected()
            if line is None:
                raise StopAsyncIteration
            try:
                message = await line.next()
            except OUTAGES as trouble:
                await self._lost(line, trouble)
                continue
            alert = read_alert(message)
            if not self._seen.is_known(alert, message):
                return alert

    async def _connected(self) -> BrokerLine | None:
        """Return a connection that is subscribed; None once the stream is closed."""
        async with self._lock:
            while self._line is None and not self._closed.is_set():
                try:
                    line = await self._client.connect(self._levels, self._identifier)
                except Untrusted:
                    raise
                except OUTAGES as trouble:
                    await self._wait(trouble)
                    continue
                self._since = self._client.patience.clock()
                if self._closed.is_set():
                    await line.close()
                else:
                    self._line = line
            return self._line

    async def _lost(self, line: BrokerLine, trouble: ClientError) -> None:
        if self._line is not line:
            return  # the stream was closed, or somebody else has seen to it
        patience = self._client.patience
        if patience.clock() - self._since >= STEADY:
            self._failures = 0
        await self._drop()
        await self._wait(trouble)

    async def _wait(self, trouble: ClientError) -> None:
        patience = self._client.patience
        self._failures += 1
        delay = patience.retry.delay(self._failures)
        if isinstance(trouble, Throttled):
            delay = max(delay, trouble.retry_after)
        if patience.on_outage is not None:
            patience.on_outage(trouble, delay)
        await first(_slept(patience.sleep(delay)), _slept(self._closed.wait()))

    async def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()


def from_env(environment: Mapping[str, str] | None, given: AlertsOptions) -> tuple[str, AlertsOptions]:
    """Read the broker's address, the tenant and the application from the environment."""
    variables = Environment(ENVIRONMENT, environment)
    if given.get("username") is not None:
        (url,) = variables.require("URL")
        return url, AlertsOptions(ca=variables.read("CA")) | given
    url, found = from_environment(ENVIRONMENT, environment, given)
    options: AlertsOptions = {"tenant": variables.read("TENANT")}
    return url, {**options, **found, **given}


def _account(username: str | None, password: str | Secret | None) -> tuple[str, Secret] | None:
    secret = Secret.of(password)
    if username is None and secret is None:
        return None
    if not username or secret is None:
        raise UsageError("an account has a username and a password")
    return username, secret


async def _slept(work: Awaitable[object]) -> None:
    await work


def _level(text: str, what: str) -> str:
    if not text or any(mark in text for mark in "/+#\0") or len(text.encode()) > LONGEST_TEXT // 4:
        raise UsageError(f"{what} is one level of a topic: {text[:40]!r}")
    return text
