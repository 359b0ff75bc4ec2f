"""PUBLISH by a client: tenants only listen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.packets import DUP, RETAIN, Kind
from vendorlab.contracts.itron.mqtt.api import alerts, levels, subscribe

if TYPE_CHECKING:
    from vendorlab.contracts.core.mqtt.line import Line
    from vendorlab.contracts.itron.mqtt.api import Broker

pytestmark = [pytest.mark.vendorlab("itron-mqtt"), pytest.mark.needs("write")]

_ALERT = "alert/001350050000000a/temp"


@pytest.mark.claim("itron-mqtt.publish.refused")
@pytest.mark.needs("tenancy")
@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("below", [_ALERT, "of/its/own"])
def test_tenant_that_publishes_in_its_own_tree_loses_its_line(broker: Broker, line: Line, below: str, qos: int) -> None:
    """Without an acknowledgement, whatever the QoS."""
    line.send(packets.publish(levels(broker.login().tree, below), b"forged", qos=qos))
    line.ended()


@pytest.mark.claim("itron-mqtt.publish.stranger")
@pytest.mark.needs("tenancy")
@pytest.mark.parametrize("topic", [f"TN00000000-0000-4000-8000-000000000000/{_ALERT}", f"ssni/{_ALERT}", "a"])
def test_tenant_that_publishes_elsewhere_loses_its_line(line: Line, topic: str) -> None:
    """The same."""
    line.send(packets.publish(topic, b"forged", qos=1))
    line.ended()


@pytest.mark.claim("itron-mqtt.publish.unheard")
@pytest.mark.needs("tenancy")
def test_what_a_tenant_publishes_reaches_nobody(broker: Broker, line: Line) -> None:
    """Neither those who are there nor, retained, those who come."""
    tree = broker.login().tree
    topic = levels(tree, _ALERT)
    listener = broker.client()
    assert subscribe(listener, alerts(tree)) == (0,)
    line.send(packets.publish(topic, b"forged", flags=RETAIN))
    line.ended()
    late = broker.client()
    assert subscribe(late, topic) == (0,)
    late.ping()
    if late.messages:  # nothing is to be left behind, by a broker that should not have taken it either
        broker.client().send(packets.publish(topic, flags=RETAIN))
    listener.ping()
    for each in (listener, late):
        assert [found.payload for found in each.messages if found.payload == b"forged"] == []


@pytest.mark.claim("itron-mqtt.publish.system")
@pytest.mark.parametrize("topic", ["$SYS/broker/uptime", "$foo/x", "$share/group/a"])
def test_publishing_to_the_brokers_own_topics_ends_the_line(line: Line, topic: str) -> None:
    """Whoever does it, and without an acknowledgement."""
    line.send(packets.publish(topic, b"x", qos=1))
    line.ended()


@pytest.mark.claim("itron-mqtt.publish.wildcard")
@pytest.mark.parametrize("below", ["+", "#", "alert/+/temp", "a+b"])
def test_publishing_to_a_filter_ends_the_line(broker: Broker, line: Line, below: str) -> None:
    """A topic has no wildcards."""
    line.send(packets.publish(levels(broker.login().tree, below), b"x", qos=1))
    line.ended()


@pytest.mark.claim("itron-mqtt.publish.no-topic")
def test_publishing_to_an_empty_topic_ends_the_line(line: Line) -> None:
    """A topic has a character at least."""
    line.send(packets.publish("", b"x", qos=1))
    line.ended()


@pytest.mark.claim("itron-mqtt.publish.malformed")
@pytest.mark.parametrize("wrong", ["QoS 3", "identifier 0", "repeated with QoS 0", "no topic", "half an identifier"])
def test_malformed_publish_ends_the_line(broker: Broker, line: Line, wrong: str) -> None:
    """None of it is acknowledged."""
    topic = levels(broker.login().tree, _ALERT)
    content = {
        "QoS 3": packets.publish(topic, b"x", qos=3),
        "identifier 0": packets.publish(topic, b"x", qos=1, number=0),
        "repeated with QoS 0": packets.publish(topic, b"x", flags=DUP),
        "no topic": packets.packet(Kind.PUBLISH, b"", 0),
        "half an identifier": packets.packet(Kind.PUBLISH, packets.data(topic) + b"\0", 2),
    }[wrong]
    line.send(content)
    line.ended()


@pytest.mark.claim("itron-mqtt.publish.no-text")
@pytest.mark.parametrize("topic", [b"\xff\xfe", b"a\0b"], ids=["no UTF-8", "U+0000"])
def test_topic_that_is_no_text_ends_the_line(line: Line, topic: bytes) -> None:
    """It is malformed."""
    line.send(packets.publish(topic, b"x", qos=1))
    line.ended()
