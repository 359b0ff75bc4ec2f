"""Clients of other makes against the engine, over real sockets: aiocoap, and libcoap's where it is installed."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUnknownLambdaType=false

from __future__ import annotations

import asyncio
import os
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiocoap
import pytest
from tests.mocks.core.coap.serving import Served, serving
from tests.mocks.core.coap.tree import BIG
from tests.mocks.support import eventually

from vendorlab.mocks.core.coap.codes import Type
from vendorlab.mocks.core.coap.transmission import Transmission

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
    from pathlib import Path

QUICK = Transmission(acknowledge_after=0.05)


@pytest.fixture(params=["127.0.0.1", "::1"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    with serving(request.param, transmission=QUICK) as found:
        yield found


# --- aiocoap ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def client() -> AsyncGenerator[Any]:
    # Over an address of IPv4, aiocoap's udp6 needs a dual stack; simple6 opens a plain socket.
    context = await aiocoap.Context.create_client_context(transports=["simple6"])
    try:
        yield context
    finally:
        await context.shutdown()


def ask(*messages: aiocoap.Message) -> list[aiocoap.Message]:
    async def run() -> list[aiocoap.Message]:
        async with client() as context:
            return [await asyncio.wait_for(context.request(message).response, 20) for message in messages]

    return asyncio.run(run())


def request(served: Served, path: str, code: Any = aiocoap.GET, **more: Any) -> aiocoap.Message:
    return aiocoap.Message(code=code, uri=f"{served.listener.url}/{path}", **more)


def test_aiocoap_gets_puts_and_posts(served: Served) -> None:
    answers = ask(
        request(served, "hello?you&me"),
        request(served, "store", aiocoap.PUT, payload=b"kept"),
        request(served, "store"),
        request(served, "post", aiocoap.POST, payload=b"new"),
        request(served, "none"),
        request(served, "hello", aiocoap.DELETE),
        request(served, "hello", transport_tuning=aiocoap.Unreliable),
        request(served, ".well-known/core"),
    )
    assert [(str(answer.code), answer.payload) for answer in answers[:-1]] == [
        ("2.05 Content", b"Hello, you&me"),
        ("2.04 Changed", b""),
        ("2.05 Content", b"kept"),
        ("2.01 Created", b""),
        ("4.04 Not Found", b"nothing here"),
        ("4.05 Method Not Allowed", b""),
        ("2.05 Content", b"Hello, "),
    ]
    assert answers[3].opt.location_path == ("1",)
    assert int(answers[-1].opt.content_format) == 40


def test_aiocoap_sends_and_fetches_large_bodies(served: Served) -> None:
    body = bytes(range(256)) * 40
    answers = ask(request(served, "big"), request(served, "store", aiocoap.PUT, payload=body), request(served, "store"))
    assert [answer.payload for answer in answers] == [BIG, b"", body]
    assert served.tree.stored == body


def test_aiocoap_waits_for_an_answer_that_comes_later(served: Served) -> None:
    (answer,) = ask(request(served, "slow"))
    assert answer.payload == b"at last"


def test_aiocoap_observes_and_stops(served: Served) -> None:
    async def run() -> list[bytes]:
        async with client() as context:
            asked = context.request(request(served, "time", observe=0))
            heard = [(await asked.response).payload]
            news = aiter(asked.observation)
            for _ in range(3):
                served.notify()
                heard.append((await asyncio.wait_for(anext(news), 10)).payload)
            asked.observation.cancel()
            await asyncio.to_thread(eventually, lambda: not gone(served))
            return heard

    assert asyncio.run(run()) == [b"1", b"2", b"3", b"4"]


def gone(served: Served) -> int:
    """How many still observe, after news that a client which has stopped rejects; aiocoap does if it is confirmable."""
    served.notify(Type.CON)
    return len(served.endpoint.observations)


def test_aiocoap_goes_through_a_proxy_by_scheme(served: Served) -> None:
    message = aiocoap.Message(code=aiocoap.GET, uri="coap://dev7.example:4849/hello")
    message.opt.proxy_scheme = "coap"
    message.opt.uri_host, message.opt.uri_port = "dev7.example", 4849
    message.remote = aiocoap.message.UndecidedRemote(  # pyright: ignore[reportAbstractUsage]
        "coap", served.listener.url.removeprefix("coap://")
    )
    (answer,) = ask(message)
    assert answer.payload == b"Hello, "
    assert served.tree.asked == ["coap://dev7.example:4849/hello"]


# --- libcoap ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def libcoap(tool: Callable[[str], str]) -> Iterator[tuple[Served, Callable[..., str]]]:
    program = tool("coap-client-notls")
    with serving(transmission=QUICK) as found:

        def run(*options: str, path: str = "", uri: str | None = None) -> str:
            command = [program, "-B", "5", *options, uri or f"{found.listener.url}/{path}"]
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
            return done.stdout + done.stderr

        yield found, run


def test_libcoap_gets_and_puts(libcoap: tuple[Served, Callable[..., str]], tmp_path: Path) -> None:
    served, run = libcoap
    assert run(path="hello?you").strip() == "Hello, you"
    assert run("-N", path="hello").strip() == "Hello,"
    assert run("-m", "put", "-e", "kept", path="store").strip() == ""
    assert run(path="store").strip() == "kept"
    assert "4.04" in run(path="none")
    assert run("-T", "token", path="hello").strip() == "Hello,"
    body, back = tmp_path / "body", tmp_path / "back"
    body.write_bytes(bytes(range(256)) * 12)
    run("-m", "put", "-b", "256", "-f", str(body), path="store")
    assert served.tree.stored == body.read_bytes()
    run("-o", str(back), path="store")
    assert back.read_bytes() == body.read_bytes()


@pytest.mark.parametrize("options", [[], ["-b", "128"], ["-b", "16"], ["-b", "1024", "-N"]])
def test_libcoap_fetches_in_blocks(libcoap: tuple[Served, Callable[..., str]], options: Sequence[str]) -> None:
    assert libcoap[1](*options, path="big").strip() == BIG.decode().strip()


def test_libcoap_waits_for_an_answer_that_comes_later(libcoap: tuple[Served, Callable[..., str]]) -> None:
    assert libcoap[1](path="slow").strip() == "at last"


def test_libcoap_observes(libcoap: tuple[Served, Callable[..., str]], tool: Callable[[str], str]) -> None:
    served, _ = libcoap
    command = [tool("coap-client-notls"), "-s", "30", f"{served.listener.url}/time"]
    first = served.tree.count + 1
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert eventually(lambda: len(served.endpoint.observations) == 1)
            for _ in range(3):
                served.notify()
            assert process.stdout is not None
            wanted = "".join(str(first + number) for number in range(4)).encode()
            assert os.read(process.stdout.fileno(), 1) + process.stdout.read(len(wanted) - 1) == wanted
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-H", "5"], "Hello,"),
        (["-H", "1"], "5.08"),
        (["-O", "124,abcd"], "Hello,"),
        (["-O", "2049,x"], "Hello,"),
        (["-O", "2051,x"], "4.02"),
    ],
)
def test_libcoap_goes_through_a_proxy_by_uri(
    libcoap: tuple[Served, Callable[..., str]], options: Sequence[str], said: str
) -> None:
    served, run = libcoap
    assert said in run("-P", served.listener.url, *options, uri="coap://dev1.example:4849/hello")


def test_libcoap_is_told_of_options_that_are_not_understood(libcoap: tuple[Served, Callable[..., str]]) -> None:
    assert "4.02 not understood: 2049" in libcoap[1]("-O", "2049,x", path="hello")
