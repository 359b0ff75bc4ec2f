"""Subscriptions, wills and expiry: what a session holds, what is said when its client is gone, and when it ends."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.mocks.core.mqtt.desk import ALL, BOTH, Desk

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.policy import Anybody
from vendorlab.mocks.core.mqtt.profiles import HIVEMQ4, Bounds
from vendorlab.mocks.core.mqtt.topics import DEEPEST

NEVER = 0xFFFF_FFFF


class Tenants(Anybody):
    """Everybody may subscribe below his own name, spelled out."""

    def may_subscribe(self, principal: str, topic_filter: str) -> bool:
        return topic_filter.split("/", maxsplit=1)[0] == principal


# --- subscriptions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ALL)
def test_subscribe_is_answered_with_a_code_for_each_filter(version: int) -> None:
    """MQTT-3.8.4-1, -2 and -5, MQTT-3.9.3-1: same id, same order."""
    client = Desk().client("c", version)
    wanted = tuple(p.Subscription(f"t/{qos}", qos) for qos in (2, 0, 1))
    client.send(p.Subscribe(513, wanted))
    assert client.one(p.Suback) == p.Suback(513, (2, 0, 1))


@pytest.mark.parametrize(("version", "refusal"), [(k.V311, 0x80), (k.V5, 0x87)])
def test_refused_filter_leaves_the_others_and_the_connection(version: int, refusal: int) -> None:
    desk = Desk(policy=Tenants())
    client = desk.client("c", version, username="ada")
    answer = client.subscribe("ada/#", "#", "+/x", "eve/x", "ada/+", qos=1)
    assert answer.codes == (1, refusal, refusal, refusal, 1)
    assert sorted(desk.core.sessions["c"].subscriptions) == ["ada/#", "ada/+"]
    assert client.closed is None


def test_refused_filter_ends_a_connection_of_version_31() -> None:
    """Its SUBACK has no word for a refusal; so HiveMQ does."""
    client = Desk(policy=Tenants()).client("c", k.V31, username="ada")
    client.send(p.Subscribe(1, (p.Subscription("eve/x"),)))
    assert (client.closed, client.got()) == ("close", [])


def test_shared_filter_is_judged_by_what_it_matches() -> None:
    client = Desk(policy=Tenants()).client("c", k.V5, username="ada")
    assert client.subscribe("$share/g/ada/x", "$share/ada/eve/x", qos=0).codes == (0, 0x87)


def test_unsubscribe_is_answered_and_takes_only_what_it_names() -> None:
    """MQTT-3.10.4-1, -4 and -5; filters are compared character by character."""
    desk = Desk()
    client = desk.client("c")
    client.subscribe("a/+", "a/b", qos=0)
    client.send(p.Unsubscribe(9, ("a/+", "never")))
    assert client.one(p.Unsuback).packet_id == 9
    desk.core.publish("a/b", b"1")
    desk.core.publish("a/c", b"2")
    assert client.messages() == [("a/b", b"1")]


def test_unsubscribe_tells_version_5_what_was_there() -> None:
    client = Desk().client("c", k.V5)
    client.subscribe("a", qos=0)
    client.send(p.Unsubscribe(9, ("a", "never")))
    assert client.one(p.Unsuback) == p.Unsuback(9, (0x00, 0x11))


def test_topic_with_a_dollar_is_not_matched_by_a_leading_wildcard() -> None:
    """MQTT-4.7.2-1."""
    desk = Desk()
    client = desk.client("c")
    client.subscribe("#", "+/x", qos=0)
    desk.core.publish("$SYS/x", b"1", retain=True)
    assert client.messages() == []
    client.subscribe("$SYS/#", qos=0)
    assert client.messages() == [("$SYS/x", b"1")]


def test_filter_of_too_many_levels_ends_the_connection() -> None:
    client = Desk().client("c", k.V5)
    client.subscribe("/" * (DEEPEST - 1), qos=0)
    client.send(p.Subscribe(1, (p.Subscription("/" * DEEPEST),)))
    assert [packet.code for packet in client.got()] == [0x8F]


@pytest.mark.parametrize(("version", "refusal"), [(k.V311, 0x80), (k.V5, 0x97)])
def test_filters_of_a_session_are_bounded(version: int, refusal: int) -> None:
    desk = Desk(bounds=Bounds(filters=3))
    client = desk.client("c", version)
    assert client.subscribe(*(f"t/{number}" for number in range(5)), qos=0).codes == (0, 0, 0, refusal, refusal)
    assert client.subscribe("t/0", qos=1).codes == (1,)


def test_filters_of_all_sessions_are_bounded() -> None:
    desk = Desk(bounds=Bounds(nodes=10))
    codes = desk.client("c").subscribe(*(f"{number}/a/b" for number in range(5)), qos=0).codes
    assert codes == (0, 0, 0, 0x80, 0x80)
    assert desk.core.routes.nodes <= 10


def test_ten_thousand_filters_cost_a_publisher_little() -> None:
    desk = Desk()
    client = desk.client("c")
    for start in range(0, 10_000, 1_000):
        client.subscribe(*(f"+/{number}/#" for number in range(start, start + 1_000)), qos=0)
    desk.core.publish("a/77/x", b"1")
    desk.core.publish("a/10000/x", b"2")
    assert client.messages() == [("a/77/x", b"1")]
    client.drop()
    assert desk.core.routes.nodes == 0


# --- wills -----------------------------------------------------------------------------------------------------------


def watch(desk: Desk, topic: str = "will") -> Any:
    watcher = desk.client("watcher")
    watcher.subscribe(topic, qos=2)
    return watcher


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_will_is_published_when_the_line_is_lost(version: int, qos: int) -> None:
    """MQTT-3.1.2-8, MQTT-3.1.2-16 and -17."""
    desk = Desk()
    watcher = watch(desk)
    desk.client("c", version, will=p.Will("will", b"gone", qos)).drop()
    message = watcher.one(p.Publish)
    assert (message.topic, message.payload, message.qos) == ("will", b"gone", qos)


@pytest.mark.parametrize("end", ["keep-alive", "malformed", "taken over", "second CONNECT", "by hand"])
def test_will_is_published_at_every_end_that_is_no_good_bye(end: str) -> None:
    """MQTT-3.1.2-8."""
    desk = Desk()
    watcher = watch(desk)
    client = desk.client("c", keep_alive=5, will=p.Will("will", b"gone"))
    if end == "keep-alive":
        watcher.connection.keep_alive = 0
        desk.pass_line(8)
    elif end == "malformed":
        client.raw(b"\x00\x00")
    elif end == "taken over":
        desk.client("c")
    elif end == "by hand":
        desk.core.disconnect("c")
    else:
        client.send(p.Connect("c"))
    assert watcher.messages() == [("will", b"gone")]


@pytest.mark.parametrize("version", BOTH)
def test_will_is_forgotten_at_a_good_bye(version: int) -> None:
    """MQTT-3.1.2-10, MQTT-3.14.4-3."""
    desk = Desk()
    watcher = watch(desk)
    desk.client("c", version, will=p.Will("will", b"gone")).leave()
    assert watcher.got() == []


@pytest.mark.parametrize("code", [0x04, 0x80, 0x87])
def test_will_is_published_when_the_good_bye_asks_for_it(code: int) -> None:
    desk = Desk()
    watcher = watch(desk)
    desk.client("c", k.V5, will=p.Will("will", b"gone")).leave(code)
    assert watcher.messages() == [("will", b"gone")]


def test_will_may_be_retained() -> None:
    """MQTT-3.1.2-17."""
    desk = Desk()
    desk.client("c", will=p.Will("will", b"gone", retain=True)).drop()
    watcher = watch(desk)
    assert watcher.one(p.Publish).retain is True


def test_delayed_will_waits_on_the_worlds_clock() -> None:
    """MQTT-3.1.3-9 of 5.0."""
    desk = Desk()
    watcher = watch(desk)
    will = p.Will("will", b"gone", properties={"will_delay_interval": 30})
    desk.client("c", k.V5, will=will, properties={"session_expiry_interval": 100}).drop()
    desk.pass_line(1_000)
    desk.pass_vendor(29)
    assert watcher.got() == []
    desk.pass_vendor(1)
    assert watcher.messages() == [("will", b"gone")]


def test_delayed_will_is_forgotten_when_the_client_comes_back() -> None:
    """MQTT-3.1.3-9 of 5.0."""
    desk = Desk()
    watcher = watch(desk)
    properties = {"session_expiry_interval": 100}
    will = p.Will("will", b"gone", properties={"will_delay_interval": 30})
    desk.client("c", k.V5, will=will, properties=properties).drop()
    desk.client("c", k.V5, clean=False, properties=properties, present=True)
    desk.pass_vendor(1_000)
    assert watcher.got() == []


@pytest.mark.parametrize("expiry", [0, 10])
def test_delayed_will_is_published_when_the_session_ends_first(expiry: int) -> None:
    desk = Desk()
    watcher = watch(desk)
    will = p.Will("will", b"gone", properties={"will_delay_interval": 1_000})
    desk.client("c", k.V5, will=will, properties={"session_expiry_interval": expiry}).drop()
    desk.pass_vendor(expiry)
    assert watcher.messages() == [("will", b"gone")]


def test_delayed_will_is_published_when_a_clean_start_ends_the_session() -> None:
    desk = Desk()
    watcher = watch(desk)
    will = p.Will("will", b"gone", properties={"will_delay_interval": 1_000})
    desk.client("c", k.V5, will=will, properties={"session_expiry_interval": 2_000}).drop()
    desk.client("c", k.V5, clean=True)
    assert watcher.messages() == [("will", b"gone")]


def test_will_keeps_its_properties() -> None:
    """MQTT 5, 3.1.3.2: all but the delay."""
    desk = Desk()
    watcher = desk.client("watcher", k.V5)
    watcher.subscribe("will", qos=0)
    will = p.Will(
        "will", b"", properties={"will_delay_interval": 0, "content_type": "x", "user_property": [("a", "b")]}
    )
    desk.client("c", k.V5, will=will).drop()
    assert watcher.one(p.Publish).properties == {"content_type": "x", "user_property": [("a", "b")]}


# --- expiry ----------------------------------------------------------------------------------------------------------


def test_session_expires_on_the_worlds_clock() -> None:
    """MQTT-3.1.2-23 of 5.0."""
    desk = Desk()
    client = desk.client("c", k.V5, properties={"session_expiry_interval": 60})
    desk.pass_vendor(1_000)
    client.drop()
    desk.pass_vendor(59)
    assert "c" in desk.core.sessions
    desk.pass_vendor(1)
    assert desk.core.sessions == {}
    assert desk.core.next_expiry() is None


def test_session_that_comes_back_begins_its_interval_anew() -> None:
    desk = Desk()
    for _ in range(5):
        desk.client("c", k.V5, clean=False, properties={"session_expiry_interval": 60}).drop()
        desk.pass_vendor(50)
    assert "c" in desk.core.sessions
    desk.pass_vendor(10)
    assert desk.core.sessions == {}


@pytest.mark.parametrize("version", BOTH)
def test_session_may_be_kept_for_ever(version: int) -> None:
    desk = Desk()
    desk.client("c", version, clean=False, properties={"session_expiry_interval": NEVER}).drop()
    desk.pass_vendor(100 * 365 * 86_400)
    assert "c" in desk.core.sessions


def test_clean_start_and_expiry_are_two_things_in_version_5() -> None:
    desk = Desk()
    desk.client("c", k.V5, clean=False).drop()
    assert desk.core.sessions == {}
    desk.client("c", k.V5, clean=True, properties={"session_expiry_interval": 9}).drop()
    assert "c" in desk.core.sessions


def test_good_bye_may_change_the_interval() -> None:
    """MQTT 5, 3.14.2.2.2."""
    desk = Desk()
    desk.client("c", k.V5, properties={"session_expiry_interval": 60}).leave(session_expiry_interval=5)
    desk.pass_vendor(5)
    assert desk.core.sessions == {}
    desk.client("d", k.V5, properties={"session_expiry_interval": 60}).leave(session_expiry_interval=0)
    assert desk.core.sessions == {}


def test_good_bye_may_not_keep_what_was_to_end() -> None:
    """MQTT-3.1.2-23 and 3.14.2.2.2: a protocol error."""
    desk = Desk()
    client = desk.client("c", k.V5)
    client.send(p.Disconnect(0, {"session_expiry_interval": 5}))
    assert [packet.code for packet in client.got()] == [0x82]
    assert desk.core.sessions == {}


def test_broker_may_keep_sessions_for_less_than_is_asked() -> None:
    """MQTT 5, 3.2.2.3.2: it says so."""
    desk = Desk(msgspec.structs.replace(HIVEMQ4, longest_expiry=100))
    for asked in (NEVER, 101):
        client = desk.connection(k.V5).send(p.Connect("c", k.V5, properties={"session_expiry_interval": asked}))
        assert client.one(p.Connack).properties.get("session_expiry_interval") == 100
    client.drop()
    desk.client("3", clean=False).drop()
    desk.pass_vendor(100)
    assert desk.core.sessions == {}


def test_broker_says_when_something_is_to_expire_sooner() -> None:
    desk = Desk()
    heard: list[int | None] = []
    desk.core.on_expiry = lambda: heard.append(desk.core.next_expiry())
    for expiry in (60, 90, 30):
        desk.client(f"c{expiry}", k.V5, properties={"session_expiry_interval": expiry}).drop()
    assert heard == [desk.vendor + 60_000_000, desk.vendor + 30_000_000]


def test_sessions_that_come_back_often_leave_nothing_behind() -> None:
    desk = Desk()
    for _ in range(5_000):
        desk.client("c", k.V5, clean=False, properties={"session_expiry_interval": 1_000_000}).drop()
    assert len(desk.core._expiries._heap) < 2_000
    desk.pass_vendor(1_000_001)
    assert desk.core.sessions == {}


def test_forgotten_session_is_new_when_its_client_comes_again() -> None:
    desk = Desk()
    watcher = watch(desk)
    client = desk.client("c", clean=False, will=p.Will("will", b""))
    client.subscribe("a")
    assert desk.core.forget_session("c")
    assert (watcher.got(), client.closed) == ([], "reset")
    assert not desk.core.forget_session("c")
    desk.client("c", clean=False, present=False).drop()
    assert desk.core.forget_session("c")
    desk.client("c", clean=False, present=False)
