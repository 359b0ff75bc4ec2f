"""The server's side of the message layer: types, message IDs, repetitions and rejections (RFC 7252, section 4)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from tests.mocks.core.coap.support import OTHER, PEER, Side, answer_ok, empty, get, path, post

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.errors import NotFoundError
from vendorlab.mocks.core.coap.exchange import NEXT, Exchange, State
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import Options
from vendorlab.mocks.core.coap.outbox import Outcome
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.coap.transmission import Transmission

if TYPE_CHECKING:
    from collections.abc import Callable

OK = Response(Code.CONTENT, b"ok")


class Held:
    """A handler that answers nothing by itself."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def __call__(self, _request: Message, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    @property
    def last(self) -> Exchange:
        return self.exchanges[-1]


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def slow(held: Held) -> Side:
    """A server whose handler answers later."""
    return Side(held)


# --- the timers ------------------------------------------------------------------------------------------------------


def test_timers_are_those_of_rfc_7252() -> None:
    """Section 4.8.2."""
    t = Transmission()
    assert (t.max_transmit_span, t.max_transmit_wait, t.max_rtt) == (45, 93, 202)
    assert (t.exchange_lifetime, t.non_lifetime) == (247, 145)


@pytest.mark.parametrize(
    "wrong",
    [{"ack_timeout": 0}, {"acknowledge_after": -1}, {"ack_random_factor": 0.5}, {"nstart": 0}, {"max_retransmit": -1}],
)
def test_timers_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"least|lies"):
        Transmission(**wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# --- answers at once -------------------------------------------------------------------------------------------------


def test_confirmable_request_is_answered_in_its_acknowledgement() -> None:
    assert Side().only(get(0x1234, b"abc")) == Message(Type.ACK, Code.CONTENT, 0x1234, b"abc", payload=b"ok")


def test_request_that_is_not_confirmable_is_answered_so_with_an_id_of_our_own() -> None:
    side = Side()
    first, second = side.only(get(1, type_=Type.NON)), side.only(get(2, type_=Type.NON))
    assert first.type is second.type is Type.NON
    assert (first.token, first.payload) == (b"t", b"ok")
    assert second.mid == (first.mid + 1) % 0x10000


def test_refusal_is_answered_with_its_code_and_a_text() -> None:
    def refuse(_request: Message, _exchange: Exchange) -> Response:
        raise NotFoundError("no such thing")

    answer = Side(refuse).only(get())
    assert (answer.code, answer.payload, answer.options) == (Code.NOT_FOUND, b"no such thing", Options())


def test_handler_that_breaks_is_answered_5_00_and_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_request: Message, _exchange: Exchange) -> Response:
        raise ZeroDivisionError

    side = Side(broken)
    with caplog.at_level(logging.ERROR, "vendorlab"):
        assert side.only(get()).code == Code.INTERNAL_SERVER_ERROR
    assert side.endpoint.stats.defects == len(caplog.records) == 1


def test_unknown_method_is_refused_with_4_05() -> None:
    assert Side().only(Message(Type.CON, 0x1F, 1)).code == Code.METHOD_NOT_ALLOWED


# --- repeated requests -----------------------------------------------------------------------------------------------


def counting(calls: list[int]) -> Callable[[Message, Exchange], Response]:
    def handle(_request: Message, _exchange: Exchange) -> Response:
        calls.append(1)
        return Response(Code.CHANGED, b"%d" % len(calls))

    return handle


def test_repeated_request_gets_the_same_answer_and_is_not_executed_again() -> None:
    """RFC 7252, section 4.5."""
    calls: list[int] = []
    side = Side(counting(calls))
    answers = [side.only(post()) for _ in range(5)]
    assert calls == [1]
    assert all(answer == answers[0] for answer in answers)
    assert side.endpoint.stats.repeated == 4


def test_repeated_request_that_is_not_confirmable_is_passed_over() -> None:
    calls: list[int] = []
    side = Side(counting(calls))
    side.only(post(type_=Type.NON))
    assert side.tell(post(type_=Type.NON)) == []
    assert calls == [1]


def test_same_id_of_another_peer_is_another_request() -> None:
    calls: list[int] = []
    side = Side(counting(calls))
    side.only(post(), PEER)
    side.only(post(), OTHER)
    assert calls == [1, 1]


@pytest.mark.parametrize(("type_", "lifetime"), [(Type.CON, 247), (Type.NON, 145)])
def test_message_id_means_another_message_after_its_lifetime(type_: Type, lifetime: float) -> None:
    calls: list[int] = []
    side = Side(counting(calls))
    side.tell(post(type_=type_))
    side.advance(lifetime - 0.001)
    side.tell(post(type_=type_))
    assert calls == [1]
    side.advance(0.001)
    side.tell(post(type_=type_))
    assert calls == [1, 1]


def test_repeated_request_that_is_acknowledged_gets_the_acknowledgement_again(slow: Side, held: Held) -> None:
    assert slow.tell(get(7)) == []
    assert slow.tell(get(7)) == []
    assert slow.advance(1.0) == [empty(Type.ACK, 7)]
    assert slow.only(get(7)) == empty(Type.ACK, 7)
    held.last.reply(OK)
    slow.take()
    assert slow.only(get(7)) == empty(Type.ACK, 7)
    assert len(held.exchanges) == 1


def test_id_of_a_request_that_still_waits_means_another_after_its_lifetime(slow: Side, held: Held) -> None:
    slow.tell(get(7))
    slow.advance(247)
    slow.tell(get(7))
    assert len(held.exchanges) == 2
    held.exchanges[1].reply(OK)
    (answer,) = slow.take()
    held.exchanges[0].reply(OK)
    slow.take()
    assert slow.only(get(7)) == answer
    assert len(held.exchanges) == 2


# --- answers later ---------------------------------------------------------------------------------------------------


def test_slow_answer_is_preceded_by_an_empty_acknowledgement_and_confirmable(slow: Side, held: Held) -> None:
    assert slow.tell(get(7, b"abc")) == []
    assert slow.woken == 1
    assert slow.advance(0.999) == []
    assert slow.advance(0.001) == [empty(Type.ACK, 7)]
    assert held.last.reply(OK)
    (answer,) = slow.take()
    assert (answer.type, answer.code, answer.token, answer.payload) == (Type.CON, Code.CONTENT, b"abc", b"ok")
    assert slow.tell(empty(Type.ACK, answer.mid)) == []
    assert slow.advance(1_000) == []
    assert slow.endpoint.next_due() is None


def test_answer_within_the_delay_still_goes_with_the_acknowledgement(slow: Side, held: Held) -> None:
    slow.tell(get(7))
    slow.advance(0.9)
    held.last.reply(OK)
    (answer,) = slow.take()
    assert (answer.type, answer.mid) == (Type.ACK, 7)
    assert slow.advance(100) == []


def test_delay_before_the_acknowledgement_can_be_set(held: Held) -> None:
    side = Side(held, transmission=Transmission(acknowledge_after=0))
    side.tell(get(7))
    assert side.advance(0) == [empty(Type.ACK, 7)]


def test_slow_answer_is_repeated_with_growing_patience_until_given_up(slow: Side, held: Held) -> None:
    """RFC 7252, section 4.2: four repetitions, each after twice the time, the first after 2 to 3 s."""
    outcomes: list[Outcome] = []
    slow.tell(get(7))
    slow.advance(1)
    held.last.reply(OK, delivered=outcomes.append)
    began = slow.time
    first = slow.take()
    times: list[float] = []
    while (due := slow.endpoint.next_due()) is not None:
        slow.time = due
        slow.endpoint.run()
        times.append(due - began)
        assert slow.take() in (first, [])
    wait = times[0]
    assert 2 <= wait <= 3
    assert times == pytest.approx([wait, 3 * wait, 7 * wait, 15 * wait, 31 * wait])
    assert outcomes == [Outcome.TIMED_OUT]


@pytest.mark.parametrize(("type_", "outcome"), [(Type.ACK, Outcome.ACKNOWLEDGED), (Type.RST, Outcome.RESET)])
def test_slow_answer_ends_with_what_comes_for_it(slow: Side, held: Held, type_: Type, outcome: Outcome) -> None:
    outcomes: list[Outcome] = []
    slow.tell(get(7))
    slow.advance(1)
    held.last.reply(OK, delivered=outcomes.append)
    (answer,) = slow.take()
    assert slow.tell(empty(type_, answer.mid), peer=OTHER) == [], "somebody else's acknowledgement"
    assert outcomes == []
    slow.tell(empty(type_, answer.mid))
    assert outcomes == [outcome]
    assert slow.advance(100) == []


def test_slow_answer_to_a_request_that_is_not_confirmable_is_not_either(slow: Side, held: Held) -> None:
    slow.tell(get(7, type_=Type.NON))
    assert slow.advance(100) == []
    held.last.reply(OK)
    (answer,) = slow.take()
    assert answer.type is Type.NON


def test_late_answer_that_is_not_confirmable_comes_again_with_the_acknowledgement(slow: Side, held: Held) -> None:
    slow.tell(get(7))
    slow.advance(1)
    held.last.reply(OK, type_=Type.NON)
    (answer,) = slow.take()
    assert slow.tell(get(7)) == [empty(Type.ACK, 7), answer]


def test_spread_of_repetitions_comes_from_the_seed() -> None:
    def due(seed: int) -> float:
        held = Held()
        side = Side(held, seed=seed)
        side.tell(get(7))
        side.advance(1)
        held.last.reply(OK)
        return side.endpoint.next_due() or 0

    assert due(1) == due(1) != due(2)


# --- what devices do against the rules -------------------------------------------------------------------------------


def test_device_can_answer_with_the_request_s_id_though_not_confirmable(slow: Side, held: Held) -> None:
    """SAPI's S21."""
    slow.tell(get(0x4242, type_=Type.NON))
    held.last.reply(OK, mid=0x4242)
    (answer,) = slow.take()
    assert (answer.type, answer.mid) == (Type.NON, 0x4242)


def test_device_can_acknowledge_and_never_answer(slow: Side, held: Held) -> None:
    """SAPI's S4."""
    slow.tell(get(7))
    assert held.last.acknowledge()
    assert held.last.silent()
    assert slow.take() == [empty(Type.ACK, 7)]
    assert slow.only(get(7)) == empty(Type.ACK, 7)
    assert slow.advance(5_000) == []
    assert not held.last.reply(OK)


def test_device_can_be_silent(slow: Side, held: Held) -> None:
    slow.tell(get(7))
    assert held.last.silent()
    assert slow.tell(get(7)) == slow.advance(100) == []
    assert len(held.exchanges) == 1


def test_device_can_reject(slow: Side, held: Held) -> None:
    slow.tell(get(7))
    assert held.last.reset()
    assert slow.take() == [empty(Type.RST, 7)]
    assert slow.only(get(7)) == empty(Type.RST, 7)


def test_device_can_answer_a_confirmable_request_without_acknowledging_it(slow: Side, held: Held) -> None:
    slow.tell(get(7))
    held.last.reply(OK, type_=Type.NON, mid=9)
    assert slow.take() == [Message(Type.NON, Code.CONTENT, 9, b"t", payload=b"ok")]


@pytest.mark.parametrize("ending", ["reply", "fail", "silent", "reset"])
def test_exchange_that_is_over_takes_no_more(slow: Side, held: Held, ending: str) -> None:
    slow.tell(get(7))
    ends: dict[str, Callable[[], bool]] = {
        "reply": lambda: held.last.reply(OK),
        "fail": lambda: held.last.fail(NotFoundError()),
        "silent": held.last.silent,
        "reset": held.last.reset,
    }
    assert ends[ending]()
    slow.take()
    assert not any([*(end() for end in ends.values()), held.last.acknowledge()])
    assert slow.take() == []


def test_states_lead_where_the_table_says() -> None:
    assert NEXT[State.OPEN] == {State.ACKNOWLEDGED, State.ANSWERED, State.SILENT}
    assert NEXT[State.ACKNOWLEDGED] == {State.ANSWERED, State.SILENT}
    assert not NEXT[State.ANSWERED] | NEXT[State.SILENT]


def test_handler_that_never_answers_is_taken_to_be_silent_in_the_end(slow: Side, held: Held) -> None:
    slow.tell(get(7))
    slow.advance(3_600)
    assert held.last.state is State.SILENT
    assert slow.endpoint.next_due() is None


# --- messages that are no requests -----------------------------------------------------------------------------------


def test_ping_is_answered_with_a_rejection() -> None:
    """RFC 7252, section 4.3."""
    side = Side()
    assert side.only(empty(Type.CON, 0x99)) == empty(Type.RST, 0x99)
    assert side.only(empty(Type.CON, 0x99)) == empty(Type.RST, 0x99)
    assert side.tell(empty(Type.NON, 0x99)) == []


@pytest.mark.parametrize("type_", [Type.CON, Type.NON])
def test_answer_to_nothing_is_rejected(type_: Type) -> None:
    assert Side().only(Message(type_, Code.CONTENT, 5, b"?")) == empty(Type.RST, 5)


@pytest.mark.parametrize(
    "message",
    [
        empty(Type.ACK, 5),
        empty(Type.RST, 5),
        Message(Type.ACK, Code.CONTENT, 5, b"?"),
        Message(Type.RST, Code.CONTENT, 5, b"?"),
        Message(Type.ACK, Code.GET, 5, b"?"),
        Message(Type.RST, Code.GET, 5),
    ],
    ids=str,
)
def test_acknowledgement_or_rejection_of_nothing_is_passed_over(message: Message) -> None:
    side = Side()
    assert side.tell(message) == []
    assert side.endpoint.stats.unknown == 1


def test_confirmable_message_that_is_malformed_is_rejected_and_others_are_passed_over() -> None:
    side = Side()
    assert side.only(bytes.fromhex("40010007ff")) == empty(Type.RST, 7)
    for head in ("50", "60", "70", "80", "00"):
        assert side.tell(bytes.fromhex(f"{head}010007ff")) == []
    assert side.tell(b"", b"\x40") == []
    assert side.endpoint.stats.malformed == 8


# --- the journal's ear -----------------------------------------------------------------------------------------------


def test_every_request_is_told_of_once_whoever_answered_it() -> None:
    heard: list[tuple[int, int | None]] = []

    def told(exchange: Exchange, response: Response | None) -> None:
        heard.append((exchange.request.mid, None if response is None else response.code))

    def handle(request: Message, exchange: Exchange) -> Response | None:
        if request.code == Code.POST:
            exchange.acknowledge()
            exchange.silent()
            return None
        if request.code == Code.PUT:
            exchange.reset()
            return None
        return OK

    side = Side(handle, told=told)
    side.tell(get(1), get(1), get(2, type_=Type.NON), post(3), Message(Type.CON, Code.PUT, 4))
    side.tell(get(5, options=Options([(2049, b"")])), get(6, options=Options([(2049, b"")]), type_=Type.NON))
    side.tell(get(7, options=path("x", proxy_scheme="coap")), get(8, options=path("x", no_response=2)))
    side.tell(empty(Type.CON, 9), b"garbage")
    assert heard == [(1, 69), (2, 69), (3, None), (4, None), (5, 0x82), (6, None), (7, 0xA5), (8, 69)]


# --- what comes with a request ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [2049, 9, 1, 5, 189])
def test_critical_option_that_is_not_understood_is_refused_with_4_02(number: int) -> None:
    """RFC 7252, section 5.4.1."""
    answer = Side().only(get(options=Options([(number, b"")])))
    assert answer.code == Code.BAD_OPTION
    assert answer.payload.startswith(b"not understood: ")


def test_critical_option_makes_a_request_that_is_not_confirmable_be_rejected() -> None:
    """RFC 7252, section 5.4.1."""
    side = Side()
    assert side.only(get(3, options=Options([(2049, b"")]), type_=Type.NON)) == empty(Type.RST, 3)


@pytest.mark.parametrize(
    "options",
    [
        Options([(2050, b"x")]),
        Options([(124, b"abcd")]),
        Options([(12, b"12345")]),
        Options([(14, b""), (14, b"")]),
    ],
)
def test_elective_option_that_is_not_understood_is_passed_over(options: Options) -> None:
    assert Side().only(get(options=options)).code == Code.CONTENT


@pytest.mark.parametrize("options", [Options([(17, b""), (17, b"")]), Options([(7, b"123")]), Options([(11, b"\xff")])])
def test_critical_option_out_of_bounds_counts_as_not_understood(options: Options) -> None:
    """RFC 7252, sections 5.4.3 and 5.4.5."""
    assert Side().only(get(options=options)).code == Code.BAD_OPTION


def test_handler_that_heeds_conditions_says_so() -> None:
    understood = Side().endpoint.__init__.__kwdefaults__["understood"]  # type: ignore[misc]
    assert Side(understood=understood | {1}).only(get(options=Options([(1, b"tag")]))).code == Code.CONTENT
    assert Side(understood=frozenset()).only(get(options=path("a"))).code == Code.BAD_OPTION


@pytest.mark.parametrize(
    ("value", "code", "answered"),
    [(2, Code.CONTENT, False), (2, Code.NOT_FOUND, True), (8, Code.NOT_FOUND, False), (16, Code.BAD_GATEWAY, False),
     (26, Code.CONTENT, False), (0, Code.CONTENT, True), (16, Code.CONTENT, True)],
)  # fmt: skip
@pytest.mark.parametrize("type_", [Type.CON, Type.NON])
def test_no_response_keeps_answers_back_that_nobody_wants(value: int, code: Code, answered: bool, type_: Type) -> None:
    """RFC 7967: a confirmable request is still acknowledged."""
    side = Side(lambda _request, _exchange: Response(code))
    sent = side.tell(get(4, options=path("a", no_response=value), type_=type_))
    if answered:
        assert [message.code for message in sent] == [code]
    else:
        assert sent == ([empty(Type.ACK, 4)] if type_ is Type.CON else [])
        assert side.tell(get(4, options=path("a", no_response=value), type_=type_)) == sent


def test_plain_request_is_still_served_while_others_wait() -> None:
    held = Held()
    side = Side(
        lambda request, exchange: held(request, exchange) if request.code == Code.POST else answer_ok(request, exchange)
    )
    side.tell(post(1))
    assert side.only(get(2)).payload == b"ok"
