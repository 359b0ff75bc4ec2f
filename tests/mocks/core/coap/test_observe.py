"""Observations, the server's side: registered, numbered, told, checked upon and ended (RFC 7641)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.core.coap.support import OTHER, PEER, Side, empty, get, path

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.observe import DAY, DEFAULT, End, Manner, Observation
from vendorlab.mocks.core.coap.options import NONE, Option, Options
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.coap.transmission import Limits

if TYPE_CHECKING:
    from vendorlab.mocks.core.coap.exchange import Exchange
    from vendorlab.mocks.core.coap.message import Message

CON = Manner(confirmable=True)


class Thing:
    """Something observable, and who ended observing it and why."""

    def __init__(self, manner: Manner = DEFAULT) -> None:
        self.manner = manner
        self.ends: list[End] = []
        self.exchange: Exchange | None = None

    def __call__(self, request: Message, exchange: Exchange) -> Response:
        self.exchange = exchange
        exchange.observe(request.options.path, self.manner, self.ended)
        if request.options.query:
            return Response(Code.NOT_FOUND)
        return Response(Code.CONTENT, b"0")

    def ended(self, _observation: Observation, end: End) -> None:
        self.ends.append(end)


class Watch(Side):
    """A server with a thing, and how it is asked and told of."""

    def __init__(self, manner: Manner = DEFAULT, **options: Any) -> None:
        self.thing = Thing(manner)
        self.mid = 0
        super().__init__(self.thing, **options)

    def register(
        self, token: bytes = b"t", observe: int = 0, name: str = "x", peer: tuple[str, int] = PEER, **more: Any
    ) -> Message:
        self.mid += 1
        return self.only(get(self.mid, token, path(name, observe=observe, **more)), peer=peer)

    def news(self, text: str, name: str = "x", type_: Type | None = None, options: Options = NONE) -> list[Message]:
        self.endpoint.notify((name,), Response(Code.CONTENT, text.encode(), options), type_)
        return self.take()


@pytest.fixture
def watch() -> Watch:
    return Watch()


def number(message: Message) -> int | None:
    return message.options.uint(Option.OBSERVE)


def test_registration_is_answered_with_a_number_and_followed_by_news(watch: Watch) -> None:
    answer = watch.register()
    assert (answer.type, number(answer), answer.payload) == (Type.ACK, 1, b"0")
    news = [watch.news(text)[0] for text in "abc"]
    assert [(m.type, m.code, m.token, number(m), m.payload) for m in news] == [
        (Type.NON, Code.CONTENT, b"t", n, text) for n, text in ((2, b"a"), (3, b"b"), (4, b"c"))
    ]
    assert len({m.mid for m in news}) == 3
    assert len(watch.endpoint.observations) == 1


def test_request_without_the_option_registers_nothing(watch: Watch) -> None:
    watch.mid += 1
    assert number(watch.only(get(watch.mid, options=path("x")))) is None
    assert number(watch.register(observe=5)) is None
    assert watch.news("a") == []


def test_error_registers_nothing(watch: Watch) -> None:
    answer = watch.register(uri_query="no")
    assert (answer.code, number(answer)) == (Code.NOT_FOUND, None)
    assert watch.thing.ends == [End.ERROR]
    assert len(watch.endpoint.observations) == 0


def test_numbers_wrap_at_24_bits() -> None:
    watch = Watch(Manner(first=(1 << 24) - 1))
    assert number(watch.register()) == (1 << 24) - 1
    assert [number(watch.news("a")[0]) for _ in range(2)] == [0, 1]


def test_handler_may_number_by_itself(watch: Watch) -> None:
    """SAPI's S12 and S17: one counter for all, in three bytes."""
    watch.register()
    (news,) = watch.news("a", options=Options([(Option.OBSERVE, b"\0\0\4"), (Option.MAX_AGE, b"\0\0\0\x5a")]))
    assert news.options.items == ((6, b"\0\0\4"), (14, b"\0\0\0\x5a"))


def test_news_carries_its_other_options_on_both_sides_of_the_number(watch: Watch) -> None:
    watch.register()
    (news,) = watch.news("a", options=Options([(Option.ETAG, b"e"), (Option.CONTENT_FORMAT, 60), (Option.SIZE2, 1)]))
    assert news.options.items == ((4, b"e"), (6, b"\2"), (12, b"\x3c"), (28, b"\1"))


def test_deregistration_ends_it_and_is_answered_without_a_number(watch: Watch) -> None:
    watch.register()
    assert number(watch.register(observe=1)) is None
    assert watch.thing.ends == [End.DEREGISTERED]
    assert watch.news("a") == []
    watch.register()
    watch.register(b"other", observe=1)
    watch.register(observe=1, peer=OTHER)
    assert len(watch.news("a")) == 1


def test_registering_again_replaces_and_goes_on_counting(watch: Watch) -> None:
    """Section 4.1: one entry for a peer and a token."""
    watch.register()
    watch.news("a")
    assert number(watch.register()) == 3
    assert watch.thing.ends == [End.REPLACED]
    assert [number(m) for m in watch.news("b")] == [4]
    watch.register(name="y")
    assert watch.news("b") == []
    assert len(watch.news("b", "y")) == 1


@pytest.mark.parametrize("back", [0, 1, 2, 3])
def test_rejected_news_ends_it(watch: Watch, back: int) -> None:
    """Section 3.6: even when newer ones have been sent since."""
    watch.register()
    news = [watch.news("a")[0] for _ in range(6)]
    watch.tell(empty(Type.RST, news[-1 - back].mid), peer=OTHER)
    assert watch.thing.ends == []
    watch.tell(empty(Type.RST, news[-1 - back].mid))
    assert watch.thing.ends == [End.RESET]
    assert watch.news("b") == []


def test_rejection_of_news_long_past_is_no_longer_understood(watch: Watch) -> None:
    watch.register()
    first, *_ = [watch.news("a")[0] for _ in range(5)]
    watch.tell(empty(Type.RST, first.mid))
    assert watch.thing.ends == []
    assert watch.endpoint.stats.unknown == 1


def test_error_is_sent_without_a_number_and_ends_it(watch: Watch) -> None:
    watch.register()
    watch.endpoint.notify(("x",), Response(Code.NOT_FOUND, b"gone"))
    (news,) = watch.take()
    assert (news.code, number(news), news.payload) == (Code.NOT_FOUND, None, b"gone")
    assert watch.thing.ends == [End.ERROR]
    assert watch.news("a") == []


def test_everybody_is_told_with_a_token_and_number_of_his_own(watch: Watch) -> None:
    for n in range(5):
        watch.register(bytes([n]), peer=(f"192.0.2.{n}", 1))
        watch.news("a")
    watch.endpoint.notify(("x",), Response(Code.CONTENT, b"b"))
    told = [(address, m.token, number(m)) for m, address in watch.sent]
    assert told == [((f"192.0.2.{n}", 1), bytes([n]), 7 - n) for n in range(5)]


# --- confirmable news ------------------------------------------------------------------------------------------------


def test_confirmable_news_that_nobody_acknowledges_ends_it() -> None:
    watch = Watch(CON)
    watch.register()
    watch.news("a")
    sent = watch.advance(100)
    assert len(sent) == 4
    assert watch.thing.ends == [End.TIMED_OUT]
    assert watch.endpoint.next_due() is None


def test_confirmable_news_that_is_rejected_ends_it() -> None:
    watch = Watch(CON)
    watch.register()
    (news,) = watch.news("a")
    watch.tell(empty(Type.RST, news.mid))
    assert watch.thing.ends == [End.RESET]
    assert watch.advance(100) == []


def test_newer_news_takes_the_place_of_older_at_its_repetition() -> None:
    """Section 4.5.2: another ID, the newest value, and the patience that is left."""
    watch = Watch(CON)
    watch.register()
    (first,) = watch.news("a")
    assert watch.news("b") == watch.news("c") == []
    sent = watch.advance(100)
    assert [(m.payload, number(m)) for m in sent] == [(b"c", 3)] * 4
    assert {m.mid for m in sent} == {(first.mid + 1) % 0x10000}
    assert watch.thing.ends == [End.TIMED_OUT]


def test_newest_news_follows_at_the_acknowledgement() -> None:
    watch = Watch(CON)
    watch.register()
    (first,) = watch.news("a")
    watch.news("b")
    watch.news("c")
    (following,) = watch.tell(empty(Type.ACK, first.mid))
    assert (following.payload, number(following)) == (b"c", 3)
    assert watch.tell(empty(Type.ACK, first.mid)) == [], "an acknowledgement that comes twice"
    assert watch.tell(empty(Type.ACK, following.mid)) == watch.advance(100) == []


def test_lost_acknowledgement_holds_nothing_else_back() -> None:
    watch = Watch(CON)
    watch.register(b"1", name="x")
    watch.register(b"2", name="y")
    watch.news("a")
    assert [m.payload for m in watch.news("b", "y")] == [b"b"]


def test_error_in_place_of_news_ends_it_when_it_is_sent() -> None:
    watch = Watch(CON)
    watch.register()
    watch.news("a")
    watch.endpoint.notify(("x",), Response(Code.NOT_FOUND))
    assert watch.take() == []
    assert {m.code for m in watch.advance(100)} == {Code.NOT_FOUND}
    assert watch.thing.ends == [End.ERROR]


def test_one_news_a_day_is_confirmable() -> None:
    """Section 4.5."""
    watch = Watch()
    watch.register()
    assert watch.news("a")[0].type is Type.NON
    watch.advance(DAY)
    (checked,) = watch.news("b")
    assert checked.type is Type.CON
    watch.tell(empty(Type.ACK, checked.mid))
    assert watch.news("c")[0].type is Type.NON


def test_device_that_never_checks_can_be_had() -> None:
    """SAPI's S16."""
    watch = Watch(Manner(check_every=None))
    watch.register()
    watch.advance(10 * DAY)
    assert watch.news("a")[0].type is Type.NON


def test_type_can_be_said_for_one_news(watch: Watch) -> None:
    watch.register()
    assert watch.news("a", type_=Type.CON)[0].type is Type.CON


def test_news_becomes_unconfirmable_when_too_much_waits() -> None:
    watch = Watch(CON, limits=Limits(sending=3))
    for n in range(5):
        watch.register(bytes([n]))
    assert [m.type for m in watch.news("a")] == [Type.CON] * 3 + [Type.NON] * 2


# --- bounds and ends -------------------------------------------------------------------------------------------------


def test_observations_are_bounded_for_a_peer_and_overall() -> None:
    watch = Watch(limits=Limits(observations=10, observations_per_peer=4))
    answers = [number(watch.register(bytes([n]))) for n in range(6)]
    assert answers == [1, 1, 1, 1, None, None]
    others = [number(watch.register(bytes([n]), peer=(f"192.0.2.{n}", 9))) for n in range(8)]
    assert others == [1] * 6 + [None] * 2
    assert number(watch.register(b"\0")) == 2, "one that is there already may be renewed"
    watch.register(b"\1", observe=1)
    assert number(watch.register(b"new")) == 1


def test_peer_can_be_forgotten_without_a_word(watch: Watch) -> None:
    watch.register(b"1")
    watch.register(b"2", name="y")
    watch.register(b"3", peer=OTHER)
    watch.endpoint.forget(PEER)
    watch.endpoint.forget(("192.0.2.77", 1))
    assert watch.take() == []
    assert watch.thing.ends == [End.CANCELLED] * 2
    assert len(watch.news("a")) == 1


def test_observation_can_be_told_and_cancelled_by_itself(watch: Watch) -> None:
    watch.register()
    exchange = watch.thing.exchange
    assert exchange is not None
    exchange.notify(Response(Code.CONTENT, b"mine"))
    assert [m.payload for m in watch.take()] == [b"mine"]
    assert exchange.observation is not None
    assert watch.endpoint.observations.of(("x",)) == [exchange.observation]
    exchange.observation.cancel()
    exchange.observation.cancel()
    exchange.notify(Response(Code.CONTENT, b"mine"))
    assert watch.take() == []
    assert watch.thing.ends == [End.CANCELLED]


def test_long_news_comes_in_blocks_whose_rest_is_kept(watch: Watch) -> None:
    watch.register()
    (news,) = watch.news("n" * 2000)
    assert (number(news), len(news.payload), news.options.uint(Option.BLOCK2)) == (2, 1024, 0 << 4 | 8 | 6)
    rest = watch.only(get(99, b"u", path("x", block2=1 << 4 | 6)))
    assert rest.payload == b"n" * 976
    assert rest.options.get(Option.ETAG) == news.options.get(Option.ETAG)


def test_news_waits_for_a_message_id_rather_than_use_one_again(watch: Watch) -> None:
    """RFC 7252, section 4.4."""
    watch.register()
    seen: set[int] = set()
    count = 0
    while news := watch.news("a"):
        assert news[0].mid not in seen
        seen.add(news[0].mid)
        count += 1
    assert 0x10000 - 4096 < count <= 0x10000
    watch.news("newest")
    later = watch.advance(247)
    assert [m.payload for m in later] == [b"newest"]


def test_slow_registration_that_nobody_acknowledges_registers_nothing() -> None:
    ends: list[End] = []

    def slow(_request: Message, exchange: Exchange) -> None:
        exchange.observe("x", ended=lambda _, end: ends.append(end))
        exchanges.append(exchange)

    exchanges: list[Exchange] = []
    side = Side(slow)
    side.tell(get(1, options=Options([(Option.OBSERVE, 0)])))
    side.advance(1)
    exchanges[0].reply(Response(Code.CONTENT))
    assert [number(m) for m in side.take()] == [1]
    side.advance(100)
    assert ends == [End.TIMED_OUT]
