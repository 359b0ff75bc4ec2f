"""Snapshots: what a broker knows goes through JSON and comes back; and what it tells whoever listens."""

from __future__ import annotations

import json

import msgspec
import pytest
from tests.mocks.core.mqtt.desk import Desk

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt import saving


def busy() -> Desk:
    """A broker with something of everything in it."""
    desk = Desk()
    desk.core.publish("kept", b"\0\xff", 1, retain=True, properties={"user_property": [("a", "b")]})
    desk.core.publish("short", b"x", retain=True, properties={"message_expiry_interval": 60})
    reader = desk.client("reader", k.V5, properties={"session_expiry_interval": 600})
    reader.subscribe("a/#", qos=2, properties={"subscription_identifier": [7]})
    reader.subscribe("$share/g/b", qos=1)
    for number in range(3):
        desk.core.publish("a/x", b"%d" % number, 2, properties={"correlation_data": b"\xfe"})
    first = reader.got()[0]
    reader.send(p.Ack(k.PUBREC, first.packet_id))
    reader.send(p.Publish("a/y", b"in", 2, packet_id=40))
    reader.got()
    reader.drop()
    desk.core.publish("a/x", b"later", 1)
    desk.client("watcher", clean=False).subscribe("will")
    will = p.Will("will", b"gone", properties={"will_delay_interval": 90})
    desk.client("dying", k.V5, will=will, properties={"session_expiry_interval": 600}).drop()
    desk.client("clean")
    return desk


def carried(desk: Desk) -> Desk:
    """Another broker with the same state, through text."""
    other = Desk()
    other.vendor = desk.vendor
    saving.restore(other.core, json.loads(json.dumps(saving.snapshot(desk.core))))
    return other


def test_state_goes_through_json_and_back() -> None:
    desk = busy()
    before = saving.snapshot(desk.core)
    after = saving.snapshot(carried(desk).core)
    for document in (before, after):
        for session in document["sessions"]:
            session["ends"] = None  # one that was connected begins its interval when it is taken up
    assert before == after
    assert [session["client_id"] for session in before["sessions"]] == ["reader", "watcher", "dying"]


def test_restored_session_goes_on_where_it_was() -> None:
    original, restored = busy(), carried(busy())
    found = [
        desk.client("reader", k.V5, clean=False, present=True, properties={"session_expiry_interval": 600}).got()
        for desk in (original, restored)
    ]
    assert found[0] == found[1]
    assert [type(packet) for packet in found[0]] == [p.Ack, *[p.Publish] * 4]


def test_restored_routes_wills_and_retained_messages_work() -> None:
    desk = carried(busy())
    reader = desk.client("reader", k.V5, clean=False)
    reader.got()
    desk.core.publish("b", b"shared", 1)
    assert reader.messages() == [("b", b"shared")]
    watcher = desk.client("watcher", clean=False, present=True)
    desk.pass_vendor(90)
    assert watcher.messages() == [("will", b"gone")]
    late = desk.client("late", k.V5)
    late.subscribe("#", qos=2)
    assert [packet.topic for packet in late.got()] == ["kept"]


def test_restored_session_expires() -> None:
    desk = carried(busy())
    desk.pass_vendor(601)
    assert list(desk.core.sessions) == ["watcher"]


def test_restoring_cuts_those_who_are_connected() -> None:
    desk = busy()
    document = saving.snapshot(desk.core)
    watcher = desk.client("watcher", clean=False, will=p.Will("will", b"not said"))
    saving.restore(desk.core, document)
    desk.flush()
    assert watcher.closed == "reset"
    assert desk.client("watcher", clean=False, present=True).got() == []


def test_clearing_leaves_nothing() -> None:
    desk = busy()
    saving.clear(desk.core)
    assert saving.snapshot(desk.core) == {"sessions": [], "retained": []}
    assert (desk.core.routes.nodes, desk.core.connections) == (0, set())


def test_document_that_is_none_is_refused_and_changes_nothing() -> None:
    desk = busy()
    before = saving.snapshot(desk.core)
    with pytest.raises(msgspec.ValidationError):
        saving.restore(desk.core, {"sessions": [{"client_id": 5}], "retained": []})
    assert saving.snapshot(desk.core) == before


# --- events ----------------------------------------------------------------------------------------------------------


def test_listener_hears_a_conversation_in_order() -> None:
    desk = Desk()
    events = desk.listen()
    client = desk.client("c", username="ada")
    client.subscribe("a/#", qos=1)
    client.send(p.Publish("a/b", b"xyz", 1, packet_id=3))
    client.send(p.Ack(k.PUBACK, 1))
    client.send(p.Unsubscribe(4, ("a/#", "b")))
    client.leave()
    told = [(event.kind, event.packet, event.topic or event.filters, event.cause) for event in events]
    assert told == [
        ("connect", "CONNECT", (), ""),
        ("subscribe", "SUBSCRIBE", ("a/#",), ""),
        ("publish-in", "PUBLISH", "a/b", ""),
        ("publish-out", "PUBLISH", "a/b", ""),
        ("ack-in", "PUBACK", (), ""),
        ("unsubscribe", "UNSUBSCRIBE", ("a/#", "b"), ""),
        ("disconnect", "", (), "disconnected"),
    ]
    assert {(event.client_id, event.principal, event.version) for event in events} == {("c", "ada", k.V311)}
    assert (events[2].size, events[2].qos, events[2].packet_id) == (3, 1, 3)


@pytest.mark.parametrize(
    ("data", "cause"),
    [(b"\xc0\0", "not-connected"), (b"\x10\x02\0\0", "malformed-connect"), (b"\x10\xff\xff\xff\xff", "broken-length")],
)
def test_listener_hears_why_somebody_was_refused(data: bytes, cause: str) -> None:
    desk = Desk()
    events = desk.listen()
    desk.connection().raw(data)
    assert [(event.kind, event.cause) for event in events] == [("refuse", cause)]


def test_listener_hears_which_rule_was_broken() -> None:
    desk = Desk()
    events = desk.listen()
    desk.client("c").raw(b"\x36\x06\0\x01a\0\x01x")
    assert events[-1].cause == "malformed"
    assert "MQTT-3.3.1-4" in events[-1].text
