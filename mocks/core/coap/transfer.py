"""Bodies in blocks, the client's side: one request of ours with as many messages as it takes, each way.

Source: RFC 7959, sections 2.4 to 2.9 and 3.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .blockwise import Block
from .codes import Code, Type
from .errors import BadRequestError, CancelledError, RequestError, UnusableAnswerError
from .message import Message
from .options import NONE, Option, Options

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .endpoint import Endpoint
    from .requests import Answered, Outgoing

LARGEST = 1 << 20
"""Bytes that an answer's blocks may add up to."""

MOST_RESTARTS = 2
"""Times that a download begins anew, when the thing has changed meanwhile."""


class Transfer:
    """A request with a body of any size, and its answer put together; news of what it observes too.

    Args:
        endpoint: which asks.
        address: whom.
        code: the method.
        options: without Block1 and Block2, which this sees to.
        payload: the whole body.
        answered: gets each whole answer as a ``Message`` without Block2, or once a ``RequestError``.
        type_: of every message.
        timeout: seconds for each of them; by default EXCHANGE_LIFETIME.
        szx: blocks of at most ``16 << szx`` bytes, in both directions.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        address: Hashable,
        code: int,
        options: Options = NONE,
        payload: bytes = b"",
        *,
        answered: Answered,
        type_: Type = Type.CON,
        timeout: float | None = None,
        szx: int = 6,
    ) -> None:
        self._endpoint = endpoint
        self._address = address
        self._code = code
        self._options = options
        self._payload = payload
        self._answered = answered
        self._type = type_
        self._timeout = timeout
        self._szx = szx
        self._sent = 0  # bytes of the payload that have been taken
        self._first: Outgoing | None = None
        self._following: Outgoing | None = None
        self._download = 0  # counts them, so that one which a newer has overtaken is known
        self._restarts = 0
        self._data = bytearray()
        self._etag: bytes | None = None
        self._over = False

    def start(self) -> Transfer:
        """Send the first message."""
        if len(self._payload) > 16 << self._szx:
            self._upload()
        else:
            asked = self._options if self._szx == 6 else self._options.with_(self._block2(0))
            self._ask(asked, self._payload, self._came)
        return self

    def cancel(self) -> None:
        """Give it up; ``answered`` hears a ``CancelledError``."""
        self._finish(CancelledError("given up"))

    # --- up ------------------------------------------------------------------------------------------------------

    def _upload(self) -> None:
        size = 16 << self._szx
        end = self._sent + size
        block = Block(self._sent >> (self._szx + 4), end < len(self._payload), self._szx)
        extra = [(int(Option.BLOCK1), block.value)]
        if not self._sent:
            extra.append((Option.SIZE1, len(self._payload)))
        last = not block.more
        follow = self._came if last else partial(self._taken, end)
        self._ask(self._options.with_(*extra), self._payload[self._sent : end], follow, keep=last)

    def _taken(self, end: int, result: Message | RequestError) -> None:
        """What came of a block that is not the last."""
        if isinstance(result, RequestError):
            self._finish(result)
            return
        block = _block(result, Option.BLOCK1)
        smaller = block is not None and block.szx < self._szx
        if result.code == Code.REQUEST_ENTITY_TOO_LARGE and smaller and not self._sent:
            assert block is not None
            self._szx = block.szx
            self._upload()
        elif result.code == Code.CONTINUE and block is not None:
            self._szx = min(self._szx, block.szx)
            self._sent = end
            self._upload()
        else:
            self._came(result)

    # --- down ----------------------------------------------------------------------------------------------------

    def _came(self, result: Message | RequestError) -> None:
        """The first part of an answer, or of news."""
        if self._over:
            return
        if isinstance(result, RequestError):
            self._finish(result)
            return
        self._download += 1
        self._data.clear()
        self._etag = result.options.get(Option.ETAG)
        if self._following is not None:
            self._following.cancel()
        self._part(self._download, result, result)

    def _part(self, download: int, first: Message, result: Message | RequestError) -> None:
        if self._over or download != self._download:
            return  # given up, or news of the same thing came in between
        if isinstance(result, RequestError):
            self._finish(result)
            return
        block = _block(result, Option.BLOCK2)
        if block is None or result.code != first.code:
            self._whole(result, result.payload)
            return
        if block.offset != len(self._data) or result.options.get(Option.ETAG) != self._etag:
            self._restart()
            return
        self._data += result.payload
        if not block.more:
            self._whole(first, bytes(self._data))
        elif len(self._data) > LARGEST or len(result.payload) != block.size:
            self._finish(UnusableAnswerError("blocks that are too many, or not of their size"))
        else:
            self._szx = min(self._szx, block.szx)
            asked = self._options.without(Option.OBSERVE).with_(self._block2(len(self._data)))
            self._ask(asked, b"", partial(self._part, download, first))

    def _restart(self) -> None:
        """The thing has changed while it was fetched."""
        self._restarts += 1
        if self._restarts > MOST_RESTARTS or self._code != Code.GET:
            self._finish(UnusableAnswerError("blocks that do not fit together"))
        else:
            self._ask(self._options.without(Option.OBSERVE).with_(self._block2(0)), b"", self._came)

    # --- inside --------------------------------------------------------------------------------------------------

    def _block2(self, offset: int) -> tuple[int, int]:
        return Option.BLOCK2, Block(offset >> (self._szx + 4), more=False, szx=self._szx).value

    def _ask(self, options: Options, payload: bytes, follow: Answered, *, keep: bool = False) -> None:
        outgoing = self._endpoint.request(
            self._address, self._code, options, payload, answered=follow, type_=self._type, timeout=self._timeout
        )
        if self._first is None or keep:
            self._first = outgoing
        else:
            self._following = outgoing

    def _whole(self, first: Message, payload: bytes) -> None:
        self._following = None
        self._restarts = 0
        options = first.options.without(Option.BLOCK2, Option.SIZE2)
        whole = Message(first.type, first.code, first.mid, first.token, options, payload)
        if self._first is not None and self._first.observing:
            self._answered(whole)
        else:
            self._finish(whole)

    def _finish(self, result: Message | RequestError) -> None:
        if self._over:
            return
        self._over = True
        for outgoing in (self._first, self._following):
            if outgoing is not None:
                outgoing.cancel()
        self._answered(result)


def _block(message: Message, option: int) -> Block | None:
    try:
        return Block.of(message.options, option)
    except BadRequestError:
        return None
