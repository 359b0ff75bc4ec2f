"""What the gateway's and the broker's clients share: faces, environment, tokens from the platform, secrecy, threads."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.itron import fake_gateway
from tests.clients.itron.alerts_bench import token
from tests.clients.itron.fake_broker import FakeBroker
from tests.clients.itron.fake_gateway import MAC, FakeGateway
from tests.clients.itron.fake_vendor import CLIENT_ID, CLIENT_SECRET, ORIGIN, FakeVendor

from vendorlab.clients.core.portal import Portal
from vendorlab.clients.itron import (
    AlertsClient,
    AsyncAlertsClient,
    AsyncGatewayClient,
    GatewayClient,
    LoginRefused,
    Secret,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from tests.clients.django_fake import FakeClock

APPLICATION: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "platform_url": ORIGIN}
CLIENTS: dict[str, tuple[Any, Any]] = {
    "coap": (AsyncGatewayClient, GatewayClient),
    "mqtts": (AsyncAlertsClient, AlertsClient),
}
PREFIXES = {"coap": "VENDORLAB_ITRON_COAP_", "mqtts": "VENDORLAB_ITRON_MQTT_"}


def public(kind: type) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(member).parameters)
        for name, member in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }


@pytest.mark.parametrize("scheme", CLIENTS)
def test_both_faces_have_the_same_methods_and_parameters(scheme: str) -> None:
    asynchronous, sync = (public(kind) for kind in CLIENTS[scheme])
    assert asynchronous.pop("aclose") == sync.pop("close")
    for inner in ("connect", "forget"):
        asynchronous.pop(inner, None)
    assert asynchronous == sync


def environment(scheme: str, **changes: str) -> dict[str, str]:
    prefix = PREFIXES[scheme]
    found = {
        prefix + "URL": f"{scheme}://127.0.0.1",
        prefix + "CLIENT_ID": CLIENT_ID,
        prefix + "CLIENT_SECRET": CLIENT_SECRET,
        "VENDORLAB_ITRON_PLATFORM_URL": ORIGIN,
    }
    return {name: value for name, value in (found | changes).items() if value}


@pytest.mark.parametrize("scheme", CLIENTS)
def test_client_is_made_from_the_environment(scheme: str, no_threads_left: None) -> None:
    for kind in CLIENTS[scheme]:
        client: Any = kind.from_env(environment(scheme))
        assert f"{scheme}://127.0.0.1" in repr(client)
        close: Any = getattr(client, "close", None)
        if close is not None:
            close()


@pytest.mark.parametrize("scheme", CLIENTS)
@pytest.mark.parametrize("name", ["URL", "CLIENT_ID", "CLIENT_SECRET", "PLATFORM"])
def test_variable_that_is_missing_is_named(scheme: str, name: str) -> None:
    variable = "VENDORLAB_ITRON_PLATFORM_URL" if name == "PLATFORM" else PREFIXES[scheme] + name
    with pytest.raises(UsageError, match=variable):
        CLIENTS[scheme][0].from_env(environment(scheme, **{variable: ""}))


@pytest.mark.parametrize("variable", ["VENDORLAB_ITRON_COAP_CA", "VENDORLAB_ITRON_PLATFORM_CA"])
def test_authority_of_the_platform_is_trusted_where_the_gateway_has_none(variable: str) -> None:
    with pytest.raises(UsageError, match=r"/nowhere\.pem"):
        AsyncGatewayClient.from_env(environment("coap", **{variable: "/nowhere.pem"}))


def test_account_needs_no_application_in_the_environment() -> None:
    variables = {"VENDORLAB_ITRON_MQTT_URL": "mqtts://127.0.0.1"}
    AsyncAlertsClient.from_env(variables, username="caas", password="word")


async def gateway() -> FakeGateway:
    _, found = await asyncio.get_running_loop().create_datagram_endpoint(FakeGateway, local_addr=("127.0.0.1", 0))
    return found


def test_session_is_opened_with_a_token_of_the_platforms(vendor: FakeVendor, clock: FakeClock) -> None:
    async def story() -> None:
        fake = await gateway()
        fake.tokens.clear()

        def also_known(request: httpx.Request) -> httpx.Response:
            response = vendor(request)
            fake.tokens |= vendor.issued
            return response

        options: dict[str, Any] = APPLICATION | {"clock": clock, "transport": httpx.MockTransport(also_known)}
        async with AsyncGatewayClient(fake.url, **options) as client:
            await client.ping(MAC)
            fake.sessions.clear()
            await client.ping(MAC)
            assert vendor.tokens_made() == 1, "one that is good is used again"
            fake.tokens.clear()
            fake.sessions.clear()
            await client.ping(MAC)
            assert vendor.tokens_made() == 2
        fake.transport.abort()

    asyncio.run(asyncio.wait_for(story(), 10))


def test_each_connection_has_a_token_of_its_own(vendor: FakeVendor, clock: FakeClock) -> None:
    async def story() -> None:
        options: dict[str, Any] = APPLICATION | {"clock": clock, "transport": httpx.MockTransport(vendor)}
        async with FakeBroker.serving() as broker, AsyncAlertsClient(broker.url, tenant="TNa", **options) as client:
            for _ in range(3):
                async with client.alerts():
                    pass
            shown = [connection.password for connection in broker.connections]
            assert set(shown) == vendor.issued
            assert len(set(shown)) == 3

    asyncio.run(asyncio.wait_for(story(), 10))


def test_application_that_the_platform_refuses_is_an_error(vendor: FakeVendor, clock: FakeClock) -> None:
    async def story() -> None:
        fake = await gateway()
        options: dict[str, Any] = APPLICATION | {
            "client_secret": "wrong",
            "clock": clock,
            "transport": httpx.MockTransport(vendor),
        }
        async with AsyncGatewayClient(fake.url, **options) as client:
            with pytest.raises(LoginRefused):
                await client.ping(MAC)
        fake.transport.abort()

    asyncio.run(asyncio.wait_for(story(), 10))


def test_tokens_stay_out_of_logs_and_reprs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = token(number=77)

    async def story() -> None:
        fake = await gateway()
        fake.tokens = {secret}
        async with AsyncGatewayClient(fake.url, tokens=Secret(secret)) as client:
            await client.ping(MAC)
            assert secret not in repr(client) + repr(vars(client)) + repr(vars(client._session))
        fake.transport.abort()
        async with FakeBroker.serving() as broker, AsyncAlertsClient(broker.url, tokens=Secret(secret)) as alerts:
            async with alerts.alerts() as stream:
                assert secret not in repr(stream) + repr(vars(stream))
            broker.connacks.extend([5, 5])
            with pytest.raises(LoginRefused) as caught:
                await alerts.alerts().ready()
            assert secret not in str(caught.value)

    asyncio.run(asyncio.wait_for(story(), 10))
    assert caplog.records
    assert secret not in caplog.text


def test_client_without_aiocoap_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiocoap", None)

    async def story() -> None:
        async with AsyncGatewayClient("coap://127.0.0.1", tokens="good") as client:
            with pytest.raises(UsageError, match=r"vendorlab\[coap\]"):
                await client.ping(MAC)

    asyncio.run(story())


@pytest.fixture
def make_portal() -> Callable[[], Portal]:
    return lambda: Portal("vendorlab-test")


def test_portal_ends_what_runs_when_it_is_closed(make_portal: Callable[[], Portal], no_threads_left: None) -> None:
    portal, ended = make_portal(), threading.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def wait() -> None:
        with pytest.raises((asyncio.CancelledError, Exception)):
            portal.call(forever)

    waiting = threading.Thread(target=wait)
    waiting.start()
    portal.call(asyncio.sleep, 0)
    portal.close()
    waiting.join(5)
    assert ended.is_set()
    portal.close()


def test_portal_closes_a_generator_that_is_left(make_portal: Callable[[], Portal], no_threads_left: None) -> None:
    portal, closed = make_portal(), threading.Event()

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for number in range(9):
                yield number
        finally:
            closed.set()

    assert list(portal.iterate(numbers)) == list(range(9))
    closed.clear()
    items = portal.iterate(numbers)
    assert [next(items), next(items)] == [0, 1]
    items.close()
    assert closed.is_set()
    portal.close()


def test_portal_cannot_be_used_within_itself_or_when_closed(make_portal: Callable[[], Portal]) -> None:
    portal = make_portal()

    async def within() -> None:
        portal.call(asyncio.sleep, 0)

    with pytest.raises(UsageError, match="within"):
        portal.call(within)
    portal.close()
    with pytest.raises(UsageError, match="closed"):
        portal.call(asyncio.sleep, 0)


def test_observation_of_a_closed_synchronous_client_ends_quietly(no_threads_left: None) -> None:
    async def story() -> None:
        fake = await gateway()
        registered = fake_gateway.Out("2.03", options=((6, b"\x00\x00\x03"),))
        fake.device = lambda _: [registered, fake_gateway.observed(4)]

        def blocking() -> None:
            with GatewayClient(fake.url, tokens="good") as client:
                items = client.observe(MAC, "snsr/arduino/temp")
                next(items)
            items.close()

        await asyncio.to_thread(blocking)
        fake.transport.abort()

    asyncio.run(asyncio.wait_for(story(), 10))
