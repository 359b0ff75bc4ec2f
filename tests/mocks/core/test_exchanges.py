"""CoAP datagrams, read as far as faults need it: type, code, and the exchange that each belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core import exchanges as exchanges_module
from vendorlab.mocks.core.exchanges import Exchanges

if TYPE_CHECKING:
    from vendorlab.mocks.core.rules import Direction

PEER = ("127.0.0.1", 40_001)
CON, NON, ACK, RST = range(4)
EMPTY, GET, POST, CONTENT = 0x00, 0x01, 0x02, 0x45


def message(kind: int, code: int, mid: int, token: bytes = b"") -> bytes:
    """A message without options and payload (RFC 7252, section 3)."""
    return bytes([0x40 | kind << 4 | len(token), code, *mid.to_bytes(2), *token])


def labels(*passing: tuple[Direction, bytes]) -> list[int]:
    """For each datagram the number of its exchange, in the order of appearance."""
    watched = Exchanges()
    found = [watched.describe(direction, PEER, data)["exchange"] for direction, data in passing]
    order = list(dict.fromkeys(found))
    return [order.index(one) for one in found]


def test_message_is_described() -> None:
    described = Exchanges().describe("in", PEER, message(CON, GET, 0x1234, b"\xab\xcd"))
    assert {name: described[name] for name in ("type", "code", "method", "mid", "token")} == {
        "type": "CON", "code": "0.01", "method": "GET", "mid": "4660", "token": "abcd",
    }  # fmt: skip
    described = Exchanges().describe("out", PEER, message(NON, CONTENT, 1, b"\xab"))
    assert (described["type"], described["code"], "method" in described) == ("NON", "2.05", False)
    described = Exchanges().describe("out", PEER, message(RST, EMPTY, 1))
    assert (described["type"], described["code"]) == ("RST", "0.00")


def test_piggybacked_answer_belongs_to_its_request() -> None:
    assert labels(
        ("in", message(CON, GET, 1, b"a")),
        ("out", message(ACK, CONTENT, 1, b"a")),
        ("in", message(CON, GET, 2, b"b")),
        ("out", message(ACK, CONTENT, 2, b"b")),
    ) == [0, 0, 1, 1]


def test_separate_answer_its_acknowledgements_and_repeats_belong_to_their_request() -> None:
    request, answer = message(CON, POST, 1, b"a"), message(CON, CONTENT, 900, b"a")
    assert labels(
        ("in", request),
        ("in", request),
        ("out", message(ACK, EMPTY, 1)),
        ("in", message(CON, GET, 2, b"b")),
        ("out", answer),
        ("out", answer),
        ("in", message(ACK, EMPTY, 900)),
        ("out", message(ACK, CONTENT, 2, b"b")),
    ) == [0, 0, 0, 1, 0, 0, 0, 1]


def test_notifications_and_their_reset_belong_to_the_registration() -> None:
    assert labels(
        ("in", message(CON, GET, 1, b"o")),
        ("out", message(ACK, CONTENT, 1, b"o")),
        ("in", message(CON, GET, 2, b"p")),
        ("out", message(NON, CONTENT, 700, b"o")),
        ("out", message(CON, CONTENT, 701, b"o")),
        ("in", message(RST, EMPTY, 701)),
    ) == [0, 0, 1, 0, 0, 0]


def test_notifications_belong_together_though_nobody_saw_the_registration() -> None:
    assert labels(
        ("out", message(NON, CONTENT, 700, b"o")),
        ("out", message(NON, CONTENT, 701, b"o")),
        ("out", message(NON, CONTENT, 702, b"p")),
        ("in", message(RST, EMPTY, 701)),
        ("in", message(CON, GET, 1, b"o")),
        ("out", message(NON, CONTENT, 703, b"o")),
    ) == [0, 0, 1, 0, 2, 2]


def test_token_used_again_begins_anew() -> None:
    assert labels(
        ("in", message(CON, GET, 1)),
        ("out", message(ACK, CONTENT, 1)),
        ("in", message(CON, GET, 2)),
        ("out", message(ACK, EMPTY, 2)),
        ("out", message(CON, CONTENT, 800)),
        ("in", message(ACK, EMPTY, 800)),
    ) == [0, 0, 1, 1, 1, 1]


def test_ids_of_the_two_sides_and_of_two_peers_are_told_apart() -> None:
    watched = Exchanges()
    request = message(CON, GET, 1, b"a")
    found = [watched.describe(way, peer, request)["exchange"] for way in ("in", "out") for peer in ("a", "b")]
    assert len(set(found)) == 4
    assert watched.describe("out", "a", message(ACK, CONTENT, 1, b"a"))["exchange"] == found[0]
    assert watched.describe("in", "b", message(ACK, CONTENT, 1, b"a"))["exchange"] == found[3]


def test_ping_and_its_reset_are_an_exchange() -> None:
    assert labels(("in", message(CON, EMPTY, 5)), ("out", message(RST, EMPTY, 5))) == [0, 0]


def test_answer_to_nothing_is_an_exchange_of_its_own() -> None:
    assert labels(("out", message(ACK, EMPTY, 9)), ("out", message(CON, CONTENT, 9, b"z"))) == [0, 1]


@pytest.mark.parametrize(
    "data", [b"", b"\x40", b"\x40\x01\x00", b"\x80\x01\x00\x01", b"\x49\x01\x00\x01123456789", b"\x44\x01\x00\x01abc"]
)
def test_what_is_no_coap_is_not_described(data: bytes) -> None:
    assert Exchanges().describe("in", PEER, data) == {}


WAYS: st.SearchStrategy[Direction] = st.sampled_from(("in", "out"))


@given(st.lists(st.tuples(WAYS, st.binary(max_size=20)), max_size=30))
def test_any_datagram_can_be_looked_at(passing: list[tuple[Direction, bytes]]) -> None:
    watched = Exchanges()
    for direction, data in passing:
        described = watched.describe(direction, PEER, data)
        assert not described or described["type"] in ("CON", "NON", "ACK", "RST")


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges_module, "MOST_EXCHANGES", 4)
    watched = Exchanges()
    for mid in range(50):
        watched.describe("in", PEER, message(CON, GET, mid, mid.to_bytes(2)))
    assert len(watched._by_mid) == len(watched._by_token) == 4
