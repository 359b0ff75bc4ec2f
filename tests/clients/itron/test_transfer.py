"""Bodies in blocks: over the socket where the vendor does it, and against every way in which blocks may be wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.itron import fake_gateway as fake
from tests.clients.itron.fake_gateway import MAC, Bench, Out, Seen

from vendorlab.clients.itron import UnexpectedResponse
from vendorlab.clients.itron.messages import BLOCK1, BLOCK2, ETAG, GET, PUT, Answer, Ask, Block
from vendorlab.clients.itron.transfer import transfer

BODY = bytes(range(256)) * 13

Send = Callable[[Ask], Awaitable[Answer]]


def run(ask: Ask, send: Send) -> Answer:
    return asyncio.run(transfer(ask, send))


def in_blocks(body: bytes, szx: int, options: tuple[tuple[int, bytes], ...] = ()) -> Callable[[Ask], Answer]:
    """Serve a body in blocks of a size that the server likes no larger."""

    def answer(ask: Ask) -> Answer:
        wanted = Block.of(dict(ask.options).get(BLOCK2, b"\x06"))
        assert wanted is not None
        least = min(wanted.szx, szx)
        size = 1 << (least + 4)
        at = wanted.number * wanted.size
        block = Block(at // size, at + size < len(body), least)
        return Answer(0x45, body[at : at + size], ((BLOCK2, block.value), *options))

    return answer


@given(body=st.binary(max_size=3_000), asked=st.integers(0, 6), liked=st.integers(0, 6))
def test_body_arrives_whole_in_blocks_of_any_size(body: bytes, asked: int, liked: int) -> None:
    serve = in_blocks(body, liked)

    async def send(ask: Ask) -> Answer:
        return serve(ask)

    answer = run(Ask(GET, "/", ((BLOCK2, Block(0, more=False, szx=asked).value),)), send)
    assert answer.payload == body


@given(body=st.binary(min_size=1_025, max_size=5_000), liked=st.integers(0, 6), refuses=st.booleans())
def test_long_body_goes_in_blocks_of_the_size_that_the_server_likes(body: bytes, liked: int, refuses: bool) -> None:
    received = bytearray()

    async def send(ask: Ask) -> Answer:
        block = Block.of(dict(ask.options)[BLOCK1])
        assert block is not None
        if block.szx > liked and refuses:
            return Answer(0x8D, options=((BLOCK1, Block(0, more=False, szx=liked).value),))
        assert block.number * block.size == len(received)
        assert len(ask.payload) == block.size or not block.more
        received.extend(ask.payload)
        told = Block(block.number, block.more, min(block.szx, liked))
        return Answer(0x5F if block.more else 0x44, options=((BLOCK1, told.value),))

    assert run(Ask(PUT, "/", payload=body), send).dotted == "2.04"
    assert received == body


@given(answers=st.lists(st.builds(
    Answer,
    st.sampled_from([0x45, 0x45, 0x45, 0x84, 0x5F]),
    st.binary(max_size=40),
    st.lists(st.tuples(st.sampled_from([BLOCK1, BLOCK2, ETAG]), st.binary(max_size=4)), max_size=3).map(tuple),
), min_size=1))  # fmt: skip
def test_answers_of_any_kind_end_well_or_unexpectedly(answers: list[Answer]) -> None:
    left = iter(answers * 100)

    async def send(_: Ask) -> Answer:
        return next(left, Answer(0x45))

    with suppress(UnexpectedResponse):
        run(Ask(PUT, "/", payload=BODY), send)


def test_body_that_changes_is_fetched_again() -> None:
    old, new = in_blocks(b"o" * 300, 3, ((ETAG, b"1"),)), in_blocks(b"n" * 300, 3, ((ETAG, b"2"),))
    asked: list[int] = []

    async def send(ask: Ask) -> Answer:
        asked.append(1)
        return (old if len(asked) < 3 else new)(ask)

    assert run(Ask(GET, "/"), send).payload == b"n" * 300


def test_body_that_changes_all_the_time_is_unexpected() -> None:
    asked: list[int] = []

    async def send(ask: Ask) -> Answer:
        asked.append(1)
        return in_blocks(BODY, 3, ((ETAG, bytes([len(asked)])),))(ask)

    with pytest.raises(UnexpectedResponse, match="changes"):
        run(Ask(GET, "/"), send)


def test_body_without_end_is_unexpected() -> None:
    async def send(ask: Ask) -> Answer:
        block = Block.of(dict(ask.options).get(BLOCK2, b"\x06"))
        assert block is not None
        return Answer(0x45, b"x" * 1_024, ((BLOCK2, Block(block.number, more=True, szx=6).value),))

    with pytest.raises(UnexpectedResponse, match="more than"):
        run(Ask(GET, "/"), send)


def test_blocks_of_a_devices_answer_are_fetched_through_the_gateway() -> None:
    async def story() -> None:
        async with Bench.of() as bench:
            serve = in_blocks(BODY, 3)

            def device(seen: Seen) -> list[Out]:
                answer = serve(Ask(GET, "", tuple(seen.options.items())))
                return [Out("2.05", answer.payload, answer.options)]

            bench.gateway.device = device
            assert (await bench.client.get(MAC, "big")).payload == BODY
            asked = bench.gateway.to_devices()
            assert [seen.options[fake.BLOCK2][:1] for seen in asked[:3]] == [b"\x03", b"\x13", b"\x23"]
            assert len(asked) == 26

    asyncio.run(story())


def test_long_payload_is_put_through_the_gateway() -> None:
    async def story() -> None:
        async with Bench.of() as bench:
            received = bytearray()

            def device(seen: Seen) -> list[Out]:
                received.extend(seen.payload)
                block = seen.options[fake.BLOCK1]
                return [Out("2.31" if block[-1] & 8 else "2.04", options=((fake.BLOCK1, block),))]

            bench.gateway.device = device
            await bench.client.put(MAC, "big", payload=BODY)
            assert received == BODY
            assert {seen.options[fake.FORMAT] for seen in bench.gateway.to_devices()} == {b"\x2a"}

    asyncio.run(story())
