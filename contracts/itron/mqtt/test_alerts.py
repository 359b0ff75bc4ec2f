"""Alerts: where a sensor's word is published, how, and what it says."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.packets import Kind
from vendorlab.contracts.itron.mqtt import payloads
from vendorlab.contracts.itron.mqtt.api import alerts, subscribe
from vendorlab.contracts.itron.mqtt.description import Topic, description

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.core.mqtt.answers import Message
    from vendorlab.contracts.core.mqtt.line import Line
    from vendorlab.contracts.itron.mqtt.api import Broker
    from vendorlab.contracts.itron.mqtt.feed import Feed

pytestmark = pytest.mark.vendorlab("itron-mqtt")

_LATE = 300
"""Seconds that an alert may take from its sensor to here."""
_KINDS = tuple(description().kinds)


@pytest.fixture
def heard(broker: Broker, line: Line, feed: Feed) -> Sequence[Message]:
    """What came to a tenant that listens to everything, until something did."""
    return _heard(broker, line, feed)


@pytest.fixture
def hours(broker: Broker, line: Line, feed: Feed) -> Sequence[Message]:
    """What came in four hours; only for tests that need ``clock``."""
    assert subscribe(line, alerts(broker.login().tree)) == (0,)
    feed.hours(line)
    return list(line.messages)


@pytest.mark.claim("itron-mqtt.alert.topic", "itron-mqtt.alert.mac", "itron-mqtt.alert.own-level")
def test_topic_is_tenant_alert_device_and_sensor(broker: Broker, heard: Sequence[Message]) -> None:
    """Four levels; the device is 16 hex digits in lower case."""
    for each in heard:
        assert _topic(each).tenant == broker.login().tree


@pytest.mark.claim("itron-mqtt.alert.qos")
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_alert_comes_with_qos_0_whatever_was_asked_for(broker: Broker, line: Line, feed: Feed, qos: int) -> None:
    """The lesser of what is published and what is subscribed counts."""
    assert {each.qos for each in _heard(broker, line, feed, qos=qos)} == {description().qos}


@pytest.mark.claim("itron-mqtt.alert.not-retained")
def test_alert_is_not_retained(broker: Broker, line: Line, feed: Feed) -> None:
    """No alert says that it was, and who comes later gets none that came before."""
    found = _heard(broker, line, feed)
    assert {each.retain for each in found} == {description().retain}
    late = broker.client()
    assert subscribe(late, alerts(broker.login().tree)) == (0,)
    late.ping()
    known = {(each.topic, each.payload) for each in found}
    assert not [each for each in late.messages if each.retain or (each.topic, each.payload) in known]


@pytest.mark.claim("itron-mqtt.alert.payload")
def test_payload_is_as_described(heard: Sequence[Message]) -> None:
    """The sensor's map in CBOR, or its text without the map."""
    for each in heard:
        trouble = description().trouble(each.payload)
        assert trouble is None, f"{each.topic}: {trouble}"


@pytest.mark.claim("itron-mqtt.alert.readable")
def test_payload_can_be_read_to_its_end(heard: Sequence[Message]) -> None:
    """As the vendor's clients read it, and every byte accounted for."""
    for each in heard:
        try:
            payloads.read(each.payload, _topic(each).sensor)
        except payloads.PayloadError as error:
            raise AssertionError(f"{each.topic}: {error}") from error


@pytest.mark.claim("itron-mqtt.alert.sensor")
def test_topics_last_level_is_the_sensor_that_the_map_names(heard: Sequence[Message]) -> None:
    """What stands under 0 decides where the alert goes."""
    for each in heard:
        sensor = payloads.read_any(each.payload).sensor
        assert sensor is None or sensor == _topic(each).sensor, f"{sensor!r} in {each.topic}"


@pytest.mark.claim("itron-mqtt.alert.once")
@pytest.mark.needs("clock")
def test_one_reading_is_one_alert(hours: Sequence[Message]) -> None:
    """In four hours no device and sensor says the same at the same second twice."""
    dated = [(each.topic, each.payload) for each in hours if _second(each) is not None]
    assert len(dated) == len(set(dated)), "the same alert came twice"


@pytest.mark.claim("itron-mqtt.alert.order")
@pytest.mark.needs("clock")
def test_alerts_of_a_sensor_come_in_the_order_of_their_readings(hours: Sequence[Message]) -> None:
    """MQTT keeps the order of one publisher's messages to one topic."""
    times: dict[str, list[int]] = {}
    for each in hours:
        if (second := _second(each)) is not None:
            times.setdefault(each.topic, []).append(second)
    if all(len(each) == 1 for each in times.values()):
        pytest.skip("no sensor that tells the time spoke twice")
    for topic, seconds in times.items():
        assert all(first <= then for first, then in pairwise(seconds)), f"{topic}: {seconds}"


@pytest.mark.claim("itron-mqtt.alert.time")
@pytest.mark.needs("clock")
def test_alert_tells_the_time_of_its_reading(broker: Broker, line: Line, feed: Feed, clock: Clock) -> None:
    """In seconds since 1970: those of the minutes in which it was waited for."""
    began = clock.now().timestamp()
    found = [second for each in _heard(broker, line, feed) if (second := _second(each)) is not None]
    if not found:
        pytest.skip("no alert that tells its time came")
    ended = clock.now().timestamp()
    assert all(began - _LATE <= second <= ended for second in found), f"{found} not from {began} to {ended}"


@pytest.mark.claim("itron-mqtt.alert.kinds")
@pytest.mark.needs("clock")
@pytest.mark.parametrize("sensor", _KINDS)
def test_sensor_of_each_kind_says_what_is_described(hours: Sequence[Message], sensor: str) -> None:
    """Temperature, echo, methane and pole tilt, as far as a tenant has them and they speak of their own accord."""
    found = [each for each in hours if _topic(each).sensor == sensor]
    if not found:
        pytest.skip(f"no alert of {sensor} came in four hours of the target's time")
    for each in found:
        assert description().trouble(each.payload) is None, f"{each.topic}: {description().trouble(each.payload)}"
        payloads.read(each.payload, sensor)


@pytest.mark.claim("itron-mqtt.alert.fan-out")
def test_every_subscriber_gets_a_copy(broker: Broker, feed: Feed) -> None:
    """Those with a narrower filter, too, of what it lets through."""
    tree = broker.login().tree
    lines = [broker.client() for _ in range(3)]
    for line in lines[:2]:
        assert subscribe(line, alerts(tree)) == (0,)
    assert subscribe(lines[2], f"{tree}/#") == (0,)
    feed.some(*lines)
    for line in lines:
        line.ping()
    first = [(each.topic, each.payload) for each in lines[0].messages]
    for line in lines[1:]:
        assert {(each.topic, each.payload) for each in line.messages} == set(first)


@pytest.mark.claim("itron-mqtt.alert.filters")
@pytest.mark.needs("clock")
@pytest.mark.parametrize("level", ["mac", "sensor"])
def test_filter_lets_through_one_device_or_one_sensor(broker: Broker, line: Line, feed: Feed, level: str) -> None:
    """And nothing else, while all come to who asked for all."""
    tree = broker.login().tree
    known = _topic(_heard(broker, line, feed)[0])
    wanted = description().filter(tree, **{level: getattr(known, level)})
    narrow = broker.client()
    assert subscribe(narrow, wanted) == (0,)
    feed.some(narrow)
    assert {getattr(_topic(each), level) for each in narrow.messages} == {getattr(known, level)}


@pytest.mark.claim("itron-mqtt.alert.unsubscribed")
@pytest.mark.needs("clock")
def test_no_alert_comes_after_unsubscribing(broker: Broker, line: Line, feed: Feed) -> None:
    """While another client, who listens on, gets them."""
    tree = broker.login().tree
    _heard(broker, line, feed)
    line.send(packets.unsubscribe(2, [alerts(tree)]))
    line.reply(Kind.UNSUBACK, 2)
    line.messages.clear()
    other = broker.client()
    assert subscribe(other, alerts(tree)) == (0,)
    feed.some(other)
    line.ping()
    assert not line.messages, "alerts come though nothing is subscribed to any more"


@pytest.mark.claim("itron-mqtt.alert.new-line")
@pytest.mark.needs("clock")
def test_client_that_comes_back_hears_again(broker: Broker, feed: Feed) -> None:
    """With a new token, as the vendor's client does after each loss of its line."""
    tree = broker.login().tree
    for _ in range(2):
        line = broker.client()
        assert subscribe(line, alerts(tree)) == (0,)
        feed.some(line)
        line.close(politely=False)


def _heard(broker: Broker, line: Line, feed: Feed, qos: int = 0) -> Sequence[Message]:
    __tracebackhide__ = True
    assert subscribe(line, alerts(broker.login().tree), qos=qos) == (qos,)
    feed.some(line)
    return list(line.messages)


def _topic(message: Message) -> Topic:
    __tracebackhide__ = True
    found = description().topic(message.topic)
    assert found is not None, f"no topic of an alert: {message.topic!r}"
    return found


def _second(message: Message) -> int | None:
    __tracebackhide__ = True
    reader: Callable[[bytes, str], payloads.Payload] = payloads.read
    try:
        return reader(message.payload, _topic(message).sensor).second
    except payloads.PayloadError as error:
        raise AssertionError(f"{message.topic}: {error}") from error
