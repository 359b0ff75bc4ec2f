"""MQTT 5.0, where a target speaks it: each of the hard cases has a code of its own there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.answers import Property
from vendorlab.contracts.core.mqtt.packets import V5, Kind
from vendorlab.contracts.itron.mqtt.api import alerts, expiry, hello, levels, new_id, subscribe

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.core.mqtt.line import Line
    from vendorlab.contracts.itron.mqtt.api import Broker
    from vendorlab.contracts.itron.mqtt.feed import Feed

pytestmark = pytest.mark.vendorlab("itron-mqtt")

_NOT_AUTHORISED, _BAD_LOGIN = 0x87, 0x86
_ALERT = "alert/001350050000000a/temp"


@pytest.mark.claim("itron-mqtt.five.refused-or-spoken")
def test_connect_of_version_5_is_answered(broker: Broker) -> None:
    """By a broker that speaks it, or with CONNACK 1 in the form of 3.1.1 and the end of the line."""
    line = broker.ask(hello(broker.login(), new_id(), five=True), five=True)
    found = line.reply(Kind.CONNACK)
    assert found.code in (0, 1), f"{found} to a good CONNECT of MQTT 5.0"
    if found.code == 1:
        line.ended()
    else:
        line.ping()


@pytest.mark.claim("itron-mqtt.five.wrong-password")
@pytest.mark.usefixtures("five")
def test_wrong_password_is_refused_with_a_code_of_version_5(broker: Broker) -> None:
    """0x87, or 0x86 if the one who judges says so."""
    line = broker.ask(hello(replace(broker.login(), password="wrong"), new_id(), five=True), five=True)
    found = line.reply(Kind.CONNACK)
    assert found.code in (_NOT_AUTHORISED, _BAD_LOGIN), f"{found} to a wrong password"
    line.ended()


@pytest.mark.claim("itron-mqtt.five.publish-refused")
@pytest.mark.needs("tenancy", "write")
@pytest.mark.parametrize(("qos", "answer"), [(0, None), (1, Kind.PUBACK), (2, Kind.PUBREC)])
def test_tenant_that_publishes_is_told_and_loses_its_line(
    broker: Broker, five: Line, qos: int, answer: Kind | None
) -> None:
    """QoS 1 and 2 are acknowledged with 0x87 first; DISCONNECT 0x87 comes in any case."""
    five.send(packets.publish(levels(broker.login().tree, _ALERT), b"forged", qos=qos, five=True))
    if answer is not None:
        assert five.reply(answer, 1).code == _NOT_AUTHORISED
    five.disconnected(_NOT_AUTHORISED)


@pytest.mark.claim("itron-mqtt.five.subscribe-refused")
@pytest.mark.needs("tenancy")
def test_filter_of_others_is_refused_with_0x87(broker: Broker, five: Line) -> None:
    """For itself, and the line lives."""
    assert subscribe(five, "#", alerts(broker.login().tree)) == (_NOT_AUTHORISED, 0)
    five.ping()


@pytest.mark.claim("itron-mqtt.five.system")
@pytest.mark.needs("write")
def test_publishing_to_the_brokers_own_topics_is_told(five: Line) -> None:
    """DISCONNECT 0x82, protocol error."""
    five.send(packets.publish("$foo/x", b"x", qos=1, five=True))
    five.disconnected(0x82)


@pytest.mark.claim("itron-mqtt.five.topic")
@pytest.mark.needs("write")
@pytest.mark.parametrize("below", ["+", "alert/#"])
def test_publishing_to_a_filter_is_told(broker: Broker, five: Line, below: str) -> None:
    """DISCONNECT 0x90, topic name invalid."""
    five.send(packets.publish(levels(broker.login().tree, below), b"x", qos=1, five=True))
    five.disconnected(0x90)


@pytest.mark.claim("itron-mqtt.five.no-topic")
@pytest.mark.needs("write")
def test_publishing_to_no_topic_is_told(five: Line) -> None:
    """Neither a name nor an alias: a protocol error, or an invalid name."""
    five.send(packets.publish("", b"x", qos=1, five=True))
    _told(five, 0x82, 0x90)


@pytest.mark.claim("itron-mqtt.five.keep-alive")
def test_silent_client_is_told(broker: Broker, five: Line) -> None:
    """DISCONNECT 0x8D after one and a half times its keep-alive."""
    five.close()
    broker.client(five=True, keep_alive=1).disconnected(0x8D, within=3.0)


@pytest.mark.claim("itron-mqtt.five.taken-over")
@pytest.mark.usefixtures("five")
def test_client_that_is_taken_over_is_told(broker: Broker) -> None:
    """DISCONNECT 0x8E."""
    client = new_id()
    old = broker.client(client=client, five=True)
    new = broker.client(client=client, five=True)
    old.disconnected(0x8E)
    new.ping()


@pytest.mark.claim("itron-mqtt.five.connect-twice")
def test_second_connect_ends_the_line_without_a_word(broker: Broker, five: Line) -> None:
    """So HiveMQ does, though version 5 has a code."""
    five.send(hello(broker.login(), new_id(), five=True))
    five.ended()


@pytest.mark.claim("itron-mqtt.five.connect-malformed")
@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("wrong", ["reserved flag", "unknown property", "property twice"])
def test_malformed_connect_is_told(broker: Broker, wrong: str) -> None:
    """Where 3.1.1 has no code, version 5 has 0x81, malformed, and 0x82, protocol error."""
    login = broker.login()
    flags, properties = {
        "reserved flag": (0x01, b""),
        "unknown property": (0, b"\x7f\0"),
        "property twice": (0, expiry(0) * 2),
    }[wrong]
    connect = packets.connect(
        new_id(), username=login.username, password=login.password, level=V5, flags=flags, properties=properties
    )
    line = broker.ask(connect, five=True)
    found = line.reply(Kind.CONNACK)
    assert found.code in (0x81, 0x82), f"{found} to a malformed CONNECT"
    line.ended()


@pytest.mark.claim("itron-mqtt.five.limits")
@pytest.mark.usefixtures("five")
def test_connack_tells_the_brokers_limits(broker: Broker) -> None:
    """Ten unacknowledged messages, five aliases; nothing is said to be missing that HiveMQ has."""
    _, found = broker.answer(five=True)
    assert found.properties.get(Property.RECEIVE_MAXIMUM) == 10, f"{found}"
    assert found.properties.get(Property.TOPIC_ALIAS_MAXIMUM) == 5, f"{found}"
    for each in (Property.WILDCARDS_AVAILABLE, Property.SUBSCRIPTION_IDS_AVAILABLE, Property.SHARED_AVAILABLE):
        assert found.properties.get(each, 1) == 1, f"{found}"


@pytest.mark.claim("itron-mqtt.five.assigned-id")
@pytest.mark.usefixtures("five")
def test_client_without_an_id_is_told_which_it_was_given(broker: Broker) -> None:
    """The property Assigned Client Identifier, another one each time."""
    given = [broker.answer(five=True, client="")[1].properties.get(0x12) for _ in range(2)]
    assert all(isinstance(each, str) and each for each in given), f"{given}"
    assert given[0] != given[1]


@pytest.mark.claim("itron-mqtt.five.alias")
@pytest.mark.needs("write")
@pytest.mark.parametrize(("alias", "codes"), [(0, (0x82, 0x94)), (6, (0x94,)), (65_535, (0x94,))])
def test_alias_beyond_what_was_offered_ends_the_line(
    broker: Broker, five: Line, alias: int, codes: tuple[int, ...]
) -> None:
    """With a reason, before the right to publish is looked at."""
    properties = bytes([Property.TOPIC_ALIAS]) + alias.to_bytes(2)
    topic = levels(broker.login().tree, _ALERT)
    five.send(packets.publish(topic, b"x", qos=0, five=True, properties=properties))
    _told(five, *codes)


@pytest.mark.claim("itron-mqtt.five.too-large")
@pytest.mark.needs("exhaust")
@pytest.mark.usefixtures("five")
def test_packet_over_the_limit_that_was_told_ends_the_line(broker: Broker) -> None:
    """DISCONNECT 0x95, at its header; only where CONNACK tells a limit that MQTT can exceed."""
    line, found = broker.answer(five=True)
    limit = found.properties.get(Property.MAXIMUM_PACKET)
    if not isinstance(limit, int) or limit > packets.LONGEST:
        pytest.skip("the target takes packets as large as MQTT can say")
    line.send(bytes([Kind.PUBLISH << 4]) + packets.length(limit))
    line.disconnected(0x95)


@pytest.mark.claim("itron-mqtt.five.session-ends")
@pytest.mark.needs("clock", "tenancy", "write")
@pytest.mark.usefixtures("five")
def test_session_ends_when_its_time_is_over(broker: Broker, clock: Clock) -> None:
    """A second before it is found, a second after it is not."""
    client = new_id()
    with clock.frozen():
        broker.client(client=client, five=True, properties=expiry(100)).close()
        clock.advance(99)
        line, found = broker.answer(client=client, five=True, clean=False, properties=expiry(100))
        assert found.present, "the session is gone a second before its end"
        line.close()
        clock.advance(101)
        _, found = broker.answer(client=client, five=True, clean=False)
        assert not found.present, "the session is there a second after its end"


@pytest.mark.claim("itron-mqtt.five.session-of-its-line")
@pytest.mark.needs("write")
@pytest.mark.usefixtures("five")
def test_session_without_an_expiry_ends_with_its_line(broker: Broker) -> None:
    """Though it was not to be a new one: in version 5 these are two things."""
    client = new_id()
    for _ in range(2):
        line, found = broker.answer(client=client, five=True, clean=False)
        assert not found.present, "a session without expiry was kept"
        line.close()


@pytest.mark.claim("itron-mqtt.five.alerts")
def test_alerts_come_in_version_5_too(broker: Broker, five: Line, feed: Feed) -> None:
    """With the same topics and payloads as to a client of 3.1.1 beside it."""
    tree, old = broker.login().tree, broker.client()
    for line in (five, old):
        assert subscribe(line, alerts(tree)) == (0,)
    feed.some(five, old)
    five.ping()
    old.ping()
    both = [{(each.topic, each.payload) for each in line.messages} for line in (five, old)]
    assert both[0] == both[1]


def _told(line: Line, *codes: int) -> None:
    __tracebackhide__ = True
    found = line.last_word()
    assert found is not None, "the line was ended without DISCONNECT"
    assert found.kind is Kind.DISCONNECT, f"{found} came where DISCONNECT is due"
    assert found.code in codes, f"{found} came where one of {[f'{each:#04x}' for each in codes]} is due"
    line.ended()
