"""The gates: every action at every place of a stream, exactly; what is held; and what an idle gate asks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core import gates as gates_module
from vendorlab.mocks.core.actions import Cut, Drop
from vendorlab.mocks.core.exchanges import Exchanges
from vendorlab.mocks.core.faults import FaultPlan
from vendorlab.mocks.core.gates import DatagramGate, PacketGate, label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vendorlab.mocks.core.rules import Direction

PEER = ("127.0.0.1", 40_001)
SIX = [bytes([65 + number]) * 4 for number in range(6)]


@dataclass
class HandLater:
    """Line time by hand."""

    now: float = 0.0
    waiting: list[tuple[float, Callable[[], None], list[bool]]] = field(default_factory=list[Any])

    def __call__(self, seconds: float, callback: Callable[[], None], /) -> Any:
        cancelled: list[bool] = []
        self.waiting.append((self.now + seconds, callback, cancelled))

        class Handle:
            def cancel(self) -> None:
                cancelled.append(True)

        return Handle()

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        due = [one for one in self.waiting if one[0] <= self.now]
        self.waiting = [one for one in self.waiting if one[0] > self.now]
        for _, callback, cancelled in due:
            if not cancelled:
                callback()


class Line:
    """A gate with all that goes through it, in order of arrival at the other end."""

    def __init__(self, *rules: dict[str, Any], seed: int = 7) -> None:
        self.plan = FaultPlan(seed)
        for rule in rules:
            self.plan.add(rule)
        self.later = HandLater()
        self.out: list[tuple[float, Any, bytes]] = []
        self.gate = DatagramGate(
            self.plan,
            vendor="itron",
            protocol="coap",
            later=self.later,
            emit=lambda _, peer, data: self.out.append((self.later.now, peer, data)),
        )

    def send(self, data: bytes, direction: Direction = "in", peer: Any = PEER, **described: str) -> None:
        sends = self.gate(direction, peer, data, lambda: described)
        for delay, one in [(0.0, data)] if sends is None else sends:
            self.out.append((self.later.now + delay, peer, one))

    def carry(self, datagrams: Sequence[bytes] = SIX) -> list[bytes]:
        """What arrives, in order of arrival."""
        for data in datagrams:
            self.send(data)
        return [data for _, _, data in sorted(self.out, key=lambda one: one[0])]


# --- every action at every place -------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(6))
def test_drop_loses_exactly_the_one(place: int) -> None:
    assert Line({"action": {"kind": "drop"}, "when": {"nth": place + 1}}).carry() == SIX[:place] + SIX[place + 1 :]


@pytest.mark.parametrize("place", range(6))
def test_duplicate_repeats_exactly_the_one(place: int) -> None:
    line = Line({"action": {"kind": "duplicate", "count": 2}, "when": {"nth": place + 1}})
    assert line.carry() == [*SIX[:place], SIX[place], SIX[place], *SIX[place:]]


def test_copies_come_with_gaps() -> None:
    line = Line({"action": {"kind": "duplicate", "count": 2, "gap": 0.5}})
    assert line.gate("in", PEER, b"x", dict) == [(0.0, b"x"), (0.5, b"x"), (1.0, b"x")]


@pytest.mark.parametrize("place", range(6))
def test_delay_holds_back_exactly_the_one(place: int) -> None:
    line = Line({"action": {"kind": "delay", "seconds": 2}, "when": {"nth": place + 1}})
    assert line.carry() == [*SIX[:place], *SIX[place + 1 :], SIX[place]]
    assert max(line.out) == (2.0, PEER, SIX[place])


@pytest.mark.parametrize("behind", range(1, 7))
@pytest.mark.parametrize("place", range(6))
def test_reorder_lets_exactly_so_many_overtake(place: int, behind: int) -> None:
    line = Line({"action": {"kind": "reorder", "behind": behind, "timeout": 9}, "when": {"nth": place + 1}})
    rest = [*SIX[:place], *SIX[place + 1 :]]
    late = place + behind
    released = late <= len(rest)
    assert line.carry() == ([*rest[:late], SIX[place], *rest[late:]] if released else rest)
    assert line.gate.held == (0 if released else 1)
    line.later.pass_by(9)
    assert (line.out[-1] == (9.0, PEER, SIX[place])) is not released
    assert (line.gate.held, len(line.out)) == (0, 6)


@pytest.mark.parametrize("place", range(6))
def test_truncate_shortens_exactly_the_one(place: int) -> None:
    line = Line({"action": {"kind": "truncate", "after": 1}, "when": {"nth": place + 1}})
    assert line.carry() == [*SIX[:place], SIX[place][:1], *SIX[place + 1 :]]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"offset": 0, "bit": 0}, b"\x01\x00\x00"),
        ({"offset": 1, "bit": 7}, b"\x00\x80\x00"),
        ({"offset": -1, "bit": 1}, b"\x00\x00\x02"),
        ({"offset": 99, "bit": 1}, b"\x00\x00\x02"),
        ({"offset": -99, "byte": 255}, b"\xff\x00\x00"),
        ({"offset": 2, "byte": 0}, b"\x00\x00\x00"),
    ],
    ids=str,
)
def test_corrupt_spoils_the_byte_that_it_names(action: dict[str, int], expected: bytes) -> None:
    assert Line({"action": {"kind": "corrupt", **action}}).carry([bytes(3)]) == [expected]


def test_corrupt_draws_its_bit_from_the_seed() -> None:
    def spoiled(seed: int) -> list[bytes]:
        return Line({"name": "x", "action": {"kind": "corrupt"}}, seed=seed).carry([bytes(8)] * 20)

    assert spoiled(7) == spoiled(7) != spoiled(8)
    assert all(sum(byte.bit_count() for byte in one) == 1 for one in spoiled(7))
    assert len(set(spoiled(7))) > 10, "each strike draws anew"


@pytest.mark.parametrize("kind", ["corrupt", "truncate"])
def test_empty_datagram_cannot_be_spoiled(kind: str) -> None:
    details = {"after": 3} if kind == "truncate" else {}
    assert Line({"action": {"kind": kind, **details}}).carry([b""]) == [b""]


# --- what is held ----------------------------------------------------------------------------------------------------


def test_only_what_goes_the_same_way_overtakes() -> None:
    line = Line({"action": {"kind": "reorder"}, "when": {"nth": 1}})
    line.send(b"held")
    line.send(b"other way", "out")
    line.send(b"other peer", peer=("127.0.0.1", 40_002))
    assert line.gate.held == 1
    line.send(b"later")
    assert [data for _, _, data in line.out] == [b"other way", b"other peer", b"later", b"held"]


def test_what_is_lost_overtakes_nothing() -> None:
    line = Line({"action": {"kind": "reorder"}, "when": {"nth": 1}}, {"action": {"kind": "drop"}, "when": {"nth": 2}})
    assert line.carry(SIX[:4]) == [SIX[2], SIX[0], SIX[3]]


def test_what_is_late_itself_takes_along_what_it_overtakes() -> None:
    line = Line(
        {"action": {"kind": "reorder"}, "when": {"nth": 1}},
        {"action": {"kind": "delay", "seconds": 3}, "when": {"nth": 2}},
    )
    assert line.carry(SIX[:3]) == [SIX[2], SIX[1], SIX[0]]


def test_held_ones_come_in_their_order() -> None:
    line = Line({"action": {"kind": "reorder", "behind": 2}, "when": {"last": 2}})
    assert line.carry(SIX[:5]) == [SIX[2], SIX[3], SIX[0], SIX[1], SIX[4]]


def test_removed_rule_lets_go_of_what_it_holds() -> None:
    line = Line({"action": {"kind": "reorder"}})
    line.send(b"held")
    line.plan.clear()
    assert line.carry([b"later", b"last"]) == [b"later", b"held", b"last"]
    line.later.pass_by(10)
    assert len(line.out) == 3, "its time-out is called off"


def test_held_datagrams_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates_module, "MOST_HELD", 2)
    line = Line({"action": {"kind": "reorder", "behind": 2}})
    assert line.carry(SIX[:4]) == [SIX[2], SIX[3], SIX[0], SIX[1]]


def shape(**members: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with these members, each drawn or always the same."""
    return st.fixed_dictionaries({name: one if hasattr(one, "map") else st.just(one) for name, one in members.items()})


ACTIONS = st.one_of(
    shape(kind="drop"),
    shape(kind="duplicate", count=st.integers(1, 3)),
    shape(kind="reorder", behind=st.integers(1, 4), timeout=50.0),
    shape(kind="delay", seconds=st.integers(0, 5)),
)
WHENS = st.one_of(shape(nth=st.integers(1, 10)), shape(every=st.integers(1, 5), per="peer"), shape(chance=0.4))
DIRECTIONS: st.SearchStrategy[Direction] = st.sampled_from(("in", "out"))


@given(
    st.lists(st.tuples(st.sampled_from("ab"), DIRECTIONS), max_size=30),
    st.lists(shape(action=ACTIONS, when=WHENS), max_size=4),
)
def test_nothing_but_what_the_rules_take_is_lost_and_all_again_is_the_same(
    passing: list[tuple[str, Direction]], rules: list[dict[str, Any]]
) -> None:
    def arrived() -> tuple[list[Any], FaultPlan]:
        line = Line(*rules)
        for number, (peer, direction) in enumerate(passing):
            line.send(number.to_bytes(1), direction, peer)
        line.later.pass_by(100)
        assert line.gate.held == 0
        return line.out, line.plan

    out, plan = arrived()
    assert out == arrived()[0]
    counts = {"drop": 0, "duplicate": 0}
    for rule in plan.rules():
        kind = rule["action"]["kind"]
        if kind in counts:
            counts[kind] += rule["struck"] * rule["action"].get("count", 1)
    assert len(out) == len(passing) - counts["drop"] + counts["duplicate"]
    assert {(peer, data) for _, peer, data in out} <= {(peer, bytes([n])) for n, (peer, _) in enumerate(passing)}


# --- an idle gate, and what it is told -------------------------------------------------------------------------------


def nobody() -> dict[str, str]:
    raise AssertionError("nobody asked what it is")


def test_gate_without_a_rule_for_it_passes_all_and_asks_nothing() -> None:
    line = Line({"action": {"kind": "cut"}}, {"action": {"kind": "status", "status": 503}})
    assert line.gate("in", PEER, b"x", nobody) is None
    line.plan.add({"action": {"kind": "drop"}, "match": {"direction": "out", "peer": "127.0.0.1:40001"}})
    assert line.gate("in", PEER, b"x", nobody) is None
    assert line.gate("out", PEER, b"x", nobody) == []


def test_message_is_described_once_for_all_rules() -> None:
    line = Line(*({"action": {"kind": "drop"}, "match": {"type": "ACK", "device": name}} for name in "abc"))
    asked: deque[None] = deque()

    def describe() -> dict[str, str]:
        asked.append(None)
        return {"type": "ACK", "device": "c"}

    assert line.gate("in", PEER, b"x", describe) == []
    assert len(asked) == 1


def test_every_datagram_is_described_while_exchanges_are_counted() -> None:
    watched = Exchanges()
    rule = {
        "action": {"kind": "drop"},
        "match": {"direction": "in", "type": "ACK"},
        "when": {"per": "exchange", "nth": 1},
    }
    plan = FaultPlan(7)
    plan.add(rule)
    gate = DatagramGate(plan, vendor="itron", protocol="coap")
    request, answer = bytes([0x41, 2, 0, 1, 9]), bytes([0x41, 0x44, 0, 7, 9])
    acknowledged = [bytes([0x60, 0, 0, 1]), bytes([0x60, 0, 0, 7])]
    passing: list[tuple[Direction, bytes]] = [
        ("in", request), ("out", acknowledged[0]), ("out", answer), ("in", acknowledged[1]), ("in", acknowledged[1]),
    ]  # fmt: skip
    sends = [gate(way, PEER, data, partial(watched.describe, way, PEER, data)) for way, data in passing]
    assert sends == [None, None, None, [], None], "the second acknowledgement belongs to the same exchange"


@pytest.mark.parametrize("told", ["operation", "method", "device"])
def test_answer_is_struck_by_what_its_request_told(told: str) -> None:
    plan = FaultPlan(7)
    plan.add({"action": {"kind": "drop"}, "match": {"protocol": "coap", "direction": "out", told: "POST"}})
    gate = DatagramGate(plan, vendor="itron", protocol="coap")
    watched: dict[str, str] = {}

    def describe(direction: Direction) -> dict[str, str]:
        if direction == "in":
            watched[told] = "POST"  # as an edge keeps what it learns of an exchange
        return watched

    assert gate("in", PEER, b"request", lambda: describe("in")) is None
    assert gate("out", PEER, b"answer", lambda: describe("out")) == []


def test_strikes_are_counted_and_told() -> None:
    told: list[tuple[str, str, Any]] = []
    plan = FaultPlan(7)
    plan.add({"name": "gone", "action": {"kind": "drop"}, "when": {"every": 2}})
    gate = DatagramGate(
        plan, vendor="itron", protocol="udp", told=lambda strike, way, peer: told.append((strike.rule.name, way, peer))
    )
    for _ in range(4):
        gate("out", PEER, b"x", dict)
    assert told == [("gone", "out", PEER)] * 2
    assert gate.counts == {"drop": 2}


@pytest.mark.parametrize(
    ("peer", "text"),
    [(PEER, "127.0.0.1:40001"), (("::1", 5683, 0, 0), "[::1]:5683"), ("meter-7", "meter-7")],
)
def test_address_is_named_as_people_write_it(peer: Any, text: str) -> None:
    assert label(peer) == text


# --- packets ---------------------------------------------------------------------------------------------------------


def test_packet_is_struck_by_type_topic_and_session() -> None:
    plan = FaultPlan(7)
    plan.add(
        {"action": {"kind": "drop"}, "when": {"nth": 2, "per": "session"},
         "match": {"type": "PUBLISH", "topic": "+/alert/#", "direction": "out"}}
    )  # fmt: skip
    gate = PacketGate(plan, vendor="itron")

    def struck(session: str, packet: str = "PUBLISH", topic: str = "tn/alert/0a/temp", way: Direction = "out") -> bool:
        return gate(way, PEER, packet, lambda: {"session": session, "topic": topic}) is not None

    assert not any([struck("a", "PUBACK"), struck("a", topic="tn/other"), struck("a", way="in")])
    assert [struck("a"), struck("b"), struck("a"), struck("b"), struck("a")] == [False, False, True, True, False]
    assert gate.counts == {"drop": 2}


def test_packet_of_several_topics_is_struck_by_any() -> None:
    plan = FaultPlan(7)
    plan.add({"action": {"kind": "refuse"}, "match": {"topic": "b/+", "peer": "127.0.0.1:9"}})
    gate = PacketGate(plan, vendor="itron")

    def struck(topic: str, peer: str = "127.0.0.1:9") -> bool:
        return gate("in", object(), "SUBSCRIBE", lambda: {"topic": topic, "peer": peer}) is not None

    assert [struck("a/x\0b/x"), struck("b/x"), struck("a/x\0c"), struck("b/x", "[::1]:9")] == [True, True, False, False]


def test_packet_gate_says_what_to_do_and_how() -> None:
    plan = FaultPlan(7)
    gate = PacketGate(plan, vendor="itron")
    assert gate("in", PEER, "CONNECT", nobody) is None
    plan.add({"action": {"kind": "cut"}, "phase": "before", "when": {"nth": 1}})
    plan.add({"action": {"kind": "corrupt", "offset": 0, "byte": 9}, "match": {"type": "PUBACK"}})
    cut, spoiled = (gate("in", PEER, packet, nobody) for packet in ("CONNECT", "PUBACK"))
    assert cut is not None
    assert (cut.action, cut.rule.runs_handler) == (Cut(), False)
    assert spoiled is not None
    assert spoiled.spoil(b"\x40\x02\x00\x01") == b"\x09\x02\x00\x01"


def test_strike_of_another_action_spoils_nothing() -> None:
    plan = FaultPlan(7)
    plan.add({"action": {"kind": "drop"}})
    struck = PacketGate(plan, vendor="itron")("in", PEER, "PUBLISH", nobody)
    assert struck is not None
    assert (struck.action, struck.spoil(b"x")) == (Drop(), b"x")
