"""Our own requests: the client's side of the message layer, and of observations (RFC 7252, section 5.3; RFC 7641)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.core.coap.support import OTHER, PEER, Asked, Side, empty, path

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.errors import (
    CancelledError,
    NoAnswerError,
    OverloadedError,
    ResetError,
    UnusableAnswerError,
)
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import Option, Options
from vendorlab.mocks.core.coap.requests import Outgoing, is_newer
from vendorlab.mocks.core.coap.transmission import Limits, Transmission


class Client(Side):
    def ask(self, asked: Asked, code: Code = Code.GET, options: Options | None = None, **more: Any) -> Outgoing | None:
        return self.endpoint.request(PEER, code, options or path("x"), answered=asked, **more)

    def sent_one(self) -> Message:
        (message,) = self.take()
        return message


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def asked() -> Asked:
    return Asked()


def answer(to: Message, type_: Type = Type.ACK, mid: int | None = None, **more: Any) -> Message:
    return Message(type_, Code.CONTENT, to.mid if mid is None else mid, to.token, payload=b"yes", **more)


def test_request_is_answered_in_its_acknowledgement(client: Client, asked: Asked) -> None:
    client.ask(asked)
    request = client.sent_one()
    assert (request.type, request.code, request.options) == (Type.CON, Code.GET, path("x"))
    assert len(request.token) == 4
    assert client.tell(answer(request)) == []
    assert asked.only.payload == b"yes"
    assert client.tell(answer(request)) == [], "an answer that comes twice"
    assert len(asked.results) == 1
    assert client.endpoint.next_due() is None
    assert len(client.endpoint.requests) == 0


@pytest.mark.parametrize("type_", [Type.CON, Type.NON])
def test_request_is_answered_after_an_empty_acknowledgement(client: Client, asked: Asked, type_: Type) -> None:
    client.ask(asked)
    request = client.sent_one()
    client.tell(empty(Type.ACK, request.mid))
    assert client.advance(60) == []
    late = answer(request, type_, 77)
    acknowledgement = [empty(Type.ACK, 77)] if type_ is Type.CON else []
    assert client.tell(late) == acknowledgement
    assert asked.only.payload == b"yes"
    assert client.tell(late) == acknowledgement, "one that comes twice is acknowledged twice"
    assert len(asked.results) == 1


def test_answer_that_overtakes_its_acknowledgement_counts_for_both(client: Client, asked: Asked) -> None:
    """RFC 7252, section 5.2.2."""
    client.ask(asked)
    request = client.sent_one()
    client.tell(answer(request, Type.CON, 77))
    assert asked.only.payload == b"yes"
    assert client.advance(100) == client.tell(empty(Type.ACK, request.mid)) == []


def test_request_is_repeated_and_given_up(client: Client, asked: Asked) -> None:
    client.ask(asked)
    request = client.sent_one()
    assert client.advance(100) == [request] * 4
    assert asked.error is NoAnswerError


def test_request_that_is_acknowledged_and_not_answered_ends_in_time(client: Client, asked: Asked) -> None:
    client.ask(asked, timeout=30)
    client.tell(empty(Type.ACK, client.sent_one().mid))
    client.advance(29.9)
    assert asked.results == []
    client.advance(0.1)
    assert asked.error is NoAnswerError


def test_request_that_is_not_confirmable_is_sent_once(client: Client, asked: Asked) -> None:
    client.ask(asked, type_=Type.NON, timeout=10)
    request = client.sent_one()
    assert request.type is Type.NON
    assert client.advance(10) == []
    assert asked.error is NoAnswerError


@pytest.mark.parametrize("type_", [Type.CON, Type.NON])
def test_rejected_request_is_told_so(client: Client, asked: Asked, type_: Type) -> None:
    client.ask(asked, type_=type_)
    request = client.sent_one()
    client.tell(empty(Type.RST, request.mid), peer=OTHER)
    assert asked.results == []
    client.tell(empty(Type.RST, request.mid))
    assert asked.error is ResetError


def test_device_that_answers_with_the_request_s_id_is_understood(client: Client, asked: Asked) -> None:
    """SAPI's S21: clients go by the token."""
    client.ask(asked, type_=Type.NON)
    client.tell(answer(client.sent_one(), Type.NON))
    assert asked.only.payload == b"yes"


def test_answer_of_another_peer_or_token_or_id_is_none(client: Client, asked: Asked) -> None:
    client.ask(asked)
    request = client.sent_one()
    assert client.tell(answer(request, Type.CON, 5), peer=OTHER) == [empty(Type.RST, 5)]
    stranger = Message(Type.CON, Code.CONTENT, 6, b"else")
    assert client.tell(stranger) == [empty(Type.RST, 6)]
    assert client.tell(answer(request, Type.ACK, request.mid ^ 1)) == []
    assert client.tell(answer(request, Type.RST)) == []
    assert asked.results == []


@pytest.mark.parametrize("type_", [Type.CON, Type.NON, Type.ACK])
def test_answer_with_a_critical_option_that_is_not_understood_is_rejected(
    client: Client, asked: Asked, type_: Type
) -> None:
    """RFC 7252, section 5.4.1."""
    client.ask(asked)
    request = client.sent_one()
    mid = request.mid if type_ is Type.ACK else 5
    rejection = [] if type_ is Type.ACK else [empty(Type.RST, 5)]
    assert client.tell(answer(request, type_, mid, options=Options([(2049, b"")]))) == rejection
    assert asked.error is UnusableAnswerError


def test_requests_to_one_peer_wait_for_each_other(client: Client) -> None:
    """RFC 7252, section 4.7: NSTART is 1; a request that is acknowledged makes room."""
    every = [Asked() for _ in range(4)]
    for one in every:
        client.ask(one)
    client.endpoint.request(OTHER, Code.GET, answered=Asked())
    first, _elsewhere = client.take()
    (second,) = client.tell(empty(Type.ACK, first.mid))
    (third,) = client.tell(answer(second))
    (fourth,) = client.tell(empty(Type.RST, third.mid))
    assert len({first.token, second.token, third.token, fourth.token}) == 4
    client.tell(answer(first, Type.CON, 5))
    assert [len(one.results) for one in every] == [1, 1, 1, 0]
    assert client.tell(answer(fourth)) == []


def test_request_that_is_given_up_lets_the_next_one_go(client: Client) -> None:
    every = [Asked() for _ in range(3)]
    outgoing = [client.ask(one) for one in every]
    first = client.sent_one()
    assert outgoing[1] is not None
    outgoing[1].cancel()
    assert outgoing[0] is not None
    outgoing[0].cancel()
    assert client.sent_one().token != first.token
    assert [one.error for one in every[:2]] == [CancelledError] * 2
    assert every[2].results == []


def test_first_that_times_out_lets_the_next_one_go(client: Client) -> None:
    every = [Asked(), Asked()]
    for one in every:
        client.ask(one)
    client.advance(300)
    assert [one.error for one in every] == [NoAnswerError] * 2


def test_more_under_way_at_once_can_be_set() -> None:
    client = Client(transmission=Transmission(nstart=3))
    for _ in range(5):
        client.ask(Asked())
    assert len(client.take()) == 3


def test_requests_are_bounded_for_a_peer_and_overall() -> None:
    client = Client(limits=Limits(requests=5, requests_per_peer=3))
    every = [Asked() for _ in range(4)]
    assert [client.ask(one) is None for one in every] == [False, False, False, True]
    assert every[3].error is OverloadedError
    others = [Asked() for _ in range(3)]
    for one in others:
        client.endpoint.request(OTHER, Code.GET, answered=one)
    assert others[2].error is OverloadedError


def test_confirmable_messages_under_way_are_bounded() -> None:
    client = Client(limits=Limits(sending=2), transmission=Transmission(nstart=9))
    every = [Asked() for _ in range(3)]
    for one in every:
        client.ask(one)
    assert every[2].error is OverloadedError


def test_message_ids_are_not_used_again_within_their_lifetime() -> None:
    client = Client(limits=Limits(requests=70_000, requests_per_peer=70_000))
    asked = Asked()
    for _ in range(0x10000):
        client.ask(asked, type_=Type.NON)
    mids = [message.mid for message in client.take()]
    assert len(set(mids)) == len(mids) > 0x10000 - 4096
    assert {type(result) for result in asked.results} <= {OverloadedError}


# --- observing -------------------------------------------------------------------------------------------------------


def news(to: Message, number: int, mid: int, type_: Type = Type.NON, code: Code = Code.CONTENT) -> Message:
    options = Options([(Option.OBSERVE, number)])
    return Message(type_, code, mid, to.token, options, b"%d" % number)


def heard(asked: Asked) -> list[bytes]:
    return [result.payload for result in asked.results if isinstance(result, Message)]


def test_observed_thing_is_heard_of_until_it_is_given_up(client: Client, asked: Asked) -> None:
    outgoing = client.ask(asked, options=path("x", observe=0))
    request = client.sent_one()
    client.tell(news(request, 1, request.mid, Type.ACK))
    client.advance(10_000)
    assert client.tell(news(request, 2, 50, Type.CON)) == [empty(Type.ACK, 50)]
    assert client.tell(news(request, 3, 51)) == []
    assert heard(asked) == [b"1", b"2", b"3"]
    assert outgoing is not None
    assert outgoing.observing
    outgoing.cancel()
    assert isinstance(asked.results[-1], CancelledError)
    assert client.tell(news(request, 4, 52)) == [empty(Type.RST, 52)]


def test_older_news_is_acknowledged_and_not_passed_on(client: Client, asked: Asked) -> None:
    client.ask(asked, options=path("x", observe=0))
    request = client.sent_one()
    client.tell(news(request, 5, request.mid, Type.ACK))
    assert client.tell(news(request, 4, 50, Type.CON)) == [empty(Type.ACK, 50)]
    client.tell(news(request, 5, 51), news(request, 6, 52))
    assert heard(asked) == [b"5", b"6"]
    client.advance(129)
    client.tell(news(request, 2, 53))
    assert heard(asked)[-1] == b"2"


@pytest.mark.parametrize("how", ["no number", "error"])
def test_answer_without_a_number_or_success_ends_the_observation(client: Client, asked: Asked, how: str) -> None:
    client.ask(asked, options=path("x", observe=0))
    request = client.sent_one()
    client.tell(news(request, 1, request.mid, Type.ACK))
    last = answer(request, Type.NON, 9) if how == "no number" else news(request, 2, 9, code=Code.NOT_FOUND)
    client.tell(last)
    assert len(asked.results) == 2
    assert client.tell(news(request, 3, 10)) == [empty(Type.RST, 10)]


def test_observation_is_given_up_with_its_token(client: Client, asked: Asked) -> None:
    client.ask(asked, options=path("x", observe=0))
    request = client.sent_one()
    client.tell(news(request, 1, request.mid, Type.ACK))
    other = Asked()
    client.ask(other, options=path("x", observe=1), token=request.token)
    goodbye = client.sent_one()
    assert goodbye.token == request.token
    client.tell(answer(goodbye))
    assert other.only.payload == b"yes"
    assert isinstance(asked.results[-1], CancelledError)


@given(st.integers(0, (1 << 24) - 1), st.integers(1, (1 << 23) - 1), st.floats(0, 127))
def test_news_is_newer_within_half_a_turn_of_the_numbers(number: int, ahead: int, later: float) -> None:
    following = (number + ahead) % (1 << 24)
    assert is_newer((number, 0.0), (following, later))
    assert not is_newer((following, 0.0), (number, later))
    assert is_newer((following, 0.0), (number, 128.5))
