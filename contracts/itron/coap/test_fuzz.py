"""Questions nobody thought of: whatever comes, the Gateway answers in CoAP or not at all, and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import exploring
from vendorlab.contracts.core.coap.line import told
from vendorlab.contracts.core.coap.message import MalformedError, Message, Type
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.gateway import NOT_ALLOWED, SESSIONS

if TYPE_CHECKING:
    from vendorlab.contracts.itron.coap.boards import Board
    from vendorlab.contracts.itron.coap.gateway import Gateway

pytestmark = [pytest.mark.vendorlab("itron-coap"), pytest.mark.needs("exhaust", "write")]

_EXAMPLES = 150
_KNOWN = (1, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 20, 23, 27, 28, 35, 39, 60, 124, 189, 258, 292)


def _heard(gateway: Gateway) -> list[Message]:
    """Return what came until the Gateway answered a request whose answer is known."""
    __tracebackhide__ = True
    line = gateway.line
    known = line.request("0.05", *SESSIONS)
    line.send(known.encode())
    found: list[Message] = []
    for _ in range(100):
        message = line.receive(5.0)
        assert message is not None, "the Gateway does not answer any more"
        if (message.type, message.mid, message.code) == (Type.ACK, known.mid, NOT_ALLOWED):
            return found
        line.acknowledge(message)
        found.append(message)
    raise AssertionError("the Gateway does not stop answering")


@pytest.mark.claim("itron-coap.fuzz.options")
@pytest.mark.parametrize("who", ["stranger", "gateway"])
def test_odd_options_are_answered_in_coap(
    request: pytest.FixtureRequest, stranger: Gateway, thermometer: Board, who: str
) -> None:
    """Each request once at most, by its own token or message ID; nothing fails inside."""
    st = exploring.strategies()
    asking: Gateway = request.getfixturevalue(who)
    seeds = (asking.uri(thermometer.mac, thermometer.sens), asking.host(thermometer.mac), "coap", "sessions", "sens")
    value = st.binary(max_size=40) | st.sampled_from([each.encode() for each in seeds])
    option = st.tuples(st.sampled_from(_KNOWN) | st.integers(0, 0xFFFF), value)
    drawn = st.tuples(
        st.sampled_from([Type.CON, Type.NON]),
        st.sampled_from(["0.01", "0.02", "0.04", "0.05"]) | st.integers(1, 31).map("0.{:02}".format),
        st.binary(max_size=8),
        st.lists(option, max_size=6),
        st.binary(max_size=64),
    )

    def ask(parts: Any) -> None:
        kind, code, token, options, payload = parts
        sent = asking.line.request(code, *options, payload=payload, kind=kind, token=token)
        asking.line.send(sent.encode())
        answers = [each for each in _heard(asking) if not each.empty]
        assert len(answers) <= 1, f"{told(sent)} was answered {len(answers)} times"
        for message in answers:
            right = message.token == token and message.is_response
            assert right, f"{told(sent)} was answered {told(message)}"
            assert message.code != "5.00", f"{told(sent)} failed inside: {told(message)}"

    exploring.attempt(drawn, ask, _EXAMPLES)
    if who == "gateway":
        forms.code(asking.end(), "2.02", "4.04")


@pytest.mark.claim("itron-coap.fuzz.bytes")
def test_bytes_at_random_are_never_answered_as_requests(stranger: Gateway) -> None:
    """Unless they happen to be one."""
    st = exploring.strategies()
    drawn = st.binary(max_size=200) | st.binary(max_size=60).map(b"\x40\x01".__add__)

    def ask(datagram: bytes) -> None:
        try:
            sent: Message | None = Message.decode(datagram)
        except MalformedError:
            sent = None
        stranger.line.send(datagram)
        answers = [each for each in _heard(stranger) if not each.empty]
        assert sent is not None or not answers, f"{datagram.hex()} was answered {told(answers[0])}"

    exploring.attempt(drawn, ask, _EXAMPLES)


@pytest.mark.claim("itron-coap.fuzz.mutated")
def test_mutated_requests_leave_the_gateway_whole(gateway: Gateway, mac: str) -> None:
    """A byte of a good one, changed."""
    st = exploring.strategies()
    good = gateway.line.request("0.01", *gateway.to(mac, "/snsr"), token=b"123456").encode()
    drawn = st.tuples(st.integers(0, len(good) - 1), st.integers(0, 255), st.integers(0, len(good)))

    def ask(change: tuple[int, int, int]) -> None:
        at, value, end = change
        fresh = gateway.line.mid().to_bytes(2)
        datagram = good[:2] + fresh + good[4:]
        gateway.line.send((datagram[:at] + bytes([value]) + datagram[at + 1 :])[: max(end, len(good) // 2)])
        _heard(gateway)

    exploring.attempt(drawn, ask, _EXAMPLES)
    forms.content(gateway.get(mac, "/snsr"), 0)
