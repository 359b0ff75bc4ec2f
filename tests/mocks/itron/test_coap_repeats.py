"""What the gateway's journal says of requests that come again, and of observations that end without a request."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.itron.coap_support import Desk, proxied
from tests.mocks.itron.test_coap_edge import Caller

from vendorlab.mocks.core.clock import Clock
from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import NONE, Option
from vendorlab.mocks.core.journal import Journal
from vendorlab.mocks.itron import gateway_repeats
from vendorlab.mocks.itron.gateway_repeats import Repeats

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeWorld

PEER = ("127.0.0.1", 40_001)


class Line:
    """Repeats with a time that is turned by hand."""

    def __init__(self) -> None:
        self.time = 0.0
        self.journal = Journal()
        self.repeats = Repeats(Clock(), self.journal, lambda: self.time)

    def ask(self, mid: int, token: bytes = b"a", type_: Type = Type.CON, payload: bytes = b"") -> None:
        self.repeats.came(PEER, Message(type_, Code.GET, mid, token, NONE, payload).encode())

    def answer(self, mid: int, token: bytes, type_: Type = Type.ACK) -> None:
        self.repeats.went(PEER, Message(type_, Code.CONTENT, mid, token).encode())

    @property
    def told(self) -> list[dict[str, Any]]:
        return [dict(one.detail) for one in self.journal.find(operation="repeat")]


def test_repeats_tell_how_long_each_repetition_waited() -> None:
    line = Line()
    for moment in (0.0, 2.0, 6.25):
        line.time = moment
        line.ask(7)
    assert [(one["again"], one["waited"], one["anew"], one["mid"]) for one in line.told] == [
        (1, 2.0, False, 7),
        (2, 4.25, False, 7),
    ]


@pytest.mark.parametrize(("type_", "mid"), [(Type.ACK, 7), (Type.CON, 900), (Type.NON, 900)])
def test_repeats_tell_whether_the_request_was_answered(type_: Type, mid: int) -> None:
    line = Line()
    line.ask(7)
    line.answer(mid, b"a", type_)
    line.ask(7)
    assert [one["answered"] for one in line.told] == [True]


def test_repeats_know_a_request_that_is_asked_anew_while_it_waits() -> None:
    line = Line()
    for number in range(3):
        line.time = number * 0.5
        line.ask(number, token=bytes((number,)))
    assert [(one["again"], one["waited"], one["anew"]) for one in line.told] == [(1, 0.5, True), (2, 0.5, True)]


def test_repeats_leave_alone_what_is_another_request() -> None:
    line = Line()
    line.ask(1, payload=b"one")
    line.ask(2, token=b"b", payload=b"two")  # asks something else
    line.answer(1, b"a")
    line.ask(3, token=b"c", payload=b"one")  # the first was answered
    line.time = 3.0
    line.ask(4, token=b"d", payload=b"two")  # the second had its time
    line.ask(5, token=b"e", type_=Type.NON, payload=b"two")  # nobody waits for an acknowledgement of it
    line.time = 300.0
    line.ask(1, payload=b"one")  # the ID is free again
    assert not line.told


def test_repeats_pass_over_what_is_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_repeats, "MOST_REMEMBERED", 2)
    line = Line()
    for data in (b"", b"\x40\x01", b"\x40\x00\x00\x01", b"\x40\x45\x00\x01", b"\x80\x01\x00\x01"):
        for _ in range(2):
            line.repeats.came(PEER, data)
            line.repeats.went(PEER, data)
    for mid in range(4):
        line.ask(mid, token=bytes((mid,)), payload=bytes((mid,)))
    line.ask(0, token=b"\0", payload=b"\0")  # it was forgotten, as there is room for two
    assert not line.told


def test_requests_that_a_fault_loses_are_told_all_the_same(world_of: MakeWorld) -> None:
    caller = Caller(world_of("itron"))
    with closing(caller.line):
        caller.open()
        caller.world.faults.add({"match": {"method": "GET", "direction": "in"}, "action": {"kind": "drop"}, "times": 2})
        asked = proxied(caller.uri())
        data = Message(Type.CON, Code.GET, 77, b"tk", asked, b"").encode()
        for _ in range(3):
            caller.line.send(data)
        assert caller.receive().code == Code.CONTENT
        caller.line.send(data)
        assert caller.receive().code == Code.CONTENT
    journal = caller.world.journal
    strikes = [(one.detail["mid"], one.detail["type"]) for one in journal.find(operation="fault")]
    assert strikes == [(77, "CON"), (77, "CON")]
    repeats = journal.find(operation="repeat")
    assert [(one.detail["again"], one.detail["answered"]) for one in repeats] == [(1, False), (2, False), (3, True)]


def test_rejected_notification_ends_the_observation_in_the_journal(world_of: MakeWorld) -> None:
    desk = Desk(world_of("itron"))
    desk.open()
    desk.get("/snsr/arduino/temp?sens", (Option.OBSERVE, 0), token=b"ob")
    desk.world.clock.advance(61)
    notified, source = desk.sent[-1]
    desk.endpoint.receive(Message(Type.RST, Code.EMPTY, notified.mid).encode(), source)
    (entry,) = desk.world.journal.find(operation="observe.end")
    assert (entry.cause, entry.detail["token"], entry.principal) == ("reset", b"ob".hex(), desk.tenants[0].id)


def test_observation_ends_in_the_journal_when_that_is_asked_for_not_when_the_device_answers(
    world_of: MakeWorld,
) -> None:
    desk = Desk(world_of("itron"))
    desk.open()
    desk.observe(token=b"ob")
    desk.mesh.set_conditions(desk.mac(), latency=20)
    desk.request(Code.GET, proxied(desk.uri(), (Option.OBSERVE, 1)), token=b"ob")
    assert desk.last.operation == "observe.end"
    assert desk.last.cause == "deregistered"
    desk.advance(300)
    assert desk.last.operation == "observe.cancel"
