"""Bodies in blocks: uploads put together, answers cut up and kept, and the client's side of both (RFC 7959)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mocks.core.coap.support import OTHER, PEER, Asked, Pair, Side, path

from vendorlab.mocks.core.coap.blockwise import Block
from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.errors import CancelledError, NoAnswerError, UnauthorizedError, UnusableAnswerError
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import NONE, Option, Options
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.coap.transfer import Transfer
from vendorlab.mocks.core.coap.transmission import Limits

if TYPE_CHECKING:
    from vendorlab.mocks.core.coap.exchange import Exchange

BODY = bytes(range(256)) * 12  # 3072


class Store:
    """A thing that can be put and fetched, and counts how often."""

    def __init__(self, body: bytes = BODY) -> None:
        self.body = body
        self.seen: list[Message] = []

    def __call__(self, request: Message, _exchange: Exchange) -> Response:
        self.seen.append(request)
        if request.code == Code.GET:
            return Response(Code.CONTENT, self.body, Options([(Option.CONTENT_FORMAT, 42)]))
        if request.code == Code.POST:
            return Response(Code.CHANGED, request.payload[::-1])
        self.body = request.payload
        return Response(Code.CHANGED)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def side(store: Store) -> Side:
    return Side(store)


class Mids:
    """Message IDs, each once."""

    last = 0

    def __call__(self) -> int:
        Mids.last = (Mids.last + 1) % 0x10000
        return Mids.last


mid = Mids()


def put(block: Block | None, payload: bytes = b"", code: Code = Code.PUT, **options: Any) -> Message:
    items = path("x", **options)
    if block is not None:
        items = items.with_((Option.BLOCK1, block.value))
    return Message(Type.CON, code, mid(), b"t", items, payload)


def fetch(block: Block | None = None, code: Code = Code.GET, payload: bytes = b"", **options: Any) -> Message:
    items = path("x", **options)
    if block is not None:
        items = items.with_((Option.BLOCK2, block.value))
    return Message(Type.CON, code, mid(), b"t", items, payload)


def block_of(message: Message, option: int) -> Block | None:
    return Block.of(message.options, option)


# --- the option ------------------------------------------------------------------------------------------------------


@given(st.integers(0, (1 << 20) - 1), st.booleans(), st.integers(0, 6))
def test_value_of_a_block_option_survives(number: int, more: bool, szx: int) -> None:
    block = Block(number, more, szx)
    assert Block.of(Options([(Option.BLOCK1, block.value)]), Option.BLOCK1) == block
    assert block.offset == number * block.size


@pytest.mark.parametrize("option", ["block1", "block2"])
def test_reserved_size_is_refused_with_4_00(side: Side, option: str) -> None:
    message = Message(Type.CON, Code.PUT, 1, b"", path("x", **{option: 7}), b"x")
    assert side.only(message).code == Code.BAD_REQUEST


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("szx", range(7))
def test_answer_is_cut_into_blocks_of_the_size_that_was_asked_for(side: Side, store: Store, szx: int) -> None:
    body, number, etags = b"", 0, set[bytes | None]()
    while True:
        answer = side.only(fetch(Block(number, more=False, szx=szx)))
        block = block_of(answer, Option.BLOCK2)
        assert block is not None
        assert (block.number, block.szx) == (number, szx)
        assert answer.options.uint(Option.CONTENT_FORMAT) == 42
        etags.add(answer.options.get(Option.ETAG))
        body += answer.payload
        if not block.more:
            break
        number += 1
    assert body == BODY
    assert len(etags) == 1
    assert None not in etags
    assert len(store.seen) == 1, "the handler is asked once"


def test_long_answer_comes_in_blocks_though_none_were_asked_for(side: Side) -> None:
    answer = side.only(fetch())
    assert block_of(answer, Option.BLOCK2) == Block(0, more=True, szx=6)
    assert answer.payload == BODY[:1024]


def test_short_answer_comes_whole_whatever_size_was_asked_for() -> None:
    side = Side(Store(b"short"))
    answer = side.only(fetch(Block(0, more=False, szx=3)))
    assert (answer.payload, block_of(answer, Option.BLOCK2)) == (b"short", None)


def test_size_can_be_lowered_while_fetching(side: Side) -> None:
    side.only(fetch())
    answer = side.only(fetch(Block(16, more=False, szx=2)))
    assert (answer.payload, block_of(answer, Option.BLOCK2)) == (BODY[1024:1088], Block(16, more=True, szx=2))


def test_server_s_own_size_is_the_most() -> None:
    side = Side(Store(), limits=Limits(block_szx=2))
    assert block_of(side.only(fetch(Block(0, more=False, szx=6))), Option.BLOCK2) == Block(0, more=True, szx=2)


def test_blocks_are_of_one_moment_though_the_thing_changes(side: Side, store: Store) -> None:
    first = side.only(fetch())
    store.body = b"new" * 1_000
    second = side.only(fetch(Block(1, more=False, szx=6)))
    assert first.payload + second.payload == BODY[:2048]
    assert side.only(fetch()).payload == (b"new" * 1_000)[:1024]


def test_what_is_kept_is_kept_for_its_peer_and_its_request(side: Side, store: Store) -> None:
    side.only(fetch())
    store.body = b"n" * 2_000
    block = Block(1, more=False, szx=6)
    assert side.only(fetch(block), peer=OTHER).payload == b"n" * 976
    assert side.only(fetch(block, uri_query="q")).payload == b"n" * 976
    assert side.only(fetch(block)).payload == BODY[1024:2048]


def test_handler_is_asked_again_when_nothing_is_kept(side: Side, store: Store) -> None:
    answer = side.only(fetch(Block(2, more=False, szx=6)))
    assert (answer.payload, block_of(answer, Option.BLOCK2)) == (BODY[2048:], Block(2, more=False, szx=6))
    side.advance(247)
    side.only(fetch(Block(1, more=False, szx=6)))
    assert len(store.seen) == 2


def test_block_beyond_the_end_is_refused_with_4_00(side: Side) -> None:
    assert side.only(fetch(Block(3, more=False, szx=6))).code == Code.BAD_REQUEST


def test_size_of_the_whole_is_told_to_who_asks(side: Side) -> None:
    assert side.only(fetch(size2=0)).options.uint(Option.SIZE2) == 3072
    assert side.only(fetch()).options.uint(Option.SIZE2) is None


def test_answer_that_changed_something_is_not_made_again_for_its_blocks(side: Side, store: Store) -> None:
    first = side.only(fetch(code=Code.POST, payload=BODY[:1000] * 1))
    assert first.payload == BODY[:1000][::-1]
    whole = b"".join(bytes([n]) * 300 for n in range(5))
    side.only(put(Block(0, more=True, szx=6), whole[:1024], Code.POST))
    answer = side.only(put(Block(1, more=False, szx=6), whole[1024:], Code.POST))
    assert answer.payload == whole[::-1][:1024]
    assert block_of(answer, Option.BLOCK1) == Block(1, more=False, szx=6)
    rest = side.only(fetch(Block(1, more=False, szx=6), Code.POST))
    assert rest.payload == whole[::-1][1024:]
    assert len(store.seen) == 2
    side.advance(247)
    assert side.only(fetch(Block(1, more=False, szx=6), Code.POST)).code == Code.REQUEST_ENTITY_INCOMPLETE


def test_handler_may_cut_by_itself() -> None:
    cut = Options([(Option.BLOCK2, Block(1, more=True, szx=0).value)])
    side = Side(lambda _request, _exchange: Response(Code.CONTENT, b"x" * 16, cut))
    assert side.only(fetch(Block(1, more=False, szx=0))).options == cut


def test_kept_answers_are_bounded() -> None:
    side = Side(Store(), limits=Limits(bodies=4, bodies_bytes=3 * 3072))
    for number in range(20):
        side.only(fetch(uri_query=str(number)))
    assert len(side.endpoint.blocks) == 3
    assert side.endpoint.blocks.bodies_bytes == 3 * 3072


# --- uploads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("szx", range(7))
def test_upload_reaches_the_handler_whole_and_once(side: Side, store: Store, szx: int) -> None:
    size = 16 << szx
    parts = [BODY[at : at + size] for at in range(0, 1000, size)]
    for number, part in enumerate(parts[:-1]):
        answer = side.only(put(Block(number, more=True, szx=szx), part))
        assert (answer.code, block_of(answer, Option.BLOCK1)) == (Code.CONTINUE, Block(number, more=True, szx=szx))
        assert store.seen == []
    last = Block(len(parts) - 1, more=False, szx=szx)
    answer = side.only(put(last, parts[-1], size1=1000))
    assert (answer.code, block_of(answer, Option.BLOCK1)) == (Code.CHANGED, last)
    (request,) = store.seen
    assert request.payload == b"".join(parts)
    assert request.options == path("x")
    assert side.endpoint.blocks.uploads_bytes == len(side.endpoint.blocks) == 0


def test_upload_of_one_block_needs_no_keeping(side: Side, store: Store) -> None:
    assert side.only(put(Block(0, more=False, szx=6), b"all")).code == Code.CHANGED
    assert store.body == b"all"


def test_server_asks_for_smaller_blocks_and_goes_on_with_them(store: Store) -> None:
    side = Side(store, limits=Limits(block_szx=2))
    answer = side.only(put(Block(0, more=True, szx=6), BODY[:1024]))
    assert block_of(answer, Option.BLOCK1) == Block(0, more=True, szx=2)
    assert side.only(put(Block(16, more=False, szx=2), b"end")).code == Code.CHANGED
    assert store.body == BODY[:1024] + b"end"


def test_missing_block_is_told_with_4_08(side: Side, store: Store) -> None:
    first = put(Block(0, more=True, szx=0), bytes(16))
    assert side.only(put(Block(1, more=False, szx=0), b"x")).code == Code.REQUEST_ENTITY_INCOMPLETE
    side.only(first)
    assert side.only(put(Block(2, more=False, szx=0), b"x")).code == Code.REQUEST_ENTITY_INCOMPLETE
    assert side.only(put(Block(1, more=False, szx=0), b"x"), peer=OTHER).code == Code.REQUEST_ENTITY_INCOMPLETE
    assert side.only(put(Block(1, more=False, szx=0), b"x", content_format=0)).code == Code.REQUEST_ENTITY_INCOMPLETE
    assert store.seen == []
    assert side.only(put(Block(1, more=False, szx=0), b"x")).code == Code.CHANGED


def test_same_block_again_under_another_id_does_no_harm(side: Side, store: Store) -> None:
    side.only(put(Block(0, more=True, szx=0), bytes(16)))
    side.only(put(Block(1, more=True, szx=0), b"a" * 16))
    side.only(put(Block(1, more=True, szx=0), b"a" * 16))
    assert side.only(put(Block(2, more=False, szx=0), b"!")).code == Code.CHANGED
    assert store.body == bytes(16) + b"a" * 16 + b"!"


def test_upload_that_begins_anew_forgets_what_came_before(side: Side, store: Store) -> None:
    side.only(put(Block(0, more=True, szx=0), b"a" * 16))
    side.only(put(Block(0, more=True, szx=0), b"b" * 16))
    side.only(put(Block(1, more=False, szx=0), b"c"))
    assert store.body == b"b" * 16 + b"c"


def test_request_tag_keeps_uploads_apart(side: Side, store: Store) -> None:
    """RFC 9175, section 3."""
    side.only(put(Block(0, more=True, szx=0), b"a" * 16, request_tag=b"1"))
    side.only(put(Block(0, more=True, szx=0), b"b" * 16, request_tag=b"2"))
    side.only(put(Block(1, more=False, szx=0), b"c", request_tag=b"1"))
    assert store.body == b"a" * 16 + b"c"


def test_block_that_is_not_of_its_size_is_refused_with_4_00(side: Side) -> None:
    assert side.only(put(Block(0, more=True, szx=1), b"x" * 31)).code == Code.BAD_REQUEST


def test_upload_that_grows_too_large_is_refused_with_4_13_and_the_most(store: Store) -> None:
    side = Side(store, limits=Limits(largest_body=40))
    assert side.only(put(Block(0, more=True, szx=0), bytes(16))).code == Code.CONTINUE
    assert side.only(put(Block(1, more=True, szx=0), bytes(16))).code == Code.CONTINUE
    answer = side.only(put(Block(2, more=False, szx=0), bytes(9)))
    assert (answer.code, answer.options.uint(Option.SIZE1)) == (Code.REQUEST_ENTITY_TOO_LARGE, 40)
    early = side.only(put(Block(0, more=True, szx=0), bytes(16), size1=41))
    assert early.code == Code.REQUEST_ENTITY_TOO_LARGE
    assert len(side.endpoint.blocks) == 0


def test_upload_that_nobody_continues_is_forgotten(side: Side) -> None:
    side.only(put(Block(0, more=True, szx=0), bytes(16)))
    side.advance(247)
    assert side.only(put(Block(1, more=False, szx=0), b"x")).code == Code.REQUEST_ENTITY_INCOMPLETE


def test_half_uploads_are_bounded_for_a_peer_and_overall(store: Store) -> None:
    side = Side(store, limits=Limits(uploads=10, uploads_per_peer=3))
    for number in range(20):
        side.only(put(Block(0, more=True, szx=0), bytes(16), uri_query=str(number)))
    assert len(side.endpoint.blocks) == 3
    codes = [side.only(put(Block(0, more=True, szx=0), bytes(16)), peer=("192.0.2.9", port)).code for port in range(20)]
    assert codes == [Code.CONTINUE] * 7 + [Code.SERVICE_UNAVAILABLE] * 13
    side.advance(247)
    assert side.only(put(Block(0, more=True, szx=0), bytes(16)), peer=OTHER).code == Code.CONTINUE
    assert side.endpoint.blocks.uploads_bytes == 16, "those that nobody continued make room"


def test_bytes_of_uploads_are_bounded(store: Store) -> None:
    side = Side(store, limits=Limits(uploads_bytes=64))
    codes = [side.only(put(Block(n, more=True, szx=0), bytes(16))).code for n in range(6)]
    assert codes == [Code.CONTINUE] * 4 + [Code.SERVICE_UNAVAILABLE, Code.REQUEST_ENTITY_INCOMPLETE]


def test_upload_can_be_refused_before_any_of_it_is_kept(store: Store) -> None:
    def admit(request: Message, _exchange: Exchange) -> Response | None:
        if request.options.query == ("raise",):
            raise UnauthorizedError("who are you?")
        return Response(Code.FORBIDDEN) if request.options.query else None

    side = Side(store, admit=admit)
    first = Block(0, more=True, szx=0)
    assert side.only(put(first, bytes(16), uri_query="raise")).code == Code.UNAUTHORIZED
    assert side.only(put(first, bytes(16), uri_query="no")).code == Code.FORBIDDEN
    assert len(side.endpoint.blocks) == 0
    assert side.only(put(first, bytes(16))).code == Code.CONTINUE


# --- the client's side -----------------------------------------------------------------------------------------------


def transfer(pair: Pair, code: Code, payload: bytes = b"", options: Options | None = None, **more: Any) -> Asked:
    asked = Asked()
    Transfer(pair.client, PEER, code, options or path("x"), payload, answered=asked, **more).start()
    pair.run()
    return asked


@settings(max_examples=25)
@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 6), st.integers(0, 6))
def test_bodies_of_any_size_go_both_ways(up: int, down: int, client: int, server: int) -> None:
    calls: list[bytes] = []

    def handle(request: Message, _exchange: Exchange) -> Response:
        calls.append(request.payload)
        return Response(Code.CHANGED, bytes(n % 251 for n in range(down)))

    pair = Pair(handle, server={"limits": Limits(block_szx=server)})
    body = bytes(n % 253 for n in range(up))
    answer = transfer(pair, Code.POST, body, szx=client).only
    assert calls == [body]
    assert (answer.code, answer.payload) == (Code.CHANGED, bytes(n % 251 for n in range(down)))
    assert Option.BLOCK2 not in answer.options


def test_client_begins_anew_when_the_thing_changes_meanwhile() -> None:
    bodies = [b"a" * 3000, b"b" * 3000]
    calls: list[int] = []

    def handle(request: Message, _exchange: Exchange) -> Response:
        """Keep nothing: every block is cut from what the thing is just then."""
        calls.append(1)
        block = Block.of(request.options, Option.BLOCK2) or Block(0, more=False, szx=6)
        body = bodies[len(calls) >= 3]
        part = body[block.offset : block.offset + 1024]
        value = Block(block.number, block.offset + 1024 < 3000, 6).value
        return Response(Code.CONTENT, part, Options([(Option.ETAG, body[:1]), (Option.BLOCK2, value)]))

    pair = Pair(handle)
    pair.server.blocks.kept = lambda *_: None  # type: ignore[method-assign]
    assert transfer(pair, Code.GET).only.payload == bodies[1]
    assert len(calls) == 2 + 1 + 3


def test_client_gives_up_on_a_thing_that_never_stands_still() -> None:
    count = iter(range(1_000))

    def handle(request: Message, _exchange: Exchange) -> Response:
        value = Block((request.options.uint(Option.BLOCK2) or 0) >> 4, more=True, szx=6).value
        return Response(Code.CONTENT, bytes(1024), Options([(Option.ETAG, next(count)), (Option.BLOCK2, value)]))

    pair = Pair(handle)
    pair.server.blocks.kept = lambda *_: None  # type: ignore[method-assign]
    assert transfer(pair, Code.GET).error is UnusableAnswerError


def test_client_does_not_put_together_what_is_not_in_order() -> None:
    def handle(request: Message, _exchange: Exchange) -> Response:
        asked = (request.options.uint(Option.BLOCK2) or 0) >> 4
        number = 2 if asked else 0  # the second is left out
        value = Block(number, more=number < 2, szx=6).value
        return Response(Code.CONTENT, bytes(1024), Options([(Option.BLOCK2, value)]))

    pair = Pair(handle)
    pair.server.blocks.kept = lambda *_: None  # type: ignore[method-assign]
    assert transfer(pair, Code.GET).error is UnusableAnswerError


def test_client_takes_no_endless_answer() -> None:
    def handle(request: Message, _exchange: Exchange) -> Response:
        value = Block((request.options.uint(Option.BLOCK2) or 0) >> 4, more=True, szx=6).value
        return Response(Code.CONTENT, bytes(1024), Options([(Option.BLOCK2, value)]))

    pair = Pair(handle, server={"limits": Limits(rate=10**9)})
    pair.server.blocks.kept = lambda *_: None  # type: ignore[method-assign]
    assert transfer(pair, Code.GET).error is UnusableAnswerError


def test_client_s_upload_can_be_refused_on_the_way() -> None:
    pair = Pair(Store(), server={"limits": Limits(largest_body=2000)})
    assert transfer(pair, Code.PUT, BODY).only.code == Code.REQUEST_ENTITY_TOO_LARGE


def test_client_uses_smaller_blocks_when_told_at_the_first() -> None:
    store = Store()
    first: list[int] = []

    def admit(request: Message, _exchange: Exchange) -> Response | None:
        first.append(len(request.payload))
        if len(request.payload) > 64:
            hint = Options([(Option.BLOCK1, Block(0, more=True, szx=2).value)])
            return Response(Code.REQUEST_ENTITY_TOO_LARGE, b"", hint)
        return None

    pair = Pair(store, server={"admit": admit})
    assert transfer(pair, Code.PUT, BODY).only.code == Code.CHANGED
    assert store.body == BODY
    assert first == [1024, 64]


def test_client_s_transfer_can_be_given_up_and_dies_with_the_line() -> None:
    pair = Pair(Store(), lambda _number, _data: [])
    asked = Asked()
    one = Transfer(pair.client, PEER, Code.PUT, path("x"), BODY, answered=asked).start()
    one.cancel()
    one.cancel()
    assert asked.error is CancelledError
    assert transfer(pair, Code.PUT, BODY).error is NoAnswerError
    assert len(pair.client.requests) == 0
    assert pair.client.next_due() is None


def test_client_fetches_the_rest_of_every_news() -> None:
    bodies = iter([b"a" * 3000, b"b" * 2500, b"c"])

    def handle(_request: Message, exchange: Exchange) -> Response:
        exchange.observe("thing")
        return Response(Code.CONTENT, next(bodies))

    pair = Pair(handle)
    asked = Asked()
    one = Transfer(pair.client, PEER, Code.GET, path("x", observe=0), answered=asked).start()
    pair.run(5)
    for body in (b"b" * 2500, b"c"):
        pair.server.notify("thing", Response(Code.CONTENT, body))
        pair.run(5)
    assert [result.payload for result in asked.results if isinstance(result, Message)] == [
        b"a" * 3000,
        b"b" * 2500,
        b"c",
    ]
    one.cancel()
    assert isinstance(asked.results[-1], CancelledError)
    assert Options() == NONE
