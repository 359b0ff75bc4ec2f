"""Bodies in blocks, both ways (RFC 7959). No I/O: whoever calls says how one request is answered.

Answers are asked for in blocks of 128 bytes from the first request on, as the vendor's own clients do. What is sent is
cut up only if it is longer than a block may be, and smaller once the other side says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from ..core.errors import UnexpectedResponse
from .messages import BLOCK1, BLOCK2, CONTINUE, ETAG, METHODS, TOO_LARGE, Answer, Ask, Block

if TYPE_CHECKING:
    from typing import Any

LARGEST: Final = 1 << 20
"""Bytes of an answer, at most."""

RESTARTS: Final = 3
"""Times that a body may change while it is being fetched."""

LARGEST_SZX: Final = 6
Send: TypeAlias = Callable[[Ask], Awaitable[Answer]]


async def transfer(ask: Ask, send: Send) -> Answer:
    """Send a request, its body in blocks if it is long, and return the answer with all of its body.

    Raises:
        UnexpectedResponse: Blocks that do not fit together, or too many.
    """
    answer = await _upload(ask, send)
    return await whole(answer, ask, send)


async def whole(answer: Answer, ask: Ask, send: Send) -> Answer:
    """Fetch the blocks of a body that follow the first.

    Args:
        answer: What came, perhaps only the first block.
        ask: What was asked.
        send: How the rest is asked for.
    """
    for _ in range(RESTARTS):
        body, etag = bytearray(), answer.option(ETAG)
        block = answer.block(BLOCK2)
        if block is None or (not block.more and block.number == 0):
            return answer
        follow, current = ask.without(BLOCK1), answer
        while True:
            if current.code != answer.code:
                return current  # an error on the way is the answer
            if current.option(ETAG) != etag:
                break
            if block is None or block.number * block.size != len(body):
                raise _unexpected(ask, answer, "blocks that do not follow one another")
            if block.more and len(current.payload) != block.size:
                raise _unexpected(ask, answer, "a block of another size than it says")
            body += current.payload
            if len(body) > LARGEST:
                raise _unexpected(ask, answer, f"more than {LARGEST:,} bytes")
            if not block.more:
                options = tuple(option for option in answer.options if option[0] != BLOCK2)
                return Answer(answer.code, bytes(body), options)
            after = Block(len(body) // block.size, more=False, szx=block.szx)
            current = await send(follow.having((BLOCK2, after.value), payload=b""))
            block = current.block(BLOCK2)
        first = Block(0, more=False, szx=0 if block is None else block.szx)
        answer = await send(follow.having((BLOCK2, first.value), payload=b""))
    raise _unexpected(ask, answer, "a body that changes while it is fetched")


async def _upload(ask: Ask, send: Send) -> Answer:
    szx = LARGEST_SZX
    if len(ask.payload) <= Block(0, more=False, szx=szx).size:
        return await send(ask)
    at = 0
    while True:
        size = Block(0, more=False, szx=szx).size
        more = at + size < len(ask.payload)
        block = Block(at // size, more, szx)
        answer = await send(ask.having((BLOCK1, block.value), payload=ask.payload[at : at + size]))
        wanted = answer.block(BLOCK1)
        if answer.code == TOO_LARGE and wanted is not None and wanted.szx < szx:
            szx, at = wanted.szx, 0  # from the beginning, in blocks of the size that it names
            continue
        if answer.code != CONTINUE or not more:
            if answer.code == CONTINUE:
                raise _unexpected(ask, answer, "more is asked for than there is")
            return answer
        if wanted is None or wanted.number != block.number:
            raise _unexpected(ask, answer, "another block is acknowledged than was sent")
        at += size
        szx = min(szx, wanted.szx)


def _unexpected(ask: Ask, answer: Answer, message: str) -> UnexpectedResponse:
    details: dict[str, Any] = {"status": int(answer.dotted.replace(".", "")), "method": METHODS[ask.method]}
    return UnexpectedResponse(message, path=ask.path, **details)
