"""What faults do to letters, and what the journal keeps of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.core.test_courier import Receiver
from tests.mocks.support import PATIENCE, START, eventually

from vendorlab.mocks.core.edges.courier import Letter, Outcome
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.mocks.core.journal import Entry


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def world() -> Iterator[World]:
    with World({}, WorldOptions(start=START, rate=0.0)) as made:
        yield made


def fault(world: World, kind: str, /, when: dict[str, Any] | None = None, **action: Any) -> None:
    """A fault for webhooks."""
    match = {"protocol": "webhook", "direction": "out", "operation": "delivery"}
    world.faults.add({"name": kind, "match": match, "when": when or {}, "action": {"kind": kind, **action}})


def send(world: World, receiver: Receiver, *bodies: str, **options: Any) -> list[Outcome]:
    """Send letters one after the other, without waiting; what came of each, by and by."""
    told: list[Outcome] = []
    for body in bodies:
        letter = Letter(vendor="shop", url=receiver.url, body=body.encode(), exchange=body[:1], **options)
        world._send_by().send(letter, told.append)
    return told


def came(receiver: Receiver) -> list[str]:
    return [body.decode() for _, _, body in receiver.came]


def entries(world: World) -> list[Entry]:
    return world.journal.find(protocol="webhook")


def test_letters_to_one_receiver_arrive_in_the_order_in_which_they_were_sent(world: World, receiver: Receiver) -> None:
    bodies = [str(number) for number in range(50)]
    send(world, receiver, *bodies)
    assert world.settle(PATIENCE)
    assert came(receiver) == bodies


def test_slow_receiver_does_not_hold_up_another(world: World, receiver: Receiver) -> None:
    asked = threading.Event()
    receiver.meanwhile = lambda: asked.wait(PATIENCE)
    other = Receiver()
    send(world, receiver, "a", "b")
    told = send(world, other, "c")
    assert eventually(lambda: told == [Outcome(200)])
    asked.set()
    assert world.settle(PATIENCE)
    assert came(receiver) == ["a", "b"]
    other.shutdown()
    other.server_close()


def test_letter_that_is_lost_does_not_arrive_and_its_sender_is_told(world: World, receiver: Receiver) -> None:
    fault(world, "drop", {"nth": 2})
    told = send(world, receiver, "a", "b", "c")
    assert world.settle(PATIENCE)
    assert came(receiver) == ["a", "c"]
    assert sorted(told, key=lambda one: one.error) == [Outcome(200), Outcome(200), Outcome(None, told[0].error)]
    assert told[0].error == "lost, by the fault drop"
    lost = next(one for one in entries(world) if one.fault == "drop")
    assert (lost.status, lost.cause, lost.detail["error"]) == (0, "unreachable", told[0].error)


def test_letter_that_is_repeated_arrives_as_often_and_its_sender_is_told_once(world: World, receiver: Receiver) -> None:
    fault(world, "duplicate", {"nth": 1}, count=2)
    told = send(world, receiver, "a", "b")
    assert world.settle(PATIENCE)
    assert came(receiver) == ["a", "a", "a", "b"]
    assert told == [Outcome(200)] * 2
    assert [(one.cause, one.fault) for one in entries(world)] == [
        ("ok", "duplicate"),
        ("repeated", "duplicate"),
        ("repeated", "duplicate"),
        ("ok", None),
    ]


def test_letter_that_is_overtaken_arrives_behind_those_that_pass_it(world: World, receiver: Receiver) -> None:
    fault(world, "reorder", {"nth": 1}, behind=2, timeout=PATIENCE * 10)
    send(world, receiver, "a", "b", "c", "d")
    assert world.settle(PATIENCE)
    assert came(receiver) == ["b", "c", "a", "d"]


def test_letter_that_nobody_overtakes_goes_on_when_time_is_up(world: World, receiver: Receiver) -> None:
    fault(world, "reorder", timeout=0.02)
    told = send(world, receiver, "a")
    assert world.settle(PATIENCE)
    assert (came(receiver), told) == (["a"], [Outcome(200)])


def test_letter_that_is_late_lets_others_pass(world: World, receiver: Receiver) -> None:
    fault(world, "delay", {"nth": 1}, seconds=0.05)
    told = send(world, receiver, "a", "b")
    assert world.settle(PATIENCE)
    assert (came(receiver), told) == (["b", "a"], [Outcome(200)] * 2)


def test_delay_on_the_worlds_clock_waits_for_it(receiver: Receiver) -> None:
    with World({}, WorldOptions(start=START, rate=0.0, line_on_clock=True)) as world:
        fault(world, "delay", seconds=60)
        told = send(world, receiver, "a")
        assert eventually(lambda: world.clock.timers == 1)
        world.clock.advance(59)
        assert came(receiver) == []
        world.clock.advance(1)
        assert world.settle(PATIENCE)
        assert told == [Outcome(200)]


def test_attempts_of_one_thing_are_counted_by_themselves(world: World, receiver: Receiver) -> None:
    fault(world, "drop", {"nth": 1, "per": "exchange"})
    send(world, receiver, "a1", "b1", "a2", "b2", "a3")
    assert world.settle(PATIENCE)
    assert came(receiver) == ["a2", "b2", "a3"]


def test_fault_may_ask_for_a_letters_principal_device_and_receiver(world: World, receiver: Receiver) -> None:
    peer = receiver.url.split("/")[2]
    match = {"protocol": "webhook", "vendor": "shop", "principal": "ada", "device": "d", "peer": peer, "method": "POST"}
    world.faults.add({"match": match, "action": {"kind": "drop"}})
    send(world, receiver, "a", principal="ada", device="d")
    send(world, receiver, "b", principal="bob", device="d")
    send(world, receiver, "c", principal="ada", device="e")
    assert world.settle(PATIENCE)
    assert came(receiver) == ["b", "c"]


def test_reset_world_forgets_letters_that_were_held(world: World, receiver: Receiver) -> None:
    fault(world, "reorder", timeout=0.02)
    told = send(world, receiver, "a")
    world.reset()
    world.clock.advance(1)  # more than it was to be held
    send(world, receiver, "b")
    assert world.settle(PATIENCE)
    assert (came(receiver), told) == (["b"], [])
    world.stop()


def test_journal_shows_no_secret_of_an_address(world: World, receiver: Receiver) -> None:
    secret, plain = "s" * 30, "hunter2"
    letter = Letter(
        vendor="shop",
        url=f"{receiver.url}/{secret}/x?token=short&a={secret}&b={plain}",
        principal="ada",
        detail={"number": 1},
        is_secret=lambda text: text == plain,
    )
    world._send_by().send(letter, lambda _outcome: "well")
    assert world.settle(PATIENCE)
    (entry,) = entries(world)
    assert secret not in str(entry)
    assert plain not in str(entry)
    assert "short" not in str(entry)
    assert entry.path.startswith(receiver.url + "/#")
    assert (entry.vendor, entry.operation, entry.method, entry.status) == ("shop", "delivery", "POST", 200)
    assert (entry.principal, entry.cause, entry.detail) == ("ada", "well", {"number": 1})


@pytest.mark.parametrize("url", ["", "http://[", "http://127.0.0.1:99999/", "mailto:x", "http://\x00/"])
def test_address_that_is_none_is_an_entry_all_the_same(world: World, url: str) -> None:
    told: list[Outcome] = []
    world._send_by().send(Letter(vendor="shop", url=url), told.append)
    assert world.settle(PATIENCE)
    (entry,) = entries(world)
    assert (entry.status, entry.cause) == (0, "unreachable")
    assert entry.detail["error"] == told[0].error


@pytest.mark.parametrize(
    ("url", "peer"),
    [
        ("http://127.0.0.1/x", "127.0.0.1:80"),
        ("https://localhost", "localhost:443"),
        ("http://[::1]:8080/", "[::1]:8080"),
        ("http://127.0.0.1:x/", "http://127.0.0.1:x/"),
    ],
)
def test_receiver_is_named_as_faults_name_it(url: str, peer: str) -> None:
    assert Letter(vendor="shop", url=url).peer == peer
