"""Bodies in blocks, the server's side: uploads put together, answers cut up.

An upload reaches the handler whole or not at all (RFC 7959, section 2.5, calls it atomic). An answer that needs
several blocks is kept until the client has fetched it, so that all blocks are of one moment and what made it runs once.

Source: RFC 7959; RFC 9175, section 3, for Request-Tag.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .codes import SAFE_METHODS, Code, is_success
from .errors import BadRequestError, IncompleteError, TooLargeError, UnavailableError
from .message import Message
from .options import Option, Options, Value, is_no_cache_key
from .response import Response

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .peers import Peer
    from .transmission import Limits

HIGHEST_NUMBER = (1 << 20) - 1

_NO_PART = frozenset({Option.BLOCK1, Option.BLOCK2, Option.OBSERVE, Option.HOP_LIMIT, Option.NO_RESPONSE})
"""Options that two requests about one body may differ in, besides those that are no part of any cache key."""


class Block(NamedTuple):
    """The value of Block1 or Block2.

    Attributes:
        number: of the block, in blocks of this size.
        more: whether others follow.
        szx: the size is ``16 << szx``.
    """

    number: int
    more: bool
    szx: int

    @classmethod
    def of(cls, options: Options, option: int) -> Block | None:
        """The block that an option names, or None when it is not there.

        Raises:
            BadRequestError: its size is the reserved one.
        """
        value = options.uint(option)
        if value is None:
            return None
        if value & 7 == 7:
            raise BadRequestError("a block size of 7, which is reserved")
        return cls(value >> 4, bool(value & 8), value & 7)

    @property
    def value(self) -> int:
        """As the option's number."""
        return self.number << 4 | self.more << 3 | self.szx

    @property
    def size(self) -> int:
        """Bytes of a block."""
        return 16 << self.szx

    @property
    def offset(self) -> int:
        """Where in the body the block begins."""
        return self.number << (self.szx + 4)


@dataclass(slots=True)
class _Upload:
    peer: Peer
    until: float
    data: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class _Body:
    """An answer that is being fetched."""

    response: Response
    until: float


Key = tuple[int, int, "Hashable"]


def key_of(peer: Peer, request: Message) -> Key:
    """What two requests about the same body have in common: RFC 7959, section 2.4 and RFC 7252, section 5.6.

    Not the payload: a client that fetches the rest of an answer to a POST does not send it again (section 3.3).
    """
    options = tuple(item for item in request.options.items if item[0] not in _NO_PART and not is_no_cache_key(item[0]))
    return peer.base, request.code, options


class Blocks:
    """All uploads and kept answers of an endpoint.

    Args:
        limits: how many, how large.
        lifetime: seconds after which what nobody continued is forgotten.

    Attributes:
        size: bytes of a block that we send, unless the client asks for less.
        uploads_bytes: of all uploads.
        bodies_bytes: of all answers that are kept.
    """

    def __init__(self, limits: Limits, lifetime: float) -> None:
        self._limits = limits
        self._lifetime = lifetime
        self.size = 16 << limits.block_szx
        self._uploads: dict[Key, _Upload] = {}
        self._bodies: dict[Key, _Body] = {}
        self.uploads_bytes = 0
        self.bodies_bytes = 0

    def __len__(self) -> int:
        return len(self._uploads) + len(self._bodies)

    # --- uploads -------------------------------------------------------------------------------------------------

    def collect(self, peer: Peer, request: Message, block: Block, now: float) -> Message | Response:
        """Take one block of an upload.

        Returns:
            The request with its whole body, without Block1 and Size1, after the last; until then what to answer.

        Raises:
            IncompleteError: a block before this one is missing.
            TooLargeError: the body is, or says that it will be, larger than may be.
            BadRequestError: the block has not the size that it says.
            UnavailableError: there is no room for another upload.
        """
        payload = request.payload
        if block.more and len(payload) != block.size:
            raise BadRequestError(f"a block of {len(payload)} bytes that says it has {block.size}")
        largest = self._limits.largest_body
        if block.offset + len(payload) > largest or (request.options.uint(Option.SIZE1) or 0) > largest:
            self._forget(key_of(peer, request))
            raise TooLargeError("too large", largest)
        key = key_of(peer, request)
        if block.number == 0:
            self._forget(key)
            if not block.more:
                return _whole(request, payload)
            self._begin(key, peer, now)
        upload = self._uploads.get(key)
        if upload is None or now >= upload.until:
            self._forget(key)
            raise IncompleteError("the blocks before this one are missing")
        if not self._append(upload, block, payload):
            raise IncompleteError(f"the next byte would be number {len(upload.data)}")
        if self.uploads_bytes > self._limits.uploads_bytes:
            self._forget(key)
            raise UnavailableError("too many uploads at once", max_age=round(self._lifetime))
        if not block.more:
            body = bytes(upload.data)
            self._forget(key)
            return _whole(request, body)
        upload.until = now + self._lifetime
        answered = Block(block.number, more=True, szx=min(block.szx, self._limits.block_szx))
        return Response(Code.CONTINUE, b"", Options([(Option.BLOCK1, answered.value)]))

    def _append(self, upload: _Upload, block: Block, payload: bytes) -> bool:
        have = len(upload.data)
        if block.offset == have:
            upload.data += payload
            self.uploads_bytes += len(payload)
            return True
        # The same block again, under another message ID: nothing is wrong with that.
        return block.more and upload.data.startswith(payload, block.offset)

    def _begin(self, key: Key, peer: Peer, now: float) -> None:
        theirs = [found for found, upload in self._uploads.items() if upload.peer is peer]
        if len(theirs) >= self._limits.uploads_per_peer:
            self._forget(theirs[0])
        if len(self._uploads) >= self._limits.uploads or self.uploads_bytes >= self._limits.uploads_bytes:
            for found in [found for found, upload in self._uploads.items() if now >= upload.until]:
                self._forget(found)
        if len(self._uploads) >= self._limits.uploads or self.uploads_bytes >= self._limits.uploads_bytes:
            raise UnavailableError("too many uploads at once", max_age=round(self._lifetime))
        self._uploads[key] = _Upload(peer, now + self._lifetime)

    def _forget(self, key: Key) -> None:
        upload = self._uploads.pop(key, None)
        if upload is not None:
            self.uploads_bytes -= len(upload.data)

    # --- answers -------------------------------------------------------------------------------------------------

    def kept(self, peer: Peer, request: Message, block: Block, now: float) -> Response | None:
        """A further block of an answer that was kept; None when the handler has to be asked again.

        Raises:
            IncompleteError: nothing was kept, and asking the handler again would do something twice.
            BadRequestError: the body ends before that block.
        """
        body = self._bodies.get(key_of(peer, request))
        if body is not None and now < body.until:
            body.until = now + self._lifetime
            return cut(body.response, block, self._limits.block_szx)
        if request.code not in SAFE_METHODS:
            raise IncompleteError("the answer to that request is no longer kept")
        return None

    def answer(
        self, peer: Peer, request: Message, response: Response, block: Block | None, now: float, extra: bool = True
    ) -> Response:
        """An answer as it is sent: whole if it fits, else the block that was asked for, with the rest kept.

        Args:
            peer: to whom.
            request: what was asked.
            response: the whole answer.
            block: the block that the request named, if it did.
            now: line time.
            extra: add Size2 when the request has it.
        """
        asked = block or Block(0, more=False, szx=self._limits.block_szx)
        if not is_success(response.code):
            asked = asked._replace(number=0)  # it is not the body of which a block was asked for
        size = 16 << min(asked.szx, self._limits.block_szx)
        if asked.number == 0 and len(response.payload) <= size:
            return response
        if Option.BLOCK2 in response.options:
            return response  # the handler cut it itself
        if Option.ETAG not in response.options:
            digest = hashlib.blake2b(response.payload, digest_size=4).digest()
            response = response._replace(options=response.options.with_((Option.ETAG, digest)))
        self._keep(key_of(peer, request), response, now)
        part = cut(response, asked, self._limits.block_szx)
        if extra and Option.SIZE2 in request.options:
            part = part._replace(options=part.options.with_((Option.SIZE2, len(response.payload))))
        return part

    def _keep(self, key: Key, response: Response, now: float) -> None:
        self._let_go(key)
        bodies = self._bodies
        while bodies and (
            len(bodies) >= self._limits.bodies
            or self.bodies_bytes + len(response.payload) > self._limits.bodies_bytes
            or now >= next(iter(bodies.values())).until
        ):
            self._let_go(next(iter(bodies)))
        bodies[key] = _Body(response, now + self._lifetime)
        self.bodies_bytes += len(response.payload)

    def _let_go(self, key: Key) -> None:
        body = self._bodies.pop(key, None)
        if body is not None:
            self.bodies_bytes -= len(body.response.payload)


def cut(response: Response, block: Block, szx: int) -> Response:
    """One block of an answer, at most of size ``szx``.

    Raises:
        BadRequestError: the body ends before it.
    """
    offset = block.offset
    if offset >= len(response.payload):
        raise BadRequestError(f"the body has {len(response.payload)} bytes and no block there")
    szx = min(block.szx, szx)
    end = offset + (16 << szx)
    value: Value = Block(offset >> (szx + 4), end < len(response.payload), szx).value
    return Response(response.code, response.payload[offset:end], response.options.with_((Option.BLOCK2, value)))


def _whole(request: Message, body: bytes) -> Message:
    """A request as if it had come in one piece."""
    options = request.options.without(Option.BLOCK1, Option.SIZE1)
    return Message(request.type, request.code, request.mid, request.token, options, body)
