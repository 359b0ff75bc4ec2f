"""aiocoap through the gateway: as a library, by both ways to name a target, and as the command that comes with it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.mocks import registry
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from vendorlab.mocks.itron.app import Itron

aiocoap: Any = pytest.importorskip("aiocoap", reason="needs aiocoap: pip install 'vendorlab[coap]'")
forwarding: Any = pytest.importorskip("aiocoap.proxy.client")

PATIENCE = 20.0
TEMP, ECHO = "/snsr/arduino/temp", "/snsr/arduino/echo"


class Gateway:
    """A world's gateway, and the names of what is behind it."""

    def __init__(self) -> None:
        self.world = World(registry.factories(["itron"]), WorldOptions(seed=7, rate=0.0))
        self.url = self.world.listen("itron-coap")
        self.vendor = cast("Itron", self.world.vendor("itron"))
        self.mac: str = self.vendor.coap_credentials()["devices"][0]

    def token(self) -> str:
        tenant = self.vendor.backend.estate.tenants[0]
        return self.vendor.backend.token(tenant.client_id, tenant.client_secret)

    def uri(self, path: str) -> str:
        return f"coap://SSN{self.mac}.SG.YEL01.SSN.SSNSGS.NET:4849{path}"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    yield made
    made.world.stop()


async def connected(gateway: Gateway) -> AsyncIterator[Any]:
    context = await aiocoap.Context.create_client_context(transports=["simple6"])
    try:
        opening = aiocoap.Message(
            code=aiocoap.POST, uri=f"{gateway.url}/sessions", payload=gateway.token().encode(), content_format=0
        )
        assert (await context.request(opening).response).code == aiocoap.CREATED
        yield context
    finally:
        await context.shutdown()


def by_uri(gateway: Gateway, context: Any, code: Any, path: str, **more: Any) -> Any:
    """A request with Proxy-Uri."""
    message = aiocoap.Message(code=code, uri=gateway.url, **more)
    message.opt.proxy_uri = gateway.uri(path)
    return context.request(message)


def by_scheme(gateway: Gateway, context: Any, code: Any, path: str, **more: Any) -> Any:
    """One with Proxy-Scheme, which aiocoap's own forwarder makes."""
    forwarder = forwarding.ProxyForwarder(gateway.url, context)
    return forwarder.request(aiocoap.Message(code=code, uri=gateway.uri(path), **more))


WAYS = pytest.mark.parametrize("ask", [by_uri, by_scheme])


def play(gateway: Gateway, story: Callable[[Any], Awaitable[None]]) -> None:
    async def told() -> None:
        async for context in connected(gateway):
            await asyncio.wait_for(story(context), PATIENCE)

    asyncio.run(told())


@WAYS
def test_reading_and_configuring(gateway: Gateway, ask: Any) -> None:
    async def story(context: Any) -> None:
        assert (await ask(gateway, context, aiocoap.PUT, f"{TEMP}?cfg=C").response).code == aiocoap.CHANGED
        answer = await ask(gateway, context, aiocoap.GET, f"{TEMP}?sens").response
        assert (answer.code, answer.payload[:7], answer.payload[-2:]) == (aiocoap.CONTENT, b"\xa2\x00dtemp", b",C")

    play(gateway, story)


@WAYS
def test_reading_without_confirmation(gateway: Gateway, ask: Any) -> None:
    async def story(context: Any) -> None:
        tuning = aiocoap.Unreliable
        for number in (1, 2):
            answer = await ask(gateway, context, aiocoap.GET, f"{ECHO}?sens", transport_tuning=tuning).response
            assert answer.payload.endswith(b"Hello World: %d" % number)
            assert answer.mtype is aiocoap.NON

    play(gateway, story)


@WAYS
def test_reading_in_blocks(gateway: Gateway, ask: Any) -> None:
    async def story(context: Any) -> None:
        asked = ask(gateway, context, aiocoap.GET, "/snsr/.well-known/core")
        assert len((await asked.response).payload) == 99

    play(gateway, story)


@pytest.mark.parametrize("quirks", [True, False])
def test_observing(quirks: bool) -> None:
    gateway = Gateway()
    gateway.world.stop()
    options = WorldOptions(seed=7, rate=0.0, settings={"itron": {"mesh_quirks": quirks}})
    gateway.world = World(registry.factories(["itron"]), options)
    gateway.url = gateway.world.listen("itron-coap")
    gateway.vendor = cast("Itron", gateway.world.vendor("itron"))

    async def story(context: Any) -> None:
        asked = by_uri(gateway, context, aiocoap.GET, f"{TEMP}?sens", observe=0)
        registered = await asked.response
        assert registered.code == (aiocoap.VALID if quirks else aiocoap.CONTENT)
        heard: list[Any] = []

        async def listen() -> None:
            async for news in asked.observation:
                heard.append(news)
                if len(heard) == 3:
                    return

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        for _ in range(3):
            gateway.world.clock.advance(60)
        await listening
        assert [news.opt.observe for news in heard] == [4, 5, 6]
        asked.observation.cancel()

    try:
        play(gateway, story)
    finally:
        gateway.world.stop()


def test_refusals(gateway: Gateway) -> None:
    async def story(context: Any) -> None:
        message = aiocoap.Message(code=aiocoap.GET, uri=gateway.url)
        message.opt.proxy_uri = "coap://nowhere.example/"
        assert (await context.request(message).response).code == aiocoap.BAD_GATEWAY
        closing = aiocoap.Message(code=aiocoap.DELETE, uri=f"{gateway.url}/sessions")
        assert (await context.request(closing).response).code == aiocoap.DELETED
        refused = await by_uri(gateway, context, aiocoap.GET, f"{TEMP}?sens").response
        assert refused.code == aiocoap.UNAUTHORIZED

    play(gateway, story)


@pytest.mark.slow
def test_command(gateway: Gateway, tmp_path: Path) -> None:
    """In its interactive mode, where all requests leave from one socket, as a session wants it."""
    program = Path(sys.executable).with_name("aiocoap-client")
    if not program.exists():
        pytest.skip("this environment has no aiocoap-client")
    token = tmp_path / "token"
    token.write_text(gateway.token())
    lines = [
        f"-m POST --payload @{token} {gateway.url}/sessions",
        f"--proxy {gateway.url} {gateway.uri('/')}",
        f"--proxy {gateway.url} -m PUT {gateway.uri(f'{ECHO}?cfg=hi')}",
        f"--proxy {gateway.url} --non {gateway.uri(f'{ECHO}?sens')}",
        f"-m DELETE {gateway.url}/sessions",
    ]
    command = [str(program), "--interactive", "--no-color"]
    typed = ("\n".join(lines) + "\n").encode()
    done = subprocess.run(command, input=typed, capture_output=True, timeout=PATIENCE, check=True)
    assert b"Milli5" in done.stdout
    told = [(entry.operation, entry.status) for entry in gateway.world.journal.find(protocol="coap")]
    assert told == [
        ("session.open", 201), ("proxy.get", 205), ("proxy.put", 204), ("proxy.get", 205), ("session.close", 202),
    ]  # fmt: skip
