"""The Gateway as aiocoap's client finds it, which knows nothing of this suite's own reading of the standard."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from vendorlab.contracts.core.coap.line import PORT
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.boards import ECHO, NOBODY, TEMPERATURE
from vendorlab.contracts.itron.coap.gateway import FORMS, Form
from vendorlab.contracts.itron.coap.test_live import ARRIVAL, PERIOD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.itron.coap.boards import Board, Boards
    from vendorlab.contracts.itron.coap.gateway import Gateway

pytestmark = pytest.mark.vendorlab("itron-coap")

_SECONDS = 120.0
"""The longest that an exchange may take, over everything that aiocoap sends again."""


class Voice:
    """One socket of aiocoap's, with a session.

    Args:
        access: What may be done to the target.
        aiocoap: The library.
        context: Its own.
        names: Gives the URI of a device's resource.
    """

    def __init__(self, access: Access, aiocoap: Any, context: Any, names: Gateway) -> None:
        parts = urlsplit(access.target.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self._root = f"coap://{host}:{parts.port or PORT}"
        self._access = access
        self._names = names
        self._forwarder: Any = import_module("aiocoap.proxy.client").ProxyForwarder
        self.aiocoap = aiocoap
        self.context = context

    async def ask(self, message: Any, through: Any = None) -> Any:
        """Send a request and return the answer, whatever it is."""
        self._access.budget.take()
        try:
            async with asyncio.timeout(_SECONDS):
                return await (through or self.context).request(message).response
        except (self.aiocoap.error.NetworkError, TimeoutError) as error:
            raise AssertionError(f"aiocoap had no answer: {error!r}") from error

    async def session(self, code: Any, token: str = "") -> str:
        """Open or end the session, and return the answer's code."""
        options: dict[str, Any] = {"content_format": 0} if token else {}
        message = self.aiocoap.Message(code=code, uri=f"{self._root}/sessions", payload=token.encode(), **options)
        return str((await self.ask(message)).code.dotted)

    def whole(self, code: Any, mac: str, path: str, **options: Any) -> Any:
        """Return a request by Proxy-Uri."""
        return self.aiocoap.Message(code=code, uri=self._root, proxy_uri=self._names.uri(mac, path), **options)

    async def device(self, form: Form, code: Any, mac: str, path: str, **options: Any) -> Any:
        """Ask a device; by Proxy-Scheme as aiocoap's own forwarder does."""
        if form == "Proxy-Uri":
            return await self.ask(self.whole(code, mac, path, **options))
        message = self.aiocoap.Message(code=code, uri=self._names.uri(mac, path), **options)
        return await self.ask(message, self._forwarder(self._root, self.context))


@pytest.fixture
def speak(access: Access, gateway: Gateway, token: str) -> Callable[[Callable[[Voice], Awaitable[None]]], None]:
    """Run a coroutine with a voice that has a session, which ends with it; where we get none, aiocoap need not try."""
    aiocoap: Any = pytest.importorskip("aiocoap", reason="needs aiocoap: pip install 'vendorlab[coap]'")

    async def told(say: Callable[[Voice], Awaitable[None]]) -> None:
        context = await aiocoap.Context.create_client_context(transports=["simple6"])
        try:
            voice = Voice(access, aiocoap, context, gateway)
            assert await voice.session(aiocoap.POST, token) == "2.01"
            try:
                await say(voice)
            finally:
                assert await voice.session(aiocoap.DELETE) == "2.02"
        finally:
            await context.shutdown()

    return lambda say: asyncio.run(told(say))


@pytest.mark.claim("itron-coap.voice.get")
@pytest.mark.parametrize("form", FORMS)
def test_aiocoap_reads_a_sensor(speak: Callable[..., None], thermometer: Board, form: Form) -> None:
    """In either form of a forward proxy."""

    async def say(voice: Voice) -> None:
        response = await voice.device(form, voice.aiocoap.GET, thermometer.mac, thermometer.sens)
        assert (response.code.dotted, int(response.opt.content_format)) == ("2.05", 60)
        assert (forms.unwrapped(response.payload) or ("nothing",))[0] == "temp"

    speak(say)


@pytest.mark.claim("itron-coap.voice.get")
def test_aiocoap_is_refused_in_codes(speak: Callable[..., None], mac: str) -> None:
    """It finds the answers of those who refuse, the Gateway and the board."""

    async def say(voice: Voice) -> None:
        for form in FORMS:
            found = [
                (await voice.device(form, voice.aiocoap.GET, device, path)).code.dotted
                for device, path in ((mac, "/snsr/nobody"), (mac, "/snsr/sys/other"), (NOBODY, "/snsr"))
            ]
            assert found == ["4.04", "5.01", "5.02"]

    speak(say)


@pytest.mark.claim("itron-coap.voice.put")
@pytest.mark.needs("write")
@pytest.mark.parametrize("form", FORMS)
def test_aiocoap_configures_a_sensor(speak: Callable[..., None], parrot: Board, gateway: Gateway, form: Form) -> None:
    """The string is put back."""
    before, _ = forms.echo(gateway.get(parrot.mac, parrot.sens))

    async def say(voice: Voice) -> None:
        response = await voice.device(form, voice.aiocoap.PUT, parrot.mac, f"{ECHO}?cfg=aiocoap")
        assert (response.code.dotted, response.payload) == ("2.04", b"")

    try:
        speak(say)
        assert forms.echo(gateway.get(parrot.mac, parrot.sens)) == ("aiocoap", 1)
    finally:
        gateway.put(parrot.mac, f"{ECHO}?cfg={before.replace(' ', '%20')}")


@pytest.mark.claim("itron-coap.voice.blocks")
def test_aiocoap_puts_blocks_together(speak: Callable[..., None], gateway: Gateway, mac: str) -> None:
    """Asked for 16 bytes at a time, it goes through them by itself."""
    path = "/snsr/.well-known/core"
    whole = forms.content(gateway.get(mac, path), 40)

    async def say(voice: Voice) -> None:
        response = await voice.device("Proxy-Uri", voice.aiocoap.GET, mac, path, block2=(0, False, 0))
        assert (response.code.dotted, response.payload) == ("2.05", whole)

    speak(say)


@pytest.mark.claim("itron-coap.voice.observe")
@pytest.mark.needs("clock")
def test_aiocoap_hears_notifications(
    speak: Callable[..., None], boards: Boards, gateway: Gateway, clock: Clock
) -> None:
    """It takes the odd answer to its registration for what it is."""
    board = boards.find(gateway, TEMPERATURE)

    async def say(voice: Voice) -> None:
        request = voice.context.request(voice.whole(voice.aiocoap.GET, board.mac, board.sens, observe=0))
        async with asyncio.timeout(_SECONDS):
            first = await request.response
        assert (first.code.dotted, first.payload) == ("2.03", b"")
        await asyncio.to_thread(clock.advance, PERIOD + 1)
        try:
            async with asyncio.timeout(ARRIVAL):
                notification = await anext(aiter(request.observation))
        except TimeoutError:
            raise AssertionError("aiocoap heard no notification") from None
        assert (forms.unwrapped(notification.payload) or ("nothing",))[0] == "temp"
        request.observation.cancel()

    speak(say)
